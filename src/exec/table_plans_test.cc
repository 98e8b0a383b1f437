// ctest-labels: threads
// Hand-built plans over a real table: INSERT, scans with predicates, point lookups run again and again, UPDATE, DELETE.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "base/error.h"
#include "exec/query_execution.h"
#include "pager/registry.h"
#include "runtime/memory_pool.h"
#include "runtime/scheduler.h"
#include "store/storage.h"
#include "vector/scratch.h"

namespace llkv {
namespace {

BoundExprPtr BigInt(int64_t value) { return BoundExpr::Constant(Value::BigInt(value)); }

BoundExprPtr Call(const std::string& name, BoundExprPtr a, BoundExprPtr b) {
  static const std::shared_ptr<const FunctionRegistry> kRegistry = FunctionRegistry::MakeDefault();
  const LogicalType types[] = {a->type, b->type};
  const Value* constants[] = {a->IsConstant() ? &a->value : nullptr, b->IsConstant() ? &b->value : nullptr};
  BoundScalar function = kRegistry->BindScalar(name, BindInput{types, constants}).ValueOrDie();
  std::vector<BoundExprPtr> arguments;
  arguments.push_back(std::move(a));
  arguments.push_back(std::move(b));
  return BoundExpr::Function(std::move(function), std::move(arguments));
}

class TablePlansTest : public ::testing::TestWithParam<uint32_t>, public StoreResolver {
 protected:
  TablePlansTest() : pool_(arrow::default_memory_pool(), "memory_limit"), scheduler_(3) {
    context_.pool = &pool_;
    context_.stores = this;
    context_.scheduler = &scheduler_;
    context_.num_threads = GetParam();
    context_.parallel_min_rows = 1000;
  }

  void SetUp() override {
    StorageOptions options;
    options.pool = &pool_;
    storage_ = Storage::Open(OpenPager(":memory:").ValueOrDie(), options).ValueOrDie();
    TableLayout layout;
    layout.id = storage_->AllocateTableId();
    layout.columns = {{FieldId(1), TypeId::kBigInt, "k"}, {FieldId(2), TypeId::kVarchar, "v"}};
    layout.indexes = {{IndexId(77), "t_pkey", {{0}}, true, true}};
    table_ = layout.id;
    const auto txn = storage_->txns().Begin();
    ASSERT_TRUE(txn->BeginStatement().ok());
    ASSERT_TRUE(storage_->CreateTable(*txn, layout).ok());
    ASSERT_TRUE(txn->EndStatement().ok());
    ASSERT_TRUE(storage_->Commit(*txn).ok());
  }

  arrow::Result<std::shared_ptr<TableStore>> FindStore(TableId table) override { return storage_->GetTable(table); }

  static std::unique_ptr<QueryExecution> Make(LogicalPlanPtr plan) {
    return QueryExecution::Make(std::shared_ptr<const LogicalPlan>(std::move(plan))).ValueOrDie();
  }

  /// Runs a change in a transaction of its own; gives its number of rows.
  arrow::Result<int64_t> Change(LogicalPlanPtr plan, std::vector<Value> parameters = {}) {
    const auto execution = Make(std::move(plan));
    const auto txn = storage_->txns().Begin();
    ARROW_RETURN_NOT_OK(txn->BeginStatement());
    context_.transaction = txn.get();
    context_.snapshot = txn->snapshot();
    const arrow::Result<int64_t> rows = RunChange(*execution, parameters);
    arrow::Status status = rows.status();
    if (status.ok()) status = txn->EndStatement();
    if (!status.ok()) {
      storage_->txns().Rollback(*txn);
      return status;
    }
    ARROW_RETURN_NOT_OK(storage_->Commit(*txn));
    return rows;
  }

  arrow::Result<int64_t> RunChange(QueryExecution& execution, const std::vector<Value>& parameters) {
    ARROW_RETURN_NOT_OK(execution.Start(context_, parameters));
    ARROW_ASSIGN_OR_RAISE(const Batch batch, execution.NextBatch());
    const auto rows = static_cast<int64_t>(GetValue(batch.columns[0], batch.selection[0]).integer());
    execution.Stop();
    return rows;
  }

  arrow::Result<std::vector<std::string>> Read(QueryExecution& execution, const std::vector<Value>& parameters = {}) {
    const auto txn = storage_->txns().Begin(true);
    context_.snapshot = txn->snapshot();
    context_.pin = txn->pin();
    context_.transaction = nullptr;
    ARROW_RETURN_NOT_OK(execution.Start(context_, parameters));
    storage_->txns().Rollback(*txn);
    std::vector<std::string> rows;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const Batch batch, execution.NextBatch());
      if (batch.num_selected() == 0) break;
      ForEachRow(batch.selection, [&](uint32_t row) {
        std::string text;
        for (const Vector& column : batch.columns) text += GetValue(column, row).ToString() + " ";
        rows.push_back(std::move(text));
      });
    }
    execution.Stop();
    return rows;
  }

  std::unique_ptr<LogicalScan> ScanPlan(bool with_row_id = false) {
    auto scan = std::make_unique<LogicalScan>();
    scan->table = table_;
    scan->column_ordinals = {0, 1};
    scan->output = {{ColumnId(1), TypeId::kBigInt, "k"}, {ColumnId(2), TypeId::kVarchar, "v"}};
    scan->with_row_id = with_row_id;
    if (with_row_id) scan->output.push_back({ColumnId(3), TypeId::kUBigInt, "row_id"});
    return scan;
  }

  static PushedPredicate Predicate(uint32_t column, PushedPredicate::Op op, BoundExprPtr value) {
    PushedPredicate predicate;
    predicate.column_ordinal = column;
    predicate.op = op;
    predicate.values.push_back(std::move(value));
    return predicate;
  }

  LogicalPlanPtr InsertPlan(int64_t begin, int64_t end, bool bulk = false) {
    auto values = std::make_unique<LogicalValues>();
    values->output = {{ColumnId(11), TypeId::kBigInt, "k"}, {ColumnId(12), TypeId::kVarchar, "v"}};
    for (int64_t i = begin; i < end; ++i) {
      std::vector<BoundExprPtr> row;
      row.push_back(BigInt(i));
      row.push_back(BoundExpr::Constant(i % 10 == 9 ? Value::Null(TypeId::kVarchar)
                                                    : Value::Varchar("value number " + std::to_string(i))));
      values->rows.push_back(std::move(row));
    }
    auto insert = std::make_unique<LogicalInsert>();
    insert->table = table_;
    insert->bulk = bulk;
    insert->output = {{ColumnId(13), TypeId::kBigInt, "rows"}};
    insert->children.push_back(std::move(values));
    return insert;
  }

  AccountingPool pool_;
  Scheduler scheduler_;
  std::unique_ptr<Storage> storage_;
  TableId table_;
  ExecContext context_;
};

std::string RowText(int64_t i) {
  return std::to_string(i) + (i % 10 == 9 ? " NULL " : " value number " + std::to_string(i) + " ");
}

TEST_P(TablePlansTest, AllRowsComeBack) {
  EXPECT_EQ(Change(InsertPlan(0, 3000)).ValueOrDie(), 3000);
  EXPECT_EQ(Change(InsertPlan(3000, 50'000, true)).ValueOrDie(), 47'000);
  std::vector<std::string> expected;
  for (int64_t i = 0; i < 50'000; ++i) expected.push_back(RowText(i));
  std::vector<std::string> found = Read(*Make(ScanPlan())).ValueOrDie();
  // Rows written ahead as cold ones may have row ids before hot ones.
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(found, expected);
}

TEST_P(TablePlansTest, PredicatesWithParameters) {
  ASSERT_TRUE(Change(InsertPlan(0, 5000)).ok());
  auto scan = ScanPlan();
  scan->predicates.push_back(Predicate(0, PushedPredicate::Op::kLess, BoundExpr::Parameter(0, TypeId::kBigInt)));
  const auto execution = Make(std::move(scan));
  for (const int64_t limit : {3, 0, 4000}) {
    std::vector<std::string> expected;
    for (int64_t i = 0; i < limit; ++i) expected.push_back(RowText(i));
    EXPECT_EQ(Read(*execution, {Value::BigInt(limit)}).ValueOrDie(), expected);
  }
  EXPECT_TRUE(Read(*execution, {Value::Null(TypeId::kBigInt)}).ValueOrDie().empty());
}

TEST_P(TablePlansTest, PointLookupsRunAgainAndAgainWithoutTasksOrAllocations) {
  ASSERT_TRUE(Change(InsertPlan(0, 20'000)).ok());
  auto scan = ScanPlan(true);
  scan->predicates.push_back(Predicate(0, PushedPredicate::Op::kEqual, BoundExpr::Parameter(0, TypeId::kBigInt)));
  scan->predicates.push_back(
      Predicate(1, PushedPredicate::Op::kNotEqual, BoundExpr::Constant(Value::Varchar("value number 7"))));
  scan->index = IndexId(77);
  scan->key_lookup.push_back(BoundExpr::Parameter(0, TypeId::kBigInt));
  auto project = std::make_unique<LogicalProject>();
  project->output = {{ColumnId(21), TypeId::kVarchar, "v"}, {ColumnId(22), TypeId::kBigInt, "k"}};
  project->exprs.push_back(BoundExpr::Column(ColumnId(2), TypeId::kVarchar, "v"));
  project->exprs.push_back(BoundExpr::Column(ColumnId(1), TypeId::kBigInt, "k"));
  project->children.push_back(std::move(scan));
  const auto execution = Make(std::move(project));
  EXPECT_EQ(Read(*execution, {Value::BigInt(42)}).ValueOrDie(), std::vector<std::string>{"value number 42 42 "});
  EXPECT_TRUE(Read(*execution, {Value::BigInt(7)}).ValueOrDie().empty());
  EXPECT_TRUE(Read(*execution, {Value::BigInt(9)}).ValueOrDie().empty());
  EXPECT_TRUE(Read(*execution, {Value::BigInt(20'000)}).ValueOrDie().empty());
  EXPECT_TRUE(Read(*execution, {Value::Null(TypeId::kBigInt)}).ValueOrDie().empty());

  const uint64_t tasks = scheduler_.num_tasks_run();
  const int64_t allocations = pool_.num_allocations();
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kRuns = 10'000;
  for (int i = 0; i < kRuns; ++i) {
    Value parameter = Value::BigInt(i % 20'000);
    ASSERT_TRUE(execution->Start(context_, {&parameter, 1}).ok());
    ASSERT_TRUE(execution->NextBatch().ok());
  }
  const std::chrono::duration<double, std::micro> elapsed = std::chrono::steady_clock::now() - begin;
  std::cout << "point lookup: " << elapsed.count() / kRuns << " us\n";
  EXPECT_EQ(scheduler_.num_tasks_run(), tasks);
  EXPECT_EQ(pool_.num_allocations(), allocations);
}

TEST_P(TablePlansTest, UpdateAndDelete) {
  ASSERT_TRUE(Change(InsertPlan(0, 4000)).ok());
  // Every key moves by one: no row meets another's old key, nor is any row updated twice.
  auto update = std::make_unique<LogicalUpdate>();
  update->table = table_;
  update->output = {{ColumnId(31), TypeId::kBigInt, "rows"}};
  auto project = std::make_unique<LogicalProject>();
  project->output = {{ColumnId(32), TypeId::kUBigInt, "id"},
                     {ColumnId(33), TypeId::kBigInt, "k"},
                     {ColumnId(34), TypeId::kVarchar, "v"}};
  project->exprs.push_back(BoundExpr::Column(ColumnId(3), TypeId::kUBigInt, "row_id"));
  project->exprs.push_back(Call("+", BoundExpr::Column(ColumnId(1), TypeId::kBigInt, "k"), BigInt(1)));
  project->exprs.push_back(BoundExpr::Column(ColumnId(2), TypeId::kVarchar, "v"));
  project->children.push_back(ScanPlan(true));
  update->children.push_back(std::move(project));
  EXPECT_EQ(Change(std::move(update)).ValueOrDie(), 4000);

  auto remove = std::make_unique<LogicalDelete>();
  remove->table = table_;
  remove->output = {{ColumnId(41), TypeId::kBigInt, "rows"}};
  auto scan = ScanPlan(true);
  scan->predicates.push_back(Predicate(0, PushedPredicate::Op::kGreater, BigInt(2)));
  scan->column_ordinals.clear();
  scan->output.erase(scan->output.begin(), scan->output.begin() + 2);
  remove->children.push_back(std::move(scan));
  EXPECT_EQ(Change(std::move(remove)).ValueOrDie(), 3998);
  EXPECT_EQ(Read(*Make(ScanPlan())).ValueOrDie(), (std::vector<std::string>{"1 value number 0 ", "2 value number 1 "}));
}

TEST_P(TablePlansTest, ConstraintsFailTheStatement) {
  const auto with_constraint = [&](BoundExprPtr expr, bool is_not_null, std::string_view state) {
    LogicalPlanPtr plan = InsertPlan(0, 20);
    RowConstraint constraint;
    constraint.expr = std::move(expr);
    constraint.is_not_null = is_not_null;
    constraint.sqlstate = state;
    constraint.message = "constraint";
    plan->As<LogicalInsert>().constraints.push_back(std::move(constraint));
    return Change(std::move(plan));
  };
  const auto key = [] { return BoundExpr::Column(ColumnId(11), TypeId::kBigInt, "k"); };
  EXPECT_EQ(
      GetSqlState(with_constraint(BoundExpr::Column(ColumnId(12), TypeId::kVarchar, "v"), true, "23502").status()),
      "23502");
  EXPECT_EQ(GetSqlState(with_constraint(Call("<", key(), BigInt(19)), false, "23514").status()), "23514");
  EXPECT_TRUE(Read(*Make(ScanPlan())).ValueOrDie().empty());
  EXPECT_TRUE(with_constraint(Call("<", key(), BigInt(20)), false, "23514").ok());
  EXPECT_EQ(GetSqlState(Change(InsertPlan(5, 6)).status()), sqlstate::kUniqueViolation);
}

INSTANTIATE_TEST_SUITE_P(Threads, TablePlansTest, ::testing::Values(1U, 4U));

}  // namespace
}  // namespace llkv
