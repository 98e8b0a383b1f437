// Any bytes through the parser, in both dialects: no crash, errors inside the text, and what parses prints as SQL that
// parses to the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sql/parser/parser.h"
#include "sql/parser/printer.h"

namespace {

void Check(bool condition) {
  if (!condition) std::abort();
}

void CheckRoundTrip(const llkv::AstQuery& query, const llkv::ParserOptions& options) {
  const std::string printed = llkv::ToSql(query);
  auto again = llkv::ParseStatement(printed, options);
  // Parentheses that only the printer writes may nest too deeply.
  if (!again.ok() && llkv::GetSqlState(again.status()) == llkv::sqlstate::kStatementTooComplex) return;
  Check(again.ok() && (*again)->Is<llkv::AstQueryStatement>());
  Check(llkv::ToSql(*(*again)->As<llkv::AstQueryStatement>().query) == printed);
}

void ParseWith(std::string_view sql, llkv::SqlDialect dialect) {
  llkv::ParserOptions options;
  options.dialect = dialect;
  llkv::SplitStatements(sql, options);
  llkv::ScriptParser script(sql, options);
  while (true) {
    const int64_t before = script.offset();
    auto statement = script.Next();
    if (!statement.ok()) {
      const llkv::SqlErrorDetail* detail = llkv::GetSqlError(statement.status());
      Check(detail != nullptr && detail->position() >= 0 && detail->position() <= static_cast<int64_t>(sql.size()));
      llkv::FormatErrorWithCaret(sql, statement.status());
      Check(script.offset() > before);
      continue;
    }
    if (*statement == nullptr) break;
    const llkv::AstRange range = (*statement)->range;
    Check(range.position >= before && range.position < range.end && range.end <= static_cast<int64_t>(sql.size()));
    if ((*statement)->Is<llkv::AstQueryStatement>()) {
      CheckRoundTrip(*(*statement)->As<llkv::AstQueryStatement>().query, options);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view sql(reinterpret_cast<const char*>(data), size);
  ParseWith(sql, llkv::SqlDialect::kPostgres);
  ParseWith(sql, llkv::SqlDialect::kSqlite);
  return 0;
}
