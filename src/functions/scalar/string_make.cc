// Functions that make new text: ||, concat, replace, padding, repeat, reverse, translate, overlay.
#include <cstring>

#include "functions/binding.h"
#include "functions/bit_operators.h"
#include "functions/nested_functions.h"
#include "functions/text_input.h"
#include "functions/text_output.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

// ---- concatenation -------------------------------------------------------------------------------------------------

arrow::Status ConcatOperator(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                             uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> a(*args[0]);
  const Input<StringRef> b(*args[1]);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const uint64_t size = uint64_t{a[row].size} + b[row].size;
    if (size > kMaxTextSize) return TextTooLong();
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
    return arrow::Status::OK();
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
    return arrow::Status::OK();
  });
}

template <ScalarKernel kernel>
arrow::Result<BoundScalar> BindConcat(const ScalarFunction& self, const BindInput& input) {
  if (input.argument_types.empty()) return NoOverload(self.name, input.argument_types);
  Overload overload{std::vector<LogicalType>(input.argument_types.size(), TypeId::kVarchar), TypeId::kVarchar, kernel};
  overload.null_rule = NullRule::kKernel;
  return MakeScalar(self, overload);
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
    return arrow::Status::OK();
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
    if (times > kMaxTextSize / size) return TextTooLong();
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
    if (static_cast<uint64_t>(wanted) > kMaxTextSize / 4) return TextTooLong();
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

// ---- translate and overlay -----------------------------------------------------------------------------------------

// Each character of `from` becomes the one at its place in `to`, and goes where there is none.
arrow::Status TranslateKernel(KernelContext& context, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  const Input<StringRef> from(*args[1]);
  const Input<StringRef> to(*args[2]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    const std::string_view source = input[row].view();
    const std::string_view wanted = from[row].view();
    const std::string_view given = to[row].view();
    for (size_t at = 0; at < source.size();) {
      const std::string_view character = source.substr(at, CharacterBytes(source, at));
      at += character.size();
      size_t old_at = 0;
      size_t new_at = 0;
      while (old_at < wanted.size() && wanted.substr(old_at, CharacterBytes(wanted, old_at)) != character) {
        old_at += CharacterBytes(wanted, old_at);
        if (new_at < given.size()) new_at += CharacterBytes(given, new_at);
      }
      if (old_at == wanted.size()) {
        text += character;
      } else if (new_at < given.size()) {
        text += given.substr(new_at, CharacterBytes(given, new_at));
      }
    }
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
    if (start[row] < 1) return SqlError(sqlstate::kSubstringError, "positions are counted from 1");
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
  add("replace", {}, "Every match replaced.", "replace('aba', 'a', 'c')", BindTexts<ReplaceKernel, 3, 0, true>);
  add("repeat", {}, "The text several times.", "repeat('ab', 3)", BindTexts<RepeatKernel, 1, 1, true>);
  add("reverse", {}, "The characters in reverse.", "reverse('abc')", BindTexts<ReverseKernel, 1, 0, false>);
  add("lpad", {}, "Filled at the left to a number of characters.", "lpad('a', 3, '-')", BindPad<true>);
  add("rpad", {}, "Filled at the right to a number of characters.", "rpad('a', 3, '-')", BindPad<false>);
  add("translate", {}, "Characters exchanged for others, or left out.", "translate('12345', '143', 'ax')",
      BindTexts<TranslateKernel, 3, 0, false>);
  add("overlay", {}, "Characters replaced by others.", "overlay('abcd' PLACING 'xy' FROM 2)", BindOverlay);
}

}  // namespace llkv
