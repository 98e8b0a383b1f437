// Casts of UUID and BIT to and from BLOB and integers, and of integers to and from BLOB; text is cast_text.cc's.
#include "functions/cast/cast.h"
#include "types/bit_string.h"
#include "types/uhugeint.h"
#include "types/uuid.h"

namespace llkv {

namespace {

const CastState& StateOf(const void* state) { return *static_cast<const CastState*>(state); }

arrow::Status NoValueOf(LogicalType type) {
  return SqlError(sqlstate::kInvalidTextRepresentation, "the bytes are no " + type.ToString());
}

arrow::Status UuidToBlob(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int128_t> input(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    uint8_t bytes[kUuidBytes];
    UuidToBytes(input[row], bytes);
    return context.arena->Copy({reinterpret_cast<const char*>(bytes), kUuidBytes}).Value(&out.data<StringRef>()[row]);
  });
}

arrow::Status BlobToUuid(KernelContext& /*context*/, const void* raw_state, KernelArgs args, const Selection& selection,
                         uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const auto convert = [](const StringRef& bytes, int128_t* result) {
    if (bytes.size != kUuidBytes) return false;
    *result = UuidFromBytes(reinterpret_cast<const uint8_t*>(bytes.data));
    return true;
  };
  return CastLoop<StringRef, int128_t>(state, args, selection, num_rows, out, convert,
                                       [&](const StringRef&) { return NoValueOf(state.to); });
}

arrow::Status BitToBlob(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    return context.arena->Copy(BitStringToPacked(input[row].view())).Value(&out.data<StringRef>()[row]);
  });
}

arrow::Status BlobToBit(KernelContext& context, const void* raw_state, KernelArgs args, const Selection& selection,
                        uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  arrow::Status failure;
  std::string bits;
  const auto convert = [&](const StringRef& bytes, StringRef* result) {
    *result = StringRef();
    if (!BitStringFromPacked(bytes.view(), &bits)) return false;
    failure = context.arena->Copy(bits).Value(result);
    return failure.ok();
  };
  const auto error = [&](const StringRef&) { return failure.ok() ? NoValueOf(state.to) : failure; };
  ARROW_RETURN_NOT_OK((CastLoop<StringRef, StringRef>(state, args, selection, num_rows, out, convert, error)));
  return failure;
}

// The bits of an integer's two's complement, the sign first.
template <typename A>
arrow::Status IntegerToBits(KernelContext& context, const CastState& state, KernelArgs args, const Selection& selection,
                            ScratchVector& out) {
  const Input<A> input(*args[0]);
  std::string bits;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    auto value = static_cast<uint128_t>(input[row]);
    if (state.from.id() == TypeId::kUHugeInt) value = UHugeIntOf(static_cast<int128_t>(value));
    BitStringBuilder builder(&bits);
    for (size_t i = sizeof(A) * 8; i-- > 0;) builder.Append(((value >> i) & 1) != 0);
    builder.Finish();
    return context.arena->Copy(bits).Value(&out.data<StringRef>()[row]);
  });
}

arrow::Status IntegerToBit(KernelContext& context, const void* raw_state, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  if (state.from.physical() == PhysicalType::kInt128) {
    return IntegerToBits<int128_t>(context, state, args, selection, out);
  }
  return VisitInteger64(state.from.physical(),
                        [&](auto zero) { return IntegerToBits<decltype(zero)>(context, state, args, selection, out); });
}

// As many bits as the integer has are its two's complement, fewer are a number that is not negative.
template <typename O>
arrow::Status BitsToInteger(const CastState& state, KernelArgs args, const Selection& selection, uint32_t num_rows,
                            ScratchVector& out) {
  const auto convert = [&](const StringRef& bytes, O* result) {
    const BitStringView bits(bytes.view());
    if (bits.size() > sizeof(O) * 8) return false;
    uint128_t value = 0;
    for (uint64_t i = 0; i < bits.size(); ++i) value = (value << 1) | (bits[i] ? 1 : 0);
    *result = state.to.id() == TypeId::kUHugeInt ? static_cast<O>(HoldUHugeInt(value)) : static_cast<O>(value);
    return true;
  };
  return CastLoop<StringRef, O>(state, args, selection, num_rows, out, convert,
                                [&](const StringRef&) { return OutOfRange(state.to); });
}

arrow::Status BitToInteger(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                           const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  if (state.to.physical() == PhysicalType::kInt128) {
    return BitsToInteger<int128_t>(state, args, selection, num_rows, out);
  }
  return VisitInteger64(state.to.physical(), [&](auto zero) {
    return BitsToInteger<decltype(zero)>(state, args, selection, num_rows, out);
  });
}

// Both are held as 128 bits with the top bit flipped.
arrow::Status SameBits(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                       uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<int128_t, int128_t>(args, selection, out, [](int128_t value) { return value; });
  return arrow::Status::OK();
}

// One bit.
arrow::Status BooleanToBit(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<uint8_t> input(*args[0]);
  std::string bits;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    BitStringBuilder builder(&bits);
    builder.Append(input[row] != 0);
    builder.Finish();
    return context.arena->Copy(bits).Value(&out.data<StringRef>()[row]);
  });
}

// False where no bit is set.
arrow::Status BitToBoolean(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<StringRef, uint8_t>(args, selection, out, [](const StringRef& bytes) {
    const BitStringView bits(bytes.view());
    bool any = false;
    for (uint64_t i = 0; i < bits.size() && !any; ++i) any = bits[i];
    return static_cast<uint8_t>(any ? 1 : 0);
  });
  return arrow::Status::OK();
}

// The bytes of an integer's two's complement, the highest first.
template <typename A>
arrow::Status IntegerToBytes(KernelContext& context, KernelArgs args, const Selection& selection, ScratchVector& out) {
  const Input<A> input(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    char bytes[sizeof(A)];
    auto value = static_cast<uint64_t>(input[row]);
    for (size_t i = sizeof(A); i-- > 0; value >>= 8) bytes[i] = static_cast<char>(value & 0xFF);
    return context.arena->Copy({bytes, sizeof(A)}).Value(&out.data<StringRef>()[row]);
  });
}

arrow::Status IntegerToBlob(KernelContext& context, const void* raw_state, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  return VisitInteger64(StateOf(raw_state).from.physical(),
                        [&](auto zero) { return IntegerToBytes<decltype(zero)>(context, args, selection, out); });
}

// At most as many bytes as the integer has; fewer are not negative.
template <typename O>
arrow::Status BytesToInteger(const CastState& state, KernelArgs args, const Selection& selection, uint32_t num_rows,
                             ScratchVector& out) {
  const auto convert = [](const StringRef& bytes, O* result) {
    if (bytes.size > sizeof(O)) return false;
    uint64_t value = 0;
    for (const char c : bytes.view()) value = (value << 8) | static_cast<unsigned char>(c);
    *result = static_cast<O>(value);
    return true;
  };
  return CastLoop<StringRef, O>(state, args, selection, num_rows, out, convert,
                                [&](const StringRef&) { return OutOfRange(state.to); });
}

arrow::Status BlobToInteger(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                            const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  return VisitInteger64(state.to.physical(), [&](auto zero) {
    return BytesToInteger<decltype(zero)>(state, args, selection, num_rows, out);
  });
}

// PostgreSQL casts its three integer types to and from bytes.
bool CastsToBytes(LogicalType type) {
  return type.id() == TypeId::kSmallInt || type.id() == TypeId::kInteger || type.id() == TypeId::kBigInt;
}

bool IsAnyInteger(LogicalType type) { return type.IsInteger() || type.id() == TypeId::kUHugeInt; }

}  // namespace

CastChoice ChooseBytesCast(LogicalType from, LogicalType to) {
  if (from.id() == TypeId::kUuid && to.id() == TypeId::kBlob) return {UuidToBlob, false, kFormsFlat, false};
  if (from.id() == TypeId::kBlob && to.id() == TypeId::kUuid) return {BlobToUuid, true, kFormsFlat, true};
  if (from.id() == TypeId::kBit && to.id() == TypeId::kBlob) return {BitToBlob, false, kFormsFlat, true};
  if (from.id() == TypeId::kBlob && to.id() == TypeId::kBit) return {BlobToBit, true, kFormsFlat, true};
  if ((from.id() == TypeId::kUuid && to.id() == TypeId::kUHugeInt) ||
      (from.id() == TypeId::kUHugeInt && to.id() == TypeId::kUuid)) {
    return {SameBits, false, kFormsFlat, false};
  }
  if (from.id() == TypeId::kBoolean && to.id() == TypeId::kBit) return {BooleanToBit, false, kFormsFlat, false};
  if (from.id() == TypeId::kBit && to.id() == TypeId::kBoolean) return {BitToBoolean, false, kFormsFlat, true};
  if (CastsToBytes(from) && to.id() == TypeId::kBlob) return {IntegerToBlob, false, kFormsFlat, false};
  if (from.id() == TypeId::kBlob && CastsToBytes(to)) return {BlobToInteger, true, kFormsFlat, true};
  if (from.id() == TypeId::kBit && IsAnyInteger(to)) return {BitToInteger, true, kFormsFlat, true};
  if (IsAnyInteger(from) && to.id() == TypeId::kBit) return {IntegerToBit, false, kFormsFlat, false};
  return {};
}

}  // namespace llkv
