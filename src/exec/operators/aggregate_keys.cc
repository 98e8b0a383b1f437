// Packing and unpacking of group keys.
#include "exec/operators/aggregate_keys.h"

#include <algorithm>
#include <array>

#include "vector/row_hash.h"
#include "vector/row_layout_types.h"

namespace llkv {

GroupKeys::GroupKeys(std::vector<LogicalType> types, uint32_t state_size)
    : types_(std::move(types)), state_size_(state_size) {
  if (TryPack()) {
    state_offset_ = num_words_ * 8;
    row_width_ = std::max(8U, (state_offset_ + state_size + 7) / 8 * 8);
    return;
  }
  num_words_ = 0;
  layout_ = RowLayout::Make(types_, sizeof(uint64_t), state_size);
  state_offset_ = layout_.trailer_offset();
  row_width_ = layout_.width();
}

bool GroupKeys::TryPack() {
  if (types_.empty() || types_.size() > 16) return false;
  std::array<uint32_t, kMaxWords> used{};
  const auto place = [&](uint32_t bits, Place& result) {
    for (uint32_t w = 0; w < kMaxWords; ++w) {
      if (used[w] + bits > 64) continue;
      result = {w, used[w], bits / 8};
      used[w] += bits;
      num_words_ = std::max(num_words_, w + 1);
      return true;
    }
    return false;
  };
  places_.resize(types_.size());
  for (size_t i = 0; i < types_.size(); ++i) {
    const PhysicalType physical = types_[i].physical();
    const auto bits = static_cast<uint32_t>(PhysicalWidth(physical)) * 8;
    if (physical == PhysicalType::kString || bits > 64 || !place(bits, places_[i])) return false;
  }
  if (types_.size() == 1 && places_[0].bytes == 8) {
    null_apart_ = true;
    return true;
  }
  return place(static_cast<uint32_t>(types_.size()), nulls_);
}

namespace {

template <typename T>
uint64_t KeyBits(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    value = std::isnan(value) ? static_cast<T>(NAN) : value + T{0};
    using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
    Bits bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<std::make_unsigned_t<T>>(value);
  } else {
    return 0;  // wide types and strings are never packed
  }
}

template <typename T>
void PackColumn(const Vector& vector, const Selection& selection, uint32_t shift, uint64_t* words) {
  const T* values = vector.values<T>();
  if (vector.validity == nullptr && selection.IsDense()) {
    for (uint32_t i = 0; i < selection.count; ++i) words[i] |= KeyBits(values[i]) << shift;
    return;
  }
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t row = selection[i];
    if (vector.IsValid(row)) words[i] |= KeyBits(values[row]) << shift;
  }
}

}  // namespace

void GroupKeys::Pack(std::span<const Vector> columns, const Selection& selection, uint64_t* words) const {
  for (uint32_t w = 0; w < num_words_; ++w) std::fill_n(words + w * kMaxBatchRows, selection.count, uint64_t{0});
  for (size_t c = 0; c < types_.size(); ++c) {
    uint64_t* target = words + places_[c].word * kMaxBatchRows;
    VisitRowType(types_[c].physical(), [&](auto tag) {
      PackColumn<typename decltype(tag)::Type>(columns[c], selection, places_[c].shift, target);
    });
    if (null_apart_ || columns[c].validity == nullptr) continue;
    uint64_t* null_words = words + nulls_.word * kMaxBatchRows;
    const uint64_t bit = uint64_t{1} << (nulls_.shift + c);
    for (uint32_t i = 0; i < selection.count; ++i) {
      if (!columns[c].IsValid(selection[i])) null_words[i] |= bit;
    }
  }
}

void GroupKeys::GatherKey(size_t column, const uint8_t* const* rows, uint32_t count, const uint8_t* null_group,
                          ScratchVector& out) const {
  if (num_words_ == 0) {
    GatherColumn(layout_, column, rows, count, nullptr, count, out);
    return;
  }
  out.ResetFlat(types_[column]);
  const Place& place = places_[column];
  const uint32_t offset = place.word * 8 + place.shift / 8;
  for (uint32_t i = 0; i < count; ++i) {
    std::memcpy(out.data<uint8_t>() + static_cast<size_t>(i) * place.bytes, rows[i] + offset, place.bytes);
  }
  const auto is_null = [&](uint32_t i) {
    if (null_apart_) return rows[i] == null_group;
    uint64_t word;
    std::memcpy(&word, rows[i] + nulls_.word * 8, sizeof(word));
    return ((word >> (nulls_.shift + column)) & 1) != 0;
  };
  uint8_t* validity = nullptr;
  for (uint32_t i = 0; i < count; ++i) {
    if (!is_null(i)) continue;
    if (validity == nullptr) validity = out.UseValidity();
    validity[i >> 3] = static_cast<uint8_t>(validity[i >> 3] & ~(1U << (i & 7)));
  }
}

void GroupKeys::HashColumns(std::span<const Vector> columns, const Selection& selection, uint64_t* hashes) const {
  if (num_words_ == 0) {
    HashRows(columns, selection, hashes);
    return;
  }
  uint64_t words[kMaxWords * kMaxBatchRows];
  Pack(columns, selection, words);
  for (uint32_t i = 0; i < selection.count; ++i) {
    switch (num_words_) {
      case 1:
        hashes[i] = HashWords<1>(words + i, kMaxBatchRows);
        break;
      case 2:
        hashes[i] = HashWords<2>(words + i, kMaxBatchRows);
        break;
      case 3:
        hashes[i] = HashWords<3>(words + i, kMaxBatchRows);
        break;
      default:
        hashes[i] = HashWords<4>(words + i, kMaxBatchRows);
        break;
    }
    if (null_apart_ && !columns[0].IsValid(selection[i])) hashes[i] = 0;
  }
}

uint64_t GroupKeys::HashOfRow(const uint8_t* row) const {
  uint64_t words[kMaxWords] = {0, 0, 0, 0};
  std::memcpy(words, row, std::max(1U, num_words_) * 8);
  switch (num_words_) {
    case 0:
      return words[0];
    case 1:
      return HashWords<1>(words, 1);
    case 2:
      return HashWords<2>(words, 1);
    case 3:
      return HashWords<3>(words, 1);
    default:
      return HashWords<4>(words, 1);
  }
}

}  // namespace llkv
