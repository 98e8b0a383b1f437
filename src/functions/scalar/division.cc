// / // and %. Integers divide to integers, towards zero; decimals and floating numbers to DOUBLE. Division by zero is
// an error, in the dialect sqlite NULL.
#include <cmath>

#include "functions/any_operators.h"
#include "functions/arithmetic_loops.h"
#include "functions/numeric_binding.h"
#include "functions/temporal_arithmetic.h"
#include "functions/uhugeint_operators.h"

namespace llkv {

namespace {

enum class DivisionOp : uint8_t { kDivide, kModulo };

// The quotient or rest of numbers whose divisor is not 0; false on overflow.
template <DivisionOp op, typename T>
bool Apply(T a, T b, T* result) {
  if constexpr (std::is_floating_point_v<T>) {
    *result = op == DivisionOp::kDivide ? a / b : std::fmod(a, b);
    return !(std::isinf(*result) && !std::isinf(a));
  } else {
    if constexpr (std::is_signed_v<T> || std::is_same_v<T, int128_t>) {
      if (b == T(-1)) {
        *result = 0;
        return op == DivisionOp::kModulo || !__builtin_sub_overflow(T(0), a, result);
      }
    }
    *result = static_cast<T>(op == DivisionOp::kDivide ? a / b : a % b);
    return true;
  }
}

template <DivisionOp op, typename T, bool null_at_zero>
arrow::Status DivisionKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const Input<T> a(*args[0]);
  const Input<T> b(*args[1]);
  T* result = out.data<T>();
  uint8_t* validity = null_at_zero ? IntersectValidity(args, num_rows, out) : nullptr;
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const T divisor = b[row];
    if (divisor == T(0)) {
      result[row] = T(0);
      if (!null_at_zero) return DivisionByZero();
      ClearBit(validity, row);
      return arrow::Status::OK();
    }
    if (Apply<op, T>(a[row], divisor, &result[row])) return arrow::Status::OK();
    if (null_at_zero && !GetBit(validity, row)) return arrow::Status::OK();
    return OutOfRange(out.vector().type);
  });
}

template <DivisionOp op, bool null_at_zero>
ScalarKernel PickKernel(LogicalType type) {
  switch (type.physical()) {
    case PhysicalType::kFloat:
      return DivisionKernel<op, float, null_at_zero>;
    case PhysicalType::kDouble:
      return DivisionKernel<op, double, null_at_zero>;
    case PhysicalType::kInt128:
      return DivisionKernel<op, int128_t, null_at_zero>;
    default:
      return VisitInteger64(type.physical(),
                            [](auto zero) -> ScalarKernel { return DivisionKernel<op, decltype(zero), null_at_zero>; });
  }
}

template <DivisionOp op>
arrow::Result<BoundScalar> BindDivision(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  if (op == DivisionOp::kDivide && input.argument_types[0].id() == TypeId::kInterval) {
    return BindIntervalDivision(self, input);
  }
  if (IsUHugeIntOperator(input)) return BindUHugeIntOperator(self, input);
  if (IsAnyOperation(input)) {
    return BindAnyOperator(self, input, op == DivisionOp::kDivide ? AnyOperator::kDivide : AnyOperator::kModulo);
  }
  ARROW_ASSIGN_OR_RAISE(NumericPair pair, NumericArguments(self.name, input));
  LogicalType type = pair.left;
  if (type.IsDecimal() && op == DivisionOp::kDivide) type = TypeId::kDouble;
  if (type.IsDecimal()) type = DecimalModuloType(pair.left, pair.right);
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = {type, type};
  bound.return_type = type;
  if (input.dialect == Dialect::kSqlite) {
    bound.kernel = PickKernel<op, true>(type);
    bound.null_rule = NullRule::kKernel;
  } else {
    bound.kernel = PickKernel<op, false>(type);
  }
  bound.can_fail = true;
  return bound;
}

// The quotient cut to a whole number, of integers and of decimals; other numbers are an error.
arrow::Result<BoundScalar> BindIntegerDivision(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  if (input.argument_types[0].IsDecimal() || input.argument_types[1].IsDecimal()) {
    // The unscaled values of one scale divide as the numbers do.
    ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindDivision<DivisionOp::kModulo>(self, input));
    if (!bound.return_type.IsDecimal()) return NoOverload(self.name, input.argument_types);
    const LogicalType type = bound.argument_types[0];
    const bool null_at_zero = bound.null_rule == NullRule::kKernel;
    bound.kernel =
        null_at_zero ? PickKernel<DivisionOp::kDivide, true>(type) : PickKernel<DivisionOp::kDivide, false>(type);
    bound.return_type = LogicalType::Decimal(type.precision(), 0);
    return bound;
  }
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindDivision<DivisionOp::kDivide>(self, input));
  if (!bound.return_type.IsInteger() && bound.return_type.id() != TypeId::kUHugeInt)
    return NoOverload(self.name, input.argument_types);
  return bound;
}

}  // namespace

void RegisterDivision(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{
      "/", {"divide"}, "Quotient; of integers, towards zero.", "7 / 2", BindDivision<DivisionOp::kDivide>});
  registry.Add(ScalarFunction{
      "//", {"div"}, "Quotient of integers or decimals, cut to a whole number.", "7 // 2", BindIntegerDivision});
  registry.Add(ScalarFunction{
      "%", {"mod"}, "Rest of a division, with the sign of the left side.", "7 % 2", BindDivision<DivisionOp::kModulo>});
}

}  // namespace llkv
