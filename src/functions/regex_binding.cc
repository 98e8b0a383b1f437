// Patterns of regular expressions as arguments of functions.
#include "functions/regex_binding.h"

namespace llkv {

namespace {

// Constant text of an argument; null where it is none.
const std::string* ConstantText(const BindInput& input, size_t argument) {
  if (argument >= input.constants.size() || input.constants[argument] == nullptr) return nullptr;
  const Value& value = *input.constants[argument];
  return value.is_null() || !value.type().IsString() ? nullptr : &value.bytes();
}

arrow::Status SubstringKernel(KernelContext& /*context*/, const void* state, KernelArgs args,
                              const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  uint8_t* validity = IntersectValidity(args, num_rows, out);
  const Input<StringRef> text(*args[0]);
  RowPatterns patterns(state, args);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    result[row] = StringRef();
    if (!GetBit(validity, row)) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(RegexSearch * search, patterns.At(row));
    std::optional<std::string_view> part;
    if (search->Find(text[row].view(), 0)) part = search->group(search->pattern().num_groups() > 0 ? 1 : 0);
    if (part) {
      result[row] = PartOf(*part);
    } else {
      ClearBit(validity, row);
    }
    return arrow::Status::OK();
  });
}

}  // namespace

arrow::Status SetRegexState(RegexState state, const BindInput& input, BoundScalar* bound) {
  const std::string* pattern = ConstantText(input, state.pattern_argument);
  const std::string* extra =
      state.extra_argument == kNoArgument ? &state.extra : ConstantText(input, state.extra_argument);
  if (pattern != nullptr && extra != nullptr) {
    ARROW_ASSIGN_OR_RAISE(RegexPattern compiled, state.Make(*pattern, *extra));
    state.constant = std::make_shared<const RegexPattern>(std::move(compiled));
  }
  bound->state = std::make_shared<const RegexState>(std::move(state));
  return arrow::Status::OK();
}

RowPatterns::RowPatterns(const void* state, KernelArgs args) : state_(*static_cast<const RegexState*>(state)) {
  if (state_.constant != nullptr) {
    search_.emplace(*state_.constant);
    return;
  }
  patterns_.emplace(*args[state_.pattern_argument]);
  if (state_.extra_argument != kNoArgument) extras_.emplace(*args[state_.extra_argument]);
}

arrow::Result<RegexSearch*> RowPatterns::At(uint32_t row) {
  if (state_.constant != nullptr) return &*search_;
  const std::string_view pattern = (*patterns_)[row];
  const std::string_view extra = extras_ ? (*extras_)[row] : std::string_view(state_.extra);
  if (search_ && pattern == last_pattern_ && extra == last_extra_) return &*search_;
  search_.reset();
  ARROW_ASSIGN_OR_RAISE(RegexPattern compiled, state_.Make(pattern, extra));
  last_pattern_ = pattern;
  last_extra_ = extra;
  own_ = std::make_unique<RegexPattern>(std::move(compiled));
  search_.emplace(*own_);
  return &*search_;
}

arrow::Result<BoundScalar> BindRegexSubstring(const ScalarFunction& self, const BindInput& input) {
  constexpr TypeId kVarchar = TypeId::kVarchar;
  static const std::vector<Overload> overloads = {
      {{kVarchar, kVarchar}, kVarchar, SubstringKernel, true, false, NullRule::kKernel},
      {{kVarchar, kVarchar, kVarchar}, kVarchar, SubstringKernel, true, false, NullRule::kKernel}};
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindOverloads(self, input, overloads));
  const bool similar = input.argument_types.size() == 3;
  RegexState state;
  state.compile = similar ? RegexPattern::MakeSimilar : RegexPattern::Make;
  if (similar) state.extra_argument = 2;
  ARROW_RETURN_NOT_OK(SetRegexState(std::move(state), input, &bound));
  return bound;
}

}  // namespace llkv
