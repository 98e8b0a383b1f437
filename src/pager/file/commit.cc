// FilePager: staging, the commit order, and durability.
#include <arrow/buffer.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "pager/file/file_pager.h"

namespace llkv::file {

namespace {

/// Unwritten entries of kNone commits are handed to the file when they are this many.
constexpr size_t kLogBufferBytes = size_t{256} << 10;
constexpr std::array<uint8_t, kAlignment> kZeros = {};

/// A staged blob of a FilePager.
class StagedExtent : public StagedBlob::Impl {
 public:
  StagedExtent(std::shared_ptr<FileCore> core, PutRecord record) : core_(std::move(core)), record_(record) {}
  ~StagedExtent() override {
    const bool unread = listed_ ? core_->staged.Remove(record_.key) : true;
    if (committed_) return;
    if (unread) {
      core_->space.Release(offset(), bytes());
    } else {
      core_->space.Drop(offset(), bytes());
    }
  }

  const FileCore* core() const { return core_.get(); }
  const PutRecord& record() const { return record_; }
  uint64_t offset() const { return record_.blob.offset - sizeof(EntryHeader); }
  uint64_t bytes() const { return EntryBytes(record_.blob.length); }
  /// The sync epoch when its bytes had been written.
  uint64_t epoch() const { return epoch_; }
  /// Makes it readable before its commit.
  StagedPlaces::Added List(uint64_t epoch) {
    epoch_ = epoch;
    const StagedPlaces::Added added = core_->staged.Add(record_.key, record_.blob);
    listed_ = added == StagedPlaces::Added::kYes;
    return added;
  }
  void SetCommitted() { committed_ = true; }

 private:
  std::shared_ptr<FileCore> core_;
  const PutRecord record_;
  uint64_t epoch_ = 0;
  bool listed_ = false;
  bool committed_ = false;
};

/// Null where another pager staged it.
StagedExtent* ExtentOf(const StagedBlob& blob, const FileCore* core) {
  auto* extent = dynamic_cast<StagedExtent*>(blob.impl());
  return extent != nullptr && extent->core() == core ? extent : nullptr;
}

/// Appends the bytes of `buffers` to `pieces` with the padding to the next entry, and gives their number without it.
uint64_t AppendPieces(std::span<const std::shared_ptr<arrow::Buffer>> buffers,
                      std::vector<std::span<const uint8_t>>* pieces) {
  uint64_t length = 0;
  for (const auto& buffer : buffers) {
    if (buffer->size() == 0) continue;
    pieces->emplace_back(buffer->data(), static_cast<size_t>(buffer->size()));
    length += static_cast<uint64_t>(buffer->size());
  }
  const uint64_t padding = RoundUp(length, kAlignment) - length;
  if (padding > 0) pieces->emplace_back(kZeros.data(), padding);
  return length;
}

uint64_t ChecksumOf(std::span<const std::shared_ptr<arrow::Buffer>> buffers) {
  std::vector<std::span<const uint8_t>> pieces;
  for (const auto& buffer : buffers) {
    if (buffer->size() > 0) pieces.emplace_back(buffer->data(), static_cast<size_t>(buffer->size()));
  }
  return HashPieces(pieces);
}

arrow::Status BadKey(PhysicalKey key, const char* what) {
  return SqlError(sqlstate::kInvalidParameter, "key " + std::to_string(key.value) + " " + what);
}

}  // namespace

arrow::Result<StagedBlob> FilePager::Stage(PhysicalKey key, std::span<const std::shared_ptr<arrow::Buffer>> pieces) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  if (key.value == 0 || key.value >= next_key_.load(std::memory_order_relaxed)) {
    return BadKey(key, "was never allocated");
  }
  const uint64_t checksum = ChecksumOf(pieces);
  EntryHeader header;
  std::vector<std::span<const uint8_t>> parts = {BytesOf(header)};
  const uint64_t length = AppendPieces(pieces, &parts);
  header = MakeEntryHeader(EntryType::kBlob, 0, key.value, length, checksum);
  while (true) {
    const auto core = NewestCore();
    ARROW_ASSIGN_OR_RAISE(const uint64_t offset, core->space.AllocateData(EntryBytes(length)));
    // From here on dropping it gives the room back, also after a failure.
    auto extent =
        std::make_unique<StagedExtent>(core, PutRecord{key.value, {offset + sizeof(EntryHeader), length}, checksum});
    ARROW_RETURN_NOT_OK(core->file->WriteGather(offset, parts));
    const StagedPlaces::Added added = extent->List(syncs_.epoch());
    if (added == StagedPlaces::Added::kIsThere) return BadKey(key, "has a blob already");
    if (added == StagedPlaces::Added::kYes) return StagedBlob(key, length, std::move(extent));
    // VACUUM has replaced the file.
  }
}

arrow::Result<PreparedBlobs> FilePager::PrepareBlobs(const WriteBatch& batch) {
  PreparedBlobs blobs;
  blobs.core = NewestCore();
  if (batch.puts().empty()) return blobs;
  blobs.records.reserve(batch.puts().size());
  blobs.headers.reserve(batch.puts().size());
  for (const WriteBatch::PutEntry& put : batch.puts()) {
    const uint64_t checksum = ChecksumOf(put.pieces);
    blobs.headers.emplace_back();
    blobs.pieces.push_back(BytesOf(blobs.headers.back()));
    const uint64_t length = AppendPieces(put.pieces, &blobs.pieces);
    blobs.headers.back() = MakeEntryHeader(EntryType::kBlob, 0, put.key.value, length, checksum);
    // Relative to the run's start until that is known.
    blobs.records.push_back({put.key.value, {blobs.bytes + sizeof(EntryHeader), length}, checksum});
    blobs.bytes += EntryBytes(length);
  }
  ARROW_ASSIGN_OR_RAISE(blobs.offset, blobs.core->space.AllocateData(blobs.bytes));
  for (PutRecord& record : blobs.records) record.blob.offset += blobs.offset;
  return blobs;
}

arrow::Status FilePager::WriteBlobs(const PreparedBlobs& blobs) {
  if (blobs.records.empty()) return arrow::Status::OK();
  return blobs.core->file->WriteGather(blobs.offset, blobs.pieces);
}

arrow::Result<bool> FilePager::SyncBlobsAhead(const WriteBatch& batch, const PreparedBlobs& blobs,
                                              Durability durability) {
  uint64_t unsynced = blobs.bytes;
  for (const StagedBlob& staged : batch.staged()) {
    const StagedExtent* extent = ExtentOf(staged, blobs.core.get());
    if (extent != nullptr && !syncs_.CoveredSince(extent->epoch())) unsynced += extent->bytes();
  }
  if (unsynced == 0) return true;
  if (hooks_.commit_before_blobs) return !blobs.records.empty();
  if (durability != Durability::kFull || unsynced < options_.sync_ahead_bytes) return false;
  ARROW_RETURN_NOT_OK(syncs_.WaitForAll());
  return true;
}

arrow::Result<CommitTicket> FilePager::Submit(WriteBatch& batch, const CommitOptions& options) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  const Durability durability = options.durability.value_or(options_.durability);
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const PreparedBlobs blobs, PrepareBlobs(batch));
    bool is_replaced = false;
    const auto commit = [&]() -> arrow::Result<CommitTicket> {
      if (!hooks_.commit_before_blobs) ARROW_RETURN_NOT_OK(WriteBlobs(blobs));
      ARROW_ASSIGN_OR_RAISE(const bool blobs_synced, SyncBlobsAhead(batch, blobs, durability));
      MutexLock lock(commit_mutex_);
      is_replaced = blobs.core != core_;
      if (is_replaced) return CommitTicket{};
      return SubmitOrdered(batch, options, durability, blobs, blobs_synced);
    };
    auto ticket = commit();
    if (!ticket.ok() || is_replaced) {
      if (blobs.bytes > 0) blobs.core->space.Release(blobs.offset, blobs.bytes);
      if (!ticket.ok()) return ticket;
      // VACUUM has replaced the file meanwhile.
      continue;
    }
    if (hooks_.commit_before_blobs) ARROW_RETURN_NOT_OK(WriteBlobs(blobs));
    batch.Clear();
    return ticket;
  }
}

arrow::Status FilePager::CheckPreconditions(const CommitOptions& options, const FileState& state) const {
  ARROW_RETURN_NOT_OK(refusal_);
  if (options.expected_root_version && *options.expected_root_version != state.root_version) {
    return SqlError(sqlstate::kSerializationFailure, "the root of '" + path_ + "' is at version " +
                                                         std::to_string(state.root_version) + ", not " +
                                                         std::to_string(*options.expected_root_version));
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<const FileState>> FilePager::NextState(const WriteBatch& batch,
                                                                     const std::shared_ptr<const FileState>& state,
                                                                     const PreparedBlobs& blobs,
                                                                     std::vector<Extent>* freed) {
  if (batch.puts().empty() && batch.staged().empty() && batch.frees().empty() && batch.root() == nullptr) return state;
  const uint64_t edit = log_.next_lsn;
  auto next = state->Next(edit);
  for (const PhysicalKey key : batch.frees()) {
    ARROW_ASSIGN_OR_RAISE(const auto found, state->directory.Find(key.value, core_->nodes));
    if (!found) return BadKey(key, "has no blob to free");
  }
  const auto insert = [&](const PutRecord& record) -> arrow::Status {
    if (record.key == 0 || record.key >= next_key_.load(std::memory_order_relaxed)) {
      return BadKey(PhysicalKey(record.key), "was never allocated");
    }
    ARROW_ASSIGN_OR_RAISE(const bool fresh, next->directory.Insert(record.key, record.blob, edit, core_->nodes));
    if (!fresh) return BadKey(PhysicalKey(record.key), "has a blob already");
    next->live_bytes += record.blob.length;
    return arrow::Status::OK();
  };
  for (const PutRecord& record : blobs.records) ARROW_RETURN_NOT_OK(insert(record));
  for (const StagedBlob& staged : batch.staged()) {
    const StagedExtent* extent = ExtentOf(staged, core_.get());
    if (extent == nullptr) {
      return SqlError(sqlstate::kInvalidParameter, "a blob staged in another pager");
    }
    ARROW_RETURN_NOT_OK(insert(extent->record()));
  }
  for (const PhysicalKey key : batch.frees()) {
    ARROW_ASSIGN_OR_RAISE(const auto place, next->directory.Erase(key.value, edit, core_->nodes));
    if (!place) return BadKey(key, "has no blob to free");
    next->live_bytes -= place->length;
    freed->push_back(*place);
  }
  if (batch.root() != nullptr) {
    next->root = batch.root();
    ++next->root_version;
  }
  return next;
}

arrow::Result<CommitTicket> FilePager::SubmitOrdered(WriteBatch& batch, const CommitOptions& options,
                                                     Durability durability, const PreparedBlobs& blobs,
                                                     bool blobs_synced) {
  FileVersion before = Newest();
  ARROW_RETURN_NOT_OK(CheckPreconditions(options, *before.state));
  std::vector<Extent> freed;
  ARROW_ASSIGN_OR_RAISE(auto state, NextState(batch, before.state, blobs, &freed));
  std::vector<Segment> fresh_segments;
  if (core_->space.has_unlogged()) fresh_segments = core_->space.Unlogged();
  const uint64_t entry_bytes =
      EntryBytes(sizeof(CommitFixed) + (blobs.records.size() + batch.staged().size()) * sizeof(PutRecord) +
                 batch.frees().size() * sizeof(uint64_t) + fresh_segments.size() * sizeof(Segment) +
                 (batch.root() != nullptr ? static_cast<uint64_t>(batch.root()->size()) : 0) + batch.log().size());
  ARROW_RETURN_NOT_OK(MakeLogRoom(entry_bytes));
  const LogMark mark{log_buffer_.size(), log_};
  AppendCommit(batch, blobs, fresh_segments, blobs_synced ? kCommitBlobsSynced : 0);
  if (durability != Durability::kNone || log_buffer_.size() >= kLogBufferBytes) {
    arrow::Status written = FlushLog();
    if (!written.ok()) {
      TakeBack(mark);
      return written;
    }
  }
  if (!fresh_segments.empty()) core_->space.MarkLogged(fresh_segments);

  const uint64_t lsn = mark.position.next_lsn;
  if (durability == Durability::kFull) {
    const uint64_t durable = syncs_.durable_lsn();
    std::erase_if(pending_, [&](const PendingCommit& pending) { return pending.lsn <= durable; });
    pending_.push_back({lsn, mark.position.offset, std::move(before)});
  }
  const uint64_t blob_bytes = CountCommit(batch, blobs, freed);
  CountRecords(batch, lsn);
  const uint64_t to_recover = log_.offset - mark.position.offset + (blobs_synced ? 0 : blob_bytes / kBlobWeight);
  log_bytes_since_checkpoint_.fetch_add(to_recover, std::memory_order_relaxed);
  num_commits_.fetch_add(1, std::memory_order_relaxed);
  Publish({std::move(state), lsn});
  if (durability != Durability::kFull) ShowToReaders(AcknowledgedLsn());
  return CommitTicket{Lsn(lsn), durability};
}

void FilePager::CountRecords(const WriteBatch& batch, uint64_t lsn) {
  truncated_lsn_ = std::max(truncated_lsn_, std::min(batch.truncate_log().value, lsn - 1));
  if (truncated_lsn_ >= last_record_lsn_) {
    first_record_lsn_ = 0;
  } else {
    first_record_lsn_ = std::max(first_record_lsn_, truncated_lsn_ + 1);
  }
  if (!batch.has_log()) return;
  if (first_record_lsn_ == 0) first_record_lsn_ = lsn;
  last_record_lsn_ = lsn;
}

uint64_t FilePager::CountCommit(const WriteBatch& batch, const PreparedBlobs& blobs, const std::vector<Extent>& freed) {
  uint64_t blob_bytes = blobs.bytes;
  for (const PutRecord& record : blobs.records) {
    core_->space.MakeLive(record.blob.offset - sizeof(EntryHeader), EntryBytes(record.blob.length));
  }
  for (const StagedBlob& staged : batch.staged()) {
    StagedExtent* extent = ExtentOf(staged, core_.get());
    core_->space.MakeLive(extent->offset(), extent->bytes());
    extent->SetCommitted();
    blob_bytes += extent->bytes();
  }
  for (const Extent& place : freed) {
    core_->space.SubtractLive(place.offset - sizeof(EntryHeader), EntryBytes(place.length));
  }
  return blob_bytes;
}

void FilePager::AppendToBuffer(std::span<const uint8_t> bytes) {
  log_buffer_.insert(log_buffer_.end(), bytes.begin(), bytes.end());
}

void FilePager::FinishEntry(EntryType type, size_t start) {
  const size_t body = start + sizeof(EntryHeader);
  const uint64_t length = log_buffer_.size() - body;
  const uint64_t checksum = HashBytes(log_buffer_.data() + body, length);
  const EntryHeader header = MakeEntryHeader(type, 0, log_.next_lsn, length, checksum);
  std::memcpy(log_buffer_.data() + start, &header, sizeof(header));
  log_buffer_.resize(start + EntryBytes(length), 0);
  log_.offset += EntryBytes(length);
  log_.chain = checksum;
}

void FilePager::AppendCommit(const WriteBatch& batch, const PreparedBlobs& blobs,
                             const std::vector<Segment>& fresh_segments, uint32_t flags) {
  CommitFixed fixed;
  fixed.previous = log_.chain;
  fixed.durable_lsn = syncs_.durable_lsn();
  fixed.next_key = next_key_.load(std::memory_order_relaxed);
  fixed.truncate_lsn = std::min(batch.truncate_log().value, log_.next_lsn - 1);
  fixed.num_puts = static_cast<uint32_t>(blobs.records.size() + batch.staged().size());
  fixed.num_frees = static_cast<uint32_t>(batch.frees().size());
  fixed.num_segments = static_cast<uint32_t>(fresh_segments.size());
  fixed.flags = flags | (batch.root() != nullptr ? kCommitHasRoot : 0) | (batch.has_log() ? kCommitHasLog : 0);
  fixed.root_length = batch.root() != nullptr ? static_cast<uint64_t>(batch.root()->size()) : 0;
  fixed.log_length = batch.log().size();

  const size_t start = log_buffer_.size();
  log_buffer_.resize(start + sizeof(EntryHeader));
  AppendToBuffer(BytesOf(fixed));
  for (const PutRecord& record : blobs.records) AppendToBuffer(BytesOf(record));
  for (const StagedBlob& staged : batch.staged()) AppendToBuffer(BytesOf(ExtentOf(staged, core_.get())->record()));
  for (const PhysicalKey key : batch.frees()) AppendToBuffer(BytesOf(key.value));
  for (const Segment& segment : fresh_segments) AppendToBuffer(BytesOf(segment));
  if (batch.root() != nullptr) {
    AppendToBuffer({batch.root()->data(), static_cast<size_t>(batch.root()->size())});
  }
  AppendToBuffer(batch.log());
  FinishEntry(EntryType::kCommit, start);
  ++log_.next_lsn;
}

arrow::Status FilePager::MakeLogRoom(uint64_t bytes) {
  if (log_.offset + bytes + kJumpEntryBytes <= log_.segment.end()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const Segment fresh, core_->space.AllocateLog(bytes + kJumpEntryBytes, log_.next_lsn));
  const LogMark mark{log_buffer_.size(), log_};
  const JumpRecord jump{log_.chain, fresh};
  log_buffer_.resize(mark.buffer_size + sizeof(EntryHeader));
  AppendToBuffer(BytesOf(jump));
  FinishEntry(EntryType::kJump, mark.buffer_size);
  arrow::Status written = FlushLog();
  if (!written.ok()) {
    TakeBack(mark);
    core_->space.Abandon(fresh.offset);
    return written;
  }
  log_.segment = fresh;
  log_.offset = log_buffer_offset_ = fresh.offset;
  return arrow::Status::OK();
}

arrow::Status FilePager::FlushLog() {
  if (log_buffer_.empty()) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(core_->file->Write(log_buffer_offset_, log_buffer_));
  log_buffer_offset_ += log_buffer_.size();
  log_buffer_.clear();
  written_lsn_.store(log_.next_lsn - 1, std::memory_order_release);
  return arrow::Status::OK();
}

void FilePager::TakeBack(const LogMark& mark) {
  log_buffer_.resize(mark.buffer_size);
  log_ = mark.position;
  const arrow::Status wiped = core_->file->Write(log_.offset, kZeros);
  if (wiped.ok()) return;
  // What is read is all that the disk can get: an entry that is not whole there never counts.
  LogCursor cursor(*core_->file, log_, false);
  const uint64_t offset = log_.offset;
  const auto entry = cursor.Next();
  const bool intact = !entry.ok() || entry->has_value() || cursor.position().offset != offset;
  if (!intact) return;
  refusal_ = SqlError(sqlstate::kIoError, "'" + path_ + "': a failed commit could not be taken back (" +
                                              wiped.message() + "); close the database and open it again");
}

arrow::Status FilePager::FailUnsynced(const arrow::Status& cause) {
  MutexLock lock(commit_mutex_);
  const uint64_t durable = syncs_.durable_lsn();
  refusal_ = SqlError(sqlstate::kIoError, "'" + path_ + "': a sync failed (" + cause.message() +
                                              "); what was not durable before it is lost, and nothing is committed "
                                              "any more until the database is closed and opened again");
  const auto first = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const PendingCommit& pending) { return pending.lsn > durable; });
  if (first == pending_.end()) return refusal_;
  // Reads of the kept part of the log go to the file.
  static_cast<void>(FlushLog());
  static_cast<void>(core_->file->Write(first->entry_offset, kZeros));
  Publish(first->before);
  pending_.clear();
  return refusal_;
}

arrow::Status FilePager::WaitDurable(const CommitTicket& ticket) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  if (ticket.durability == Durability::kFull) {
    ARROW_RETURN_NOT_OK(syncs_.WaitFor(ticket.lsn.value));
    uint64_t acknowledged = 0;
    {
      MutexLock lock(commit_mutex_);
      acknowledged = AcknowledgedLsn();
    }
    ShowToReaders(acknowledged);
  }
  CheckpointIfDue();
  return arrow::Status::OK();
}

}  // namespace llkv::file
