// ORDER BY, LIMIT and OFFSET. Internal to the binder.
#pragma once

#include <arrow/result.h>

#include <initializer_list>
#include <vector>

#include "sql/binder/query_binder.h"

namespace llkv {

/// ORDER BY and LIMIT over a finished query, whose output columns are all that they see.
arrow::Result<LogicalPlanPtr> BindOrderAndLimit(BindState& state, const AstQuery& query,
                                                const QueryEnvironment& environment, LogicalPlanPtr plan);

/// LIMIT and OFFSET of `query` above `plan`, where it has them. WITH TIES gives more columns behind the plan's.
arrow::Result<LogicalPlanPtr> ApplyLimit(BindState& state, const AstQuery& query, const QueryEnvironment& environment,
                                         LogicalPlanPtr plan);

/// The rows of `plan` with functions of ranking over them, each one more BIGINT column: kRowNumber, kRank.
LogicalPlanPtr RankRows(BindState& state, std::vector<BoundExprPtr> partition_by, std::vector<SortKey> order_by,
                        std::initializer_list<WindowKind> functions, LogicalPlanPtr plan);

/// Is a bound of LIMIT or OFFSET known to be none?
bool IsNoBound(const BoundExpr* bound);

/// bound IS NULL OR number <= bound: of a LIMIT, where NULL is none.
arrow::Result<BoundExprPtr> WithinLimit(BindState& state, BoundExprPtr number, const BoundExpr& limit);

/// number - offset, where NULL is no offset.
arrow::Result<BoundExprPtr> BehindOffset(BindState& state, BoundExprPtr number, const BoundExpr* offset);

/// A sort key with the dialect's place for NULLs.
SortKey MakeSortKey(const BindState& state, const AstOrderItem& item, BoundExprPtr expr);

/// The ordinal that ORDER BY 2 or GROUP BY 2 means, from 0, where `expr` is an integer literal; -1 for other
/// expressions. Errors: 42P10 where it is not within [1, num_items].
arrow::Result<int64_t> OrdinalOf(const AstExpr& expr, size_t num_items, const char* clause);

}  // namespace llkv
