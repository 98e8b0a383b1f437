// UPDATE and DELETE: see changes.h.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "exec/operators/changes.h"
#include "exec/operators/collect.h"
#include "runtime/stop_token.h"
#include "store/table_store.h"

namespace llkv {

namespace {

constexpr size_t kRowsPerDelete = 16 * 1024;

std::vector<LogicalType> TypesOf(const std::vector<OutputColumn>& columns) {
  std::vector<LogicalType> types;
  for (const OutputColumn& column : columns) types.push_back(column.type);
  return types;
}

/// Keeps all rows that come; then Apply changes the table by them.
class ChangeSink : public CollectSink {
 public:
  ChangeSink(TableId table, std::vector<LogicalType> types, std::shared_ptr<RowCount> count)
      : CollectSink(std::move(types), std::make_shared<CollectedRows>()), table_(table), count_(std::move(count)) {}

  arrow::Status Open(QueryContext& query) override {
    if (query.exec->transaction == nullptr) return InternalError("a change without a transaction");
    count_->rows.store(0, std::memory_order_relaxed);
    return CollectSink::Open(query);
  }

  arrow::Status Finalize(QueryContext& query) override {
    ARROW_RETURN_NOT_OK(CollectSink::Finalize(query));
    if (rows().rows->num_rows() == 0) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<TableStore> store, query.exec->stores->FindStore(table_));
    ARROW_ASSIGN_OR_RAISE(const uint64_t changed, Apply(query, *store, *query.exec->transaction));
    count_->rows.store(static_cast<int64_t>(changed), std::memory_order_relaxed);
    return arrow::Status::OK();
  }

 protected:
  virtual arrow::Result<uint64_t> Apply(QueryContext& query, TableStore& store, Transaction& transaction) = 0;

  /// Deletes the rows whose ids are in the first column; gives how many there were, each counted once.
  arrow::Result<uint64_t> DeleteAll(QueryContext& query, TableStore& store, Transaction& transaction) {
    std::vector<RowId> ids;
    uint64_t deleted = 0;
    const BatchCollection& collected = *rows().rows;
    for (size_t i = 0; i < collected.num_chunks(); ++i) {
      const Batch chunk = collected.chunk(i);
      const uint64_t* values = chunk.columns[0].values<uint64_t>();
      for (uint32_t row = 0; row < chunk.num_rows; ++row) ids.emplace_back(values[row]);
      if (ids.size() < kRowsPerDelete && i + 1 < collected.num_chunks()) continue;
      ARROW_RETURN_NOT_OK(query.stop->Check());
      ARROW_ASSIGN_OR_RAISE(const uint64_t now, store.Delete(transaction, ids));
      deleted += now;
      ids.clear();
    }
    return deleted;
  }

 private:
  const TableId table_;
  std::shared_ptr<RowCount> count_;
};

class Delete : public ChangeSink {
 public:
  Delete(const LogicalDelete& node, std::shared_ptr<RowCount> count)
      : ChangeSink(node.table, {TypeId::kUBigInt}, std::move(count)) {}

  arrow::Result<SinkResult> Consume(LaneContext& lane, const Batch& batch, LaneState& state) override {
    return ChangeSink::Consume(lane, Batch{batch.columns.subspan(0, 1), batch.num_rows, batch.selection}, state);
  }

 protected:
  arrow::Result<uint64_t> Apply(QueryContext& query, TableStore& store, Transaction& transaction) override {
    return DeleteAll(query, store, transaction);
  }
};

class Update : public ChangeSink {
 public:
  Update(const LogicalUpdate& node, std::shared_ptr<RowCount> count)
      : ChangeSink(node.table, TypesOf(node.children[0]->output), std::move(count)) {}

 protected:
  arrow::Result<uint64_t> Apply(QueryContext& query, TableStore& store, Transaction& transaction) override {
    ARROW_ASSIGN_OR_RAISE(const uint64_t deleted, DeleteAll(query, store, transaction));
    const BatchCollection& collected = *rows().rows;
    // A row that was found twice (UPDATE … FROM) is written once.
    const bool has_duplicates = deleted != collected.num_rows();
    std::unique_ptr<BulkWriter> bulk;
    if (deleted >= kMinBulkRows) {
      ARROW_ASSIGN_OR_RAISE(bulk, store.MakeBulkWriter(transaction, query.pool));
    }
    std::unordered_set<uint64_t> seen;
    std::vector<uint16_t> firsts;
    for (size_t i = 0; i < collected.num_chunks(); ++i) {
      ARROW_RETURN_NOT_OK(query.stop->Check());
      const Batch chunk = collected.chunk(i);
      Batch written{chunk.columns.subspan(1), chunk.num_rows, chunk.selection};
      if (has_duplicates) {
        firsts.clear();
        const uint64_t* ids = chunk.columns[0].values<uint64_t>();
        for (uint32_t row = 0; row < chunk.num_rows; ++row) {
          if (seen.insert(ids[row]).second) firsts.push_back(static_cast<uint16_t>(row));
        }
        written.selection = Selection{firsts.data(), static_cast<uint32_t>(firsts.size())};
        if (firsts.empty()) continue;
      }
      ARROW_RETURN_NOT_OK(bulk != nullptr ? bulk->Append(written)
                                          : store.Append(transaction, written, UniqueCheck::kAtEndOfStatement));
    }
    if (bulk != nullptr) ARROW_RETURN_NOT_OK(bulk->Finish());
    return deleted;
  }
};

}  // namespace

std::unique_ptr<Sink> MakeUpdate(const LogicalUpdate& node, std::shared_ptr<RowCount> count) {
  return std::make_unique<Update>(node, std::move(count));
}

std::unique_ptr<Sink> MakeDelete(const LogicalDelete& node, std::shared_ptr<RowCount> count) {
  return std::make_unique<Delete>(node, std::move(count));
}

}  // namespace llkv
