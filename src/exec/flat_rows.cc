// See flat_rows.h.
#include "exec/flat_rows.h"

#include <cstring>

#include "exec/operators/hash_join_plan.h"

namespace llkv {

Vector ConstantAt(const Vector& flat, uint32_t row) {
  if (!flat.IsValid(row)) return MakeNullVector(flat.type);
  Vector constant = flat;
  constant.form = VectorForm::kConstant;
  constant.data =
      flat.values<uint8_t>() + static_cast<size_t>(row) * static_cast<size_t>(PhysicalWidth(flat.type.physical()));
  constant.validity = nullptr;
  return constant;
}

namespace {

// Of a value's width, so that a copy is a move.
template <size_t width>
void GatherRows(const uint8_t* source, const Selection& selection, uint8_t* target) {
  if (selection.IsDense()) {
    std::memcpy(target, source, selection.count * width);
    return;
  }
  for (uint32_t i = 0; i < selection.count; ++i) {
    std::memcpy(target + i * width, source + selection.rows[i] * width, width);
  }
}

template <size_t width>
void RepeatRow(const uint8_t* source, uint32_t count, uint8_t* target) {
  for (uint32_t i = 0; i < count; ++i) std::memcpy(target + i * width, source, width);
}

template <size_t width>
void AppendValues(const Vector& vector, const Selection& selection, uint8_t* target) {
  const auto* source = vector.values<uint8_t>();
  if (vector.form == VectorForm::kConstant) {
    RepeatRow<width>(source, selection.count, target);
  } else {
    GatherRows<width>(source, selection, target);
  }
}

}  // namespace

void AppendRows(const Vector& vector, const Selection& selection, uint32_t at, ScratchVector& out) {
  const auto width = static_cast<size_t>(PhysicalWidth(vector.type.physical()));
  uint8_t* target = out.data<uint8_t>() + at * width;
  switch (width) {
    case 1:
      AppendValues<1>(vector, selection, target);
      break;
    case 2:
      AppendValues<2>(vector, selection, target);
      break;
    case 4:
      AppendValues<4>(vector, selection, target);
      break;
    case 8:
      AppendValues<8>(vector, selection, target);
      break;
    default:
      AppendValues<16>(vector, selection, target);
      break;
  }
  if (vector.validity == nullptr) return;
  const bool is_constant = vector.form == VectorForm::kConstant;
  for (uint32_t i = 0; i < selection.count; ++i) {
    if (vector.IsValid(is_constant ? 0 : selection[i])) continue;
    if (out.vector().validity == nullptr) out.UseValidity();
    uint8_t* validity = out.validity();
    const uint32_t row = at + i;
    validity[row >> 3] = static_cast<uint8_t>(validity[row >> 3] & ~(1U << (row & 7)));
  }
}

}  // namespace llkv
