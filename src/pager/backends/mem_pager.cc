// MemPager: the pager behind ":memory:" and TEMP objects. Blobs are aligned Arrow buffers in a map; each remembers the
// commit that put it and the one that freed it, so that a snapshot sees its own. Nothing outlives the process, so every
// durability level is reached at once.
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/mutex.h"
#include "pager/registry.h"

namespace llkv {

namespace {

constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

struct Blob {
  std::shared_ptr<arrow::Buffer> bytes;
  uint64_t created_by = 0;
  uint64_t freed_by = kNever;

  bool VisibleAt(uint64_t lsn) const { return created_by <= lsn && lsn < freed_by; }
};

struct LogRecord {
  Lsn lsn;
  std::shared_ptr<const std::vector<uint8_t>> bytes;
};

arrow::Result<std::shared_ptr<arrow::Buffer>> Concatenate(std::span<const std::shared_ptr<arrow::Buffer>> pieces) {
  int64_t size = 0;
  for (const auto& piece : pieces) size += piece->size();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> whole, arrow::AllocateBuffer(size));
  uint8_t* out = whole->mutable_data();
  for (const auto& piece : pieces) {
    if (piece->size() > 0) std::memcpy(out, piece->data(), static_cast<size_t>(piece->size()));
    out += piece->size();
  }
  return whole;
}

/// What pager and snapshots share: blobs and the set of pins.
struct Space {
  Mutex mutex;
  std::unordered_map<PhysicalKey, Blob> blobs LLKV_GUARDED_BY(mutex);
  // Freed blobs in the order of their frees; they go when no pin is older.
  std::deque<std::pair<uint64_t, PhysicalKey>> freed LLKV_GUARDED_BY(mutex);
  std::multiset<uint64_t> pins LLKV_GUARDED_BY(mutex);
  // Of living StagedBlobs.
  std::unordered_map<PhysicalKey, std::shared_ptr<arrow::Buffer>> staged LLKV_GUARDED_BY(mutex);

  void DropUnreachable() LLKV_REQUIRES(mutex) {
    const uint64_t oldest = pins.empty() ? kNever : *pins.begin();
    while (!freed.empty() && freed.front().first <= oldest) {
      blobs.erase(freed.front().second);
      freed.pop_front();
    }
  }
};

class StagedBytes : public StagedBlob::Impl {
 public:
  StagedBytes(std::shared_ptr<Space> owner, PhysicalKey key, std::shared_ptr<arrow::Buffer> bytes)
      : owner(std::move(owner)), key(key), bytes(std::move(bytes)) {}
  ~StagedBytes() override {
    MutexLock lock(owner->mutex);
    owner->staged.erase(key);
  }
  const std::shared_ptr<Space> owner;
  const PhysicalKey key;
  const std::shared_ptr<arrow::Buffer> bytes;
};

class MemSnapshot : public PagerSnapshot {
 public:
  MemSnapshot(std::shared_ptr<Space> space, Lsn lsn, std::shared_ptr<arrow::Buffer> root, uint64_t root_version)
      : space_(std::move(space)), lsn_(lsn), root_(std::move(root)), root_version_(root_version) {}
  ~MemSnapshot() override {
    MutexLock lock(space_->mutex);
    space_->pins.erase(space_->pins.find(lsn_.value));
    space_->DropUnreachable();
  }

  Lsn lsn() const override { return lsn_; }
  const std::shared_ptr<arrow::Buffer>& root() const override { return root_; }
  uint64_t root_version() const override { return root_version_; }

 private:
  std::shared_ptr<Space> space_;
  Lsn lsn_;
  std::shared_ptr<arrow::Buffer> root_;
  uint64_t root_version_;
};

class MemPager : public Pager {
 public:
  explicit MemPager(const PagerOptions& options) : options_(options), space_(std::make_shared<Space>()) {}

  arrow::Result<PhysicalKey> Allocate(uint64_t count) override {
    MutexLock lock(space_->mutex);
    ARROW_RETURN_NOT_OK(CheckOpen());
    const PhysicalKey first(next_key_);
    next_key_ += count;
    return first;
  }

  using Pager::Get;
  arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> Get(std::span<const PhysicalKey> keys,
                                                                 const PagerSnapshot* snapshot) override {
    std::vector<std::shared_ptr<arrow::Buffer>> blobs;
    blobs.reserve(keys.size());
    MutexLock lock(space_->mutex);
    ARROW_RETURN_NOT_OK(CheckOpen());
    const uint64_t lsn = snapshot != nullptr ? snapshot->lsn().value : lsn_;
    for (const PhysicalKey key : keys) {
      const auto found = space_->blobs.find(key);
      const auto staged = snapshot == nullptr ? space_->staged.find(key) : space_->staged.end();
      if (staged != space_->staged.end()) {
        blobs.push_back(staged->second);
      } else if (found == space_->blobs.end() || !found->second.VisibleAt(lsn)) {
        return Corrupted("key " + std::to_string(key.value) + " has no blob in the in-memory pager");
      } else {
        blobs.push_back(found->second.bytes);
      }
      ++stats_.num_blobs_read;
      stats_.bytes_read += static_cast<uint64_t>(blobs.back()->size());
    }
    return blobs;
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> GetRange(PhysicalKey key, uint64_t offset, uint64_t length,
                                                         const PagerSnapshot* snapshot) override {
    ARROW_ASSIGN_OR_RAISE(auto whole, Pager::Get(key, snapshot));
    const auto size = static_cast<uint64_t>(whole->size());
    if (offset > size || length > size - offset) {
      return SqlError(sqlstate::kInvalidParameter,
                      "bytes " + std::to_string(offset) + " to " + std::to_string(offset + length) + " of key " +
                          std::to_string(key.value) + ", which has " + std::to_string(size));
    }
    return arrow::SliceBuffer(std::move(whole), static_cast<int64_t>(offset), static_cast<int64_t>(length));
  }

  void Prefetch(std::span<const PhysicalKey>, const PagerSnapshot*) override {}

  arrow::Result<std::vector<PhysicalKey>> Keys(const PagerSnapshot* snapshot) override {
    std::vector<PhysicalKey> keys;
    {
      MutexLock lock(space_->mutex);
      ARROW_RETURN_NOT_OK(CheckOpen());
      const uint64_t lsn = snapshot != nullptr ? snapshot->lsn().value : lsn_;
      for (const auto& [key, blob] : space_->blobs) {
        if (blob.VisibleAt(lsn)) keys.push_back(key);
      }
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  arrow::Result<StagedBlob> Stage(PhysicalKey key, std::span<const std::shared_ptr<arrow::Buffer>> pieces) override {
    ARROW_ASSIGN_OR_RAISE(auto bytes, Concatenate(pieces));
    const auto size = static_cast<uint64_t>(bytes->size());
    MutexLock lock(space_->mutex);
    ARROW_RETURN_NOT_OK(CheckOpen());
    if (key.value == 0 || key.value >= next_key_) return NotAllocated(key);
    if (!space_->staged.emplace(key, bytes).second) return AlreadyHasBlob(key);
    return StagedBlob(key, size, std::make_unique<StagedBytes>(space_, key, std::move(bytes)));
  }

  arrow::Result<CommitTicket> Submit(WriteBatch& batch, const CommitOptions& options) override {
    std::vector<std::shared_ptr<arrow::Buffer>> blobs;
    for (const WriteBatch::PutEntry& put : batch.puts()) {
      ARROW_ASSIGN_OR_RAISE(auto bytes, Concatenate(put.pieces));
      blobs.push_back(std::move(bytes));
    }
    ARROW_ASSIGN_OR_RAISE(const uint64_t lsn, Apply(batch, std::move(blobs), options));
    // Outside the lock, which dropping a staged blob takes.
    batch.Clear();
    return CommitTicket{Lsn(lsn), options.durability.value_or(options_.durability)};
  }

  arrow::Result<uint64_t> Apply(const WriteBatch& batch, std::vector<std::shared_ptr<arrow::Buffer>> blobs,
                                const CommitOptions& options) {
    MutexLock lock(space_->mutex);
    ARROW_RETURN_NOT_OK(CheckOpen());
    ARROW_RETURN_NOT_OK(CheckBatch(batch, options));
    ++lsn_;
    for (size_t i = 0; i < blobs.size(); ++i) Apply(batch.puts()[i].key, std::move(blobs[i]));
    for (const StagedBlob& staged : batch.staged()) {
      Apply(staged.key(), static_cast<StagedBytes*>(staged.impl())->bytes);
    }
    for (const PhysicalKey key : batch.frees()) {
      Blob& blob = space_->blobs.find(key)->second;
      blob.freed_by = lsn_;
      --stats_.num_keys;
      stats_.live_bytes -= static_cast<uint64_t>(blob.bytes->size());
      space_->freed.emplace_back(lsn_, key);
    }
    space_->DropUnreachable();
    if (batch.root() != nullptr) {
      root_ = batch.root();
      ++root_version_;
    }
    while (!log_.empty() && log_.front().lsn <= batch.truncate_log()) {
      stats_.log_bytes -= log_.front().bytes->size();
      log_.pop_front();
    }
    if (batch.has_log()) {
      log_.push_back({Lsn(lsn_), std::make_shared<std::vector<uint8_t>>(batch.log().begin(), batch.log().end())});
      stats_.log_bytes += batch.log().size();
    }
    ++stats_.num_commits;
    return lsn_;
  }

  arrow::Status WaitDurable(const CommitTicket&) override { return arrow::Status::OK(); }

  arrow::Status ReadLog(Lsn after, const LogVisitor& visit) override {
    std::vector<LogRecord> records;
    {
      MutexLock lock(space_->mutex);
      ARROW_RETURN_NOT_OK(CheckOpen());
      for (const LogRecord& record : log_) {
        if (record.lsn > after) records.push_back(record);
      }
    }
    for (const LogRecord& record : records) ARROW_RETURN_NOT_OK(visit(record.lsn, *record.bytes));
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<const PagerSnapshot>> Pin() override {
    MutexLock lock(space_->mutex);
    ARROW_RETURN_NOT_OK(CheckOpen());
    space_->pins.insert(lsn_);
    return std::make_shared<MemSnapshot>(space_, Lsn(lsn_), root_, root_version_);
  }

  PagerStats stats() const override {
    MutexLock lock(space_->mutex);
    PagerStats stats = stats_;
    stats.size_bytes = stats.space_live_bytes = stats.live_bytes + stats.log_bytes;
    stats.last_lsn = stats.durable_lsn = Lsn(lsn_);
    return stats;
  }

  arrow::Status CheckIntegrity(const IntegrityVisitor& visit) override {
    MutexLock lock(space_->mutex);
    ARROW_RETURN_NOT_OK(CheckOpen());
    uint64_t num_keys = 0;
    uint64_t live_bytes = 0;
    for (const auto& [key, blob] : space_->blobs) {
      if (!blob.VisibleAt(lsn_)) continue;
      ++num_keys;
      live_bytes += static_cast<uint64_t>(blob.bytes->size());
    }
    if (num_keys == stats_.num_keys && live_bytes == stats_.live_bytes) return arrow::Status::OK();
    return visit({TableId(), PhysicalKey(), 0, "the in-memory pager counts its blobs wrongly"});
  }

  arrow::Status Close() override {
    MutexLock lock(space_->mutex);
    closed_ = true;
    return arrow::Status::OK();
  }

 private:
  static arrow::Status NotAllocated(PhysicalKey key) {
    return SqlError(sqlstate::kInvalidParameter, "key " + std::to_string(key.value) + " was never allocated");
  }

  static arrow::Status AlreadyHasBlob(PhysicalKey key) {
    return SqlError(sqlstate::kInvalidParameter, "key " + std::to_string(key.value) + " has a blob already");
  }

  arrow::Status CheckOpen() const LLKV_REQUIRES(space_->mutex) {
    if (closed_) return SqlError(sqlstate::kObjectInUse, "the in-memory pager is closed");
    return arrow::Status::OK();
  }

  /// Everything that can refuse the batch, before anything changes.
  arrow::Status CheckBatch(const WriteBatch& batch, const CommitOptions& options) const LLKV_REQUIRES(space_->mutex) {
    if (options_.read_only) return SqlError(sqlstate::kReadOnlyTransaction, "the in-memory pager is read-only");
    if (options.expected_root_version && *options.expected_root_version != root_version_) {
      return SqlError(sqlstate::kSerializationFailure, "the root is at version " + std::to_string(root_version_) +
                                                           ", not " + std::to_string(*options.expected_root_version));
    }
    if (batch.puts().empty() && batch.staged().empty() && batch.frees().empty()) return arrow::Status::OK();
    std::unordered_set<PhysicalKey> put;
    const auto check_put = [&](PhysicalKey key) LLKV_REQUIRES(space_->mutex) {
      if (key.value == 0 || key.value >= next_key_) return NotAllocated(key);
      if (space_->blobs.contains(key) || !put.insert(key).second) {
        return AlreadyHasBlob(key);
      }
      return arrow::Status::OK();
    };
    for (const WriteBatch::PutEntry& entry : batch.puts()) ARROW_RETURN_NOT_OK(check_put(entry.key));
    for (const StagedBlob& staged : batch.staged()) {
      const auto* bytes = dynamic_cast<const StagedBytes*>(staged.impl());
      if (bytes == nullptr || bytes->owner != space_) {
        return SqlError(sqlstate::kInvalidParameter, "a blob staged in another pager");
      }
      ARROW_RETURN_NOT_OK(check_put(staged.key()));
    }
    std::unordered_set<PhysicalKey> freed;
    for (const PhysicalKey key : batch.frees()) {
      const auto found = space_->blobs.find(key);
      if (found == space_->blobs.end() || found->second.freed_by != kNever || !freed.insert(key).second) {
        return SqlError(sqlstate::kInvalidParameter, "key " + std::to_string(key.value) + " has no blob to free");
      }
    }
    return arrow::Status::OK();
  }

  void Apply(PhysicalKey key, std::shared_ptr<arrow::Buffer> bytes) LLKV_REQUIRES(space_->mutex) {
    const auto size = static_cast<uint64_t>(bytes->size());
    ++stats_.num_keys;
    stats_.live_bytes += size;
    stats_.bytes_written += size;
    space_->blobs.emplace(key, Blob{std::move(bytes), lsn_, kNever});
  }

  const PagerOptions options_;
  const std::shared_ptr<Space> space_;
  bool closed_ LLKV_GUARDED_BY(space_->mutex) = false;
  uint64_t next_key_ LLKV_GUARDED_BY(space_->mutex) = 1;
  uint64_t lsn_ LLKV_GUARDED_BY(space_->mutex) = 0;
  std::shared_ptr<arrow::Buffer> root_ LLKV_GUARDED_BY(space_->mutex);
  uint64_t root_version_ LLKV_GUARDED_BY(space_->mutex) = 0;
  std::deque<LogRecord> log_ LLKV_GUARDED_BY(space_->mutex);
  PagerStats stats_ LLKV_GUARDED_BY(space_->mutex);
};

}  // namespace

void RegisterMemPager(PagerRegistry& registry);

void RegisterMemPager(PagerRegistry& registry) {
  registry.Add({"memory", false, true, [](const std::string&, const PagerOptions& options) {
                  return arrow::Result<std::unique_ptr<Pager>>(std::make_unique<MemPager>(options));
                }});
}

}  // namespace llkv
