// ColumnStoreCore: what stands behind a ColumnStore and its readers: the storage, the list of its tables, and the one
// way to change them. It knows no Arrow batches; appending and reading are in other files.
//
// A store's rows are in tables with the row id as first column and primary key, called segments. A segment's columns
// are fixed, so fields that are new begin a new one, which has all of the fields; a row is in one segment. A sort index
// is a table of (row id, value). Which tables there are is rows of the catalog's table, so a snapshot reads them as it
// reads rows. docs/column_store.md has the whole of it.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "engine/background/maintenance.h"
#include "llkv/column_store.h"
#include "store/column_table.h"
#include "store/object_table.h"
#include "store/storage.h"
#include "txn/txn.h"

namespace llkv {

/// The ordinal of the row id in every table of a store.
inline constexpr uint32_t kRowIdOrdinal = 0;

/// A table of a store.
struct StoreTable {
  std::shared_ptr<TableStore> table;

  const TableLayout& layout() const { return table->layout(); }
  /// The ordinal of a field, the row id's among them; nothing where the table does not have it.
  std::optional<uint32_t> Find(LogicalFieldId field) const;
};

struct StoreSortIndex {
  LogicalFieldId field;
  StoreTable table;
};

/// A store as a snapshot sees it.
struct StoreView {
  Snapshot snapshot;
  /// Null in a transaction.
  std::shared_ptr<const SnapshotPin> pin;
  /// The oldest first; the last one has all fields.
  std::vector<StoreTable> segments;
  std::vector<StoreSortIndex> indexes;
  /// Keys of about so many bytes are sorted in memory, more through the pager, which must be one that can be written.
  uint64_t sort_bytes = 0;

  /// 42703 where no segment has it.
  arrow::Result<TableLayout::Column> FindField(LogicalFieldId field) const;
  const StoreSortIndex* FindIndex(LogicalFieldId field) const;
};

/// A row in one of a view's segments: the segment's place and the id that its table knows the row by.
struct RowPlace {
  static constexpr int kRowBits = 52;
  static constexpr uint64_t kNowhere = ~uint64_t{0};
  uint64_t packed = kNowhere;

  RowPlace() = default;
  RowPlace(size_t segment, RowId row) : packed((static_cast<uint64_t>(segment) << kRowBits) | row.value) {}
  bool exists() const { return packed != kNowhere; }
  size_t segment() const { return packed >> kRowBits; }
  RowId row() const { return RowId(packed & ((uint64_t{1} << kRowBits) - 1)); }
};
/// So many segments have places.
inline constexpr size_t kMaxSegments = 4000;

/// Sums of ScanCounters.
struct StoreScanCounters {
  std::atomic<uint64_t> row_groups_scanned{0};
  std::atomic<uint64_t> row_groups_skipped{0};
  std::atomic<uint64_t> bytes_read{0};
  std::atomic<uint64_t> bytes_skipped{0};
  std::atomic<uint64_t> rows_scanned{0};
  std::atomic<uint64_t> rows_passed{0};

  void Add(const ScanCounters& counters);
};

/// Any thread.
class ColumnStoreCore {
 public:
  /// See ColumnStore::Make.
  static arrow::Result<std::shared_ptr<ColumnStoreCore>> Open(std::shared_ptr<Pager> pager,
                                                              const ColumnStoreOptions& options);
  ~ColumnStoreCore();

  Storage& storage() { return *storage_; }
  StoreScanCounters& counters() { return counters_; }

  /// The newest commit, another process's too. 55006 once closed.
  arrow::Result<StoreView> NewestView();
  /// As the current statement of a transaction sees it.
  arrow::Result<StoreView> ViewOf(const Transaction& txn);

  /// Runs `f` as one transaction, alone among the changes, and commits it. Where `f` or the commit fails nothing
  /// remains.
  arrow::Status Change(const std::function<arrow::Status(Transaction&)>& f);
  /// Runs `f` while no change runs.
  arrow::Status WithoutChanges(const std::function<arrow::Status()>& f);

  /// A table with the row id and these columns, listed as a segment or, where `index_of` is given, as a sort index of
  /// it. Visible to the transaction's next statement.
  arrow::Result<StoreTable> CreateTable(Transaction& txn, std::vector<TableLayout::Column> columns,
                                        std::optional<LogicalFieldId> index_of);
  arrow::Status DropTable(Transaction& txn, const StoreTable& table);

  arrow::Status Checkpoint();
  /// See ColumnStore::Close.
  arrow::Status Close();

  /// Readers count themselves, so that Close knows of them.
  void AddReader() { num_readers_.fetch_add(1); }
  void RemoveReader() { num_readers_.fetch_sub(1); }

 private:
  ColumnStoreCore() = default;
  arrow::Status CheckOpen() const;
  /// Reads or makes the mark of a store.
  arrow::Status OpenRegistry();
  arrow::Result<StoreView> ReadRegistry(const Snapshot& snapshot);

  ColumnStoreOptions options_;
  std::unique_ptr<Storage> storage_;
  /// Null where nothing runs in the background.
  std::unique_ptr<Maintenance> maintenance_;
  std::atomic<int64_t> num_readers_{0};
  std::atomic<bool> is_closed_{false};
  StoreScanCounters counters_;

  Mutex registry_mutex_;
  /// Null in a store that has nothing yet and is opened read-only.
  std::shared_ptr<ObjectTable> registry_ LLKV_GUARDED_BY(registry_mutex_);

  /// Held by a change from its beginning to its commit.
  Mutex change_mutex_;
};

/// A view's rows with these ids, which ascend strictly: place i is that of ids[i], or nowhere.
arrow::Result<std::vector<RowPlace>> FindRows(const StoreView& view, std::span<const uint64_t> ids);

/// What stands behind the public class.
struct ColumnStore::Impl {
  std::shared_ptr<ColumnStoreCore> core;
};

}  // namespace llkv
