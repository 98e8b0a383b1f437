// SegmentSpace: first fit in free segments, else growth at the file's end; counting what is live.
#include "pager/file/segment_space.h"

#include <arrow/result.h>

#include <algorithm>
#include <bit>
#include <string>

#include "base/error.h"

namespace llkv::file {

arrow::Status SegmentSpace::CheckShape(const Segment& segment) const {
  const uint64_t limit = file_.capacity();
  const bool right = segment.offset >= kHeaderBytes && segment.offset % kPageBytes == 0 && segment.size > 0 &&
                     segment.size % kPageBytes == 0 && segment.offset <= limit &&
                     segment.size <= limit - segment.offset && segment.used <= segment.size &&
                     segment.kind <= SegmentKind::kLog;
  if (right) return arrow::Status::OK();
  return Corrupted("'" + file_.path() + "': the segment at byte " + std::to_string(segment.offset) +
                   " has an impossible shape");
}

arrow::Status SegmentSpace::Load(const std::vector<Segment>& segments) {
  {
    // What an earlier try to open left.
    MutexLock lock(mutex_);
    segments_.clear();
    current_data_ = 0;
  }
  for (const Segment& segment : segments) ARROW_RETURN_NOT_OK(AddKnown(segment).status());
  MutexLock lock(mutex_);
  ChooseCurrent();
  return arrow::Status::OK();
}

void SegmentSpace::ChooseCurrent() {
  uint64_t most = 0;
  for (const auto& [offset, segment] : segments_) {
    if (segment.kind != SegmentKind::kData || segment.size > max_bytes_) continue;
    if (segment.size - segment.used <= most) continue;
    most = segment.size - segment.used;
    current_data_ = offset;
  }
}

void SegmentSpace::Carve(const Segment& segment) {
  auto at = segments_.upper_bound(segment.offset);
  if (at != segments_.begin()) --at;
  while (at != segments_.end() && at->first < segment.end()) {
    const Room whole = at->second;
    if (whole.end() <= segment.offset) {
      ++at;
      continue;
    }
    at = segments_.erase(at);
    const auto keep = [&](uint64_t from, uint64_t to) LLKV_REQUIRES(mutex_) {
      if (from >= to) return;
      Room rest = whole;
      rest.offset = from;
      rest.size = to - from;
      segments_.emplace(from, rest);
    };
    keep(whole.offset, segment.offset);
    keep(segment.end(), whole.end());
  }
}

arrow::Result<bool> SegmentSpace::AddKnown(const Segment& segment) {
  ARROW_RETURN_NOT_OK(CheckShape(segment));
  MutexLock lock(mutex_);
  const auto same = segments_.find(segment.offset);
  if (same != segments_.end() && same->second.size == segment.size && same->second.kind == segment.kind) return false;
  // A commit may have taken (parts of) segments that were free at the checkpoint, and only of those.
  auto at = segments_.upper_bound(segment.offset);
  if (at != segments_.begin()) --at;
  for (; at != segments_.end() && at->first < segment.end(); ++at) {
    if (at->second.end() <= segment.offset || at->second.kind == SegmentKind::kFree) continue;
    return Corrupted("'" + file_.path() + "': the segments at bytes " + std::to_string(segment.offset) + " and " +
                     std::to_string(at->first) + " overlap");
  }
  Carve(segment);
  Room room;
  static_cast<Segment&>(room) = segment;
  room.is_stale = segment.kind != SegmentKind::kLog;
  segments_.emplace(segment.offset, room);
  if (segment.kind == SegmentKind::kData) live_bytes_.fetch_add(segment.live, std::memory_order_relaxed);
  if (segment.kind == SegmentKind::kData && segment.size <= max_bytes_) current_data_ = segment.offset;
  CountLog();
  return true;
}

void SegmentSpace::AdoptGaps() {
  MutexLock lock(mutex_);
  uint64_t position = kHeaderBytes;
  std::vector<Room> gaps;
  for (const auto& [offset, segment] : segments_) {
    if (offset > position) {
      Room gap;
      gap.offset = position;
      gap.size = offset - position;
      gap.is_stale = true;
      gaps.push_back(gap);
    }
    position = segment.end();
  }
  for (const Room& gap : gaps) segments_.emplace(gap.offset, gap);
  while (!segments_.empty()) {
    Room& last = segments_.rbegin()->second;
    if (last.kind != SegmentKind::kFree || last.end() <= file_.size()) break;
    const uint64_t end = RoundUp(file_.size(), kPageBytes);
    if (last.offset >= end) {
      segments_.erase(last.offset);
    } else {
      last.size = std::min(last.size, end - last.offset);
      break;
    }
  }
}

uint64_t SegmentSpace::EndLocked() const { return segments_.empty() ? kHeaderBytes : segments_.rbegin()->second.end(); }

uint64_t SegmentSpace::end() const {
  MutexLock lock(mutex_);
  return EndLocked();
}

uint64_t SegmentSpace::GrownSize(SegmentKind kind) const {
  uint64_t total = 0;
  for (const auto& [offset, segment] : segments_) {
    if (segment.kind == kind) total += segment.size;
  }
  // A quarter of what there is, so that the unused end stays a small part of the file.
  return std::clamp(std::bit_floor(std::max<uint64_t>(total / 4, 1)), min_bytes_, max_bytes_);
}

arrow::Result<SegmentSpace::Room*> SegmentSpace::NewSegment(SegmentKind kind, uint64_t bytes, uint64_t wanted,
                                                            uint64_t limit) {
  const uint64_t least = RoundUp(bytes, kPageBytes);
  wanted = std::max(least, wanted);
  ARROW_ASSIGN_OR_RAISE(Room * room, FindFree(least, wanted, limit));
  if (room == nullptr && limit != kNoLimit) return nullptr;
  if (room == nullptr) {
    Room fresh;
    fresh.offset = EndLocked();
    fresh.size = wanted;
    arrow::Status status = file_.Allocate(fresh.offset, fresh.size);
    if (!status.ok() && GetSqlState(status) == sqlstate::kDiskFull && wanted > std::max(least, min_bytes_)) {
      fresh.size = std::max(least, min_bytes_);
      status = file_.Allocate(fresh.offset, fresh.size);
    }
    ARROW_RETURN_NOT_OK(status);
    room = &segments_.emplace(fresh.offset, fresh).first->second;
  }
  if (kind == SegmentKind::kLog && room->is_stale) ARROW_RETURN_NOT_OK(PrepareForLog(*room));
  Room fresh;
  fresh.offset = room->offset;
  fresh.size = room->size;
  fresh.kind = kind;
  fresh.is_stale = kind == SegmentKind::kData;
  *room = fresh;
  return room;
}

arrow::Result<uint64_t> SegmentSpace::AllocateData(uint64_t bytes, uint64_t limit) {
  MutexLock lock(mutex_);
  if (current_data_ != 0 && current_data_ < limit) {
    Room& current = segments_[current_data_];
    if (bytes <= current.size - current.used) {
      const uint64_t offset = current.offset + current.used;
      current.used += bytes;
      current.in_flight += bytes;
      return offset;
    }
  }
  const uint64_t grown = GrownSize(SegmentKind::kData);
  // What would leave much of a shared segment unused gets its own.
  const bool own = bytes > grown / 4;
  ARROW_ASSIGN_OR_RAISE(Room * fresh, NewSegment(SegmentKind::kData, bytes, own ? 0 : grown, limit));
  if (fresh == nullptr) return 0;
  if (!own) {
    const auto current = segments_.find(current_data_);
    if (current != segments_.end()) {
      garbage_bytes_.fetch_add(current->second.size - current->second.used, std::memory_order_relaxed);
    }
    current_data_ = fresh->offset;
  }
  unlogged_.push_back(*fresh);
  has_unlogged_.store(true, std::memory_order_release);
  fresh->used = fresh->in_flight = bytes;
  return fresh->offset;
}

arrow::Result<Segment> SegmentSpace::AllocateLog(uint64_t bytes, uint64_t first_lsn) {
  MutexLock lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(Room * fresh, NewSegment(SegmentKind::kLog, bytes, GrownSize(SegmentKind::kLog), kNoLimit));
  fresh->since = first_lsn;
  CountLog();
  return *fresh;
}

void SegmentSpace::Abandon(uint64_t offset) {
  MutexLock lock(mutex_);
  Room& segment = segments_[offset];
  if (segment.kind == SegmentKind::kData) live_bytes_.fetch_sub(segment.live, std::memory_order_relaxed);
  segment.kind = SegmentKind::kFree;
  segment.used = segment.live = segment.since = segment.since_state = segment.in_flight = 0;
  if (current_data_ == offset) current_data_ = 0;
  CountLog();
}

SegmentSpace::Room* SegmentSpace::Around(uint64_t offset) {
  auto after = segments_.upper_bound(offset);
  if (after == segments_.begin()) return nullptr;
  Room& segment = std::prev(after)->second;
  return offset < segment.end() ? &segment : nullptr;
}

void SegmentSpace::Release(uint64_t offset, uint64_t bytes) {
  MutexLock lock(mutex_);
  Room* segment = Around(offset);
  if (segment == nullptr || bytes == 0) return;
  segment->in_flight -= std::min(segment->in_flight, bytes);
  if (segment->offset + segment->used == offset + bytes) {
    segment->used -= bytes;
  } else {
    garbage_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
}

void SegmentSpace::Drop(uint64_t offset, uint64_t bytes) {
  MutexLock lock(mutex_);
  Room* segment = Around(offset);
  if (segment == nullptr) return;
  segment->in_flight -= std::min(segment->in_flight, bytes);
  garbage_bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

void SegmentSpace::MakeLive(uint64_t offset, uint64_t bytes) {
  MutexLock lock(mutex_);
  Room* segment = Around(offset);
  if (segment == nullptr) return;
  segment->in_flight -= std::min(segment->in_flight, bytes);
  segment->live += bytes;
  live_bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

void SegmentSpace::AddLive(uint64_t offset, uint64_t bytes) {
  MutexLock lock(mutex_);
  Room* segment = Around(offset);
  if (segment == nullptr) return;
  segment->live += bytes;
  live_bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

void SegmentSpace::SubtractLive(uint64_t offset, uint64_t bytes) {
  MutexLock lock(mutex_);
  Room* segment = Around(offset);
  if (segment == nullptr || segment->kind != SegmentKind::kData) return;
  const uint64_t less = std::min(segment->live, bytes);
  segment->live -= less;
  live_bytes_.fetch_sub(less, std::memory_order_relaxed);
  garbage_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (reuse_at_once_ && segment->live == 0 && segment->in_flight == 0 && segment->offset != current_data_) {
    segment->kind = SegmentKind::kFree;
    segment->used = segment->since = 0;
  }
}

void SegmentSpace::ExtendUsed(uint64_t offset, uint64_t end) {
  MutexLock lock(mutex_);
  if (Room* segment = Around(offset)) segment->used = std::max(segment->used, end - segment->offset);
}

std::vector<Segment> SegmentSpace::Unlogged() const {
  MutexLock lock(mutex_);
  return unlogged_;
}

void SegmentSpace::MarkLogged(const std::vector<Segment>& logged) {
  MutexLock lock(mutex_);
  std::erase_if(unlogged_, [&](const Segment& segment) {
    return std::any_of(logged.begin(), logged.end(),
                       [&](const Segment& l) { return l.kind == SegmentKind::kData && l.offset == segment.offset; });
  });
  has_unlogged_.store(!unlogged_.empty(), std::memory_order_release);
}

std::vector<Segment> SegmentSpace::Segments() const {
  MutexLock lock(mutex_);
  std::vector<Segment> segments;
  segments.reserve(segments_.size());
  for (const auto& [offset, segment] : segments_) segments.push_back(segment);
  return segments;
}

void SegmentSpace::CountLog() {
  uint64_t bytes = 0;
  for (const auto& [offset, segment] : segments_) {
    if (segment.kind == SegmentKind::kLog) bytes += segment.size;
  }
  log_bytes_.store(bytes, std::memory_order_relaxed);
}

Segment SegmentSpace::FindLog(uint64_t after) const {
  MutexLock lock(mutex_);
  Segment best;
  Segment first;
  for (const auto& [offset, segment] : segments_) {
    if (segment.kind != SegmentKind::kLog) continue;
    if (first.offset == 0 || segment.since < first.since) first = segment;
    if (segment.since <= after + 1 && (best.offset == 0 || segment.since > best.since)) best = segment;
  }
  return best.offset != 0 ? best : first;
}

Segment SegmentSpace::FindAround(uint64_t offset) const {
  MutexLock lock(mutex_);
  const auto after = segments_.upper_bound(offset);
  if (after == segments_.begin()) return {};
  const Segment& segment = std::prev(after)->second;
  return offset < segment.end() ? segment : Segment{};
}

}  // namespace llkv::file
