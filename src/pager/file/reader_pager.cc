// ReaderPager: opening, reading and closing. Following the writer is in reader_refresh.cc.
#include "pager/file/reader_pager.h"

#include <arrow/buffer.h>

#include <string>
#include <utility>

#include "base/error.h"
#include "pager/file/log_cursor.h"

namespace llkv::file {

namespace {

class ReaderSnapshot : public PagerSnapshot {
 public:
  explicit ReaderSnapshot(ReaderVersionPtr version) : version_(std::move(version)) {}
  Lsn lsn() const override { return Lsn(version_->lsn); }
  const std::shared_ptr<arrow::Buffer>& root() const override { return version_->root; }
  uint64_t root_version() const override { return version_->root_version; }
  const ReaderVersionPtr& version() const { return version_; }

 private:
  const ReaderVersionPtr version_;
};

}  // namespace

arrow::Result<std::unique_ptr<Pager>> ReaderPager::Open(const std::string& path, const PagerOptions& options,
                                                        const FilePagerTestHooks& hooks) {
  ARROW_ASSIGN_OR_RAISE(const bool exists, options.file_system->Exists(path));
  // No lock file appears beside a database that does not exist.
  if (!exists) return SqlError(sqlstate::kUndefinedFile, "there is no database '" + path + "'");
  ARROW_ASSIGN_OR_RAISE(auto fork_guard, ForkGuard::Make());
  std::unique_ptr<ReaderPager> pager(new ReaderPager(path, options, hooks, std::move(fork_guard)));
  {
    MutexLock lock(pager->refresh_mutex_);
    ARROW_RETURN_NOT_OK(pager->OpenSlots());
    ARROW_RETURN_NOT_OK(pager->OpenFile());
    // Opening looks at few places that lie far apart.
    pager->opened_->file->SetReadAhead(false);
    ARROW_RETURN_NOT_OK(pager->CatchUp());
    pager->replayed_bytes_ = pager->followed_.replayed_log_bytes + pager->followed_.replayed_blob_bytes;
    ARROW_ASSIGN_OR_RAISE(const Horizon horizon, pager->LookAhead(pager->base_->header));
    // A living writer may be writing a slot.
    if (!horizon.has_writer) {
      ARROW_RETURN_NOT_OK(ReadHeader(*pager->opened_->file, /*for_writing=*/false, hooks, &pager->warnings_).status());
    }
    pager->opened_->file->SetReadAhead(true);
  }
  return pager;
}

ReaderPager::~ReaderPager() { static_cast<void>(Close()); }

arrow::Status ReaderPager::CheckUsable() const {
  if (closed_.load(std::memory_order_acquire)) {
    return SqlError(sqlstate::kObjectInUse, "the database '" + path_ + "' is closed");
  }
  if (fork_guard_->forked()) {
    return SqlError(sqlstate::kObjectInUse,
                    "the database '" + path_ + "' was opened before fork; a child process must open it itself");
  }
  return arrow::Status::OK();
}

arrow::Status ReaderPager::ReadOnly() const {
  ARROW_RETURN_NOT_OK(CheckUsable());
  return SqlError(sqlstate::kReadOnlyTransaction, "the database '" + path_ + "' was opened read-only");
}

ReaderVersionPtr ReaderPager::VersionOf(const PagerSnapshot* snapshot) const {
  if (snapshot != nullptr) return static_cast<const ReaderSnapshot*>(snapshot)->version();
  MutexLock lock(newest_mutex_);
  return newest_;
}

arrow::Result<FileBytes> ReaderPager::ReadBlob(const ReaderVersion& version, PhysicalKey key) {
  OpenedFile& opened = *version.base->opened;
  ARROW_ASSIGN_OR_RAISE(const auto found, version.directory.Find(key.value, opened.nodes));
  if (!found) return Corrupted("key " + std::to_string(key.value) + " has no blob in '" + path_ + "'");
  const bool verify = !found->verified();
  ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadEntry(*opened.file, EntryType::kBlob, key.value, found->place, verify));
  if (verify) {
    found->SetVerified();
    num_blobs_verified_.fetch_add(1, std::memory_order_relaxed);
  }
  num_blobs_read_.fetch_add(1, std::memory_order_relaxed);
  bytes_read_.fetch_add(bytes.size(), std::memory_order_relaxed);
  return bytes;
}

std::shared_ptr<arrow::Buffer> ReaderPager::Hold(const ReaderVersion& version, const FileBytes& bytes) {
  if (bytes.copy != nullptr) return CopiedBuffer(bytes);
  ReaderBase& base = *version.base;
  const StorageFile& file = *base.opened->file;
  const auto offset = static_cast<uint64_t>(bytes.data() - file.mapping()->data());
  const uint64_t segment = base.space.FindAround(offset).offset;
  return base.opened->held.Hold(file, bytes, segment, base.pins, base.header.sequence);
}

arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReaderPager::Get(std::span<const PhysicalKey> keys,
                                                                            const PagerSnapshot* snapshot) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  const ReaderVersionPtr version = VersionOf(snapshot);
  std::vector<std::shared_ptr<arrow::Buffer>> blobs;
  blobs.reserve(keys.size());
  for (const PhysicalKey key : keys) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadBlob(*version, key));
    blobs.push_back(Hold(*version, bytes));
  }
  return blobs;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ReaderPager::GetRange(PhysicalKey key, uint64_t offset, uint64_t length,
                                                                    const PagerSnapshot* snapshot) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  const ReaderVersionPtr version = VersionOf(snapshot);
  ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadBlob(*version, key));
  if (offset > bytes.size() || length > bytes.size() - offset) {
    return SqlError(sqlstate::kInvalidParameter, std::to_string(length) + " bytes from byte " + std::to_string(offset) +
                                                     " of key " + std::to_string(key.value) + ", which has " +
                                                     std::to_string(bytes.size()));
  }
  return Hold(*version, bytes.Part(offset, length));
}

void ReaderPager::Prefetch(std::span<const PhysicalKey> keys, const PagerSnapshot* snapshot) {
  if (!CheckUsable().ok()) return;
  const ReaderVersionPtr version = VersionOf(snapshot);
  OpenedFile& opened = *version->base->opened;
  for (const PhysicalKey key : keys) {
    const auto found = version->directory.Find(key.value, opened.nodes);
    if (!found.ok() || !*found) continue;
    const Extent place = (*found)->place;
    opened.file->WillNeed(place.offset, place.length);
  }
}

arrow::Result<std::vector<PhysicalKey>> ReaderPager::Keys(const PagerSnapshot* snapshot) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  const ReaderVersionPtr version = VersionOf(snapshot);
  std::vector<PhysicalKey> keys;
  keys.reserve(version->directory.num_keys());
  ARROW_RETURN_NOT_OK(version->directory.ForEach(version->base->opened->nodes,
                                                 [&](uint64_t key, Extent) { keys.push_back(PhysicalKey(key)); }));
  return keys;
}

arrow::Result<std::shared_ptr<const PagerSnapshot>> ReaderPager::Pin() {
  ARROW_RETURN_NOT_OK(CheckUsable());
  return std::make_shared<ReaderSnapshot>(VersionOf(nullptr));
}

arrow::Status ReaderPager::ReadLog(Lsn after, const LogVisitor& visit) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  LogPosition start;
  uint64_t from = after.value;
  bool chain_known = false;
  ReaderVersionPtr version;
  {
    MutexLock lock(refresh_mutex_);
    version = VersionOf(nullptr);
    from = std::max(from, followed_.truncated_lsn);
    for (const LogPosition& step : steps_) {
      if (step.next_lsn > from + 1) break;
      start = step;
      chain_known = true;
    }
    if (!chain_known) {
      start.segment = base_->space.FindLog(from);
      start.offset = start.segment.offset;
      start.next_lsn = start.segment.since;
    }
  }
  if (version->lsn <= from) return arrow::Status::OK();
  // The version's pin keeps the segments that its checkpoint had; later ones are not older than it.
  LogCursor cursor(*version->base->opened->file, start, chain_known);
  while (cursor.position().next_lsn <= version->lsn) {
    ARROW_ASSIGN_OR_RAISE(const auto entry, cursor.Next());
    if (!entry) {
      return Corrupted("'" + path_ + "': the log record of commit " + std::to_string(cursor.position().next_lsn) +
                       " at byte " + std::to_string(cursor.position().offset) + " is damaged");
    }
    if (entry->lsn <= from || (entry->commit.fixed.flags & kCommitHasLog) == 0) continue;
    ARROW_RETURN_NOT_OK(visit(Lsn(entry->lsn), entry->commit.log));
  }
  return arrow::Status::OK();
}

arrow::Result<PhysicalKey> ReaderPager::Allocate(uint64_t /*count*/) { return ReadOnly(); }
arrow::Result<StagedBlob> ReaderPager::Stage(PhysicalKey /*key*/,
                                             std::span<const std::shared_ptr<arrow::Buffer>> /*pieces*/) {
  return ReadOnly();
}
arrow::Result<CommitTicket> ReaderPager::Submit(WriteBatch& /*batch*/, const CommitOptions& /*options*/) {
  return ReadOnly();
}
arrow::Status ReaderPager::WaitDurable(const CommitTicket& /*ticket*/) { return ReadOnly(); }

PagerStats ReaderPager::stats() const {
  PagerStats stats;
  stats.num_blobs_read = num_blobs_read_.load(std::memory_order_relaxed);
  stats.bytes_read = bytes_read_.load(std::memory_order_relaxed);
  stats.num_blobs_verified = num_blobs_verified_.load(std::memory_order_relaxed);
  const ReaderVersionPtr version = VersionOf(nullptr);
  if (version == nullptr) return stats;
  stats.num_keys = version->directory.num_keys();
  stats.live_bytes = version->live_bytes;
  stats.space_live_bytes = kHeaderBytes;
  for (const Segment& segment : version->base->space.Segments()) {
    ++stats.num_segments;
    if (segment.kind == SegmentKind::kLog) {
      stats.log_bytes += segment.size;
      stats.space_live_bytes += segment.size;
    }
    if (segment.kind == SegmentKind::kData) {
      const uint64_t live = std::min(segment.used, segment.live);
      stats.space_live_bytes += live;
      stats.dead_bytes += segment.used - live;
    }
  }
  // What the writer does with the rest of the file is known to the writer.
  stats.size_bytes = std::max(version->base->opened->file->size(), stats.space_live_bytes + stats.dead_bytes);
  stats.space_free_bytes = stats.size_bytes - stats.space_live_bytes - stats.dead_bytes;
  stats.last_lsn = Lsn(version->lsn);
  stats.durable_lsn = Lsn(version->lsn);
  return stats;
}

arrow::Status ReaderPager::Close() {
  if (closed_.exchange(true)) return arrow::Status::OK();
  ReaderVersionPtr last;
  MutexLock lock(refresh_mutex_);
  followed_ = Recovered();
  base_.reset();
  opened_.reset();
  pins_.reset();
  slots_.reset();
  MutexLock newest_lock(newest_mutex_);
  last = std::move(newest_);
  return arrow::Status::OK();
}

}  // namespace llkv::file
