// Quotes by PostgreSQL's rules and its list of words that are no plain names.
#include "functions/sql_quoting.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "functions/unicode.h"

namespace llkv {

namespace {

// In order.
constexpr std::string_view kReserved[] = {
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "json",
    "json_array",
    "json_arrayagg",
    "json_exists",
    "json_object",
    "json_objectagg",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_table",
    "json_value",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "merge_action",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
};
static_assert(std::is_sorted(std::begin(kReserved), std::end(kReserved)));

bool IsStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool IsPart(char c) { return IsStart(c) || (c >= '0' && c <= '9') || c == '$'; }
bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool IsPlainName(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  const bool plain = std::all_of(name.begin(), name.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  return plain && !std::binary_search(std::begin(kReserved), std::end(kReserved), name);
}

void AppendDoubled(std::string_view text, std::string_view doubled, std::string* out) {
  for (const char c : text) {
    if (doubled.find(c) != std::string_view::npos) out->push_back(c);
    out->push_back(c);
  }
}

// The name at text[*at], and what stands for it.
arrow::Result<std::string> ReadName(std::string_view text, size_t* at) {
  const auto bad = [&] {
    return SqlError(sqlstate::kInvalidParameter, fmt::format("string is not a valid identifier: \"{}\"", text));
  };
  std::string name;
  if (*at < text.size() && text[*at] == '"') {
    const auto is_quote = [&](size_t place) { return place < text.size() && text[place] == '"'; };
    for (++*at; !is_quote(*at) || is_quote(*at + 1); ++*at) {
      if (*at >= text.size()) return bad();
      if (is_quote(*at)) ++*at;
      name.push_back(text[*at]);
    }
    ++*at;
    return name.empty() ? arrow::Result<std::string>(bad()) : name;
  }
  if (*at >= text.size() || !IsStart(text[*at])) return bad();
  const size_t begin = *at;
  while (*at < text.size() && IsPart(text[*at])) ++*at;
  AppendConverted<LowerCode>(text.substr(begin, *at - begin), &name);
  return name;
}

}  // namespace

void AppendQuotedIdentifier(std::string_view name, std::string* out) {
  if (IsPlainName(name)) {
    out->append(name);
    return;
  }
  out->push_back('"');
  AppendDoubled(name, "\"", out);
  out->push_back('"');
}

void AppendQuotedLiteral(std::string_view text, std::string* out) {
  const bool escapes = text.find('\\') != std::string_view::npos;
  *out += escapes ? "E'" : "'";
  AppendDoubled(text, escapes ? "'\\" : "'", out);
  out->push_back('\'');
}

arrow::Result<std::vector<std::string>> ParseIdentifier(std::string_view text, bool strict) {
  std::vector<std::string> names;
  size_t at = 0;
  const auto skip_blanks = [&] {
    while (at < text.size() && IsBlank(text[at])) ++at;
  };
  for (;;) {
    skip_blanks();
    ARROW_ASSIGN_OR_RAISE(names.emplace_back(), ReadName(text, &at));
    skip_blanks();
    if (at >= text.size() || text[at] != '.') break;
    ++at;
  }
  if (strict && at < text.size()) {
    return SqlError(sqlstate::kInvalidParameter, fmt::format("string is not a valid identifier: \"{}\"", text));
  }
  return names;
}

}  // namespace llkv
