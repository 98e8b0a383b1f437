// ctest-labels: threads
// Aggregation against a naive evaluation: random tables, keys of all kinds, DISTINCT, FILTER, batch sizes, threads.
#include "exec/operators/aggregate.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "exec/expr_set.h"
#include "exec/testing/operator_harness.h"

namespace llkv {
namespace {

const std::vector<LogicalType> kKeyTypes = {TypeId::kBigInt, TypeId::kInteger, TypeId::kVarchar, TypeId::kBoolean,
                                            TypeId::kDouble, TypeId::kHugeInt, TypeId::kTinyInt, TypeId::kDate};

struct Case {
  std::vector<size_t> groups;  // columns
  size_t argument;             // BIGINT column
  size_t filter;               // BOOLEAN column
};

std::unique_ptr<LogicalAggregate> MakeNode(const TestTable& table, const Case& c) {
  auto node = std::make_unique<LogicalAggregate>();
  node->children.push_back(MakeTestInput(table));
  const auto argument = [&] {
    std::vector<BoundExprPtr> arguments;
    arguments.push_back(ColumnOf(table, c.argument));
    return arguments;
  };
  for (const size_t group : c.groups) node->groups.push_back(ColumnOf(table, group));
  node->aggregates.push_back(AggregateOf("count", {}));
  node->aggregates.push_back(AggregateOf("count", argument()));
  node->aggregates.push_back(AggregateOf("sum", argument()));
  node->aggregates.push_back(AggregateOf("min", argument()));
  node->aggregates.push_back(AggregateOf("max", argument()));
  node->aggregates.push_back(AggregateOf("sum", argument(), true));
  node->aggregates.push_back(AggregateOf("count", argument(), true, ColumnOf(table, c.filter)));
  node->aggregates.push_back(AggregateOf("sum", argument(), false, ColumnOf(table, c.filter)));
  uint64_t id = 1000;
  for (const BoundExprPtr& group : node->groups) node->output.push_back({ColumnId(id++), group->type, "g"});
  for (const AggregateCall& call : node->aggregates) {
    node->output.push_back({ColumnId(id++), call.function.return_type, "a"});
  }
  return node;
}

struct NaiveState {
  TestRow key;
  int64_t rows = 0;
  std::vector<int64_t> values;
  std::vector<int64_t> filtered;
};

Value SumOf(const std::vector<int64_t>& values, LogicalType type) {
  if (values.empty()) return Value::Null(type);
  int128_t sum = 0;
  for (const int64_t v : values) sum += v;
  return Value::Integer(type, sum);
}

std::vector<TestRow> Naive(const TestTable& table, const Case& c, const LogicalAggregate& node) {
  std::map<std::string, NaiveState> groups;
  if (c.groups.empty()) groups[""];
  for (const TestRow& row : table.rows) {
    TestRow key;
    for (const size_t group : c.groups) key.push_back(row[group]);
    NaiveState& state = groups[RowToString(key)];
    state.key = key;
    ++state.rows;
    if (row[c.argument].is_null()) continue;
    const auto v = static_cast<int64_t>(row[c.argument].integer());
    state.values.push_back(v);
    if (!row[c.filter].is_null() && row[c.filter].boolean()) state.filtered.push_back(v);
  }
  std::vector<TestRow> result;
  for (const auto& [text, state] : groups) {
    const auto type = [&](size_t a) { return node.aggregates[a].function.return_type; };
    const std::set<int64_t> distinct(state.values.begin(), state.values.end());
    const std::set<int64_t> filtered(state.filtered.begin(), state.filtered.end());
    TestRow row = state.key;
    row.push_back(Value::Integer(type(0), state.rows));
    row.push_back(Value::Integer(type(1), static_cast<int128_t>(state.values.size())));
    row.push_back(SumOf(state.values, type(2)));
    row.push_back(distinct.empty() ? Value::Null(type(3)) : Value::Integer(type(3), *distinct.begin()));
    row.push_back(distinct.empty() ? Value::Null(type(4)) : Value::Integer(type(4), *distinct.rbegin()));
    row.push_back(SumOf({distinct.begin(), distinct.end()}, type(5)));
    row.push_back(Value::Integer(type(6), static_cast<int128_t>(filtered.size())));
    row.push_back(SumOf(state.filtered, type(7)));
    result.push_back(std::move(row));
  }
  return result;
}

void Check(const TestTable& table, const Case& c, uint32_t batch_rows, uint32_t num_lanes, int num_runs = 2) {
  const auto node = MakeNode(table, c);
  AggregateOperators operators = MakeAggregate(*node, MakeLayout(table.columns));
  OperatorHarness harness(batch_rows, num_lanes);
  for (int run = 0; run < num_runs; ++run) {
    const arrow::Status status = harness.RunTable(table, *operators.sink);
    ASSERT_TRUE(status.ok()) << status.ToString();
    const auto rows = harness.Collect(*operators.source);
    ASSERT_TRUE(rows.ok()) << rows.status().ToString();
    ASSERT_EQ(SortedRows(*rows), SortedRows(Naive(table, c, *node)));
    operators.sink->Close();
  }
}

TEST(AggregateTest, RandomTablesMatchANaiveEvaluation) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 rng(seed);
    std::vector<LogicalType> types = {TypeId::kBigInt, TypeId::kBoolean};
    Case c{{}, 0, 1};
    for (uint64_t k = rng() % 5; k > 0; --k) {
      c.groups.push_back(types.size());
      types.push_back(kKeyTypes[rng() % kKeyTypes.size()]);
    }
    const size_t num_rows = seed % 7 == 0 ? 0 : rng() % 3000;
    const TestTable table = MakeRandomTable(types, 1, num_rows, rng() % 2 == 0 ? 5 : 300, rng);
    const uint32_t batch_rows = std::vector<uint32_t>{1, 7, 2048}[seed % 3];
    Check(table, c, batch_rows, seed % 2 == 0 ? 1 : 4);
  }
}

TEST(AggregateTest, ManyGroupsOverflowIntoPartitions) {
  std::mt19937_64 rng(7);
  for (const LogicalType type : {LogicalType(TypeId::kBigInt), LogicalType(TypeId::kVarchar)}) {
    for (const uint32_t num_lanes : {1U, 3U}) {
      const TestTable table = MakeRandomTable({TypeId::kBigInt, TypeId::kBoolean, type}, 1, 120'000, 1'000'000, rng);
      Check(table, Case{{2}, 0, 1}, 2048, num_lanes, 1);
      Check(table, Case{{}, 0, 1}, 2048, num_lanes, 1);
    }
  }
}

TEST(AggregateTest, DistinctRowsAreGroupsWithoutAggregates) {
  std::mt19937_64 rng(3);
  const TestTable table = MakeRandomTable({TypeId::kVarchar, TypeId::kInteger}, 1, 500, 4, rng);
  LogicalAggregate node;
  node.children.push_back(MakeTestInput(table));
  for (size_t i = 0; i < 2; ++i) node.groups.push_back(ColumnOf(table, i));
  node.output = {{ColumnId(10), TypeId::kVarchar, "a"}, {ColumnId(11), TypeId::kInteger, "b"}};
  AggregateOperators operators = MakeAggregate(node, MakeLayout(table.columns));
  OperatorHarness harness(7, 2);
  ASSERT_TRUE(harness.RunTable(table, *operators.sink).ok());
  const auto rows = harness.Collect(*operators.source).ValueOrDie();
  const std::vector<std::string> all = SortedRows(table.rows);
  const std::set<std::string> expected(all.begin(), all.end());
  ASSERT_EQ(SortedRows(rows), std::vector<std::string>(expected.begin(), expected.end()));
}

}  // namespace
}  // namespace llkv
