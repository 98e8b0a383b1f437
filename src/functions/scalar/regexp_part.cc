// Parts of texts by regular expressions: regexp_substr, regexp_match, regexp_split_to_array, regexp_replace.
#include "functions/nested_support.h"
#include "functions/regex_binding.h"
#include "functions/regex_search.h"
#include "functions/text_output.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

constexpr TypeId kVarchar = TypeId::kVarchar;
constexpr TypeId kBigInt = TypeId::kBigInt;

// (text, pattern [, start [, N [, flags [, subexpr]]]])
arrow::Status SubstrKernel(KernelContext& /*context*/, const void* state, KernelArgs args, const Selection& selection,
                           uint32_t num_rows, ScratchVector& out) {
  uint8_t* validity = IntersectValidity(args, num_rows, out);
  const Input<StringRef> text(*args[0]);
  RowPatterns patterns(state, args);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    result[row] = StringRef();
    if (!GetBit(validity, row)) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(RegexSearch * search, patterns.At(row));
    ARROW_ASSIGN_OR_RAISE(const std::optional<std::string_view> part,
                          FindNth(search, args, {2, 3, 5}, row, text[row].view()));
    if (part) {
      result[row] = PartOf(*part);
    } else {
      ClearBit(validity, row);
    }
    return arrow::Status::OK();
  });
}

void AppendText(std::optional<std::string_view> part, std::string* bytes) {
  AppendNestedMark(part ? NestedMark::kValue : NestedMark::kNull, bytes);
  if (part) AppendNestedText(*part, bytes);
}

// The groups of the first match, or all of it where the pattern has no groups.
arrow::Status MatchKernel(KernelContext& context, const void* state, KernelArgs args, const Selection& selection,
                          uint32_t num_rows, ScratchVector& out) {
  uint8_t* validity = IntersectValidity(args, num_rows, out);
  const Input<StringRef> text(*args[0]);
  RowPatterns patterns(state, args);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& bytes) -> arrow::Status {
    if (!GetBit(validity, row)) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(RegexSearch * search, patterns.At(row));
    if (!search->Find(text[row].view(), 0)) {
      ClearBit(validity, row);
      return arrow::Status::OK();
    }
    const uint32_t groups = search->pattern().num_groups();
    for (uint32_t i = groups > 0 ? 1 : 0; i <= groups; ++i) AppendText(search->group(i), &bytes);
    AppendNestedMark(NestedMark::kEnd, &bytes);
    return arrow::Status::OK();
  });
}

// Empty matches at the ends, and right behind another match, split nothing.
arrow::Status SplitKernel(KernelContext& context, const void* state, KernelArgs args, const Selection& selection,
                          uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> text(*args[0]);
  RowPatterns patterns(state, args);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& bytes) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(RegexSearch * search, patterns.At(row));
    const std::string_view whole = text[row].view();
    size_t begin = 0;
    for (size_t from = 0; search->Find(whole, from); from = search->next()) {
      if (search->begin() >= whole.size() || search->end() <= begin) continue;
      AppendText(whole.substr(begin, search->begin() - begin), &bytes);
      begin = search->end();
    }
    AppendText(whole.substr(begin), &bytes);
    AppendNestedMark(NestedMark::kEnd, &bytes);
    return arrow::Status::OK();
  });
}

// The replacement with \1 … \9 and \& resolved.
void AppendReplacement(std::string_view replacement, const RegexSearch& search, std::string* out) {
  for (size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    const char next = i + 1 < replacement.size() ? replacement[i + 1] : '\0';
    if (c != '\\' || !((next >= '1' && next <= '9') || next == '&' || next == '\\')) {
      out->push_back(c);
      continue;
    }
    ++i;
    if (next == '\\') {
      out->push_back('\\');
      continue;
    }
    const uint32_t group = next == '&' ? 0 : static_cast<uint32_t>(next - '0');
    if (group <= search.pattern().num_groups()) *out += search.group(group).value_or(std::string_view());
  }
}

// Arguments behind (text, pattern, replacement): flags; or start, N and flags.
arrow::Status ReplaceKernel(KernelContext& context, const void* state, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> text(*args[0]);
  const Input<StringRef> replacement(*args[2]);
  const bool counted = args.size() > 3 && args[3]->type.id() == kBigInt;
  RowPatterns patterns(state, args);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& result) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(RegexSearch * search, patterns.At(row));
    const std::string_view whole = text[row].view();
    size_t from = 0;
    int64_t wanted = search->pattern().is_global() ? 0 : 1;
    if (counted) {
      ARROW_ASSIGN_OR_RAISE(from, StartByte(args, 3, row, whole));
      if (args.size() > 4) wanted = Input<int64_t>(*args[4])[row];
      if (wanted < 0) return InvalidRegexArgument("n", wanted);
    }
    size_t copied = 0;
    for (int64_t match = 1; search->Find(whole, from); ++match, from = search->next()) {
      if (wanted != 0 && match != wanted) continue;
      result += whole.substr(copied, search->begin() - copied);
      AppendReplacement(replacement[row].view(), *search, &result);
      copied = search->end();
      if (result.size() > kMaxTextSize) return TextTooLong();
      if (wanted != 0) break;
    }
    result += whole.substr(copied);
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindPart(const ScalarFunction& self, const BindInput& input,
                                    std::span<const Overload> overloads, RegexCompile compile, size_t flags) {
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindOverloads(self, input, overloads));
  RegexState state;
  state.compile = compile;
  if (input.argument_types.size() > flags) state.extra_argument = flags;
  ARROW_RETURN_NOT_OK(SetRegexState(std::move(state), input, &bound));
  return bound;
}

arrow::Result<BoundScalar> BindSubstr(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = [] {
    const std::vector<LogicalType> all = {kVarchar, kVarchar, kBigInt, kBigInt, kVarchar, kBigInt};
    std::vector<Overload> result;
    for (size_t count = 2; count <= all.size(); ++count) {
      result.push_back({{all.begin(), all.begin() + static_cast<ptrdiff_t>(count)},
                        kVarchar,
                        SubstrKernel,
                        true,
                        false,
                        NullRule::kKernel});
    }
    return result;
  }();
  return BindPart(self, input, overloads, MakeRegexWithoutGlobal, 4);
}

template <ScalarKernel kernel, NullRule null_rule>
arrow::Result<BoundScalar> BindList(const ScalarFunction& self, const BindInput& input) {
  ARROW_ASSIGN_OR_RAISE(const LogicalType list, MakeListType(kVarchar));
  const std::vector<Overload> overloads = {{{kVarchar, kVarchar}, list, kernel, true, false, null_rule},
                                           {{kVarchar, kVarchar, kVarchar}, list, kernel, true, false, null_rule}};
  return BindPart(self, input, overloads, MakeRegexWithoutGlobal, 2);
}

arrow::Result<BoundScalar> BindReplace(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{kVarchar, kVarchar, kVarchar}, kVarchar, ReplaceKernel, true},
      {{kVarchar, kVarchar, kVarchar, kVarchar}, kVarchar, ReplaceKernel, true},
      {{kVarchar, kVarchar, kVarchar, kBigInt}, kVarchar, ReplaceKernel, true},
      {{kVarchar, kVarchar, kVarchar, kBigInt, kBigInt}, kVarchar, ReplaceKernel, true},
      {{kVarchar, kVarchar, kVarchar, kBigInt, kBigInt, kVarchar}, kVarchar, ReplaceKernel, true}};
  const bool text_flags = input.argument_types.size() == 4 && input.argument_types[3].IsString();
  const size_t flags = text_flags ? 3 : 5;
  return BindPart(self, input, overloads, RegexPattern::Make, flags);
}

}  // namespace

void RegisterRegexpPart(FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* text, const char* example,
                       auto bind) {
    registry.Add(ScalarFunction{name, std::move(aliases), text, example, bind});
  };
  add("regexp_substr", {}, "The N-th match of a regular expression, or a group of it; NULL where there is none.",
      "regexp_substr('ABCDEF', 'c(.)(..)', 1, 1, 'i', 2)", BindSubstr);
  add("regexp_match", {}, "The groups of the first match of a regular expression as a list; NULL where there is none.",
      "regexp_match('foobarbequebaz', '(bar)(beque)')", BindList<MatchKernel, NullRule::kKernel>);
  add("regexp_split_to_array", {}, "A list of what lies between the matches of a regular expression.",
      "regexp_split_to_array('hello world', '\\s+')", BindList<SplitKernel, NullRule::kPropagate>);
  add("regexp_replace", {}, "The first, the N-th or (flag g) every match of a regular expression replaced.",
      "regexp_replace('Thomas', '.[mN]a.', 'M')", BindReplace);
}

}  // namespace llkv
