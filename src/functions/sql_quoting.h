// Text as parts of SQL statements: identifiers and literals in quotes, and identifiers read back.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace llkv {

/// Appends the identifier, in double quotes where it would not be read back as it is.
void AppendQuotedIdentifier(std::string_view name, std::string* out);

/// Appends the text in single quotes; with a backslash in it, as E'…'.
void AppendQuotedLiteral(std::string_view text, std::string* out);

/// The names of a qualified name: without quotes in lower case. With `strict`, nothing may follow the last one.
/// Error 22023.
arrow::Result<std::vector<std::string>> ParseIdentifier(std::string_view text, bool strict);

}  // namespace llkv
