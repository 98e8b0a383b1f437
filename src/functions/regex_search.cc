// Searches from a position on, for the N-th match.
#include "functions/regex_search.h"

#include <fmt/format.h>

#include "functions/utf8.h"

namespace llkv {

arrow::Status InvalidRegexArgument(std::string_view name, int64_t value) {
  return SqlError(sqlstate::kInvalidParameter, fmt::format("invalid value for \"{}\": {}", name, value));
}

arrow::Result<RegexPattern> MakeRegexWithoutGlobal(std::string_view pattern, std::string_view flags) {
  ARROW_ASSIGN_OR_RAISE(RegexPattern result, RegexPattern::Make(pattern, flags));
  if (result.is_global()) return SqlError(sqlstate::kInvalidParameter, "the option \"g\" makes no sense here");
  return result;
}

arrow::Result<size_t> StartByte(KernelArgs args, size_t argument, uint32_t row, std::string_view text) {
  const int64_t start = args.size() > argument ? Input<int64_t>(*args[argument])[row] : 1;
  if (start < 1) return InvalidRegexArgument("start", start);
  if (start == 1) return size_t{0};
  const size_t before_last = CharacterOffset(text, start - 2);
  return before_last == text.size() ? text.size() + 1 : before_last + CharacterBytes(text, before_last);
}

arrow::Result<std::optional<std::string_view>> FindNth(RegexSearch* search, KernelArgs args,
                                                       const NthArguments& arguments, uint32_t row,
                                                       std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(size_t from, StartByte(args, arguments.start, row, text));
  int64_t left = args.size() > arguments.nth ? Input<int64_t>(*args[arguments.nth])[row] : 1;
  if (left < 1) return InvalidRegexArgument("n", left);
  const int64_t group = args.size() > arguments.group ? Input<int64_t>(*args[arguments.group])[row] : 0;
  if (group < 0) return InvalidRegexArgument("subexpr", group);
  for (; search->Find(text, from); from = search->next()) {
    if (--left > 0) continue;
    if (group > search->pattern().num_groups()) break;
    return search->group(static_cast<uint32_t>(group));
  }
  return std::nullopt;
}

}  // namespace llkv
