// LIKE and ILIKE, with ESCAPE; starts_with, ends_with, contains.
#include "functions/binding.h"
#include "functions/like_pattern.h"
#include "functions/text_input.h"

namespace llkv {

namespace {

struct LikeState {
  LikeFold fold = LikeFold::kNone;
  bool compiled = false;
  LikePattern pattern;
};

const LikeState& StateOf(const void* state) { return *static_cast<const LikeState*>(state); }

// A constant pattern.
arrow::Status CompiledKernel(KernelContext& /*context*/, const void* state, KernelArgs args, const Selection& selection,
                             uint32_t /*num_rows*/, ScratchVector& out) {
  const LikePattern& pattern = StateOf(state).pattern;
  const TextInput text(*args[0]);
  uint8_t* result = out.data<uint8_t>();
  ForEachRow(selection, [&](uint32_t row) { result[row] = pattern.Matches(text[row]) ? 1 : 0; });
  return arrow::Status::OK();
}

uint32_t CompiledSelect(const void* state, KernelArgs args, const Selection& selection, uint32_t /*num_rows*/,
                        uint16_t* rows) {
  const LikePattern& pattern = StateOf(state).pattern;
  const TextInput text(*args[0]);
  uint32_t count = 0;
  ForEachRow(selection, [&](uint32_t row) {
    rows[count] = static_cast<uint16_t>(row);
    count += pattern.Matches(text[row]) ? 1 : 0;
  });
  return count;
}

// A pattern of each row's own; the last one is kept while it repeats.
arrow::Status DynamicKernel(KernelContext& /*context*/, const void* state, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  const LikeFold fold = StateOf(state).fold;
  const TextInput text(*args[0]);
  const TextInput patterns(*args[1]);
  uint8_t* result = out.data<uint8_t>();
  std::string last;
  LikePattern pattern;
  bool any = false;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const std::string_view escape = args.size() == 3 ? TextInput(*args[2])[row] : std::string_view("\\");
    std::string key = std::string(escape) + '\0' + std::string(patterns[row]);
    if (!any || key != last) {
      ARROW_ASSIGN_OR_RAISE(pattern, LikePattern::Make(patterns[row], escape, fold));
      last = std::move(key);
      any = true;
    }
    result[row] = pattern.Matches(text[row]) ? 1 : 0;
    return arrow::Status::OK();
  });
}

// Constant text of an argument, or null.
const std::string* ConstantText(const BindInput& input, size_t argument) {
  if (argument >= input.constants.size() || input.constants[argument] == nullptr) return nullptr;
  const Value& value = *input.constants[argument];
  return value.is_null() || !value.type().IsString() ? nullptr : &value.bytes();
}

arrow::Result<BoundScalar> BindLikeAs(const ScalarFunction& self, const BindInput& input, LikeFold fold) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 3));
  const size_t count = input.argument_types.size();
  const std::vector<Overload> overloads = {
      {std::vector<LogicalType>(count, TypeId::kVarchar), TypeId::kBoolean, DynamicKernel, true},
      {std::vector<LogicalType>(count, TypeId::kBlob), TypeId::kBoolean, DynamicKernel, true}};
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindOverloads(self, input, overloads));
  auto state = std::make_shared<LikeState>();
  state->fold = fold;
  // PostgreSQL's default escape is the backslash; SQLite has none.
  static const std::string kBackslash = "\\";
  static const std::string kNone;
  const std::string* default_escape = input.dialect == Dialect::kSqlite ? &kNone : &kBackslash;
  const std::string* pattern = ConstantText(input, 1);
  const std::string* escape = count == 3 ? ConstantText(input, 2) : default_escape;
  if (pattern != nullptr && escape != nullptr) {
    ARROW_ASSIGN_OR_RAISE(state->pattern, LikePattern::Make(*pattern, *escape, fold));
    state->compiled = true;
    bound.kernel = CompiledKernel;
    bound.select = CompiledSelect;
    bound.can_fail = false;
    bound.per_dictionary_entry = true;
    bound.accepted_forms = kFormsOffsets;
  }
  bound.state = std::move(state);
  return bound;
}

arrow::Result<BoundScalar> BindLike(const ScalarFunction& self, const BindInput& input) {
  return BindLikeAs(self, input, input.dialect == Dialect::kSqlite ? LikeFold::kAscii : LikeFold::kNone);
}

arrow::Result<BoundScalar> BindILike(const ScalarFunction& self, const BindInput& input) {
  return BindLikeAs(self, input, LikeFold::kUnicode);
}

bool StartsWith(std::string_view text, std::string_view part) { return text.starts_with(part); }
bool EndsWith(std::string_view text, std::string_view part) { return text.ends_with(part); }

template <bool (*test)(std::string_view, std::string_view)>
arrow::Status TestKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const TextInput text(*args[0]);
  const TextInput part(*args[1]);
  uint8_t* result = out.data<uint8_t>();
  ForEachRow(selection, [&](uint32_t row) { result[row] = test(text[row], part[row]) ? 1 : 0; });
  return arrow::Status::OK();
}

template <bool (*test)(std::string_view, std::string_view)>
arrow::Result<BoundScalar> BindTest(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kVarchar, TypeId::kVarchar}, TypeId::kBoolean, TestKernel<test>, false, true},
      {{TypeId::kBlob, TypeId::kBlob}, TypeId::kBoolean, TestKernel<test>, false, true}};
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindOverloads(self, input, overloads));
  bound.accepted_forms = kFormsOffsets;
  return bound;
}

}  // namespace

void RegisterLike(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"like", {"~~"}, "Does the text match the pattern of % and _?", "a LIKE 'x%'", BindLike});
  registry.Add(ScalarFunction{"ilike", {"~~*"}, "LIKE without regard to case.", "a ILIKE 'x%'", BindILike});
  registry.Add(ScalarFunction{"starts_with",
                              {"prefix", "^@"},
                              "Does the text begin with the other?",
                              "starts_with(a, 'x')",
                              BindTest<StartsWith>});
  registry.Add(ScalarFunction{
      "ends_with", {"suffix"}, "Does the text end with the other?", "ends_with(a, 'x')", BindTest<EndsWith>});
  registry.Add(
      ScalarFunction{"contains", {}, "Is the other part of the text?", "contains(a, 'x')", BindTest<ContainsBytes>});
}

}  // namespace llkv
