// TableHarness: a database with one small table, for tests of the store: rows are (k INTEGER primary key, v VARCHAR
// that may be NULL, n DECIMAL(12,2)), read back as a plain map.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pager/registry.h"
#include "store/storage.h"
#include "store/table_store.h"
#include "txn/txn.h"

namespace llkv::testing {

struct TestRow {
  std::optional<std::string> v;
  int64_t n = 0;
  bool operator==(const TestRow&) const = default;
};
using TestRows = std::map<int32_t, TestRow>;

/// The layout of the table; `id` from Storage::AllocateTableId. With a key it has indexes on (v, k DESC) and on n too.
TableLayout TestLayout(TableId id, bool with_key = true);
/// Ids of the indexes: the primary key's is the least.
inline IndexId TestIndexId(TableId id, uint64_t number) { return IndexId(id.value + 1'000'000 + number); }

/// Adds rows, in batches of at most `batch_rows`.
arrow::Status AppendRows(TableStore& table, Transaction& txn, const std::vector<std::pair<int32_t, TestRow>>& rows,
                         uint32_t batch_rows = kMaxBatchRows, UniqueCheck check = UniqueCheck::kImmediate);
/// The same through a BulkWriter.
arrow::Status BulkAppendRows(TableStore& table, Transaction& txn, const std::vector<std::pair<int32_t, TestRow>>& rows);

/// What a scan gives; two rows of one key are an error. `row_ids` gets the rows' ids where it is not null.
arrow::Result<TestRows> ReadRows(TableStore& table, const Snapshot& snapshot, uint32_t batch_rows = kMaxBatchRows,
                                 std::vector<ScanPredicate> predicates = {},
                                 std::map<int32_t, RowId>* row_ids = nullptr, IndexId index = {});

/// Builds an index in this thread.
arrow::Status MakeIndex(TableStore& table, Transaction& txn, IndexLayout layout);
/// An error where scans by some index give other rows than full scans.
arrow::Status CheckIndexes(TableStore& table, const Snapshot& snapshot);

/// The row of a key through LookupKey and Gather.
arrow::Result<std::optional<TestRow>> ReadKey(TableStore& table, const Snapshot& snapshot, int32_t key);

/// Deletes the row of a key; false where the transaction sees none.
arrow::Result<bool> DeleteKey(TableStore& table, Transaction& txn, int32_t key);

}  // namespace llkv::testing
