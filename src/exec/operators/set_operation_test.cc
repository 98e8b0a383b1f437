// ctest-labels: threads
// Set operations against counting rows as text.
#include "exec/operators/set_operation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "exec/expr_set.h"
#include "exec/testing/operator_harness.h"

namespace llkv {
namespace {

using Op = LogicalSetOperation::Op;

std::vector<std::string> Naive(Op op, bool all, const TestTable& left, const TestTable& right) {
  std::map<std::string, std::pair<int64_t, int64_t>> counts;
  for (const TestRow& row : left.rows) ++counts[RowToString(row)].first;
  for (const TestRow& row : right.rows) ++counts[RowToString(row)].second;
  std::vector<std::string> result;
  for (const auto& [text, count] : counts) {
    const auto [l, r] = count;
    int64_t copies = l + r;
    if (op == Op::kIntersect) copies = std::min(l, r);
    if (op == Op::kExcept) copies = all ? std::max<int64_t>(0, l - r) : (r == 0 ? l : 0);
    if (!all) copies = std::min<int64_t>(copies, 1);
    result.insert(result.end(), static_cast<size_t>(copies), text);
  }
  return result;
}

void Check(Op op, bool all, const TestTable& left, const TestTable& right, uint32_t batch_rows, uint32_t num_lanes) {
  LogicalSetOperation node;
  node.op = op;
  node.all = all;
  node.children.push_back(MakeTestInput(left));
  node.children.push_back(MakeTestInput(right));
  node.output = left.columns;
  SetOperationOperators operators = MakeSetOperation(node, {MakeLayout(left.columns), MakeLayout(right.columns)});
  OperatorHarness harness(batch_rows, num_lanes);
  for (int run = 0; run < 2; ++run) {
    ASSERT_TRUE(harness.RunTable(left, *operators.sinks[0]).ok());
    ASSERT_TRUE(harness.RunTable(right, *operators.sinks[1]).ok());
    ASSERT_EQ(SortedRows(harness.Collect(*operators.source).ValueOrDie()), Naive(op, all, left, right));
    operators.sinks[0]->Close();
    operators.sinks[1]->Close();
  }
}

TEST(SetOperationTest, RandomTablesMatchCounting) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 rng(seed);
    const std::vector<LogicalType> all_types = {TypeId::kBigInt, TypeId::kVarchar, TypeId::kDouble, TypeId::kHugeInt};
    std::vector<LogicalType> types;
    for (uint64_t c = 1 + rng() % 2; c > 0; --c) types.push_back(all_types[rng() % all_types.size()]);
    const TestTable left = MakeRandomTable(types, 1, seed % 7 == 0 ? 0 : rng() % 900, 5, rng);
    const TestTable right = MakeRandomTable(types, 50, seed % 5 == 0 ? 0 : rng() % 500, 5, rng);
    const Op op = std::vector<Op>{Op::kUnion, Op::kIntersect, Op::kExcept}[seed % 3];
    Check(op, rng() % 2 == 0, left, right, std::vector<uint32_t>{1, 7, 2048}[rng() % 3],
          1 + static_cast<uint32_t>(seed % 3));
  }
}

TEST(SetOperationTest, ManyRowsOverflowIntoPartitions) {
  std::mt19937_64 rng(9);
  const TestTable left = MakeRandomTable({TypeId::kBigInt}, 1, 90'000, 1'000'000, rng);
  TestTable right = left;
  right.columns[0].id = ColumnId(50);
  right.rows.resize(40'000);
  Check(Op::kExcept, true, left, right, 2048, 2);
  Check(Op::kIntersect, false, left, right, 2048, 1);
}

}  // namespace
}  // namespace llkv
