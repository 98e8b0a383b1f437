// Patterns through RE2, which throws nothing and compiles to automata of bounded size.
#include "functions/regex_pattern.h"

#include <re2/re2.h>

#include "base/error.h"
#include "functions/regex_bracket.h"
#include "functions/utf8.h"

namespace llkv {

RegexPattern::RegexPattern() = default;
RegexPattern::~RegexPattern() = default;
RegexPattern::RegexPattern(RegexPattern&&) noexcept = default;
RegexPattern& RegexPattern::operator=(RegexPattern&&) noexcept = default;

arrow::Result<RegexPattern> RegexPattern::Compile(const RegexTranslation& translation) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_longest_match(translation.longest);
  options.set_case_sensitive(!translation.options.fold_case);
  options.set_dot_nl(translation.options.dot_newline);
  RegexPattern result;
  result.regex_ = std::make_unique<RE2>(translation.pattern, options);
  if (!result.regex_->ok()) {
    const bool too_large = result.regex_->error_code() == RE2::ErrorPatternTooLarge;
    return InvalidRegex(too_large ? "it is too large" : result.regex_->error());
  }
  constexpr int kMaxGroups = 1000;
  const int groups = result.regex_->NumberOfCapturingGroups();
  if (groups > kMaxGroups) return InvalidRegex("it has more than 1000 groups");
  result.num_groups_ = static_cast<uint32_t>(groups);
  result.global_ = translation.options.global;
  return result;
}

arrow::Result<RegexPattern> RegexPattern::Make(std::string_view pattern, std::string_view flags) {
  RegexOptions options;
  ARROW_RETURN_NOT_OK(ParseRegexFlags(flags, &options));
  ARROW_ASSIGN_OR_RAISE(const RegexTranslation translation, TranslateRegex(pattern, options));
  return Compile(translation);
}

arrow::Result<RegexPattern> RegexPattern::MakeSimilar(std::string_view pattern, std::string_view escape) {
  ARROW_ASSIGN_OR_RAISE(const RegexTranslation translation, TranslateSimilar(pattern, escape));
  return Compile(translation);
}

bool RegexPattern::Matches(std::string_view text) const {
  return regex_->Match(text, 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

RegexSearch::RegexSearch(const RegexPattern& pattern) : pattern_(pattern), groups_(pattern.num_groups() + 1) {}
RegexSearch::~RegexSearch() = default;

bool RegexSearch::Find(std::string_view text, size_t from) {
  text_ = text.data() == nullptr ? std::string_view("") : text;
  if (from > text_.size()) return false;
  return pattern_.compiled().Match(text_, from, text_.size(), RE2::UNANCHORED, groups_.data(),
                                   static_cast<int>(groups_.size()));
}

std::optional<std::string_view> RegexSearch::group(uint32_t index) const {
  const re2::StringPiece& piece = groups_[index];
  if (piece.data() == nullptr) return std::nullopt;
  return std::string_view(piece.data(), piece.size());
}

size_t RegexSearch::begin() const { return static_cast<size_t>(groups_[0].data() - text_.data()); }
size_t RegexSearch::end() const { return begin() + groups_[0].size(); }

size_t RegexSearch::next() const {
  const size_t at = end();
  if (!groups_[0].empty()) return at;
  return at < text_.size() ? at + CharacterBytes(text_, at) : at + 1;
}

}  // namespace llkv
