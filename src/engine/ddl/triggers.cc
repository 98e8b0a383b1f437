// CREATE TRIGGER and DROP TRIGGER, inside the statement's transaction: triggers are part of their table's schema, and
// go with it.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/error.h"
#include "catalog/catalog.h"
#include "engine/statement_runner.h"

namespace llkv {

arrow::Result<StatementResult> StatementRunner::RunCreateTrigger(BoundCreateTrigger& create, StatementScope& scope,
                                                                 const CatalogSnapshotPtr& catalog) {
  const std::string name = create.trigger.name;
  if (catalog->FindTableOfTrigger(name) != nullptr) {
    if (create.if_not_exists) return Done("CREATE TRIGGER");
    return SqlError(sqlstate::kDuplicateObject, "trigger \"" + name + "\" already exists", create.name_position);
  }
  TableSchema schema = *create.table;
  schema.triggers.push_back(std::move(create.trigger));
  auto changed = session_.database()->catalog().ChangeTable(scope.transaction(), std::move(schema));
  if (!changed.ok()) return WithPosition(changed.status(), create.name_position);
  ARROW_RETURN_NOT_OK(scope.Commit());
  return Done("CREATE TRIGGER");
}

arrow::Result<StatementResult> StatementRunner::RunDropTrigger(const BoundDrop& drop, StatementScope& scope) {
  Catalog& tables = session_.database()->catalog();
  const CatalogSnapshotPtr catalog = tables.GetSnapshot(scope.transaction());
  // A statement changes a table's definition once.
  std::map<TableId, TableSchema> changed;
  for (const BoundDrop::Item& item : drop.items) {
    const TableSchemaPtr table = catalog->FindTableOfTrigger(item.name);
    const bool is_there =
        table != nullptr && (drop.trigger_table.empty() || FoldName(table->name) == FoldName(drop.trigger_table));
    if (!is_there) {
      if (drop.if_exists) continue;
      const std::string of = drop.trigger_table.empty() ? "" : " of table \"" + drop.trigger_table + "\"";
      return SqlError(sqlstate::kUndefinedObject, "trigger \"" + item.name + "\"" + of + " does not exist",
                      item.position);
    }
    TableSchema& schema = changed.try_emplace(table->id, *table).first->second;
    std::erase_if(schema.triggers,
                  [&item](const TriggerSchema& trigger) { return FoldName(trigger.name) == FoldName(item.name); });
  }
  for (auto& [id, schema] : changed) {
    ARROW_RETURN_NOT_OK(tables.ChangeTable(scope.transaction(), std::move(schema)).status());
  }
  ARROW_RETURN_NOT_OK(scope.Commit());
  return Done("DROP TRIGGER");
}

}  // namespace llkv
