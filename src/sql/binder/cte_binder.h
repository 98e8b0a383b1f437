// Common table expressions: WITH. Internal to the binder.
#pragma once

#include <arrow/result.h>

#include "sql/binder/query_binder.h"

namespace llkv {

/// A use of a common table expression in sight, or null where none has that name.
arrow::Result<LogicalPlanPtr> BindCommonTable(BindState& state, const AstName& name, const CteFrame* frame);

}  // namespace llkv
