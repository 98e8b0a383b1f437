// Values as sqllogictest files have them: rendered by the letter of their column, sorted, hashed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "slt/slt_connection.h"
#include "slt/slt_parser.h"

namespace llkv::slt {

/// By a letter of a query's types. I: an integer (text becomes the integer it starts with, a real is cut towards zero).
/// R: three digits behind the point. T: text, `(empty)` for none, `@` for each byte outside 0x20..0x7e. NULL for NULL.
std::string RenderByLetter(const Value& value, char letter);

/// By the value's own type, as DuckDB's files have it: text as it is, `(empty)` for none, `\0` for a NUL byte.
std::string RenderByType(const Value& value);

/// Sorts rows of `num_columns` values, or all values, by their bytes.
void SortValues(SortMode mode, size_t num_columns, std::vector<std::string>* values);

/// MD5 over every value followed by a newline, in lower-case hexadecimal.
std::string HashValues(const std::vector<std::string>& values);

}  // namespace llkv::slt
