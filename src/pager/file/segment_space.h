// SegmentSpace: which parts of the file are data, log or free, and how much of each is live. Gives out room; writes no
// entry itself.
#pragma once

#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <vector>

#include "base/mutex.h"
#include "pager/file/format.h"
#include "pager/file/storage_file.h"
#include "pager/registry.h"

namespace llkv::file {

/// Safe from any thread.
class SegmentSpace {
 public:
  SegmentSpace(StorageFile& file, const PagerOptions& options)
      : file_(file), min_bytes_(options.min_segment_bytes), max_bytes_(options.max_segment_bytes) {}

  /// Takes over a file's segments. XX001 where they overlap or lie outside of the rules of the format.
  arrow::Status Load(const std::vector<Segment>& segments);
  /// Adds one segment that a commit names; false where it is known already.
  arrow::Result<bool> AddKnown(const Segment& segment);
  /// Makes free segments of the gaps between the known ones, which a crash left.
  void AdoptGaps();

  /// Room for `bytes` of entries in a data segment; 53100 where the disk has none. A multiple of 64.
  arrow::Result<uint64_t> AllocateData(uint64_t bytes);
  /// A fresh log segment with room for at least `bytes`.
  arrow::Result<Segment> AllocateLog(uint64_t bytes, uint64_t first_lsn);
  /// Gives a segment back that nothing durable names.
  void Abandon(uint64_t offset);
  /// Gives room back that AllocateData gave and nothing refers to.
  void Release(uint64_t offset, uint64_t bytes);

  /// Counts entry bytes at `offset` as live or no longer live.
  void AddLive(uint64_t offset, uint64_t bytes);
  void SubtractLive(uint64_t offset, uint64_t bytes);
  /// Notes that [.., end) of the segment around `end` was given out; for recovery.
  void ExtendUsed(uint64_t offset, uint64_t end);

  /// New data segments that no commit entry names yet.
  bool has_unlogged() const { return has_unlogged_.load(std::memory_order_acquire); }
  std::vector<Segment> Unlogged() const;
  void MarkLogged(const std::vector<Segment>& logged);

  /// Frees the log segments that hold only commits up to `truncated_lsn` and do not contain `log_offset`, as of
  /// checkpoint `sequence`. They are given out again after checkpoint `sequence` + 1.
  void FreeLogSegments(uint64_t truncated_lsn, uint64_t log_offset, uint64_t sequence);
  /// Checkpoint `sequence` is on stable storage.
  void SetDurableSequence(uint64_t sequence);
  /// While any is held, no freed segment is given out again.
  void AddLogReader() { log_readers_.fetch_add(1, std::memory_order_acq_rel); }
  void RemoveLogReader() { log_readers_.fetch_sub(1, std::memory_order_acq_rel); }

  std::vector<Segment> Segments() const;
  /// The log segment to begin at for commits after `after`; offset 0 where there is none.
  Segment FindLog(uint64_t after) const;
  /// The segment around `offset`; size 0 where none is.
  Segment FindAround(uint64_t offset) const;
  /// The end of the last segment.
  uint64_t end() const;

 private:
  arrow::Result<Segment> NewSegment(SegmentKind kind, uint64_t bytes, uint64_t wanted) LLKV_REQUIRES(mutex_);
  uint64_t GrownSize(SegmentKind kind) const LLKV_REQUIRES(mutex_);
  uint64_t EndLocked() const LLKV_REQUIRES(mutex_);
  Segment* Around(uint64_t offset) LLKV_REQUIRES(mutex_);
  arrow::Status CheckShape(const Segment& segment) const;

  StorageFile& file_;
  const uint64_t min_bytes_;
  const uint64_t max_bytes_;
  mutable Mutex mutex_;
  std::map<uint64_t, Segment> segments_ LLKV_GUARDED_BY(mutex_);
  // The data segment that small entries go to; 0 for none.
  uint64_t current_data_ LLKV_GUARDED_BY(mutex_) = 0;
  std::vector<Segment> unlogged_ LLKV_GUARDED_BY(mutex_);
  uint64_t durable_sequence_ LLKV_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> has_unlogged_{false};
  std::atomic<int> log_readers_{0};
};

}  // namespace llkv::file
