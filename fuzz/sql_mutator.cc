// See sql_mutator.h.
#include "sql_mutator.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>

namespace llkv::fuzz {
namespace {

constexpr size_t kMaxStatements = 40;
constexpr size_t kMaxTokens = 400;

constexpr std::array<const char*, 32> kValues = {"NULL",
                                                 "0",
                                                 "1",
                                                 "-1",
                                                 "9223372036854775807",
                                                 "-9223372036854775808",
                                                 "1e308",
                                                 "0.1",
                                                 "''",
                                                 "'a'",
                                                 "'é'",
                                                 "'\\'",
                                                 "TRUE",
                                                 "DATE '2024-02-29'",
                                                 "'{}'",
                                                 "[1, NULL]",
                                                 "1.5::DECIMAL(38, 10)",
                                                 "INTERVAL '1 month'",
                                                 "x'00'",
                                                 "-0.0",
                                                 "'NaN'::DOUBLE",
                                                 "TIMESTAMP '2024-01-01 00:00:00'",
                                                 "(SELECT 1)",
                                                 "count(*)",
                                                 "*",
                                                 "DISTINCT",
                                                 "OVER ()",
                                                 "LIMIT 1",
                                                 "ORDER BY 1",
                                                 "WHERE FALSE",
                                                 "NOT",
                                                 "[]"};

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c < 0; }

std::vector<std::string> Split(std::string_view sql) {
  std::vector<std::string> tokens;
  for (size_t i = 0; i < sql.size();) {
    const size_t begin = i;
    const char c = sql[i];
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++i;
      continue;
    }
    if (c == '\'' || c == '"') {
      const size_t end = sql.find(c, i + 1);
      i = end == std::string_view::npos ? sql.size() : end + 1;
    } else if (IsWord(c)) {
      while (i < sql.size() && IsWord(sql[i])) ++i;
    } else {
      static constexpr std::string_view kOperators = "<>=!|:-";
      ++i;
      while (i < sql.size() && kOperators.find(c) != std::string_view::npos &&
             kOperators.find(sql[i]) != std::string_view::npos) {
        ++i;
      }
    }
    tokens.emplace_back(sql.substr(begin, i - begin));
  }
  return tokens;
}

std::string Join(const std::vector<std::string>& tokens) {
  std::string sql;
  for (const std::string& token : tokens) sql += (sql.empty() ? "" : " ") + token;
  return sql;
}

bool IsSetUp(const std::string& statement) {
  return statement.starts_with("CREATE") || statement.starts_with("INSERT") || statement.starts_with("create");
}

}  // namespace

std::vector<std::string> ReadStatements(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> statements;
  std::string statement;
  bool is_inside = false;
  for (std::string line; std::getline(file, line);) {
    if (!is_inside) {
      is_inside = line.starts_with("statement") || line.starts_with("query");
    } else if (line.empty() || line == "----") {
      if (!statement.empty()) statements.push_back(statement);
      statement.clear();
      is_inside = false;
    } else {
      statement += (statement.empty() ? "" : " ") + line;
    }
  }
  if (!statement.empty()) statements.push_back(statement);
  return statements;
}

SqlMutator::SqlMutator(std::vector<std::vector<std::string>> files, uint64_t seed)
    : files_(std::move(files)), random_(seed) {
  for (const std::vector<std::string>& file : files_) {
    for (const std::string& statement : file) {
      Tokens tokens = Split(statement);
      if (!tokens.empty() && tokens.size() <= kMaxTokens) statements_.push_back(std::move(tokens));
    }
  }
}

const std::string& SqlMutator::AnyToken() {
  const Tokens& tokens = statements_[Below(statements_.size())];
  return tokens[Below(tokens.size())];
}

size_t SqlMutator::PartEnd(const Tokens& tokens, size_t begin) {
  if (tokens[begin] != "(") return begin + 1;
  size_t depth = 0;
  for (size_t i = begin; i < tokens.size(); ++i) {
    depth += tokens[i] == "(" ? 1 : 0;
    depth -= tokens[i] == ")" ? 1 : 0;
    if (depth == 0) return i + 1;
  }
  return tokens.size();
}

void SqlMutator::Mutate(Tokens& tokens) {
  const size_t at = Below(tokens.size());
  const auto place = [&tokens](size_t i) { return tokens.begin() + static_cast<std::ptrdiff_t>(i); };
  const size_t end = PartEnd(tokens, at);
  switch (Below(8)) {
    case 0:
      tokens[at] = AnyToken();
      return;
    case 1:
      tokens[at] = kValues[Below(kValues.size())];
      return;
    case 2:
      tokens.erase(place(at), place(end));
      if (tokens.empty()) tokens.emplace_back("SELECT");
      return;
    case 3: {
      const Tokens part(place(at), place(end));
      tokens.insert(place(Below(tokens.size())), part.begin(), part.end());
      return;
    }
    case 4:
      std::swap(tokens[at], tokens[Below(tokens.size())]);
      return;
    case 5: {
      // A part of another statement in place of this one.
      const Tokens& other = statements_[Below(statements_.size())];
      const size_t from = Below(other.size());
      const Tokens part(other.begin() + static_cast<std::ptrdiff_t>(from),
                        other.begin() + static_cast<std::ptrdiff_t>(PartEnd(other, from)));
      tokens.erase(place(at), place(end));
      tokens.insert(place(std::min(at, tokens.size())), part.begin(), part.end());
      return;
    }
    case 6:
      tokens.insert(place(end), ")");
      tokens.insert(place(at), "(");
      return;
    default:
      tokens.insert(place(at), AnyToken());
      return;
  }
}

std::string SqlMutator::Mutated(const std::string& statement) {
  Tokens tokens = Split(statement);
  if (tokens.empty() || tokens.size() > kMaxTokens) return statement;
  for (uint64_t i = 1 + Below(3); i > 0; --i) Mutate(tokens);
  return Join(tokens);
}

std::string SqlMutator::Next() {
  const std::vector<std::string>& file = files_[Below(files_.size())];
  std::string script;
  size_t num_statements = 0;
  for (const std::string& statement : file) {
    if (num_statements == kMaxStatements) break;
    const bool is_kept = IsSetUp(statement) ? Below(20) != 0 : Below(4) == 0;
    if (!is_kept && Below(4) != 0) continue;
    const bool is_changed = !is_kept || (!IsSetUp(statement) && Below(3) != 0);
    script += (is_changed ? Mutated(statement) : statement) + ";\n";
    ++num_statements;
  }
  return script;
}

}  // namespace llkv::fuzz
