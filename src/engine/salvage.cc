// Salvage: a Storage over what scanning a damaged file finds, read with damage reported instead of failing, copied
// table by table.
#include "llkv/salvage.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/database.h"
#include "engine/error_detail.h"
#include "pager/file/salvage.h"
#include "sql/parser/printer.h"
#include "store/column_table.h"
#include "store/storage.h"
#include "store/storage_root.h"
#include "store/table_metadata.h"

namespace llkv {

namespace {

/// Stands in for a lost root: of each table the newest metadata that is readable.
arrow::Result<std::shared_ptr<arrow::Buffer>> MakeRoot(Pager& pager) {
  std::map<TableId, PhysicalKey> tables;
  ARROW_ASSIGN_OR_RAISE(const auto keys, pager.Keys());
  for (const PhysicalKey key : keys) {
    const auto blob = pager.Get(key);
    if (!blob.ok()) continue;
    const auto metadata = DecodeTableMetadata({(*blob)->data(), static_cast<size_t>((*blob)->size())});
    if (metadata.ok()) tables[metadata->layout.id] = key;
  }
  if (tables.empty()) return nullptr;
  StorageRoot root;
  for (const auto& [id, key] : tables) {
    root.tables.push_back({id, key});
    root.next_table_id = std::max(root.next_table_id, id.value + 1);
  }
  ByteWriter bytes;
  EncodeStorageRoot(root, bytes);
  return arrow::Buffer::FromString(std::string(bytes.bytes().begin(), bytes.bytes().end()));
}

class Salvager {
 public:
  Salvager(std::string path, const std::function<void(const std::string&)>& on_loss)
      : path_(std::move(path)), on_loss_(on_loss) {}

  arrow::Result<SalvageCounts> Run(std::string_view out) {
    ARROW_RETURN_NOT_OK(OpenDamaged());
    EngineOptions options;
    options.num_threads = 1;
    ARROW_ASSIGN_OR_RAISE(out_, Database::Open(out, options));
    std::set<TableId> known;
    if (catalog_ != nullptr) {
      const auto reading = storage_->txns().Begin(true);
      const CatalogSnapshotPtr objects = catalog_->GetSnapshot(*reading);
      for (const TableSchemaPtr& table : objects->Tables()) {
        known.insert(table->id);
        names_[table->id] = "table " + QuoteIdentifier(table->name);
        ARROW_RETURN_NOT_OK(CopyTable(*table));
      }
      ARROW_RETURN_NOT_OK(CopyTypes(*objects));
      ARROW_RETURN_NOT_OK(CopyViews(*objects));
    }
    for (const TableId id : storage_->TableIds()) {
      if (id.value >= kFirstUserTableId && !known.contains(id)) ARROW_RETURN_NOT_OK(CopyNameless(id));
    }
    ARROW_RETURN_NOT_OK(out_->Close());
    return counts_;
  }

 private:
  void Lose(const std::string& what) {
    ++counts_.num_losses;
    on_loss_(what);
  }

  void Lose(TableId table, const std::string& what) {
    const auto name = names_.find(table);
    const std::string shown = table == kCatalogTableId ? "the catalog"
                              : name != names_.end()   ? name->second
                                                       : "table " + std::to_string(table.value);
    Lose(shown + ": " + what);
  }

  arrow::Status OpenDamaged() {
    ARROW_ASSIGN_OR_RAISE(auto pager, file::SalvagePager::Open(*FileSystem::Default(), path_));
    ARROW_ASSIGN_OR_RAISE(const auto snapshot, pager->Pin());
    Lsn last_stored;
    bool has_root = false;
    if (snapshot->root() != nullptr) {
      const auto root = DecodeStorageRoot({snapshot->root()->data(), static_cast<size_t>(snapshot->root()->size())});
      has_root = root.ok();
      if (root.ok()) last_stored = root->last_lsn;
    }
    if (!has_root) {
      ARROW_ASSIGN_OR_RAISE(auto made, MakeRoot(*pager));
      if (made != nullptr || snapshot->root() != nullptr) {
        Lose("the root is lost; tables are taken from the metadata that was found, and may be older than the newest");
      }
      pager->set_root(std::move(made));
    }
    for (const uint64_t lsn : pager->LostCommits(last_stored)) Lose("commit " + std::to_string(lsn) + " is lost");
    StorageOptions options;
    options.read_only = true;
    options.checkpoint_log_bytes = 0;
    options.on_damage = [this](TableId table, const arrow::Status& damage) { Lose(table, damage.message()); };
    ARROW_ASSIGN_OR_RAISE(storage_, Storage::Open(std::move(pager), options));
    OpenCatalog();
    return arrow::Status::OK();
  }

  void OpenCatalog() {
    const auto table = storage_->GetTable(kCatalogTableId);
    if (!table.ok())
      return Lose(kCatalogTableId, "is lost, and with it names and constraints: " + table.status().message());
    if (*table != nullptr) static_cast<ColumnTable&>(**table).DropDamagedGroups();
    auto catalog = Catalog::Open(storage_.get());
    if (!catalog.ok()) {
      return Lose(kCatalogTableId, "is lost, and with it names and constraints: " + catalog.status().message());
    }
    catalog_ = *std::move(catalog);
  }

  arrow::Status CopyNameless(TableId id) {
    const auto store = storage_->GetTable(id);
    if (!store.ok()) {
      Lose(id, "its name and its rows are lost: " + store.status().message());
      return arrow::Status::OK();
    }
    const TableLayout& layout = (*store)->layout();
    TableSchema schema;
    schema.id = id;
    schema.name = "lost_table_" + std::to_string(id.value);
    for (const TableLayout::Column& column : layout.columns) {
      ColumnSchema copy;
      copy.name = column.name;
      copy.type = column.type;
      schema.columns.push_back(std::move(copy));
    }
    for (const IndexLayoutPtr& index : (*store)->Indexes()) AddIndex(*index, schema);
    names_[id] = "table " + schema.name;
    Lose(id, "its own name, defaults and CHECK constraints are lost");
    return CopyTable(schema);
  }

  static void AddIndex(const IndexLayout& index, TableSchema& schema) {
    if (!index.is_primary) {
      IndexSchema& copy = schema.indexes.emplace_back();
      copy.name = index.name;
      copy.is_unique = index.is_unique;
      for (const IndexPart& part : index.parts) {
        copy.columns.push_back({part.column, part.descending, part.nulls_first});
      }
      return;
    }
    schema.primary_key_name = index.name;
    for (const IndexPart& part : index.parts) {
      schema.primary_key.push_back(part.column);
      schema.columns[part.column].not_null = true;
    }
  }

  /// Takes the key that a 23505 names out of the schema, and gives its name; empty where it is none of them.
  static std::string LeaveKeyOut(const arrow::Status& violation, TableSchema& schema) {
    const auto is_meant = [&violation](const std::string& name) {
      return violation.message().find("unique constraint \"" + name + "\":") != std::string::npos;
    };
    if (!schema.primary_key.empty() && is_meant(schema.primary_key_name)) {
      schema.primary_key.clear();
      return schema.primary_key_name;
    }
    const auto found = std::find_if(schema.indexes.begin(), schema.indexes.end(),
                                    [&](const IndexSchema& index) { return is_meant(index.name); });
    if (found == schema.indexes.end()) return "";
    std::string name = found->name;
    schema.indexes.erase(found);
    return name;
  }

  arrow::Status CopyTable(const TableSchema& table) {
    auto store = storage_->GetTable(table.id);
    if (!store.ok() || *store == nullptr) {
      Lose(table.id, "its rows are lost" + (store.ok() ? std::string() : ": " + store.status().message()));
    } else {
      static_cast<ColumnTable&>(**store).DropDamagedGroups();
    }
    TableSchema schema = table;
    schema.id = TableId();
    schema.primary_key_index = IndexId();
    for (ColumnSchema& column : schema.columns) column.field = FieldId();
    for (IndexSchema& index : schema.indexes) index.id = IndexId();
    TableStore* rows = store.ok() ? store->get() : nullptr;
    arrow::Status copied = CopyRows(schema, rows);
    while (GetSqlState(copied) == sqlstate::kUniqueViolation) {
      const std::string key = LeaveKeyOut(copied, schema);
      if (key.empty()) break;
      Lose(table.id, "its key \"" + key + "\" is left out: " + copied.message());
      copied = CopyRows(schema, rows);
    }
    ARROW_RETURN_NOT_OK(copied);
    ++counts_.num_tables;
    return arrow::Status::OK();
  }

  /// One transaction.
  arrow::Status CopyRows(const TableSchema& schema, TableStore* rows) {
    auto txn = out_->storage().txns().Begin();
    ARROW_RETURN_NOT_OK(txn->BeginStatement());
    ARROW_ASSIGN_OR_RAISE(const TableSchemaPtr made, out_->catalog().CreateTable(*txn, schema));
    uint64_t num_rows = 0;
    if (rows != nullptr) {
      ARROW_RETURN_NOT_OK(txn->BeginStatement());
      ARROW_ASSIGN_OR_RAISE(const auto target, out_->catalog().GetStore(made->id));
      ARROW_ASSIGN_OR_RAISE(num_rows, CopyInto(*rows, *target, *txn));
      ARROW_RETURN_NOT_OK(txn->EndStatement());
    }
    ARROW_RETURN_NOT_OK(out_->storage().Commit(*txn));
    counts_.num_rows += num_rows;
    return arrow::Status::OK();
  }

  arrow::Result<uint64_t> CopyInto(TableStore& rows, TableStore& target, Transaction& txn) {
    arrow::MemoryPool* pool = out_->pool().get();
    ARROW_ASSIGN_OR_RAISE(const auto writer, target.MakeBulkWriter(txn, pool));
    const auto reading = storage_->txns().Begin(true);
    ScanRequest request;
    for (uint32_t i = 0; i < rows.layout().columns.size(); ++i) request.columns.push_back(i);
    request.snapshot = reading->snapshot();
    ARROW_ASSIGN_OR_RAISE(const auto scan, rows.OpenScan(std::move(request)));
    ARROW_ASSIGN_OR_RAISE(const auto cursor, scan->MakeCursor(pool));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool more, scan->NextMorsel(*cursor));
      if (!more) break;
      Batch batch;
      while (true) {
        ARROW_ASSIGN_OR_RAISE(const bool has_rows, cursor->Next(&batch));
        if (!has_rows) break;
        ARROW_RETURN_NOT_OK(writer->Append(batch));
      }
    }
    ARROW_RETURN_NOT_OK(writer->Finish());
    return writer->num_rows();
  }

  arrow::Status CopyTypes(const CatalogSnapshot& objects) {
    for (const TypeSchemaPtr& type : objects.Types()) {
      auto txn = out_->storage().txns().Begin();
      ARROW_RETURN_NOT_OK(txn->BeginStatement());
      TypeSchema copy = *type;
      copy.id = TableId();
      ARROW_RETURN_NOT_OK(out_->catalog().CreateType(*txn, std::move(copy)).status());
      ARROW_RETURN_NOT_OK(out_->storage().Commit(*txn));
    }
    return arrow::Status::OK();
  }

  arrow::Status CopyViews(const CatalogSnapshot& objects) {
    for (const ViewSchemaPtr& view : objects.Views()) {
      auto txn = out_->storage().txns().Begin();
      ARROW_RETURN_NOT_OK(txn->BeginStatement());
      ViewSchema copy = *view;
      copy.id = TableId();
      ARROW_RETURN_NOT_OK(out_->catalog().CreateView(*txn, std::move(copy)).status());
      ARROW_RETURN_NOT_OK(out_->storage().Commit(*txn));
      ++counts_.num_views;
    }
    return arrow::Status::OK();
  }

  const std::string path_;
  const std::function<void(const std::string&)>& on_loss_;
  SalvageCounts counts_;
  std::map<TableId, std::string> names_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Catalog> catalog_;
  std::shared_ptr<Database> out_;
};

}  // namespace

arrow::Result<SalvageCounts> Salvage(std::string_view path, std::string_view out,
                                     const std::function<void(const std::string& loss)>& on_loss) {
  const auto salvage = [&]() -> arrow::Result<SalvageCounts> {
    ARROW_ASSIGN_OR_RAISE(const bool taken, FileSystem::Default()->Exists(std::string(out)));
    if (taken) return SqlError(sqlstate::kDuplicateObject, "'" + std::string(out) + "' exists already");
    return Salvager(std::string(path), on_loss).Run(out);
  };
  auto counts = salvage();
  if (!counts.ok()) return WithDetail(counts.status());
  return counts;
}

}  // namespace llkv
