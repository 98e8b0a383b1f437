// CREATE TABLE (with AS), CREATE VIEW and DROP, inside the statement's transaction.
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "catalog/catalog.h"
#include "engine/statement_runner.h"
#include "plan/logical_plan.h"

namespace llkv {

namespace {

/// What CREATE does about a name that is taken: go on after dropping it, say that there is nothing to do, or fail.
enum class NameIs : uint8_t { kFree, kTakenAndFine };

arrow::Result<NameIs> PrepareName(Catalog& catalog, Transaction& transaction, const CatalogSnapshot& snapshot,
                                  const std::string& name, bool if_not_exists, bool or_replace, bool want_view,
                                  int64_t position) {
  const CatalogEntry* entry = snapshot.Find(name);
  if (entry == nullptr) return NameIs::kFree;
  const bool is_view = entry->view != nullptr;
  const std::string kind = entry->type != nullptr ? "type" : is_view ? "view" : "table";
  if (if_not_exists) return NameIs::kTakenAndFine;
  if (!or_replace) {
    return SqlError(sqlstate::kDuplicateTable, kind + " \"" + entry->name() + "\" exists already", position);
  }
  if (is_view != want_view || entry->type != nullptr) {
    return SqlError(
        sqlstate::kWrongObjectType,
        "\"" + entry->name() + "\" is a " + kind + " and cannot be replaced by a " + (want_view ? "view" : "table"),
        position);
  }
  const std::string old_name = entry->name();
  ARROW_RETURN_NOT_OK(is_view ? catalog.DropView(transaction, old_name) : catalog.DropTable(transaction, old_name));
  return NameIs::kFree;
}

/// INSERT of a query's rows into a table that was just made.
void PutInsertAbove(BoundStatementPlan& plan, const TableSchema& table) {
  auto insert = std::make_unique<LogicalInsert>();
  insert->table = table.id;
  insert->table_name = table.name;
  insert->bulk = true;
  insert->children.push_back(std::move(plan.root));
  insert->output.push_back({ColumnId(plan.next_column_id++), TypeId::kBigInt, "count"});
  plan.root = std::move(insert);
}

}  // namespace

arrow::Result<StatementResult> StatementRunner::RunCreateTable(BoundCreateTable& create, StatementScope& scope,
                                                               const CatalogSnapshotPtr& catalog) {
  Catalog& tables = session_.database()->catalog();
  Transaction& transaction = scope.transaction();
  ARROW_ASSIGN_OR_RAISE(const NameIs name,
                        PrepareName(tables, transaction, *catalog, create.schema.name, create.if_not_exists,
                                    create.or_replace, /*want_view=*/false, create.name_position));
  if (name == NameIs::kTakenAndFine) return Done("CREATE TABLE");
  auto table = tables.CreateTable(transaction, std::move(create.schema));
  if (!table.ok()) return WithPosition(table.status(), create.name_position);
  StatementResult result = Done("CREATE TABLE");
  if (create.source.has_value()) {
    PutInsertAbove(*create.source, **table);
    ARROW_ASSIGN_OR_RAISE(result.rows_changed, RunChange(*create.source, transaction, catalog, {}));
  }
  ARROW_RETURN_NOT_OK(scope.Commit());
  return result;
}

arrow::Result<StatementResult> StatementRunner::RunCreateView(BoundCreateView& create, StatementScope& scope,
                                                              const CatalogSnapshotPtr& catalog) {
  Catalog& views = session_.database()->catalog();
  ARROW_ASSIGN_OR_RAISE(const NameIs name,
                        PrepareName(views, scope.transaction(), *catalog, create.schema.name, create.if_not_exists,
                                    create.or_replace, /*want_view=*/true, create.name_position));
  if (name == NameIs::kTakenAndFine) return Done("CREATE VIEW");
  auto view = views.CreateView(scope.transaction(), std::move(create.schema));
  if (!view.ok()) return WithPosition(view.status(), create.name_position);
  ARROW_RETURN_NOT_OK(scope.Commit());
  return Done("CREATE VIEW");
}

arrow::Result<StatementResult> StatementRunner::RunCreateType(BoundCreateType& create, StatementScope& scope,
                                                              const CatalogSnapshotPtr& catalog) {
  Catalog& types = session_.database()->catalog();
  const CatalogEntry* other = catalog->Find(create.schema.name);
  if (other != nullptr && other->type != nullptr) {
    if (create.if_not_exists) return Done("CREATE TYPE");
    if (create.or_replace) {
      const std::string old_name = other->name();
      ARROW_RETURN_NOT_OK(types.DropType(scope.transaction(), old_name));
    }
  }
  auto type = types.CreateType(scope.transaction(), std::move(create.schema));
  if (!type.ok()) return WithPosition(type.status(), create.name_position);
  ARROW_RETURN_NOT_OK(scope.Commit());
  return Done("CREATE TYPE");
}

arrow::Result<StatementResult> StatementRunner::RunDrop(const BoundDrop& drop, StatementScope& scope,
                                                        const CatalogSnapshotPtr& catalog) {
  using Kind = BoundDrop::Kind;
  if (drop.kind == Kind::kIndex) return RunDropIndex(drop, scope);
  if (drop.kind == Kind::kTrigger) return RunDropTrigger(drop, scope);
  Catalog& objects = session_.database()->catalog();
  for (const BoundDrop::Item& item : drop.items) {
    if (drop.if_exists && catalog->Find(item.name) == nullptr) continue;
    const arrow::Status dropped = drop.kind == Kind::kType   ? objects.DropType(scope.transaction(), item.name)
                                  : drop.kind == Kind::kView ? objects.DropView(scope.transaction(), item.name)
                                                             : objects.DropTable(scope.transaction(), item.name);
    if (!dropped.ok()) return WithPosition(dropped, item.position);
  }
  ARROW_RETURN_NOT_OK(scope.Commit());
  return Done(drop.kind == Kind::kType ? "DROP TYPE" : drop.kind == Kind::kView ? "DROP VIEW" : "DROP TABLE");
}

}  // namespace llkv
