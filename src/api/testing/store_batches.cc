// See store_batches.h.
#include "api/testing/store_batches.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>

#include "api/testing/query_text.h"
#include "llkv/session.h"

namespace llkv {

namespace {

template <typename Builder, typename T>
std::shared_ptr<arrow::Array> ArrayOf(const std::vector<std::optional<T>>& values) {
  Builder builder;
  for (const auto& value : values) {
    const arrow::Status added = value ? builder.Append(*value) : builder.AppendNull();
    if (!added.ok()) added.Abort();
  }
  return *builder.Finish();
}

std::string TextOf(const arrow::Result<std::shared_ptr<arrow::RecordBatchReader>>& reader) {
  if (!reader.ok()) return "error " + StateOf(reader.status());
  return ReaderText(**reader);
}

}  // namespace

std::shared_ptr<arrow::RecordBatch> MakeStoreBatch(const std::vector<uint64_t>& ids, arrow::FieldVector fields,
                                                   arrow::ArrayVector arrays) {
  arrow::UInt64Builder builder;
  const arrow::Status added = builder.AppendValues(ids);
  if (!added.ok()) added.Abort();
  fields.insert(fields.begin(), RowIdField());
  arrays.insert(arrays.begin(), *builder.Finish());
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), static_cast<int64_t>(ids.size()),
                                  std::move(arrays));
}

std::shared_ptr<arrow::RecordBatch> MakeStoreBatch(const TestColumns& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  if (columns.n) {
    fields.push_back(FieldFor(kN, "n", arrow::int64()));
    arrays.push_back(ArrayOf<arrow::Int64Builder>(*columns.n));
  }
  if (columns.s) {
    fields.push_back(FieldFor(kS, "s", arrow::utf8()));
    arrays.push_back(ArrayOf<arrow::StringBuilder>(*columns.s));
  }
  if (columns.x) {
    fields.push_back(FieldFor(kX, "x", arrow::float64()));
    arrays.push_back(ArrayOf<arrow::DoubleBuilder>(*columns.x));
  }
  return MakeStoreBatch(columns.ids, std::move(fields), std::move(arrays));
}

std::string BatchText(const arrow::RecordBatch& batch) {
  const auto reader = arrow::RecordBatchReader::Make({batch.Slice(0)}, batch.schema());
  return ReaderText(**reader);
}

std::string ScanText(const ColumnStore& store, const ScanOptions& options) { return TextOf(store.Scan(options)); }

std::string SortedText(const ColumnStore& store, LogicalFieldId field, const SortedScanOptions& options) {
  return TextOf(store.ScanSorted(field, options));
}

}  // namespace llkv
