// The optimizer: rewrites a bound plan into one that gives the same rows faster. Each rule is a file of rules/. Must
// not know how tables are stored or plans are run; what it knows of data comes as numbers from a StatisticsProvider.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/index_id.h"
#include "plan/logical_plan.h"
#include "types/value.h"

namespace llkv {

/// Estimates for a column; min and max bound all its values where they are not NULL Values.
struct ColumnEstimate {
  Value min;
  Value max;
  double num_distinct = 0;
  double num_nulls = 0;
};

/// An index of a table.
struct IndexEstimate {
  IndexId id;
  std::string name;
  /// Ordinals of the key's columns, in key order.
  std::vector<uint32_t> columns;
  bool is_unique = false;
  bool is_primary = false;
};

struct TableEstimate {
  double num_rows = 0;
  std::vector<ColumnEstimate> columns;
  /// The primary key's too.
  std::vector<IndexEstimate> indexes;
};

/// How many of some rows, taken from all over a table, pass a filter.
struct SampleCount {
  double num_rows = 0;
  double num_passed = 0;
};

/// What is known of tables. Calls may be expensive; the optimizer asks once a table.
class StatisticsProvider {
 public:
  virtual ~StatisticsProvider() = default;
  /// Null where nothing is known.
  virtual std::shared_ptr<const TableEstimate> Find(TableId table) const = 0;
  /// About how many entries of an index a scan with these predicates (their values constants) would look at; negative
  /// where that is not known.
  virtual double CountIndexEntries(TableId /*table*/, IndexId /*index*/,
                                   const std::vector<const PushedPredicate*>& /*predicates*/) const {
    return -1;
  }
  /// Counts the rows of a sample of the table that pass the scan's predicates and all of `terms`, which read columns of
  /// the scan; none of them fails, is volatile or has a parameter. Nothing where there is no sample.
  virtual std::optional<SampleCount> CountInSample(const LogicalScan& /*scan*/,
                                                   const std::vector<const BoundExpr*>& /*terms*/) const {
    return std::nullopt;
  }
};

struct OptimizerOptions {
  /// May be null.
  const StatisticsProvider* statistics = nullptr;
};

/// Rewrites `plan` in place: folds constants, pushes filters down and into scans (PushedPredicate), chooses indexes,
/// turns filtered cross joins into joins in a good order with the smaller side on the right (build) side, removes
/// unused columns, makes top-N sorts, and sets estimated_rows. The root's output columns keep ids, types, order and
/// names. Expressions that can fail are not evaluated on rows that the bound plan would not evaluate them on. Errors:
/// 54001 for plans that are too large; folding never fails the statement.
arrow::Status Optimize(BoundStatementPlan& plan, const OptimizerOptions& options);

}  // namespace llkv
