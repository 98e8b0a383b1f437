// Text to syntax tree, for the union of the SQLite, PostgreSQL and DuckDB dialects. Here so that the binder and the
// engine see trees and never text. Must not know tables, types, functions or settings.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sql/parser/ast.h"

namespace llkv {

/// Where the dialects contradict each other in how text is read.
enum class SqlDialect : uint8_t {
  kPostgres,
  /// Also `name` and [name] as identifiers.
  kSqlite,
};

struct ParserOptions {
  SqlDialect dialect = SqlDialect::kPostgres;
  /// How deep expressions, queries and joins may nest; beyond it the error is 54001. A stack of 8 MiB suffices for the
  /// default, under sanitizers too.
  int32_t max_depth = 1000;
};

/// Parses all statements of a script, separated by semicolons. Empty statements give nothing.
///
/// Errors: 42601 with the byte position in `sql` of the first token that fits nothing, 54001 where it nests too deeply.
arrow::Result<std::vector<AstStatementPtr>> ParseScript(std::string_view sql, const ParserOptions& options = {});

/// Parses exactly one statement; a semicolon may follow. Errors as ParseScript; 42601 too for none and for several.
arrow::Result<AstStatementPtr> ParseStatement(std::string_view sql, const ParserOptions& options = {});

/// Parses exactly one expression: a stored CHECK or DEFAULT. Errors as ParseScript.
arrow::Result<AstExprPtr> ParseExpression(std::string_view sql, const ParserOptions& options = {});

/// Parses exactly one type name: "decimal(12, 2)". Errors as ParseScript.
arrow::Result<AstTypeName> ParseTypeName(std::string_view sql, const ParserOptions& options = {});

/// Reads a script statement by statement, so that a caller can run the ones before an error, and go on after one.
///
/// Positions in trees and errors count from the start of the whole script. `sql` must outlive the reader.
class ScriptParser {
 public:
  explicit ScriptParser(std::string_view sql, const ParserOptions& options = {}) : sql_(sql), options_(options) {}

  /// The next statement, or null at the end. After an error, the next call goes on behind the failed statement's
  /// semicolon.
  arrow::Result<AstStatementPtr> Next();

  /// Where the next statement's text begins.
  int64_t offset() const { return offset_; }

 private:
  std::string_view sql_;
  ParserOptions options_;
  int64_t offset_ = 0;
};

/// The statements' ranges, found by the lexer alone: each without its semicolon; empty ones are left out.
struct SplitResult {
  std::vector<AstRange> statements;
  /// The last statement has no semicolon yet, or a string, comment or bracket is open: a REPL asks for another line.
  bool incomplete = false;
};

/// Splits a script into statements without parsing them. Never fails: text that is no token belongs to its statement.
SplitResult SplitStatements(std::string_view sql, const ParserOptions& options = {});

/// Renders an error for people: the message, the line with its number, a caret below the place, and the hint.
///
/// Columns count characters of UTF-8, and tabs stay tabs; a long line is cut to a window around the place. Without a
/// position in `status` this is the message alone.
std::string FormatErrorWithCaret(std::string_view sql, const arrow::Status& status);

}  // namespace llkv
