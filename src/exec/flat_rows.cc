// See flat_rows.h.
#include "exec/flat_rows.h"

#include <algorithm>

#include "exec/operators/hash_join_plan.h"
#include "vector/row_layout_types.h"

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

// Of a type of the values' width, so that a copy is a move.
template <typename T>
void AppendValues(const Vector& vector, const Selection& selection, T* target) {
  const T* source = vector.values<T>();
  if (vector.form == VectorForm::kConstant) {
    std::fill_n(target, selection.count, source[0]);
  } else if (selection.IsDense()) {
    std::copy_n(source, selection.count, target);
  } else {
    for (uint32_t i = 0; i < selection.count; ++i) target[i] = source[selection.rows[i]];
  }
}

}  // namespace

void AppendRows(const Vector& vector, const Selection& selection, uint32_t at, ScratchVector& out) {
  VisitWidth(PhysicalWidth(vector.type.physical()),
             [&](auto zero) { AppendValues(vector, selection, out.data<decltype(zero)>() + at); });
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
