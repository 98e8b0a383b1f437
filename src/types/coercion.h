// Which types convert into which by themselves, and what type two branches have in common.
#pragma once

#include <optional>

#include "types/logical_type.h"

namespace llkv {

/// Cost of the implicit conversion `from` -> `to`: 0 for the same type, larger is worse, nothing where a cast must be
/// spelled out. A bare NULL converts into everything at cost 1. Literals of text convert to other types where the
/// binder knows they are literals.
std::optional<int> ImplicitCastCost(LogicalType from, LogicalType to);

/// The type that CASE branches, set operations, comparisons and VALUES columns of types `a` and `b` have in common;
/// nothing where there is none. Integers widen (signed with unsigned to the next larger signed), integer with decimal
/// gives a decimal that holds both, anything numeric with DOUBLE gives DOUBLE, UHUGEINT
/// with anything signed too; DATE with a timestamp gives the timestamp, timestamps the one that counts more finely or
/// has a zone.
std::optional<LogicalType> CommonType(LogicalType a, LogicalType b);

/// What branches of types `a` and `b` have in common in the dialect sqlite, where each value keeps its own type: ANY
/// for an integer and a real, a number and text and so on; else CommonType's.
std::optional<LogicalType> DynamicType(LogicalType a, LogicalType b);

/// Can values of a type be values of ANY: BOOLEAN, numbers, VARCHAR, BLOB?
bool IsAnyMember(LogicalType type);

/// The decimal type that holds every value of an integer type: DECIMAL(3..39→38, 0).
LogicalType DecimalForInteger(LogicalType integer);

}  // namespace llkv
