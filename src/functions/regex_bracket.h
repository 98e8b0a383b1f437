// Characters and classes of PostgreSQL's regular expressions in RE2's syntax: escapes and bracket expressions.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>

namespace llkv {

/// 2201B
arrow::Status InvalidRegex(std::string_view what);

/// A letter, digit or _ of ASCII: what RE2's \b takes for a word's character.
bool IsWordByte(char c);

/// Appends a character that stands for itself, in a bracket expression and outside.
void AppendRegexCharacter(uint32_t code, std::string* out);

/// What stands between the brackets for \d, \s and \w.
std::string_view RegexClass(char letter);

/// Reads an escape that stands for a character; *at is at the backslash. Errors: 2201B, 0A000 for a back reference.
arrow::Result<uint32_t> ReadRegexEscape(std::string_view pattern, size_t* at);

/// Reads a bracket expression whose [ is at *at, and appends it. Without `newline`, a negated one leaves newlines out.
arrow::Status TranslateBracket(std::string_view pattern, size_t* at, bool newline, std::string* out);

}  // namespace llkv
