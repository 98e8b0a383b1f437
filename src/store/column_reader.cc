// See column_reader.h.
#include "store/column_reader.h"

#include <cstring>

namespace llkv {

namespace {

alignas(16) constexpr uint8_t kZeros[64] = {};

Vector NullVector(LogicalType type) {
  Vector vector;
  vector.type = type;
  vector.form = VectorForm::kConstant;
  vector.storage = type.physical();
  // The value of a NULL is initialized too: an empty string whose pointer is not null.
  static const StringRef kEmpty;
  vector.data = type.physical() == PhysicalType::kString ? static_cast<const void*>(&kEmpty) : kZeros;
  vector.validity = kZeros;
  return vector;
}

uint32_t ElementWidth(const Vector& vector) {
  switch (vector.form) {
    case VectorForm::kNarrow:
    case VectorForm::kDictionary:
      return static_cast<uint32_t>(PhysicalWidth(vector.storage));
    case VectorForm::kOffsets:
      return sizeof(int32_t);
    default:
      return static_cast<uint32_t>(PhysicalWidth(vector.type.physical()));
  }
}

/// Moves the first bit of a Vector's validity `delta` (< 64) rows on.
void AdvanceValidity(Vector& vector, uint32_t delta, uint32_t count, ColumnScratch& scratch) {
  if (vector.validity == nullptr || delta == 0) return;
  vector.validity += delta / 8;
  const uint32_t shift = delta % 8;
  if (shift == 0) return;
  uint8_t* bits = scratch.validity();
  const uint32_t num_bytes = (count + 7) / 8;
  const uint32_t last_source = (shift + count - 1) / 8;
  for (uint32_t i = 0; i < num_bytes; ++i) {
    const uint32_t low = vector.validity[i];
    const uint32_t high = i + 1 <= last_source ? vector.validity[i + 1] : 0;
    bits[i] = static_cast<uint8_t>((low | (high << 8)) >> shift);
  }
  vector.validity = bits;
}

}  // namespace

arrow::Result<Vector> GetColumn(const GroupEntry& entry, uint32_t ordinal, LogicalType type, uint32_t first,
                                uint32_t count, const Selection& selection, ColumnScratch& scratch) {
  if (entry.hot != nullptr) {
    const uint32_t index = HotRowGroup::BlockOf(first);
    const HotBlock& block = entry.hot->block(index);
    const uint32_t place = first - HotRowGroup::BlockStart(index);
    Vector vector = entry.hot->GetVector(block, ordinal, place);
    if (HotRowGroup::GetValidity(block, ordinal, place, count, scratch.validity())) {
      vector.validity = scratch.validity();
    }
    return vector;
  }
  const size_t index = entry.cold->ColumnIndex(ordinal);
  if (index == ColdRowGroup::kNoColumn) return NullVector(type);
  ARROW_ASSIGN_OR_RAISE(const ColumnChunk* chunk, entry.cold->reader().Column(index));
  const uint32_t delta = first % 64;
  Vector vector;
  if (chunk->is_decoded()) {
    ARROW_ASSIGN_OR_RAISE(vector, chunk->Decode(first, count, selection, scratch));
  } else {
    vector = chunk->GetVector(first - delta);
    if (vector.form == VectorForm::kConstant) return vector;
    vector.data = static_cast<const uint8_t*>(vector.data) + size_t{delta} * ElementWidth(vector);
  }
  AdvanceValidity(vector, delta, count, scratch);
  return vector;
}

}  // namespace llkv
