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

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ConvertColumns(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                                  const std::vector<LogicalType>& types,
                                                                  const std::string& where) {
  std::vector<std::shared_ptr<arrow::Array>> columns(types.size());
  std::vector<std::shared_ptr<arrow::Field>> fields(types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    const int index = static_cast<int>(i);
    std::shared_ptr<arrow::Array> column = batch->column(index);
    std::shared_ptr<arrow::DataType> wanted = ToArrowType(types[i]);
    if (types[i].IsEnum() || types[i].IsNested()) {
      // Who reads them takes every Arrow layout, and text for ENUMs.
      const arrow::Result<LogicalType> found = FromArrowType(*column->type());
      if (found.ok() && *found == WithTextForEnums(types[i])) wanted = column->type();
    }
    if (!column->type()->Equals(*wanted)) {
      ARROW_RETURN_NOT_OK(InitializeCompute());
      auto converted = arrow::compute::Cast(*column, wanted);
      if (!converted.ok()) return ConversionError(where, batch->schema()->field(index)->name(), converted.status());
      column = *converted;
    }
    columns[i] = std::move(column);
    fields[i] = arrow::field(batch->schema()->field(index)->name(), wanted);
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch->num_rows(), std::move(columns));
}

}  // namespace llkv
