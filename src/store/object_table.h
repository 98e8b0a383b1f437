// ObjectTable: the rows of the system table in which the catalog keeps its objects, one row an object. A table like any
// other; this only puts rows together and takes them apart. What a definition says is the catalog's business.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "txn/version_stamp.h"

namespace llkv {

class Storage;
class TableStore;
class Transaction;

/// Kinds from here on are those of a ColumnStore, which shares no database with SQL.
inline constexpr uint8_t kFirstColumnStoreKind = 16;

/// One row: object_id UBIGINT (the key), kind UTINYINT, name VARCHAR, definition BLOB.
struct ObjectRow {
  TableId id;
  uint8_t kind = 0;
  std::string name;
  std::string definition;
};

/// Any thread; a transaction's changes come from one at a time.
class ObjectTable {
 public:
  /// Opens kCatalogTableId of a database, or makes it in one that has none, in a transaction of its own. Null where it
  /// has none and cannot be written. `storage` outlives the table.
  static arrow::Result<std::unique_ptr<ObjectTable>> Open(Storage* storage);
  ~ObjectTable();

  arrow::Status Add(Transaction& txn, const ObjectRow& object);
  /// 40001 where the transaction does not see the object any more, or another commit has removed it.
  arrow::Status Remove(Transaction& txn, TableId id);
  /// Calls f for each object that a snapshot sees. XX001 where a row is not one of an object.
  arrow::Status ForEach(const Snapshot& snapshot, const std::function<arrow::Status(ObjectRow)>& f) const;

 private:
  explicit ObjectTable(std::shared_ptr<TableStore> table) : table_(std::move(table)) {}
  std::shared_ptr<TableStore> table_;
};

}  // namespace llkv
