// FilePager: checkpoints of the key directory. A checkpoint writes the nodes that changed, then a record of all that
// opening needs, then the older header slot; commits go on meanwhile.
#include <arrow/buffer.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "pager/file/file_pager.h"

namespace llkv::file {

namespace {

arrow::Status WriteEntryAt(FileCore& core, EntryType type, uint64_t key, uint64_t offset,
                           std::span<const uint8_t> bytes) {
  const EntryHeader header = MakeEntryHeader(type, 0, key, bytes.size(), HashBytes(bytes.data(), bytes.size()));
  const std::span<const uint8_t> pieces[] = {BytesOf(header), bytes};
  return core.file->WriteGather(offset, pieces);
}

/// Writes directory nodes and remembers where.
class CountingSink : public NodeSink {
 public:
  explicit CountingSink(FileCore& core) : core_(core) {}
  arrow::Result<Extent> WriteNode(std::span<const uint8_t> bytes, uint64_t first_key, unsigned /*level*/) override {
    const uint64_t room = EntryBytes(bytes.size());
    ARROW_ASSIGN_OR_RAISE(const uint64_t offset, core_.space.AllocateData(room));
    ARROW_RETURN_NOT_OK(WriteEntryAt(core_, EntryType::kDirectoryNode, first_key, offset, bytes));
    core_.space.AddLive(offset, room);
    written_.push_back({offset + sizeof(EntryHeader), bytes.size()});
    return written_.back();
  }
  const std::vector<Extent>& written() const { return written_; }

 private:
  FileCore& core_;
  std::vector<Extent> written_;
};

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
  const uint64_t log_bytes = log_bytes_since_checkpoint_.load(std::memory_order_relaxed);
  if (log_bytes < options_.checkpoint_log_bytes) return;
  if (!checkpoint_mutex_.TryLock()) return;
  if (log_bytes_since_checkpoint_.load(std::memory_order_relaxed) >= options_.checkpoint_log_bytes) {
    // The commit that brought us here is safe in the log; where there is no room now, a later one tries again.
    if (!Checkpoint().ok()) log_bytes_since_checkpoint_.store(0, std::memory_order_relaxed);
  }
  checkpoint_mutex_.Unlock();
}

arrow::Result<Extent> FilePager::WriteCheckpointRecord(CheckpointRecord& record, const std::vector<Segment>& before,
                                                       std::vector<Extent> added, const std::vector<Extent>& removed) {
  FileCore& core = *core_;
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
    const Extent place{offset + sizeof(EntryHeader), length};
    added.push_back(place);
    record.segments = WithLiveBytes(std::move(record.segments), before, added, removed);
    const std::vector<uint8_t> bytes = EncodeCheckpoint(record);
    ARROW_RETURN_NOT_OK(WriteEntryAt(core, EntryType::kCheckpoint, record.fixed.sequence, offset, bytes));
    core.space.AddLive(offset, EntryBytes(length));
    return place;
  }
}

arrow::Status FilePager::Checkpoint() {
  FileCore& core = *core_;
  CheckpointRecord record;
  CheckpointFixed& fixed = record.fixed;
  FileVersion version;
  std::vector<Segment> before;
  uint64_t log_bytes = 0;
  {
    MutexLock lock(commit_mutex_);
    ARROW_RETURN_NOT_OK(refusal_);
    ARROW_RETURN_NOT_OK(FlushLog());
    version = Newest();
    before = core.space.Segments();
    fixed.lsn = version.lsn;
    fixed.chain = log_.chain;
    fixed.log_offset = log_.offset;
    fixed.truncated_lsn = truncated_lsn_;
    fixed.next_key = next_key_.load(std::memory_order_relaxed);
    log_bytes = log_bytes_since_checkpoint_.load(std::memory_order_relaxed);
  }
  const FileState& state = *version.state;
  HeaderSlot header = header_;
  fixed.sequence = ++header.sequence;
  fixed.root_version = state.root_version;
  fixed.num_keys = state.directory.num_keys();
  fixed.live_bytes = state.live_bytes;
  fixed.directory_height = state.directory.height();
  fixed.has_root = state.root != nullptr ? 1 : 0;
  if (state.root != nullptr) record.root.assign(state.root->data(), state.root->data() + state.root->size());
  core.space.FreeLogSegments(fixed.truncated_lsn, fixed.log_offset, fixed.sequence);

  CountingSink sink(core);
  ARROW_ASSIGN_OR_RAISE(fixed.directory, state.directory.Store(sink));
  std::vector<Extent> replaced = {header.checkpoint};
  ARROW_RETURN_NOT_OK(checkpoint_directory_.ForEachReplaced(state.directory, core.nodes,
                                                            [&](Extent place) { replaced.push_back(place); }));
  ARROW_ASSIGN_OR_RAISE(header.checkpoint, WriteCheckpointRecord(record, before, sink.written(), replaced));
  ARROW_RETURN_NOT_OK(syncs_.WaitForAll());

  header.checksum = ChecksumOf(header);
  const uint64_t slot = (header.sequence - 1) % 2;
  ARROW_RETURN_NOT_OK(core.file->Write(slot * kPageBytes, BytesOf(header)));
  ARROW_RETURN_NOT_OK(syncs_.WaitForAll());

  header_ = header;
  checkpoint_directory_ = state.directory;
  checkpoint_lsn_ = version.lsn;
  core.space.SetDurableSequence(header.sequence);
  core.space.MarkLogged(record.segments);
  for (const Extent& place : replaced) {
    core.space.SubtractLive(place.offset - sizeof(EntryHeader), EntryBytes(place.length));
  }
  log_bytes_since_checkpoint_.fetch_sub(log_bytes, std::memory_order_relaxed);
  num_checkpoints_.fetch_add(1, std::memory_order_relaxed);
  return arrow::Status::OK();
}

}  // namespace llkv::file
