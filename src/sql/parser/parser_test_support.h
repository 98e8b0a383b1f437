// What the parser's tests share: parse, print, and look at errors.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/error.h"
#include "sql/parser/parser.h"
#include "sql/parser/printer.h"

namespace llkv {

inline ParserOptions SqliteOptions() {
  ParserOptions options;
  options.dialect = SqlDialect::kSqlite;
  return options;
}

/// The expression with parentheses around every operation, or the error's text.
inline std::string Understood(std::string_view sql, const ParserOptions& options = {}) {
  arrow::Result<AstExprPtr> expr = ParseExpression(sql, options);
  return expr.ok() ? ToSql(**expr, AstParentheses::kAll) : expr.status().message();
}

/// The query as the printer gives it, or the error's text.
inline std::string Printed(std::string_view sql, const ParserOptions& options = {}) {
  arrow::Result<AstStatementPtr> statement = ParseStatement(sql, options);
  if (!statement.ok()) return statement.status().message();
  if (!(*statement)->Is<AstQueryStatement>()) return "no query";
  return ToSql(*(*statement)->As<AstQueryStatement>().query);
}

/// SQLSTATE, position and message of the error that parsing gives: "42601@7: …".
inline std::string ErrorOf(std::string_view sql, const ParserOptions& options = {}) {
  arrow::Result<std::vector<AstStatementPtr>> script = ParseScript(sql, options);
  if (script.ok()) return "ok";
  const SqlErrorDetail* detail = GetSqlError(script.status());
  if (detail == nullptr) return "no detail";
  return detail->sqlstate() + "@" + std::to_string(detail->position()) + ": " + script.status().message();
}

/// The only statement of a text, as a T; fails the test where it is another.
template <typename T>
std::unique_ptr<T> ParseAs(std::string_view sql, const ParserOptions& options = {}) {
  arrow::Result<AstStatementPtr> statement = ParseStatement(sql, options);
  if (!statement.ok()) {
    ADD_FAILURE() << FormatErrorWithCaret(sql, statement.status());
    return nullptr;
  }
  if (!(*statement)->Is<T>()) {
    ADD_FAILURE() << "another kind of statement: " << sql;
    return nullptr;
  }
  return std::unique_ptr<T>(static_cast<T*>(statement->release()));
}

}  // namespace llkv
