// ReaderPager: a database file opened read-only, beside a writer in another process or without one. It sees what the
// writer acknowledged, commit by commit, and nothing else.
//
// It stands on a checkpoint of the file (ReaderBase), pinned in the lock file, and on the log after it up to the commit
// that the writer's record allows. Refresh follows the log from where it was, and goes over to a newer checkpoint where
// there is one, so that the pin never holds the writer's room for long. Where no writer lives it follows what is
// intact. A reader that cannot see the lock file's folder written (a read-only one) reads unpinned.
//
// Snapshots and buffers keep what they lie in: checkpoint, segment, file; also past Close and past a VACUUM that
// replaced the file.
//
// Locks, in the order taken: refresh_mutex_, newest_mutex_.
#pragma once

#include <arrow/type_fwd.h>

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "os/fork_guard.h"
#include "pager/file/base_pins.h"
#include "pager/file/reader_base.h"
#include "pager/file/reader_slots.h"
#include "pager/file/recovery.h"
#include "pager/file/test_hooks.h"
#include "pager/registry.h"

namespace llkv::file {

/// A commit as a reader sees it, with what it reads through. Null base after Close.
struct ReaderVersion {
  std::shared_ptr<ReaderBase> base;
  KeyDirectory directory;
  std::shared_ptr<arrow::Buffer> root;
  uint64_t root_version = 0;
  uint64_t live_bytes = 0;
  uint64_t lsn = 0;
};
using ReaderVersionPtr = std::shared_ptr<const ReaderVersion>;

class ReaderPager : public Pager {
 public:
  static arrow::Result<std::unique_ptr<Pager>> Open(const std::string& path, const PagerOptions& options,
                                                    const FilePagerTestHooks& hooks);
  ~ReaderPager() override;

  using Pager::Get;
  arrow::Result<PhysicalKey> Allocate(uint64_t count) override;
  arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> Get(std::span<const PhysicalKey> keys,
                                                                 const PagerSnapshot* snapshot) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> GetRange(PhysicalKey key, uint64_t offset, uint64_t length,
                                                         const PagerSnapshot* snapshot) override;
  void Prefetch(std::span<const PhysicalKey> keys, const PagerSnapshot* snapshot) override;
  arrow::Result<std::vector<PhysicalKey>> Keys(const PagerSnapshot* snapshot) override;
  arrow::Result<StagedBlob> Stage(PhysicalKey key, std::span<const std::shared_ptr<arrow::Buffer>> pieces) override;
  arrow::Result<CommitTicket> Submit(WriteBatch& batch, const CommitOptions& options) override;
  arrow::Status WaitDurable(const CommitTicket& ticket) override;
  arrow::Status ReadLog(Lsn after, const LogVisitor& visit) override;
  arrow::Result<std::shared_ptr<const PagerSnapshot>> Pin() override;
  arrow::Result<bool> Refresh() override;
  PagerStats stats() const override;
  /// As FilePager::replayed_bytes.
  uint64_t replayed_bytes() const { return replayed_bytes_; }
  arrow::Status CheckIntegrity(const IntegrityVisitor& visit) override;
  std::vector<std::string> warnings() const override { return warnings_; }
  arrow::Status Close() override;

 private:
  /// What the lock file says about how far the log may be followed.
  struct Horizon {
    bool has_writer = false;
    /// What the writer's record says, of whatever file; 0 where there is none.
    uint64_t recorded_lsn = 0;
    /// The record is about another file.
    bool other_file = false;

    /// What the record says of the file that is open.
    uint64_t shown_lsn() const { return other_file ? 0 : recorded_lsn; }
  };

  ReaderPager(std::string path, const PagerOptions& options, const FilePagerTestHooks& hooks,
              std::unique_ptr<ForkGuard> fork_guard)
      : path_(std::move(path)), options_(options), hooks_(hooks), fork_guard_(std::move(fork_guard)) {}

  arrow::Status CheckUsable() const;
  arrow::Status ReadOnly() const;
  ReaderVersionPtr VersionOf(const PagerSnapshot* snapshot) const;
  arrow::Result<FileBytes> ReadBlob(const ReaderVersion& version, PhysicalKey key);
  std::shared_ptr<arrow::Buffer> Hold(const ReaderVersion& version, const FileBytes& bytes);

  // reader_refresh.cc
  /// Opens the lock file where there is one, and takes a slot.
  arrow::Status OpenSlots() LLKV_REQUIRES(refresh_mutex_);
  arrow::Status OpenFile() LLKV_REQUIRES(refresh_mutex_);
  arrow::Result<Horizon> LookAhead(const HeaderSlot& header) LLKV_REQUIRES(refresh_mutex_);
  /// Whether a VACUUM has put another file in the place of the one that is open.
  arrow::Result<bool> IsSuperseded() const LLKV_REQUIRES(refresh_mutex_);
  arrow::Result<bool> HasNewerCheckpoint() const LLKV_REQUIRES(refresh_mutex_);
  arrow::Result<bool> HasNews(const Horizon& horizon) const LLKV_REQUIRES(refresh_mutex_);
  /// Opens the file that is at the path now, where it is another than before.
  arrow::Status OpenReplacement() LLKV_REQUIRES(refresh_mutex_);
  /// Makes the newest commit that may be seen the newest one here.
  arrow::Status CatchUp() LLKV_REQUIRES(refresh_mutex_);
  /// One try. False where a writer came meanwhile, or went over to another file: then nothing changed, and it has to be
  /// tried again, with the file that is at the path by then.
  arrow::Result<bool> TryCatchUp() LLKV_REQUIRES(refresh_mutex_);
  /// The newest checkpoint, pinned.
  arrow::Result<std::shared_ptr<ReaderBase>> PinNewest() LLKV_REQUIRES(refresh_mutex_);
  /// `start` is where following began.
  arrow::Status Publish(std::shared_ptr<ReaderBase> base, Recovered state, const LogPosition& start)
      LLKV_REQUIRES(refresh_mutex_);

  const std::string path_;
  const PagerOptions options_;
  const FilePagerTestHooks hooks_;
  const std::unique_ptr<ForkGuard> fork_guard_;
  std::atomic<bool> closed_{false};
  /// Set while opening.
  std::vector<std::string> warnings_;
  uint64_t replayed_bytes_ = 0;

  Mutex refresh_mutex_;
  /// Null where there is no lock file. The slot is held through pins_.
  std::shared_ptr<ReaderSlots> slots_ LLKV_GUARDED_BY(refresh_mutex_);
  std::shared_ptr<BasePins> pins_ LLKV_GUARDED_BY(refresh_mutex_);
  std::shared_ptr<OpenedFile> opened_ LLKV_GUARDED_BY(refresh_mutex_);
  /// The newest checkpoint that is open, and what following its log has found so far.
  std::shared_ptr<ReaderBase> base_ LLKV_GUARDED_BY(refresh_mutex_);
  Recovered followed_ LLKV_GUARDED_BY(refresh_mutex_);
  /// Where steps of following began, ascending: ReadLog starts there.
  std::deque<LogPosition> steps_ LLKV_GUARDED_BY(refresh_mutex_);
  /// The bytes where the next commit goes, as they were looked at in vain.
  std::array<uint8_t, sizeof(EntryHeader)> tail_ LLKV_GUARDED_BY(refresh_mutex_) = {};
  /// A try failed in the middle: the next one starts from a checkpoint.
  bool is_doubtful_ LLKV_GUARDED_BY(refresh_mutex_) = false;

  mutable Mutex newest_mutex_;
  ReaderVersionPtr newest_ LLKV_GUARDED_BY(newest_mutex_);

  std::atomic<uint64_t> num_blobs_read_{0};
  std::atomic<uint64_t> bytes_read_{0};
  std::atomic<uint64_t> num_blobs_verified_{0};
};

}  // namespace llkv::file
