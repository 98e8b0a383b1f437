// Column by column through Value: intervals in files are rare.
#include "formats/interval_text.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include "base/error.h"
#include "types/text_parse.h"
#include "types/value.h"

namespace llkv {

namespace {

bool IsInterval(const arrow::DataType& type) { return type.id() == arrow::Type::INTERVAL_MONTH_DAY_NANO; }

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ParseIntervals(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                                  const std::vector<LogicalType>& types,
                                                                  const std::string& where) {
  std::shared_ptr<arrow::RecordBatch> result = batch;
  for (size_t i = 0; i < types.size(); ++i) {
    const int index = static_cast<int>(i);
    if (types[i].id() != TypeId::kInterval || batch->column(index)->type_id() != arrow::Type::STRING) continue;
    const auto& text = static_cast<const arrow::StringArray&>(*batch->column(index));
    arrow::MonthDayNanoIntervalBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Reserve(text.length()));
    for (int64_t row = 0; row < text.length(); ++row) {
      if (text.IsNull(row)) {
        builder.UnsafeAppendNull();
        continue;
      }
      Interval interval;
      const ParseOutcome outcome = ParseInterval(text.GetView(row), "second", &interval);
      if (outcome != ParseOutcome::kOk) {
        return SqlError(sqlstate::kInvalidDatetime,
                        where + ": column " + std::to_string(i + 1) + ": " +
                            ParseError(outcome, text.GetView(row), TypeId::kInterval).message());
      }
      builder.UnsafeAppend({interval.months, interval.days, interval.nanos});
    }
    ARROW_ASSIGN_OR_RAISE(auto column, builder.Finish());
    ARROW_ASSIGN_OR_RAISE(result,
                          result->SetColumn(index, batch->schema()->field(index)->WithType(column->type()), column));
  }
  return result;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> FormatIntervals(const arrow::RecordBatch& batch) {
  std::vector<std::shared_ptr<arrow::Array>> columns = batch.columns();
  for (auto& column : columns) {
    if (!IsInterval(*column->type())) continue;
    const auto& intervals = static_cast<const arrow::MonthDayNanoIntervalArray&>(*column);
    arrow::StringBuilder builder;
    for (int64_t row = 0; row < intervals.length(); ++row) {
      if (intervals.IsNull(row)) {
        ARROW_RETURN_NOT_OK(builder.AppendNull());
        continue;
      }
      const auto value = intervals.GetValue(row);
      ARROW_RETURN_NOT_OK(builder.Append(Value::OfInterval({value.months, value.days, value.nanoseconds}).ToString()));
    }
    ARROW_ASSIGN_OR_RAISE(column, builder.Finish());
  }
  return arrow::RecordBatch::Make(WithTextIntervals(*batch.schema()), batch.num_rows(), std::move(columns));
}

std::shared_ptr<arrow::Schema> WithTextIntervals(const arrow::Schema& schema) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const auto& field : schema.fields()) {
    fields.push_back(IsInterval(*field->type()) ? field->WithType(arrow::utf8()) : field);
  }
  return arrow::schema(std::move(fields));
}

}  // namespace llkv
