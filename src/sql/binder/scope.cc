// Name resolution.
#include "sql/binder/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "sql/binder/bind_state.h"

namespace llkv {
namespace {

arrow::Status Ambiguous(const std::string& name, int64_t position, const Scope& scope, const ScopeColumn& a,
                        const ScopeColumn& b) {
  std::string hint;
  if (a.table >= 0 && b.table >= 0 && a.table != b.table) {
    const std::string& left = scope.tables[static_cast<size_t>(a.table)].alias;
    const std::string& right = scope.tables[static_cast<size_t>(b.table)].alias;
    if (!left.empty() && !right.empty()) hint = fmt::format("write \"{}.{}\" or \"{}.{}\"", left, name, right, name);
  }
  return SqlError(sqlstate::kAmbiguousColumn, fmt::format("column \"{}\" is ambiguous", name), position,
                  std::move(hint));
}

int32_t FindTable(const Scope& scope, const AstName& alias) {
  for (size_t i = 0; i < scope.tables.size(); ++i) {
    if (SameName(scope.tables[i].alias, alias.key)) return static_cast<int32_t>(i);
  }
  return -1;
}

arrow::Result<ResolvedColumn> ResolveInTable(const Scope& scope, int32_t table, const AstName& name, int depth) {
  ResolvedColumn found;
  for (const ScopeColumn& column : scope.columns) {
    if (column.table != table || column.is_marker || !SameName(column.name, name.key)) continue;
    if (found.column != nullptr) return Ambiguous(name.text, name.range.position, scope, *found.column, column);
    found = {&column, depth, &scope};
  }
  if (found.column != nullptr) return found;
  std::vector<std::string> candidates;
  for (const ScopeColumn& column : scope.columns) {
    if (column.table == table && !column.is_marker) candidates.push_back(column.name);
  }
  return SqlError(
      sqlstate::kUndefinedColumn,
      fmt::format("table \"{}\" has no column \"{}\"", scope.tables[static_cast<size_t>(table)].alias, name.text),
      name.range.position, NearestNameHint(name.text, candidates));
}

arrow::Result<ResolvedColumn> ResolveQualified(const Scope* scope, const AstColumnRef& ref) {
  const AstName& table = ref.parts[ref.parts.size() - 2];
  std::vector<std::string> candidates;
  int depth = 0;
  for (const Scope* s = scope; s != nullptr; s = s->parent, ++depth) {
    const int32_t index = FindTable(*s, table);
    if (index >= 0) return ResolveInTable(*s, index, ref.parts.back(), depth);
    for (const ScopeTable& t : s->tables) candidates.push_back(t.alias);
  }
  return SqlError(sqlstate::kUndefinedTable, fmt::format("there is no table \"{}\" in FROM", table.text),
                  table.range.position, NearestNameHint(table.text, candidates));
}

}  // namespace

void Scope::AddTable(std::string alias, const std::vector<OutputColumn>& table_columns) {
  const auto table = static_cast<int32_t>(tables.size());
  tables.push_back({.alias = std::move(alias)});
  columns.reserve(columns.size() + table_columns.size());
  visible.reserve(visible.size() + table_columns.size());
  for (const OutputColumn& column : table_columns) {
    visible.push_back(static_cast<uint32_t>(columns.size()));
    columns.push_back({column.name, column.id, column.type, table});
  }
}

void Scope::AddMarker(const OutputColumn& column) {
  columns.push_back({column.name, column.id, column.type, static_cast<int32_t>(tables.size()) - 1, true});
}

void Scope::Append(Scope other) {
  const auto first_table = static_cast<int32_t>(tables.size());
  const auto first_column = static_cast<uint32_t>(columns.size());
  std::move(other.tables.begin(), other.tables.end(), std::back_inserter(tables));
  for (ScopeColumn& column : other.columns) {
    if (column.table >= 0) column.table += first_table;
    columns.push_back(std::move(column));
  }
  for (uint32_t index : other.visible) visible.push_back(first_column + index);
}

bool Scope::Has(ColumnId id) const {
  return std::any_of(columns.begin(), columns.end(), [id](const ScopeColumn& column) { return column.id == id; });
}

ResolvedTable ResolveTable(const Scope* scope, const AstName& alias) {
  int depth = 0;
  for (const Scope* s = scope; s != nullptr; s = s->parent, ++depth) {
    const int32_t index = FindTable(*s, alias);
    if (index >= 0) return {s, depth, index};
  }
  return {};
}

arrow::Result<ResolvedColumn> ResolveInScope(const Scope& scope, const AstName& name) {
  ResolvedColumn found;
  for (uint32_t index : scope.visible) {
    const ScopeColumn& column = scope.columns[index];
    if (!SameName(column.name, name.key)) continue;
    if (found.column != nullptr) return Ambiguous(name.text, name.range.position, scope, *found.column, column);
    found = {&column, 0, &scope};
  }
  for (size_t i = 0; i < scope.tables.size() && found.column == nullptr; ++i) {
    if (!scope.tables[i].is_value || !SameName(scope.tables[i].alias, name.key)) continue;
    const auto column = std::find_if(scope.columns.begin(), scope.columns.end(), [i](const ScopeColumn& candidate) {
      return candidate.table == static_cast<int32_t>(i);
    });
    found = {&*column, 0, &scope};
  }
  return found;
}

arrow::Result<ResolvedColumn> ResolveColumn(const Scope* scope, const AstColumnRef& ref) {
  if (ref.parts.size() > 1) {
    for (size_t i = 0; i + 2 < ref.parts.size(); ++i) {
      if (!SameName(ref.parts[i].key, "main")) {
        return Refuse(fmt::format("\"{}\" before a table's name: only \"main\" is there", ref.parts[i].text),
                      ref.parts[i].range.position);
      }
    }
    return ResolveQualified(scope, ref);
  }
  const AstName& name = ref.parts[0];
  int depth = 0;
  for (const Scope* s = scope; s != nullptr; s = s->parent, ++depth) {
    ARROW_ASSIGN_OR_RAISE(ResolvedColumn found, ResolveInScope(*s, name));
    if (found.column == nullptr) continue;
    found.depth = depth;
    return found;
  }
  std::vector<std::string> candidates;
  for (const Scope* s = scope; s != nullptr; s = s->parent) {
    for (uint32_t index : s->visible) candidates.push_back(s->columns[index].name);
  }
  return SqlError(sqlstate::kUndefinedColumn, fmt::format("there is no column \"{}\"", name.text), name.range.position,
                  NearestNameHint(name.text, candidates));
}

BoundExprPtr MakeColumnRef(const ResolvedColumn& resolved, int64_t position) {
  const ScopeColumn& column = *resolved.column;
  std::string name = column.name;
  if (column.table >= 0 && (resolved.depth > 0 || resolved.scope->tables.size() > 1)) {
    const std::string& alias = resolved.scope->tables[static_cast<size_t>(column.table)].alias;
    if (!alias.empty()) name = alias + "." + name;
  }
  return BoundExpr::Column(column.id, column.type, std::move(name), position);
}

}  // namespace llkv
