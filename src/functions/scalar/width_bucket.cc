// width_bucket: the number of the bucket that a value falls into, of buckets of one width or between given thresholds.
#include <cmath>

#include "functions/binding.h"
#include "functions/nested_support.h"
#include "types/coercion.h"
#include "types/decimal.h"

namespace llkv {

namespace {

arrow::Status BucketError(const char* what) { return SqlError(sqlstate::kInvalidWidthBucketArgument, what); }

// Whole steps from `low` to `value` of which `count` lead to `high`; low < high.
bool StepsTo(double value, double low, double high, int64_t count, int64_t* steps) {
  const double share =
      std::isfinite(high - low) ? (value - low) / (high - low) : (value / 2 - low / 2) / (high / 2 - low / 2);
  *steps = std::min(static_cast<int64_t>(share * static_cast<double>(count)), count - 1);
  return true;
}

bool StepsTo(int128_t value, int128_t low, int128_t high, int64_t count, int64_t* steps) {
  int128_t product = 0;
  if (__builtin_sub_overflow(value, low, &value) || __builtin_sub_overflow(high, low, &high)) return false;
  if (__builtin_mul_overflow(value, static_cast<int128_t>(count), &product)) return false;
  *steps = static_cast<int64_t>(product / high);
  return true;
}

bool IsNan(double x) { return std::isnan(x); }
bool IsNan(int128_t /*x*/) { return false; }
bool IsInfinite(double x) { return std::isinf(x); }
bool IsInfinite(int128_t /*x*/) { return false; }

// From high to low the buckets count downwards.
template <typename T>
arrow::Status EvenKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<T> values(*args[0]);
  const Input<T> lows(*args[1]);
  const Input<T> highs(*args[2]);
  const Input<int32_t> counts(*args[3]);
  int32_t* result = out.data<int32_t>();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const T value = values[row];
    T low = lows[row];
    T high = highs[row];
    const int64_t count = counts[row];
    if (count <= 0) return BucketError("the number of buckets must be greater than zero");
    if (IsNan(value) || IsNan(low) || IsNan(high)) return BucketError("the operand and the bounds cannot be NaN");
    if (IsInfinite(low) || IsInfinite(high)) return BucketError("the bounds must be finite");
    if (low == high) return BucketError("the lower bound cannot equal the upper bound");
    int64_t steps = 0;
    const bool down = low > high;
    if (down ? value > low : value < low) {
      steps = -1;
    } else if (down ? value <= high : value >= high) {
      steps = count;
    } else if (!(down ? StepsTo(-value, -low, -high, count, &steps) : StepsTo(value, low, high, count, &steps))) {
      return OutOfRange(args[0]->type);
    }
    if (steps >= INT32_MAX) return OutOfRange(TypeId::kInteger);
    result[row] = static_cast<int32_t>(steps + 1);
    return arrow::Status::OK();
  });
}

// Thresholds are in order: how many are not greater than the value. Encoded values compare as bytes.
arrow::Status ThresholdKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const LogicalType element = *static_cast<const LogicalType*>(raw_state);
  const PartWriter values(*args[0]);
  const Input<StringRef> lists(*args[1]);
  int32_t* result = out.data<int32_t>();
  std::string value;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    value.clear();
    values.AppendBody(row, &value);
    NestedReader in(lists[row].view());
    result[row] = 0;
    for (NestedMark mark = in.Mark(); mark != NestedMark::kEnd; mark = in.Mark()) {
      if (mark == NestedMark::kNull) return SqlError(sqlstate::kNullNotAllowed, "a threshold cannot be NULL");
      if (in.SkipBody(element) <= value) ++result[row];
    }
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindThresholds(const ScalarFunction& self, const BindInput& input) {
  const LogicalType given = input.argument_types[1];
  if (given.id() != TypeId::kList && given.id() != TypeId::kArray) return NoOverload(self.name, input.argument_types);
  const LogicalType value = IsTextLiteral(input, 0) || input.argument_types[0].id() == TypeId::kNull
                                ? ElementType(given)
                                : input.argument_types[0];
  const std::optional<LogicalType> common = CommonType(value, ElementType(given));
  if (!common) return NoOverload(self.name, input.argument_types);
  BoundScalar bound;
  bound.name = self.name;
  ARROW_ASSIGN_OR_RAISE(const LogicalType list, MakeListType(*common));
  bound.argument_types = {*common, list};
  bound.return_type = TypeId::kInteger;
  bound.kernel = ThresholdKernel;
  bound.state = std::make_shared<const LogicalType>(*common);
  bound.can_fail = true;
  return bound;
}

// Exact for integers and decimals.
arrow::Result<BoundScalar> BindWidthBucket(const ScalarFunction& self, const BindInput& input) {
  if (input.argument_types.size() == 2) return BindThresholds(self, input);
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 4, 4));
  int scale = 0;
  bool exact = true;
  for (size_t i = 0; i < 3; ++i) {
    const LogicalType type = input.argument_types[i];
    exact = exact && (type.IsDecimal() || (type.IsInteger() && type.id() != TypeId::kUHugeInt));
    if (type.IsDecimal()) scale = std::max(scale, type.scale());
  }
  const LogicalType type = exact ? LogicalType::Decimal(kMaxDecimalDigits, scale) : LogicalType(TypeId::kDouble);
  const std::vector<Overload> overloads = {{{type, type, type, TypeId::kInteger},
                                            TypeId::kInteger,
                                            exact ? EvenKernel<int128_t> : EvenKernel<double>,
                                            true}};
  return exact ? MakeScalar(self, overloads[0]) : BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterWidthBucket(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{
      "width_bucket",
      {},
      "The bucket, from 1, of a number of them between two bounds; 0 below and one more than the number above. Or of "
      "those between the thresholds in a list.",
      "width_bucket(5.35, 0.024, 10.06, 5)",
      BindWidthBucket});
}

}  // namespace llkv
