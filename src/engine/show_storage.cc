// See show_storage.h.
#include "engine/show_storage.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <array>
#include <utility>
#include <vector>

namespace llkv {

std::shared_ptr<arrow::Schema> ShowStorageSchema() {
  arrow::FieldVector fields = {arrow::field("name", arrow::utf8())};
  for (const char* name :
       {"rows", "groups_hot", "groups_cold", "versions", "bytes_live", "bytes_dead", "bytes_pinned"}) {
    fields.push_back(arrow::field(name, arrow::int64()));
  }
  return arrow::schema(std::move(fields));
}

arrow::Result<StatementResult> ShowStorage(Storage& storage, const CatalogSnapshot& catalog) {
  arrow::StringBuilder names;
  std::array<arrow::Int64Builder, 7> numbers;
  for (const TableSchemaPtr& table : catalog.Tables()) {
    ARROW_ASSIGN_OR_RAISE(const TableStorageUse use, storage.GetUse(table->id));
    ARROW_RETURN_NOT_OK(names.Append(table->name));
    const std::array<uint64_t, 7> values = {use.num_rows,   use.num_hot_groups, use.num_cold_groups, use.num_versions,
                                            use.bytes_live, use.bytes_dead,     use.bytes_pinned};
    for (size_t i = 0; i < values.size(); ++i) {
      ARROW_RETURN_NOT_OK(numbers[i].Append(static_cast<int64_t>(values[i])));
    }
  }
  arrow::ArrayVector columns(1);
  ARROW_RETURN_NOT_OK(names.Finish(columns.data()));
  for (arrow::Int64Builder& builder : numbers) {
    columns.emplace_back();
    ARROW_RETURN_NOT_OK(builder.Finish(&columns.back()));
  }
  const std::shared_ptr<arrow::Schema> schema = ShowStorageSchema();
  const int64_t num_rows = columns[0]->length();
  const auto batch = arrow::RecordBatch::Make(schema, num_rows, std::move(columns));
  StatementResult result;
  result.tag = "SHOW";
  ARROW_ASSIGN_OR_RAISE(result.reader, arrow::RecordBatchReader::Make({batch}, schema));
  return result;
}

}  // namespace llkv
