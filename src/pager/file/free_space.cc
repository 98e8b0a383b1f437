// SegmentSpace: freeing segments, the rules by which free room is used again, and giving it back to the filesystem.
//
// Amounts are measured in the smallest segment: a file without live data may keep some tens of them.
#include <arrow/result.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "pager/file/held_buffers.h"
#include "pager/file/segment_space.h"

namespace llkv::file {

namespace {

// A checkpoint is due when so many smallest segments, or an eighth of the live bytes, became dead.
constexpr uint64_t kGarbageUnits = 16;
// Segments that wait for a checkpoint are worth one from here on.
constexpr uint64_t kWaitingUnits = 4;
// Compaction keeps the unused part of data segments below this and a quarter of the live bytes,
constexpr uint64_t kSparseUnits = 8;
// the free part of the file below this and half of them,
constexpr uint64_t kFreeUnits = 16;
// and commits help where all of it is more than this and the live bytes.
constexpr uint64_t kDangerUnits = 48;
// Free room that keeps its place on the disk, so that it can be used at once.
constexpr uint64_t kReserveUnits = 16;

}  // namespace

class SegmentSpace::Pins {
 public:
  explicit Pins(const SegmentSpace& space) LLKV_REQUIRES(space.mutex_)
      : states_(space.states_), foreign_pin_(space.oldest_pin_) {}

  uint64_t oldest_state() {
    if (!oldest_state_) oldest_state_ = states_.Oldest();
    return *oldest_state_;
  }
  uint64_t oldest_foreign() {
    if (!oldest_foreign_) oldest_foreign_ = foreign_pin_ ? foreign_pin_() : kNoLimit;
    return *oldest_foreign_;
  }

 private:
  const LiveStates& states_;
  const std::function<uint64_t()>& foreign_pin_;
  std::optional<uint64_t> oldest_state_;
  std::optional<uint64_t> oldest_foreign_;
};

void SegmentSpace::SetOldestPin(std::function<uint64_t()> oldest_pin) {
  MutexLock lock(mutex_);
  oldest_pin_ = std::move(oldest_pin);
}

bool SegmentSpace::IsUnpinned(const Room& room, Pins& pins) const {
  if (room.kind != SegmentKind::kFree || room.since >= durable_sequence_) return false;
  if (room.is_clear) return true;
  if (log_readers_.load(std::memory_order_acquire) > 0) return false;
  return pins.oldest_state() >= room.since_state && pins.oldest_foreign() >= room.since;
}

bool SegmentSpace::IsReusable(Room& room, Pins& pins) const {
  // The pins first: whoever makes a buffer over old bytes holds an old state until the buffer is counted.
  if (!IsUnpinned(room, pins)) return false;
  if (!room.is_clear && file_.held()->AnyIn(room.offset, room.end())) return false;
  room.is_clear = true;
  return true;
}

void SegmentSpace::SplitHeld() {
  Pins pins(*this);
  std::vector<Room> clear;
  for (auto& [offset, room] : segments_) {
    if (room.size < 2 * min_bytes_ || IsReusable(room, pins) || !IsUnpinned(room, pins)) continue;
    // Smaller parts are left to it, so that there are not many.
    for (uint64_t begin = offset; begin < room.end();) {
      const uint64_t end = file_.held()->FindHeld(begin, room.end());
      if (end - begin >= min_bytes_) {
        Room part = room;
        part.offset = begin;
        part.size = end - begin;
        part.is_clear = true;
        clear.push_back(part);
      }
      begin = file_.held()->FindUnheld(end, room.end());
    }
  }
  for (const Room& part : clear) {
    Carve(part);
    segments_.emplace(part.offset, part);
  }
}

arrow::Result<SegmentSpace::Room*> SegmentSpace::FindFree(uint64_t least, uint64_t wanted, uint64_t limit) {
  ARROW_ASSIGN_OR_RAISE(Room * room, FirstFit(least, wanted, limit));
  if (room != nullptr || least <= min_bytes_) return room;
  JoinClear(true);
  return FirstFit(least, wanted, limit);
}

arrow::Result<SegmentSpace::Room*> SegmentSpace::FirstFit(uint64_t least, uint64_t wanted, uint64_t limit) {
  // What is smaller than the smallest segment is left to entries that fill it.
  const uint64_t enough = std::max(least, std::min(wanted, min_bytes_));
  Pins pins(*this);
  for (auto& [offset, room] : segments_) {
    if (offset >= limit) break;
    if (room.size < enough || !IsReusable(room, pins)) continue;
    const uint64_t size = std::min(room.size, wanted);
    // Its room may have been punched, or never have been there.
    ARROW_RETURN_NOT_OK(file_.Allocate(offset, size));
    if (size < room.size) {
      Room rest = room;
      rest.offset += size;
      rest.size -= size;
      segments_.emplace(rest.offset, rest);
      room.size = size;
    }
    return &room;
  }
  return nullptr;
}

arrow::Status SegmentSpace::PrepareForLog(Room& room) {
  // The bytes of a blob could look like commits.
  const auto punched = may_punch_ ? file_.PunchHole(room.offset, room.size) : arrow::Result<bool>(false);
  if (!punched.ok() || !*punched) {
    const std::vector<uint8_t> zeros(std::min<uint64_t>(room.size, uint64_t{1} << 20), 0);
    for (uint64_t done = 0; done < room.size; done += zeros.size()) {
      const uint64_t step = std::min<uint64_t>(zeros.size(), room.size - done);
      ARROW_RETURN_NOT_OK(file_.Write(room.offset + done, {zeros.data(), step}));
    }
  }
  return file_.Allocate(room.offset, room.size);
}

void SegmentSpace::FreeLogSegments(uint64_t truncated_lsn, uint64_t log_offset, uint64_t sequence) {
  MutexLock lock(mutex_);
  // A log segment ends where the next one begins: its last commit is the one before the next one's first.
  std::vector<Room*> logs;
  for (auto& [offset, segment] : segments_) {
    if (segment.kind == SegmentKind::kLog) logs.push_back(&segment);
  }
  std::sort(logs.begin(), logs.end(), [](const Room* a, const Room* b) { return a->since < b->since; });
  for (size_t i = 0; i + 1 < logs.size(); ++i) {
    Room& log = *logs[i];
    if (log_offset >= log.offset && log_offset < log.end()) break;
    if (logs[i + 1]->since > truncated_lsn + 1) break;
    log.kind = SegmentKind::kFree;
    log.used = log.live = 0;
    log.since = sequence;
    log.since_state = 0;
    log.is_clear = false;
  }
  CountLog();
}

void SegmentSpace::FreeDataSegments(const FreeingCheckpoint& checkpoint, std::vector<Segment>* record) {
  MutexLock lock(mutex_);
  std::map<const Room*, uint64_t> replaced;
  for (const Extent& entry : checkpoint.replaced) {
    const uint64_t offset = entry.offset - sizeof(EntryHeader);
    if (const Room* room = Around(offset)) replaced[room] += EntryBytes(entry.length);
  }
  for (Segment& segment : *record) {
    if (segment.kind != SegmentKind::kData || segment.live != 0 || !checkpoint.known.contains(segment.offset)) continue;
    const auto found = segments_.find(segment.offset);
    if (found == segments_.end() || found->second.kind != SegmentKind::kData) continue;
    Room& room = found->second;
    // Nothing that came later is in it, or is to come.
    const auto gone = replaced.find(&room);
    if (room.in_flight != 0 || room.live != (gone == replaced.end() ? 0 : gone->second)) continue;
    if (room.offset == current_data_) {
      if (room.used * 2 < room.size) continue;
      current_data_ = 0;
    }
    live_bytes_.fetch_sub(room.live, std::memory_order_relaxed);
    Room free;
    free.offset = room.offset;
    free.size = room.size;
    free.since = checkpoint.sequence;
    free.since_state = checkpoint.state_lsn;
    free.is_stale = true;
    room = free;
    segment = free;
  }
}

void SegmentSpace::SetDurableSequence(uint64_t sequence) {
  MutexLock lock(mutex_);
  durable_sequence_ = sequence;
  JoinClear(false);
}

void SegmentSpace::JoinClear(bool with_punched) {
  SplitHeld();
  Pins pins(*this);
  Room* before = nullptr;
  for (auto at = segments_.begin(); at != segments_.end();) {
    Room& room = at->second;
    if (!IsReusable(room, pins)) {
      before = nullptr;
      ++at;
      continue;
    }
    if (before == nullptr || (before->is_punched != room.is_punched && !with_punched)) {
      before = &room;
      ++at;
      continue;
    }
    before->size += room.size;
    before->since = std::max(before->since, room.since);
    before->since_state = std::max(before->since_state, room.since_state);
    before->is_stale = before->is_stale || room.is_stale;
    before->is_punched = before->is_punched && room.is_punched;
    at = segments_.erase(at);
  }
}

uint64_t SegmentSpace::LiveDataLocked() const { return live_bytes_.load(std::memory_order_relaxed); }

uint64_t SegmentSpace::live_data_bytes() const { return live_bytes_.load(std::memory_order_relaxed); }

uint64_t SegmentSpace::ClearBytes() const {
  uint64_t bytes = 0;
  for (const auto& [offset, room] : segments_) {
    if (room.kind == SegmentKind::kFree && room.is_clear) bytes += room.size;
  }
  return bytes;
}

bool SegmentSpace::GarbageIsDue() const {
  return garbage_bytes() >= std::max(kGarbageUnits * min_bytes_, live_data_bytes() / 8);
}

bool SegmentSpace::IsCheckpointDue() const {
  MutexLock lock(mutex_);
  uint64_t waiting = 0;
  for (const auto& [offset, room] : segments_) {
    if (room.kind == SegmentKind::kFree && room.since >= durable_sequence_) waiting += room.size;
    const bool is_empty = room.kind == SegmentKind::kData && (room.live == 0 || room.is_drained) && !room.is_kept;
    if (is_empty && room.in_flight == 0 && offset != current_data_) waiting += room.size;
  }
  return waiting >= std::max(kWaitingUnits * min_bytes_, LiveDataLocked() / 8);
}

bool SegmentSpace::IsInDanger() const {
  const uint64_t live = live_data_bytes();
  const uint64_t needed = live + log_bytes() + kHeaderBytes;
  return file_.size() > needed && file_.size() - needed > live + kDangerUnits * min_bytes_;
}

std::optional<Victim> SegmentSpace::ChooseVictim() {
  MutexLock lock(mutex_);
  const uint64_t live = LiveDataLocked();
  uint64_t unused = 0;
  const Room* best = nullptr;
  const Room* last = nullptr;
  for (const auto& [offset, room] : segments_) {
    if (room.kind != SegmentKind::kData || room.is_kept || room.is_drained) continue;
    const bool movable = room.in_flight == 0 && room.live > 0;
    if (movable) last = &room;
    if (offset == current_data_) continue;
    unused += room.size - std::min(room.size, room.live);
    if (!movable || room.live * 2 > room.size) continue;
    // The fewest bytes to copy for what it frees: by live / size.
    const auto rank = [](const Room& r) { return static_cast<double>(r.live) / static_cast<double>(r.size); };
    if (best == nullptr || rank(room) < rank(*best)) best = &room;
  }
  if (best != nullptr && unused > live / 4 + kSparseUnits * min_bytes_) {
    return Victim{*best, kNoLimit, best->scanned};
  }
  if (last == nullptr || ClearBytes() <= live / 2 + kFreeUnits * min_bytes_) return std::nullopt;
  // Much is free, but not where the file could end: empty its last segment.
  for (const auto& [offset, room] : segments_) {
    if (offset >= last->offset) break;
    if (room.kind != SegmentKind::kFree || !room.is_clear || room.size < min_bytes_) continue;
    if (current_data_ == last->offset) current_data_ = 0;
    return Victim{*last, last->offset, last->scanned};
  }
  return std::nullopt;
}

void SegmentSpace::SetScanned(uint64_t offset, uint64_t scanned) {
  MutexLock lock(mutex_);
  const auto found = segments_.find(offset);
  if (found == segments_.end() || found->second.kind != SegmentKind::kData) return;
  found->second.scanned = scanned;
  found->second.is_drained = scanned >= found->second.used;
}

std::vector<Segment> SegmentSpace::TakeUndrainable(uint64_t record_offset) {
  MutexLock lock(mutex_);
  std::vector<Segment> segments;
  for (auto& [offset, room] : segments_) {
    if (room.kind != SegmentKind::kData || !room.is_drained || room.live == 0) continue;
    room.is_drained = false;
    // The newest checkpoint record moves with the next checkpoint.
    if (record_offset >= offset && record_offset < room.end()) continue;
    room.is_kept = true;
    segments.push_back(room);
  }
  return segments;
}

arrow::Result<bool> SegmentSpace::CutEnd() {
  if (segments_.empty()) return false;
  const Room& last = segments_.rbegin()->second;
  uint64_t end = last.end();
  for (auto at = segments_.rbegin(); at != segments_.rend(); ++at) {
    if (at->second.kind != SegmentKind::kFree || !at->second.is_clear) break;
    end = at->first;
  }
  if (last.end() - end < std::max(kWaitingUnits * min_bytes_, file_.size() / 16)) return false;
  ARROW_RETURN_NOT_OK(file_.Truncate(end));
  segments_.erase(segments_.lower_bound(end), segments_.end());
  return true;
}

arrow::Result<bool> SegmentSpace::PunchHoles() {
  uint64_t reserve = std::max(kReserveUnits * min_bytes_, LiveDataLocked() / 4);
  bool punched_any = false;
  for (auto& [offset, room] : segments_) {
    if (!may_punch_) break;
    if (room.kind != SegmentKind::kFree || !room.is_clear || room.is_punched) continue;
    if (room.size <= reserve) {
      reserve -= room.size;
      continue;
    }
    if (reserve >= min_bytes_) {
      // Its first part stays; the loop comes to the rest.
      Room rest = room;
      rest.offset += reserve / kPageBytes * kPageBytes;
      rest.size -= rest.offset - room.offset;
      room.size -= rest.size;
      reserve = 0;
      segments_.emplace(rest.offset, rest);
      continue;
    }
    reserve = 0;
    ARROW_ASSIGN_OR_RAISE(may_punch_, file_.PunchHole(room.offset, room.size));
    if (!may_punch_) break;
    room.is_punched = true;
    room.is_stale = false;
    punched_any = true;
  }
  return punched_any;
}

arrow::Result<bool> SegmentSpace::GiveBack() {
  MutexLock lock(mutex_);
  JoinClear(false);
  ARROW_ASSIGN_OR_RAISE(const bool cut, CutEnd());
  ARROW_ASSIGN_OR_RAISE(const bool punched, PunchHoles());
  return cut || punched;
}

arrow::Status SegmentSpace::TrimEnd() {
  MutexLock lock(mutex_);
  if (segments_.empty() || segments_.rbegin()->second.kind != SegmentKind::kData) return arrow::Status::OK();
  Room& last = segments_.rbegin()->second;
  last.size = std::max(kPageBytes, RoundUp(last.used, kPageBytes));
  return file_.Truncate(last.end());
}

SpaceUse SegmentSpace::Use() const {
  MutexLock lock(mutex_);
  SpaceUse use;
  use.live = kHeaderBytes;
  const uint64_t oldest = states_.Oldest();
  for (const auto& [offset, room] : segments_) {
    ++use.num_segments;
    if (room.kind == SegmentKind::kLog) {
      use.log += room.size;
      use.live += room.size;
    } else if (room.kind == SegmentKind::kData) {
      const uint64_t needed = std::min(room.used, room.live + room.in_flight);
      use.live += needed;
      use.dead += room.used - needed;
      use.free += room.size - room.used;
    } else if (room.since >= durable_sequence_) {
      use.dead += room.size;
    } else if (room.is_clear || (oldest >= room.since_state && !file_.held()->AnyIn(room.offset, room.end()))) {
      use.free += room.size;
    } else {
      use.pinned += room.size;
    }
  }
  // A file that is opened read-only may be longer, or shorter where its end is free.
  const uint64_t end = EndLocked();
  const uint64_t size = file_.size();
  if (size > end) use.free += size - end;
  if (size < end) use.free -= std::min(use.free, end - size);
  return use;
}

}  // namespace llkv::file
