// SELECT … FROM … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT. Internal to the binder.
#pragma once

#include <arrow/result.h>

#include "sql/binder/query_binder.h"

namespace llkv {

/// A SELECT with the ORDER BY and LIMIT of `query`, which may read columns that the select list does not give.
arrow::Result<LogicalPlanPtr> BindSelect(BindState& state, const AstSelect& select, const AstQuery& query,
                                         const QueryEnvironment& environment);

}  // namespace llkv
