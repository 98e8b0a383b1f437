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

void AppendRows(const Vector& vector, const Selection& selection, uint32_t at, ScratchVector& out) {
  const auto width = static_cast<size_t>(PhysicalWidth(vector.type.physical()));
  const bool is_constant = vector.form == VectorForm::kConstant;
  uint8_t* target = out.data<uint8_t>() + at * width;
  const auto* source = vector.values<uint8_t>();
  for (uint32_t i = 0; i < selection.count; ++i) {
    std::memcpy(target + i * width, source + (is_constant ? 0 : selection[i] * width), width);
  }
  if (vector.validity == nullptr) return;
  for (uint32_t i = 0; i < selection.count; ++i) {
    if (vector.IsValid(is_constant ? 0 : selection[i])) continue;
    if (out.vector().validity == nullptr) out.UseValidity();
    uint8_t* validity = out.validity();
    const uint32_t row = at + i;
    validity[row >> 3] = static_cast<uint8_t>(validity[row >> 3] & ~(1U << (row & 7)));
  }
}

}  // namespace llkv
