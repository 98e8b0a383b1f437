// Tables of Values, and a plain driver that runs sources, operators and sinks in several threads by the contract of
// exec/operator.h: what operators are tested with. Reuses the memory of batches at once, so that an operator that keeps
// what it must copy is caught.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "exec/operator.h"
#include "expr/bound_expr.h"
#include "functions/function_registry.h"
#include "plan/logical_plan.h"
#include "runtime/stop_token.h"

namespace llkv {

using TestRow = std::vector<Value>;

/// Columns and rows.
struct TestTable {
  std::vector<OutputColumn> columns;
  std::vector<TestRow> rows;
};

/// `num_rows` random rows of `types` with ids from `first_id`: about `domain` different values a column, one NULL in
/// ten.
TestTable MakeRandomTable(const std::vector<LogicalType>& types, uint64_t first_id, size_t num_rows, int64_t domain,
                          std::mt19937_64& rng);

/// A plan node without a meaning of its own: only its output counts.
LogicalPlanPtr MakeTestInput(const TestTable& table);

BoundExprPtr ColumnOf(const TestTable& table, size_t column);
BoundExprPtr ConstantOf(Value value);
/// A function or operator of the default registry; arguments are cast to what it takes.
BoundExprPtr CallOf(const std::string& name, BoundExprPtr a, BoundExprPtr b);
AggregateCall AggregateOf(const std::string& name, std::vector<BoundExprPtr> arguments, bool distinct = false,
                          BoundExprPtr filter = nullptr);

/// A row as text, to be compared and sorted.
std::string RowToString(const TestRow& row);
std::vector<std::string> RowsToStrings(const std::vector<TestRow>& rows);
/// The same, without regard to the rows' order.
std::vector<std::string> SortedRows(const std::vector<TestRow>& rows);

/// See the file's comment.
class OperatorHarness {
 public:
  OperatorHarness(uint32_t batch_rows, uint32_t num_lanes);

  QueryContext& query() { return query_; }
  std::unique_ptr<Source> MakeSource(const TestTable& table);
  /// Runs a whole pipeline into a sink.
  arrow::Status Run(Source& source, const std::vector<Operator*>& operators, Sink& sink);
  arrow::Status RunTable(const TestTable& table, Sink& sink);
  /// Runs a pipeline and gives its rows, in the order of morsels.
  arrow::Result<std::vector<TestRow>> Collect(Source& source, const std::vector<Operator*>& operators = {});

 private:
  ExecContext exec_;
  StopToken stop_;
  QueryContext query_;
};

}  // namespace llkv
