// + - * and their unary forms. An integer result that does not fit is an error, never a wrong number.
#include <cmath>

#include "functions/any_operators.h"
#include "functions/arithmetic_loops.h"
#include "functions/binding.h"
#include "functions/numeric_binding.h"
#include "functions/temporal_arithmetic.h"
#include "functions/uhugeint_operators.h"
#include "types/decimal.h"

namespace llkv {

namespace {

// ---- integers of up to 64 bits -------------------------------------------------------------------------------------

template <ArithmeticOp op, typename T>
arrow::Status CheckSelected(Operand<T> a, Operand<T> b, const Selection& selection, LogicalType type, T* out) {
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t row = selection[i];
    if (OverflowingApply<op, T>(a[row], b[row], &out[row])) return OutOfRange(type);
  }
  return arrow::Status::OK();
}

template <ArithmeticOp op, typename T>
arrow::Status IntegerKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const auto operand = [](const Vector& v) { return Operand<T>{v.values<T>(), v.form == VectorForm::kConstant}; };
  const Operand<T> a = operand(*args[0]);
  const Operand<T> b = operand(*args[1]);
  T* result = out.data<T>();
  const LogicalType type = out.vector().type;
  const ValueLimits limits = IntegerLimits(type);
  const ValueRange range = CombineRanges(op, RangeOf(*args[0]), RangeOf(*args[1]));
  const bool proven = range.known && range.min >= limits.min && range.max <= limits.max;
  if (proven) out.vector().range = range;
  if (!PrefersDense(selection, num_rows) || (a.constant && b.constant)) {
    return CheckSelected<op, T>(a, b, selection, type, result);
  }
  const uint32_t count = DenseCount(selection, num_rows);
  if (proven) {
    Dispatch<WrappingLoop<op, T>>(a, b, result, count);
    return arrow::Status::OK();
  }
  if (!Dispatch<CheckedLoop<op, T>>(a, b, result, count)) return arrow::Status::OK();
  return CheckSelected<op, T>(a, b, selection, type, result);
}

// ---- DECIMAL and HUGEINT -------------------------------------------------------------------------------------------

uint32_t BitWidth(uint64_t bits) { return bits == 0 ? 0 : 64 - static_cast<uint32_t>(__builtin_clzll(bits)); }

// Computes in int64 where ranges, or for products the batch's own magnitudes, prove that it suffices; false where not.
template <ArithmeticOp op>
bool TryInt64(KernelArgs args, uint32_t count, const ValueRange& range, ScratchVector& out) {
  alignas(64) int64_t a_buffer[kMaxBatchRows];
  alignas(64) int64_t b_buffer[kMaxBatchRows];
  const Operand<int64_t> a = LoadInt64(*args[0], count, a_buffer);
  if (a.data == nullptr) return false;
  const Operand<int64_t> b = LoadInt64(*args[1], count, b_buffer);
  if (b.data == nullptr) return false;
  int64_t* result = out.data<int64_t>();
  if (a.constant && b.constant) return !OverflowingApply<op, int64_t>(*a.data, *b.data, result);
  if (range.known && FitsInt64(range)) {
    Dispatch<WrappingLoop<op, int64_t>>(a, b, result, count);
    return true;
  }
  if constexpr (op == ArithmeticOp::kMultiply) {
    const uint64_t a_bits = Dispatch<MagnitudeLoop>(a.data, a.constant ? 1 : count);
    const uint64_t b_bits = Dispatch<MagnitudeLoop>(b.data, b.constant ? 1 : count);
    if (BitWidth(a_bits) + BitWidth(b_bits) <= 62) {
      Dispatch<WrappingLoop<op, int64_t>>(a, b, result, count);
      return true;
    }
  }
  return !Dispatch<CheckedLoop<op, int64_t>>(a, b, result, count);
}

template <ArithmeticOp op>
arrow::Status WideInt128(KernelArgs args, const Selection& selection, uint32_t count, ScratchVector& out) {
  alignas(64) int128_t a_buffer[kMaxBatchRows];
  alignas(64) int128_t b_buffer[kMaxBatchRows];
  const Operand<int128_t> a = LoadInt128(*args[0], count, a_buffer);
  const Operand<int128_t> b = LoadInt128(*args[1], count, b_buffer);
  int128_t* result = out.data<int128_t>();
  const LogicalType type = out.vector().type;
  const ValueLimits limits = IntegerLimits(type);
  bool failed = false;
  ForEachRow(selection, [&](uint32_t row) {
    int128_t value = 0;
    failed |= OverflowingApply<op, int128_t>(a[row], b[row], &value) || value < limits.min || value > limits.max;
    result[row] = value;
  });
  // Below the cap the digits hold every result: only rows whose values are unspecified fail.
  const bool capped = !type.IsDecimal() || type.precision() == kMaxDecimalDigits;
  return failed && capped ? OutOfRange(type) : arrow::Status::OK();
}

template <ArithmeticOp op>
arrow::Status WideKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t num_rows, ScratchVector& out) {
  const uint32_t count = DenseCount(selection, num_rows);
  const ValueRange range = CombineRanges(op, RangeOf(*args[0]), RangeOf(*args[1]));
  const bool wide = out.vector().type.physical() == PhysicalType::kInt128;
  const ValueLimits limits = IntegerLimits(out.vector().type);
  if (TryInt64<op>(args, count, range, out)) {
    if (wide) SetNarrowInt64(out);
    out.vector().range = range;
    if (range.known && range.min >= limits.min && range.max <= limits.max) return arrow::Status::OK();
    if (wide) {
      // In 64 bits, so below 10^38.
      out.vector().range = {true, std::max<int128_t>(range.known ? range.min : INT64_MIN, INT64_MIN),
                            std::min<int128_t>(range.known ? range.max : INT64_MAX, INT64_MAX)};
      return arrow::Status::OK();
    }
    // Digits of at most 18 hold every result by the rules of its type.
    out.vector().range = {};
    return arrow::Status::OK();
  }
  if (wide) return WideInt128<op>(args, selection, count, out);
  // Only rows whose values are unspecified overflow a type whose digits fit 64 bits.
  alignas(64) int64_t a_buffer[kMaxBatchRows];
  alignas(64) int64_t b_buffer[kMaxBatchRows];
  Dispatch<WrappingLoop<op, int64_t>>(LoadInt64(*args[0], count, a_buffer), LoadInt64(*args[1], count, b_buffer),
                                      out.data<int64_t>(), count);
  return arrow::Status::OK();
}

// ---- REAL and DOUBLE -----------------------------------------------------------------------------------------------

template <ArithmeticOp op, typename T>
LLKV_INLINE T FloatingApply(T a, T b) {
  if constexpr (op == ArithmeticOp::kAdd) return a + b;
  if constexpr (op == ArithmeticOp::kSubtract) return a - b;
  return a * b;
}

template <ArithmeticOp op, typename T>
struct FloatingLoop {
  static LLKV_INLINE bool Run(Operand<T> a, Operand<T> b, T* out, uint32_t count) {
    constexpr T kLargest = std::numeric_limits<T>::max();
    int infinite = 0;
    for (uint32_t i = 0; i < count; ++i) {
      const T value = FloatingApply<op, T>(a[i], b[i]);
      infinite |= static_cast<int>((value > kLargest) | (value < -kLargest));
      out[i] = value;
    }
    return infinite != 0;
  }
};

// An infinity that comes from finite numbers is an overflow.
template <ArithmeticOp op, typename T>
arrow::Status FloatingKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const Operand<T> a{args[0]->values<T>(), args[0]->form == VectorForm::kConstant};
  const Operand<T> b{args[1]->values<T>(), args[1]->form == VectorForm::kConstant};
  T* result = out.data<T>();
  if (PrefersDense(selection, num_rows)) {
    if (!Dispatch<FloatingLoop<op, T>>(a, b, result, DenseCount(selection, num_rows))) return arrow::Status::OK();
  } else {
    ForEachRow(selection, [&](uint32_t row) { result[row] = FloatingApply<op, T>(a[row], b[row]); });
  }
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const bool overflow = std::isinf(result[row]) && !std::isinf(a[row]) && !std::isinf(b[row]);
    return overflow ? OutOfRange(out.vector().type) : arrow::Status::OK();
  });
}

// ---- unary minus ---------------------------------------------------------------------------------------------------

template <typename T>
arrow::Status NegateKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<T> input(*args[0]);
  T* result = out.data<T>();
  if constexpr (std::is_floating_point_v<T>) {
    ForEachRow(selection, [&](uint32_t row) { result[row] = -input[row]; });
    return arrow::Status::OK();
  } else {
    bool overflow = false;
    ForEachRow(selection, [&](uint32_t row) { overflow |= __builtin_sub_overflow(T{0}, input[row], &result[row]); });
    return overflow ? OutOfRange(out.vector().type) : arrow::Status::OK();
  }
}

arrow::Status PlusKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                         const Selection& /*selection*/, uint32_t /*num_rows*/, ScratchVector& out) {
  out.vector() = *args[0];
  return arrow::Status::OK();
}

template <ArithmeticOp op>
ScalarKernel PickKernel(LogicalType type) {
  if (type.IsDecimal() || type.id() == TypeId::kHugeInt) return WideKernel<op>;
  switch (type.physical()) {
    case PhysicalType::kFloat:
      return FloatingKernel<op, float>;
    case PhysicalType::kDouble:
      return FloatingKernel<op, double>;
    default:
      return VisitInteger64(type.physical(),
                            [](auto zero) -> ScalarKernel { return IntegerKernel<op, decltype(zero)>; });
  }
}

ScalarKernel PickNegate(LogicalType type) {
  switch (type.physical()) {
    case PhysicalType::kFloat:
      return NegateKernel<float>;
    case PhysicalType::kDouble:
      return NegateKernel<double>;
    case PhysicalType::kInt128:
      return NegateKernel<int128_t>;
    default:
      return VisitInteger64(type.physical(), [](auto zero) -> ScalarKernel { return NegateKernel<decltype(zero)>; });
  }
}

arrow::Result<BoundScalar> BindUnary(const ScalarFunction& self, const BindInput& input, bool negate) {
  LogicalType type = input.argument_types[0];
  if (type.id() == TypeId::kNull) type = TypeId::kInteger;
  if (IsTextLiteral(input, 0)) type = TypeId::kDouble;
  if (input.dialect == Dialect::kSqlite && type.id() == TypeId::kBoolean) type = TypeId::kInteger;
  if (!type.IsNumeric()) return NoOverload(self.name, input.argument_types);
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = {type};
  bound.return_type = type;
  bound.kernel = negate ? PickNegate(type) : PlusKernel;
  bound.can_fail = negate && type.IsInteger();
  if (!negate) bound.accepted_forms = kFormsNarrow | kFormsDictionary;
  return bound;
}

template <ArithmeticOp op>
arrow::Result<BoundScalar> BindArithmetic(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, op == ArithmeticOp::kMultiply ? 2 : 1, 2));
  if (HasTemporalArgument(input)) return BindTemporalArithmetic(self, input, op);
  if (IsUHugeIntOperator(input)) return BindUHugeIntOperator(self, input);
  if (IsAnyOperation(input)) {
    constexpr AnyOperator kDynamic = op == ArithmeticOp::kAdd        ? AnyOperator::kAdd
                                     : op == ArithmeticOp::kSubtract ? AnyOperator::kSubtract
                                                                     : AnyOperator::kMultiply;
    if (op == ArithmeticOp::kSubtract || input.argument_types.size() == 2)
      return BindAnyOperator(self, input, kDynamic);
  }
  if (input.argument_types.size() == 1) return BindUnary(self, input, op == ArithmeticOp::kSubtract);
  ARROW_ASSIGN_OR_RAISE(const NumericPair pair, NumericArguments(self.name, input));
  BoundScalar bound;
  bound.name = self.name;
  bound.can_fail = true;
  if (!pair.left.IsDecimal()) {
    bound.argument_types = {pair.left, pair.right};
    bound.return_type = pair.left;
  } else if (op == ArithmeticOp::kMultiply) {
    bound.argument_types = {pair.left, pair.right};
    ARROW_ASSIGN_OR_RAISE(bound.return_type, DecimalMultiplyType(pair.left, pair.right));
  } else {
    bound.return_type = DecimalAddType(pair.left, pair.right);
    const int scale = bound.return_type.scale();
    bound.argument_types = {WithScale(pair.left, scale), WithScale(pair.right, scale)};
  }
  if (bound.return_type.IsDecimal()) {
    bound.accepted_forms = kFormsNarrow;
    // Below the cap of 38 digits the result's digits hold every result.
    bound.can_fail = bound.return_type.precision() == kMaxDecimalDigits;
  } else if (bound.return_type.id() == TypeId::kHugeInt) {
    bound.accepted_forms = kFormsNarrow;
  }
  bound.kernel = PickKernel<op>(bound.return_type);
  return bound;
}

}  // namespace

void RegisterArithmetic(FunctionRegistry& registry) {
  registry.Add(
      ScalarFunction{"+", {"add"}, "Sum, or a date moved forward.", "a + 1", BindArithmetic<ArithmeticOp::kAdd>});
  registry.Add(ScalarFunction{"-",
                              {"subtract"},
                              "Difference, negation, or a date moved back.",
                              "a - 1",
                              BindArithmetic<ArithmeticOp::kSubtract>});
  registry.Add(ScalarFunction{"*", {"multiply"}, "Product.", "a * 2", BindArithmetic<ArithmeticOp::kMultiply>});
}

}  // namespace llkv
