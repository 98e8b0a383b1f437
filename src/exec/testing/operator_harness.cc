// The driver: a thread a lane, no scheduling.
#include "exec/testing/operator_harness.h"

#include <arrow/memory_pool.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "base/mutex.h"

namespace llkv {
namespace {

const FunctionRegistry& Registry() {
  static const std::shared_ptr<const FunctionRegistry> registry = FunctionRegistry::MakeDefault();
  return *registry;
}

BoundExprPtr CastTo(BoundExprPtr expr, LogicalType type) {
  if (expr->type == type) return expr;
  BoundScalar cast = Registry().BindCast(expr->type, type, false, Dialect::kDefault).ValueOrDie();
  std::vector<BoundExprPtr> children;
  children.push_back(std::move(expr));
  return BoundExpr::Function(std::move(cast), std::move(children));
}

void SetValue(const Value& value, uint32_t row, StringArena& arena, ScratchVector& column) {
  if (value.is_null()) {
    if (column.vector().validity == nullptr) column.UseValidity();
    column.validity()[row >> 3] = static_cast<uint8_t>(column.validity()[row >> 3] & ~(1U << (row & 7)));
    return;
  }
  switch (value.type().physical()) {
    case PhysicalType::kBool:
      column.data<uint8_t>()[row] = value.boolean() ? 1 : 0;
      break;
    case PhysicalType::kInt8:
      column.data<int8_t>()[row] = static_cast<int8_t>(value.integer());
      break;
    case PhysicalType::kInt16:
      column.data<int16_t>()[row] = static_cast<int16_t>(value.integer());
      break;
    case PhysicalType::kInt32:
      column.data<int32_t>()[row] = static_cast<int32_t>(value.integer());
      break;
    case PhysicalType::kInt64:
      column.data<int64_t>()[row] = static_cast<int64_t>(value.integer());
      break;
    case PhysicalType::kInt128:
      column.data<int128_t>()[row] = value.integer();
      break;
    case PhysicalType::kDouble:
      column.data<double>()[row] = value.floating();
      break;
    case PhysicalType::kString:
      column.data<StringRef>()[row] = arena.Copy(value.bytes()).ValueOrDie();
      break;
    default:
      break;
  }
}

struct TableState : LaneState {
  explicit TableState(arrow::MemoryPool* pool) : arena(pool) {}
  StringArena arena;
  std::vector<ScratchVector> columns;
  std::vector<Vector> vectors;
  uint16_t selected[kMaxBatchRows];
  size_t next = 0;
  size_t end = 0;
};

/// Morsels of three batches. Every other batch has a selection, with rows between that must not be seen.
class TableSource : public Source {
 public:
  explicit TableSource(const TestTable* table) : table_(table) {}

  arrow::Status Open(QueryContext& query) override {
    batch_rows_ = query.exec->batch_rows;
    next_.store(0);
    return arrow::Status::OK();
  }
  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<TableState>(lane.kernel.pool);
    for (const OutputColumn& column : table_->columns) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(column.type, lane.kernel.pool));
      state->columns.push_back(std::move(scratch));
    }
    state->vectors.resize(state->columns.size());
    return state;
  }
  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState& lane_state) override {
    auto& state = static_cast<TableState&>(lane_state);
    const uint64_t morsel = next_.fetch_add(1);
    state.next = morsel * 3 * batch_rows_;
    state.end = std::min<size_t>(table_->rows.size(), state.next + 3 * batch_rows_);
    return state.next >= state.end ? kNoMorsel : morsel;
  }
  arrow::Result<SourceResult> GetBatch(LaneContext&, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<TableState&>(lane_state);
    if (state.next >= state.end) return SourceResult::kMorselDone;
    const bool sparse = (state.next / batch_rows_) % 2 == 1 && batch_rows_ > 2;
    const auto count =
        static_cast<uint32_t>(std::min<size_t>(sparse ? batch_rows_ / 2 : batch_rows_, state.end - state.next));
    state.arena.Reset();
    const uint32_t num_rows = sparse ? count * 2 : count;
    for (size_t c = 0; c < state.columns.size(); ++c) {
      state.columns[c].ResetFlat(table_->columns[c].type);
      for (uint32_t i = 0; i < num_rows; ++i) {
        const size_t row = state.next + (sparse ? i / 2 : i);
        SetValue(table_->rows[row][c], i, state.arena, state.columns[c]);
      }
      state.vectors[c] = state.columns[c].vector();
    }
    for (uint32_t i = 0; i < count; ++i) state.selected[i] = static_cast<uint16_t>(i * 2 + 1);
    *batch = Batch{state.vectors, num_rows, Selection{sparse ? state.selected : nullptr, count}};
    state.next += count;
    return SourceResult::kHaveBatch;
  }
  uint64_t num_morsels() const override { return table_->rows.size() / (3 * batch_rows_) + 1; }
  uint64_t num_rows_estimate() const override { return table_->rows.size(); }

 private:
  const TestTable* table_;
  uint32_t batch_rows_ = 1;
  std::atomic<uint64_t> next_{0};
};

struct NoState : LaneState {};

class CollectSink : public Sink {
 public:
  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override { return std::make_unique<NoState>(); }
  arrow::Result<SinkResult> Consume(LaneContext& lane, const Batch& batch, LaneState&) override {
    MutexLock lock(mutex_);
    std::vector<TestRow>& rows = rows_[lane.morsel];
    ForEachRow(batch.selection, [&](uint32_t row) {
      TestRow values;
      for (const Vector& column : batch.columns) values.push_back(GetValue(column, row));
      rows.push_back(std::move(values));
    });
    return SinkResult::kNeedInput;
  }
  std::vector<TestRow> Take() {
    MutexLock lock(mutex_);
    std::vector<TestRow> result;
    for (auto& [morsel, rows] : rows_) {
      for (TestRow& row : rows) result.push_back(std::move(row));
    }
    return result;
  }

 private:
  Mutex mutex_;
  std::map<uint64_t, std::vector<TestRow>> rows_ LLKV_GUARDED_BY(mutex_);
};

/// One lane of a pipeline.
struct LaneRun {
  LaneRun(QueryContext* query, uint32_t number) : arena(query->pool) {
    lane.query = query;
    lane.lane = number;
    lane.kernel.pool = query->pool;
    lane.kernel.arena = &arena;
  }
  StringArena arena;
  LaneContext lane;
  std::unique_ptr<LaneState> source_state;
  std::vector<std::unique_ptr<LaneState>> states;
  std::unique_ptr<LaneState> sink_state;
  const std::vector<Operator*>* operators = nullptr;
  Sink* sink = nullptr;
  std::atomic<bool>* finished = nullptr;

  arrow::Status Push(const Batch& batch, size_t op) {
    if (op == operators->size()) {
      ARROW_ASSIGN_OR_RAISE(const SinkResult result, sink->Consume(lane, batch, *sink_state));
      if (result == SinkResult::kFinished) finished->store(true);
      return arrow::Status::OK();
    }
    for (;;) {
      Batch output;
      ARROW_ASSIGN_OR_RAISE(const OperatorResult result, (*operators)[op]->Execute(lane, batch, *states[op], &output));
      if (output.selection.count > 0) ARROW_RETURN_NOT_OK(Push(output, op + 1));
      if (result == OperatorResult::kFinished) finished->store(true);
      if (result != OperatorResult::kHaveMore) return arrow::Status::OK();
    }
  }

  arrow::Status Run(Source& source) {
    ARROW_ASSIGN_OR_RAISE(source_state, source.MakeState(lane));
    for (Operator* op : *operators) {
      ARROW_ASSIGN_OR_RAISE(auto state, op->MakeState(lane));
      states.push_back(std::move(state));
    }
    ARROW_ASSIGN_OR_RAISE(sink_state, sink->MakeState(lane));
    while (!finished->load()) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t morsel, source.NextMorsel(lane, *source_state));
      if (morsel == Source::kNoMorsel) break;
      lane.morsel = morsel;
      while (!finished->load()) {
        arena.Reset();
        Batch batch;
        ARROW_ASSIGN_OR_RAISE(const SourceResult result, source.GetBatch(lane, *source_state, &batch));
        if (result != SourceResult::kHaveBatch) break;
        ARROW_RETURN_NOT_OK(Push(batch, 0));
      }
      ARROW_RETURN_NOT_OK(sink->EndMorsel(lane, *sink_state));
    }
    return sink->Combine(lane, *sink_state);
  }
};

arrow::Status InThreads(uint32_t num_threads, const std::function<arrow::Status(uint32_t)>& f) {
  std::vector<arrow::Status> results(num_threads);
  std::vector<std::thread> threads;
  for (uint32_t i = 1; i < num_threads; ++i) threads.emplace_back([&, i] { results[i] = f(i); });
  results[0] = f(0);
  for (std::thread& thread : threads) thread.join();
  for (const arrow::Status& result : results) ARROW_RETURN_NOT_OK(result);
  return arrow::Status::OK();
}

}  // namespace

TestTable MakeRandomTable(const std::vector<LogicalType>& types, uint64_t first_id, size_t num_rows, int64_t domain,
                          std::mt19937_64& rng) {
  TestTable table;
  for (size_t c = 0; c < types.size(); ++c) {
    table.columns.push_back({ColumnId(first_id + c), types[c], "c" + std::to_string(first_id + c)});
  }
  for (size_t r = 0; r < num_rows; ++r) {
    TestRow row;
    for (const LogicalType type : types) {
      const auto v = static_cast<int64_t>(rng() % static_cast<uint64_t>(domain));
      if (rng() % 10 == 0) {
        row.push_back(Value::Null(type));
      } else if (type.id() == TypeId::kVarchar) {
        row.push_back(Value::Varchar((v % 3 == 0 ? "a much longer text than fits: " : "t") + std::to_string(v)));
      } else if (type.id() == TypeId::kBoolean) {
        row.push_back(Value::Boolean(v % 2 == 0));
      } else if (type.IsFloating()) {
        row.push_back(Value::Floating(type, static_cast<double>(v) - 2.5));
      } else {
        const int64_t integer = v - domain / 3;
        row.push_back(Value::Integer(type, type.id() == TypeId::kTinyInt ? integer % 100 : integer));
      }
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

LogicalPlanPtr MakeTestInput(const TestTable& table) {
  auto values = std::make_unique<LogicalValues>();
  values->output = table.columns;
  return values;
}

BoundExprPtr ColumnOf(const TestTable& table, size_t column) {
  return BoundExpr::Column(table.columns[column].id, table.columns[column].type, table.columns[column].name);
}

BoundExprPtr ConstantOf(Value value) { return BoundExpr::Constant(std::move(value)); }

BoundExprPtr CallOf(const std::string& name, BoundExprPtr a, BoundExprPtr b) {
  const std::vector<LogicalType> types = {a->type, b->type};
  const std::vector<const Value*> constants = {a->IsConstant() ? &a->value : nullptr,
                                               b->IsConstant() ? &b->value : nullptr};
  BoundScalar bound = Registry().BindScalar(name, {types, constants, Dialect::kDefault}).ValueOrDie();
  std::vector<BoundExprPtr> children;
  children.push_back(CastTo(std::move(a), bound.argument_types[0]));
  children.push_back(CastTo(std::move(b), bound.argument_types[1]));
  return BoundExpr::Function(std::move(bound), std::move(children));
}

AggregateCall AggregateOf(const std::string& name, std::vector<BoundExprPtr> arguments, bool distinct,
                          BoundExprPtr filter) {
  std::vector<LogicalType> types;
  for (const BoundExprPtr& argument : arguments) types.push_back(argument->type);
  const std::vector<const Value*> constants(types.size(), nullptr);
  AggregateCall call;
  call.function = Registry().BindAggregate(name, {types, constants, Dialect::kDefault}).ValueOrDie();
  for (size_t i = 0; i < arguments.size(); ++i) {
    call.arguments.push_back(CastTo(std::move(arguments[i]), call.function.argument_types[i]));
  }
  call.distinct = distinct;
  call.filter = std::move(filter);
  return call;
}

std::string RowToString(const TestRow& row) {
  std::string text;
  for (const Value& value : row) text += value.ToSql() + "|";
  return text;
}

std::vector<std::string> RowsToStrings(const std::vector<TestRow>& rows) {
  std::vector<std::string> result;
  for (const TestRow& row : rows) result.push_back(RowToString(row));
  return result;
}

std::vector<std::string> SortedRows(const std::vector<TestRow>& rows) {
  std::vector<std::string> result = RowsToStrings(rows);
  std::sort(result.begin(), result.end());
  return result;
}

OperatorHarness::OperatorHarness(uint32_t batch_rows, uint32_t num_lanes) {
  exec_.pool = arrow::default_memory_pool();
  exec_.batch_rows = batch_rows;
  exec_.num_threads = num_lanes;
  query_.exec = &exec_;
  query_.stop = &stop_;
  query_.pool = exec_.pool;
  query_.max_lanes = num_lanes;
}

std::unique_ptr<Source> OperatorHarness::MakeSource(const TestTable& table) {
  return std::make_unique<TableSource>(&table);
}

arrow::Status OperatorHarness::Run(Source& source, const std::vector<Operator*>& operators, Sink& sink) {
  ARROW_RETURN_NOT_OK(source.Open(query_));
  for (Operator* op : operators) ARROW_RETURN_NOT_OK(op->Open(query_));
  ARROW_RETURN_NOT_OK(sink.Open(query_));
  std::atomic<bool> finished{false};
  std::vector<std::unique_ptr<LaneRun>> lanes;
  for (uint32_t i = 0; i < query_.max_lanes; ++i) {
    lanes.push_back(std::make_unique<LaneRun>(&query_, i));
    lanes.back()->operators = &operators;
    lanes.back()->sink = &sink;
    lanes.back()->finished = &finished;
  }
  ARROW_RETURN_NOT_OK(InThreads(query_.max_lanes, [&](uint32_t i) { return lanes[i]->Run(source); }));
  ARROW_ASSIGN_OR_RAISE(const uint32_t num_parts, sink.PrepareFinalize(query_));
  std::atomic<uint32_t> next_part{0};
  ARROW_RETURN_NOT_OK(InThreads(query_.max_lanes, [&](uint32_t i) -> arrow::Status {
    for (uint32_t part = next_part.fetch_add(1); part < num_parts; part = next_part.fetch_add(1)) {
      ARROW_RETURN_NOT_OK(sink.FinalizePart(lanes[i]->lane, part));
    }
    return arrow::Status::OK();
  }));
  return sink.Finalize(query_);
}

arrow::Status OperatorHarness::RunTable(const TestTable& table, Sink& sink) {
  const std::unique_ptr<Source> source = MakeSource(table);
  return Run(*source, {}, sink);
}

arrow::Result<std::vector<TestRow>> OperatorHarness::Collect(Source& source, const std::vector<Operator*>& operators) {
  CollectSink sink;
  ARROW_RETURN_NOT_OK(Run(source, operators, sink));
  return sink.Take();
}

}  // namespace llkv
