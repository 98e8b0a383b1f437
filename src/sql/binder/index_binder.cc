// CREATE INDEX, REINDEX, and the columns of UNIQUE constraints.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/error.h"
#include "sql/binder/statement_binders.h"
#include "sql/binder/typing.h"

namespace llkv {

arrow::Result<std::vector<IndexColumn>> BindIndexColumns(const BindState& state, const TableSchema& table,
                                                         const std::vector<AstOrderItem>& items, const char* what) {
  std::vector<AstName> names;
  std::vector<IndexColumn> columns;
  for (const AstOrderItem& item : items) {
    const auto* ref = item.expr->TryAs<AstColumnRef>();
    if (ref == nullptr || ref->parts.size() != 1) {
      return Refuse(fmt::format("{} on anything but columns", what), item.expr->position);
    }
    names.push_back(ref->parts[0]);
    IndexColumn column;
    column.descending = item.descending;
    // As ORDER BY takes them.
    column.nulls_first =
        item.nulls == AstNullsOrder::kDefault ? item.descending != state.sqlite() : item.nulls == AstNullsOrder::kFirst;
    columns.push_back(column);
  }
  ARROW_ASSIGN_OR_RAISE(const std::vector<uint32_t> ordinals, TargetColumns(table, names));
  for (size_t i = 0; i < ordinals.size(); ++i) columns[i].ordinal = ordinals[i];
  return columns;
}

std::string FreeIndexName(const BindState& state, const TableSchema& table, const std::vector<IndexColumn>& columns,
                          std::string_view suffix) {
  std::string base = table.name;
  for (const IndexColumn& column : columns) base += "_" + table.columns[column.ordinal].name;
  base += fmt::format("_{}", suffix);
  const auto is_taken = [&](const std::string& name) {
    for (const IndexSchema& other : table.indexes) {
      if (SameName(other.name, name)) return true;
    }
    return state.catalog.FindTableOfIndex(name) != nullptr || state.catalog.FindTable(name) != nullptr ||
           state.catalog.FindView(name) != nullptr || state.catalog.FindType(name) != nullptr;
  };
  std::string name = base;
  for (int number = 1; is_taken(name); ++number) name = fmt::format("{}{}", base, number);
  return name;
}

arrow::Result<BoundCreateIndex> BindCreateIndex(BindState& state, const AstCreateIndex& create) {
  if (create.concurrently_position >= 0) return Refuse("CREATE INDEX CONCURRENTLY", create.concurrently_position);
  if (create.method_position >= 0) return Refuse("USING of an index", create.method_position);
  if (!create.options.empty()) return Refuse("WITH options of an index", create.options[0].range.position);
  BoundCreateIndex result;
  ARROW_ASSIGN_OR_RAISE(result.table, TargetTable(state, create.table));
  ARROW_ASSIGN_OR_RAISE(result.index.columns, BindIndexColumns(state, *result.table, create.columns, "an index"));
  if (create.where != nullptr) return Refuse("an index with WHERE", create.where->position);
  result.index.is_unique = create.unique;
  result.if_not_exists = create.if_not_exists;
  if (create.name.parts.empty()) {
    if (create.if_not_exists) {
      return SqlError(sqlstate::kSyntaxError, "IF NOT EXISTS needs a name", create.range.position);
    }
    result.index.name = FreeIndexName(state, *result.table, result.index.columns, "idx");
    result.name_position = create.range.position;
  } else {
    ARROW_ASSIGN_OR_RAISE(const AstName* name, PlainName(create.name));
    result.index.name = name->text;
    result.name_position = name->range.position;
  }
  result.used = std::move(state.used);
  return result;
}

arrow::Result<BoundReindex> BindReindex(const AstReindex& reindex) {
  BoundReindex result;
  switch (reindex.what) {
    case AstReindexKind::kAll:
      return result;
    case AstReindexKind::kTable:
      result.what = BoundReindex::What::kTable;
      break;
    case AstReindexKind::kIndex:
      result.what = BoundReindex::What::kIndex;
      break;
    case AstReindexKind::kTableOrIndex:
      result.what = BoundReindex::What::kTableOrIndex;
      break;
  }
  ARROW_ASSIGN_OR_RAISE(const AstName* name, PlainName(reindex.name));
  result.name = name->text;
  result.position = name->range.position;
  return result;
}

}  // namespace llkv
