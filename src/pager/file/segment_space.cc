// SegmentSpace: first fit in free segments, else growth at the file's end.
#include "pager/file/segment_space.h"

#include <arrow/result.h>

#include <algorithm>
#include <bit>
#include <string>

#include "base/error.h"

namespace llkv::file {

arrow::Status SegmentSpace::CheckShape(const Segment& segment) const {
  const uint64_t limit = file_.mapping()->capacity();
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
  for (const auto& [offset, segment] : segments_) {
    if (segment.kind == SegmentKind::kData && segment.size <= max_bytes_) current_data_ = offset;
  }
  return arrow::Status::OK();
}

arrow::Result<bool> SegmentSpace::AddKnown(const Segment& segment) {
  ARROW_RETURN_NOT_OK(CheckShape(segment));
  MutexLock lock(mutex_);
  const auto next = segments_.lower_bound(segment.offset);
  const auto overlap = [&](const Segment& other) {
    return Corrupted("'" + file_.path() + "': the segments at bytes " + std::to_string(segment.offset) + " and " +
                     std::to_string(other.offset) + " overlap");
  };
  if (next != segments_.end() && next->first == segment.offset && next->second.size == segment.size &&
      next->second.kind == segment.kind) {
    return false;
  }
  // A commit may have taken (part of) a segment that was free at the checkpoint.
  if (Segment* around = Around(segment.offset); around != nullptr) {
    if (around->kind != SegmentKind::kFree || segment.end() > around->end()) return overlap(*around);
    const Segment whole = *around;
    segments_.erase(whole.offset);
    const auto keep = [&](uint64_t from, uint64_t to) LLKV_REQUIRES(mutex_) {
      if (from == to) return;
      Segment rest = whole;
      rest.offset = from;
      rest.size = to - from;
      segments_.emplace(from, rest);
    };
    keep(whole.offset, segment.offset);
    keep(segment.end(), whole.end());
  } else if (next != segments_.end() && next->first < segment.end()) {
    return overlap(next->second);
  }
  segments_.emplace(segment.offset, segment);
  if (segment.kind == SegmentKind::kData && segment.size <= max_bytes_) current_data_ = segment.offset;
  return true;
}

void SegmentSpace::AdoptGaps() {
  MutexLock lock(mutex_);
  uint64_t position = kHeaderBytes;
  std::vector<Segment> gaps;
  for (const auto& [offset, segment] : segments_) {
    if (offset > position) {
      Segment gap;
      gap.offset = position;
      gap.size = offset - position;
      gaps.push_back(gap);
    }
    position = segment.end();
  }
  for (const Segment& gap : gaps) segments_.emplace(gap.offset, gap);
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

arrow::Result<Segment> SegmentSpace::NewSegment(SegmentKind kind, uint64_t bytes, uint64_t wanted) {
  const uint64_t least = RoundUp(bytes, kPageBytes);
  wanted = std::max(least, wanted);
  Segment fresh;
  fresh.kind = kind;
  if (log_readers_.load(std::memory_order_acquire) == 0) {
    for (auto& [offset, segment] : segments_) {
      if (segment.kind != SegmentKind::kFree || segment.size < least || segment.since >= durable_sequence_) continue;
      const Segment whole = segment;
      fresh.offset = whole.offset;
      fresh.size = std::min(whole.size, wanted);
      // Its room may have been punched, or never have been there.
      ARROW_RETURN_NOT_OK(file_.Allocate(fresh.offset, fresh.size));
      if (fresh.size < whole.size) {
        Segment rest = whole;
        rest.offset += fresh.size;
        rest.size -= fresh.size;
        segments_.emplace(rest.offset, rest);
      }
      segments_[fresh.offset] = fresh;
      return fresh;
    }
  }
  fresh.offset = EndLocked();
  fresh.size = wanted;
  arrow::Status status = file_.Allocate(fresh.offset, fresh.size);
  if (!status.ok() && GetSqlState(status) == sqlstate::kDiskFull && wanted > std::max(least, min_bytes_)) {
    fresh.size = std::max(least, min_bytes_);
    status = file_.Allocate(fresh.offset, fresh.size);
  }
  ARROW_RETURN_NOT_OK(status);
  segments_.emplace(fresh.offset, fresh);
  return fresh;
}

arrow::Result<uint64_t> SegmentSpace::AllocateData(uint64_t bytes) {
  MutexLock lock(mutex_);
  if (current_data_ != 0) {
    Segment& current = segments_[current_data_];
    if (bytes <= current.size - current.used) {
      const uint64_t offset = current.offset + current.used;
      current.used += bytes;
      return offset;
    }
  }
  const uint64_t grown = GrownSize(SegmentKind::kData);
  // What would leave much of a shared segment unused gets its own.
  const bool own = bytes > grown / 4;
  ARROW_ASSIGN_OR_RAISE(const Segment fresh, NewSegment(SegmentKind::kData, bytes, own ? 0 : grown));
  segments_[fresh.offset].used = bytes;
  if (!own) current_data_ = fresh.offset;
  unlogged_.push_back(fresh);
  has_unlogged_.store(true, std::memory_order_release);
  return fresh.offset;
}

arrow::Result<Segment> SegmentSpace::AllocateLog(uint64_t bytes, uint64_t first_lsn) {
  MutexLock lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(Segment fresh, NewSegment(SegmentKind::kLog, bytes, GrownSize(SegmentKind::kLog)));
  fresh.since = first_lsn;
  segments_[fresh.offset] = fresh;
  return fresh;
}

void SegmentSpace::Abandon(uint64_t offset) {
  MutexLock lock(mutex_);
  Segment& segment = segments_[offset];
  segment.kind = SegmentKind::kFree;
  segment.used = segment.live = segment.since = 0;
  if (current_data_ == offset) current_data_ = 0;
}

Segment* SegmentSpace::Around(uint64_t offset) {
  auto after = segments_.upper_bound(offset);
  if (after == segments_.begin()) return nullptr;
  Segment& segment = std::prev(after)->second;
  return offset < segment.end() ? &segment : nullptr;
}

void SegmentSpace::Release(uint64_t offset, uint64_t bytes) {
  MutexLock lock(mutex_);
  Segment* segment = Around(offset);
  if (segment != nullptr && segment->offset + segment->used == offset + bytes) segment->used -= bytes;
}

void SegmentSpace::AddLive(uint64_t offset, uint64_t bytes) {
  MutexLock lock(mutex_);
  if (Segment* segment = Around(offset)) segment->live += bytes;
}

void SegmentSpace::SubtractLive(uint64_t offset, uint64_t bytes) {
  MutexLock lock(mutex_);
  if (Segment* segment = Around(offset)) segment->live -= std::min(segment->live, bytes);
}

void SegmentSpace::ExtendUsed(uint64_t offset, uint64_t end) {
  MutexLock lock(mutex_);
  if (Segment* segment = Around(offset)) segment->used = std::max(segment->used, end - segment->offset);
}

std::vector<Segment> SegmentSpace::Unlogged() const {
  MutexLock lock(mutex_);
  return unlogged_;
}

void SegmentSpace::MarkLogged(const std::vector<Segment>& logged) {
  MutexLock lock(mutex_);
  std::erase_if(unlogged_, [&](const Segment& segment) {
    return std::any_of(logged.begin(), logged.end(), [&](const Segment& l) { return l.offset == segment.offset; });
  });
  has_unlogged_.store(!unlogged_.empty(), std::memory_order_release);
}

void SegmentSpace::FreeLogSegments(uint64_t truncated_lsn, uint64_t log_offset, uint64_t sequence) {
  MutexLock lock(mutex_);
  // A log segment ends where the next one begins: its last commit is the one before the next one's first.
  std::vector<Segment*> logs;
  for (auto& [offset, segment] : segments_) {
    if (segment.kind == SegmentKind::kLog) logs.push_back(&segment);
  }
  std::sort(logs.begin(), logs.end(), [](const Segment* a, const Segment* b) { return a->since < b->since; });
  for (size_t i = 0; i + 1 < logs.size(); ++i) {
    Segment& log = *logs[i];
    if (log_offset >= log.offset && log_offset < log.end()) break;
    if (logs[i + 1]->since > truncated_lsn + 1) break;
    log.kind = SegmentKind::kFree;
    log.used = log.live = 0;
    log.since = sequence;
  }
}

void SegmentSpace::SetDurableSequence(uint64_t sequence) {
  MutexLock lock(mutex_);
  durable_sequence_ = sequence;
}

std::vector<Segment> SegmentSpace::Segments() const {
  MutexLock lock(mutex_);
  std::vector<Segment> segments;
  segments.reserve(segments_.size());
  for (const auto& [offset, segment] : segments_) segments.push_back(segment);
  return segments;
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
