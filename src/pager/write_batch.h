// WriteBatch: what one commit of a pager changes; StagedBlob: a blob that was written ahead of its commit.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace llkv {

/// A commit's place in a pager's order: 1, 2, 3, …; 0 is before every commit.
using Lsn = Id<struct LsnTag>;

/// Bytes in a pager that become the blob of key() when a batch with this commits, and vanish when it is destroyed
/// before.
class StagedBlob {
 public:
  /// A backend's own part; destroying it gives the room back.
  class Impl {
   public:
    virtual ~Impl() = default;
  };

  StagedBlob() = default;
  StagedBlob(PhysicalKey key, uint64_t size_bytes, std::unique_ptr<Impl> impl)
      : key_(key), size_bytes_(size_bytes), impl_(std::move(impl)) {}

  PhysicalKey key() const { return key_; }
  uint64_t size_bytes() const { return size_bytes_; }
  /// For the backend that made it.
  Impl* impl() const { return impl_.get(); }

 private:
  PhysicalKey key_;
  uint64_t size_bytes_ = 0;
  std::unique_ptr<Impl> impl_;
};

/// Puts, frees, a new root, a log record and a log truncation that happen together. Reusing one (Clear, or a successful
/// Submit) keeps its capacity, so that a batch with only a log record allocates nothing.
class WriteBatch {
 public:
  struct PutEntry {
    PhysicalKey key;
    std::vector<std::shared_ptr<arrow::Buffer>> pieces;
  };

  /// The blob of `key` is the bytes of `pieces`, one after the other; they are shared, not copied, until the commit.
  void Put(PhysicalKey key, std::vector<std::shared_ptr<arrow::Buffer>> pieces) {
    puts_.push_back({key, std::move(pieces)});
  }
  void Put(PhysicalKey key, std::shared_ptr<arrow::Buffer> bytes) {
    puts_.emplace_back();
    puts_.back().key = key;
    puts_.back().pieces.push_back(std::move(bytes));
  }
  /// As Put, for a blob that Pager::Stage wrote already; it must be of the pager that the batch is committed to.
  void PutStaged(StagedBlob blob) { staged_.push_back(std::move(blob)); }
  /// The key has no blob from this commit on. Older snapshots and held buffers keep theirs.
  void Free(PhysicalKey key) { frees_.push_back(key); }
  /// Replaces the root blob.
  void SetRoot(std::shared_ptr<arrow::Buffer> root) { root_ = std::move(root); }
  /// Adds bytes to the one log record of this commit (copied); ReadLog gives it back under the commit's Lsn.
  void AppendLog(std::span<const uint8_t> bytes) {
    log_.insert(log_.end(), bytes.begin(), bytes.end());
    has_log_ = true;
  }
  /// Drops the log records up to and with `up_to`. A record in the same batch is kept.
  void TruncateLog(Lsn up_to) { truncate_log_ = up_to; }

  /// Empties the batch and keeps its capacity.
  void Clear() {
    puts_.clear();
    staged_.clear();
    frees_.clear();
    root_.reset();
    log_.clear();
    has_log_ = false;
    truncate_log_ = Lsn();
  }

  const std::vector<PutEntry>& puts() const { return puts_; }
  const std::vector<StagedBlob>& staged() const { return staged_; }
  const std::vector<PhysicalKey>& frees() const { return frees_; }
  /// Null where the root stays.
  const std::shared_ptr<arrow::Buffer>& root() const { return root_; }
  bool has_log() const { return has_log_; }
  std::span<const uint8_t> log() const { return log_; }
  /// 0 where the log stays.
  Lsn truncate_log() const { return truncate_log_; }

 private:
  std::vector<PutEntry> puts_;
  std::vector<StagedBlob> staged_;
  std::vector<PhysicalKey> frees_;
  std::shared_ptr<arrow::Buffer> root_;
  std::vector<uint8_t> log_;
  bool has_log_ = false;
  Lsn truncate_log_;
};

}  // namespace llkv
