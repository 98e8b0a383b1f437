// Between text and codes: chr, digits of numbers to base 16, 8 and 2, bytes as text (encode, decode).
#include <array>

#include "functions/binding.h"
#include "functions/byte_encoding.h"
#include "functions/text_input.h"
#include "functions/text_output.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

constexpr TypeId kVarchar = TypeId::kVarchar;
constexpr TypeId kBlob = TypeId::kBlob;

arrow::Status ChrKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<int64_t> code(*args[0]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    const int64_t value = code[row];
    if (value < 1 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
      return SqlError(sqlstate::kInvalidParameter, std::to_string(value) + " is no character's code");
    }
    char encoded[4];
    text.append(encoded, EncodeCharacter(static_cast<uint32_t>(value), encoded));
    return arrow::Status::OK();
  });
}

// Digits of the two's complement, as wide as the type.
template <typename T, uint32_t bits, bool upper>
arrow::Status DigitsKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  constexpr const char* kDigits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  const Input<T> input(*args[0]);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    auto value = static_cast<std::make_unsigned_t<T>>(input[row]);
    std::array<char, 64> room;
    size_t at = room.size();
    do {
      room[--at] = kDigits[value & ((1U << bits) - 1)];
      value = static_cast<std::make_unsigned_t<T>>(value >> bits);
    } while (value != 0);
    ARROW_ASSIGN_OR_RAISE(result[row], context.arena->Copy({room.data() + at, room.size() - at}));
    return arrow::Status::OK();
  });
}

template <bool upper>
arrow::Status HexTextKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    AppendHex(input[row].view(), upper, &text);
    return arrow::Status::OK();
  });
}

arrow::Status EncodeKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  const Input<StringRef> format(*args[1]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const ByteEncoding encoding, ByteEncodingFromName(format[row].view()));
    if (input[row].size > kMaxTextSize / 4) return TextTooLong();
    EncodeBytes(encoding, input[row].view(), &text);
    return arrow::Status::OK();
  });
}

arrow::Status DecodeKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  const Input<StringRef> format(*args[1]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& bytes) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const ByteEncoding encoding, ByteEncodingFromName(format[row].view()));
    return DecodeBytes(encoding, input[row].view(), &bytes);
  });
}

arrow::Result<BoundScalar> BindChr(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kBigInt}, kVarchar, ChrKernel, true}};
  return BindOverloads(self, input, overloads);
}

arrow::Result<BoundScalar> BindHex(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{kBlob}, kVarchar, HexTextKernel<true>, false, true},
                                                  {{kVarchar}, kVarchar, HexTextKernel<true>, false, true},
                                                  {{TypeId::kBigInt}, kVarchar, DigitsKernel<int64_t, 4, true>}};
  return BindOverloads(self, input, overloads);
}

template <uint32_t bits>
arrow::Result<BoundScalar> BindDigits(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kInteger}, kVarchar, DigitsKernel<int32_t, bits, false>},
                                                  {{TypeId::kBigInt}, kVarchar, DigitsKernel<int64_t, bits, false>}};
  return BindOverloads(self, input, overloads);
}

arrow::Result<BoundScalar> BindEncode(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{kBlob, kVarchar}, kVarchar, EncodeKernel, true}};
  return BindOverloads(self, input, overloads);
}

arrow::Result<BoundScalar> BindDecode(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{kVarchar, kVarchar}, kBlob, DecodeKernel, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterStringCode(FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* text, const char* example,
                       auto bind) {
    registry.Add(ScalarFunction{name, std::move(aliases), text, example, bind});
  };
  add("chr", {"char"}, "The character of a code point.", "chr(65)", BindChr);
  add("hex", {}, "Bytes or a number in hexadecimal digits, in upper case.", "hex('a')", BindHex);
  add("to_hex", {}, "A number in hexadecimal digits.", "to_hex(2147483647)", BindDigits<4>);
  add("to_bin", {}, "A number in binary digits.", "to_bin(10)", BindDigits<1>);
  add("to_oct", {}, "A number in octal digits.", "to_oct(64)", BindDigits<3>);
  add("encode", {}, "Bytes as text: hex, base64 or escape.", "encode('\\x1234'::BLOB, 'hex')", BindEncode);
  add("decode", {}, "Bytes from text: hex, base64 or escape.", "decode('1234', 'hex')", BindDecode);
}

}  // namespace llkv
