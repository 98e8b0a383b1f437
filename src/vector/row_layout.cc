// RowLayout and its kernels. All loads and stores of rows go through memcpy: rows are only as aligned as their widths
// happen to make them.
#include "vector/row_layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "vector/row_layout_types.h"

namespace llkv {

RowLayout RowLayout::Make(std::vector<LogicalType> types, uint32_t header_size, uint32_t trailer_size) {
  RowLayout layout;
  layout.types_ = std::move(types);
  const size_t n = layout.types_.size();
  layout.offsets_.resize(n);
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return PhysicalWidth(layout.types_[a].physical()) > PhysicalWidth(layout.types_[b].physical());
  });
  uint32_t offset = (header_size + 7) / 8 * 8;
  for (const uint32_t column : order) {
    layout.offsets_[column] = offset;
    offset += static_cast<uint32_t>(PhysicalWidth(layout.types_[column].physical()));
  }
  for (uint32_t column = 0; column < n; ++column) {
    if (layout.types_[column].physical() == PhysicalType::kString) layout.string_columns_.push_back(column);
  }
  layout.validity_offset_ = offset;
  offset += static_cast<uint32_t>((n + 7) / 8);
  layout.trailer_offset_ = (offset + 7) / 8 * 8;
  layout.width_ = std::max(8U, (layout.trailer_offset_ + trailer_size + 7) / 8 * 8);
  return layout;
}

uint32_t RowLayout::HeapSize(const uint8_t* row) const {
  uint32_t size = 0;
  for (const uint32_t column : string_columns_) {
    if (!IsValid(row, column)) continue;
    uint32_t length;
    std::memcpy(&length, row + offsets_[column], sizeof(length));
    size += RowString::HeapSize(length);
  }
  return size;
}

arrow::Result<std::span<const Vector>> ColumnFlattener::Flatten(std::span<const Vector> columns,
                                                                const Selection& selection, uint32_t num_rows) {
  flat_.resize(columns.size());
  scratch_.resize(std::max(scratch_.size(), columns.size()));
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].form == VectorForm::kFlat) {
      flat_[i] = columns[i];
      continue;
    }
    if (scratch_[i] == nullptr) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(columns[i].type, pool_));
      scratch_[i] = std::make_unique<ScratchVector>(std::move(scratch));
    }
    flat_[i] = llkv::Flatten(columns[i], selection, num_rows, *scratch_[i]);
  }
  return std::span<const Vector>(flat_);
}

void AddHeapSizes(const RowLayout& layout, std::span<const Vector> columns, const Selection& selection,
                  uint32_t* heap_sizes) {
  for (const uint32_t column : layout.string_columns()) {
    const Vector& vector = columns[column];
    const auto* values = vector.values<StringRef>();
    for (uint32_t i = 0; i < selection.count; ++i) {
      const uint32_t row = selection[i];
      if (vector.IsValid(row)) heap_sizes[i] += RowString::HeapSize(values[row].size);
    }
  }
}

namespace {

template <typename T>
void ScatterFixed(const Vector& vector, const Selection& selection, uint32_t offset, uint8_t* const* rows) {
  const T* values = vector.values<T>();
  if (selection.IsDense()) {
    for (uint32_t i = 0; i < selection.count; ++i) std::memcpy(rows[i] + offset, values + i, sizeof(T));
  } else {
    for (uint32_t i = 0; i < selection.count; ++i) {
      std::memcpy(rows[i] + offset, values + selection.rows[i], sizeof(T));
    }
  }
}

void ScatterStrings(const Vector& vector, const Selection& selection, uint32_t offset, uint8_t* const* rows,
                    char** heaps) {
  const auto* values = vector.values<StringRef>();
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t row = selection[i];
    auto* slot = reinterpret_cast<RowString*>(rows[i] + offset);
    heaps[i] = slot->Set(vector.IsValid(row) ? values[row] : StringRef(), heaps[i]);
  }
}

}  // namespace

void ScatterRows(const RowLayout& layout, std::span<const Vector> columns, const Selection& selection,
                 uint8_t* const* rows, char* const* heaps) {
  const uint32_t validity_bytes = static_cast<uint32_t>((layout.num_columns() + 7) / 8);
  for (uint32_t i = 0; i < selection.count; ++i) {
    std::memset(rows[i] + layout.validity_offset(), 0xFF, validity_bytes);
  }
  char* next_heap[kMaxBatchRows];
  if (layout.has_strings()) std::copy_n(heaps, selection.count, next_heap);
  for (size_t column = 0; column < layout.num_columns(); ++column) {
    const Vector& vector = columns[column];
    const uint32_t offset = layout.offset(column);
    const PhysicalType type = layout.types()[column].physical();
    if (type == PhysicalType::kString) {
      ScatterStrings(vector, selection, offset, rows, next_heap);
    } else {
      switch (PhysicalWidth(type)) {
        case 1:
          ScatterFixed<uint8_t>(vector, selection, offset, rows);
          break;
        case 2:
          ScatterFixed<uint16_t>(vector, selection, offset, rows);
          break;
        case 4:
          ScatterFixed<uint32_t>(vector, selection, offset, rows);
          break;
        case 8:
          ScatterFixed<uint64_t>(vector, selection, offset, rows);
          break;
        default:
          ScatterFixed<Bytes16>(vector, selection, offset, rows);
          break;
      }
    }
    if (vector.validity == nullptr) continue;
    const uint32_t byte = layout.validity_offset() + static_cast<uint32_t>(column >> 3);
    const auto mask = static_cast<uint8_t>(~(1U << (column & 7)));
    for (uint32_t i = 0; i < selection.count; ++i) {
      if (!vector.IsValid(selection[i])) rows[i][byte] &= mask;
    }
  }
}

namespace {

template <typename T>
void GatherFixed(uint32_t offset, const uint8_t* const* rows, uint32_t count, const uint16_t* positions, T* out) {
  if (positions == nullptr) {
    for (uint32_t i = 0; i < count; ++i) std::memcpy(out + i, rows[i] + offset, sizeof(T));
  } else {
    for (uint32_t i = 0; i < count; ++i) std::memcpy(out + positions[i], rows[i] + offset, sizeof(T));
  }
}

void GatherStrings(uint32_t offset, const uint8_t* const* rows, uint32_t count, const uint16_t* positions,
                   StringRef* out) {
  for (uint32_t i = 0; i < count; ++i) {
    out[positions == nullptr ? i : positions[i]] = reinterpret_cast<const RowString*>(rows[i] + offset)->Get();
  }
}

}  // namespace

void GatherColumn(const RowLayout& layout, size_t column, const uint8_t* const* rows, uint32_t count,
                  const uint16_t* positions, uint32_t num_positions, ScratchVector& out) {
  const LogicalType type = layout.types()[column];
  const PhysicalType physical = type.physical();
  out.ResetFlat(type);
  const uint32_t offset = layout.offset(column);
  if (positions != nullptr && count < num_positions) {
    if (physical == PhysicalType::kString) {
      std::fill_n(out.data<StringRef>(), num_positions, StringRef());
    } else {
      std::memset(out.data<uint8_t>(), 0, static_cast<size_t>(PhysicalWidth(physical)) * num_positions);
    }
  }
  if (physical == PhysicalType::kString) {
    GatherStrings(offset, rows, count, positions, out.data<StringRef>());
  } else {
    switch (PhysicalWidth(physical)) {
      case 1:
        GatherFixed(offset, rows, count, positions, out.data<uint8_t>());
        break;
      case 2:
        GatherFixed(offset, rows, count, positions, out.data<uint16_t>());
        break;
      case 4:
        GatherFixed(offset, rows, count, positions, out.data<uint32_t>());
        break;
      case 8:
        GatherFixed(offset, rows, count, positions, out.data<uint64_t>());
        break;
      default:
        GatherFixed(offset, rows, count, positions, out.data<Bytes16>());
        break;
    }
  }
  const uint32_t byte = layout.validity_offset() + static_cast<uint32_t>(column >> 3);
  const unsigned shift = column & 7;
  unsigned all_valid = 1;
  for (uint32_t i = 0; i < count; ++i) all_valid &= static_cast<unsigned>(rows[i][byte]) >> shift;
  if ((all_valid & 1) != 0) return;
  uint8_t* validity = out.UseValidity();
  for (uint32_t i = 0; i < count; ++i) {
    if (((rows[i][byte] >> shift) & 1) != 0) continue;
    const uint32_t position = positions == nullptr ? i : positions[i];
    validity[position >> 3] = static_cast<uint8_t>(validity[position >> 3] & ~(1U << (position & 7)));
  }
}

namespace {

template <typename T>
void TakeFixed(const Vector& flat, const uint16_t* rows, uint32_t count, ScratchVector& out) {
  const T* values = flat.values<T>();
  T* target = out.data<T>();
  for (uint32_t i = 0; i < count; ++i) target[i] = values[rows[i]];
}

}  // namespace

void TakeColumn(const Vector& flat, const uint16_t* rows, uint32_t count, ScratchVector& out) {
  out.ResetFlat(flat.type);
  switch (PhysicalWidth(flat.type.physical())) {
    case 1:
      TakeFixed<uint8_t>(flat, rows, count, out);
      break;
    case 2:
      TakeFixed<uint16_t>(flat, rows, count, out);
      break;
    case 4:
      TakeFixed<uint32_t>(flat, rows, count, out);
      break;
    case 8:
      TakeFixed<uint64_t>(flat, rows, count, out);
      break;
    default:
      TakeFixed<Bytes16>(flat, rows, count, out);
      break;
  }
  out.vector().range = flat.range;
  if (flat.validity == nullptr) return;
  uint8_t* validity = out.UseValidity();
  for (uint32_t i = 0; i < count; ++i) {
    if (!flat.IsValid(rows[i])) validity[i >> 3] = static_cast<uint8_t>(validity[i >> 3] & ~(1U << (i & 7)));
  }
}

namespace {

struct Lanes {
  const uint16_t* vector_rows;
  const uint8_t* const* rows;
  uint16_t* lanes;
  uint32_t count;
  uint16_t* failed;
  uint32_t* num_failed;
};

template <typename T, typename Load>
uint32_t MatchTyped(const RowLayout& layout, size_t column, const Vector& flat, const Lanes& in, Load&& load) {
  const T* values = flat.values<T>();
  const uint32_t offset = layout.offset(column);
  uint32_t kept = 0;
  for (uint32_t k = 0; k < in.count; ++k) {
    const uint16_t lane = in.lanes[k];
    const uint32_t position = in.vector_rows == nullptr ? lane : in.vector_rows[lane];
    const uint8_t* row = in.rows[lane];
    const bool valid = flat.IsValid(position);
    bool equal = valid == layout.IsValid(row, column);
    if (equal && valid) equal = ValuesEqual(values[position], load(row + offset));
    if (equal) {
      in.lanes[kept++] = lane;
    } else {
      in.failed[(*in.num_failed)++] = lane;
    }
  }
  return kept;
}

}  // namespace

uint32_t MatchColumn(const RowLayout& layout, size_t column, const Vector& flat, const uint16_t* vector_rows,
                     const uint8_t* const* rows, uint16_t* lanes, uint32_t count, uint16_t* failed,
                     uint32_t* num_failed) {
  const Lanes in{vector_rows, rows, lanes, count, failed, num_failed};
  return VisitRowType(layout.types()[column], [&](auto tag) {
    using T = typename decltype(tag)::Type;
    return MatchTyped<T>(layout, column, flat, in, [](const uint8_t* p) { return LoadFromRow<T>(p); });
  });
}

bool RowsEqual(const RowLayout& layout, size_t num_columns, const uint8_t* a, const uint8_t* b) {
  for (size_t column = 0; column < num_columns; ++column) {
    const bool valid = layout.IsValid(a, column);
    if (valid != layout.IsValid(b, column)) return false;
    if (!valid) continue;
    const uint32_t offset = layout.offset(column);
    const bool equal = VisitRowType(layout.types()[column], [&](auto tag) {
      using T = typename decltype(tag)::Type;
      return ValuesEqual(LoadFromRow<T>(a + offset), LoadFromRow<T>(b + offset));
    });
    if (!equal) return false;
  }
  return true;
}

void CopyRow(const RowLayout& layout, const uint8_t* source, uint8_t* target, char* heap) {
  std::memcpy(target, source, layout.width());
  for (const uint32_t column : layout.string_columns()) {
    const auto* from = reinterpret_cast<const RowString*>(source + layout.offset(column));
    if (from->size <= RowString::kMaxInline || !layout.IsValid(source, column)) continue;
    heap = reinterpret_cast<RowString*>(target + layout.offset(column))->Set(from->Get(), heap);
  }
}

}  // namespace llkv
