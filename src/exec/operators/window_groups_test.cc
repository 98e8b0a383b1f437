// ctest-labels: threads
// Windows over whole partitions against a naive evaluation: keys of all kinds, batch sizes, threads, more groups than a
// table holds.
#include "exec/operators/window_groups.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "exec/expr_set.h"
#include "exec/testing/operator_harness.h"

namespace llkv {
namespace {

// Columns of the random tables.
constexpr size_t kArgument = 0;
constexpr size_t kText = 1;
constexpr size_t kFilter = 2;
constexpr size_t kFirstKey = 3;
const std::vector<LogicalType> kTypes = {TypeId::kInteger, TypeId::kVarchar, TypeId::kBoolean, TypeId::kBigInt,
                                         TypeId::kInteger, TypeId::kVarchar, TypeId::kDouble,  TypeId::kHugeInt};

void AddCall(const TestTable& table, const std::string& name, std::optional<size_t> argument, bool has_filter,
             LogicalWindow* node) {
  std::vector<BoundExprPtr> arguments;
  if (argument.has_value()) arguments.push_back(ColumnOf(table, *argument));
  AggregateCall aggregate = AggregateOf(name, std::move(arguments));
  WindowCall& call = node->calls.emplace_back();
  call.name = name;
  call.kind = WindowKind::kAggregate;
  call.return_type = aggregate.function.return_type;
  call.aggregate = std::move(aggregate.function);
  call.arguments = std::move(aggregate.arguments);
  if (has_filter) call.filter = ColumnOf(table, kFilter);
  node->output.push_back({ColumnId(1000 + node->output.size()), call.return_type, name});
}

std::unique_ptr<LogicalWindow> MakeNode(const TestTable& table, const std::vector<size_t>& keys) {
  auto node = std::make_unique<LogicalWindow>();
  node->children.push_back(MakeTestInput(table));
  node->output = table.columns;
  for (const size_t key : keys) node->partition_by.push_back(ColumnOf(table, key));
  AddCall(table, "count", std::nullopt, false, node.get());
  AddCall(table, "sum", kArgument, false, node.get());
  AddCall(table, "count", std::nullopt, true, node.get());
  AddCall(table, "max", kText, false, node.get());
  return node;
}

struct Partition {
  int64_t rows = 0;
  int64_t filtered = 0;
  std::optional<int64_t> sum;
  std::optional<std::string> text;
};

std::vector<TestRow> Naive(const TestTable& table, const std::vector<size_t>& keys, const LogicalWindow& node) {
  const auto key_of = [&](const TestRow& row) {
    TestRow key;
    for (const size_t k : keys) key.push_back(row[k]);
    return RowToString(key);
  };
  std::map<std::string, Partition> partitions;
  for (const TestRow& row : table.rows) {
    Partition& partition = partitions[key_of(row)];
    ++partition.rows;
    if (!row[kFilter].is_null() && row[kFilter].boolean()) ++partition.filtered;
    if (!row[kArgument].is_null()) {
      partition.sum = partition.sum.value_or(0) + static_cast<int64_t>(row[kArgument].integer());
    }
    if (row[kText].is_null()) continue;
    const std::string text(row[kText].bytes());
    if (!partition.text.has_value() || *partition.text < text) partition.text = text;
  }
  std::vector<TestRow> result;
  for (TestRow row : table.rows) {
    const Partition& partition = partitions[key_of(row)];
    const auto type = [&](size_t call) { return node.calls[call].return_type; };
    row.push_back(Value::Integer(type(0), partition.rows));
    row.push_back(partition.sum.has_value() ? Value::Integer(type(1), *partition.sum) : Value::Null(type(1)));
    row.push_back(Value::Integer(type(2), partition.filtered));
    row.push_back(partition.text.has_value() ? Value::OfBytes(type(3), *partition.text) : Value::Null(type(3)));
    result.push_back(std::move(row));
  }
  return result;
}

void Check(const TestTable& table, const std::vector<size_t>& keys, uint32_t batch_rows, uint32_t num_lanes,
           int num_runs = 2) {
  const auto node = MakeNode(table, keys);
  ASSERT_TRUE(IsOverWholePartitions(*node));
  const ColumnLayout layout = MakeLayout(table.columns);
  auto groups = std::make_shared<WindowGroups>(*node, layout);
  const auto sink = MakeWindowGroupsSink(groups);
  const auto lookup = MakeWindowLookup(groups, layout);
  OperatorHarness harness(batch_rows, num_lanes);
  // Twice: what an execution leaves does not disturb the next one.
  const std::vector<std::string> expected = SortedRows(Naive(table, keys, *node));
  for (int run = 0; run < num_runs; ++run) {
    ASSERT_TRUE(harness.RunTable(table, *sink).ok());
    const auto source = harness.MakeSource(table);
    const auto rows = harness.Collect(*source, {lookup.get()});
    ASSERT_TRUE(rows.ok()) << rows.status().ToString();
    EXPECT_EQ(SortedRows(*rows), expected);
    sink->Close();
  }
}

TEST(WindowGroups, RandomTables) {
  std::mt19937_64 rng(7);
  const std::vector<std::vector<size_t>> key_sets = {{},
                                                     {kFirstKey},
                                                     {kFirstKey + 1},
                                                     {kFirstKey + 2},
                                                     {kFirstKey + 3},
                                                     {kFirstKey + 4},
                                                     {kFirstKey, kFirstKey + 1},
                                                     {kFirstKey + 2, kFirstKey + 3, kFirstKey + 1}};
  for (const auto& keys : key_sets) {
    for (const size_t num_rows : {size_t{0}, size_t{1}, size_t{2500}}) {
      for (const int64_t domain : {int64_t{1}, int64_t{300}}) {
        const TestTable table = MakeRandomTable(kTypes, 1, num_rows, domain, rng);
        Check(table, keys, 7, 1);
        Check(table, keys, kMaxBatchRows, 3);
      }
    }
  }
}

TEST(WindowGroups, ManyGroups) {
  std::mt19937_64 rng(8);
  const TestTable table = MakeRandomTable(kTypes, 1, 80'000, 1'000'000, rng);
  Check(table, {kFirstKey}, kMaxBatchRows, 1, 1);
  Check(table, {kFirstKey + 2}, 1000, 2, 1);
}

TEST(WindowGroups, OrderMatters) {
  std::mt19937_64 rng(9);
  const TestTable table = MakeRandomTable(kTypes, 1, 1, 1, rng);
  auto node = MakeNode(table, {kFirstKey});
  node->calls[0].num_order_keys = 1;
  EXPECT_FALSE(IsOverWholePartitions(*node));
  node->calls[0].frame.end.kind = FrameBound::Kind::kUnboundedFollowing;
  EXPECT_TRUE(IsOverWholePartitions(*node));
  node->calls[0].frame.start.kind = FrameBound::Kind::kPreceding;
  EXPECT_FALSE(IsOverWholePartitions(*node));
}

}  // namespace
}  // namespace llkv
