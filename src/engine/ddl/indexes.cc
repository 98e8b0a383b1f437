// CREATE INDEX, DROP INDEX and REINDEX, inside the statement's transaction: the store builds an index's parts in the
// session's threads, and the catalog gets the table's changed schema.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "catalog/catalog.h"
#include "engine/statement_runner.h"
#include "runtime/scheduler.h"
#include "store/table_store.h"

namespace llkv {

namespace {

/// What the lanes of one phase share: the next part, and the first error.
class PhaseRun {
 public:
  PhaseRun(IndexBuild* build, uint32_t phase) : build_(build), phase_(phase), num_parts_(build->num_parts(phase)) {}

  uint32_t num_parts() const { return num_parts_; }
  /// Runs a part; false where there is none left, or one has failed.
  bool RunNext() {
    const uint32_t part = next_.fetch_add(1, std::memory_order_relaxed);
    if (part >= num_parts_ || has_failed_.load(std::memory_order_relaxed)) return false;
    const arrow::Status status = build_->RunPart(phase_, part);
    if (status.ok()) return true;
    has_failed_.store(true, std::memory_order_relaxed);
    MutexLock lock(mutex_);
    if (status_.ok()) status_ = status;
    return false;
  }
  arrow::Status status() const {
    MutexLock lock(mutex_);
    return status_;
  }

 private:
  IndexBuild* const build_;
  const uint32_t phase_;
  const uint32_t num_parts_;
  std::atomic<uint32_t> next_{0};
  std::atomic<bool> has_failed_{false};
  mutable Mutex mutex_;
  arrow::Status status_ LLKV_GUARDED_BY(mutex_);
};

class PhaseTask : public Task {
 public:
  explicit PhaseTask(PhaseRun* run) : run_(run) {}
  TaskResult Run() override { return run_->RunNext() ? TaskResult::kAgain : TaskResult::kDone; }

 private:
  PhaseRun* const run_;
};

arrow::Status RunPhase(PhaseRun& run, Scheduler* scheduler, uint32_t num_threads) {
  if (scheduler == nullptr || num_threads < 2 || run.num_parts() < 2) {
    while (run.RunNext()) {
    }
    return run.status();
  }
  std::vector<std::unique_ptr<PhaseTask>> tasks;
  TaskQueue queue(scheduler, num_threads - 1);
  for (uint32_t i = 0; i < std::min(num_threads, run.num_parts()); ++i) {
    tasks.push_back(std::make_unique<PhaseTask>(&run));
    queue.Submit(tasks.back().get());
  }
  while (true) {
    const uint64_t epoch = queue.epoch();
    if (queue.num_pending() == 0) return run.status();
    if (!queue.RunOne()) queue.WaitForChange(epoch);
  }
}

arrow::Status NoSuchIndex(const std::string& name) {
  return SqlError(sqlstate::kUndefinedObject, "index \"" + name + "\" does not exist");
}

}  // namespace

arrow::Status StatementRunner::BuildIndex(TableId table, IndexLayout layout, Transaction& transaction) {
  ARROW_ASSIGN_OR_RAISE(const auto store, session_.database()->catalog().GetStore(table));
  const ExecContext context = session_.MakeExecContext(*environment_, transaction, /*writes=*/true);
  ARROW_ASSIGN_OR_RAISE(const auto build,
                        store->BuildIndex(transaction, std::move(layout), context.num_threads, context.stop));
  for (uint32_t phase = 0; phase < build->num_phases(); ++phase) {
    PhaseRun run(build.get(), phase);
    ARROW_RETURN_NOT_OK(RunPhase(run, context.scheduler, context.num_threads));
  }
  return build->Finish();
}

arrow::Result<StatementResult> StatementRunner::RunCreateIndex(BoundCreateIndex& create, StatementScope& scope,
                                                               const CatalogSnapshotPtr& catalog) {
  if (create.if_not_exists && catalog->FindTableOfIndex(create.index.name) != nullptr) return Done("CREATE INDEX");
  Catalog& tables = session_.database()->catalog();
  TableSchema schema = *create.table;
  schema.indexes.push_back(std::move(create.index));
  auto changed = tables.ChangeTable(scope.transaction(), std::move(schema));
  if (!changed.ok()) return WithPosition(changed.status(), create.name_position);
  const IndexSchema& index = (*changed)->indexes.back();
  ARROW_RETURN_NOT_OK(BuildIndex((*changed)->id, Catalog::LayoutOf(index), scope.transaction()));
  ARROW_RETURN_NOT_OK(scope.Commit());
  return Done("CREATE INDEX");
}

arrow::Result<StatementResult> StatementRunner::RunDropIndex(const BoundDrop& drop, StatementScope& scope) {
  Catalog& tables = session_.database()->catalog();
  const CatalogSnapshotPtr catalog = tables.GetSnapshot(scope.transaction());
  // A statement changes a table's row of the catalog once, whatever the number of indexes that it drops.
  struct Change {
    TableSchema schema;
    std::vector<IndexId> dropped;
  };
  std::vector<Change> changes;
  for (size_t i = 0; i < drop.items.size(); ++i) {
    const BoundDrop::Item& item = drop.items[i];
    const auto is_same = [&item](const auto& other) { return FoldName(other.name) == FoldName(item.name); };
    const bool stands_before =
        std::any_of(drop.items.begin(), drop.items.begin() + static_cast<std::ptrdiff_t>(i), is_same);
    const TableSchemaPtr table = stands_before ? nullptr : catalog->FindTableOfIndex(item.name);
    if (table == nullptr) {
      if (drop.if_exists) continue;
      return WithPosition(NoSuchIndex(item.name), item.position);
    }
    auto change = std::find_if(changes.begin(), changes.end(),
                               [&table](const Change& other) { return other.schema.id == table->id; });
    if (change == changes.end()) change = changes.insert(changes.end(), {*table, {}});
    std::vector<IndexSchema>& indexes = change->schema.indexes;
    const auto found = std::find_if(indexes.begin(), indexes.end(), is_same);
    if (found == indexes.end() || found->is_constraint) {
      return SqlError(sqlstate::kDependentObjects,
                      "index \"" + item.name + "\" belongs to a constraint of table \"" + table->name + "\"",
                      item.position);
    }
    change->dropped.push_back(found->id);
    indexes.erase(found);
  }
  for (Change& change : changes) {
    ARROW_ASSIGN_OR_RAISE(const auto store, tables.GetStore(change.schema.id));
    ARROW_RETURN_NOT_OK(tables.ChangeTable(scope.transaction(), std::move(change.schema)).status());
    for (const IndexId id : change.dropped) ARROW_RETURN_NOT_OK(store->DropIndex(scope.transaction(), id));
  }
  ARROW_RETURN_NOT_OK(scope.Commit());
  return Done("DROP INDEX");
}

arrow::Status StatementRunner::RebuildIndexes(const TableSchema& table, std::string_view only,
                                              Transaction& transaction) {
  Catalog& tables = session_.database()->catalog();
  ARROW_ASSIGN_OR_RAISE(const auto store, tables.GetStore(table.id));
  TableSchema schema = table;
  const auto is_meant = [only](const std::string& name) { return only.empty() || FoldName(name) == FoldName(only); };
  std::vector<IndexId> old;
  std::vector<IndexLayout> layouts;
  if (!schema.primary_key.empty() && is_meant(schema.primary_key_name)) {
    old.push_back(std::exchange(schema.primary_key_index, tables.AllocateIndexId()));
    layouts.push_back(Catalog::PrimaryKeyLayout(schema));
  }
  for (IndexSchema& index : schema.indexes) {
    if (!is_meant(index.name)) continue;
    old.push_back(std::exchange(index.id, tables.AllocateIndexId()));
    layouts.push_back(Catalog::LayoutOf(index));
  }
  if (layouts.empty()) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(tables.ChangeTable(transaction, std::move(schema)).status());
  for (const IndexId id : old) ARROW_RETURN_NOT_OK(store->DropIndex(transaction, id));
  for (IndexLayout& layout : layouts) {
    ARROW_RETURN_NOT_OK(BuildIndex(table.id, std::move(layout), transaction));
  }
  return arrow::Status::OK();
}

arrow::Result<StatementResult> StatementRunner::RunReindex(const BoundReindex& reindex, StatementScope& scope,
                                                           const CatalogSnapshotPtr& catalog) {
  using What = BoundReindex::What;
  if (reindex.what == What::kAll) {
    for (const TableSchemaPtr& table : catalog->Tables()) {
      ARROW_RETURN_NOT_OK(RebuildIndexes(*table, {}, scope.transaction()));
    }
  } else {
    TableSchemaPtr table = reindex.what == What::kIndex ? nullptr : catalog->FindTable(reindex.name);
    std::string_view only;
    if (table == nullptr && reindex.what != What::kTable) {
      table = catalog->FindTableOfIndex(reindex.name);
      only = reindex.name;
    }
    if (table == nullptr) {
      if (reindex.what == What::kIndex) return WithPosition(NoSuchIndex(reindex.name), reindex.position);
      return SqlError(sqlstate::kUndefinedTable,
                      std::string(reindex.what == What::kTable ? "table" : "table or index") + " \"" + reindex.name +
                          "\" does not exist",
                      reindex.position);
    }
    ARROW_RETURN_NOT_OK(RebuildIndexes(*table, only, scope.transaction()));
  }
  ARROW_RETURN_NOT_OK(scope.Commit());
  return Done("REINDEX");
}

}  // namespace llkv
