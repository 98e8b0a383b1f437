// SegmentSpace: which parts of the file are data, log or free, how much of each is live, and when free room may be used
// again. Gives out room and takes it back; writes no entry itself.
//
// A segment becomes free as of a checkpoint S when nothing that S or a later commit reaches lies in it. It is used
// again, punched or cut off only when checkpoint S + 1 is durable, no state from before S is held in this process, no
// buffer over it is held, and no reader in another process needs a checkpoint before S (INV-PAGER-14).
#pragma once

#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/mutex.h"
#include "pager/file/format.h"
#include "pager/file/live_states.h"
#include "pager/file/storage_file.h"
#include "pager/registry.h"

namespace llkv::file {

/// The bytes of a file by what they are for; they add up to its size.
struct SpaceUse {
  /// Headers, the log, entries that the newest commit needs, and those being written.
  uint64_t live = 0;
  /// Entries that nothing newest needs, in segments that are not free yet or not long enough.
  uint64_t dead = 0;
  /// Free segments that a snapshot, a buffer or a reader in another process still keeps from use.
  uint64_t pinned = 0;
  /// Never used, or free for use.
  uint64_t free = 0;
  /// Of these: log segments.
  uint64_t log = 0;
  uint64_t num_segments = 0;
};

/// What a checkpoint frees.
struct FreeingCheckpoint {
  uint64_t sequence = 0;
  /// The commit that made the state it stores.
  uint64_t state_lsn = 0;
  /// Data segments that were in the log or the checkpoint before when it chose its commit, by offset.
  std::set<uint64_t> known;
  /// Entries that it replaces and that are still counted live.
  std::vector<Extent> replaced;
};

/// A data segment whose entries should move.
struct Victim {
  Segment segment;
  /// Where they may move to: below this.
  uint64_t limit = 0;
  /// How far compaction has been through it, from its start.
  uint64_t scanned = 0;
};

/// Safe from any thread.
class SegmentSpace {
 public:
  SegmentSpace(StorageFile& file, const PagerOptions& options)
      : file_(file),
        min_bytes_(options.min_segment_bytes),
        max_bytes_(options.max_segment_bytes),
        may_punch_(options.punch_holes) {}

  /// Takes over a file's segments. XX001 where they overlap or lie outside of the rules of the format.
  arrow::Status Load(const std::vector<Segment>& segments);
  /// Adds one segment that a commit names; false where it is known already.
  arrow::Result<bool> AddKnown(const Segment& segment);
  /// Makes free segments of the gaps between the known ones, which a crash left, and drops free ones at the end that
  /// the file does not reach.
  void AdoptGaps();

  /// Room for `bytes` of entries in a data segment, below `limit`; 53100 where the disk has none, and offset 0 where
  /// there is none below the limit. A multiple of 64. It is in flight until MakeLive, Release or Drop.
  arrow::Result<uint64_t> AllocateData(uint64_t bytes, uint64_t limit = kNoLimit);
  /// A fresh log segment with room for at least `bytes`.
  arrow::Result<Segment> AllocateLog(uint64_t bytes, uint64_t first_lsn);
  /// Gives a segment back that nothing durable names.
  void Abandon(uint64_t offset);
  /// Gives room back that AllocateData gave and nobody has read; it may be given out at once.
  void Release(uint64_t offset, uint64_t bytes);
  /// As Release, for room whose bytes somebody may hold or need once more.
  void Drop(uint64_t offset, uint64_t bytes);

  /// The entry in flight at `offset` is live from now on.
  void MakeLive(uint64_t offset, uint64_t bytes);
  /// Counts entry bytes at `offset` as live, at recovery, or as no longer live.
  void AddLive(uint64_t offset, uint64_t bytes);
  void SubtractLive(uint64_t offset, uint64_t bytes);
  /// Notes that [.., end) of the segment around `end` was given out; for recovery.
  void ExtendUsed(uint64_t offset, uint64_t end);

  /// New data segments that no commit entry names yet.
  bool has_unlogged() const { return has_unlogged_.load(std::memory_order_acquire); }
  std::vector<Segment> Unlogged() const;
  void MarkLogged(const std::vector<Segment>& logged);

  /// Frees the log segments that hold only commits up to `truncated_lsn` and do not contain `log_offset`, as of
  /// checkpoint `sequence`.
  void FreeLogSegments(uint64_t truncated_lsn, uint64_t log_offset, uint64_t sequence);
  /// Frees the data segments in which nothing is live any more, and says so in `record`: the segments with their live
  /// bytes as of the checkpoint.
  void FreeDataSegments(const FreeingCheckpoint& checkpoint, std::vector<Segment>* record);
  /// Checkpoint `sequence` is on stable storage.
  void SetDurableSequence(uint64_t sequence);
  /// While any is held, no freed segment is given out again.
  void AddLogReader() { log_readers_.fetch_add(1, std::memory_order_acq_rel); }
  void RemoveLogReader() { log_readers_.fetch_sub(1, std::memory_order_acq_rel); }
  /// States that are held; they count themselves.
  LiveStates& states() { return states_; }
  /// Frees segments without a checkpoint; for planted faults.
  void set_reuse_at_once(bool at_once) { reuse_at_once_ = at_once; }
  /// `oldest_pin` gives the oldest checkpoint that a reader in another process needs; the greatest number for none.
  void SetOldestPin(std::function<uint64_t()> oldest_pin);

  // free_space.cc: reclaiming.

  /// Bytes that became dead since the last call of ResetGarbage.
  uint64_t garbage_bytes() const { return garbage_bytes_.load(std::memory_order_relaxed); }
  void ResetGarbage() { garbage_bytes_.store(0, std::memory_order_relaxed); }
  /// Whether so much became dead that a checkpoint should free it.
  bool GarbageIsDue() const;
  /// Whether segments wait for a checkpoint to become usable, enough of them to be worth one.
  bool IsCheckpointDue() const;
  /// Whether what is not live is so much that commits must help to reclaim it.
  bool IsInDanger() const;
  /// The data segment whose entries should move, if there is one. Nothing is added to it any more.
  std::optional<Victim> ChooseVictim();
  /// Compaction has been through the first `scanned` bytes of a segment; through all of them, it is drained: it should
  /// be free after the next checkpoint.
  void SetScanned(uint64_t offset, uint64_t scanned);
  /// After a checkpoint: segments that were drained and still have live entries, which stay as they are; each once.
  std::vector<Segment> TakeUndrainable(uint64_t record_offset);
  /// Joins free segments, cuts a free end off the file and punches holes; true where it gave room back.
  arrow::Result<bool> GiveBack();
  SpaceUse Use() const;
  uint64_t log_bytes() const { return log_bytes_.load(std::memory_order_relaxed); }
  uint64_t live_data_bytes() const;
  /// Cuts the unused part of the last data segment off, for a file that was just written.
  arrow::Status TrimEnd();

  std::vector<Segment> Segments() const;
  /// The log segment to begin at for commits after `after`; offset 0 where there is none.
  Segment FindLog(uint64_t after) const;
  /// The segment around `offset`; size 0 where none is.
  Segment FindAround(uint64_t offset) const;
  /// The end of the last segment.
  uint64_t end() const;

  static constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

 private:
  struct Room : Segment {
    /// Data: bytes that were given out and are neither live nor given back.
    uint64_t in_flight = 0;
    /// Free: the first state that does not reach it.
    uint64_t since_state = 0;
    /// Free: nothing reaches it any more.
    bool is_clear = false;
    /// Free: it has no room on the disk.
    bool is_punched = false;
    /// It may hold bytes of blobs, which a log must not begin over.
    bool is_stale = false;
    /// Data: compaction has been through it; or cannot empty it.
    uint64_t scanned = 0;
    bool is_drained = false;
    bool is_kept = false;
  };
  /// What still reaches free segments; asks for each thing once.
  class Pins;

  arrow::Result<Room*> NewSegment(SegmentKind kind, uint64_t bytes, uint64_t wanted, uint64_t limit)
      LLKV_REQUIRES(mutex_);
  /// Free room of at least `least` bytes below `limit`, with room on the disk; null where there is none.
  arrow::Result<Room*> FindFree(uint64_t least, uint64_t wanted, uint64_t limit) LLKV_REQUIRES(mutex_);
  arrow::Status PrepareForLog(Room& room) LLKV_REQUIRES(mutex_);
  bool IsReusable(Room& room, Pins& pins) const LLKV_REQUIRES(mutex_);
  /// Whether only held buffers may keep a free segment from use.
  bool IsUnpinned(const Room& room, Pins& pins) const LLKV_REQUIRES(mutex_);
  /// Parts the segments of which only small parts are held.
  void SplitHeld() LLKV_REQUIRES(mutex_);
  arrow::Result<Room*> FirstFit(uint64_t least, uint64_t wanted, uint64_t limit) LLKV_REQUIRES(mutex_);
  /// Joins neighbours that are free for use; punched ones with others only where asked.
  void JoinClear(bool with_punched) LLKV_REQUIRES(mutex_);
  arrow::Result<bool> CutEnd() LLKV_REQUIRES(mutex_);
  arrow::Result<bool> PunchHoles() LLKV_REQUIRES(mutex_);
  uint64_t GrownSize(SegmentKind kind) const LLKV_REQUIRES(mutex_);
  uint64_t EndLocked() const LLKV_REQUIRES(mutex_);
  uint64_t LiveDataLocked() const LLKV_REQUIRES(mutex_);
  uint64_t ClearBytes() const LLKV_REQUIRES(mutex_);
  Room* Around(uint64_t offset) LLKV_REQUIRES(mutex_);
  void Carve(const Segment& segment) LLKV_REQUIRES(mutex_);
  void CountLog() LLKV_REQUIRES(mutex_);
  void ChooseCurrent() LLKV_REQUIRES(mutex_);
  arrow::Status CheckShape(const Segment& segment) const;

  StorageFile& file_;
  const uint64_t min_bytes_;
  const uint64_t max_bytes_;
  LiveStates states_;
  bool reuse_at_once_ = false;
  mutable Mutex mutex_;
  std::map<uint64_t, Room> segments_ LLKV_GUARDED_BY(mutex_);
  // The data segment that small entries go to; 0 for none.
  uint64_t current_data_ LLKV_GUARDED_BY(mutex_) = 0;
  std::vector<Segment> unlogged_ LLKV_GUARDED_BY(mutex_);
  uint64_t durable_sequence_ LLKV_GUARDED_BY(mutex_) = 0;
  std::function<uint64_t()> oldest_pin_ LLKV_GUARDED_BY(mutex_);
  bool may_punch_ LLKV_GUARDED_BY(mutex_);
  std::atomic<bool> has_unlogged_{false};
  std::atomic<int> log_readers_{0};
  std::atomic<uint64_t> garbage_bytes_{0};
  std::atomic<uint64_t> log_bytes_{0};
  // Of data segments; under mutex_ but for reading.
  std::atomic<uint64_t> live_bytes_{0};
};

}  // namespace llkv::file
