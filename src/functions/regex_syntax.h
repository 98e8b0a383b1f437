// From PostgreSQL's regular expressions (its "advanced" form) and SIMILAR TO patterns to RE2's syntax. Knows the two
// syntaxes; what matches is regex_pattern's.
//
// What RE2 cannot say is error 0A000: back references, lookahead and lookbehind, \m and \M away from a word's
// character, basic and extended form (flags b and e). Docs: sql.md, "Regular expressions".
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>

namespace llkv {

/// What flags ('i', 'g', …), embedded options and operators say about a regular expression.
struct RegexOptions {
  bool global = false;        // g
  bool fold_case = false;     // i
  bool literal = false;       // q: the pattern is plain text
  bool expanded = false;      // x: blanks and comments are left out
  bool dot_newline = true;    // . and [^…] match a newline; not with n, m, p
  bool line_anchors = false;  // ^ and $ match at lines; with n, m, w
};

/// Adds the flags of a flags argument. Errors: 22023 for an unknown letter, 0A000 for b and e.
arrow::Status ParseRegexFlags(std::string_view flags, RegexOptions* options);

/// A regular expression in RE2's syntax.
struct RegexTranslation {
  std::string pattern;
  RegexOptions options;
  /// The match is the longest of the leftmost ones, as POSIX has it; else the first one in the order of the choices.
  bool longest = true;
};

/// Errors: 2201B where it is no regular expression, 0A000.
arrow::Result<RegexTranslation> TranslateRegex(std::string_view pattern, RegexOptions options);

/// A SIMILAR TO pattern; the escape is one character, or empty for none. Matches whole texts. With two separators (the
/// escape and ") group 1 is the part between them. Errors: 22025 for the escape, 2200C for more separators, 2201B,
/// 0A000.
arrow::Result<RegexTranslation> TranslateSimilar(std::string_view pattern, std::string_view escape);

}  // namespace llkv
