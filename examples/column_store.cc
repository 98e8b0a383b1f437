// ColumnStore without SQL: readings of sensors under the second they were taken at, corrected, found, deleted,
// compacted.
//
// Usage: example_column_store STORE
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <iostream>
#include <optional>
#include <vector>

#include "llkv/column_store.h"

namespace {

constexpr llkv::LogicalFieldId kTemperature = llkv::UserField(1);
constexpr llkv::LogicalFieldId kHumidity = llkv::UserField(2);

/// A batch of one field; its rows may be in any order.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> Readings(const std::vector<uint64_t>& seconds,
                                                            llkv::LogicalFieldId field, const char* name,
                                                            const std::vector<double>& values) {
  arrow::UInt64Builder ids;
  arrow::DoubleBuilder cells;
  ARROW_RETURN_NOT_OK(ids.AppendValues(seconds));
  ARROW_RETURN_NOT_OK(cells.AppendValues(values));
  arrow::ArrayVector columns(2);
  ARROW_RETURN_NOT_OK(ids.Finish(&columns[0]));
  ARROW_RETURN_NOT_OK(cells.Finish(&columns[1]));
  auto schema = arrow::schema({llkv::RowIdField(), llkv::FieldFor(field, name, arrow::float64())});
  return arrow::RecordBatch::Make(std::move(schema), static_cast<int64_t>(seconds.size()), std::move(columns));
}

arrow::Status Print(const char* what, arrow::RecordBatchReader& reader) {
  std::cout << what << ":\n";
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, reader.Next());
    if (batch == nullptr) return arrow::Status::OK();
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      for (int column = 0; column < batch->num_columns(); ++column) {
        ARROW_ASSIGN_OR_RAISE(const auto value, batch->column(column)->GetScalar(row));
        std::cout << "  " << value->ToString();
      }
      std::cout << "\n";
    }
  }
}

arrow::Status Run(const char* path) {
  ARROW_ASSIGN_OR_RAISE(const auto store, llkv::ColumnStore::Open(path));

  // One commit each. Row ids are the caller's; the batch need not be sorted.
  ARROW_ASSIGN_OR_RAISE(const auto first, Readings({30, 10, 20}, kTemperature, "temperature", {21.5, 20.5, 20.0}));
  ARROW_RETURN_NOT_OK(store->Append(*first));
  // A second field for some rows, and for a new one: other cells stay as they are.
  ARROW_ASSIGN_OR_RAISE(const auto second, Readings({20, 40}, kHumidity, "humidity", {0.4, 0.5}));
  ARROW_RETURN_NOT_OK(store->Append(*second));
  // The last writer wins.
  ARROW_ASSIGN_OR_RAISE(const auto corrected, Readings({10}, kTemperature, "temperature", {19.5}));
  ARROW_RETURN_NOT_OK(store->Append(*corrected));

  ARROW_ASSIGN_OR_RAISE(auto all, store->Scan({.fields = {kTemperature, kHumidity}}));
  ARROW_RETURN_NOT_OK(Print("all rows", *all));

  llkv::ScanOptions warm;
  warm.fields = {kTemperature};
  warm.ranges = {{.first = 15, .last = 100}};
  warm.predicates = {{kTemperature, llkv::CompareOp::kGreater, {arrow::MakeScalar(20.25)}}};
  ARROW_ASSIGN_OR_RAISE(auto found, store->Scan(warm));
  ARROW_RETURN_NOT_OK(Print("warmer than 20.25 from second 15 on", *found));

  ARROW_RETURN_NOT_OK(store->CreateSortIndex(kTemperature));
  ARROW_ASSIGN_OR_RAISE(auto sorted, store->ScanSorted(kTemperature, {.fields = {kTemperature}, .descending = true}));
  ARROW_RETURN_NOT_OK(Print("warmest first", *sorted));

  const std::vector<uint64_t> ids = {40, 10};
  const std::vector<llkv::LogicalFieldId> fields = {kHumidity};
  ARROW_ASSIGN_OR_RAISE(const auto gathered, store->Gather(ids, fields));
  std::cout << gathered->num_rows() << " rows by id\n";

  ARROW_ASSIGN_OR_RAISE(const auto present, store->Presence(kHumidity));
  std::cout << "humidity is known in " << present.size() << " ranges of rows\n";

  const std::vector<uint64_t> gone = {30};
  ARROW_ASSIGN_OR_RAISE(const uint64_t num_deleted, store->Delete(gone));
  std::cout << num_deleted << " deleted\n";

  ARROW_RETURN_NOT_OK(store->Compact());
  ARROW_ASSIGN_OR_RAISE(const auto layout, store->Layout());
  ARROW_ASSIGN_OR_RAISE(const auto findings, store->CheckIntegrity());
  std::cout << layout.row_groups.size() << " row group of " << layout.row_groups[0].num_rows << " rows, "
            << findings.size() << " findings\n";
  return store->Close();
}

}  // namespace

int main(int argc, char** argv) {
  const arrow::Status status = Run(argc > 1 ? argv[1] : ":memory:");
  if (!status.ok()) std::cerr << status.ToString() << "\n";
  return status.ok() ? 0 : 1;
}
