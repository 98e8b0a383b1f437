// range(n), range(a, b[, step]) without its end, generate_series(a, b[, step]) with it.
#include <algorithm>

#include "base/error.h"
#include "functions/rows_function.h"

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

/// What the arguments say: rows start + i * step for i in [0, count).
struct RangeBounds {
  int64_t start = 0;
  int64_t step = 1;
  uint64_t count = 0;
};

arrow::Result<RangeBounds> BoundsOf(std::string_view name, bool inclusive, std::span<const int64_t> numbers) {
  RangeBounds bounds;
  bounds.start = numbers.size() == 1 ? 0 : numbers[0];
  bounds.step = numbers.size() == 3 ? numbers[2] : 1;
  if (bounds.step == 0) {
    return SqlError(sqlstate::kInvalidParameter, "the step of " + std::string(name) + " is zero");
  }
  const auto start = static_cast<int128_t>(bounds.start);
  const auto stop = static_cast<int128_t>(numbers.size() == 1 ? numbers[0] : numbers[1]);
  const int128_t distance = bounds.step > 0 ? stop - start : start - stop;
  const int128_t stride = bounds.step > 0 ? static_cast<int128_t>(bounds.step) : -static_cast<int128_t>(bounds.step);
  int128_t count = 0;
  if (inclusive ? distance >= 0 : distance > 0) {
    count = inclusive ? distance / stride + 1 : (distance + stride - 1) / stride;
  }
  bounds.count = static_cast<uint64_t>(std::min<int128_t>(count, UINT64_MAX));
  return bounds;
}

class RangeCursor : public TableFunctionCursor {
 public:
  RangeCursor(std::string_view name, bool inclusive) : name_(name), inclusive_(inclusive) {}

  arrow::Status Start(std::span<const Vector* const> args, uint32_t row) override {
    int64_t numbers[3];
    bounds_ = RangeBounds();
    next_ = 0;
    for (size_t i = 0; i < args.size(); ++i) {
      const uint32_t at = args[i]->form == VectorForm::kConstant ? 0 : row;
      if (!args[i]->IsValid(at)) return arrow::Status::OK();
      numbers[i] = args[i]->values<int64_t>()[at];
    }
    return BoundsOf(name_, inclusive_, {numbers, args.size()}).Value(&bounds_);
  }

  arrow::Result<uint32_t> Next(KernelContext&, uint32_t max_rows, uint32_t first, ScratchVector& out) override {
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(max_rows, bounds_.count - next_));
    auto* values = out.data<uint64_t>() + first;
    const auto step = static_cast<uint64_t>(bounds_.step);
    // Wraps within unsigned arithmetic only.
    const uint64_t begin = static_cast<uint64_t>(bounds_.start) + next_ * step;
    for (uint32_t i = 0; i < count; ++i) values[i] = begin + uint64_t{i} * step;
    next_ += count;
    return count;
  }

  arrow::Result<uint32_t> Fill(KernelContext& context, RowsWalk& walk, uint32_t max_rows, ScratchVector& out) override {
    return FillRows(
        walk, max_rows, out, [&](uint32_t row) { return RangeCursor::Start(walk.args, row); },
        [&](uint32_t rows, uint32_t first) { return RangeCursor::Next(context, rows, first, out); });
  }

 private:
  std::string_view name_;
  bool inclusive_;
  RangeBounds bounds_;
  uint64_t next_ = 0;
};

class BoundRange : public RowsFunction {
 public:
  BoundRange(std::string column, bool inclusive, size_t num_arguments, const RangeBounds& bounds)
      : inclusive_(inclusive), bounds_(bounds) {
    column_names = {std::move(column)};
    column_types = {TypeId::kBigInt};
    argument_types.assign(num_arguments, TypeId::kBigInt);
    // DuckDB's range gives a list there.
    in_select_list = inclusive;
  }

  uint64_t num_parts() const override {
    return std::max<uint64_t>(1, bounds_.count / kPartRows + (bounds_.count % kPartRows == 0 ? 0 : 1));
  }

  arrow::Result<std::unique_ptr<TableFunctionSource>> MakeSource(uint64_t part) const override {
    const uint64_t begin = std::min(bounds_.count, part * kPartRows);
    const uint64_t end = begin + std::min(bounds_.count - begin, kPartRows);
    return std::unique_ptr<TableFunctionSource>(std::make_unique<RangeSource>(bounds_.start, bounds_.step, begin, end));
  }

  double estimated_rows() const override { return static_cast<double>(bounds_.count); }

  std::unique_ptr<TableFunctionCursor> MakeCursor() const override {
    return std::make_unique<RangeCursor>(column_names[0], inclusive_);
  }
  double estimated_rows_each() const override {
    constexpr double kGuess = 100;
    return kGuess;
  }

 private:
  bool inclusive_;
  RangeBounds bounds_;
};

template <bool inclusive>
arrow::Result<std::shared_ptr<const BoundTableFunction>> BindRange(const TableFunction& self,
                                                                   std::span<const Value> arguments) {
  if (arguments.empty() || arguments.size() > 3) {
    return SqlError(sqlstate::kUndefinedFunction, self.name + " takes one to three arguments");
  }
  std::vector<int64_t> numbers;
  for (const Value& argument : arguments) {
    if (!argument.type().IsInteger() && argument.type().id() != TypeId::kNull) {
      return SqlError(sqlstate::kUndefinedFunction, self.name + " takes integers, not " + argument.type().ToString());
    }
    if (argument.is_null()) continue;
    if (argument.integer() < INT64_MIN || argument.integer() > INT64_MAX) {
      return SqlError(sqlstate::kNumericOutOfRange, self.name + " takes arguments within BIGINT");
    }
    numbers.push_back(static_cast<int64_t>(argument.integer()));
  }
  RangeBounds bounds;
  if (numbers.size() == arguments.size()) {
    ARROW_ASSIGN_OR_RAISE(bounds, BoundsOf(self.name, inclusive, numbers));
  }
  return std::make_shared<const BoundRange>(self.name, inclusive, arguments.size(), bounds);
}

}  // namespace

void RegisterRange(FunctionRegistry& registry) {
  registry.Add(TableFunction{
      "range", {}, "Integers from a start up to an end that is left out.", "range(10)", BindRange<false>});
  registry.Add(TableFunction{
      "generate_series", {}, "Integers from a start up to an end.", "generate_series(1, 10)", BindRange<true>});
}

}  // namespace llkv
