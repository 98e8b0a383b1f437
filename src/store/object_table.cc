// See object_table.h.
#include "store/object_table.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "store/storage.h"
#include "store/table_store.h"
#include "txn/txn.h"
#include "vector/scratch.h"

namespace llkv {

namespace {

TableLayout ObjectLayout() {
  TableLayout layout;
  layout.id = kCatalogTableId;
  layout.columns = {{FieldId(1), TypeId::kUBigInt, "object_id"},
                    {FieldId(2), TypeId::kUTinyInt, "kind"},
                    {FieldId(3), TypeId::kVarchar, "name"},
                    {FieldId(4), TypeId::kBlob, "definition"}};
  layout.indexes = {{IndexId(kCatalogTableId.value), "llkv_objects_pkey", {{0}}, true, true}};
  return layout;
}

Vector FlatVector(LogicalType type, const void* value) {
  Vector vector;
  vector.type = type;
  vector.storage = type.physical();
  vector.data = value;
  return vector;
}

}  // namespace

arrow::Result<std::unique_ptr<ObjectTable>> ObjectTable::Open(Storage* storage) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<TableStore> table, storage->GetTable(kCatalogTableId));
  if (table == nullptr) {
    auto txn = storage->txns().Begin();
    ARROW_RETURN_NOT_OK(txn->BeginStatement());
    auto created = storage->CreateTable(*txn, ObjectLayout());
    if (GetSqlState(created.status()) == sqlstate::kReadOnlyTransaction) return nullptr;
    ARROW_ASSIGN_OR_RAISE(table, std::move(created));
    ARROW_RETURN_NOT_OK(storage->Commit(*txn));
  }
  const TableLayout expected = ObjectLayout();
  bool is_expected = table->layout().columns.size() == expected.columns.size();
  for (size_t i = 0; is_expected && i < expected.columns.size(); ++i) {
    is_expected = table->layout().columns[i].type == expected.columns[i].type;
  }
  const std::vector<IndexLayoutPtr> indexes = table->Indexes();
  if (!is_expected || indexes.size() != 1 || *indexes[0] != expected.indexes[0]) {
    return Corrupted("the catalog's table has other columns than expected");
  }
  return std::unique_ptr<ObjectTable>(new ObjectTable(std::move(table)));
}

ObjectTable::~ObjectTable() = default;

arrow::Status ObjectTable::Add(Transaction& txn, const ObjectRow& object) {
  const StringRef name(object.name);
  const StringRef definition(object.definition);
  const std::array<Vector, 4> columns = {FlatVector(TypeId::kUBigInt, &object.id.value),
                                         FlatVector(TypeId::kUTinyInt, &object.kind),
                                         FlatVector(TypeId::kVarchar, &name), FlatVector(TypeId::kBlob, &definition)};
  Batch batch;
  batch.columns = columns;
  batch.num_rows = 1;
  batch.selection = Selection::All(1);
  return table_->Append(txn, batch);
}

arrow::Status ObjectTable::Remove(Transaction& txn, TableId id) {
  const Value key = Value::Integer(TypeId::kUBigInt, static_cast<int128_t>(id.value));
  ARROW_ASSIGN_OR_RAISE(const std::optional<RowId> row, table_->LookupKey(txn.snapshot(), {&key, 1}));
  uint64_t num_deleted = 0;
  if (row) {
    ARROW_ASSIGN_OR_RAISE(num_deleted, table_->Delete(txn, {&*row, 1}));
  }
  if (num_deleted == 1) return arrow::Status::OK();
  return SqlError(sqlstate::kSerializationFailure, "the object was changed by another transaction");
}

arrow::Status ObjectTable::ForEach(const Snapshot& snapshot, const std::function<arrow::Status(ObjectRow)>& f) const {
  ScanRequest request;
  request.columns = {0, 1, 2, 3};
  request.snapshot = snapshot;
  ARROW_ASSIGN_OR_RAISE(const auto scan, table_->OpenScan(std::move(request)));
  ARROW_ASSIGN_OR_RAISE(const auto cursor, scan->MakeCursor(nullptr));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool has_morsel, scan->NextMorsel(*cursor));
    if (!has_morsel) return arrow::Status::OK();
    Batch batch;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool has_batch, cursor->Next(&batch));
      if (!has_batch) break;
      for (uint32_t i = 0; i < batch.num_selected(); ++i) {
        std::array<Value, 4> values;
        for (size_t column = 0; column < values.size(); ++column) {
          values[column] = GetValue(batch.columns[column], batch.selection[i]);
          if (values[column].is_null()) return Corrupted("the catalog's table has a NULL");
        }
        ObjectRow object;
        object.id = TableId(static_cast<uint64_t>(values[0].integer()));
        object.kind = static_cast<uint8_t>(values[1].integer());
        object.name = values[2].bytes();
        object.definition = values[3].bytes();
        ARROW_RETURN_NOT_OK(f(std::move(object)));
      }
    }
  }
}

}  // namespace llkv
