// Building the bitmap, its ranks, and the rows in their order.
#include "exec/operators/dense_join_table.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/cpu_dispatch.h"
#include "vector/row_layout_types.h"

namespace llkv {
namespace {

/// A bitmap of more values a row than this would be larger than a hash table.
constexpr uint64_t kMaxValuesPerRow = 64;
/// The bitmap is filled by one thread.
constexpr int64_t kMaxEntries = int64_t{1} << 26;
/// Beyond, columns fit no cache however narrow they are.
constexpr int64_t kMaxNarrowedEntries = int64_t{1} << 23;

/// Where all values of an integer column lie: the least one's bits, and how far the greatest is from it.
struct ValueSpan {
  bool known = false;
  uint64_t base = 0;
  uint64_t span = 0;
};

template <typename T>
ValueSpan FindSpan(std::span<const std::unique_ptr<JoinBuildLane>> lanes, const RowLayout& layout, size_t column,
                   const StopToken& stop) {
  T min = std::numeric_limits<T>::max();
  T max = std::numeric_limits<T>::min();
  const uint32_t offset = layout.offset(column);
  for (const auto& lane : lanes) {
    const uint32_t width = lane->rows.row_width();
    for (const RowStorage::Page& page : lane->rows.pages()) {
      if (stop.stop_requested()) return {};
      const uint8_t* row = page.data;
      for (uint32_t i = 0; i < page.num_rows; ++i, row += width) {
        T value;
        std::memcpy(&value, row + offset, sizeof(T));
        const bool valid = layout.IsValid(row, column);
        min = valid && value < min ? value : min;
        max = valid && value > max ? value : max;
      }
    }
  }
  if (max < min) return {};
  return {true, static_cast<uint64_t>(min), static_cast<uint64_t>(max) - static_cast<uint64_t>(min)};
}

/// Nothing is known of types that are no integers of at most 64 bits, nor once it is told to stop.
ValueSpan FindSpan(std::span<const std::unique_ptr<JoinBuildLane>> lanes, const RowLayout& layout, size_t column,
                   const StopToken& stop) {
  const PhysicalType physical = layout.types()[column].physical();
  if (!IsPhysicalInteger(physical)) return {};
  return VisitIntegerType(physical, [&](auto tag) -> ValueSpan {
    using T = typename decltype(tag)::Type;
    if constexpr (std::is_same_v<T, int128_t>) {
      return {};
    } else {
      return FindSpan<T>(lanes, layout, column, stop);
    }
  });
}

int64_t WidthOfSpan(uint64_t span) {
  if (span <= std::numeric_limits<uint8_t>::max()) return 1;
  if (span <= std::numeric_limits<uint16_t>::max()) return 2;
  return span <= std::numeric_limits<uint32_t>::max() ? 4 : 8;
}

}  // namespace

void DenseJoinTable::Reset() {
  block_memory_.reset();
  row_memory_.reset();
  null_memory_.reset();
  columns_.clear();
  has_nulls_.store(false, std::memory_order_relaxed);
  blocks_ = nullptr;
  rows_ = nullptr;
  null_bits_ = nullptr;
}

bool DenseJoinTable::SetBits(std::span<const std::unique_ptr<JoinBuildLane>> lanes, const StopToken& stop) {
  const bool may_repeat = wants_ == Wants::kPresence;
  for (const auto& lane : lanes) {
    for (const PoolArray<JoinEntry>& entries : lane->entries) {
      if (stop.stop_requested()) return false;
      uint64_t repeated = 0;
      for (const JoinEntry& entry : entries) {
        const uint64_t offset = entry.key - min_;
        uint64_t& bits = blocks_[offset / 64].bits;
        const uint64_t bit = uint64_t{1} << (offset % 64);
        repeated |= bits & bit;
        bits |= bit;
      }
      if (repeated != 0 && !may_repeat) return false;
    }
  }
  return true;
}

arrow::Result<bool> DenseJoinTable::TryBuild(std::span<const std::unique_ptr<JoinBuildLane>> lanes, int64_t num_entries,
                                             Wants wants, const RowLayout& layout, arrow::MemoryPool* pool,
                                             const StopToken& stop) {
  if (num_entries == 0 || num_entries > kMaxEntries) return false;
  int64_t min = std::numeric_limits<int64_t>::max();
  int64_t max = std::numeric_limits<int64_t>::min();
  for (const auto& lane : lanes) {
    min = std::min(min, lane->min_key);
    max = std::max(max, lane->max_key);
  }
  min_ = static_cast<uint64_t>(min);
  span_ = static_cast<uint64_t>(max) - min_;
  if (span_ / kMaxValuesPerRow > static_cast<uint64_t>(num_entries)) return false;
  wants_ = wants;
  layout_ = &layout;
  const uint64_t num_blocks = span_ / 64 + 1;
  block_memory_ = std::make_unique<PoolArray<Block>>(pool);
  ARROW_RETURN_NOT_OK(block_memory_->Resize(static_cast<int64_t>(num_blocks)));
  blocks_ = block_memory_->data();
  std::fill_n(blocks_, num_blocks, Block{});
  if (!SetBits(lanes, stop)) {
    Reset();
    ARROW_RETURN_NOT_OK(stop.Check());
    return false;
  }
  uint64_t rank = 0;
  for (uint64_t b = 0; b < num_blocks; ++b) {
    blocks_[b].rank = rank;
    rank += static_cast<uint64_t>(std::popcount(blocks_[b].bits));
  }
  has_all_keys_ = span_ + 1 == static_cast<uint64_t>(num_entries) && wants != Wants::kPresence;
  ARROW_RETURN_NOT_OK(AllocateRows(lanes, num_entries, pool, stop));
  ARROW_RETURN_NOT_OK(stop.Check());
  return true;
}

arrow::Status DenseJoinTable::AllocateRows(std::span<const std::unique_ptr<JoinBuildLane>> lanes, int64_t num_entries,
                                           arrow::MemoryPool* pool, const StopToken& stop) {
  if (wants_ == Wants::kRow) {
    row_memory_ = std::make_unique<PoolArray<const uint8_t*>>(pool);
    ARROW_RETURN_NOT_OK(row_memory_->Resize(num_entries));
    rows_ = row_memory_->data();
  }
  if (wants_ != Wants::kColumns) return arrow::Status::OK();
  null_memory_ = std::make_unique<PoolArray<uint8_t>>(pool);
  ARROW_RETURN_NOT_OK(null_memory_->Resize(num_entries));
  null_bits_ = null_memory_->data();
  std::memset(null_bits_, 0, static_cast<size_t>(num_entries));
  for (size_t c = 0; c < layout_->num_columns(); ++c) {
    Column& column = columns_.emplace_back(Column{PoolArray<uint8_t>(pool)});
    column.width = PhysicalWidth(layout_->types()[c].physical());
    if (num_entries <= kMaxNarrowedEntries) {
      const ValueSpan values = FindSpan(lanes, *layout_, c, stop);
      if (values.known && WidthOfSpan(values.span) < column.width) {
        column.width = WidthOfSpan(values.span);
        column.base = values.base;
      }
    }
    ARROW_RETURN_NOT_OK(column.values.Resize(num_entries * column.width));
  }
  return arrow::Status::OK();
}

namespace {

/// VisitWidth of a value's whole width and of the width that is kept of it, which is the whole one or narrower.
template <typename F>
void VisitWidths(int64_t whole_width, int64_t kept_width, F&& f) {
  VisitWidth(whole_width, [&](auto whole) {
    VisitWidth(kept_width, [&](auto kept) {
      if constexpr (sizeof(kept) < sizeof(whole) && sizeof(whole) <= 8) {
        f(whole, kept);
      } else {
        f(whole, whole);
      }
    });
  });
}

}  // namespace

void DenseJoinTable::PlaceSome(std::span<const JoinEntry> entries) {
  uint32_t ranks[kMaxBatchRows];
  for (size_t i = 0; i < entries.size(); ++i) {
    const uint64_t offset = entries[i].key - min_;
    ranks[i] = static_cast<uint32_t>(has_all_keys_ ? offset : RankOf(blocks_[offset / 64], offset));
  }
  if (rows_ != nullptr) {
    for (size_t i = 0; i < entries.size(); ++i) rows_[ranks[i]] = entries[i].row;
    return;
  }
  for (size_t c = 0; c < columns_.size(); ++c) {
    Column& column = columns_[c];
    VisitWidths(PhysicalWidth(layout_->types()[c].physical()), column.width, [&](auto whole, auto kept) {
      using T = decltype(whole);
      using Kept = decltype(kept);
      auto* values = reinterpret_cast<Kept*>(column.values.data());
      const uint32_t offset = layout_->offset(c);
      for (size_t i = 0; i < entries.size(); ++i) {
        T value;
        std::memcpy(&value, entries[i].row + offset, sizeof(T));
        if constexpr (std::is_same_v<T, Kept>) {
          values[ranks[i]] = value;
        } else {
          values[ranks[i]] = static_cast<Kept>(value - static_cast<T>(column.base));
        }
      }
    });
  }
  // The validity bits of so few columns are one byte, its other bits unknown.
  const auto all = static_cast<uint8_t>((1U << columns_.size()) - 1);
  uint8_t valid = all;
  for (const JoinEntry& entry : entries) valid &= entry.row[layout_->validity_offset()];
  if (valid == all && !has_nulls_.load(std::memory_order_relaxed)) return;
  has_nulls_.store(true, std::memory_order_relaxed);
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto bits = static_cast<uint8_t>(~entries[i].row[layout_->validity_offset()] & all);
    if (bits != 0) null_bits_[ranks[i]] = bits;
  }
}

void DenseJoinTable::PlaceRows(std::span<const std::unique_ptr<JoinBuildLane>> lanes, uint32_t partition) {
  for (const auto& lane : lanes) {
    PoolArray<JoinEntry>& entries = lane->entries[partition];
    const std::span<const JoinEntry> all(entries.data(), static_cast<size_t>(entries.size()));
    if (rows_ != nullptr || !columns_.empty()) {
      for (size_t i = 0; i < all.size(); i += kMaxBatchRows) {
        PlaceSome(all.subspan(i, std::min<size_t>(kMaxBatchRows, all.size() - i)));
      }
    }
    entries.Free();
  }
}

namespace {

/// Ranks where each value has a key; not 0 where some key is none of the values.
struct OffsetsLoop {
  static LLKV_INLINE uint64_t Run(const uint64_t* keys, uint64_t min, uint64_t span, uint32_t* ranks, uint32_t count) {
    uint64_t outside = 0;
    for (uint32_t i = 0; i < count; ++i) {
      const uint64_t offset = keys[i] - min;
      outside |= offset > span ? 1 : 0;
      ranks[i] = static_cast<uint32_t>(offset);
    }
    return outside;
  }
};

}  // namespace

uint32_t DenseJoinTable::FindAmongAll(const uint64_t* keys, uint32_t count, uint32_t* ranks, uint16_t* found) const {
  if (Dispatch<OffsetsLoop>(keys, min_, span_, ranks, count) == 0) {
    for (uint32_t i = 0; i < count; ++i) found[i] = static_cast<uint16_t>(i);
    return count;
  }
  uint32_t num_found = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t offset = keys[i] - min_;
    ranks[num_found] = static_cast<uint32_t>(offset);
    found[num_found] = static_cast<uint16_t>(i);
    num_found += offset <= span_ ? 1U : 0U;
  }
  return num_found;
}

uint32_t DenseJoinTable::FindInBits(const uint64_t* keys, uint32_t count, uint32_t* ranks, uint16_t* found) const {
  uint32_t num_found = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t offset = keys[i] - min_;
    if (offset > span_) continue;
    const Block& block = blocks_[offset / 64];
    ranks[num_found] = static_cast<uint32_t>(RankOf(block, offset));
    found[num_found] = static_cast<uint16_t>(i);
    num_found += static_cast<uint32_t>((block.bits >> (offset % 64)) & 1);
  }
  return num_found;
}

void DenseJoinTable::Gather(size_t column, const uint32_t* ranks, uint32_t count, const uint16_t* positions,
                            uint32_t num_positions, ScratchVector& out) const {
  const LogicalType type = layout_->types()[column];
  const int64_t width = PhysicalWidth(type.physical());
  const Column& source = columns_[column];
  out.ResetFlat(type);
  if (positions != nullptr && count < num_positions) {
    std::memset(out.data<uint8_t>(), 0, static_cast<size_t>(width) * num_positions);
  }
  VisitWidths(width, source.width, [&](auto whole, auto kept) {
    using T = decltype(whole);
    using Kept = decltype(kept);
    const auto* values = reinterpret_cast<const Kept*>(source.values.data());
    const auto value_at = [&](uint32_t rank) {
      if constexpr (std::is_same_v<T, Kept>) {
        return values[rank];
      } else {
        return static_cast<T>(static_cast<T>(values[rank]) + static_cast<T>(source.base));
      }
    };
    T* target = out.data<T>();
    if (positions == nullptr || count == num_positions) {
      for (uint32_t i = 0; i < count; ++i) target[i] = value_at(ranks[i]);
    } else {
      for (uint32_t i = 0; i < count; ++i) target[positions[i]] = value_at(ranks[i]);
    }
  });
  if (!has_nulls_.load(std::memory_order_relaxed)) return;
  uint8_t* validity = nullptr;
  for (uint32_t i = 0; i < count; ++i) {
    if (((null_bits_[ranks[i]] >> column) & 1) == 0) continue;
    if (validity == nullptr) validity = out.UseValidity();
    const uint32_t position = positions == nullptr ? i : positions[i];
    validity[position >> 3] = static_cast<uint8_t>(validity[position >> 3] & ~(1U << (position & 7)));
  }
}

}  // namespace llkv
