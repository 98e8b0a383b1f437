// Types of expressions: casts, common types, literals and parameters that take their type from what stands beside them.
// Internal to the binder; names and scopes are not known here.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/binder/bind_state.h"

namespace llkv {

/// `value` in another type, where that loses nothing and needs no kernel: numbers that fit exactly, dates as
/// timestamps, NULL. Text is left to ParseValue.
std::optional<Value> ConvertExactly(const Value& value, LogicalType to);

/// A parameter whose type is not known yet.
bool IsUntypedParameter(const BoundExpr& expr);

/// Gives a parameter that no context has typed the type of its value, where that is known.
void SettleParameter(BindState& state, BoundExpr& expr);

/// `expr` as `to`, however lossy. Constants convert at once where that is exact; an untyped parameter becomes `to`.
/// Errors: 42804 where there is no such cast, 22P02 and kin for a literal that is none of the type.
arrow::Result<BoundExprPtr> CastTo(BindState& state, BoundExprPtr expr, LogicalType to, bool safe = false);

/// `expr` as `to` where the conversion is implicit, or `expr` is a literal of text; else 42804 with `what` ("argument
/// of LIMIT").
arrow::Result<BoundExprPtr> CoerceTo(BindState& state, BoundExprPtr expr, LogicalType to, std::string_view what);

/// `expr` as the type of a column that it is stored in: implicit conversions, numbers into any number, anything into
/// text. Values that do not fit fail when they are written.
arrow::Result<BoundExprPtr> AssignTo(BindState& state, BoundExprPtr expr, LogicalType to, std::string_view column);

/// `expr` as a condition. Errors: 42804, naming `clause`.
arrow::Result<BoundExprPtr> ToCondition(BindState& state, BoundExprPtr expr, std::string_view clause);

/// The type that all have in common; literals of text give way to the others. Where `dynamic` (dialect sqlite) each
/// value keeps its own type, by ANY. Errors: 42804 naming `what` ("CASE").
arrow::Result<LogicalType> UnifiedType(std::span<const BoundExpr* const> exprs, std::string_view what, bool dynamic);

/// Casts all to their unified type.
arrow::Status Unify(BindState& state, std::span<BoundExprPtr* const> exprs, std::string_view what);

/// The same for values that are compared with each other: integers and reals, which compare by value, have DOUBLE in
/// common in every dialect.
arrow::Status UnifyCompared(BindState& state, std::span<BoundExprPtr* const> exprs, std::string_view what);

/// Brings a literal or parameter on either side of a comparison to the other side's type, so that columns stay uncast.
arrow::Status AdaptForComparison(BindState& state, BoundExprPtr& left, BoundExprPtr& right);

/// A function or operator of the registry over bound arguments, which are cast to what it takes. Errors: 42883.
arrow::Result<BoundExprPtr> MakeFunction(BindState& state, std::string_view name, std::vector<BoundExprPtr> arguments,
                                         int64_t position);

/// Text that is of a text type by a cast stands for nothing else, though it is a constant: where a function that takes
/// `types` would have it as another type, makes it one of `arguments` whose value is not known, and says true.
bool HideTypedText(const BindState& state, std::span<const BoundExprPtr> arguments, std::span<const LogicalType> types,
                   std::span<const Value*> constants);

/// left op right for =, <>, <, <=, >, >=, "is_distinct_from", "is_not_distinct_from".
arrow::Result<BoundExprPtr> MakeComparison(BindState& state, std::string_view op, BoundExprPtr left, BoundExprPtr right,
                                           int64_t position);

}  // namespace llkv
