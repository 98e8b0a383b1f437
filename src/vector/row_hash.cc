// Columnar hashing.
#include "vector/row_hash.h"

#include "vector/row_layout_types.h"

namespace llkv {
namespace {

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
    VisitRowType(columns[column].type, [&](auto tag) {
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
      hash = VisitRowType(layout.types()[column], [&](auto tag) {
        using T = typename decltype(tag)::Type;
        return HashValue(LoadFromRow<T>(row + layout.offset(column)));
      });
    }
    result = column == 0 ? hash : CombineHash(result, hash);
  }
  return result;
}

}  // namespace llkv
