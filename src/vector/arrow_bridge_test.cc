// Batches to Arrow and back: every type, NULLs, selections, slices, views, dictionaries, units.
#include "vector/arrow_bridge.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_dict.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/builder.h>
#include <arrow/extension/json.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "types/text_parse.h"
#include "vector/bitmap.h"
#include "vector/scratch.h"

namespace llkv {
namespace {

arrow::MemoryPool* Pool() { return arrow::default_memory_pool(); }

std::shared_ptr<arrow::RecordBatch> BatchOf(const std::shared_ptr<arrow::Array>& array) {
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("x", array->type())}), array->length(), {array});
}

std::vector<std::string> ReadAll(const std::shared_ptr<arrow::RecordBatch>& batch) {
  auto reader = ArrowBatchReader::Make(batch, Pool()).ValueOrDie();
  std::vector<std::string> texts;
  for (;;) {
    const Batch rows = reader->Next().ValueOrDie();
    if (rows.num_rows == 0) return texts;
    for (uint32_t i = 0; i < rows.num_rows; ++i) texts.push_back(GetValue(rows.columns[0], i).ToString());
  }
}

using Strings = std::vector<std::string>;

TEST(ArrowBridgeTest, CopiesWhatIsSelectedAndReadsItBack) {
  std::vector<StringRef> texts(2048, StringRef("a text that is not short"));
  std::vector<int64_t> numbers(2048);
  std::vector<uint8_t> flags(2048);
  std::vector<uint8_t> validity(320, 0xFF);
  std::vector<uint16_t> rows;
  for (uint32_t i = 0; i < 2048; ++i) {
    numbers[i] = i;
    flags[i] = i % 3 == 0;
    if (i % 5 == 0) ClearBit(validity.data(), i);
    if (i % 2 == 1) rows.push_back(static_cast<uint16_t>(i));
  }
  std::vector<Vector> columns(3);
  columns[0].type = TypeId::kVarchar;
  columns[0].data = texts.data();
  columns[0].validity = validity.data();
  columns[1].type = LogicalType::Decimal(12, 2);
  columns[1].data = numbers.data();
  columns[2].type = TypeId::kBoolean;
  columns[2].data = flags.data();
  columns[2].validity = validity.data();
  const std::vector<std::string> names = {"t", "d", "b"};
  const std::vector<LogicalType> types = {columns[0].type, columns[1].type, columns[2].type};
  auto builder = RecordBatchBuilder::Make(names, types, Pool()).ValueOrDie();
  Batch batch{columns, 2048, {rows.data(), 1001}};
  ASSERT_TRUE(builder->Append(batch).ok());
  batch.selection = Selection::All(2048);
  ASSERT_TRUE(builder->Append(batch).ok());
  const auto result = builder->Finish().ValueOrDie();
  ASSERT_TRUE(result->ValidateFull().ok()) << result->ValidateFull().ToString();
  ASSERT_EQ(result->num_rows(), 3049);
  auto reader = ArrowBatchReader::Make(result, Pool()).ValueOrDie();
  int64_t position = 0;
  for (Batch piece = reader->Next().ValueOrDie(); piece.num_rows > 0; piece = reader->Next().ValueOrDie()) {
    for (uint32_t i = 0; i < piece.num_rows; ++i, ++position) {
      const uint32_t row =
          position < 1001 ? rows[static_cast<size_t>(position)] : static_cast<uint32_t>(position - 1001);
      ASSERT_EQ(GetValue(piece.columns[0], i), GetValue(columns[0], row)) << position;
      ASSERT_EQ(GetValue(piece.columns[1], i), GetValue(columns[1], row)) << position;
      ASSERT_EQ(GetValue(piece.columns[2], i), GetValue(columns[2], row)) << position;
    }
  }
  EXPECT_EQ(position, 3049);
  const auto empty = builder->Finish().ValueOrDie();
  EXPECT_TRUE(empty->ValidateFull().ok());
  EXPECT_EQ(empty->num_rows(), 0);
}

TEST(ArrowBridgeTest, ReadsSlicesViewsAndDictionaries) {
  arrow::StringViewBuilder views(Pool());
  ASSERT_TRUE(views.Append("short").ok());
  ASSERT_TRUE(views.AppendNull().ok());
  ASSERT_TRUE(views.Append("long enough to live in a buffer").ok());
  EXPECT_EQ(ReadAll(BatchOf(views.Finish().ValueOrDie()->Slice(1))),
            (Strings{"NULL", "long enough to live in a buffer"}));
  arrow::StringDictionaryBuilder dictionary(Pool());
  for (const char* text : {"x", "y", "x"}) ASSERT_TRUE(dictionary.Append(text).ok());
  ASSERT_TRUE(dictionary.AppendNull().ok());
  EXPECT_EQ(ReadAll(BatchOf(dictionary.Finish().ValueOrDie()->Slice(1))), (Strings{"y", "x", "NULL"}));
  arrow::LargeStringBuilder large(Pool());
  ASSERT_TRUE(large.Append("one").ok());
  ASSERT_TRUE(large.Append("").ok());
  EXPECT_EQ(ReadAll(BatchOf(large.Finish().ValueOrDie())), (Strings{"one", ""}));
}

TEST(ArrowBridgeTest, ConvertsUnitsOfTime) {
  arrow::TimestampBuilder seconds(arrow::timestamp(arrow::TimeUnit::SECOND), Pool());
  ASSERT_TRUE(seconds.Append(86400).ok());
  EXPECT_EQ(ReadAll(BatchOf(seconds.Finish().ValueOrDie())), (Strings{"1970-01-02 00:00:00"}));
  arrow::TimestampBuilder nanos(arrow::timestamp(arrow::TimeUnit::NANO), Pool());
  ASSERT_TRUE(nanos.Append(-1).ok());
  EXPECT_EQ(ReadAll(BatchOf(nanos.Finish().ValueOrDie())), (Strings{"1969-12-31 23:59:59.999999999"}));
  arrow::TimestampBuilder zoned(arrow::timestamp(arrow::TimeUnit::NANO, "Europe/Berlin"), Pool());
  ASSERT_TRUE(zoned.Append(-1).ok());
  EXPECT_EQ(ReadAll(BatchOf(zoned.Finish().ValueOrDie())), (Strings{"1969-12-31 23:59:59.999999+00"}));
  arrow::TimestampBuilder far(arrow::timestamp(arrow::TimeUnit::SECOND, "UTC"), Pool());
  ASSERT_TRUE(far.Append(INT64_MAX / 10).ok());
  auto reader = ArrowBatchReader::Make(BatchOf(far.Finish().ValueOrDie()), Pool()).ValueOrDie();
  EXPECT_FALSE(reader->Next().ok());
}

/// Values, a NULL before each, through Arrow and back, the first row cut off.
void ExpectRoundTrip(LogicalType type, const Strings& texts, const std::string& arrow_type) {
  SCOPED_TRACE(type.ToString());
  const std::vector<std::string> names = {"x"};
  auto builder = RecordBatchBuilder::Make(names, {&type, 1}, Pool()).ValueOrDie();
  ScratchVector scratch = ScratchVector::Make(type, Pool()).ValueOrDie();
  Strings expected;
  for (const std::string& text : texts) {
    for (const Value& value : {Value::Null(type), *ParseValue(text, type)}) {
      SetConstant(value, scratch);
      const Vector& vector = scratch.vector();
      ASSERT_TRUE(builder->Append(Batch{{&vector, 1}, 1, Selection::All(1)}).ok());
      expected.push_back(value.ToString());
    }
  }
  const auto batch = builder->Finish().ValueOrDie();
  ASSERT_TRUE(batch->ValidateFull().ok()) << batch->ValidateFull().ToString();
  EXPECT_EQ(batch->column(0)->type()->ToString(), arrow_type);
  EXPECT_EQ(batch->column(0)->null_count(), static_cast<int64_t>(texts.size()));
  auto reader = ArrowBatchReader::Make(batch->Slice(1), Pool(), {&type, 1}).ValueOrDie();
  ASSERT_EQ(reader->types()[0], type);
  const Batch rows = reader->Next().ValueOrDie();
  ASSERT_EQ(rows.num_rows, expected.size() - 1);
  for (uint32_t i = 0; i < rows.num_rows; ++i) {
    EXPECT_EQ(GetValue(rows.columns[0], i).ToString(), expected[i + 1]) << i;
    EXPECT_EQ(rows.columns[0].type, type);
  }
}

TEST(ArrowBridgeTest, TypesInAnotherFormAtTheBoundaryRoundTrip) {
  ExpectRoundTrip(TypeId::kHugeInt, {"-99999999999999999999999999999999999999"}, "decimal128(38, 0)");
  ExpectRoundTrip(TypeId::kUHugeInt, {"0", "99999999999999999999999999999999999999"}, "decimal128(38, 0)");
  ExpectRoundTrip(TypeId::kTimestampTz, {"2024-02-29 12:00:00+02"}, "timestamp[us, tz=UTC]");
  ExpectRoundTrip(TypeId::kTimestampS, {"2024-02-29 12:00:00"}, "timestamp[s]");
  ExpectRoundTrip(TypeId::kTimestampMs, {"2024-02-29 12:00:00.125"}, "timestamp[ms]");
  ExpectRoundTrip(TypeId::kTimestampNs, {"1969-12-31 23:59:59.999999999"}, "timestamp[ns]");
  ExpectRoundTrip(TypeId::kTimeTz, {"12:34:56.7+02", "00:00:00-15:59:59"}, "string");
  ExpectRoundTrip(TypeId::kUuid, {"00000000-0000-0000-0000-000000000001", "f0000000-0000-0000-0000-00000000000f"},
                  "extension<arrow.uuid>");
  ExpectRoundTrip(TypeId::kJson, {R"({"a": [1, 2.5e3, "x"]})", "null"}, "extension<arrow.json>");
  ExpectRoundTrip(TypeId::kBit, {"", "0", "0101", "1111111", "10000000", "000000001"}, "binary");
}

TEST(ArrowBridgeTest, RefusesWhatIsNoValueOfTheWantedType) {
  const auto state_of = [](const std::shared_ptr<arrow::Array>& array, LogicalType type) {
    auto reader = ArrowBatchReader::Make(BatchOf(array), Pool(), {&type, 1}).ValueOrDie();
    return std::string(GetSqlState(reader->Next().status()));
  };
  arrow::Decimal128Builder negative(arrow::decimal128(38, 0), Pool());
  ASSERT_TRUE(negative.Append(arrow::Decimal128(-1)).ok());
  EXPECT_EQ(state_of(negative.Finish().ValueOrDie(), TypeId::kUHugeInt), "22003");
  arrow::BinaryBuilder bits(Pool());
  ASSERT_TRUE(bits.Append(std::string("\x09\x01")).ok());
  EXPECT_EQ(state_of(bits.Finish().ValueOrDie(), TypeId::kBit), "22P02");
  arrow::StringBuilder text(Pool());
  ASSERT_TRUE(text.Append("{").ok());
  const auto json = arrow::ExtensionType::WrapArray(arrow::extension::json(), text.Finish().ValueOrDie());
  EXPECT_EQ(state_of(json, TypeId::kJson), "22P02");
}

}  // namespace
}  // namespace llkv
