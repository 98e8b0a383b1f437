// Mathematical functions: abs, sign, rounding, powers, roots, logarithms, error and gamma functions.
#include <cmath>
#include <numbers>

#include "functions/any_operators.h"
#include "functions/arithmetic_loops.h"
#include "functions/double_functions.h"
#include "types/decimal.h"

namespace llkv {

namespace {

const MathError kLogError{sqlstate::kInvalidLogArgument, "the logarithm of a number that is not positive"};
const MathError kRootError{sqlstate::kInvalidPowerArgument, "the square root of a negative number"};

arrow::Status PowerError(const char* what) { return SqlError(sqlstate::kInvalidPowerArgument, what); }

// ---- DOUBLE to DOUBLE ----------------------------------------------------------------------------------------------

const MathError* Sqrt(double x, double* result) {
  *result = std::sqrt(x);
  return x < 0 ? &kRootError : nullptr;
}

template <double (*f)(double)>
const MathError* Logarithm(double x, double* result) {
  *result = x > 0 || std::isnan(x) ? f(x) : 0;
  return x <= 0 ? &kLogError : nullptr;
}

const MathError* Gamma(double x, double* result) {
  *result = std::tgamma(x);
  return std::isnan(*result) && !std::isnan(x) ? &kInputOutOfRange : nullptr;
}

double LogGamma(double x) {
  int sign = 0;
  return lgamma_r(x, &sign);
}

arrow::Status PowerKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                          const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<double> base(*args[0]);
  const Input<double> exponent(*args[1]);
  double* result = out.data<double>();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    if (base[row] == 0 && exponent[row] < 0) return PowerError("zero raised to a negative power");
    result[row] = std::pow(base[row], exponent[row]);
    if (std::isnan(result[row]) && !std::isnan(base[row]) && !std::isnan(exponent[row])) {
      return PowerError("a negative number raised to a power that is no integer");
    }
    const bool overflow = std::isinf(result[row]) && std::isfinite(base[row]) && std::isfinite(exponent[row]);
    return overflow ? OutOfRange(TypeId::kDouble) : arrow::Status::OK();
  });
}

arrow::Status LogBaseKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<double> base(*args[0]);
  const Input<double> x(*args[1]);
  double* result = out.data<double>();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    if (base[row] <= 0 || x[row] <= 0) return SqlError(kLogError.sqlstate, kLogError.message);
    if (base[row] == 1) return DivisionByZero();
    result[row] = base[row] == 2    ? std::log2(x[row])
                  : base[row] == 10 ? std::log10(x[row])
                                    : std::log(x[row]) / std::log(base[row]);
    return arrow::Status::OK();
  });
}

// ---- abs and sign --------------------------------------------------------------------------------------------------

template <typename T>
arrow::Status AbsKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<T> input(*args[0]);
  T* result = out.data<T>();
  bool overflow = false;
  ForEachRow(selection, [&](uint32_t row) {
    const T value = input[row];
    if constexpr (std::is_floating_point_v<T>) {
      result[row] = std::fabs(value);
    } else if constexpr (std::is_unsigned_v<T>) {
      result[row] = value;
    } else if (value < 0) {
      overflow |= __builtin_sub_overflow(T(0), value, &result[row]);
    } else {
      result[row] = value;
    }
  });
  return overflow ? OutOfRange(out.vector().type) : arrow::Status::OK();
}

template <typename T>
arrow::Status SignKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<T, int8_t>(args, selection, out,
                      [](T value) { return static_cast<int8_t>((value > T(0) ? 1 : 0) - (value < T(0) ? 1 : 0)); });
  return arrow::Status::OK();
}

// Calls f(T{}) with the C++ type of any numeric type.
template <typename F>
ScalarKernel VisitNumeric(LogicalType type, F&& f) {
  switch (type.physical()) {
    case PhysicalType::kFloat:
      return f(float{});
    case PhysicalType::kDouble:
      return f(double{});
    case PhysicalType::kInt128:
      return f(int128_t{});
    default:
      return VisitInteger64(type.physical(), f);
  }
}

// The one argument's type where it is a number; text literals are DOUBLE.
arrow::Result<LogicalType> NumberArgument(const ScalarFunction& self, const BindInput& input) {
  LogicalType type = input.argument_types[0];
  if (type.id() == TypeId::kNull) type = TypeId::kInteger;
  const bool sqlite = input.dialect == Dialect::kSqlite;
  if (IsTextLiteral(input, 0) || (sqlite && type.id() == TypeId::kVarchar)) type = TypeId::kDouble;
  if (sqlite && type.id() == TypeId::kBoolean) type = TypeId::kInteger;
  if (!type.IsNumeric()) return NoOverload(self.name, input.argument_types);
  return type;
}

BoundScalar NumericFunction(const ScalarFunction& self, LogicalType type, LogicalType result, ScalarKernel kernel) {
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = {type};
  bound.return_type = result;
  bound.kernel = kernel;
  return bound;
}

arrow::Result<BoundScalar> BindAbs(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  if (IsAnyOperation(input)) return BindAnyAbs(self);
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, NumberArgument(self, input));
  BoundScalar bound = NumericFunction(
      self, type, type, VisitNumeric(type, [](auto zero) -> ScalarKernel { return AbsKernel<decltype(zero)>; }));
  bound.can_fail = type.IsInteger() && !type.IsUnsigned();
  return bound;
}

arrow::Result<BoundScalar> BindSign(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, NumberArgument(self, input));
  return NumericFunction(self, type, TypeId::kTinyInt,
                         VisitNumeric(type, [](auto zero) -> ScalarKernel { return SignKernel<decltype(zero)>; }));
}

// ---- rounding ------------------------------------------------------------------------------------------------------

enum class Rounding : uint8_t { kHalfAway, kFloor, kCeil, kTruncate };

struct RoundState {
  LogicalType from;
  int digits = 0;  // kept after the point
};

int128_t RoundDecimal(Rounding rounding, int128_t value, int128_t unit) {
  int128_t quotient = value / unit;
  const int128_t rest = value % unit;
  const int128_t magnitude = rest < 0 ? -rest : rest;
  switch (rounding) {
    case Rounding::kHalfAway:
      if (magnitude >= unit - magnitude) quotient += value < 0 ? -1 : 1;
      break;
    case Rounding::kFloor:
      if (rest < 0) --quotient;
      break;
    case Rounding::kCeil:
      if (rest > 0) ++quotient;
      break;
    case Rounding::kTruncate:
      break;
  }
  return quotient;
}

// Digits before the point are rounded where `digits` is negative.
template <Rounding rounding, typename In, typename Out>
arrow::Status RoundDecimalKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                                 const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const auto& state = *static_cast<const RoundState*>(raw_state);
  const int dropped = state.from.scale() - state.digits;
  const int128_t unit = PowerOfTen(std::min(dropped, kMaxDecimalDigits));
  const int128_t zeros = PowerOfTen(std::clamp(-state.digits, 0, kMaxDecimalDigits));
  const ValueLimits limits = IntegerLimits(out.vector().type);
  const Input<In> input(*args[0]);
  Out* result = out.data<Out>();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    int128_t value = dropped > kMaxDecimalDigits ? 0 : RoundDecimal(rounding, static_cast<int128_t>(input[row]), unit);
    const bool overflow = __builtin_mul_overflow(value, zeros, &value);
    if (overflow || value < limits.min || value > limits.max) return OutOfRange(out.vector().type);
    result[row] = static_cast<Out>(value);
    return arrow::Status::OK();
  });
}

double RoundOne(Rounding rounding, double value) {
  switch (rounding) {
    case Rounding::kFloor:
      return std::floor(value);
    case Rounding::kCeil:
      return std::ceil(value);
    case Rounding::kTruncate:
      return std::trunc(value);
    default:
      return std::round(value);
  }
}

double RoundDouble(Rounding rounding, double value, int32_t digits) {
  if (digits == 0 || !std::isfinite(value)) return RoundOne(rounding, value);
  if (digits > 300) return value;
  if (digits < -308) return 0;
  const double power = std::pow(10.0, std::abs(digits));
  const double scaled = digits > 0 ? value * power : value / power;
  if (!std::isfinite(scaled) || (digits > 0 && std::fabs(scaled) >= 0x1p53)) return value;
  const double rounded = RoundOne(rounding, scaled);
  return digits > 0 ? rounded / power : rounded * power;
}

template <Rounding rounding>
arrow::Status RoundDoubleKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<double> input(*args[0]);
  double* result = out.data<double>();
  if (args.size() == 1) {
    ForEachRow(selection, [&](uint32_t row) { result[row] = RoundOne(rounding, input[row]); });
    return arrow::Status::OK();
  }
  const Input<int32_t> digits(*args[1]);
  ForEachRow(selection, [&](uint32_t row) { result[row] = RoundDouble(rounding, input[row], digits[row]); });
  return arrow::Status::OK();
}

arrow::Status PassKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                         const Selection& /*selection*/, uint32_t /*num_rows*/, ScratchVector& out) {
  out.vector() = *args[0];
  return arrow::Status::OK();
}

template <Rounding rounding, typename In>
ScalarKernel PickRoundOutput(LogicalType result) {
  return result.physical() == PhysicalType::kInt128 ? RoundDecimalKernel<rounding, In, int128_t>
                                                    : RoundDecimalKernel<rounding, In, int64_t>;
}

// A decimal with constant digits: DECIMAL(p, digits), one digit wider where rounding may carry.
template <Rounding rounding>
arrow::Result<BoundScalar> BindDecimalRound(const ScalarFunction& self, const BindInput& input, LogicalType type,
                                            int digits) {
  if (digits >= type.scale() && type.IsDecimal()) {
    BoundScalar same = NumericFunction(self, type, type, PassKernel);
    same.accepted_forms = kFormsNarrow;
    if (input.argument_types.size() == 2) same.argument_types.push_back(TypeId::kInteger);
    return same;
  }
  const int scale = std::max(digits, 0);
  const int precision = std::min(type.precision() - type.scale() + scale + 1, kMaxDecimalDigits);
  const LogicalType result = LogicalType::Decimal(precision, scale);
  const ScalarKernel kernel = type.physical() == PhysicalType::kInt128 ? PickRoundOutput<rounding, int128_t>(result)
                                                                       : PickRoundOutput<rounding, int64_t>(result);
  BoundScalar bound = NumericFunction(self, type, result, kernel);
  bound.state = std::make_shared<const RoundState>(RoundState{type, digits});
  bound.can_fail = true;
  if (input.argument_types.size() == 2) bound.argument_types.push_back(TypeId::kInteger);
  return bound;
}

template <Rounding rounding>
arrow::Result<BoundScalar> BindRound(const ScalarFunction& self, const BindInput& input) {
  const bool takes_digits = rounding == Rounding::kHalfAway || rounding == Rounding::kTruncate;
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, takes_digits ? 2 : 1));
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, NumberArgument(self, input));
  const bool two = input.argument_types.size() == 2;
  const Value* constant = two && input.constants.size() > 1 ? input.constants[1] : nullptr;
  const bool has_digits = constant != nullptr && !constant->is_null() && constant->type().IsInteger();
  const int128_t wanted = has_digits ? constant->integer() : 0;
  const int digits = static_cast<int>(std::clamp<int128_t>(wanted, -100, 100));
  if (type.IsDecimal() && (!two || has_digits)) return BindDecimalRound<rounding>(self, input, type, digits);
  if (type.IsInteger() && (!two || (has_digits && digits >= 0))) {
    BoundScalar bound = NumericFunction(self, type, type, PassKernel);
    bound.accepted_forms = kFormsNarrow;
    if (two) bound.argument_types.push_back(TypeId::kInteger);
    return bound;
  }
  BoundScalar bound = NumericFunction(self, TypeId::kDouble, TypeId::kDouble, RoundDoubleKernel<rounding>);
  if (two) bound.argument_types.push_back(TypeId::kInteger);
  return bound;
}

// ---- the rest ------------------------------------------------------------------------------------------------------

arrow::Status PiKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs /*args*/,
                       const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  ForEachRow(selection, [&](uint32_t row) { out.data<double>()[row] = std::numbers::pi; });
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindPi(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{}, TypeId::kDouble, PiKernel}};
  return BindOverloads(self, input, overloads);
}

arrow::Result<BoundScalar> BindPower(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kDouble, TypeId::kDouble}, TypeId::kDouble, PowerKernel, true}};
  return BindOverloads(self, input, overloads);
}

arrow::Result<BoundScalar> BindLog(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kDouble}, TypeId::kDouble, DoubleKernel<Logarithm<std::log10>>, true},
      {{TypeId::kDouble, TypeId::kDouble}, TypeId::kDouble, LogBaseKernel, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterMath(FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* text, const char* example,
                       auto bind) {
    registry.Add(ScalarFunction{name, std::move(aliases), text, example, bind});
  };
  add("abs", {"@"}, "Magnitude.", "abs(-1)", BindAbs);
  add("sign", {}, "-1, 0 or 1.", "sign(-5)", BindSign);
  add("round", {}, "Rounded half away from zero, to a number of digits.", "round(2.345, 2)",
      BindRound<Rounding::kHalfAway>);
  add("trunc", {"truncate"}, "Cut towards zero, to a number of digits.", "trunc(2.7)", BindRound<Rounding::kTruncate>);
  add("floor", {}, "The next integer below.", "floor(2.7)", BindRound<Rounding::kFloor>);
  add("ceil", {"ceiling"}, "The next integer above.", "ceil(2.1)", BindRound<Rounding::kCeil>);
  add("sqrt", {"|/"}, "Square root.", "sqrt(2)", BindDouble<Sqrt>);
  add("cbrt", {"||/"}, "Cube root.", "cbrt(27)", BindDouble<Total<std::cbrt>>);
  add("power", {"pow", "^", "**"}, "Raised to a power.", "power(2, 10)", BindPower);
  add("exp", {}, "e raised to a power.", "exp(1)", BindDouble<Total<std::exp>>);
  add("ln", {}, "Natural logarithm.", "ln(2)", BindDouble<Logarithm<std::log>>);
  add("log", {}, "Logarithm to base 10, or to the first argument.", "log(100)", BindLog);
  add("log10", {}, "Logarithm to base 10.", "log10(100)", BindDouble<Logarithm<std::log10>>);
  add("log2", {}, "Logarithm to base 2.", "log2(8)", BindDouble<Logarithm<std::log2>>);
  add("erf", {}, "Error function.", "erf(1)", BindDouble<Total<std::erf>>);
  add("erfc", {}, "1 - erf(x), also where that is small.", "erfc(1)", BindDouble<Total<std::erfc>>);
  add("gamma", {}, "Gamma function.", "gamma(0.5)", BindDouble<Gamma>);
  add("lgamma", {}, "Natural logarithm of the gamma function's magnitude.", "lgamma(1000)",
      BindDouble<Total<LogGamma>>);
  add("pi", {}, "The circle's constant.", "pi()", BindPi);
}

}  // namespace llkv
