// FilePager: checkpoints of the key directory. A checkpoint writes the nodes that changed, then a record of all that
// opening needs, then the older header slot; commits go on meanwhile. What it replaces and what commits freed becomes
// free room here.
#include "pager/file/checkpoint.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "pager/file/file_pager.h"

namespace llkv::file {

arrow::Status WriteEntryAt(FileCore& core, EntryType type, uint64_t key, uint64_t offset,
                           std::span<const uint8_t> bytes) {
  const EntryHeader header = MakeEntryHeader(type, 0, key, bytes.size(), HashBytes(bytes.data(), bytes.size()));
  const std::span<const uint8_t> pieces[] = {BytesOf(header), bytes};
  return core.file->WriteGather(offset, pieces);
}

arrow::Result<Extent> CountingSink::WriteNode(std::span<const uint8_t> bytes, uint64_t first_key, unsigned /*level*/) {
  const uint64_t room = EntryBytes(bytes.size());
  ARROW_ASSIGN_OR_RAISE(const uint64_t offset, core_.space.AllocateData(room));
  const arrow::Status status = WriteEntryAt(core_, EntryType::kDirectoryNode, first_key, offset, bytes);
  if (!status.ok()) {
    core_.space.Release(offset, room);
    return status;
  }
  core_.space.MakeLive(offset, room);
  written_.push_back({offset + sizeof(EntryHeader), bytes.size()});
  return written_.back();
}

/// See the declaration.
struct FilePager::CheckpointPlan {
  explicit CheckpointPlan(FileCore& core) : sink(core) {}

  FileVersion version;
  uint64_t log_bytes = 0;
  CheckpointRecord record;
  HeaderSlot header;
  /// The segments as of the commit, with what is live in them.
  std::vector<Segment> before;
  FreeingCheckpoint freeing;
  CountingSink sink;
};

namespace {

/// The segments as they are, but with the live bytes of `before` changed by `added` and `removed`: commits that came
/// after the checkpoint's own are counted when they are replayed.
std::vector<Segment> WithLiveBytes(std::vector<Segment> segments, const std::vector<Segment>& before,
                                   const std::vector<Extent>& added, const std::vector<Extent>& removed) {
  const auto at = [&](uint64_t offset) {
    return std::prev(std::upper_bound(segments.begin(), segments.end(), offset,
                                      [](uint64_t o, const Segment& segment) { return o < segment.offset; }));
  };
  for (Segment& segment : segments) segment.live = 0;
  for (const Segment& segment : before) {
    if (segment.kind == SegmentKind::kData) at(segment.offset)->live = segment.live;
  }
  for (const Extent& place : added) at(place.offset)->live += EntryBytes(place.length);
  for (const Extent& place : removed) {
    Segment& segment = *at(place.offset);
    segment.live -= std::min(segment.live, EntryBytes(place.length));
  }
  return segments;
}

}  // namespace

void FilePager::CheckpointIfDue() {
  const auto due = [this](const SegmentSpace& space) {
    return log_bytes_since_checkpoint_.load(std::memory_order_relaxed) >= options_.checkpoint_log_bytes ||
           space.GarbageIsDue();
  };
  if (!due(NewestCore()->space) || !checkpoint_mutex_.TryLock()) return;
  if (due(core_->space)) {
    if (Checkpoint().ok()) {
      if (core_->space.IsInDanger()) ReclaimInDanger();
    } else {
      // The commit that brought us here is safe in the log; where there is no room now, a later one tries again.
      log_bytes_since_checkpoint_.store(0, std::memory_order_relaxed);
      core_->space.ResetGarbage();
    }
  }
  checkpoint_mutex_.Unlock();
}

arrow::Status FilePager::PlanCheckpoint(CheckpointPlan* plan) {
  MutexLock lock(commit_mutex_);
  ARROW_RETURN_NOT_OK(refusal_);
  ARROW_RETURN_NOT_OK(FlushLog());
  SegmentSpace& space = core_->space;
  plan->version = Newest();
  plan->before = space.Segments();
  for (const Segment& segment : plan->before) {
    if (segment.kind == SegmentKind::kData) plan->freeing.known.insert(segment.offset);
  }
  // What no commit has named may be named by a later one.
  for (const Segment& segment : space.Unlogged()) plan->freeing.known.erase(segment.offset);
  // Commits without records need not be kept.
  truncated_lsn_ = std::max(truncated_lsn_, first_record_lsn_ == 0 ? plan->version.lsn : first_record_lsn_ - 1);
  CheckpointFixed& fixed = plan->record.fixed;
  fixed.lsn = plan->version.lsn;
  fixed.chain = log_.chain;
  fixed.log_offset = log_.offset;
  fixed.truncated_lsn = truncated_lsn_;
  fixed.next_key = next_key_.load(std::memory_order_relaxed);
  plan->log_bytes = log_bytes_since_checkpoint_.load(std::memory_order_relaxed);
  space.ResetGarbage();
  return arrow::Status::OK();
}

arrow::Status FilePager::WriteCheckpointRecord(CheckpointPlan* plan) {
  FileCore& core = *core_;
  CheckpointRecord& record = plan->record;
  // The record names the segment that it is in, so its room comes first; others may take segments meanwhile.
  for (uint64_t spare = 8;; spare *= 2) {
    const uint64_t expected = core.space.Segments().size() + spare;
    const uint64_t room = EntryBytes(sizeof(CheckpointFixed) + expected * sizeof(Segment) + record.root.size());
    ARROW_ASSIGN_OR_RAISE(const uint64_t offset, core.space.AllocateData(room));
    record.segments = core.space.Segments();
    if (record.segments.size() > expected) {
      core.space.Release(offset, room);
      continue;
    }
    const uint64_t length = sizeof(CheckpointFixed) + record.segments.size() * sizeof(Segment) + record.root.size();
    plan->header.checkpoint = {offset + sizeof(EntryHeader), length};
    std::vector<Extent> added = plan->sink.written();
    added.push_back(plan->header.checkpoint);
    record.segments = WithLiveBytes(std::move(record.segments), plan->before, added, plan->freeing.replaced);
    core.space.FreeDataSegments(plan->freeing, &record.segments);
    const std::vector<uint8_t> bytes = EncodeCheckpoint(record);
    plan->header.checkpoint_checksum = HashBytes(bytes.data(), bytes.size());
    arrow::Status status = WriteEntryAt(core, EntryType::kCheckpoint, record.fixed.sequence, offset, bytes);
    if (!status.ok()) {
      core.space.Release(offset, room);
      plan->header.checkpoint = {};
      return status;
    }
    core.space.MakeLive(offset, EntryBytes(length));
    core.space.Release(offset + EntryBytes(length), room - EntryBytes(length));
    return arrow::Status::OK();
  }
}

arrow::Status FilePager::WriteCheckpoint(CheckpointPlan* plan) {
  FileCore& core = *core_;
  const FileState& state = *plan->version.state;
  CheckpointFixed& fixed = plan->record.fixed;
  HeaderSlot& header = plan->header;
  plan->freeing.replaced.push_back(header_.checkpoint);
  ARROW_ASSIGN_OR_RAISE(fixed.directory, state.directory.Store(plan->sink));
  ARROW_RETURN_NOT_OK(checkpoint_directory_.ForEachReplaced(
      state.directory, core.nodes, [&](Extent place) { plan->freeing.replaced.push_back(place); }));
  ARROW_RETURN_NOT_OK(WriteCheckpointRecord(plan));
  ARROW_RETURN_NOT_OK(syncs_.WaitForAll());

  header.checksum = ChecksumOf(header);
  const uint64_t slot = (header.sequence - 1) % 2;
  ARROW_RETURN_NOT_OK(core.file->Write(slot * kPageBytes, BytesOf(header)));
  return syncs_.WaitForAll();
}

void FilePager::TakeBackCheckpoint(const CheckpointPlan& plan) {
  // Its entries stay as they are: the header slot may lead to them all the same. They are dead all the same.
  SegmentSpace& space = core_->space;
  std::set<uint64_t> written;
  for (const Extent& place : plan.sink.written()) {
    written.insert(place.offset);
    space.SubtractLive(place.offset - sizeof(EntryHeader), EntryBytes(place.length));
  }
  plan.version.state->directory.ForgetStored([&](Extent place) { return written.contains(place.offset); });
  const Extent& record = plan.header.checkpoint;
  if (record.offset != 0 && record.offset != header_.checkpoint.offset) {
    space.SubtractLive(record.offset - sizeof(EntryHeader), EntryBytes(record.length));
  }
}

arrow::Status FilePager::Checkpoint() {
  FileCore& core = *core_;
  CheckpointPlan plan(core);
  ARROW_RETURN_NOT_OK(PlanCheckpoint(&plan));
  const FileState& state = *plan.version.state;
  plan.header = header_;
  CheckpointFixed& fixed = plan.record.fixed;
  fixed.sequence = ++plan.header.sequence;
  fixed.root_version = state.root_version;
  fixed.num_keys = state.directory.num_keys();
  fixed.live_bytes = state.live_bytes;
  fixed.directory_height = state.directory.height();
  fixed.has_root = state.root != nullptr ? 1 : 0;
  if (state.root != nullptr) plan.record.root.assign(state.root->data(), state.root->data() + state.root->size());
  plan.freeing.sequence = fixed.sequence;
  plan.freeing.state_lsn = state.lsn;
  core.space.FreeLogSegments(fixed.truncated_lsn, fixed.log_offset, fixed.sequence);
  arrow::Status status = WriteCheckpoint(&plan);
  if (!status.ok()) {
    TakeBackCheckpoint(plan);
    return status;
  }

  header_ = plan.header;
  checkpoint_directory_ = state.directory;
  checkpoint_lsn_ = plan.version.lsn;
  for (const Extent& place : plan.freeing.replaced) {
    core.space.SubtractLive(place.offset - sizeof(EntryHeader), EntryBytes(place.length));
  }
  core.space.MarkLogged(plan.record.segments);
  core.space.SetDurableSequence(plan.header.sequence);
  log_bytes_since_checkpoint_.fetch_sub(plan.log_bytes, std::memory_order_relaxed);
  num_checkpoints_.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(commit_mutex_);
  // Nobody waits for these any more; the states before them may go.
  const uint64_t durable = syncs_.durable_lsn();
  std::erase_if(pending_, [&](const PendingCommit& pending) { return pending.lsn <= durable; });
  return arrow::Status::OK();
}

}  // namespace llkv::file
