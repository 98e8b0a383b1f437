// How regexp_* functions count: positions of characters from 1, and matches from 1.
#pragma once

#include <optional>
#include <string_view>

#include "functions/kernel.h"
#include "functions/regex_pattern.h"

namespace llkv {

/// 22023: "invalid value for <name>: <value>".
arrow::Status InvalidRegexArgument(std::string_view name, int64_t value);

/// RegexPattern::Make for functions that find one match: the flag g is error 22023.
arrow::Result<RegexPattern> MakeRegexWithoutGlobal(std::string_view pattern, std::string_view flags);

/// The byte where a search begins that argument `argument` (from 1 in characters; optional) asks for; behind the end
/// where it asks for more characters than there are. Error 22023.
arrow::Result<size_t> StartByte(KernelArgs args, size_t argument, uint32_t row, std::string_view text);

/// Which arguments say where to start, which match is wanted and which group of it; each may be missing.
struct NthArguments {
  size_t start;
  size_t nth;
  size_t group;
};

/// The wanted match, or the wanted group of it; nothing where there is none. Errors 22023.
arrow::Result<std::optional<std::string_view>> FindNth(RegexSearch* search, KernelArgs args,
                                                       const NthArguments& arguments, uint32_t row,
                                                       std::string_view text);

}  // namespace llkv
