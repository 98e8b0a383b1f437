// Table scan: a table's visible rows that pass the pushed predicates, straight from its store.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "exec/operator.h"
#include "plan/logical_plan.h"
#include "store/scan.h"

namespace llkv {

/// What operators above a scan tell it: rows that a filter rejects or that lie beyond a bound may be left out, and
/// which rows are wanted first.
struct ScanHints {
  std::vector<RuntimeFilter> filters;
  std::vector<BoundedColumn> bounds;
  std::optional<ScanOrder> order;

  bool leaves_out() const { return !filters.empty() || !bounds.empty(); }
};

/// `node` outlives it. Columns are node.output.
std::unique_ptr<Source> MakeTableScan(const LogicalScan& node, ScanHints hints = {});

/// The one row (or none) whose key in the unique index node.index is node.key_lookup, without a scan. Allocates nothing
/// when run again.
std::unique_ptr<Source> MakeKeyLookup(const LogicalScan& node);

/// The store's word for a plan's operator.
PredicateOp ToPredicateOp(PushedPredicate::Op op);

}  // namespace llkv
