// Columnar hashing.
#include "vector/row_hash.h"

#include "vector/row_layout_types.h"

namespace llkv {
namespace {

template <typename T>
uint64_t HashValue(const T& value) {
  if constexpr (std::is_same_v<T, StringRef>) {
    return HashBytes(value.data, value.size);
  } else if constexpr (std::is_same_v<T, Interval>) {
    const int128_t length = IntervalLength(value);
    return HashInt64(static_cast<uint64_t>(length) ^ (static_cast<uint64_t>(length >> 64) * 0x9E3779B97F4A7C15ULL));
  } else if constexpr (std::is_same_v<T, int128_t>) {
    return HashInt64(static_cast<uint64_t>(value) ^ (static_cast<uint64_t>(value >> 64) * 0x9E3779B97F4A7C15ULL));
  } else if constexpr (std::is_floating_point_v<T>) {
    const double canonical = std::isnan(value) ? static_cast<double>(NAN) : static_cast<double>(value) + 0.0;
    uint64_t bits;
    std::memcpy(&bits, &canonical, sizeof(bits));
    return HashInt64(bits);
  } else {
    return HashInt64(static_cast<uint64_t>(value));
  }
}

/// HashInt64 is 0 for 0; combining takes care of later columns, and a single 0 may well hash to 0.
template <bool kFirst, typename T>
void HashTyped(const Vector& vector, const Selection& selection, uint64_t* hashes) {
  const T* values = vector.values<T>();
  const auto store = [&](uint32_t i, uint64_t hash) { hashes[i] = kFirst ? hash : CombineHash(hashes[i], hash); };
  if (vector.validity == nullptr && selection.IsDense()) {
    for (uint32_t i = 0; i < selection.count; ++i) store(i, HashValue(values[i]));
    return;
  }
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t row = selection[i];
    store(i, vector.IsValid(row) ? HashValue(values[row]) : kNullHash);
  }
}

}  // namespace

void HashRows(std::span<const Vector> columns, const Selection& selection, uint64_t* hashes) {
  if (columns.empty()) {
    for (uint32_t i = 0; i < selection.count; ++i) hashes[i] = 0;
  }
  for (size_t column = 0; column < columns.size(); ++column) {
    VisitRowType(columns[column].type.physical(), [&](auto tag) {
      using T = typename decltype(tag)::Type;
      if (column == 0) {
        HashTyped<true, T>(columns[column], selection, hashes);
      } else {
        HashTyped<false, T>(columns[column], selection, hashes);
      }
    });
  }
}

uint64_t HashStoredRow(const RowLayout& layout, size_t num_columns, const uint8_t* row) {
  uint64_t result = 0;
  for (size_t column = 0; column < num_columns; ++column) {
    uint64_t hash = kNullHash;
    if (layout.IsValid(row, column)) {
      hash = VisitRowType(layout.types()[column].physical(), [&](auto tag) {
        using T = typename decltype(tag)::Type;
        return HashValue(LoadFromRow<T>(row + layout.offset(column)));
      });
    }
    result = column == 0 ? hash : CombineHash(result, hash);
  }
  return result;
}

}  // namespace llkv
