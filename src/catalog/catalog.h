// Catalog: which tables, views and types there are, by name and id, under the same transactions as the rows. What a
// transaction creates or drops is its own until COMMIT; readers keep the version of their snapshot. The objects are
// rows of a system table (kCatalogTableId); what is here is a cache of them.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "base/read_mostly.h"
#include "catalog/schema.h"
#include "store/index_layout.h"
#include "txn/txn.h"

namespace llkv {

class ObjectTable;
class Storage;
struct TableLayout;
class TableStore;

/// One object: a table, a view or a type (the others are null).
struct CatalogEntry {
  TableSchemaPtr table;
  ViewSchemaPtr view;
  TypeSchemaPtr type;

  TableId id() const { return table != nullptr ? table->id : view != nullptr ? view->id : type->id; }
  const std::string& name() const { return table != nullptr ? table->name : view != nullptr ? view->name : type->name; }
};

/// The objects as one transaction sees them at one moment. Immutable; any thread.
class CatalogSnapshot {
 public:
  using EntryPtr = std::shared_ptr<const CatalogEntry>;

  /// By name without regard to ASCII case; null where there is none.
  const CatalogEntry* Find(std::string_view name) const;
  /// The table of a name, or null: there is none, or it is a view.
  TableSchemaPtr FindTable(std::string_view name) const;
  ViewSchemaPtr FindView(std::string_view name) const;
  /// The table that has an index (or primary key) of this name; null where there is none.
  TableSchemaPtr FindTableOfIndex(std::string_view name) const;
  /// The table that has a trigger of this name; null where there is none.
  TableSchemaPtr FindTableOfTrigger(std::string_view name) const;
  TypeSchemaPtr FindType(std::string_view name) const;
  /// By id; null where there is none.
  const CatalogEntry* Find(TableId id) const;
  /// All tables, views or types, by folded name.
  std::vector<TableSchemaPtr> Tables() const;
  std::vector<ViewSchemaPtr> Views() const;
  std::vector<TypeSchemaPtr> Types() const;
  /// Differs where the objects may: equal for two snapshots with the same objects from the same catalog. Own changes of
  /// a transaction have numbers with the high bit set.
  uint64_t version() const { return version_; }

  // For Catalog: a changed copy is made, then filled before anyone else sees it.
  void Put(EntryPtr entry);
  void Remove(TableId id);
  void set_version(uint64_t version) { version_ = version; }

 private:
  std::map<std::string, EntryPtr, std::less<>> by_name_;
  std::map<TableId, EntryPtr> by_id_;
  /// By folded name of the index.
  std::map<std::string, TableId, std::less<>> index_tables_;
  uint64_t version_ = 0;
};

using CatalogSnapshotPtr = std::shared_ptr<const CatalogSnapshot>;

/// See the file's comment. Any thread; a transaction's own calls come from one thread at a time.
class Catalog {
 public:
  /// Reads the objects of a database, or makes the system table in a new one. `storage` outlives the catalog.
  static arrow::Result<std::unique_ptr<Catalog>> Open(Storage* storage);
  ~Catalog();

  /// Storage::CatchUp, with the objects.
  arrow::Status CatchUp();

  /// The objects as the transaction's current statement sees them, its own changes included.
  CatalogSnapshotPtr GetSnapshot(const Transaction& txn) const;

  /// Adds a table and gives its final schema, with the ids that were 0 filled in. 42P07 where a table or view has the
  /// name (its newest committed version counts too: then 40001 where the snapshot does not see it); 42701 for two
  /// columns of one name.
  arrow::Result<TableSchemaPtr> CreateTable(Transaction& txn, TableSchema schema);
  arrow::Result<ViewSchemaPtr> CreateView(Transaction& txn, ViewSchema schema);
  /// Replaces a table's schema by one that differs in its indexes or triggers, in the catalog only: the store's indexes
  /// are the caller's business. Ids that are 0 are filled in. 42P07 where a new index's name is taken; 40001 where
  /// another commit changed the table.
  arrow::Result<TableSchemaPtr> ChangeTable(Transaction& txn, TableSchema schema);
  /// An id for an index that the caller builds.
  IndexId AllocateIndexId();
  arrow::Result<TypeSchemaPtr> CreateType(Transaction& txn, TypeSchema schema);
  /// 42P01 where there is none; 42809 where it is of the other kind; 40001 where another commit changed it.
  arrow::Status DropTable(Transaction& txn, std::string_view name);
  arrow::Status DropView(Transaction& txn, std::string_view name);
  arrow::Status DropType(Transaction& txn, std::string_view name);

  /// The index as the store knows it.
  static IndexLayout LayoutOf(const IndexSchema& index);
  /// The same of the primary key, which the table has.
  static IndexLayout PrimaryKeyLayout(const TableSchema& table);

  /// The rows of a table that some CatalogSnapshot has. 42P01 where it is gone for all.
  arrow::Result<std::shared_ptr<TableStore>> GetStore(TableId table) const;

 private:
  class Changes;
  struct Version {
    CommitTs since;
    CatalogSnapshotPtr objects;
  };
  explicit Catalog(Storage* storage);
  arrow::Status Load();
  arrow::Result<std::shared_ptr<CatalogSnapshot>> ReadObjects(CommitTs ts);
  /// The objects as a transaction sees them without its own changes.
  CatalogSnapshotPtr At(CommitTs ts) const;
  CatalogSnapshotPtr Newest() const;
  void Publish(CommitTs ts, CatalogSnapshotPtr objects);
  /// The objects in which a transaction makes a change, and its record of changes.
  arrow::Result<Changes*> BeginChange(Transaction& txn);
  arrow::Status CheckNameIsFree(const Transaction& txn, const std::string& name) const;
  arrow::Status PrepareIndexes(const Transaction& txn, TableSchema& schema, TableLayout& layout);
  /// Writes an object's row.
  arrow::Status AddRow(Transaction& txn, const CatalogEntry& entry);
  arrow::Status Add(Transaction& txn, CatalogSnapshot::EntryPtr entry);
  enum class ObjectKind : uint8_t;
  static ObjectKind KindOf(const CatalogEntry& entry);
  static const char* KindName(ObjectKind kind);
  arrow::Status Drop(Transaction& txn, std::string_view name, ObjectKind kind);

  Storage* storage_;
  /// Null in a database that was opened read-only before it had a catalog.
  std::unique_ptr<ObjectTable> table_;
  std::atomic<uint64_t> num_own_versions_{0};
  /// The last of versions_, for those who see it: nearly all.
  ReadMostly<Version> newest_;
  mutable Mutex mutex_;
  /// Ascending; the first is what the oldest live snapshot sees.
  std::vector<Version> versions_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace llkv
