// See catalog.h.
#include "catalog/catalog.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "catalog/schema_codec.h"
#include "store/object_table.h"
#include "store/storage.h"
#include "store/table_store.h"

namespace llkv {

namespace {

arrow::Status ChangedByAnother(std::string_view name) {
  return SqlError(sqlstate::kSerializationFailure,
                  "\"" + std::string(name) + "\" was changed by a transaction that this one does not see",
                  SqlErrorDetail::kNoPosition, "Roll back and try the transaction again.");
}

}  // namespace

/// The numbers reach disk.
enum class Catalog::ObjectKind : uint8_t { kTable = 1, kView = 2, kType = 5 };

Catalog::ObjectKind Catalog::KindOf(const CatalogEntry& entry) {
  if (entry.type != nullptr) return ObjectKind::kType;
  return entry.table != nullptr ? ObjectKind::kTable : ObjectKind::kView;
}

const char* Catalog::KindName(ObjectKind kind) {
  return kind == ObjectKind::kTable ? "table" : kind == ObjectKind::kView ? "view" : "type";
}

const CatalogEntry* CatalogSnapshot::Find(std::string_view name) const {
  const auto found = by_name_.find(FoldName(name));
  return found == by_name_.end() ? nullptr : found->second.get();
}

TableSchemaPtr CatalogSnapshot::FindTable(std::string_view name) const {
  const CatalogEntry* entry = Find(name);
  return entry == nullptr ? nullptr : entry->table;
}

ViewSchemaPtr CatalogSnapshot::FindView(std::string_view name) const {
  const CatalogEntry* entry = Find(name);
  return entry == nullptr ? nullptr : entry->view;
}

TypeSchemaPtr CatalogSnapshot::FindType(std::string_view name) const {
  const CatalogEntry* entry = Find(name);
  return entry == nullptr ? nullptr : entry->type;
}

const CatalogEntry* CatalogSnapshot::Find(TableId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.get();
}

std::vector<TableSchemaPtr> CatalogSnapshot::Tables() const {
  std::vector<TableSchemaPtr> tables;
  for (const auto& [name, entry] : by_name_) {
    if (entry->table != nullptr) tables.push_back(entry->table);
  }
  return tables;
}

std::vector<ViewSchemaPtr> CatalogSnapshot::Views() const {
  std::vector<ViewSchemaPtr> views;
  for (const auto& [name, entry] : by_name_) {
    if (entry->view != nullptr) views.push_back(entry->view);
  }
  return views;
}

std::vector<TypeSchemaPtr> CatalogSnapshot::Types() const {
  std::vector<TypeSchemaPtr> types;
  for (const auto& [name, entry] : by_name_) {
    if (entry->type != nullptr) types.push_back(entry->type);
  }
  return types;
}

namespace {

/// Calls f(name) for each index of a table, the primary key's first.
template <typename F>
void ForEachIndexName(const TableSchema& table, F&& f) {
  if (!table.primary_key.empty()) f(table.primary_key_name);
  for (const IndexSchema& index : table.indexes) f(index.name);
}

}  // namespace

TableSchemaPtr CatalogSnapshot::FindTableOfIndex(std::string_view name) const {
  const auto found = index_tables_.find(FoldName(name));
  if (found == index_tables_.end()) return nullptr;
  const CatalogEntry* entry = Find(found->second);
  return entry == nullptr ? nullptr : entry->table;
}

TableSchemaPtr CatalogSnapshot::FindTableOfTrigger(std::string_view name) const {
  const std::string folded = FoldName(name);
  for (const auto& [id, entry] : by_id_) {
    if (entry->table == nullptr) continue;
    for (const TriggerSchema& trigger : entry->table->triggers) {
      if (FoldName(trigger.name) == folded) return entry->table;
    }
  }
  return nullptr;
}

void CatalogSnapshot::Put(EntryPtr entry) {
  Remove(entry->id());
  if (entry->table != nullptr) {
    ForEachIndexName(*entry->table, [&](const std::string& name) { index_tables_[FoldName(name)] = entry->id(); });
  }
  by_id_[entry->id()] = entry;
  by_name_[FoldName(entry->name())] = std::move(entry);
}

void CatalogSnapshot::Remove(TableId id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  const auto named = by_name_.find(FoldName(found->second->name()));
  // Another object may have the name by now.
  if (named != by_name_.end() && named->second->id() == id) by_name_.erase(named);
  if (found->second->table != nullptr) {
    ForEachIndexName(*found->second->table, [&](const std::string& name) {
      const auto index = index_tables_.find(FoldName(name));
      if (index != index_tables_.end() && index->second == id) index_tables_.erase(index);
    });
  }
  by_id_.erase(found);
}

/// What one transaction created and dropped, in order, and the objects as it sees them.
class Catalog::Changes : public TxnParticipant {
 public:
  Changes(Catalog* catalog, const Transaction* txn) : catalog_(catalog), txn_(txn) { Rebuild(); }

  const CatalogSnapshotPtr& view() const { return view_; }
  bool empty() const { return changes_.empty(); }
  void Add(CatalogSnapshot::EntryPtr entry) {
    const TableId id = entry->id();
    changes_.push_back({txn_->command(), std::move(entry), id});
    Rebuild();
  }
  void Remove(TableId id) {
    changes_.push_back({txn_->command(), nullptr, id});
    Rebuild();
  }

  void Undo(uint32_t from_command) override {
    while (!changes_.empty() && changes_.back().command >= from_command) changes_.pop_back();
    Rebuild();
  }
  // The rows of the system table are what is logged.
  arrow::Status PrepareCommit(LogRecordWriter&, WriteBatch&) override { return arrow::Status::OK(); }
  void Publish(CommitTs ts) override {
    if (!changes_.empty()) catalog_->Publish(ts, Apply(*catalog_->Newest(), ts.value));
  }

 private:
  struct Change {
    uint32_t command;
    /// Null: dropped.
    CatalogSnapshot::EntryPtr entry;
    TableId id;
  };

  CatalogSnapshotPtr Apply(const CatalogSnapshot& base, uint64_t version) const {
    auto changed = std::make_shared<CatalogSnapshot>(base);
    for (const Change& change : changes_) {
      if (change.entry != nullptr) {
        changed->Put(change.entry);
      } else {
        changed->Remove(change.id);
      }
    }
    changed->set_version(version);
    return changed;
  }
  void Rebuild() {
    const CatalogSnapshotPtr base = catalog_->At(txn_->snapshot().ts);
    view_ =
        changes_.empty()
            ? base
            : Apply(*base, (uint64_t{1} << 63) | catalog_->num_own_versions_.fetch_add(1, std::memory_order_relaxed));
  }

  Catalog* const catalog_;
  const Transaction* const txn_;
  std::vector<Change> changes_;
  CatalogSnapshotPtr view_;
};

Catalog::Catalog(Storage* storage) : storage_(storage) {}
Catalog::~Catalog() = default;

arrow::Result<std::unique_ptr<Catalog>> Catalog::Open(Storage* storage) {
  std::unique_ptr<Catalog> catalog(new Catalog(storage));
  ARROW_ASSIGN_OR_RAISE(catalog->table_, ObjectTable::Open(storage));
  ARROW_RETURN_NOT_OK(catalog->Load());
  return catalog;
}

arrow::Result<std::shared_ptr<CatalogSnapshot>> Catalog::ReadObjects(CommitTs ts) {
  auto objects = std::make_shared<CatalogSnapshot>();
  if (table_ != nullptr) {
    Snapshot snapshot;
    snapshot.ts = ts;
    ARROW_RETURN_NOT_OK(table_->ForEach(snapshot, [this, &objects](ObjectRow row) {
      auto entry = std::make_shared<CatalogEntry>();
      if (row.kind == static_cast<uint8_t>(ObjectKind::kTable)) {
        ARROW_ASSIGN_OR_RAISE(TableSchema schema, DecodeTableSchema(row.definition));
        storage_->ReserveTableId(TableId(schema.primary_key_index.value));
        for (const IndexSchema& index : schema.indexes) storage_->ReserveTableId(TableId(index.id.value));
        entry->table = std::make_shared<const TableSchema>(std::move(schema));
      } else if (row.kind == static_cast<uint8_t>(ObjectKind::kView)) {
        ARROW_ASSIGN_OR_RAISE(ViewSchema schema, DecodeViewSchema(row.definition));
        entry->view = std::make_shared<const ViewSchema>(std::move(schema));
      } else if (row.kind == static_cast<uint8_t>(ObjectKind::kType)) {
        ARROW_ASSIGN_OR_RAISE(TypeSchema schema, DecodeTypeSchema(row.definition));
        entry->type = std::make_shared<const TypeSchema>(std::move(schema));
      } else if (row.kind >= kFirstColumnStoreKind) {
        return SqlError(sqlstate::kWrongObjectType, "the database is a column store", SqlErrorDetail::kNoPosition,
                        "Open it with ColumnStore.");
      } else {
        return NotSupported("the catalog has an object of a newer version of LLKV: \"" + row.name + "\"");
      }
      if (entry->id() != row.id) return Corrupted("a catalog entry has another id than its row");
      storage_->ReserveTableId(entry->id());
      objects->Put(std::move(entry));
      return arrow::Status::OK();
    }));
  }
  objects->set_version(ts.value);
  return objects;
}

arrow::Status Catalog::Load() {
  const std::shared_ptr<const SnapshotPin> pin = storage_->txns().PinNewest();
  ARROW_ASSIGN_OR_RAISE(auto objects, ReadObjects(pin->ts()));
  MutexLock lock(mutex_);
  versions_.push_back({CommitTs(0), std::move(objects)});
  newest_.Store(std::make_shared<const Version>(versions_.back()));
  return arrow::Status::OK();
}

arrow::Status Catalog::CatchUp() {
  return storage_->CatchUp([this](CommitTs ts) {
    if (table_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(table_, ObjectTable::Open(storage_));
    }
    ARROW_ASSIGN_OR_RAISE(auto objects, ReadObjects(ts));
    Publish(ts, std::move(objects));
    return arrow::Status::OK();
  });
}

CatalogSnapshotPtr Catalog::At(CommitTs ts) const {
  std::shared_ptr<const Version> newest = newest_.Load();
  if (newest->since <= ts) {
    const CatalogSnapshot* objects = newest->objects.get();
    return {std::move(newest), objects};
  }
  MutexLock lock(mutex_);
  for (auto version = versions_.rbegin(); version != versions_.rend(); ++version) {
    if (version->since <= ts) return version->objects;
  }
  return versions_.front().objects;
}

CatalogSnapshotPtr Catalog::Newest() const {
  MutexLock lock(mutex_);
  return versions_.back().objects;
}

void Catalog::Publish(CommitTs ts, CatalogSnapshotPtr objects) {
  const CommitTs oldest = storage_->txns().oldest_snapshot();
  MutexLock lock(mutex_);
  versions_.push_back({ts, std::move(objects)});
  newest_.Store(std::make_shared<const Version>(versions_.back()));
  size_t num_unseen = 0;
  while (num_unseen + 1 < versions_.size() && versions_[num_unseen + 1].since <= oldest) ++num_unseen;
  versions_.erase(versions_.begin(), versions_.begin() + static_cast<ptrdiff_t>(num_unseen));
}

CatalogSnapshotPtr Catalog::GetSnapshot(const Transaction& txn) const {
  const auto* changes = static_cast<const Changes*>(txn.FindParticipant(this));
  return changes != nullptr ? changes->view() : At(txn.snapshot().ts);
}

arrow::Result<Catalog::Changes*> Catalog::BeginChange(Transaction& txn) {
  ARROW_RETURN_NOT_OK(txn.BeginWrite());
  if (table_ == nullptr) return SqlError(sqlstate::kReadOnlyTransaction, "the database is read-only");
  TxnParticipant* participant = txn.FindParticipant(this);
  if (participant == nullptr) {
    participant = txn.AddParticipant(this, kCatalogTableId.value, std::make_unique<Changes>(this, &txn));
  }
  txn.SetChangesCatalog();
  return static_cast<Changes*>(participant);
}

arrow::Status Catalog::CheckNameIsFree(const Transaction& txn, const std::string& name) const {
  if (const CatalogEntry* entry = GetSnapshot(txn)->Find(name)) {
    return SqlError(sqlstate::kDuplicateTable,
                    std::string(KindName(KindOf(*entry))) + " \"" + entry->name() + "\" already exists");
  }
  if (GetSnapshot(txn)->FindTableOfIndex(name) != nullptr) {
    return SqlError(sqlstate::kDuplicateTable, "index \"" + name + "\" already exists");
  }
  // Something that the snapshot does not see, unless this transaction itself dropped it.
  const CatalogSnapshotPtr newest = Newest();
  const CatalogSnapshotPtr seen = At(txn.snapshot().ts);
  const CatalogEntry* entry = newest->Find(name);
  if (entry != nullptr && seen->Find(entry->id()) == nullptr) return ChangedByAnother(name);
  const bool is_new_index = newest->FindTableOfIndex(name) != nullptr && seen->FindTableOfIndex(name) == nullptr;
  return is_new_index ? ChangedByAnother(name) : arrow::Status::OK();
}

arrow::Status Catalog::Add(Transaction& txn, CatalogSnapshot::EntryPtr entry) {
  ARROW_ASSIGN_OR_RAISE(Changes * changes, BeginChange(txn));
  ARROW_RETURN_NOT_OK(CheckNameIsFree(txn, entry->name()));
  ARROW_RETURN_NOT_OK(AddRow(txn, *entry));
  changes->Add(std::move(entry));
  return arrow::Status::OK();
}

arrow::Status Catalog::AddRow(Transaction& txn, const CatalogEntry& entry) {
  ObjectRow row;
  row.id = entry.id();
  row.kind = static_cast<uint8_t>(KindOf(entry));
  row.name = entry.name();
  row.definition = entry.table != nullptr  ? EncodeTableSchema(*entry.table)
                   : entry.view != nullptr ? EncodeViewSchema(*entry.view)
                                           : EncodeTypeSchema(*entry.type);
  return table_->Add(txn, row);
}

IndexId Catalog::AllocateIndexId() { return IndexId(storage_->AllocateTableId().value); }

IndexLayout Catalog::LayoutOf(const IndexSchema& index) {
  IndexLayout layout;
  layout.id = index.id;
  layout.name = index.name;
  for (const IndexColumn& column : index.columns) {
    layout.parts.push_back({column.ordinal, column.descending, column.nulls_first});
  }
  layout.is_unique = index.is_unique;
  return layout;
}

arrow::Result<TableSchemaPtr> Catalog::ChangeTable(Transaction& txn, TableSchema schema) {
  ARROW_ASSIGN_OR_RAISE(Changes * changes, BeginChange(txn));
  const CatalogSnapshotPtr objects = GetSnapshot(txn);
  const CatalogEntry* old = objects->Find(schema.id);
  if (old == nullptr || old->table == nullptr) return InternalError("a change of a table that is not there");
  const TableSchemaPtr before = old->table;
  std::set<std::string> names;
  for (IndexSchema& index : schema.indexes) {
    if (!names.insert(FoldName(index.name)).second) {
      return SqlError(sqlstate::kDuplicateTable, "index \"" + index.name + "\" already exists");
    }
    const bool is_old = std::any_of(before->indexes.begin(), before->indexes.end(), [&](const IndexSchema& other) {
      return FoldName(other.name) == FoldName(index.name);
    });
    if (!is_old) ARROW_RETURN_NOT_OK(CheckNameIsFree(txn, index.name));
    if (index.id.value == 0) index.id = AllocateIndexId();
  }
  auto entry = std::make_shared<CatalogEntry>();
  entry->table = std::make_shared<const TableSchema>(std::move(schema));
  ARROW_RETURN_NOT_OK(table_->Remove(txn, entry->id()));
  ARROW_RETURN_NOT_OK(AddRow(txn, *entry));
  changes->Add(entry);
  return entry->table;
}

/// Fills in the ids of a new table's indexes, checks that their names are free, and gives their layouts.
arrow::Status Catalog::PrepareIndexes(const Transaction& txn, TableSchema& schema, TableLayout& layout) {
  std::set<std::string> names = {FoldName(schema.name)};
  const auto check = [&](const std::string& name) {
    if (!names.insert(FoldName(name)).second) {
      return SqlError(sqlstate::kDuplicateTable, "\"" + name + "\" is named twice");
    }
    return CheckNameIsFree(txn, name);
  };
  if (!schema.primary_key.empty()) {
    ARROW_RETURN_NOT_OK(check(schema.primary_key_name));
    if (schema.primary_key_index.value == 0) schema.primary_key_index = AllocateIndexId();
    layout.indexes.push_back(PrimaryKeyLayout(schema));
  }
  for (IndexSchema& index : schema.indexes) {
    ARROW_RETURN_NOT_OK(check(index.name));
    if (index.id.value == 0) index.id = AllocateIndexId();
    layout.indexes.push_back(LayoutOf(index));
  }
  return arrow::Status::OK();
}

IndexLayout Catalog::PrimaryKeyLayout(const TableSchema& table) {
  IndexLayout layout;
  layout.id = table.primary_key_index;
  layout.name = table.primary_key_name;
  for (const uint32_t ordinal : table.primary_key) layout.parts.push_back({ordinal, false, false});
  layout.is_unique = true;
  layout.is_primary = true;
  return layout;
}

arrow::Result<TableSchemaPtr> Catalog::CreateTable(Transaction& txn, TableSchema schema) {
  if (schema.columns.empty()) {
    return SqlError(sqlstate::kInvalidTableDefinition, "table \"" + schema.name + "\" has no columns");
  }
  std::set<std::string> names;
  uint64_t next_field = 1;
  for (const ColumnSchema& column : schema.columns) {
    next_field = std::max(next_field, column.field.value + 1);
    if (!names.insert(FoldName(column.name)).second) {
      return SqlError(sqlstate::kDuplicateColumn, "column \"" + column.name + "\" is there twice");
    }
  }
  ARROW_RETURN_NOT_OK(txn.BeginWrite());
  ARROW_RETURN_NOT_OK(CheckNameIsFree(txn, schema.name));
  if (schema.id.value == 0) schema.id = storage_->AllocateTableId();
  if (schema.primary_key_name.empty()) schema.primary_key_name = schema.name + "_pkey";
  TableLayout layout;
  layout.id = schema.id;
  ARROW_RETURN_NOT_OK(PrepareIndexes(txn, schema, layout));
  for (ColumnSchema& column : schema.columns) {
    if (column.field.value == 0) column.field = FieldId(next_field++);
    layout.columns.push_back({column.field, column.type, column.name});
  }
  auto entry = std::make_shared<CatalogEntry>();
  entry->table = std::make_shared<const TableSchema>(std::move(schema));
  ARROW_RETURN_NOT_OK(storage_->CreateTable(txn, std::move(layout)).status());
  ARROW_RETURN_NOT_OK(Add(txn, entry));
  return entry->table;
}

arrow::Result<ViewSchemaPtr> Catalog::CreateView(Transaction& txn, ViewSchema schema) {
  if (schema.id.value == 0) schema.id = storage_->AllocateTableId();
  auto entry = std::make_shared<CatalogEntry>();
  entry->view = std::make_shared<const ViewSchema>(std::move(schema));
  ARROW_RETURN_NOT_OK(Add(txn, entry));
  return entry->view;
}

arrow::Result<TypeSchemaPtr> Catalog::CreateType(Transaction& txn, TypeSchema schema) {
  if (schema.id.value == 0) schema.id = storage_->AllocateTableId();
  auto entry = std::make_shared<CatalogEntry>();
  entry->type = std::make_shared<const TypeSchema>(std::move(schema));
  ARROW_RETURN_NOT_OK(Add(txn, entry));
  return entry->type;
}

arrow::Status Catalog::Drop(Transaction& txn, std::string_view name, ObjectKind kind) {
  const CatalogSnapshotPtr objects = GetSnapshot(txn);
  const CatalogEntry* entry = objects->Find(name);
  if (entry == nullptr) {
    return SqlError(kind == ObjectKind::kType ? sqlstate::kUndefinedObject : sqlstate::kUndefinedTable,
                    std::string(KindName(kind)) + " \"" + std::string(name) + "\" does not exist");
  }
  if (KindOf(*entry) != kind) {
    return SqlError(sqlstate::kWrongObjectType,
                    "\"" + entry->name() + "\" is a " + KindName(KindOf(*entry)) + ", not a " + KindName(kind));
  }
  ARROW_ASSIGN_OR_RAISE(Changes * changes, BeginChange(txn));
  ARROW_RETURN_NOT_OK(table_->Remove(txn, entry->id()));
  if (kind == ObjectKind::kTable) ARROW_RETURN_NOT_OK(storage_->DropTable(txn, entry->id()));
  changes->Remove(entry->id());
  return arrow::Status::OK();
}

arrow::Status Catalog::DropTable(Transaction& txn, std::string_view name) {
  return Drop(txn, name, ObjectKind::kTable);
}
arrow::Status Catalog::DropView(Transaction& txn, std::string_view name) { return Drop(txn, name, ObjectKind::kView); }
arrow::Status Catalog::DropType(Transaction& txn, std::string_view name) { return Drop(txn, name, ObjectKind::kType); }

arrow::Result<std::shared_ptr<TableStore>> Catalog::GetStore(TableId table) const {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<TableStore> store, storage_->GetTable(table));
  if (store == nullptr) return SqlError(sqlstate::kUndefinedTable, "the table was dropped");
  return store;
}

}  // namespace llkv
