// ctest-labels: threads
// Table functions over rows, against plain loops: lists and ranges of many sizes, several calls, batches of any size.
#include "exec/operators/project_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/testing/status_asserts.h"
#include "exec/expr_set.h"
#include "exec/testing/operator_harness.h"
#include "functions/function_registry.h"
#include "types/nested_value.h"
#include "types/type_info.h"

namespace llkv {
namespace {

std::shared_ptr<const RowsFunction> Bind(const std::string& name, const std::vector<LogicalType>& types) {
  static const std::shared_ptr<const FunctionRegistry> kRegistry = FunctionRegistry::MakeDefault();
  const TableFunction* function = kRegistry->FindTable(name);
  std::vector<Value> values;
  for (const LogicalType type : types) values.push_back(Value::Null(type));
  return std::dynamic_pointer_cast<const RowsFunction>(function->bind(*function, values).ValueOrDie());
}

Value ListOf(LogicalType type, const std::vector<Value>& elements) {
  std::string bytes;
  for (const Value& element : elements) AppendNestedPart(ElementType(type), element, &bytes);
  AppendNestedMark(NestedMark::kEnd, &bytes);
  return Value::OfBytes(type, std::move(bytes));
}

/// Columns: a number, a list of texts, a list of numbers, the end of a range. What they give is in `lists`.
struct Input {
  TestTable table;
  std::vector<std::vector<std::vector<Value>>> lists;
};

constexpr size_t kNumLists = 3;

Input MakeInput(size_t num_rows, size_t most, std::mt19937_64& rng) {
  const LogicalType texts = MakeListType(TypeId::kVarchar).ValueOrDie();
  const LogicalType numbers = MakeListType(TypeId::kInteger).ValueOrDie();
  Input input;
  input.table.columns = {{ColumnId(1), TypeId::kInteger, "id"},
                         {ColumnId(2), texts, "texts"},
                         {ColumnId(3), numbers, "numbers"},
                         {ColumnId(4), TypeId::kBigInt, "n"}};
  for (size_t i = 0; i < num_rows; ++i) {
    TestRow row = {Value::Integer(TypeId::kInteger, static_cast<int64_t>(i)), Value::Null(texts), Value::Null(numbers),
                   Value::Null(TypeId::kBigInt)};
    std::vector<std::vector<Value>> lists(kNumLists);
    const auto size = [&] { return rng() % 3 == 0 ? 0 : rng() % (most + 1); };
    if (rng() % 5 != 0) {
      for (uint64_t k = size(); k > 0; --k) {
        // Some hold a 00, which stands in lists in another form.
        const std::string text = std::string(rng() % 20, 'x') + (rng() % 7 == 0 ? std::string(1, '\0') : "y");
        lists[0].push_back(rng() % 6 == 0 ? Value::Null(TypeId::kVarchar) : Value::Varchar(text));
      }
      row[1] = ListOf(texts, lists[0]);
    }
    if (rng() % 5 != 0) {
      for (uint64_t k = size(); k > 0; --k) {
        lists[1].push_back(rng() % 6 == 0 ? Value::Null(TypeId::kInteger)
                                          : Value::Integer(TypeId::kInteger, static_cast<int64_t>(rng() % 100)));
      }
      row[2] = ListOf(numbers, lists[1]);
    }
    if (rng() % 5 != 0) {
      const auto n = static_cast<int64_t>(size());
      for (int64_t k = 1; k <= n; ++k) lists[2].push_back(Value::BigInt(k));
      row[3] = Value::BigInt(n);
    }
    input.table.rows.push_back(std::move(row));
    input.lists.push_back(std::move(lists));
  }
  return input;
}

/// Calls by which lists (see Input) they give, over a child with the input's columns; passes id and a second column on.
struct Plan {
  Plan(const Input& input, const std::vector<size_t>& calls, size_t second, bool with_ordinality, bool is_outer) {
    const std::vector<OutputColumn>& columns = input.table.columns;
    node.children.push_back(MakeTestInput(input.table));
    for (const size_t column : {size_t{0}, second}) {
      node.passed.push_back(ColumnOf(input.table, column));
      node.output.push_back(columns[column]);
    }
    for (const size_t list : calls) {
      SetCall& call = node.calls.emplace_back();
      call.function_name = list == 2 ? "generate_series" : "unnest";
      if (list == 2) {
        call.function = Bind("generate_series", {TypeId::kBigInt, TypeId::kBigInt});
        call.arguments.push_back(ConstantOf(Value::BigInt(1)));
      } else {
        call.function = Bind("unnest", {columns[list + 1].type});
      }
      call.arguments.push_back(ColumnOf(input.table, list + 1));
      node.output.push_back({ColumnId(100 + node.calls.size()), call.function->column_types[0], "x"});
    }
    node.with_ordinality = with_ordinality;
    if (with_ordinality) node.output.push_back({ColumnId(200), TypeId::kBigInt, "ordinality"});
    node.is_outer = is_outer;
  }

  LogicalProjectSet node;
};

std::vector<std::string> Naive(const Input& input, const std::vector<size_t>& calls, size_t second, const Plan& plan) {
  std::vector<TestRow> rows;
  for (size_t i = 0; i < input.table.rows.size(); ++i) {
    size_t most = 0;
    for (const size_t list : calls) most = std::max(most, input.lists[i][list].size());
    for (size_t k = 0; k < most || (k == 0 && plan.node.is_outer); ++k) {
      TestRow row = {input.table.rows[i][0], input.table.rows[i][second]};
      for (size_t c = 0; c < calls.size(); ++c) {
        const std::vector<Value>& list = input.lists[i][calls[c]];
        row.push_back(k < list.size() ? list[k] : Value::Null(plan.node.output[2 + c].type));
      }
      if (plan.node.with_ordinality) {
        row.push_back(k < most ? Value::BigInt(static_cast<int64_t>(k) + 1) : Value::Null(TypeId::kBigInt));
      }
      rows.push_back(std::move(row));
    }
  }
  return RowsToStrings(rows);
}

void Check(const Input& input, const std::vector<size_t>& calls, bool with_ordinality, bool is_outer,
           uint32_t batch_rows, uint32_t num_lanes, size_t second = 1) {
  const Plan plan(input, calls, second, with_ordinality, is_outer);
  const std::unique_ptr<Operator> set = MakeProjectSet(plan.node, MakeLayout(input.table.columns));
  OperatorHarness harness(batch_rows, num_lanes);
  const std::unique_ptr<Source> source = harness.MakeSource(input.table);
  ASSERT_OK_AND_ASSIGN(const std::vector<TestRow> rows, harness.Collect(*source, {set.get()}));
  EXPECT_EQ(RowsToStrings(rows), Naive(input, calls, second, plan));
}

TEST(ProjectSetTest, RandomListsMatchPlainLoops) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 rng(seed);
    const Input input = MakeInput(rng() % 200, seed % 4 == 0 ? 60 : 4, rng);
    std::vector<size_t> calls;
    for (uint64_t k = 1 + rng() % 3; k > 0; --k) calls.push_back(rng() % kNumLists);
    Check(input, calls, rng() % 2 == 0, rng() % 2 == 0, std::vector<uint32_t>{1, 7, 2048}[seed % 3],
          1 + static_cast<uint32_t>(seed % 2));
  }
}

TEST(ProjectSetTest, ListsLongerThanBatches) {
  std::mt19937_64 rng(7);
  const Input input = MakeInput(9, 9000, rng);
  for (const uint32_t batch_rows : {1U, 7U, 2048U}) {
    SCOPED_TRACE(batch_rows);
    Check(input, {0, 2}, true, true, batch_rows, 1, /*second=*/3);
    Check(input, {1}, false, false, batch_rows, 2, /*second=*/3);
  }
}

TEST(ProjectSetTest, NoRows) {
  std::mt19937_64 rng(1);
  Check(MakeInput(0, 3, rng), {0}, false, true, 7, 1);
  Check(MakeInput(50, 0, rng), {0, 1}, false, false, 7, 1);
  Check(MakeInput(50, 0, rng), {0, 1}, true, true, 7, 1);
}

TEST(ProjectSetTest, StepOfZeroFails) {
  TestTable table;
  table.columns = {{ColumnId(1), TypeId::kBigInt, "step"}};
  table.rows = {{Value::BigInt(3)}, {Value::BigInt(0)}};
  LogicalProjectSet node;
  node.children.push_back(MakeTestInput(table));
  SetCall& call = node.calls.emplace_back();
  call.function_name = "range";
  call.function = Bind("range", {TypeId::kBigInt, TypeId::kBigInt, TypeId::kBigInt});
  call.arguments.push_back(ConstantOf(Value::BigInt(1)));
  call.arguments.push_back(ConstantOf(Value::BigInt(10)));
  call.arguments.push_back(ColumnOf(table, 0));
  node.output.push_back({ColumnId(9), TypeId::kBigInt, "range"});
  const std::unique_ptr<Operator> set = MakeProjectSet(node, MakeLayout(table.columns));
  OperatorHarness harness(7, 1);
  const std::unique_ptr<Source> source = harness.MakeSource(table);
  EXPECT_FALSE(harness.Collect(*source, {set.get()}).ok());
}

}  // namespace
}  // namespace llkv
