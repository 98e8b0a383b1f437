// Row by row through the types' own text: such columns are rare in files.
#include "formats/text_columns.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include "base/error.h"
#include "types/text_parse.h"
#include "types/value.h"
#include "vector/arrow_column.h"
#include "vector/scratch.h"

namespace llkv {

namespace {

bool IsInterval(const arrow::DataType& type) { return type.id() == arrow::Type::INTERVAL_MONTH_DAY_NANO; }
bool IsBlob(const arrow::DataType& type) { return type.id() == arrow::Type::BINARY; }
/// Nested types and ENUMs.
bool IsDescribed(const arrow::DataType& type) {
  return arrow::is_nested(type.id()) || type.id() == arrow::Type::DICTIONARY;
}
bool BecomesText(const arrow::DataType& type) { return IsInterval(type) || IsBlob(type) || IsDescribed(type); }

/// Calls `append(text)` for each value and `builder.AppendNull()` for each NULL.
template <typename Builder, typename F>
arrow::Result<std::shared_ptr<arrow::Array>> ParseColumn(const arrow::StringArray& column, Builder& builder,
                                                         F&& append) {
  ARROW_RETURN_NOT_OK(builder.Reserve(column.length()));
  for (int64_t row = 0; row < column.length(); ++row) {
    ARROW_RETURN_NOT_OK(column.IsNull(row) ? builder.AppendNull() : append(column.GetView(row)));
  }
  return builder.Finish();
}

arrow::Result<std::shared_ptr<arrow::Array>> ParseNestedColumn(const arrow::StringArray& column, LogicalType type,
                                                               const std::string& where) {
  const auto builder = ArrowColumnBuilder::Make(type, ArrowForm::kPortable, arrow::default_memory_pool());
  ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(type, arrow::default_memory_pool()));
  for (int64_t row = 0; row < column.length(); ++row) {
    Value value(type);
    if (column.IsValid(row)) {
      auto parsed = ParseValue(column.GetView(row), type);
      if (!parsed.ok()) {
        const SqlErrorDetail* detail = GetSqlError(parsed.status());
        return SqlError(detail == nullptr ? sqlstate::kInvalidTextRepresentation : detail->sqlstate(),
                        where + ": " + parsed.status().message());
      }
      value = *std::move(parsed);
    }
    SetConstant(value, scratch);
    ARROW_RETURN_NOT_OK(builder->Append(scratch.vector(), Selection::All(1), 1));
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ArrayData> data, builder->Finish());
  return arrow::MakeArray(data);
}

/// Any array through Vectors.
arrow::Result<std::shared_ptr<arrow::Array>> FormatByVector(const arrow::Array& column) {
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, FromArrowType(*column.type()));
  ARROW_ASSIGN_OR_RAISE(const auto reader, ArrowColumnReader::Make(column.data(), type, arrow::default_memory_pool()));
  arrow::StringBuilder builder;
  for (int64_t row = 0; row < column.length(); row += kMaxBatchRows) {
    const auto count = static_cast<uint32_t>(std::min<int64_t>(kMaxBatchRows, column.length() - row));
    Vector vector;
    ARROW_RETURN_NOT_OK(reader->Read(row, count, &vector));
    for (uint32_t i = 0; i < count; ++i) {
      const Value value = GetValue(vector, i);
      ARROW_RETURN_NOT_OK(value.is_null() ? builder.AppendNull() : builder.Append(value.ToString()));
    }
  }
  return builder.Finish();
}

arrow::Result<std::shared_ptr<arrow::Array>> ParseTextColumn(const arrow::StringArray& column, LogicalType type,
                                                             const std::string& where) {
  const auto failure = [&](std::string_view state, ParseOutcome outcome, std::string_view text) {
    return SqlError(state, where + ": " + ParseError(outcome, text, type).message());
  };
  if (type.IsNested()) return ParseNestedColumn(column, type, where);
  if (type.id() == TypeId::kBlob) {
    arrow::BinaryBuilder builder;
    std::string bytes;
    return ParseColumn(column, builder, [&](std::string_view text) -> arrow::Status {
      bytes.clear();
      const ParseOutcome outcome = ParseBlob(text, &bytes);
      if (outcome != ParseOutcome::kOk) return failure(sqlstate::kInvalidTextRepresentation, outcome, text);
      return builder.Append(bytes);
    });
  }
  arrow::MonthDayNanoIntervalBuilder builder;
  return ParseColumn(column, builder, [&](std::string_view text) -> arrow::Status {
    Interval interval;
    const ParseOutcome outcome = ParseInterval(text, "second", &interval);
    if (outcome != ParseOutcome::kOk) return failure(sqlstate::kInvalidDatetime, outcome, text);
    return builder.Append({interval.months, interval.days, interval.nanos});
  });
}

arrow::Result<std::shared_ptr<arrow::Array>> FormatTextColumn(const arrow::Array& column) {
  if (IsDescribed(*column.type())) return FormatByVector(column);
  arrow::StringBuilder builder;
  for (int64_t row = 0; row < column.length(); ++row) {
    if (column.IsNull(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    } else if (IsBlob(*column.type())) {
      const std::string_view bytes = static_cast<const arrow::BinaryArray&>(column).GetView(row);
      ARROW_RETURN_NOT_OK(builder.Append(Value::Blob(std::string(bytes)).ToString()));
    } else {
      const auto value = static_cast<const arrow::MonthDayNanoIntervalArray&>(column).GetValue(row);
      ARROW_RETURN_NOT_OK(builder.Append(Value::OfInterval({value.months, value.days, value.nanoseconds}).ToString()));
    }
  }
  return builder.Finish();
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ParseTextColumns(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                                    const std::vector<LogicalType>& types,
                                                                    const std::string& where) {
  std::shared_ptr<arrow::RecordBatch> result = batch;
  for (size_t i = 0; i < types.size(); ++i) {
    const int index = static_cast<int>(i);
    // ENUMs stay text: who reads them finds the labels.
    const bool is_parsed = IsTextColumn(types[i]) && !types[i].IsEnum();
    if (!is_parsed || batch->column(index)->type_id() != arrow::Type::STRING) continue;
    const auto& text = static_cast<const arrow::StringArray&>(*batch->column(index));
    ARROW_ASSIGN_OR_RAISE(auto column, ParseTextColumn(text, types[i], where + ": column " + std::to_string(i + 1)));
    ARROW_ASSIGN_OR_RAISE(result,
                          result->SetColumn(index, batch->schema()->field(index)->WithType(column->type()), column));
  }
  return result;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> FormatTextColumns(const arrow::RecordBatch& batch) {
  std::vector<std::shared_ptr<arrow::Array>> columns = batch.columns();
  for (auto& column : columns) {
    if (!BecomesText(*column->type())) continue;
    ARROW_ASSIGN_OR_RAISE(column, FormatTextColumn(*column));
  }
  return arrow::RecordBatch::Make(WithTextColumns(*batch.schema()), batch.num_rows(), std::move(columns));
}

std::shared_ptr<arrow::Schema> WithTextColumns(const arrow::Schema& schema) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const auto& field : schema.fields()) {
    fields.push_back(BecomesText(*field->type()) ? field->WithType(arrow::utf8()) : field);
  }
  return arrow::schema(std::move(fields));
}

}  // namespace llkv
