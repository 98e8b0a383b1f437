// Kernels on 2,048-row batches in cache, and sums over memory: values a second. Each case ends in bytes or items a
// second.
#include <arrow/memory_pool.h>
#include <benchmark/benchmark.h>

#include <random>

#include "expr/program.h"
#include "functions/like_pattern.h"

namespace llkv {
namespace {

const FunctionRegistry& Registry() {
  static const std::shared_ptr<const FunctionRegistry> registry = FunctionRegistry::MakeDefault();
  return *registry;
}

BoundExprPtr Call(std::string_view name, BoundExprPtr a, BoundExprPtr b) {
  const LogicalType types[] = {a->type, b->type};
  const Value* constants[] = {a->IsConstant() ? &a->value : nullptr, b->IsConstant() ? &b->value : nullptr};
  BoundScalar bound = Registry().BindScalar(name, BindInput{types, constants, Dialect::kDefault}).ValueOrDie();
  std::vector<BoundExprPtr> children;
  children.push_back(std::move(a));
  children.push_back(std::move(b));
  for (size_t i = 0; i < children.size(); ++i) {
    if (children[i]->type == bound.argument_types[i]) continue;
    BoundScalar cast =
        Registry().BindCast(children[i]->type, bound.argument_types[i], false, Dialect::kDefault).ValueOrDie();
    std::vector<BoundExprPtr> operand;
    operand.push_back(std::move(children[i]));
    children[i] = BoundExpr::Function(std::move(cast), std::move(operand));
  }
  return BoundExpr::Function(std::move(bound), std::move(children));
}

BoundExprPtr Col(uint64_t id, LogicalType type) { return BoundExpr::Column(ColumnId(id), type, "c"); }
BoundExprPtr Int(int64_t value) { return BoundExpr::Constant(Value::Integer(TypeId::kInteger, value)); }

std::unique_ptr<ProgramState> Compile(const BoundExpr& expr, uint32_t num_columns) {
  ColumnLayout layout;
  for (uint32_t i = 0; i < num_columns; ++i) layout[ColumnId(i)] = i;
  const BoundExpr* exprs[] = {&expr};
  auto program = Program::Compile(exprs, layout, {}).ValueOrDie();
  return ProgramState::Make(std::move(program), {}).ValueOrDie();
}

void SumInt64(benchmark::State& state) {
  const auto rows = static_cast<size_t>(state.range(0));
  std::vector<int64_t> values(rows + 64);
  std::mt19937_64 random(1);
  for (int64_t& value : values) value = static_cast<int64_t>(random() >> 24);
  const LogicalType types[] = {TypeId::kBigInt};
  const BoundAggregate sum = Registry().BindAggregate("sum", BindInput{types, {}, Dialect::kDefault}).ValueOrDie();
  KernelContext context;
  for (auto _ : state) {
    uint64_t memory[4];
    auto* raw = reinterpret_cast<uint8_t*>(memory);
    sum.initialize(sum.state.get(), raw);
    for (size_t at = 0; at < rows; at += kMaxBatchRows) {
      Vector vector;
      vector.type = TypeId::kBigInt;
      vector.data = values.data() + at;
      if (state.range(1) != 0) vector.range = {true, 0, int128_t{1} << 40};
      const Vector* const args[] = {&vector};
      const auto count = static_cast<uint32_t>(std::min<size_t>(kMaxBatchRows, rows - at));
      benchmark::DoNotOptimize(sum.update_single(context, sum.state.get(), std::span<const Vector* const>(args, 1),
                                                 Selection::All(count), count, raw));
    }
    benchmark::DoNotOptimize(memory);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(rows) * 8);
}
BENCHMARK(SumInt64)->Args({2048, 0})->Args({2048, 1})->Args({32 << 20, 0})->Args({32 << 20, 1});

void PlainLoopSum(benchmark::State& state) {
  const auto rows = static_cast<size_t>(state.range(0));
  std::vector<int64_t> values(rows, 3);
  for (auto _ : state) {
    uint64_t sums[4] = {};
    for (size_t i = 0; i + 4 <= rows; i += 4) {
      for (size_t lane = 0; lane < 4; ++lane) sums[lane] += static_cast<uint64_t>(values[i + lane]);
    }
    benchmark::DoNotOptimize(sums);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(rows) * 8);
}
BENCHMARK(PlainLoopSum)->Arg(32 << 20);

template <typename T>
void FilterCompareConstant(benchmark::State& state) {
  std::vector<T> values(kMaxBatchRows + 64);
  std::mt19937_64 random(1);
  for (T& value : values) value = static_cast<T>(random() % 100);
  Vector vector;
  vector.type = TypeId::kBigInt;
  if (sizeof(T) < 8) {
    vector.form = VectorForm::kNarrow;
    vector.storage = sizeof(T) == 1 ? PhysicalType::kUInt8 : PhysicalType::kUInt16;
  }
  vector.data = values.data();
  const auto program = Compile(*Call("<", Col(0, TypeId::kBigInt), Int(state.range(0))), 1);
  Batch batch{{&vector, 1}, kMaxBatchRows, Selection::All(kMaxBatchRows)};
  uint16_t rows[kMaxBatchRows];
  for (auto _ : state) benchmark::DoNotOptimize(program->Filter(batch, rows)->count);
  state.SetItemsProcessed(state.iterations() * kMaxBatchRows);
}
BENCHMARK(FilterCompareConstant<int64_t>)->Arg(2)->Arg(50)->Arg(98);
BENCHMARK(FilterCompareConstant<uint16_t>)->Arg(2)->Arg(50);
BENCHMARK(FilterCompareConstant<uint8_t>)->Arg(50);

// l_extendedprice * (1 - l_discount) * (1 + l_tax), from narrow columns.
void DecimalQ1(benchmark::State& state) {
  const LogicalType type = LogicalType::Decimal(15, 2);
  std::vector<int32_t> price(kMaxBatchRows + 64, 3456789);
  std::vector<uint8_t> discount(kMaxBatchRows + 64, 5);
  std::vector<Vector> columns(3);
  for (Vector& column : columns) {
    column.type = type;
    column.form = VectorForm::kNarrow;
    column.storage = PhysicalType::kUInt8;
    column.data = discount.data();
    column.range = {true, 0, 10};
  }
  columns[0].storage = PhysicalType::kInt32;
  columns[0].data = price.data();
  columns[0].range = {true, 90000, 10494950};
  if (state.range(0) == 0) {
    for (Vector& column : columns) column.range = {};
  }
  auto discounted = Call("*", Col(0, type), Call("-", Int(1), Col(1, type)));
  const auto program = Compile(*Call("*", std::move(discounted), Call("+", Int(1), Col(2, type))), 3);
  const Batch batch{columns, kMaxBatchRows, Selection::All(kMaxBatchRows)};
  for (auto _ : state) benchmark::DoNotOptimize(program->Evaluate(batch));
  state.SetItemsProcessed(state.iterations() * kMaxBatchRows);
}
BENCHMARK(DecimalQ1)->Arg(1)->Arg(0);

void LikeContains(benchmark::State& state) {
  const char* words[] = {"almond", "antique", "aquamarine", "azure", "beige", "green", "burlywood", "chartreuse"};
  std::mt19937_64 random(1);
  std::vector<std::string> texts;
  std::vector<StringRef> refs;
  for (uint32_t i = 0; i < kMaxBatchRows; ++i) {
    std::string text;
    for (int word = 0; word < 5; ++word) text += std::string(words[random() % 8]) + " ";
    texts.push_back(std::move(text));
  }
  for (const std::string& text : texts) refs.emplace_back(std::string_view(text));
  Vector vector;
  vector.type = TypeId::kVarchar;
  vector.storage = PhysicalType::kString;
  vector.data = refs.data();
  const auto pattern = BoundExpr::Constant(Value::Varchar(state.range(0) == 0 ? "%green%" : "%green%azure%"));
  const auto program = Compile(*Call("like", Col(0, TypeId::kVarchar), pattern->Clone()), 1);
  Batch batch{{&vector, 1}, kMaxBatchRows, Selection::All(kMaxBatchRows)};
  uint16_t rows[kMaxBatchRows];
  for (auto _ : state) benchmark::DoNotOptimize(program->Filter(batch, rows)->count);
  state.SetItemsProcessed(state.iterations() * kMaxBatchRows);
}
BENCHMARK(LikeContains)->Arg(0)->Arg(1);

template <typename T>
void CheckedAdd(benchmark::State& state) {
  std::vector<T> values(kMaxBatchRows + 64, 7);
  Vector vector;
  vector.type = sizeof(T) == 8 ? TypeId::kBigInt : TypeId::kInteger;
  vector.data = values.data();
  const auto program = Compile(*Call("+", Col(0, vector.type), Col(0, vector.type)), 1);
  Batch batch{{&vector, 1}, kMaxBatchRows, Selection::All(kMaxBatchRows)};
  for (auto _ : state) benchmark::DoNotOptimize(program->Evaluate(batch));
  state.SetItemsProcessed(state.iterations() * kMaxBatchRows);
}
BENCHMARK(CheckedAdd<int32_t>);
BENCHMARK(CheckedAdd<int64_t>);

}  // namespace
}  // namespace llkv
