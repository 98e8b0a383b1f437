// ctest-labels: threads
// Whole executions of hand-built plans, on the calling thread and in parallel, over numbers and over real tables.
#include "exec/query_execution.h"

#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

#include "base/error.h"
#include "runtime/memory_pool.h"
#include "runtime/scheduler.h"
#include "runtime/stop_token.h"
#include "store/storage.h"
#include "vector/scratch.h"

namespace llkv {
namespace {

constexpr uint64_t kRowsPerPart = 10'000;

/// Numbers from 0, in parts; fails at one of them where that is asked for.
class NumbersPart : public TableFunctionSource {
 public:
  NumbersPart(int64_t begin, int64_t end, int64_t fail_at) : next_(begin), end_(end), fail_at_(fail_at) {}
  arrow::Result<Batch> Next(KernelContext&) override {
    const int64_t count = std::min<int64_t>(end_ - next_, kMaxBatchRows);
    values_.resize(kMaxBatchRows);
    std::iota(values_.begin(), values_.begin() + count, next_);
    if (fail_at_ >= next_ && fail_at_ < next_ + count) return SqlError(sqlstate::kDivisionByZero, "planted failure");
    next_ += count;
    column_.type = TypeId::kBigInt;
    column_.data = values_.data();
    return Batch{std::span<const Vector>(&column_, 1), static_cast<uint32_t>(count),
                 Selection::All(static_cast<uint32_t>(count))};
  }

 private:
  int64_t next_;
  const int64_t end_;
  const int64_t fail_at_;
  std::vector<int64_t> values_;
  Vector column_;
};

class Numbers : public BoundTableFunction {
 public:
  explicit Numbers(uint64_t count, int64_t fail_at = -1) : count_(count), fail_at_(fail_at) {
    column_names = {"n"};
    column_types = {TypeId::kBigInt};
  }
  uint64_t num_parts() const override { return (count_ + kRowsPerPart - 1) / kRowsPerPart; }
  arrow::Result<std::unique_ptr<TableFunctionSource>> MakeSource(uint64_t part) const override {
    return std::make_unique<NumbersPart>(static_cast<int64_t>(part * kRowsPerPart),
                                         static_cast<int64_t>(std::min(count_, (part + 1) * kRowsPerPart)), fail_at_);
  }
  double estimated_rows() const override { return static_cast<double>(count_); }

 private:
  const uint64_t count_;
  const int64_t fail_at_;
};

uint64_t next_id = 1;
ColumnId NewId() { return ColumnId(next_id++); }

LogicalPlanPtr NumbersPlan(uint64_t count, int64_t fail_at = -1) {
  auto node = std::make_unique<LogicalTableFunction>();
  node->function_name = "numbers";
  node->function = std::make_shared<Numbers>(count, fail_at);
  node->column_indexes = {0};
  node->output = {{NewId(), TypeId::kBigInt, "n"}};
  return node;
}

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

BoundExprPtr Column(const LogicalPlan& node, size_t i) {
  return BoundExpr::Column(node.output[i].id, node.output[i].type, node.output[i].name);
}
BoundExprPtr BigInt(int64_t value) { return BoundExpr::Constant(Value::BigInt(value)); }

LogicalPlanPtr FilterPlan(LogicalPlanPtr child, BoundExprPtr term) {
  auto node = std::make_unique<LogicalFilter>();
  node->output = child->output;
  node->terms.push_back(std::move(term));
  node->children.push_back(std::move(child));
  return node;
}

LogicalPlanPtr ProjectPlan(LogicalPlanPtr child, std::vector<BoundExprPtr> exprs) {
  auto node = std::make_unique<LogicalProject>();
  for (const BoundExprPtr& expr : exprs) node->output.push_back({NewId(), expr->type, "e"});
  node->exprs = std::move(exprs);
  node->children.push_back(std::move(child));
  return node;
}

LogicalPlanPtr LimitPlan(LogicalPlanPtr child, BoundExprPtr limit, BoundExprPtr offset) {
  auto node = std::make_unique<LogicalLimit>();
  node->output = child->output;
  node->limit = std::move(limit);
  node->offset = std::move(offset);
  node->children.push_back(std::move(child));
  return node;
}

LogicalPlanPtr UnionAllPlan(LogicalPlanPtr a, LogicalPlanPtr b) {
  auto node = std::make_unique<LogicalSetOperation>();
  node->all = true;
  for (const OutputColumn& column : a->output) node->output.push_back({NewId(), column.type, column.name});
  node->children.push_back(std::move(a));
  node->children.push_back(std::move(b));
  return node;
}

class QueryExecutionTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  QueryExecutionTest() : pool_(arrow::default_memory_pool(), "memory_limit"), scheduler_(3) {
    context_.pool = &pool_;
    context_.scheduler = GetParam() > 1 ? &scheduler_ : nullptr;
    context_.num_threads = GetParam();
    context_.stop = &stop_;
    context_.parallel_min_rows = 1000;
  }

  static std::unique_ptr<QueryExecution> Make(LogicalPlanPtr plan) {
    return QueryExecution::Make(std::shared_ptr<const LogicalPlan>(std::move(plan))).ValueOrDie();
  }

  /// The first column of all rows, through record batches.
  arrow::Result<std::vector<int64_t>> Read(QueryExecution& execution, std::vector<Value> parameters = {}) {
    ARROW_RETURN_NOT_OK(execution.Start(context_, parameters));
    std::vector<int64_t> values;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const Batch batch, execution.NextBatch());
      if (batch.num_selected() == 0) return values;
      ForEachRow(batch.selection, [&](uint32_t row) {
        values.push_back(static_cast<int64_t>(GetValue(batch.columns[0], row).integer()));
      });
    }
  }

  AccountingPool pool_;
  Scheduler scheduler_;
  StopToken stop_;
  ExecContext context_;
};

std::vector<int64_t> Range(int64_t begin, int64_t end, int64_t step = 1) {
  std::vector<int64_t> values;
  for (int64_t i = begin; i < end; i += step) values.push_back(i);
  return values;
}

TEST_P(QueryExecutionTest, FilterAndProjectKeepTheOrderOfRows) {
  LogicalPlanPtr numbers = NumbersPlan(200'000);
  BoundExprPtr term = Call("<", Call("%", Column(*numbers, 0), BigInt(7)), BigInt(2));
  LogicalPlanPtr filtered = FilterPlan(std::move(numbers), std::move(term));
  std::vector<BoundExprPtr> exprs;
  exprs.push_back(Call("+", Column(*filtered, 0), BigInt(5)));
  const auto execution = Make(ProjectPlan(std::move(filtered), std::move(exprs)));
  std::vector<int64_t> expected;
  for (int64_t i = 0; i < 200'000; ++i) {
    if (i % 7 < 2) expected.push_back(i + 5);
  }
  for (const uint32_t batch_rows : {kMaxBatchRows, 7U}) {
    context_.batch_rows = batch_rows;
    EXPECT_EQ(Read(*execution).ValueOrDie(), expected);
  }
  if (GetParam() == 1) {
    EXPECT_EQ(scheduler_.num_tasks_run(), 0U);
  } else {
    EXPECT_GT(scheduler_.num_tasks_run(), 0U);
  }
}

TEST_P(QueryExecutionTest, SmallWorkStaysOnTheCallingThread) {
  const auto execution = Make(NumbersPlan(900));
  EXPECT_EQ(Read(*execution).ValueOrDie(), Range(0, 900));
  EXPECT_EQ(scheduler_.num_tasks_run(), 0U);
}

TEST_P(QueryExecutionTest, LimitAndOffsetAtTheTopAndBelow) {
  const auto top = Make(LimitPlan(NumbersPlan(150'000), BigInt(30'000), BigInt(5'000)));
  EXPECT_EQ(Read(*top).ValueOrDie(), Range(5'000, 35'000));
  LogicalPlanPtr numbers = NumbersPlan(150'000);
  BoundExprPtr even = Call("=", Call("%", Column(*numbers, 0), BigInt(2)), BigInt(0));
  LogicalPlanPtr inner = LimitPlan(FilterPlan(std::move(numbers), std::move(even)), BigInt(20'000), BigInt(3));
  BoundExprPtr all = Call(">=", Column(*inner, 0), BigInt(0));
  const auto below = Make(FilterPlan(std::move(inner), std::move(all)));
  EXPECT_EQ(Read(*below).ValueOrDie(), Range(6, 40'006, 2));
  const auto parameter = Make(LimitPlan(NumbersPlan(100'000), BoundExpr::Parameter(0, TypeId::kBigInt), nullptr));
  EXPECT_EQ(Read(*parameter, {Value::BigInt(3)}).ValueOrDie(), Range(0, 3));
  EXPECT_EQ(Read(*parameter, {Value::BigInt(0)}).ValueOrDie(), Range(0, 0));
  EXPECT_EQ(Read(*parameter, {Value::Null(TypeId::kBigInt)}).ValueOrDie(), Range(0, 100'000));
  EXPECT_EQ(GetSqlState(Read(*parameter, {Value::BigInt(-1)}).status()), sqlstate::kInvalidParameter);
}

TEST_P(QueryExecutionTest, UnionAllStreamsItsPartsInOrder) {
  LogicalPlanPtr first = NumbersPlan(60'000);
  BoundExprPtr term = Call("<", Column(*first, 0), BigInt(40'000));
  const auto execution = Make(
      UnionAllPlan(FilterPlan(std::move(first), std::move(term)), UnionAllPlan(NumbersPlan(5), NumbersPlan(50'000))));
  std::vector<int64_t> expected = Range(0, 40'000);
  for (const int64_t end : {5, 50'000}) {
    const std::vector<int64_t> more = Range(0, end);
    expected.insert(expected.end(), more.begin(), more.end());
  }
  EXPECT_EQ(Read(*execution).ValueOrDie(), expected);
  EXPECT_EQ(Read(*execution).ValueOrDie(), expected);
}

TEST_P(QueryExecutionTest, MaterializedRowsAreReadTwice) {
  auto node = std::make_unique<LogicalMaterialize>();
  node->id = 1;
  const auto scan = [] {
    auto read = std::make_unique<LogicalMaterializedScan>();
    read->id = 1;
    read->column_indexes = {0};
    read->output = {{NewId(), TypeId::kBigInt, "n"}};
    return read;
  };
  LogicalPlanPtr body = UnionAllPlan(scan(), scan());
  node->output = body->output;
  node->children.push_back(NumbersPlan(70'000));
  node->children.push_back(std::move(body));
  const auto execution = Make(std::move(node));
  std::vector<int64_t> expected = Range(0, 70'000);
  expected.insert(expected.end(), expected.begin(), expected.begin() + 70'000);
  EXPECT_EQ(Read(*execution).ValueOrDie(), expected);
}

TEST_P(QueryExecutionTest, RecordBatchesHaveAllRowsInOrder) {
  const auto execution = Make(NumbersPlan(120'000));
  ASSERT_TRUE(execution->Start(context_, {}).ok());
  int64_t next = 0;
  while (true) {
    const std::shared_ptr<arrow::RecordBatch> batch = execution->NextRecordBatch().ValueOrDie();
    if (batch == nullptr) break;
    const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (int64_t i = 0; i < batch->num_rows(); ++i) ASSERT_EQ(column.Value(i), next++);
  }
  EXPECT_EQ(next, 120'000);
}

TEST_P(QueryExecutionTest, AnErrorStopsTheQueryAndIsReported) {
  const auto execution = Make(NumbersPlan(500'000, 123'456));
  EXPECT_EQ(GetSqlState(Read(*execution).status()), sqlstate::kDivisionByZero);
  EXPECT_EQ(execution->NextBatch().ValueOrDie().num_selected(), 0U);
}

TEST_P(QueryExecutionTest, ASlowReaderPausesTheQueryAndDroppingItStopsIt) {
  const auto execution = Make(NumbersPlan(100'000'000));
  ASSERT_TRUE(execution->Start(context_, {}).ok());
  uint64_t rows = 0;
  while (rows < 20'000) rows += execution->NextBatch().ValueOrDie().num_selected();
  EXPECT_LT(pool_.bytes_allocated(), 64 << 20);
  execution->Stop();
  EXPECT_EQ(Read(*Make(NumbersPlan(10))).ValueOrDie(), Range(0, 10));
}

TEST_P(QueryExecutionTest, InterruptFromAnotherThreadIs57014) {
  LogicalPlanPtr numbers = NumbersPlan(uint64_t{1} << 40);
  BoundExprPtr none = Call("<", Column(*numbers, 0), BigInt(-1));
  const auto execution = Make(FilterPlan(std::move(numbers), std::move(none)));
  std::atomic<bool> started{false};
  std::thread interrupter([&] {
    while (!started.load()) std::this_thread::yield();
    stop_.RequestStop();
  });
  ASSERT_TRUE(execution->Start(context_, {}).ok());
  started.store(true);
  EXPECT_EQ(GetSqlState(execution->NextBatch().status()), sqlstate::kQueryCanceled);
  interrupter.join();
}

TEST_P(QueryExecutionTest, MemoryLimitIs53200) {
  auto node = std::make_unique<LogicalMaterialize>();
  auto scan = std::make_unique<LogicalMaterializedScan>();
  scan->column_indexes = {0};
  scan->output = {{NewId(), TypeId::kBigInt, "n"}};
  node->output = scan->output;
  node->children.push_back(NumbersPlan(2'000'000));
  node->children.push_back(std::move(scan));
  const auto execution = Make(std::move(node));
  pool_.set_limit_bytes(8 << 20);
  EXPECT_EQ(GetSqlState(Read(*execution).status()), sqlstate::kOutOfMemory);
  pool_.set_limit_bytes(AccountingPool::kNoLimit);
  EXPECT_EQ(Read(*execution).ValueOrDie().size(), 2'000'000U);
}

TEST_P(QueryExecutionTest, ValuesWithParametersAndExpressions) {
  auto node = std::make_unique<LogicalValues>();
  node->output = {{NewId(), TypeId::kBigInt, "n"}, {NewId(), TypeId::kVarchar, "s"}};
  for (int64_t i = 0; i < 3; ++i) {
    std::vector<BoundExprPtr> row;
    row.push_back(i == 1 ? Call("+", BoundExpr::Parameter(0, TypeId::kBigInt), BigInt(1)) : BigInt(i));
    row.push_back(BoundExpr::Constant(i == 2 ? Value::Null(TypeId::kVarchar) : Value::Varchar("text")));
    node->rows.push_back(std::move(row));
  }
  const auto execution = Make(std::move(node));
  EXPECT_EQ(Read(*execution, {Value::BigInt(41)}).ValueOrDie(), (std::vector<int64_t>{0, 42, 2}));
  EXPECT_EQ(Read(*execution, {Value::BigInt(7)}).ValueOrDie(), (std::vector<int64_t>{0, 8, 2}));
}

INSTANTIATE_TEST_SUITE_P(Threads, QueryExecutionTest, ::testing::Values(1U, 4U));

}  // namespace
}  // namespace llkv
