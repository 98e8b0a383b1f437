// The parser's public functions: tokens of one statement at a time, given to a StatementParser.
#include "sql/parser/parser.h"

#include <limits>
#include <utility>

#include "base/error.h"
#include "sql/parser/lexer.h"
#include "sql/parser/statement_parser.h"

namespace llkv {

namespace {

arrow::Status CheckSize(std::string_view sql) {
  if (sql.size() < std::numeric_limits<uint32_t>::max()) return arrow::Status::OK();
  return SqlError(sqlstate::kStatementTooComplex, "a script is shorter than 4 GiB");
}

/// The next statement from *offset on, or null at the end; *offset moves behind its semicolon, also where it fails.
arrow::Result<AstStatementPtr> NextStatement(std::string_view sql, const ParserOptions& options, size_t* offset,
                                             StatementTokens* tokens) {
  while (*offset < sql.size()) {
    ReadStatementTokens(sql, options.dialect, *offset, tokens);
    *offset = tokens->next_offset;
    if (tokens->tokens.size() == 1) continue;
    StatementParser parser(sql, *tokens, options);
    AstStatementPtr statement = parser.ParseWholeStatement();
    if (!parser.status().ok()) return parser.status();
    return statement;
  }
  return nullptr;
}

}  // namespace

arrow::Result<AstStatementPtr> ScriptParser::Next() {
  ARROW_RETURN_NOT_OK(CheckSize(sql_));
  StatementTokens tokens;
  auto offset = static_cast<size_t>(offset_);
  arrow::Result<AstStatementPtr> statement = NextStatement(sql_, options_, &offset, &tokens);
  offset_ = static_cast<int64_t>(offset);
  return statement;
}

arrow::Result<std::vector<AstStatementPtr>> ParseScript(std::string_view sql, const ParserOptions& options) {
  ARROW_RETURN_NOT_OK(CheckSize(sql));
  StatementTokens tokens;
  std::vector<AstStatementPtr> statements;
  size_t offset = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(AstStatementPtr statement, NextStatement(sql, options, &offset, &tokens));
    if (statement == nullptr) return statements;
    statements.push_back(std::move(statement));
  }
}

arrow::Result<AstStatementPtr> ParseStatement(std::string_view sql, const ParserOptions& options) {
  ScriptParser script(sql, options);
  ARROW_ASSIGN_OR_RAISE(AstStatementPtr statement, script.Next());
  if (statement == nullptr) {
    return SqlError(sqlstate::kSyntaxError, "there is no statement", static_cast<int64_t>(sql.size()));
  }
  const int64_t next = script.offset();
  ARROW_ASSIGN_OR_RAISE(AstStatementPtr second, script.Next());
  if (second != nullptr) {
    return SqlError(sqlstate::kSyntaxError, "there is more than one statement", std::max(second->range.position, next));
  }
  return statement;
}

namespace {

/// The tokens of text that is no statement: a semicolon in it is a token that fits nothing.
arrow::Status ReadAllTokens(std::string_view sql, const ParserOptions& options, StatementTokens* tokens) {
  ARROW_RETURN_NOT_OK(CheckSize(sql));
  ReadStatementTokens(sql, options.dialect, 0, tokens);
  if (!tokens->terminated) return arrow::Status::OK();
  return SqlError(sqlstate::kSyntaxError, "syntax error at \";\"", tokens->tokens.back().begin);
}

}  // namespace

arrow::Result<AstExprPtr> ParseExpression(std::string_view sql, const ParserOptions& options) {
  StatementTokens tokens;
  ARROW_RETURN_NOT_OK(ReadAllTokens(sql, options, &tokens));
  StatementParser parser(sql, tokens, options);
  AstExprPtr expr = parser.ParseWholeExpression();
  ARROW_RETURN_NOT_OK(parser.status());
  return expr;
}

arrow::Result<AstTypeName> ParseTypeName(std::string_view sql, const ParserOptions& options) {
  StatementTokens tokens;
  ARROW_RETURN_NOT_OK(ReadAllTokens(sql, options, &tokens));
  StatementParser parser(sql, tokens, options);
  AstTypeName type = parser.ParseWholeType();
  ARROW_RETURN_NOT_OK(parser.status());
  return type;
}

SplitResult SplitStatements(std::string_view sql, const ParserOptions& options) {
  SplitResult result;
  if (!CheckSize(sql).ok()) return result;
  StatementTokens tokens;
  size_t offset = 0;
  while (offset < sql.size()) {
    ReadStatementTokens(sql, options.dialect, offset, &tokens);
    offset = tokens.next_offset;
    result.incomplete = tokens.unterminated_token;
    if (tokens.tokens.size() == 1) continue;
    result.statements.push_back({tokens.tokens.front().begin, tokens.tokens[tokens.tokens.size() - 2].end});
    result.incomplete = !tokens.terminated;
  }
  return result;
}

}  // namespace llkv
