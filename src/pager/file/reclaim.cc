// FilePager: reclaiming room in bounded steps. Live entries of sparse segments are copied to other places, which a
// commit of moves makes known (blobs) or the next checkpoint (directory nodes); emptied segments become free with the
// checkpoints (free_space.cc).
//
// Entries are found by walking a segment on 64-byte borders. Only what the directory says is live counts: a segment may
// hold entries of its earlier lives, and bytes that look like entries.
#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/error.h"
#include "pager/file/blob_reader.h"
#include "pager/file/file_pager.h"

namespace llkv::file {

namespace {

/// So many bytes are walked in one step at most.
constexpr uint64_t kScanBytes = uint64_t{32} << 20;
/// Headers are looked for in parts of this.
constexpr uint64_t kPartBytes = uint64_t{64} << 10;
/// Entries are copied in runs of about this.
constexpr uint64_t kRunBytes = uint64_t{256} << 10;
/// Steps of commits that help.
constexpr uint64_t kStepBytes = uint64_t{4} << 20;
constexpr int kMaxSteps = 64;

}  // namespace

/// Live entries of a segment, and where they go.
struct FilePager::MovedEntries {
  struct Node {
    Extent place;
    uint64_t first_key = 0;
    unsigned level = 0;
  };
  std::shared_ptr<const FileState> state;
  std::vector<PutRecord> from;
  /// As `from`, for as many as were copied.
  std::vector<PutRecord> to;
  std::vector<Node> nodes;
  uint64_t bytes = 0;
  /// The first blob that does not match its checksum.
  arrow::Status damage;
  /// How far the segment was walked.
  uint64_t scanned = 0;
};

uint64_t FilePager::OldestForeignPin() {
  MutexLock lock(slots_mutex_);
  if (slots_ == nullptr) return 0;
  const auto oldest = slots_->OldestPin();
  // What cannot be read may be a pin.
  if (!oldest.ok()) return 0;
  return oldest->value_or(std::numeric_limits<uint64_t>::max());
}

arrow::Result<bool> FilePager::Reclaim(uint64_t budget_bytes) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  MutexLock lock(checkpoint_mutex_);
  {
    MutexLock commit_lock(commit_mutex_);
    ARROW_RETURN_NOT_OK(refusal_);
  }
  return ReclaimStep(budget_bytes);
}

arrow::Result<bool> FilePager::ReclaimStep(uint64_t budget_bytes) {
  SegmentSpace& space = core_->space;
  if (space.IsCheckpointDue()) {
    ARROW_RETURN_NOT_OK(Checkpoint());
    ARROW_RETURN_NOT_OK(ReportUndrainable());
    return true;
  }
  ARROW_ASSIGN_OR_RAISE(const bool gave_back, space.GiveBack());
  if (gave_back) return true;
  const auto victim = space.ChooseVictim();
  if (!victim) return false;
  return MoveEntries(*victim, budget_bytes);
}

void FilePager::ReclaimInDanger() {
  // Twice what may become dead between two checkpoints.
  const uint64_t budget = std::max(32 * options_.min_segment_bytes, core_->space.live_data_bytes() / 4);
  const uint64_t before = bytes_moved_.load(std::memory_order_relaxed);
  for (int i = 0; i < kMaxSteps && core_->space.IsInDanger(); ++i) {
    const auto more = ReclaimStep(kStepBytes);
    if (!more.ok() || !*more || bytes_moved_.load(std::memory_order_relaxed) - before >= budget) return;
  }
}

arrow::Status FilePager::ReportUndrainable() {
  const std::vector<Segment> kept = core_->space.TakeUndrainable(header_.checkpoint.offset);
  if (kept.empty()) return arrow::Status::OK();
  return Corrupted("'" + path_ + "': compaction leaves the segment at byte " + std::to_string(kept.front().offset) +
                   " as it is: it has damaged entries");
}

arrow::Result<bool> FilePager::MoveEntries(const Victim& victim, uint64_t budget_bytes) {
  MovedEntries moved;
  ARROW_RETURN_NOT_OK(ScanVictim(victim, budget_bytes, &moved));
  ARROW_ASSIGN_OR_RAISE(const bool copied, CopyEntries(victim.limit, &moved));
  if (!moved.to.empty() || !moved.nodes.empty()) ARROW_RETURN_NOT_OK(CommitMoves(&moved));
  // There may be no room where it should go.
  if (!copied) return false;
  core_->space.SetScanned(victim.segment.offset, moved.scanned);
  ARROW_RETURN_NOT_OK(moved.damage);
  return true;
}

arrow::Status FilePager::ScanVictim(const Victim& victim, uint64_t budget_bytes, MovedEntries* moved) {
  const StorageFile& file = *core_->file;
  moved->state = Newest().state;
  uint64_t position = victim.segment.offset + victim.scanned;
  const uint64_t scan_end = std::min(victim.segment.offset + victim.segment.used, position + kScanBytes);
  // Headers are looked at in parts that are read at once.
  FileBytes part;
  uint64_t part_begin = position;
  while (position < scan_end && moved->bytes < budget_bytes) {
    if (position + sizeof(EntryHeader) > part_begin + part.size()) {
      const uint64_t end = std::min(file.size(), std::max(position + sizeof(EntryHeader), scan_end));
      if (end < position + sizeof(EntryHeader)) break;
      ARROW_ASSIGN_OR_RAISE(const auto next, file.View(position, std::min(kPartBytes, end - position)));
      if (!next) break;
      part = *next;
      part_begin = position;
    }
    const std::span<const uint8_t> head = part.bytes.subspan(position - part_begin, sizeof(EntryHeader));
    if (const auto blob = ReadEntryHeader(head, EntryType::kBlob)) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t bytes, ScanBlob(*blob, position, moved));
      position += bytes;
      continue;
    }
    if (const auto node = ReadEntryHeader(head, EntryType::kDirectoryNode)) {
      ARROW_ASSIGN_OR_RAISE(const auto level, file.View(position + sizeof(EntryHeader), sizeof(uint64_t)));
      uint64_t number = kMaxDirectoryHeight;
      if (level) std::memcpy(&number, level->data(), sizeof(number));
      if (number < kMaxDirectoryHeight) {
        moved->nodes.push_back(
            {{position + sizeof(EntryHeader), node->length}, node->key, static_cast<unsigned>(number)});
      }
    }
    position += kAlignment;
  }
  moved->scanned = position - victim.segment.offset;
  return arrow::Status::OK();
}

arrow::Result<uint64_t> FilePager::ScanBlob(const EntryHeader& header, uint64_t offset, MovedEntries* moved) {
  const Extent place{offset + sizeof(EntryHeader), header.length};
  ARROW_ASSIGN_OR_RAISE(const auto found, moved->state->directory.Find(header.key, core_->nodes));
  if (!found || !(found->place == place)) return kAlignment;
  const auto verified = ReadEntry(*core_->file, EntryType::kBlob, header.key, place, true);
  if (!verified.ok() && GetSqlState(verified.status()) != sqlstate::kDataCorrupted) return verified.status();
  if (!verified.ok()) {
    num_blobs_damaged_.fetch_add(1, std::memory_order_relaxed);
    if (moved->damage.ok()) moved->damage = verified.status();
    return kAlignment;
  }
  moved->from.push_back({header.key, place, header.checksum});
  moved->bytes += EntryBytes(header.length);
  return EntryBytes(header.length);
}

arrow::Result<bool> FilePager::CopyEntries(uint64_t limit, MovedEntries* moved) {
  while (moved->to.size() < moved->from.size()) {
    const arrow::Result<bool> copied = CopyRun(limit, moved);
    if (copied.ok() && *copied) continue;
    if (!copied.ok()) {
      for (const PutRecord& record : moved->to) {
        core_->space.Drop(record.blob.offset - sizeof(EntryHeader), EntryBytes(record.blob.length));
      }
    }
    return copied;
  }
  return true;
}

arrow::Result<bool> FilePager::CopyRun(uint64_t limit, MovedEntries* moved) {
  FileCore& core = *core_;
  const size_t first = moved->to.size();
  // Entries that lie together; they are copied with their headers.
  std::vector<FileBytes> entries;
  std::vector<std::span<const uint8_t>> pieces;
  uint64_t bytes = 0;
  for (size_t i = first; i < moved->from.size() && (bytes == 0 || bytes < kRunBytes); ++i) {
    const PutRecord& record = moved->from[i];
    ARROW_ASSIGN_OR_RAISE(const auto entry,
                          core.file->View(record.blob.offset - sizeof(EntryHeader), EntryBytes(record.blob.length)));
    if (!entry) break;
    // Read anew: it need not be what was verified.
    if (core.file->copies()) {
      ARROW_RETURN_NOT_OK(VerifyEntry(*core.file, EntryType::kBlob, record.key, record.blob, *entry));
    }
    pieces.push_back(*entry);
    bytes += entry->size();
    entries.push_back(*entry);
  }
  if (pieces.empty()) return false;
  ARROW_ASSIGN_OR_RAISE(uint64_t offset, core.space.AllocateData(bytes, limit));
  if (offset == 0) return false;
  const arrow::Status written = core.file->WriteGather(offset, pieces);
  if (!written.ok()) {
    core.space.Release(offset, bytes);
    return written;
  }
  for (size_t i = first; i < first + entries.size(); ++i) {
    PutRecord record = moved->from[i];
    record.blob.offset = offset + sizeof(EntryHeader);
    offset += EntryBytes(record.blob.length);
    moved->to.push_back(record);
  }
  return true;
}

arrow::Status FilePager::CommitMoves(MovedEntries* moved) {
  FileCore& core = *core_;
  PreparedBlobs blobs;
  std::vector<Extent> freed;
  // Room of what did not move in the end.
  std::vector<Extent> unused;
  const auto give_back = [&](const std::vector<Extent>& places) {
    for (const Extent& place : places) {
      core.space.Drop(place.offset - sizeof(EntryHeader), EntryBytes(place.length));
    }
  };
  const auto commit = [&]() LLKV_REQUIRES(checkpoint_mutex_) -> arrow::Status {
    MutexLock lock(commit_mutex_);
    ARROW_RETURN_NOT_OK(refusal_);
    const uint64_t lsn = log_.next_lsn;
    const FileVersion before = Newest();
    auto next = before.state->Next(lsn);
    for (size_t i = 0; i < moved->to.size(); ++i) {
      const PutRecord& to = moved->to[i];
      ARROW_ASSIGN_OR_RAISE(const auto found, next->directory.Find(to.key, core.nodes));
      // It may have been freed since it was copied.
      if (!found || !(found->place == moved->from[i].blob)) {
        unused.push_back(to.blob);
        continue;
      }
      ARROW_RETURN_NOT_OK(next->directory.Move(to.key, to.blob, lsn, core.nodes).status());
      blobs.records.push_back(to);
      blobs.bytes += EntryBytes(to.blob.length);
      freed.push_back(moved->from[i].blob);
    }
    bool renewed = false;
    for (const MovedEntries::Node& node : moved->nodes) {
      ARROW_ASSIGN_OR_RAISE(const bool is_live,
                            next->directory.Renew(node.place, node.first_key, node.level, lsn, core.nodes));
      renewed = renewed || is_live;
    }
    if (blobs.records.empty() && !renewed) return arrow::Status::OK();
    return SubmitMoves(blobs, freed, std::move(next));
  };
  arrow::Status status = commit();
  if (status.ok()) {
    give_back(unused);
    num_blobs_moved_.fetch_add(blobs.records.size(), std::memory_order_relaxed);
    bytes_moved_.fetch_add(blobs.bytes, std::memory_order_relaxed);
    return status;
  }
  for (const PutRecord& record : moved->to) give_back({record.blob});
  return status;
}

arrow::Status FilePager::SubmitMoves(const PreparedBlobs& blobs, const std::vector<Extent>& freed,
                                     std::shared_ptr<const FileState> state) {
  const WriteBatch nothing;
  std::vector<Segment> fresh_segments;
  if (core_->space.has_unlogged()) fresh_segments = core_->space.Unlogged();
  ARROW_RETURN_NOT_OK(MakeLogRoom(EntryBytes(sizeof(CommitFixed) + blobs.records.size() * sizeof(PutRecord) +
                                             fresh_segments.size() * sizeof(Segment))));
  const LogMark mark{log_buffer_.size(), log_};
  AppendCommit(nothing, blobs, fresh_segments, kCommitMoves);
  arrow::Status written = FlushLog();
  if (!written.ok()) {
    TakeBack(mark);
    return written;
  }
  if (!fresh_segments.empty()) core_->space.MarkLogged(fresh_segments);
  CountCommit(nothing, blobs, freed);
  log_bytes_since_checkpoint_.fetch_add(log_.offset - mark.position.offset + blobs.bytes / kBlobWeight,
                                        std::memory_order_relaxed);
  Publish({std::move(state), mark.position.next_lsn});
  return arrow::Status::OK();
}

}  // namespace llkv::file
