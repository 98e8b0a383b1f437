// Operators on UHUGEINT, which is not held as the number that it is.
#pragma once

#include "functions/function_registry.h"

namespace llkv {

/// Whether the common type of an operator's arguments is UHUGEINT.
bool IsUHugeIntOperator(const BindInput& input);

/// + - * / // % & | # << >> of two, - and ~ of one. By zero: error 22012, NULL in the sqlite dialect.
arrow::Result<BoundScalar> BindUHugeIntOperator(const ScalarFunction& self, const BindInput& input);

}  // namespace llkv
