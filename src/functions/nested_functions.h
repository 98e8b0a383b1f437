// Functions of nested types that the binder makes itself, since names or forms of syntax stand behind them.
#pragma once

#include <arrow/result.h>

#include <span>
#include <string>
#include <vector>

#include "functions/function_registry.h"

namespace llkv {

/// {'a': x, 'b': y}, struct_pack(a := x), ROW(x, y) (no names). The arguments have `types`. Error 22023 for two equal
/// names.
arrow::Result<BoundScalar> MakeStructPack(std::vector<std::string> names, std::span<const LogicalType> types);

/// MAP {k: v, …}: arguments are key, value, key, value, …, of these two types.
arrow::Result<BoundScalar> MakeMapPack(LogicalType key, LogicalType value, size_t num_entries);

/// Lists put together: list_concat, and || for them. Error 42883.
arrow::Result<BoundScalar> BindListConcat(const ScalarFunction& self, const BindInput& input);

/// How many elements or entries a LIST, ARRAY or MAP has: what len and length do for them. One argument. Error 42883.
arrow::Result<BoundScalar> BindNestedLength(const ScalarFunction& self, const BindInput& input);

}  // namespace llkv
