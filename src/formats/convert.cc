// Casts of whole columns by Arrow compute, initialized when first needed.
#include "formats/convert.h"

#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <mutex>

#include "base/error.h"
#include "types/type_info.h"

namespace llkv {

namespace {

arrow::Status InitializeCompute() {
  static const arrow::Status status = arrow::compute::Initialize();
  return status;
}

arrow::Status ConversionError(const std::string& where, const std::string& column, const arrow::Status& cause) {
  const bool out_of_range = cause.message().find("out of bounds") != std::string::npos ||
                            cause.message().find("not in range") != std::string::npos ||
                            cause.message().find("overflow") != std::string::npos ||
                            cause.message().find("does not fit") != std::string::npos;
  return SqlError(out_of_range ? sqlstate::kNumericOutOfRange : sqlstate::kBadCopyFormat,
                  where + ": column " + column + ": " + cause.message());
}

/// Whether the bridge to Batches takes the layout as it is.
bool IsOtherLayout(const arrow::DataType& type, LogicalType wanted) {
  switch (type.id()) {
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::DICTIONARY: {
      const auto logical = FromArrowType(type);
      return logical.ok() && *logical == wanted;
    }
    default:
      return false;
  }
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ConvertColumns(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                                  const std::vector<LogicalType>& types,
                                                                  const std::string& where) {
  std::vector<std::shared_ptr<arrow::Array>> columns(types.size());
  std::vector<std::shared_ptr<arrow::Field>> fields(types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    const int index = static_cast<int>(i);
    std::shared_ptr<arrow::Array> column = batch->column(index);
    const std::shared_ptr<arrow::DataType> wanted = ToArrowType(types[i]);
    const bool described = types[i].IsEnum() || types[i].IsNested();
    const bool is_taken = column->type()->Equals(*wanted) || IsOtherLayout(*column->type(), types[i]) ||
                          (described && IsReadAs(*column->type(), types[i]));
    if (!is_taken) {
      ARROW_RETURN_NOT_OK(InitializeCompute());
      auto converted = arrow::compute::Cast(*column, wanted);
      if (!converted.ok()) return ConversionError(where, batch->schema()->field(index)->name(), converted.status());
      column = *converted;
    }
    fields[i] = arrow::field(batch->schema()->field(index)->name(), column->type());
    columns[i] = std::move(column);
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch->num_rows(), std::move(columns));
}

}  // namespace llkv
