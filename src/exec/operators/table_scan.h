// Table scan: a table's visible rows that pass the pushed predicates, straight from its store.
#pragma once

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "plan/logical_plan.h"
#include "store/scan.h"

namespace llkv {

/// `node` outlives it. Columns are node.output. Rows that one of `filters` rejects may be left out.
std::unique_ptr<Source> MakeTableScan(const LogicalScan& node, std::vector<RuntimeFilter> filters = {});

/// The one row (or none) whose key in the unique index node.index is node.key_lookup, without a scan. Allocates nothing
/// when run again.
std::unique_ptr<Source> MakeKeyLookup(const LogicalScan& node);

/// The store's word for a plan's operator.
PredicateOp ToPredicateOp(PushedPredicate::Op op);

}  // namespace llkv
