// Syntax tree to SQL text: views, CHECK and DEFAULT are stored as text, and messages show expressions. Must not know
// tables or types.
#pragma once

#include <string>
#include <string_view>

#include "sql/parser/ast.h"

namespace llkv {

/// SQL text that parses to an equal tree (positions apart), on one line. Parentheses stand only where they are needed.
std::string ToSql(const AstExpr& expr);
std::string ToSql(const AstQuery& query);
std::string ToSql(const AstTypeName& type);

/// "name" in double quotes where it needs them, else as it is.
std::string QuoteIdentifier(std::string_view name);
/// 'text' with quotes doubled.
std::string QuoteString(std::string_view text);

}  // namespace llkv
