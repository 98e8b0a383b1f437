// Random batches of random schemas (every type, nested to depth 3, NULLs at every level, empty and sliced arrays) come
// back as they went in: from hot rows, from the log alone, from chunks, by an index, and through Parquet.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/extension/json.h>
#include <arrow/extension/uuid.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "api/testing/query_text.h"
#include "llkv/engine.h"
#include "llkv/session.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

/// A type of SQL and of Arrow, and how arrays of it are made.
struct TestType {
  std::string sql;
  std::shared_ptr<arrow::DataType> arrow;
  /// What builders build: the same layout without extensions and dictionaries.
  std::shared_ptr<arrow::DataType> built;
  std::vector<TestType> children;
  /// ENUM.
  std::shared_ptr<arrow::Array> labels;
  /// Whether Parquet takes it and gives the same back.
  bool in_parquet = true;
};

void Check(const arrow::Status& status) { ASSERT_TRUE(status.ok()) << status; }

/// Built arrays as arrays of the type.
std::shared_ptr<arrow::ArrayData> Retype(const arrow::ArrayData& data, const TestType& type) {
  std::shared_ptr<arrow::ArrayData> typed = data.Copy();
  typed->type = type.arrow;
  if (type.labels != nullptr) typed->dictionary = type.labels->data();
  std::vector<std::shared_ptr<arrow::ArrayData>>* children = &typed->child_data;
  if (type.arrow->id() == arrow::Type::MAP) {
    typed->child_data[0] = typed->child_data[0]->Copy();
    typed->child_data[0]->type = type.arrow->field(0)->type();
    children = &typed->child_data[0]->child_data;
  }
  for (size_t i = 0; i < type.children.size(); ++i) (*children)[i] = Retype(*(*children)[i], type.children[i]);
  return typed;
}

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  TestType Type(int depth) {
    switch (depth == 0 ? 99 : Below(12)) {
      case 0:
      case 1:
        return List(Type(depth - 1));
      case 2:
        return Array(Type(depth - 1), 1 + Below(3));
      case 3:
      case 4:
        return Fields(depth, "STRUCT");
      case 5:
        return Map(Below(2) == 0 ? Plain("VARCHAR", arrow::utf8()) : Plain("INTEGER", arrow::int32()), Type(depth - 1));
      case 6:
        return Fields(depth, "UNION");
      default:
        return Leaf();
    }
  }

  /// A slice with rows before and behind it.
  std::shared_ptr<arrow::Array> Column(const TestType& type, int64_t rows) {
    const std::shared_ptr<arrow::ArrayBuilder> builder = arrow::MakeBuilder(type.built).ValueOrDie();
    for (int64_t i = 0; i < rows + 7; ++i) Append(type, *builder);
    return arrow::MakeArray(Retype(*builder->Finish().ValueOrDie()->data(), type))->Slice(3, rows);
  }

  int Below(int limit) { return static_cast<int>(random_() % static_cast<uint64_t>(limit)); }

 private:
  static TestType Plain(std::string sql, std::shared_ptr<arrow::DataType> type) {
    return {std::move(sql), type, type, {}, nullptr, true};
  }
  static TestType NotInParquet(TestType type) {
    type.in_parquet = false;
    return type;
  }

  static TestType List(TestType element) {
    TestType type{element.sql + "[]", arrow::list(element.arrow), arrow::list(element.built), {}, nullptr,
                  element.in_parquet};
    type.children.push_back(std::move(element));
    return type;
  }

  static TestType Array(TestType element, int size) {
    TestType type{element.sql + "[" + std::to_string(size) + "]",
                  arrow::fixed_size_list(element.arrow, size),
                  arrow::fixed_size_list(element.built, size),
                  {},
                  nullptr,
                  element.in_parquet};
    type.children.push_back(std::move(element));
    return type;
  }

  static TestType Map(TestType key, TestType value) {
    TestType type{"MAP(" + key.sql + ", " + value.sql + ")",
                  arrow::map(key.arrow, value.arrow),
                  arrow::map(key.built, value.built),
                  {},
                  nullptr,
                  value.in_parquet};
    type.children.push_back(std::move(key));
    type.children.push_back(std::move(value));
    return type;
  }

  TestType Fields(int depth, const std::string& kind) {
    TestType type;
    arrow::FieldVector fields;
    arrow::FieldVector built;
    for (int i = 0, last = Below(3); i <= last; ++i) {
      TestType field = Type(depth - 1);
      const std::string name = "f" + std::to_string(i);
      type.sql += (type.sql.empty() ? kind + "(" : ", ") + name + " " + field.sql;
      fields.push_back(arrow::field(name, field.arrow));
      built.push_back(arrow::field(name, field.built));
      type.in_parquet = type.in_parquet && field.in_parquet;
      type.children.push_back(std::move(field));
    }
    type.sql += ")";
    const bool is_union = kind == "UNION";
    type.arrow = is_union ? arrow::dense_union(fields) : arrow::struct_(fields);
    type.built = is_union ? arrow::dense_union(built) : arrow::struct_(built);
    type.in_parquet = type.in_parquet && !is_union;
    return type;
  }

  TestType Enum() {
    arrow::StringBuilder labels;
    std::string sql;
    // More than 256 labels have numbers of two bytes.
    const int count = Below(3) == 0 ? 300 : 4;
    for (int i = 0; i < count; ++i) {
      const std::string label = "label " + std::to_string(i);
      Check(labels.Append(label));
      sql += (sql.empty() ? "ENUM('" : ", '") + label + "'";
    }
    const auto codes = count > 256 ? arrow::uint16() : arrow::uint8();
    return {sql + ")", arrow::dictionary(codes, arrow::utf8()), codes, {}, labels.Finish().ValueOrDie(), true};
  }

  TestType Leaf() {
    switch (Below(22)) {
      case 0:
        return Plain("BOOLEAN", arrow::boolean());
      case 1:
        return Plain("SMALLINT", arrow::int16());
      case 2:
        return Plain("BIGINT", arrow::int64());
      case 3:
        return Plain("DOUBLE", arrow::float64());
      case 4:
        return Plain("DECIMAL(9, 2)", arrow::decimal128(9, 2));
      case 5:
        return Plain("BLOB", arrow::binary());
      case 6:
        return Plain("DATE", arrow::date32());
      case 7:
        return Plain("TIMESTAMP", arrow::timestamp(arrow::TimeUnit::MICRO));
      case 8:
        return Plain("TIMESTAMPTZ", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
      case 9:
        return NotInParquet(Plain("TIMESTAMP_S", arrow::timestamp(arrow::TimeUnit::SECOND)));
      case 10:
        return Plain("TIMESTAMP_MS", arrow::timestamp(arrow::TimeUnit::MILLI));
      case 11:
        return Plain("TIMESTAMP_NS", arrow::timestamp(arrow::TimeUnit::NANO));
      case 12:
        return Plain("TIME", arrow::time64(arrow::TimeUnit::MICRO));
      case 13:
        return NotInParquet(Plain("TIMETZ", arrow::utf8()));
      case 14:
        return NotInParquet(Plain("INTERVAL", arrow::month_day_nano_interval()));
      case 15:
        return NotInParquet(Plain("HUGEINT", arrow::decimal128(38, 0)));
      case 16:
        return NotInParquet(Plain("UHUGEINT", arrow::decimal128(38, 0)));
      case 17:
        return NotInParquet(Plain("BIT", arrow::binary()));
      case 18:
        return NotInParquet({"UUID", arrow::extension::uuid(), arrow::fixed_size_binary(16), {}, nullptr, true});
      case 19:
        return NotInParquet({"JSON", arrow::extension::json(), arrow::utf8(), {}, nullptr, true});
      case 20:
        return Enum();
      default:
        return Plain("VARCHAR", arrow::utf8());
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

  std::string Json() {
    const std::string number = std::to_string(Below(1000));
    switch (Below(4)) {
      case 0:
        return number;
      case 1:
        return "[1, null, " + number + "]";
      case 2:
        return "{\"key " + number + "\": {}}";
      default:
        return "\"text " + number + "\"";
    }
  }

  /// With the number of unused bits before them.
  std::string Bits() {
    std::string bits(1, 0);
    for (int i = Below(5); i > 0; --i) bits.push_back(static_cast<char>(Below(256)));
    if (bits.size() == 1) return bits;
    const int unused = Below(8);
    bits[0] = static_cast<char>(unused);
    bits.back() = static_cast<char>(static_cast<uint8_t>(bits.back()) >> unused << unused);
    return bits;
  }

  std::string TimeTz() {
    constexpr const char* kTimes[] = {"00:00:00", "12:34:56.5", "23:59:59.999999"};
    constexpr const char* kZones[] = {"+00", "-03:30", "+14", "-15:59:59"};
    return std::string(kTimes[Below(3)]) + kZones[Below(4)];
  }

  /// An integer of at most 124 bits.
  arrow::Decimal128 Wide(bool is_signed) {
    arrow::Decimal128 value(static_cast<int64_t>(random_() >> 4), random_());
    if (is_signed && Below(2) == 0) value.Negate();
    return value;
  }

  int64_t Time(const TestType& type) {
    constexpr int64_t kMicrosPerDay = int64_t{86400} * 1000000;
    const auto bits = static_cast<int64_t>(random_());
    if (type.sql == "TIME") return static_cast<int64_t>(random_() % uint64_t{kMicrosPerDay});
    return type.sql == "TIMESTAMP_S" ? bits >> 32 : bits >> 12;
  }

  void Append(const TestType& type, arrow::ArrayBuilder& builder) {
    if (Below(5) == 0) return Check(builder.AppendNull());
    AppendValue(type, builder);
  }

  void AppendNested(const TestType& type, arrow::ArrayBuilder& builder) {
    switch (type.built->id()) {
      case arrow::Type::LIST: {
        auto& list = static_cast<arrow::ListBuilder&>(builder);
        Check(list.Append());
        for (int i = Below(4); i > 0; --i) Append(type.children[0], *list.value_builder());
        return;
      }
      case arrow::Type::FIXED_SIZE_LIST: {
        auto& list = static_cast<arrow::FixedSizeListBuilder&>(builder);
        Check(list.Append());
        const int size = static_cast<const arrow::FixedSizeListType&>(*type.built).list_size();
        for (int i = 0; i < size; ++i) Append(type.children[0], *list.value_builder());
        return;
      }
      case arrow::Type::DENSE_UNION: {
        // A NULL is one of the first member.
        const int member = Below(static_cast<int>(type.children.size()));
        Check(static_cast<arrow::DenseUnionBuilder&>(builder).Append(static_cast<int8_t>(member)));
        return AppendValue(type.children[static_cast<size_t>(member)], *builder.child(member));
      }
      case arrow::Type::MAP: {
        auto& map = static_cast<arrow::MapBuilder&>(builder);
        Check(map.Append());
        for (int i = Below(4); i > 0; --i) {
          // Keys differ.
          if (type.children[0].sql == "VARCHAR") {
            Check(static_cast<arrow::StringBuilder&>(*map.key_builder()).Append("k" + std::to_string(i)));
          } else {
            Check(static_cast<arrow::Int32Builder&>(*map.key_builder()).Append(i - 2));
          }
          Append(type.children[1], *map.item_builder());
        }
        return;
      }
      default: {
        auto& fields = static_cast<arrow::StructBuilder&>(builder);
        Check(fields.Append());
        for (int i = 0; i < fields.num_fields(); ++i) {
          Append(type.children[static_cast<size_t>(i)], *fields.field_builder(i));
        }
      }
    }
  }

  void AppendValue(const TestType& type, arrow::ArrayBuilder& builder) {
    if (!type.children.empty()) return AppendNested(type, builder);
    switch (type.built->id()) {
      case arrow::Type::BOOL:
        return Check(static_cast<arrow::BooleanBuilder&>(builder).Append(Below(2) == 0));
      case arrow::Type::UINT8:
        return Check(static_cast<arrow::UInt8Builder&>(builder).Append(static_cast<uint8_t>(Below(4))));
      case arrow::Type::UINT16:
        return Check(static_cast<arrow::UInt16Builder&>(builder).Append(static_cast<uint16_t>(Below(300))));
      case arrow::Type::INT16:
        return Check(static_cast<arrow::Int16Builder&>(builder).Append(static_cast<int16_t>(Below(65536) - 32768)));
      case arrow::Type::INT64:
        return Check(static_cast<arrow::Int64Builder&>(builder).Append(static_cast<int64_t>(random_())));
      case arrow::Type::DOUBLE:
        return Check(static_cast<arrow::DoubleBuilder&>(builder).Append(Below(1000) / 8.0 - 60));
      case arrow::Type::DECIMAL128: {
        const bool is_wide = type.sql != "DECIMAL(9, 2)";
        return Check(static_cast<arrow::Decimal128Builder&>(builder).Append(
            is_wide ? Wide(type.sql == "HUGEINT") : arrow::Decimal128(Below(1000000) - 500000)));
      }
      case arrow::Type::DATE32:
        return Check(static_cast<arrow::Date32Builder&>(builder).Append(Below(40000) - 20000));
      case arrow::Type::TIME64:
        return Check(static_cast<arrow::Time64Builder&>(builder).Append(Time(type)));
      case arrow::Type::TIMESTAMP:
        return Check(static_cast<arrow::TimestampBuilder&>(builder).Append(Time(type)));
      case arrow::Type::INTERVAL_MONTH_DAY_NANO:
        return Check(static_cast<arrow::MonthDayNanoIntervalBuilder&>(builder).Append(
            {Below(100) - 50, Below(100) - 50, static_cast<int64_t>(random_()) >> 8}));
      case arrow::Type::FIXED_SIZE_BINARY: {
        const uint64_t words[2] = {random_(), random_()};
        return Check(
            static_cast<arrow::FixedSizeBinaryBuilder&>(builder).Append(reinterpret_cast<const uint8_t*>(words)));
      }
      case arrow::Type::BINARY:
        return Check(static_cast<arrow::BinaryBuilder&>(builder).Append(type.sql == "BIT" ? Bits() : Bytes(false)));
      default:
        return Check(static_cast<arrow::StringBuilder&>(builder).Append(type.sql == "JSON"     ? Json()
                                                                        : type.sql == "TIMETZ" ? TimeTz()
                                                                                               : Bytes(true)));
    }
  }

  std::mt19937_64 random_;
};

std::string Text(const arrow::Array& array, int64_t row);

std::string ElementsText(const arrow::Array& elements) {
  std::string text = "[";
  for (int64_t i = 0; i < elements.length(); ++i) text += (i > 0 ? ", " : "") + Text(elements, i);
  return text + "]";
}

/// A value, however its array is laid out.
std::string Text(const arrow::Array& array, int64_t row) {
  if (array.IsNull(row)) return "NULL";
  switch (array.type_id()) {
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return ElementsText(*static_cast<const arrow::ListArray&>(array).value_slice(row));
    case arrow::Type::FIXED_SIZE_LIST:
      return ElementsText(*static_cast<const arrow::FixedSizeListArray&>(array).value_slice(row));
    case arrow::Type::STRUCT: {
      const auto& fields = static_cast<const arrow::StructArray&>(array);
      std::string text = "{";
      for (int i = 0; i < fields.num_fields(); ++i) text += (i > 0 ? ", " : "") + Text(*fields.field(i), row);
      return text + "}";
    }
    case arrow::Type::DENSE_UNION: {
      const auto& members = static_cast<const arrow::DenseUnionArray&>(array);
      const int member = members.child_id(row);
      return std::to_string(member) + ":" + Text(*members.field(member), members.value_offset(row));
    }
    case arrow::Type::DICTIONARY: {
      const auto& codes = static_cast<const arrow::DictionaryArray&>(array);
      return Text(*codes.dictionary(), codes.GetValueIndex(row));
    }
    case arrow::Type::EXTENSION:
      return Text(*static_cast<const arrow::ExtensionArray&>(array).storage(), row);
    default:
      return array.GetScalar(row).ValueOrDie()->ToString();
  }
}

std::string Render(const arrow::RecordBatch& batch) {
  std::string text;
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    for (int i = 0; i < batch.num_columns(); ++i) text += Text(*batch.column(i), row) + "|";
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
  std::vector<TestType> types;
  for (int i = 0; i < 4; ++i) types.push_back(generator.Type(3));
  const int64_t rows = GetParam() % 4 == 0 ? 5000 : generator.Below(60);
  arrow::Int64Builder ids;
  for (int64_t i = 0; i < rows; ++i) ASSERT_OK(ids.Append(i));
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<arrow::Array> id_column, ids.Finish());
  arrow::FieldVector fields = {arrow::field("id", arrow::int64())};
  arrow::ArrayVector columns = {id_column};
  bool in_parquet = true;
  for (const TestType& type : types) {
    fields.push_back(arrow::field("c" + std::to_string(columns.size()), type.arrow));
    columns.push_back(generator.Column(type, rows));
    ASSERT_OK(columns.back()->ValidateFull());
    in_parquet = in_parquet && type.in_parquet;
  }
  const auto schema = arrow::schema(fields);
  const auto batch = arrow::RecordBatch::Make(schema, rows, columns);
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
      create += ", " + schema->field(i)->name() + " " + types[static_cast<size_t>(i) - 1].sql;
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
    if (checkpoint) {
      ASSERT_EQ(RunSql(session, "CHECKPOINT"), "");
    }
    EXPECT_EQ(Rows(session, "SELECT * FROM u ORDER BY id"), expected) << "after the checkpoint";
    for (int i = 1; i < schema->num_fields(); ++i) {
      // Grouping and joining by the values find each row again.
      const std::string name = schema->field(i)->name();
      EXPECT_EQ(QueryText(session, "SELECT count(*) FROM t JOIN u USING (id) WHERE t." + name +
                                       " IS NOT DISTINCT FROM u." + name),
                std::to_string(rows));
    }
    EXPECT_EQ(QueryText(session, "PRAGMA integrity_check"), "ok");
    if (!checkpoint) {
      // Keys of every type, in both directions, and VACUUM.
      for (size_t i = 1; i <= types.size(); ++i) {
        const std::string name = "c" + std::to_string(i);
        ASSERT_EQ(RunSql(session, "CREATE INDEX ON t (" + name + ", id)"), "");
        ASSERT_EQ(RunSql(session, "CREATE INDEX ON t (" + name + " DESC, id)"), "");
      }
      EXPECT_EQ(QueryText(session, "PRAGMA integrity_check"), "ok") << "with indexes";
      ASSERT_EQ(RunSql(session, "CHECKPOINT"), "");
      ASSERT_EQ(RunSql(session, "VACUUM"), "");
      EXPECT_EQ(QueryText(session, "PRAGMA integrity_check"), "ok") << "after VACUUM";
      EXPECT_EQ(Rows(session, all), expected) << "after VACUUM";
    }
    if (!checkpoint && rows > 0 && in_parquet) {
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
