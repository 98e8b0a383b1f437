// Aggregates with ORDER BY within the call: agg(x ORDER BY y).
#pragma once

#include <arrow/result.h>

#include <vector>

#include "functions/function_registry.h"

namespace llkv {

/// One key of the order; its value is an argument behind the function's own.
struct AggregateOrder {
  LogicalType type;
  bool descending = false;
  bool nulls_first = false;
};

/// `function`, fed in an order: its arguments are the function's and then the keys. States hold all rows.
BoundAggregate MakeOrderedAggregate(BoundAggregate function, std::vector<AggregateOrder> order);

}  // namespace llkv
