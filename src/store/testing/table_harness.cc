// See table_harness.h.
#include "store/testing/table_harness.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "vector/scratch.h"

namespace llkv::testing {

namespace {

/// Rows as flat Vectors.
struct RowBatch {
  std::vector<int32_t> k;
  std::vector<StringRef> v;
  std::vector<int64_t> n;
  std::vector<uint8_t> validity;
  std::vector<Vector> columns;
  Batch batch;

  RowBatch(const std::vector<std::pair<int32_t, TestRow>>& rows, size_t first, size_t count) {
    validity.assign(count / 8 + 64, 0);
    for (size_t i = 0; i < count; ++i) {
      const auto& [key, row] = rows[first + i];
      k.push_back(key);
      v.push_back(row.v ? StringRef(*row.v) : StringRef());
      n.push_back(row.n);
      if (row.v) validity[i / 8] = static_cast<uint8_t>(validity[i / 8] | (1u << (i % 8)));
    }
    columns.resize(3);
    columns[0].type = TypeId::kInteger;
    columns[0].data = k.data();
    columns[1].type = TypeId::kVarchar;
    columns[1].data = v.data();
    columns[1].validity = validity.data();
    columns[2].type = LogicalType::Decimal(12, 2);
    columns[2].data = n.data();
    for (Vector& column : columns) column.storage = column.type.physical();
    batch.columns = columns;
    batch.num_rows = static_cast<uint32_t>(count);
    batch.selection = Selection::All(batch.num_rows);
  }
};

TestRow RowAt(const Batch& batch, size_t first_column, uint32_t row) {
  TestRow result;
  const Value v = GetValue(batch.columns[first_column], row);
  if (!v.is_null()) result.v = v.bytes();
  result.n = static_cast<int64_t>(GetValue(batch.columns[first_column + 1], row).integer());
  return result;
}

}  // namespace

TableLayout TestLayout(TableId id, bool with_key) {
  TableLayout layout;
  layout.id = id;
  layout.columns = {{FieldId(1), TypeId::kInteger, "k"},
                    {FieldId(2), TypeId::kVarchar, "v"},
                    {FieldId(3), LogicalType::Decimal(12, 2), "n"}};
  if (with_key) {
    layout.indexes = {{TestIndexId(id, 0), "t_pkey", {{0, false, false}}, true, true},
                      {TestIndexId(id, 1), "t_v", {{1, false, true}, {0, true, false}}, false, false},
                      {TestIndexId(id, 2), "t_n", {{2, true, false}}, false, false}};
  }
  return layout;
}

arrow::Status AppendRows(TableStore& table, Transaction& txn, const std::vector<std::pair<int32_t, TestRow>>& rows,
                         uint32_t batch_rows, UniqueCheck check) {
  for (size_t first = 0; first < rows.size(); first += batch_rows) {
    const RowBatch batch(rows, first, std::min<size_t>(batch_rows, rows.size() - first));
    ARROW_RETURN_NOT_OK(table.Append(txn, batch.batch, check));
  }
  return arrow::Status::OK();
}

arrow::Status BulkAppendRows(TableStore& table, Transaction& txn,
                             const std::vector<std::pair<int32_t, TestRow>>& rows) {
  ARROW_ASSIGN_OR_RAISE(auto writer, table.MakeBulkWriter(txn, nullptr));
  for (size_t first = 0; first < rows.size(); first += kMaxBatchRows) {
    const RowBatch batch(rows, first, std::min<size_t>(kMaxBatchRows, rows.size() - first));
    ARROW_RETURN_NOT_OK(writer->Append(batch.batch));
  }
  return writer->Finish();
}

arrow::Result<TestRows> ReadRows(TableStore& table, const Snapshot& snapshot, uint32_t batch_rows,
                                 std::vector<ScanPredicate> predicates, std::map<int32_t, RowId>* row_ids,
                                 IndexId index) {
  ScanRequest request;
  request.columns = {0, 1, 2};
  request.with_row_ids = row_ids != nullptr;
  request.predicates = std::move(predicates);
  request.index = index;
  request.snapshot = snapshot;
  request.batch_rows = batch_rows;
  ARROW_ASSIGN_OR_RAISE(auto scan, table.OpenScan(std::move(request)));
  ARROW_ASSIGN_OR_RAISE(auto cursor, scan->MakeCursor(nullptr));
  TestRows rows;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool has_morsel, scan->NextMorsel(*cursor));
    if (!has_morsel) return rows;
    Batch batch;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool has_batch, cursor->Next(&batch));
      if (!has_batch) break;
      for (uint32_t i = 0; i < batch.num_selected(); ++i) {
        const uint32_t row = batch.selection[i];
        const auto key = static_cast<int32_t>(GetValue(batch.columns[0], row).integer());
        if (!rows.emplace(key, RowAt(batch, 1, row)).second) {
          return InternalError("two rows with key " + std::to_string(key));
        }
        if (row_ids != nullptr) (*row_ids)[key] = RowId(batch.columns[3].values<uint64_t>()[row]);
      }
    }
  }
}

arrow::Status MakeIndex(TableStore& table, Transaction& txn, IndexLayout layout) {
  ARROW_ASSIGN_OR_RAISE(const auto build, table.BuildIndex(txn, std::move(layout), 3, nullptr));
  for (uint32_t phase = 0; phase < build->num_phases(); ++phase) {
    for (uint32_t part = 0; part < build->num_parts(phase); ++part) {
      ARROW_RETURN_NOT_OK(build->RunPart(phase, part));
    }
  }
  return build->Finish();
}

arrow::Status CheckIndexes(TableStore& table, const Snapshot& snapshot) {
  ARROW_ASSIGN_OR_RAISE(const TestRows all, ReadRows(table, snapshot));
  // Some rows' values, and ones that are not there.
  std::vector<std::pair<int32_t, TestRow>> asked = {{-5, {"no such text", -5}}, {-6, {std::nullopt, 7}}};
  const size_t stride = all.size() / 5 + 1;
  for (auto row = all.begin(); row != all.end();) {
    asked.emplace_back(*row);
    for (size_t i = 0; i < stride && row != all.end(); ++i) ++row;
  }
  const LogicalType decimal = LogicalType::Decimal(12, 2);
  for (const IndexLayoutPtr& index : table.Indexes()) {
    for (const auto& [k, row] : asked) {
      const Value key = Value::Integer(TypeId::kInteger, k);
      const Value n = Value::Integer(decimal, row.n);
      std::vector<ScanPredicate> v = {{1, PredicateOp::kIsNull, {}}};
      if (row.v) v[0] = {1, PredicateOp::kEqual, {Value::Varchar(*row.v)}};
      const std::vector<std::vector<ScanPredicate>> questions = {
          {{0, PredicateOp::kEqual, {key}}},
          {{0, PredicateOp::kGreater, {key}}, {0, PredicateOp::kLessEqual, {Value::Integer(TypeId::kInteger, k + 40)}}},
          v,
          {v[0], {0, PredicateOp::kGreaterEqual, {key}}},
          {v[0], {0, PredicateOp::kLess, {key}}},
          {{2, PredicateOp::kIn, {n, Value::Integer(decimal, row.n + 1), Value::Null(decimal)}}},
          {{2, PredicateOp::kLess, {n}}, {2, PredicateOp::kGreater, {Value::Integer(decimal, row.n - 9000)}}},
      };
      for (const std::vector<ScanPredicate>& question : questions) {
        ARROW_ASSIGN_OR_RAISE(const TestRows expected, ReadRows(table, snapshot, kMaxBatchRows, question));
        ARROW_ASSIGN_OR_RAISE(const TestRows found,
                              ReadRows(table, snapshot, row.n % 2 == 0 ? 7 : 2000, question, nullptr, index->id));
        if (found != expected) return InternalError("index " + index->name + " gives other rows than a scan");
        ARROW_RETURN_NOT_OK(table.EstimateIndexRows(index->id, question).status());
      }
    }
  }
  return arrow::Status::OK();
}

arrow::Result<std::optional<TestRow>> ReadKey(TableStore& table, const Snapshot& snapshot, int32_t key) {
  const Value value = Value::Integer(TypeId::kInteger, key);
  ARROW_ASSIGN_OR_RAISE(const std::optional<RowId> row, table.LookupKey(snapshot, {&value, 1}));
  if (!row) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(auto buffer, table.MakeGatherBuffer({1, 2}, nullptr));
  ARROW_RETURN_NOT_OK(table.Gather(snapshot, {&*row, 1}, *buffer));
  if (buffer->batch().num_selected() != 1) return InternalError("a looked-up row is not visible");
  return RowAt(buffer->batch(), 0, 0);
}

arrow::Result<bool> DeleteKey(TableStore& table, Transaction& txn, int32_t key) {
  const Value value = Value::Integer(TypeId::kInteger, key);
  ARROW_ASSIGN_OR_RAISE(const std::optional<RowId> row, table.LookupKey(txn.snapshot(), {&value, 1}));
  if (!row) return false;
  ARROW_ASSIGN_OR_RAISE(const uint64_t count, table.Delete(txn, {&*row, 1}));
  return count == 1;
}

}  // namespace llkv::testing
