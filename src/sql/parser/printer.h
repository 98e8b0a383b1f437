// Syntax tree to SQL text: views, CHECK and DEFAULT are stored as text, and messages show expressions. Must not know
// tables or types.
#pragma once

#include <string>
#include <string_view>

#include "sql/parser/ast.h"

namespace llkv {

enum class AstParentheses : uint8_t {
  /// Where the text would mean something else without them, in any dialect.
  kNeeded,
  /// Around every operation: shows how a text was understood.
  kAll,
};

/// SQL text on one line that parses to an equal tree (positions apart).
std::string ToSql(const AstExpr& expr, AstParentheses parentheses = AstParentheses::kNeeded);
std::string ToSql(const AstQuery& query, AstParentheses parentheses = AstParentheses::kNeeded);
std::string ToSql(const AstTypeName& type);

/// "name" in double quotes where it needs them, else as it is.
std::string QuoteIdentifier(std::string_view name);
/// 'text' with quotes doubled.
std::string QuoteString(std::string_view text);

}  // namespace llkv
