// Operators on UHUGEINT: row by row in unsigned 128-bit arithmetic, checked.
#include "functions/uhugeint_operators.h"

#include "functions/binding.h"
#include "functions/kernel.h"
#include "types/coercion.h"
#include "types/uhugeint.h"

namespace llkv {

namespace {

enum class Op : uint8_t { kAdd, kSubtract, kMultiply, kDivide, kModulo, kAnd, kOr, kXor };

// False where the result is no UHUGEINT. The divisor is not 0.
template <Op op>
bool Apply(uint128_t a, uint128_t b, uint128_t* result) {
  if constexpr (op == Op::kAdd) return !__builtin_add_overflow(a, b, result);
  if constexpr (op == Op::kSubtract) return !__builtin_sub_overflow(a, b, result);
  if constexpr (op == Op::kMultiply) return !__builtin_mul_overflow(a, b, result);
  if constexpr (op == Op::kDivide) *result = a / b;
  if constexpr (op == Op::kModulo) *result = a % b;
  if constexpr (op == Op::kAnd) *result = a & b;
  if constexpr (op == Op::kOr) *result = a | b;
  if constexpr (op == Op::kXor) *result = a ^ b;
  return true;
}

template <Op op>
arrow::Status BinaryKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int128_t> a(*args[0]);
  const Input<int128_t> b(*args[1]);
  int128_t* result = out.data<int128_t>();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const uint128_t right = UHugeIntOf(b[row]);
    uint128_t value = 0;
    if constexpr (op == Op::kDivide || op == Op::kModulo) {
      if (right == 0) return DivisionByZero();
    }
    if (!Apply<op>(UHugeIntOf(a[row]), right, &value)) return OutOfRange(TypeId::kUHugeInt);
    result[row] = HoldUHugeInt(value);
    return arrow::Status::OK();
  });
}

// The sqlite dialect's division: NULL by zero.
template <Op op>
arrow::Status NullDivisionKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                 const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const Input<int128_t> a(*args[0]);
  const Input<int128_t> b(*args[1]);
  int128_t* result = out.data<int128_t>();
  uint8_t* validity = IntersectValidity(args, num_rows, out);
  ForEachRow(selection, [&](uint32_t row) {
    const uint128_t right = UHugeIntOf(b[row]);
    uint128_t value = 0;
    if (right == 0) {
      ClearBit(validity, row);
    } else {
      Apply<op>(UHugeIntOf(a[row]), right, &value);
    }
    result[row] = HoldUHugeInt(value);
  });
  return arrow::Status::OK();
}

template <bool left>
arrow::Status ShiftKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                          const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int128_t> a(*args[0]);
  const Input<int64_t> b(*args[1]);
  int128_t* result = out.data<int128_t>();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const uint128_t value = UHugeIntOf(a[row]);
    const int64_t distance = b[row];
    if (distance < 0 || distance >= 128) {
      return SqlError(sqlstate::kNumericOutOfRange, "cannot shift by " + std::to_string(distance) + " bits");
    }
    const uint128_t shifted = left ? value << distance : value >> distance;
    if (left && shifted >> distance != value) return OutOfRange(TypeId::kUHugeInt);
    result[row] = HoldUHugeInt(shifted);
    return arrow::Status::OK();
  });
}

arrow::Status NotKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<int128_t, int128_t>(args, selection, out, [](int128_t held) { return HoldUHugeInt(~UHugeIntOf(held)); });
  return arrow::Status::OK();
}

// Only 0 has a negative that is no less than 0.
arrow::Status NegateKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int128_t> input(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    out.data<int128_t>()[row] = input[row];
    return UHugeIntOf(input[row]) == 0 ? arrow::Status::OK() : OutOfRange(TypeId::kUHugeInt);
  });
}

struct Operator {
  std::string_view name;
  ScalarKernel kernel;
  bool can_fail;
};

constexpr Operator kBinary[] = {
    {"+", BinaryKernel<Op::kAdd>, true},      {"-", BinaryKernel<Op::kSubtract>, true},
    {"*", BinaryKernel<Op::kMultiply>, true}, {"/", BinaryKernel<Op::kDivide>, true},
    {"//", BinaryKernel<Op::kDivide>, true},  {"%", BinaryKernel<Op::kModulo>, true},
    {"&", BinaryKernel<Op::kAnd>, false},     {"|", BinaryKernel<Op::kOr>, false},
    {"#", BinaryKernel<Op::kXor>, false},     {"<<", ShiftKernel<true>, true},
    {">>", ShiftKernel<false>, true},
};

constexpr Operator kUnary[] = {{"-", NegateKernel, true}, {"~", NotKernel, false}};

bool IsShift(std::string_view name) { return name == "<<" || name == ">>"; }

}  // namespace

namespace {

/// A number written out does not make an operator signed.
bool IsUnsignedConstant(const BindInput& input, size_t i) {
  if (!input.argument_types[i].IsInteger() || i >= input.constants.size()) return false;
  const Value* constant = input.constants[i];
  return constant != nullptr && !constant->is_null() && constant->integer() >= 0;
}

}  // namespace

bool IsUHugeIntOperator(const BindInput& input) {
  std::optional<LogicalType> common;
  for (size_t i = 0; i < input.argument_types.size(); ++i) {
    const LogicalType type = input.argument_types[i];
    if (type.id() == TypeId::kNull || IsTextLiteral(input, i) || IsUnsignedConstant(input, i)) continue;
    common = common ? CommonType(*common, type) : type;
    if (!common) return false;
  }
  return common && common->id() == TypeId::kUHugeInt;
}

arrow::Result<BoundScalar> BindUHugeIntOperator(const ScalarFunction& self, const BindInput& input) {
  const bool unary = input.argument_types.size() == 1;
  const std::span<const Operator> operators = unary ? std::span<const Operator>(kUnary) : std::span(kBinary);
  for (const Operator& entry : operators) {
    if (entry.name != self.name) continue;
    const LogicalType type = TypeId::kUHugeInt;
    BoundScalar bound = MakeScalar(self, {{type}, type, entry.kernel, entry.can_fail});
    if (!unary) bound.argument_types.push_back(IsShift(self.name) ? LogicalType(TypeId::kBigInt) : type);
    if (input.dialect == Dialect::kSqlite && (self.name == "/" || self.name == "%")) {
      bound.kernel = self.name == "/" ? NullDivisionKernel<Op::kDivide> : NullDivisionKernel<Op::kModulo>;
      bound.null_rule = NullRule::kKernel;
    }
    return bound;
  }
  return NoOverload(self.name, input.argument_types);
}

}  // namespace llkv
