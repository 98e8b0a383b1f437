// Operators and measures of BIT, bit by bit.
#include "functions/bit_operators.h"

#include "functions/binding.h"
#include "functions/kernel.h"
#include "types/bit_string.h"

namespace llkv {

namespace {

constexpr std::string_view kLengthMismatch = "22026";

// make(row, builder) appends the result's bits.
template <typename F>
arrow::Status MakeBits(KernelContext& context, const Selection& selection, ScratchVector& out, F&& make) {
  std::string bits;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    BitStringBuilder builder(&bits);
    ARROW_RETURN_NOT_OK(make(row, builder));
    builder.Finish();
    if (bits.empty()) {
      out.data<StringRef>()[row] = StringRef();
      return arrow::Status::OK();
    }
    return context.arena->Copy(bits).Value(&out.data<StringRef>()[row]);
  });
}

enum class Op : uint8_t { kAnd, kOr, kXor };

template <Op op>
arrow::Status LogicKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                          uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> a(*args[0]);
  const Input<StringRef> b(*args[1]);
  return MakeBits(context, selection, out, [&](uint32_t row, BitStringBuilder& builder) -> arrow::Status {
    const BitStringView left(a[row].view());
    const BitStringView right(b[row].view());
    if (left.size() != right.size()) {
      return SqlError(kLengthMismatch, "the bit strings are of different lengths: " + std::to_string(left.size()) +
                                           " and " + std::to_string(right.size()));
    }
    for (uint64_t i = 0; i < left.size(); ++i) {
      if constexpr (op == Op::kAnd) builder.Append(left[i] && right[i]);
      if constexpr (op == Op::kOr) builder.Append(left[i] || right[i]);
      if constexpr (op == Op::kXor) builder.Append(left[i] != right[i]);
    }
    return arrow::Status::OK();
  });
}

arrow::Status NotKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  return MakeBits(context, selection, out, [&](uint32_t row, BitStringBuilder& builder) {
    const BitStringView bits(input[row].view());
    for (uint64_t i = 0; i < bits.size(); ++i) builder.Append(!bits[i]);
    return arrow::Status::OK();
  });
}

// The length stays; zeros come in.
template <bool left>
arrow::Status ShiftKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                          uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  const Input<int64_t> distances(*args[1]);
  return MakeBits(context, selection, out, [&](uint32_t row, BitStringBuilder& builder) -> arrow::Status {
    const BitStringView bits(input[row].view());
    if (distances[row] < 0) {
      return SqlError(sqlstate::kNumericOutOfRange, "cannot shift by " + std::to_string(distances[row]) + " bits");
    }
    const auto distance = static_cast<uint64_t>(distances[row]);
    for (uint64_t i = 0; i < bits.size(); ++i) {
      if (left) builder.Append(distance < bits.size() - i && bits[i + distance]);
      if (!left) builder.Append(i >= distance && bits[i - distance]);
    }
    return arrow::Status::OK();
  });
}

arrow::Status ConcatKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> a(*args[0]);
  const Input<StringRef> b(*args[1]);
  return MakeBits(context, selection, out, [&](uint32_t row, BitStringBuilder& builder) {
    for (const StringRef& side : {a[row], b[row]}) {
      const BitStringView bits(side.view());
      for (uint64_t i = 0; i < bits.size(); ++i) builder.Append(bits[i]);
    }
    return arrow::Status::OK();
  });
}

int64_t BitLength(std::string_view bytes) { return static_cast<int64_t>(BitStringView(bytes).size()); }
int64_t ByteLength(std::string_view bytes) { return (BitLength(bytes) + 7) / 8; }
int64_t CountOnes(std::string_view bytes) { return static_cast<int64_t>(BitStringView(bytes).CountOnes()); }

template <int64_t (*measure)(std::string_view)>
arrow::Status MeasureKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<StringRef, int64_t>(args, selection, out, [](const StringRef& bytes) { return measure(bytes.view()); });
  return arrow::Status::OK();
}

}  // namespace

bool HasBitArgument(const BindInput& input) {
  for (const LogicalType type : input.argument_types) {
    if (type.id() == TypeId::kBit) return true;
  }
  return false;
}

arrow::Result<BoundScalar> BindBitOperator(const ScalarFunction& self, const BindInput& input) {
  constexpr TypeId kBit = TypeId::kBit;
  constexpr TypeId kBigInt = TypeId::kBigInt;
  struct Entry {
    std::string_view name;
    Overload overload;
  };
  static const std::vector<Entry> entries = {
      {"&", {{kBit, kBit}, kBit, LogicKernel<Op::kAnd>, true}},
      {"|", {{kBit, kBit}, kBit, LogicKernel<Op::kOr>, true}},
      {"#", {{kBit, kBit}, kBit, LogicKernel<Op::kXor>, true}},
      {"<<", {{kBit, kBigInt}, kBit, ShiftKernel<true>, true}},
      {">>", {{kBit, kBigInt}, kBit, ShiftKernel<false>, true}},
      {"~", {{kBit}, kBit, NotKernel, false, true}},
      {"||", {{kBit, kBit}, kBit, ConcatKernel}},
      {"length", {{kBit}, kBigInt, MeasureKernel<BitLength>, false, true}},
      {"bit_length", {{kBit}, kBigInt, MeasureKernel<BitLength>, false, true}},
      {"octet_length", {{kBit}, kBigInt, MeasureKernel<ByteLength>, false, true}},
      {"bit_count", {{kBit}, kBigInt, MeasureKernel<CountOnes>, false, true}},
  };
  for (const Entry& entry : entries) {
    if (entry.name == self.name) return BindOverloads(self, input, {&entry.overload, 1});
  }
  return NoOverload(self.name, input.argument_types);
}

}  // namespace llkv
