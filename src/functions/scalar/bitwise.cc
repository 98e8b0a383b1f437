// & | # << >> ~ on integers; bit strings and UHUGEINT have files of their own.
#include "functions/binding.h"
#include "functions/bit_operators.h"
#include "functions/kernel.h"
#include "functions/uhugeint_operators.h"
#include "types/coercion.h"

namespace llkv {

namespace {

enum class BitOp : uint8_t { kAnd, kOr, kXor, kShiftLeft, kShiftRight };

template <BitOp op, typename T>
arrow::Status BitKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t /*num_rows*/, ScratchVector& out) {
  using Shift = std::conditional_t<op == BitOp::kShiftLeft || op == BitOp::kShiftRight, int64_t, T>;
  constexpr int64_t kBits = static_cast<int64_t>(sizeof(T)) * 8;
  const Input<T> a(*args[0]);
  const Input<Shift> b(*args[1]);
  T* result = out.data<T>();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    const T x = a[row];
    if constexpr (op == BitOp::kAnd) result[row] = static_cast<T>(x & b[row]);
    if constexpr (op == BitOp::kOr) result[row] = static_cast<T>(x | b[row]);
    if constexpr (op == BitOp::kXor) result[row] = static_cast<T>(x ^ b[row]);
    if constexpr (op == BitOp::kShiftLeft || op == BitOp::kShiftRight) {
      const int64_t distance = b[row];
      if (distance < 0 || distance >= kBits) {
        return SqlError(sqlstate::kNumericOutOfRange, "cannot shift by " + std::to_string(distance) + " bits");
      }
      if constexpr (op == BitOp::kShiftRight) {
        result[row] = static_cast<T>(x >> distance);
      } else {
        result[row] = static_cast<T>(static_cast<uint128_t>(x) << distance);
        // A bit shifted out, or into the sign, would make a wrong number.
        if (static_cast<T>(result[row] >> distance) != x || (x >= 0) != (result[row] >= 0)) {
          return OutOfRange(out.vector().type);
        }
      }
    }
    return arrow::Status::OK();
  });
}

// SQLite's shifts of 64 bits, which lose bits: by a negative distance the other way.
template <bool left>
arrow::Status SqliteShiftKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapBinary<int64_t, int64_t, int64_t>(args, selection, out, [](int64_t x, int64_t distance) -> int64_t {
    const bool to_left = left == (distance >= 0);
    const uint64_t bits =
        distance < 0 ? uint64_t{0} - static_cast<uint64_t>(distance) : static_cast<uint64_t>(distance);
    if (bits >= 64) return to_left || x >= 0 ? 0 : -1;
    return to_left ? static_cast<int64_t>(static_cast<uint64_t>(x) << bits) : x >> bits;
  });
  return arrow::Status::OK();
}

template <typename T>
arrow::Status NotKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<T, T>(args, selection, out, [](T x) { return static_cast<T>(~x); });
  return arrow::Status::OK();
}

arrow::Result<LogicalType> IntegerType(const ScalarFunction& self, const BindInput& input, size_t count) {
  std::optional<LogicalType> type;
  for (size_t i = 0; i < count; ++i) {
    LogicalType argument = input.argument_types[i];
    if (argument.id() == TypeId::kNull || IsTextLiteral(input, i)) argument = TypeId::kInteger;
    if (!argument.IsInteger()) return NoOverload(self.name, input.argument_types);
    type = type ? CommonType(*type, argument) : argument;
  }
  return *type;
}

template <BitOp op>
arrow::Result<BoundScalar> BindBits(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  if (HasBitArgument(input)) return BindBitOperator(self, input);
  constexpr bool kShift = op == BitOp::kShiftLeft || op == BitOp::kShiftRight;
  const BindInput operands{input.argument_types.first(kShift ? 1 : 2), input.constants, input.dialect};
  if (IsUHugeIntOperator(operands)) return BindUHugeIntOperator(self, input);
  if (kShift && input.dialect == Dialect::kSqlite) {
    return MakeScalar(self, {{TypeId::kBigInt, TypeId::kBigInt},
                             TypeId::kBigInt,
                             op == BitOp::kShiftLeft ? SqliteShiftKernel<true> : SqliteShiftKernel<false>});
  }
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, IntegerType(self, input, kShift ? 1 : 2));
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = {type, kShift ? LogicalType(TypeId::kBigInt) : type};
  bound.return_type = type;
  bound.can_fail = kShift;
  if (type.id() == TypeId::kHugeInt) {
    bound.kernel = BitKernel<op, int128_t>;
  } else {
    bound.kernel =
        VisitInteger64(type.physical(), [](auto zero) -> ScalarKernel { return BitKernel<op, decltype(zero)>; });
  }
  return bound;
}

arrow::Result<BoundScalar> BindNot(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  if (HasBitArgument(input)) return BindBitOperator(self, input);
  if (IsUHugeIntOperator(input)) return BindUHugeIntOperator(self, input);
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, IntegerType(self, input, 1));
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = {type};
  bound.return_type = type;
  if (type.id() == TypeId::kHugeInt) {
    bound.kernel = NotKernel<int128_t>;
  } else {
    bound.kernel = VisitInteger64(type.physical(), [](auto zero) -> ScalarKernel { return NotKernel<decltype(zero)>; });
  }
  return bound;
}

}  // namespace

void RegisterBitwise(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"&", {}, "Bitwise AND.", "6 & 3", BindBits<BitOp::kAnd>});
  registry.Add(ScalarFunction{"|", {}, "Bitwise OR.", "6 | 3", BindBits<BitOp::kOr>});
  registry.Add(ScalarFunction{"#", {"xor"}, "Bitwise exclusive OR.", "6 # 3", BindBits<BitOp::kXor>});
  registry.Add(ScalarFunction{"<<", {}, "Shifted left; bits must not be lost.", "1 << 4", BindBits<BitOp::kShiftLeft>});
  registry.Add(ScalarFunction{">>", {}, "Shifted right.", "16 >> 4", BindBits<BitOp::kShiftRight>});
  registry.Add(ScalarFunction{"~", {}, "All bits flipped.", "~1", BindNot});
}

}  // namespace llkv
