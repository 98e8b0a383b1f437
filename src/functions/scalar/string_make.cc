// Functions that make new text: ||, concat, upper, lower, replace, padding, repeat, reverse, chr, hex, overlay.
#include <cstring>

#include "functions/binding.h"
#include "functions/bit_operators.h"
#include "functions/nested_functions.h"
#include "functions/text_input.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

constexpr uint64_t kMaxTextSize = uint64_t{1} << 30;

arrow::Status TooLong() { return SqlError(sqlstate::kStringTooLong, "the text would be longer than 1 GiB"); }

// out[row] = what f(row, text) appends to `text`, copied into the arena.
template <typename F>
arrow::Status MakeTexts(KernelContext& context, const Selection& selection, ScratchVector& out, F&& f) {
  StringRef* result = out.data<StringRef>();
  std::string text;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    text.clear();
    ARROW_RETURN_NOT_OK(f(row, text));
    ARROW_ASSIGN_OR_RAISE(result[row], context.arena->Copy(text));
    return arrow::Status::OK();
  });
}

// ---- concatenation -------------------------------------------------------------------------------------------------

arrow::Status ConcatOperator(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                             uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> a(*args[0]);
  const Input<StringRef> b(*args[1]);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const uint64_t size = uint64_t{a[row].size} + b[row].size;
    if (size > kMaxTextSize) return TooLong();
    ARROW_ASSIGN_OR_RAISE(char* bytes, context.arena->Allocate(static_cast<uint32_t>(size)));
    std::memcpy(bytes, a[row].data, a[row].size);
    std::memcpy(bytes + a[row].size, b[row].data, b[row].size);
    result[row] = size == 0 ? StringRef() : StringRef(bytes, static_cast<uint32_t>(size));
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindConcatOperator(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  const LogicalType left = input.argument_types[0];
  const LogicalType right = input.argument_types[1];
  if (left.id() == TypeId::kBit && right.id() == TypeId::kBit) return BindBitOperator(self, input);
  if (left.IsNested() && right.IsNested()) return BindListConcat(self, input);
  const bool blob = left.id() == TypeId::kBlob || right.id() == TypeId::kBlob;
  const LogicalType type = blob ? TypeId::kBlob : TypeId::kVarchar;
  const bool any_text = left.IsString() || right.IsString() || left.id() == TypeId::kNull ||
                        right.id() == TypeId::kNull || input.dialect == Dialect::kSqlite;
  if (!any_text || (blob && !ArgumentCost(left, nullptr, type, input.dialect) && !IsTextLiteral(input, 0)) ||
      (blob && !ArgumentCost(right, nullptr, type, input.dialect) && !IsTextLiteral(input, 1))) {
    return NoOverload(self.name, input.argument_types);
  }
  BoundScalar bound = MakeScalar(self, {{type, type}, type, ConcatOperator, false, true});
  return bound;
}

// NULL arguments count as empty.
arrow::Status ConcatKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    for (const Vector* arg : args) {
      if (InputValidity(*arg)[row]) text += Input<StringRef>(*arg)[row].view();
    }
    return text.size() > kMaxTextSize ? TooLong() : arrow::Status::OK();
  });
}

// The separator is the first argument; NULLs among the others are left out.
arrow::Status ConcatWsKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                             uint32_t num_rows, ScratchVector& out) {
  const KernelArgs separator_only(args.data(), 1);
  const uint8_t* valid = IntersectValidity(separator_only, num_rows, out);
  const Input<StringRef> separator(*args[0]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    if (!GetBit(valid, row)) return arrow::Status::OK();
    bool first = true;
    for (size_t i = 1; i < args.size(); ++i) {
      if (!InputValidity(*args[i])[row]) continue;
      if (!first) text += separator[row].view();
      first = false;
      text += Input<StringRef>(*args[i])[row].view();
    }
    return text.size() > kMaxTextSize ? TooLong() : arrow::Status::OK();
  });
}

template <ScalarKernel kernel>
arrow::Result<BoundScalar> BindConcat(const ScalarFunction& self, const BindInput& input) {
  if (input.argument_types.empty()) return NoOverload(self.name, input.argument_types);
  Overload overload{std::vector<LogicalType>(input.argument_types.size(), TypeId::kVarchar), TypeId::kVarchar, kernel};
  overload.null_rule = NullRule::kKernel;
  return MakeScalar(self, overload);
}

// ---- case ----------------------------------------------------------------------------------------------------------

// Letters of Latin-1, Greek and Cyrillic whose cases are a fixed distance apart, beside ASCII.
uint32_t UpperCode(uint32_t c) {
  if (c >= 'a' && c <= 'z') return c - 32;
  if ((c >= 0xE0 && c <= 0xFE && c != 0xF7) || (c >= 0x3B1 && c <= 0x3C9 && c != 0x3C2) || (c >= 0x430 && c <= 0x44F)) {
    return c - 32;
  }
  if (c >= 0x450 && c <= 0x45F) return c - 80;
  if (c == 0xFF) return 0x178;
  const bool pairs =
      (c >= 0x100 && c <= 0x137 && c != 0x131) || (c >= 0x14A && c <= 0x177) || (c >= 0x460 && c <= 0x481);
  if (pairs) return c & ~1U;
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return (c & 1) != 0 ? c : c - 1;
  return c;
}

uint32_t LowerCode(uint32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 32;
  if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) || (c >= 0x410 && c <= 0x42F)) {
    return c + 32;
  }
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  if (c == 0x178) return 0xFF;
  const bool pairs =
      (c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14A && c <= 0x177) || (c >= 0x460 && c <= 0x481);
  if (pairs) return c | 1U;
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return (c & 1) != 0 ? c + 1 : c;
  return c;
}

template <uint32_t (*convert)(uint32_t)>
arrow::Status CaseKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    const std::string_view source = input[row].view();
    for (size_t at = 0; at < source.size();) {
      const uint32_t size = CharacterBytes(source, at);
      if (size == 1) {
        const auto byte = static_cast<unsigned char>(source[at]);
        text.push_back(byte < 0x80 ? static_cast<char>(convert(byte)) : source[at]);
      } else if (size == 2) {
        char encoded[4];
        text.append(encoded, EncodeCharacter(convert(DecodeCharacter(source, at)), encoded));
      } else {
        text.append(source.substr(at, size));
      }
      at += size;
    }
    return arrow::Status::OK();
  });
}

// ---- replace, repeat, reverse, pad ---------------------------------------------------------------------------------

arrow::Status ReplaceKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  const Input<StringRef> from(*args[1]);
  const Input<StringRef> to(*args[2]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    std::string_view rest = input[row].view();
    const std::string_view wanted = from[row].view();
    while (!wanted.empty()) {
      const size_t found = rest.find(wanted);
      if (found == std::string_view::npos) break;
      text += rest.substr(0, found);
      text += to[row].view();
      rest.remove_prefix(found + wanted.size());
    }
    text += rest;
    return text.size() > kMaxTextSize ? TooLong() : arrow::Status::OK();
  });
}

arrow::Status RepeatKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  const Input<int64_t> count(*args[1]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    const auto times = static_cast<uint64_t>(std::max<int64_t>(0, count[row]));
    const uint64_t size = input[row].size;
    if (size == 0) return arrow::Status::OK();
    if (times > kMaxTextSize / size) return TooLong();
    for (uint64_t i = 0; i < times; ++i) text += input[row].view();
    return arrow::Status::OK();
  });
}

arrow::Status ReverseKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    const std::string_view source = input[row].view();
    for (size_t end = source.size(); end > 0;) {
      size_t at = end - 1;
      while (at > 0 && IsContinuation(source[at])) --at;
      text += source.substr(at, end - at);
      end = at;
    }
    return arrow::Status::OK();
  });
}

// To a number of characters; longer texts are cut.
template <bool left>
arrow::Status PadKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  const Input<int64_t> width(*args[1]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    const std::string_view source = input[row].view();
    const std::string_view fill = args.size() == 3 ? Input<StringRef>(*args[2])[row].view() : std::string_view(" ");
    const int64_t wanted = std::max<int64_t>(0, width[row]);
    if (static_cast<uint64_t>(wanted) > kMaxTextSize / 4) return TooLong();
    const int64_t missing = wanted - CountCharacters(source);
    if (missing <= 0 || fill.empty()) {
      text = source.substr(0, CharacterOffset(source, wanted));
      return arrow::Status::OK();
    }
    if (!left) text += source;
    size_t at = 0;
    for (int64_t i = 0; i < missing; ++i) {
      const uint32_t size = CharacterBytes(fill, at);
      text += fill.substr(at, size);
      at = at + size == fill.size() ? 0 : at + size;
    }
    if (left) text += source;
    return arrow::Status::OK();
  });
}

// ---- codes ---------------------------------------------------------------------------------------------------------

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

arrow::Status HexTextKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const Input<StringRef> input(*args[0]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    for (const char c : input[row].view()) {
      text.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
      text.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
    }
    return arrow::Status::OK();
  });
}

arrow::Status HexNumberKernel(KernelContext& context, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const Input<int64_t> input(*args[0]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    auto value = static_cast<uint64_t>(input[row]);
    do {
      text.insert(text.begin(), kDigits[value & 15]);
      value >>= 4;
    } while (value != 0);
    return arrow::Status::OK();
  });
}

// The characters from `start` on, `count` of them, replaced.
arrow::Status OverlayKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  const Input<StringRef> placed(*args[1]);
  const Input<int64_t> start(*args[2]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    const std::string_view source = input[row].view();
    const int64_t count = args.size() == 4 ? Input<int64_t>(*args[3])[row] : CountCharacters(placed[row].view());
    if (start[row] < 1) return SqlError(sqlstate::kInvalidParameter, "positions are counted from 1");
    const int64_t begin = std::min<int64_t>(start[row] - 1, INT32_MAX);
    text += source.substr(0, CharacterOffset(source, begin));
    text += placed[row].view();
    text += source.substr(CharacterOffset(source, begin + std::clamp<int64_t>(count, -begin, INT32_MAX)));
    return arrow::Status::OK();
  });
}

template <ScalarKernel kernel, size_t texts, size_t numbers, bool can_fail>
arrow::Result<BoundScalar> BindTexts(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = [] {
    std::vector<LogicalType> arguments(texts, TypeId::kVarchar);
    arguments.insert(arguments.end(), numbers, TypeId::kBigInt);
    return std::vector<Overload>{{arguments, TypeId::kVarchar, kernel, can_fail, !can_fail}};
  }();
  return BindOverloads(self, input, overloads);
}

template <bool left>
arrow::Result<BoundScalar> BindPad(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kVarchar, TypeId::kBigInt}, TypeId::kVarchar, PadKernel<left>, true},
      {{TypeId::kVarchar, TypeId::kBigInt, TypeId::kVarchar}, TypeId::kVarchar, PadKernel<left>, true}};
  return BindOverloads(self, input, overloads);
}

arrow::Result<BoundScalar> BindHex(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kBlob}, TypeId::kVarchar, HexTextKernel, false, true},
                                                  {{TypeId::kVarchar}, TypeId::kVarchar, HexTextKernel, false, true},
                                                  {{TypeId::kBigInt}, TypeId::kVarchar, HexNumberKernel}};
  return BindOverloads(self, input, overloads);
}

arrow::Result<BoundScalar> BindOverlay(const ScalarFunction& self, const BindInput& input) {
  constexpr TypeId kVarchar = TypeId::kVarchar;
  constexpr TypeId kBigInt = TypeId::kBigInt;
  static const std::vector<Overload> overloads = {
      {{kVarchar, kVarchar, kBigInt}, kVarchar, OverlayKernel, true},
      {{kVarchar, kVarchar, kBigInt, kBigInt}, kVarchar, OverlayKernel, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterStringMake(FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* text, const char* example,
                       auto bind) {
    registry.Add(ScalarFunction{name, std::move(aliases), text, example, bind});
  };
  add("||", {}, "Both texts, one after the other.", "'a' || 'b'", BindConcatOperator);
  add("concat", {}, "All arguments as one text; NULLs count as empty.", "concat('a', 1)", BindConcat<ConcatKernel>);
  add("concat_ws", {}, "The arguments with a separator between them; NULLs are left out.", "concat_ws(',', 'a', 'b')",
      BindConcat<ConcatWsKernel>);
  add("upper", {"ucase"}, "In upper case (Latin, Greek, Cyrillic).", "upper('a')",
      BindTexts<CaseKernel<UpperCode>, 1, 0, false>);
  add("lower", {"lcase"}, "In lower case (Latin, Greek, Cyrillic).", "lower('A')",
      BindTexts<CaseKernel<LowerCode>, 1, 0, false>);
  add("replace", {}, "Every match replaced.", "replace('aba', 'a', 'c')", BindTexts<ReplaceKernel, 3, 0, true>);
  add("repeat", {}, "The text several times.", "repeat('ab', 3)", BindTexts<RepeatKernel, 1, 1, true>);
  add("reverse", {}, "The characters in reverse.", "reverse('abc')", BindTexts<ReverseKernel, 1, 0, false>);
  add("lpad", {}, "Filled at the left to a number of characters.", "lpad('a', 3, '-')", BindPad<true>);
  add("rpad", {}, "Filled at the right to a number of characters.", "rpad('a', 3, '-')", BindPad<false>);
  add("chr", {"char"}, "The character of a code point.", "chr(65)", BindTexts<ChrKernel, 0, 1, true>);
  add("hex", {"to_hex"}, "In hexadecimal digits.", "hex('a')", BindHex);
  add("overlay", {}, "Characters replaced by others.", "overlay('abcd' PLACING 'xy' FROM 2)", BindOverlay);
}

}  // namespace llkv
