// What the functions of regular expressions share: a pattern compiled when it is bound where it is constant, else row
// by row.
#pragma once

#include <memory>
#include <optional>

#include "functions/binding.h"
#include "functions/regex_pattern.h"
#include "functions/text_input.h"

namespace llkv {

/// RegexPattern::Make or MakeSimilar.
using RegexCompile = arrow::Result<RegexPattern> (*)(std::string_view pattern, std::string_view extra);

inline constexpr size_t kNoArgument = SIZE_MAX;

/// The state of a bound function.
struct RegexState {
  RegexCompile compile = nullptr;
  size_t pattern_argument = 1;
  size_t extra_argument = kNoArgument;  // flags, or the escape of SIMILAR TO
  std::string extra;                    // where there is no such argument
  std::shared_ptr<const RegexPattern> constant;

  /// Errors of RegexPattern.
  arrow::Result<RegexPattern> Make(std::string_view pattern, std::string_view given_extra) const {
    return compile(pattern, given_extra);
  }
};

/// Gives `bound` the state, with the pattern where it and its flags are constants: errors in it are the statement's
/// then.
arrow::Status SetRegexState(RegexState state, const BindInput& input, BoundScalar* bound);

/// The pattern of each row, compiled anew only where it changes from row to row.
class RowPatterns {
 public:
  RowPatterns(const void* state, KernelArgs args);
  /// Valid until the next call.
  arrow::Result<RegexSearch*> At(uint32_t row);

 private:
  const RegexState& state_;
  std::optional<TextInput> patterns_;
  std::optional<TextInput> extras_;
  std::string last_pattern_;
  std::string last_extra_;
  std::unique_ptr<RegexPattern> own_;
  std::optional<RegexSearch> search_;
};

/// substring(text, pattern): what matches, or the part in the first parentheses; NULL where nothing does. With three
/// texts, a SIMILAR TO pattern and its escape. Error 42883.
arrow::Result<BoundScalar> BindRegexSubstring(const ScalarFunction& self, const BindInput& input);

}  // namespace llkv
