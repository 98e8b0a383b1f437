// Single Values, for the few places that make or find rows one by one: those that an expression has without being
// computed, and writing them into flat columns.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <span>

#include "expr/bound_expr.h"
#include "types/value.h"
#include "vector/scratch.h"

namespace llkv {

/// Whether an expression is a constant or a parameter.
inline bool IsPlainValue(const BoundExpr& expr) {
  return expr.kind == ExprKind::kConstant || expr.kind == ExprKind::kParameter;
}

/// The value of a constant or parameter. As long-lived as both.
inline const Value& PlainValue(const BoundExpr& expr, std::span<const Value> parameters) {
  return expr.kind == ExprKind::kConstant ? expr.value : parameters[expr.parameter_index];
}

/// Sets row `row` of a flat vector (ResetFlat was called for it) to `value`, which is NULL or of the vector's type.
/// String bytes stay in `value`, which outlives the vector.
void WriteValue(const Value& value, uint32_t row, ScratchVector& out);

/// The same, with string bytes copied into `arena`.
arrow::Status WriteValueCopy(const Value& value, uint32_t row, ScratchVector& out, StringArena& arena);

}  // namespace llkv
