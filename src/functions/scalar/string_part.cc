// Parts of texts, uncopied: substring, left, right, trim, split_part; and lengths and positions.
#include "functions/any_operators.h"
#include "functions/binding.h"
#include "functions/bit_operators.h"
#include "functions/nested_functions.h"
#include "functions/regex_binding.h"
#include "functions/text_input.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

// ---- lengths and positions -----------------------------------------------------------------------------------------

template <int64_t (*measure)(std::string_view)>
arrow::Status MeasureKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const TextInput text(*args[0]);
  int64_t* result = out.data<int64_t>();
  ForEachRow(selection, [&](uint32_t row) { result[row] = measure(text[row]); });
  return arrow::Status::OK();
}

int64_t ByteLength(std::string_view text) { return static_cast<int64_t>(text.size()); }
int64_t BitLength(std::string_view text) { return static_cast<int64_t>(text.size()) * 8; }

int64_t FirstCode(std::string_view text) { return text.empty() ? 0 : static_cast<int64_t>(DecodeCharacter(text, 0)); }

arrow::Result<BoundScalar> WithOffsets(arrow::Result<BoundScalar> bound) {
  if (bound.ok()) bound->accepted_forms = kFormsOffsets;
  return bound;
}

arrow::Result<BoundScalar> BindLength(const ScalarFunction& self, const BindInput& input) {
  if (HasBitArgument(input)) return BindBitOperator(self, input);
  if (input.argument_types.size() == 1 && input.argument_types[0].IsAny()) return BindAnyLength(self);
  if (input.argument_types.size() == 1 && input.argument_types[0].IsNested()) return BindNestedLength(self, input);
  static const std::vector<Overload> overloads = {
      {{TypeId::kVarchar}, TypeId::kBigInt, MeasureKernel<CountCharacters>, false, true},
      {{TypeId::kBlob}, TypeId::kBigInt, MeasureKernel<ByteLength>, false, true}};
  return WithOffsets(BindOverloads(self, input, overloads));
}

template <int64_t (*measure)(std::string_view)>
arrow::Result<BoundScalar> BindMeasure(const ScalarFunction& self, const BindInput& input) {
  if (HasBitArgument(input)) return BindBitOperator(self, input);
  static const std::vector<Overload> overloads = {
      {{TypeId::kVarchar}, TypeId::kBigInt, MeasureKernel<measure>, false, true},
      {{TypeId::kBlob}, TypeId::kBigInt, MeasureKernel<measure>, false, true}};
  return WithOffsets(BindOverloads(self, input, overloads));
}

// Characters up to the first match, from 1; 0 where there is none.
arrow::Status PositionKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const TextInput text(*args[0]);
  const TextInput needle(*args[1]);
  int64_t* result = out.data<int64_t>();
  ForEachRow(selection, [&](uint32_t row) {
    const size_t found = text[row].find(needle[row]);
    result[row] = found == std::string_view::npos ? 0 : CountCharacters(text[row].substr(0, found)) + 1;
  });
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindPosition(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kVarchar, TypeId::kVarchar}, TypeId::kBigInt, PositionKernel, false, true}};
  return WithOffsets(BindOverloads(self, input, overloads));
}

// ---- substring -----------------------------------------------------------------------------------------------------

arrow::Status NegativeLength() { return SqlError(sqlstate::kSubstringError, "the length of a substring is negative"); }

// The characters [begin, end) counted from 0.
std::string_view Characters(std::string_view text, int64_t begin, int64_t end) {
  if (end <= begin) return {};
  const size_t from = CharacterOffset(text, begin);
  const std::string_view rest = text.substr(from);
  if (end == INT64_MAX) return rest;
  return rest.substr(0, CharacterOffset(rest, end - std::max<int64_t>(begin, 0)));
}

std::string_view Bytes(std::string_view text, int64_t begin, int64_t end) {
  const auto size = static_cast<int64_t>(text.size());
  begin = std::clamp<int64_t>(begin, 0, size);
  end = std::clamp<int64_t>(end, begin, size);
  return text.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

using Slice = std::string_view (*)(std::string_view, int64_t, int64_t);

// As PostgreSQL: positions before the text count, but hold nothing.
template <Slice slice>
arrow::Status SubstringKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> text(*args[0]);
  const Input<int64_t> start(*args[1]);
  StringRef* result = out.data<StringRef>();
  if (args.size() == 2) {
    ForEachRow(selection, [&](uint32_t row) {
      result[row] = PartOf(slice(text[row].view(), start[row] < 1 ? 0 : start[row] - 1, INT64_MAX));
    });
    return arrow::Status::OK();
  }
  const Input<int64_t> length(*args[2]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    if (length[row] < 0) return NegativeLength();
    int64_t end = 0;
    if (__builtin_add_overflow(start[row], length[row], &end)) end = INT64_MAX;
    const int64_t begin = start[row] < 1 ? 0 : start[row] - 1;
    result[row] = PartOf(slice(text[row].view(), begin, end == INT64_MAX ? end : end - 1));
    return arrow::Status::OK();
  });
}

// As SQLite: a negative start counts from the end, a negative length goes backwards.
arrow::Status SqliteSubstringKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                    const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> text(*args[0]);
  const Input<int64_t> start(*args[1]);
  StringRef* result = out.data<StringRef>();
  ForEachRow(selection, [&](uint32_t row) {
    const std::string_view whole = text[row].view();
    const int64_t size = CountCharacters(whole);
    int64_t length = args.size() == 3 ? Input<int64_t>(*args[2])[row] : size + 1;
    int64_t begin = std::clamp(start[row], -size - 1, size + 1);
    length = std::clamp(length, -size - 1, size + 1);
    if (begin > 0) {
      --begin;
    } else if (begin < 0) {
      begin += size;
      if (begin < 0 && length > 0) length = std::max<int64_t>(0, length + begin);
      begin = std::max<int64_t>(begin, 0);
    } else if (length > 0) {
      --length;
    }
    const int64_t end = begin + length;
    result[row] = PartOf(Characters(whole, std::max<int64_t>(0, std::min(begin, end)), std::max(begin, end)));
  });
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindSubstring(const ScalarFunction& self, const BindInput& input) {
  const size_t count = input.argument_types.size();
  const bool pattern = count >= 2 && input.argument_types[1].IsString();
  const bool escape = count == 3 && input.argument_types[1].id() == TypeId::kNull && input.argument_types[2].IsString();
  if (pattern || escape) return BindRegexSubstring(self, input);
  constexpr TypeId kVarchar = TypeId::kVarchar;
  constexpr TypeId kBlob = TypeId::kBlob;
  constexpr TypeId kBigInt = TypeId::kBigInt;
  static const std::vector<Overload> overloads = {
      {{kVarchar, kBigInt}, kVarchar, SubstringKernel<Characters>, false, true},
      {{kVarchar, kBigInt, kBigInt}, kVarchar, SubstringKernel<Characters>, true, true},
      {{kBlob, kBigInt}, kBlob, SubstringKernel<Bytes>, false, true},
      {{kBlob, kBigInt, kBigInt}, kBlob, SubstringKernel<Bytes>, true, true}};
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindOverloads(self, input, overloads));
  // A constant length that is not negative cannot fail.
  const Value* length = input.constants.size() == 3 ? input.constants[2] : nullptr;
  if (length != nullptr && !length->is_null() && length->type().IsInteger() && length->integer() >= 0) {
    bound.can_fail = false;
  }
  if (input.dialect == Dialect::kSqlite && bound.return_type.id() == kVarchar) {
    bound.kernel = SqliteSubstringKernel;
    bound.can_fail = false;
  }
  return bound;
}

// ---- left and right ------------------------------------------------------------------------------------------------

std::string_view Left(std::string_view text, int64_t count) {
  if (count >= 0) return Characters(text, 0, count);
  return Characters(text, 0, CountCharacters(text) + std::max<int64_t>(count, -INT32_MAX));
}

std::string_view Right(std::string_view text, int64_t count) {
  if (count < 0) return Characters(text, -std::max<int64_t>(count, -INT32_MAX), INT64_MAX);
  return Characters(text, std::max<int64_t>(0, CountCharacters(text) - count), INT64_MAX);
}

template <std::string_view (*part)(std::string_view, int64_t)>
arrow::Status EndKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t /*num_rows*/, ScratchVector& out) {
  MapBinary<StringRef, int64_t, StringRef>(
      args, selection, out, [](const StringRef& text, int64_t count) { return PartOf(part(text.view(), count)); });
  return arrow::Status::OK();
}

template <std::string_view (*part)(std::string_view, int64_t)>
arrow::Result<BoundScalar> BindEnd(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kVarchar, TypeId::kBigInt}, TypeId::kVarchar, EndKernel<part>, false, true}};
  return BindOverloads(self, input, overloads);
}

// ---- trim ----------------------------------------------------------------------------------------------------------

bool HasCharacter(std::string_view set, std::string_view character) {
  for (size_t at = 0; at < set.size();) {
    const uint32_t size = CharacterBytes(set, at);
    if (set.substr(at, size) == character) return true;
    at += size;
  }
  return false;
}

template <bool left, bool right>
arrow::Status TrimKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  StringRef* result = out.data<StringRef>();
  ForEachRow(selection, [&](uint32_t row) {
    std::string_view text = input[row].view();
    const std::string_view set = args.size() == 2 ? Input<StringRef>(*args[1])[row].view() : std::string_view(" ");
    while (left && !text.empty()) {
      const uint32_t size = CharacterBytes(text, 0);
      if (!HasCharacter(set, text.substr(0, size))) break;
      text.remove_prefix(size);
    }
    while (right && !text.empty()) {
      size_t at = text.size() - 1;
      while (at > 0 && IsContinuation(text[at])) --at;
      if (!HasCharacter(set, text.substr(at))) break;
      text = text.substr(0, at);
    }
    result[row] = PartOf(text);
  });
  return arrow::Status::OK();
}

template <bool left, bool right>
arrow::Result<BoundScalar> BindTrim(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kVarchar}, TypeId::kVarchar, TrimKernel<left, right>, false, true},
      {{TypeId::kVarchar, TypeId::kVarchar}, TypeId::kVarchar, TrimKernel<left, right>, false, true}};
  return BindOverloads(self, input, overloads);
}

// ---- split_part ----------------------------------------------------------------------------------------------------

// Field number `wanted` (from 1, or from the end where negative); empty where there are not as many.
std::string_view Field(std::string_view text, std::string_view separator, int64_t wanted) {
  if (separator.empty()) return wanted == 1 || wanted == -1 ? text : std::string_view();
  if (wanted < 0) {
    int64_t fields = 1;
    for (size_t at = text.find(separator); at != std::string_view::npos;
         at = text.find(separator, at + separator.size())) {
      ++fields;
    }
    wanted += fields + 1;
    if (wanted < 1) return {};
  }
  for (; wanted > 1; --wanted) {
    const size_t at = text.find(separator);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + separator.size());
  }
  return text.substr(0, text.find(separator));
}

arrow::Status SplitPartKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> text(*args[0]);
  const Input<StringRef> separator(*args[1]);
  const Input<int64_t> wanted(*args[2]);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) {
    if (wanted[row] == 0) return SqlError(sqlstate::kInvalidParameter, "fields are counted from 1, or from the end");
    result[row] = PartOf(Field(text[row].view(), separator[row].view(), wanted[row]));
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindSplitPart(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kVarchar, TypeId::kVarchar, TypeId::kBigInt}, TypeId::kVarchar, SplitPartKernel, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterStringPart(FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* text, const char* example,
                       auto bind) {
    registry.Add(ScalarFunction{name, std::move(aliases), text, example, bind});
  };
  add("length", {"char_length", "character_length", "len"}, "Number of characters.", "length('abc')", BindLength);
  add("octet_length", {"strlen"}, "Number of bytes.", "octet_length('abc')", BindMeasure<ByteLength>);
  add("bit_length", {}, "Number of bits.", "bit_length('abc')", BindMeasure<BitLength>);
  add("ascii", {"ord", "unicode"}, "Code point of the first character.", "ascii('a')", BindMeasure<FirstCode>);
  add("strpos", {"instr", "position"}, "Position of the first match, from 1; else 0.", "strpos('abc', 'b')",
      BindPosition);
  add("substring", {"substr"}, "Characters from a position on, or what matches a regular expression.",
      "substring('abcd', 2, 2)", BindSubstring);
  add("left", {}, "The first characters; all but the last where negative.", "left('abc', 2)", BindEnd<Left>);
  add("right", {}, "The last characters; all but the first where negative.", "right('abc', 2)", BindEnd<Right>);
  add("trim", {"btrim"}, "Without the characters (spaces) at both ends.", "trim(' a ')", BindTrim<true, true>);
  add("ltrim", {}, "Without the characters (spaces) at the start.", "ltrim(' a')", BindTrim<true, false>);
  add("rtrim", {}, "Without the characters (spaces) at the end.", "rtrim('a ')", BindTrim<false, true>);
  add("split_part", {}, "A field of a separated text, from 1.", "split_part('a,b', ',', 2)", BindSplitPart);
}

}  // namespace llkv
