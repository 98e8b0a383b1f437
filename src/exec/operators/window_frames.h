// Frames: which rows of its partition a row's function looks at. Rows are numbers within a chunk (window_chunk.h).
#pragma once

#include <algorithm>
#include <cstdint>

#include "plan/logical_plan.h"

namespace llkv {

/// A frame with the values of its bounds.
struct ResolvedFrame {
  /// Beyond any partition, and far from overflow.
  static constexpr int64_t kMaxOffset = INT64_MAX / 4;
  bool is_range = true;
  FrameBound::Kind start = FrameBound::Kind::kUnboundedPreceding;
  FrameBound::Kind end = FrameBound::Kind::kCurrentRow;
  int64_t start_offset = 0;
  int64_t end_offset = 0;
};

/// Rows from `begin` to before `end`.
struct RowRange {
  int64_t begin = 0;
  int64_t end = 0;
};

/// The frame of `row`; an empty one has begin == end within the partition.
inline RowRange FrameOf(const ResolvedFrame& frame, const RowRange& partition, const RowRange& peers, int64_t row) {
  using Kind = FrameBound::Kind;
  RowRange range = partition;
  switch (frame.start) {
    case Kind::kPreceding:
      range.begin = std::max(partition.begin, row - frame.start_offset);
      break;
    case Kind::kCurrentRow:
      range.begin = frame.is_range ? peers.begin : row;
      break;
    case Kind::kFollowing:
      range.begin = std::min(partition.end, row + frame.start_offset);
      break;
    default:
      break;
  }
  switch (frame.end) {
    case Kind::kPreceding:
      range.end = std::max(partition.begin, row - frame.end_offset + 1);
      break;
    case Kind::kCurrentRow:
      range.end = frame.is_range ? peers.end : row + 1;
      break;
    case Kind::kFollowing:
      range.end = std::min(partition.end, row + frame.end_offset + 1);
      break;
    default:
      break;
  }
  range.end = std::max(range.begin, range.end);
  return range;
}

}  // namespace llkv
