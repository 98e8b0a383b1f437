// range(n), range(a, b[, step]) without its end, generate_series(a, b[, step]) with it.
#include <algorithm>

#include "base/error.h"
#include "functions/function_registry.h"

namespace llkv {

namespace {

constexpr uint64_t kPartRows = uint64_t{128} * 1024;

// Rows start + i * step for i in [begin, end).
class RangeSource : public TableFunctionSource {
 public:
  RangeSource(int64_t start, int64_t step, uint64_t begin, uint64_t end)
      : start_(start), step_(step), next_(begin), end_(end) {}

  arrow::Result<Batch> Next(KernelContext& context) override {
    Batch batch;
    batch.num_rows = static_cast<uint32_t>(std::min<uint64_t>(kMaxBatchRows, end_ - next_));
    batch.selection = Selection::All(batch.num_rows);
    if (batch.num_rows == 0) return batch;
    if (scratch_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(TypeId::kBigInt, context.pool));
      scratch_ = std::make_unique<ScratchVector>(std::move(scratch));
    }
    scratch_->ResetFlat(TypeId::kBigInt);
    // Wraps where start + i * step does within unsigned arithmetic only: every row's own value fits.
    const uint64_t first = static_cast<uint64_t>(start_) + next_ * static_cast<uint64_t>(step_);
    auto* values = scratch_->data<uint64_t>();
    for (uint32_t i = 0; i < batch.num_rows; ++i) values[i] = first + uint64_t{i} * static_cast<uint64_t>(step_);
    const auto a = static_cast<int64_t>(first);
    const auto b = static_cast<int64_t>(values[batch.num_rows - 1]);
    scratch_->vector().range = {true, std::min(a, b), std::max(a, b)};
    vector_ = scratch_->vector();
    batch.columns = {&vector_, 1};
    next_ += batch.num_rows;
    return batch;
  }

 private:
  int64_t start_;
  int64_t step_;
  uint64_t next_;
  uint64_t end_;
  std::unique_ptr<ScratchVector> scratch_;
  Vector vector_;
};

class BoundRange : public BoundTableFunction {
 public:
  BoundRange(std::string column, int64_t start, int64_t step, uint64_t count)
      : start_(start), step_(step), count_(count) {
    column_names = {std::move(column)};
    column_types = {TypeId::kBigInt};
  }

  uint64_t num_parts() const override { return std::max<uint64_t>(1, (count_ + kPartRows - 1) / kPartRows); }

  arrow::Result<std::unique_ptr<TableFunctionSource>> MakeSource(uint64_t part) const override {
    const uint64_t begin = std::min(count_, part * kPartRows);
    const uint64_t end = std::min(count_, begin + kPartRows);
    return std::unique_ptr<TableFunctionSource>(std::make_unique<RangeSource>(start_, step_, begin, end));
  }

  double estimated_rows() const override { return static_cast<double>(count_); }

 private:
  int64_t start_;
  int64_t step_;
  uint64_t count_;
};

template <bool inclusive>
arrow::Result<std::shared_ptr<const BoundTableFunction>> BindRange(const TableFunction& self,
                                                                   std::span<const Value> arguments) {
  if (arguments.empty() || arguments.size() > 3) {
    return SqlError(sqlstate::kUndefinedFunction, self.name + " takes one to three arguments");
  }
  bool any_null = false;
  std::vector<int64_t> numbers;
  for (const Value& argument : arguments) {
    any_null = any_null || argument.is_null();
    if (argument.is_null()) continue;
    if (!argument.type().IsInteger()) {
      return SqlError(sqlstate::kUndefinedFunction, self.name + " takes integers, not " + argument.type().ToString());
    }
    if (argument.integer() < INT64_MIN || argument.integer() > INT64_MAX) {
      return SqlError(sqlstate::kNumericOutOfRange, self.name + " takes arguments within BIGINT");
    }
    numbers.push_back(static_cast<int64_t>(argument.integer()));
  }
  if (any_null) return std::make_shared<const BoundRange>(self.name, 0, 1, 0);
  const int64_t start = numbers.size() == 1 ? 0 : numbers[0];
  const int64_t stop = numbers.size() == 1 ? numbers[0] : numbers[1];
  const int64_t step = numbers.size() == 3 ? numbers[2] : 1;
  if (step == 0) return SqlError(sqlstate::kInvalidParameter, "the step of " + self.name + " is zero");
  const int128_t distance = step > 0 ? static_cast<int128_t>(stop) - start : static_cast<int128_t>(start) - stop;
  const int128_t stride = step > 0 ? static_cast<int128_t>(step) : -static_cast<int128_t>(step);
  int128_t count = 0;
  if (inclusive ? distance >= 0 : distance > 0)
    count = inclusive ? distance / stride + 1 : (distance + stride - 1) / stride;
  return std::make_shared<const BoundRange>(self.name, start, step, static_cast<uint64_t>(count));
}

}  // namespace

void RegisterRange(FunctionRegistry& registry) {
  registry.Add(TableFunction{
      "range", {}, "Integers from a start up to an end that is left out.", "range(10)", BindRange<false>});
  registry.Add(TableFunction{
      "generate_series", {}, "Integers from a start up to an end.", "generate_series(1, 10)", BindRange<true>});
}

}  // namespace llkv
