// Results as people are shown them: instants in a time zone, bit strings as digits.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>

#include "llkv/session.h"
#include "types/bit_string.h"
#include "vector/arrow_bridge.h"

namespace llkv {

namespace {

bool IsZoned(const arrow::Field& field) {
  return field.type()->id() == arrow::Type::TIMESTAMP &&
         !static_cast<const arrow::TimestampType&>(*field.type()).timezone().empty();
}

bool IsBits(const arrow::Field& field) {
  const auto type = FromArrowField(field);
  return type.ok() && type->id() == TypeId::kBit;
}

arrow::Result<std::shared_ptr<arrow::Array>> BitsAsText(const arrow::Array& column) {
  const auto& packed = static_cast<const arrow::BinaryArray&>(column);
  arrow::StringBuilder builder;
  for (int64_t row = 0; row < packed.length(); ++row) {
    std::string bits;
    if (packed.IsNull(row) || !BitStringFromPacked(packed.GetView(row), &bits)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(builder.Append(BitStringToText(bits)));
    }
  }
  return builder.Finish();
}

class DisplayReader : public arrow::RecordBatchReader {
 public:
  DisplayReader(std::shared_ptr<arrow::RecordBatchReader> reader, std::shared_ptr<arrow::Schema> schema)
      : reader_(std::move(reader)), schema_(std::move(schema)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(reader_->ReadNext(batch));
    if (*batch == nullptr) return arrow::Status::OK();
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      std::shared_ptr<arrow::Array> column = (*batch)->column(i);
      const auto& type = schema_->field(i)->type();
      if (column->type_id() == arrow::Type::BINARY && type->id() == arrow::Type::STRING) {
        ARROW_ASSIGN_OR_RAISE(column, BitsAsText(*column));
      } else if (column->type_id() == arrow::Type::TIMESTAMP) {
        auto labelled = std::make_shared<arrow::ArrayData>(*column->data());
        labelled->type = type;
        column = arrow::MakeArray(labelled);
      }
      columns.push_back(std::move(column));
    }
    *batch = arrow::RecordBatch::Make(schema_, (*batch)->num_rows(), std::move(columns));
    return arrow::Status::OK();
  }

  arrow::Status Close() override { return reader_->Close(); }

 private:
  std::shared_ptr<arrow::RecordBatchReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

std::shared_ptr<arrow::RecordBatchReader> ForDisplay(std::shared_ptr<arrow::RecordBatchReader> reader,
                                                     const std::string& time_zone) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  bool any = false;
  for (const auto& field : reader->schema()->fields()) {
    std::shared_ptr<arrow::DataType> type = field->type();
    if (IsZoned(*field)) type = arrow::timestamp(arrow::TimeUnit::MICRO, time_zone);
    if (IsBits(*field)) type = arrow::utf8();
    any = any || !type->Equals(*field->type());
    fields.push_back(field->WithType(type));
  }
  if (!any) return reader;
  return std::make_shared<DisplayReader>(std::move(reader), arrow::schema(std::move(fields)));
}

}  // namespace llkv
