// Compiled regular expressions, with PostgreSQL's syntax and rules of matching, run by RE2: linear in the text,
// whatever the pattern.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "functions/regex_syntax.h"

namespace re2 {
class RE2;
class StringPiece;
}  // namespace re2

namespace llkv {

/// Immutable, shared by threads.
class RegexPattern {
 public:
  RegexPattern();
  ~RegexPattern();
  RegexPattern(RegexPattern&&) noexcept;
  RegexPattern& operator=(RegexPattern&&) noexcept;

  /// With the flags of an argument. Errors: 2201B, 22023, 0A000; see regex_syntax.h.
  static arrow::Result<RegexPattern> Make(std::string_view pattern, std::string_view flags);
  /// A SIMILAR TO pattern. Errors: 2201B, 22025, 2200C, 0A000.
  static arrow::Result<RegexPattern> MakeSimilar(std::string_view pattern, std::string_view escape);

  /// Does it match anywhere in `text`?
  bool Matches(std::string_view text) const;
  /// Parenthesized groups; at most 1,000.
  uint32_t num_groups() const { return num_groups_; }
  bool is_global() const { return global_; }
  const re2::RE2& compiled() const { return *regex_; }

 private:
  static arrow::Result<RegexPattern> Compile(const RegexTranslation& translation);

  std::unique_ptr<re2::RE2> regex_;
  uint32_t num_groups_ = 0;
  bool global_ = false;
};

/// Finds matches of one pattern. For one thread; the pattern and the text outlive it.
class RegexSearch {
 public:
  explicit RegexSearch(const RegexPattern& pattern);
  ~RegexSearch();

  /// The first match that begins at byte `from` or behind it, in a text whose start and end are those of `text`.
  bool Find(std::string_view text, size_t from);
  /// Group 0 is the whole match; nothing where a group has no part in it.
  std::optional<std::string_view> group(uint32_t index) const;
  /// Bytes of `text` in front of the match, and up to its end.
  size_t begin() const;
  size_t end() const;
  /// Where to look for the next match: behind this one, a character further where it is empty.
  size_t next() const;
  const RegexPattern& pattern() const { return pattern_; }

 private:
  const RegexPattern& pattern_;
  std::string_view text_;
  std::vector<re2::StringPiece> groups_;
};

}  // namespace llkv
