// Functions of bit strings, and the number of ones of bit strings and integers.
#include "types/bit_string.h"
#include "functions/binding.h"
#include "functions/bit_operators.h"
#include "functions/kernel.h"
#include "types/uhugeint.h"

namespace llkv {

namespace {

constexpr std::string_view kSubscriptError = "2202E";

arrow::Status NoSuchBit(int64_t index, uint64_t size) {
  return SqlError(kSubscriptError, "there is no bit " + std::to_string(index) + " in a bit string of " +
                                       std::to_string(size) + " (they count from 0)");
}

arrow::Status GetBitKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  const Input<int64_t> index(*args[1]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const BitStringView bits(input[row].view());
    if (index[row] < 0 || static_cast<uint64_t>(index[row]) >= bits.size()) return NoSuchBit(index[row], bits.size());
    out.data<int32_t>()[row] = bits[static_cast<uint64_t>(index[row])] ? 1 : 0;
    return arrow::Status::OK();
  });
}

arrow::Status SetBitKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  const Input<int64_t> index(*args[1]);
  const Input<int64_t> value(*args[2]);
  std::string result;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const BitStringView bits(input[row].view());
    if (index[row] < 0 || static_cast<uint64_t>(index[row]) >= bits.size()) return NoSuchBit(index[row], bits.size());
    if (value[row] != 0 && value[row] != 1) return SqlError(sqlstate::kInvalidParameter, "a bit is 0 or 1");
    BitStringBuilder builder(&result);
    for (uint64_t i = 0; i < bits.size(); ++i) {
      builder.Append(i == static_cast<uint64_t>(index[row]) ? value[row] == 1 : bits[i]);
    }
    builder.Finish();
    return context.arena->Copy(result).Value(&out.data<StringRef>()[row]);
  });
}

template <typename T, bool held>
arrow::Status CountOnesKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<T, int64_t>(args, selection, out, [](T value) {
    auto bits = static_cast<uint128_t>(value);
    if constexpr (held) bits = UHugeIntOf(static_cast<int128_t>(value));
    if constexpr (sizeof(T) < 16) bits &= (static_cast<uint128_t>(1) << (8 * sizeof(T))) - 1;
    return int64_t{__builtin_popcountll(static_cast<uint64_t>(bits)) +
                   __builtin_popcountll(static_cast<uint64_t>(bits >> 64))};
  });
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindBitCount(const ScalarFunction& self, const BindInput& input) {
  if (HasBitArgument(input)) return BindBitOperator(self, input);
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  LogicalType type = input.argument_types[0];
  if (type.id() == TypeId::kNull) type = TypeId::kInteger;
  ScalarKernel kernel = nullptr;
  if (type.id() == TypeId::kUHugeInt) {
    kernel = CountOnesKernel<int128_t, true>;
  } else if (type.id() == TypeId::kHugeInt) {
    kernel = CountOnesKernel<int128_t, false>;
  } else if (type.IsInteger()) {
    kernel = VisitInteger64(type.physical(),
                            [](auto zero) -> ScalarKernel { return CountOnesKernel<decltype(zero), false>; });
  }
  if (kernel == nullptr) return NoOverload(self.name, input.argument_types);
  return MakeScalar(self, {{type}, TypeId::kBigInt, kernel});
}

arrow::Result<BoundScalar> BindGetBit(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kBit, TypeId::kBigInt}, TypeId::kInteger, GetBitKernel, true}};
  return BindOverloads(self, input, overloads);
}

arrow::Result<BoundScalar> BindSetBit(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kBit, TypeId::kBigInt, TypeId::kBigInt}, TypeId::kBit, SetBitKernel, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterBitString(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"bit_count", {}, "Number of ones.", "bit_count(B'0110')", BindBitCount});
  registry.Add(ScalarFunction{"get_bit", {}, "The bit at a place, from 0.", "get_bit(B'01', 1)", BindGetBit});
  registry.Add(ScalarFunction{"set_bit", {}, "With another bit at a place.", "set_bit(B'01', 0, 1)", BindSetBit});
}

}  // namespace llkv
