// Does a regular expression match, where, and how often: ~ and its kin, SIMILAR TO, regexp_like, regexp_count,
// regexp_instr.
#include "functions/regex_binding.h"
#include "functions/regex_search.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

constexpr TypeId kVarchar = TypeId::kVarchar;
constexpr TypeId kBigInt = TypeId::kBigInt;

template <bool negated>
arrow::Status TestKernel(KernelContext& /*context*/, const void* state, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const TextInput text(*args[0]);
  RowPatterns patterns(state, args);
  uint8_t* result = out.data<uint8_t>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const RegexSearch* search, patterns.At(row));
    result[row] = search->pattern().Matches(text[row]) != negated ? 1 : 0;
    return arrow::Status::OK();
  });
}

template <bool negated>
uint32_t TestSelect(const void* state, KernelArgs args, const Selection& selection, uint32_t /*num_rows*/,
                    uint16_t* rows) {
  const RegexPattern& pattern = *static_cast<const RegexState*>(state)->constant;
  const TextInput text(*args[0]);
  uint32_t count = 0;
  ForEachRow(selection, [&](uint32_t row) {
    rows[count] = static_cast<uint16_t>(row);
    count += pattern.Matches(text[row]) != negated ? 1 : 0;
  });
  return count;
}

template <bool negated>
arrow::Result<BoundScalar> BindTest(const ScalarFunction& self, const BindInput& input, RegexState state) {
  static const std::vector<Overload> overloads = {
      {{kVarchar, kVarchar}, TypeId::kBoolean, TestKernel<negated>, true},
      {{kVarchar, kVarchar, kVarchar}, TypeId::kBoolean, TestKernel<negated>, true}};
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindOverloads(self, input, overloads));
  if (input.argument_types.size() == 3) state.extra_argument = 2;
  ARROW_RETURN_NOT_OK(SetRegexState(std::move(state), input, &bound));
  bound.accepted_forms = kFormsOffsets;
  if (static_cast<const RegexState*>(bound.state.get())->constant == nullptr) return bound;
  bound.can_fail = false;
  bound.per_dictionary_entry = true;
  bound.select = TestSelect<negated>;
  return bound;
}

template <bool negated, bool fold_case>
arrow::Result<BoundScalar> BindOperator(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  RegexState state;
  state.compile = RegexPattern::Make;
  state.extra = fold_case ? "i" : "";
  return BindTest<negated>(self, input, std::move(state));
}

arrow::Result<BoundScalar> BindLike(const ScalarFunction& self, const BindInput& input) {
  RegexState state;
  state.compile = MakeRegexWithoutGlobal;
  return BindTest<false>(self, input, std::move(state));
}

arrow::Result<BoundScalar> BindSimilar(const ScalarFunction& self, const BindInput& input) {
  RegexState state;
  state.compile = RegexPattern::MakeSimilar;
  state.extra = "\\";
  return BindTest<false>(self, input, std::move(state));
}

// (text, pattern [, start [, flags]])
arrow::Status CountKernel(KernelContext& /*context*/, const void* state, KernelArgs args, const Selection& selection,
                          uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> text(*args[0]);
  RowPatterns patterns(state, args);
  int64_t* result = out.data<int64_t>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(RegexSearch * search, patterns.At(row));
    ARROW_ASSIGN_OR_RAISE(size_t from, StartByte(args, 2, row, text[row].view()));
    result[row] = 0;
    while (search->Find(text[row].view(), from)) {
      ++result[row];
      from = search->next();
    }
    return arrow::Status::OK();
  });
}

// (text, pattern [, start [, N [, endoption [, flags [, subexpr]]]]])
arrow::Status InstrKernel(KernelContext& /*context*/, const void* state, KernelArgs args, const Selection& selection,
                          uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> text(*args[0]);
  RowPatterns patterns(state, args);
  int64_t* result = out.data<int64_t>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(RegexSearch * search, patterns.At(row));
    const int64_t end = args.size() > 4 ? Input<int64_t>(*args[4])[row] : 0;
    if (end < 0 || end > 1) return InvalidRegexArgument("endoption", end);
    ARROW_ASSIGN_OR_RAISE(const std::optional<std::string_view> part,
                          FindNth(search, args, {2, 3, 6}, row, text[row].view()));
    result[row] = 0;
    if (!part) return arrow::Status::OK();
    const std::string_view whole = text[row].view();
    const size_t at = static_cast<size_t>(part->data() - whole.data()) + (end == 1 ? part->size() : 0);
    result[row] = CountCharacters(whole.substr(0, at)) + 1;
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindSearch(const ScalarFunction& self, const BindInput& input, size_t flags,
                                      std::span<const Overload> overloads) {
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindOverloads(self, input, overloads));
  RegexState state;
  state.compile = MakeRegexWithoutGlobal;
  if (input.argument_types.size() > flags) state.extra_argument = flags;
  ARROW_RETURN_NOT_OK(SetRegexState(std::move(state), input, &bound));
  bound.per_dictionary_entry = static_cast<const RegexState*>(bound.state.get())->constant != nullptr;
  return bound;
}

arrow::Result<BoundScalar> BindCount(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{kVarchar, kVarchar}, kBigInt, CountKernel, true},
      {{kVarchar, kVarchar, kBigInt}, kBigInt, CountKernel, true},
      {{kVarchar, kVarchar, kBigInt, kVarchar}, kBigInt, CountKernel, true}};
  return BindSearch(self, input, 3, overloads);
}

arrow::Result<BoundScalar> BindInstr(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = [] {
    const std::vector<LogicalType> all = {kVarchar, kVarchar, kBigInt, kBigInt, kBigInt, kVarchar, kBigInt};
    std::vector<Overload> result;
    for (size_t count = 2; count <= all.size(); ++count) {
      result.push_back({{all.begin(), all.begin() + static_cast<ptrdiff_t>(count)}, kBigInt, InstrKernel, true});
    }
    return result;
  }();
  return BindSearch(self, input, 5, overloads);
}

}  // namespace

void RegisterRegexpMatch(FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* text, const char* example,
                       auto bind) {
    registry.Add(ScalarFunction{name, std::move(aliases), text, example, bind});
  };
  add("regex_match", {}, "Does the regular expression match? (~)", "a ~ '^x'", BindOperator<false, false>);
  add("~*", {}, "Does the regular expression match, without regard to case?", "a ~* '^x'", BindOperator<false, true>);
  add("!~", {}, "Does the regular expression not match?", "a !~ '^x'", BindOperator<true, false>);
  add("!~*", {}, "Does the regular expression not match, without regard to case?", "a !~* '^x'",
      BindOperator<true, true>);
  add("similar to", {}, "Does the whole text match a pattern of SQL's regular expressions?", "a SIMILAR TO '(x|y)%'",
      BindSimilar);
  add("regexp_like", {}, "Does the regular expression match?", "regexp_like('Hello', 'l+', 'i')", BindLike);
  add("regexp_count", {}, "How often the regular expression matches, from a position on.",
      "regexp_count('ABCABC', 'b', 1, 'i')", BindCount);
  add("regexp_instr", {}, "Position of the N-th match, or behind it; 0 where there is none.",
      "regexp_instr('ABCDEF', 'c(.)(..)', 1, 1, 0, 'i', 2)", BindInstr);
}

}  // namespace llkv
