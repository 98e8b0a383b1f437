// Random batches of random schemas (nested to depth 3, NULLs at every level, empty and sliced arrays) come back as they
// went in: from hot rows, from the log alone, from chunks, and through Parquet.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "api/testing/query_text.h"
#include "llkv/engine.h"
#include "llkv/session.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  std::shared_ptr<arrow::DataType> Type(int depth) {
    const int kind = depth == 0 ? 9 : Below(10);
    switch (kind) {
      case 0:
      case 1:
        return arrow::list(Type(depth - 1));
      case 2:
        return arrow::fixed_size_list(Type(depth - 1), 1 + Below(3));
      case 3:
      case 4: {
        arrow::FieldVector fields;
        for (int i = 0; i <= Below(3); ++i) fields.push_back(arrow::field("f" + std::to_string(i), Type(depth - 1)));
        return arrow::struct_(fields);
      }
      case 5:
        return arrow::map(Below(2) == 0 ? arrow::utf8() : arrow::int32(), Type(depth - 1));
      default:
        return Leaf();
    }
  }

  std::shared_ptr<arrow::RecordBatch> Batch(const std::shared_ptr<arrow::Schema>& schema, int64_t rows) {
    arrow::ArrayVector columns;
    for (const auto& field : schema->fields()) {
      // A slice with rows before and behind it.
      auto builder = arrow::MakeBuilder(field->type()).ValueOrDie();
      for (int64_t i = 0; i < rows + 7; ++i) Append(*builder);
      columns.push_back(builder->Finish().ValueOrDie()->Slice(3, rows));
    }
    return arrow::RecordBatch::Make(schema, rows, std::move(columns));
  }

  int Below(int limit) { return static_cast<int>(random_() % static_cast<uint64_t>(limit)); }

 private:
  std::shared_ptr<arrow::DataType> Leaf() {
    switch (Below(8)) {
      case 0:
        return arrow::boolean();
      case 1:
        return arrow::int16();
      case 2:
        return arrow::int64();
      case 3:
        return arrow::float64();
      case 4:
        return arrow::decimal128(9, 2);
      case 5:
        return arrow::binary();
      case 6:
        return arrow::date32();
      default:
        return arrow::utf8();
    }
  }

  std::string Bytes(bool text) {
    std::string bytes;
    for (int i = Below(20); i > 0; --i) {
      // Text has NUL characters too.
      bytes.push_back(static_cast<char>(text ? Below(4) == 0 ? 0 : 'a' + Below(26) : Below(4) == 0 ? 0 : Below(256)));
    }
    return bytes;
  }

  void Append(arrow::ArrayBuilder& builder) {
    if (Below(5) == 0) return Check(builder.AppendNull());
    AppendValue(builder);
  }

  void AppendValue(arrow::ArrayBuilder& builder) {
    switch (builder.type()->id()) {
      case arrow::Type::LIST: {
        auto& list = static_cast<arrow::ListBuilder&>(builder);
        Check(list.Append());
        for (int i = Below(4); i > 0; --i) Append(*list.value_builder());
        return;
      }
      case arrow::Type::FIXED_SIZE_LIST: {
        auto& list = static_cast<arrow::FixedSizeListBuilder&>(builder);
        Check(list.Append());
        const int size = static_cast<const arrow::FixedSizeListType&>(*list.type()).list_size();
        for (int i = 0; i < size; ++i) Append(*list.value_builder());
        return;
      }
      case arrow::Type::STRUCT: {
        auto& fields = static_cast<arrow::StructBuilder&>(builder);
        Check(fields.Append());
        for (int i = 0; i < fields.num_fields(); ++i) Append(*fields.field_builder(i));
        return;
      }
      case arrow::Type::MAP: {
        auto& map = static_cast<arrow::MapBuilder&>(builder);
        Check(map.Append());
        for (int i = Below(4); i > 0; --i) {
          // Keys differ.
          if (map.key_builder()->type()->id() == arrow::Type::STRING) {
            Check(static_cast<arrow::StringBuilder&>(*map.key_builder()).Append("k" + std::to_string(i)));
          } else {
            Check(static_cast<arrow::Int32Builder&>(*map.key_builder()).Append(i - 2));
          }
          Append(*map.item_builder());
        }
        return;
      }
      case arrow::Type::BOOL:
        return Check(static_cast<arrow::BooleanBuilder&>(builder).Append(Below(2) == 0));
      case arrow::Type::INT16:
        return Check(static_cast<arrow::Int16Builder&>(builder).Append(static_cast<int16_t>(Below(65536) - 32768)));
      case arrow::Type::INT64:
        return Check(static_cast<arrow::Int64Builder&>(builder).Append(static_cast<int64_t>(random_())));
      case arrow::Type::DOUBLE:
        return Check(static_cast<arrow::DoubleBuilder&>(builder).Append(Below(1000) / 8.0 - 60));
      case arrow::Type::DECIMAL128:
        return Check(
            static_cast<arrow::Decimal128Builder&>(builder).Append(arrow::Decimal128(Below(1000000) - 500000)));
      case arrow::Type::DATE32:
        return Check(static_cast<arrow::Date32Builder&>(builder).Append(Below(40000) - 20000));
      case arrow::Type::BINARY:
        return Check(static_cast<arrow::BinaryBuilder&>(builder).Append(Bytes(false)));
      default:
        return Check(static_cast<arrow::StringBuilder&>(builder).Append(Bytes(true)));
    }
  }

  static void Check(const arrow::Status& status) { ASSERT_TRUE(status.ok()) << status; }

  std::mt19937_64 random_;
};

/// The SQL spelling of a type of the generator.
std::string SqlTypeName(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::LIST:
      return SqlTypeName(*type.field(0)->type()) + "[]";
    case arrow::Type::FIXED_SIZE_LIST:
      return SqlTypeName(*type.field(0)->type()) + "[" +
             std::to_string(static_cast<const arrow::FixedSizeListType&>(type).list_size()) + "]";
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      return "MAP(" + SqlTypeName(*map.key_type()) + ", " + SqlTypeName(*map.item_type()) + ")";
    }
    case arrow::Type::STRUCT: {
      std::string text;
      for (const auto& field : type.fields()) {
        text += (text.empty() ? "STRUCT(" : ", ") + field->name() + " " + SqlTypeName(*field->type());
      }
      return text + ")";
    }
    case arrow::Type::BOOL:
      return "BOOLEAN";
    case arrow::Type::INT16:
      return "SMALLINT";
    case arrow::Type::INT64:
      return "BIGINT";
    case arrow::Type::DOUBLE:
      return "DOUBLE";
    case arrow::Type::DECIMAL128:
      return "DECIMAL(9, 2)";
    case arrow::Type::DATE32:
      return "DATE";
    case arrow::Type::BINARY:
      return "BLOB";
    default:
      return "VARCHAR";
  }
}

std::string Render(const arrow::RecordBatch& batch) {
  std::string text;
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    for (int i = 0; i < batch.num_columns(); ++i) {
      text += batch.column(i)->GetScalar(row).ValueOrDie()->ToString() + "|";
    }
    text += "\n";
  }
  return text;
}

std::string Rows(Session& session, const std::string& sql) {
  auto reader = session.Query(sql);
  if (!reader.ok()) return reader.status().ToString();
  std::string text;
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    const arrow::Status status = (*reader)->ReadNext(&batch);
    if (!status.ok()) return status.ToString();
    if (batch == nullptr) return text;
    const arrow::Status valid = batch->ValidateFull();
    if (!valid.ok()) return valid.ToString();
    text += Render(*batch);
  }
}

class NestedRoundTrip : public ::testing::TestWithParam<int> {};

TEST_P(NestedRoundTrip, ComesBackAsItWentIn) {
  Generator generator(static_cast<uint64_t>(GetParam()));
  arrow::FieldVector fields = {arrow::field("id", arrow::int64())};
  for (int i = 0; i < 4; ++i) fields.push_back(arrow::field("c" + std::to_string(i), generator.Type(3)));
  const auto schema = arrow::schema(fields);
  const int64_t rows = GetParam() % 4 == 0 ? 5000 : generator.Below(60);
  auto batch = generator.Batch(schema, rows);
  arrow::Int64Builder ids;
  for (int64_t i = 0; i < rows; ++i) ASSERT_OK(ids.Append(i));
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<arrow::Array> id_column, ids.Finish());
  ASSERT_OK_AND_ASSIGN(batch, batch->SetColumn(0, schema->field(0), id_column));
  const std::string expected = Render(*batch);
  const std::string all = "SELECT * FROM t ORDER BY id";

  ScratchFolder folder;
  const std::string path = folder.path() + "/a.llkv";
  const std::string parquet = folder.path() + "/a.parquet";
  {
    ASSERT_OK_AND_ASSIGN(auto engine, SqlEngine::Open(path));
    ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
    std::string create = "CREATE TABLE t (id BIGINT";
    for (int i = 1; i < schema->num_fields(); ++i) {
      create += ", " + schema->field(i)->name() + " " + SqlTypeName(*schema->field(i)->type());
    }
    ASSERT_EQ(RunSql(session, create + ")"), "") << create;
    ASSERT_OK(session.Append("t", StreamOf(batch)).status());
    // Rows that go through the log: a copy by INSERT.
    ASSERT_EQ(RunSql(session, "CREATE TABLE u AS SELECT * FROM t LIMIT 0"), "");
    ASSERT_EQ(RunSql(session, "INSERT INTO u SELECT * FROM t"), "");
    ASSERT_EQ(Rows(session, all), expected);
    ASSERT_EQ(Rows(session, "SELECT * FROM u ORDER BY id"), expected);
  }
  for (const bool checkpoint : {true, false}) {
    ASSERT_OK_AND_ASSIGN(auto engine, SqlEngine::Open(path));
    ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
    EXPECT_EQ(Rows(session, all), expected) << "after opening";
    EXPECT_EQ(Rows(session, "SELECT * FROM u ORDER BY id"), expected) << "after opening";
    if (checkpoint) ASSERT_EQ(RunSql(session, "CHECKPOINT"), "");
    EXPECT_EQ(Rows(session, "SELECT * FROM u ORDER BY id"), expected) << "after the checkpoint";
    for (int i = 1; i < schema->num_fields(); ++i) {
      // Grouping and joining by the values find each row again.
      const std::string name = schema->field(i)->name();
      EXPECT_EQ(QueryText(session, "SELECT count(*) FROM t JOIN u USING (id) WHERE t." + name +
                                       " IS NOT DISTINCT FROM u." + name),
                std::to_string(rows));
    }
    if (!checkpoint && rows > 0) {
      ASSERT_EQ(RunSql(session, "COPY t TO '" + parquet + "'"), "");
      ASSERT_EQ(RunSql(session, "CREATE TABLE p AS SELECT * FROM t LIMIT 0"), "");
      ASSERT_EQ(RunSql(session, "COPY p FROM '" + parquet + "'"), "");
      EXPECT_EQ(Rows(session, "SELECT * FROM p ORDER BY id"), expected) << "through Parquet";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, NestedRoundTrip, ::testing::Range(0, 40));

}  // namespace
}  // namespace llkv
