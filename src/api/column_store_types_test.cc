// ColumnStore over the types that Arrow's type alone does not tell, and over nested ones: what goes in comes out, in
// memory and stored, and the sort index, statistics and integrity check know them.
#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/extension/json.h>
#include <arrow/extension/uuid.h>
#include <arrow/extension_type.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/testing/query_text.h"
#include "api/testing/store_batches.h"
#include "llkv/column_store.h"

namespace llkv {
namespace {

constexpr LogicalFieldId kUuid = UserField(11);
constexpr LogicalFieldId kJson = UserField(12);
constexpr LogicalFieldId kBits = UserField(13);
constexpr LogicalFieldId kHuge = UserField(14);
constexpr LogicalFieldId kList = UserField(15);
constexpr LogicalFieldId kLabel = UserField(16);

std::shared_ptr<arrow::Field> Named(const std::shared_ptr<arrow::Field>& field, const std::string& sql_type) {
  return field->WithMergedMetadata(arrow::key_value_metadata({"llkv.type"}, {sql_type}));
}

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> Build(Builder&& builder, const std::vector<std::optional<Value>>& values) {
  for (const auto& value : values) {
    const arrow::Status status = value ? builder.Append(*value) : builder.AppendNull();
    EXPECT_TRUE(status.ok()) << status;
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> Lists() {
  auto values = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), values);
  EXPECT_TRUE(lists.Append().ok());
  EXPECT_TRUE(values->Append(1).ok());
  EXPECT_TRUE(values->Append(2).ok());
  EXPECT_TRUE(values->AppendNull().ok());
  EXPECT_TRUE(lists.AppendNull().ok());
  EXPECT_TRUE(lists.Append().ok());
  return lists.Finish().ValueOrDie();
}

/// Rows 1, 2 and 3; row 2 has NULLs but for the label.
std::shared_ptr<arrow::RecordBatch> TypedBatch() {
  using Text = std::string;
  const auto uuids = Build<arrow::FixedSizeBinaryBuilder, Text>(
      arrow::FixedSizeBinaryBuilder(arrow::fixed_size_binary(16)), {Text(16, '\xF0'), std::nullopt, Text(16, '\x01')});
  const auto jsons = Build<arrow::StringBuilder, Text>(arrow::StringBuilder(), {"[1]", std::nullopt, "{\"k\": null}"});
  const auto bits =
      Build<arrow::BinaryBuilder, Text>(arrow::BinaryBuilder(), {Text("\x03\xA8", 2), std::nullopt, Text("\0", 1)});
  const auto huge = Build<arrow::Decimal128Builder, arrow::Decimal128>(
      arrow::Decimal128Builder(arrow::decimal128(38, 0)), {arrow::Decimal128(-7), std::nullopt, arrow::Decimal128(5)});
  const auto labels = Build<arrow::StringBuilder, Text>(arrow::StringBuilder(), {"a", "b", "a"});
  return MakeStoreBatch(
      {1, 2, 3},
      {FieldFor(kUuid, "uuid", arrow::extension::uuid()), FieldFor(kJson, "json", arrow::extension::json()),
       Named(FieldFor(kBits, "bits", arrow::binary()), "BIT"),
       Named(FieldFor(kHuge, "huge", arrow::decimal128(38, 0)), "HUGEINT"),
       FieldFor(kList, "list", arrow::list(arrow::int64())), FieldFor(kLabel, "label", arrow::utf8())},
      {arrow::ExtensionType::WrapArray(arrow::extension::uuid(), uuids),
       arrow::ExtensionType::WrapArray(arrow::extension::json(), jsons), bits, huge, Lists(), labels});
}

std::shared_ptr<arrow::RecordBatch> ScanAll(const ColumnStore& store) {
  const auto reader = store.Scan({.fields = {kUuid, kJson, kBits, kHuge, kList, kLabel}}).ValueOrDie();
  return reader->Next().ValueOrDie();
}

void ExpectSame(const arrow::RecordBatch& out, const arrow::RecordBatch& in) {
  ASSERT_OK(out.ValidateFull());
  ASSERT_EQ(out.num_columns(), in.num_columns());
  for (int i = 0; i < in.num_columns(); ++i) {
    EXPECT_TRUE(out.column(i)->Equals(*in.column(i))) << in.schema()->field(i)->ToString() << "\n"
                                                      << out.column(i)->ToString();
  }
  EXPECT_EQ(*out.schema()->field(3)->metadata()->Get("llkv.type"), "BIT");
  EXPECT_EQ(*out.schema()->field(4)->metadata()->Get("llkv.type"), "HUGEINT");
  EXPECT_EQ(FieldIdOf(*out.schema()->field(3)), kBits);
}

TEST(ColumnStoreTypesTest, GiveBackWhatWentIn) {
  ColumnStoreOptions options;
  options.background = false;
  ASSERT_OK_AND_ASSIGN(const auto store, ColumnStore::Open(":memory:", options));
  const auto batch = TypedBatch();
  ASSERT_OK(store->Append(*batch));
  ExpectSame(*ScanAll(*store), *batch);
  ASSERT_OK(store->CreateSortIndex(kList));
  ASSERT_OK(store->CreateSortIndex(kBits));
  EXPECT_EQ(SortedText(*store, kList), "3\n1");
  EXPECT_EQ(SortedText(*store, kBits), "3\n1");
  ASSERT_OK(store->Checkpoint());
  ExpectSame(*ScanAll(*store), *batch);
  EXPECT_EQ(SortedText(*store, kList), "3\n1");
  // What comes out goes in, upon rows that are there, and beside a new field.
  ASSERT_OK(store->Append(*ScanAll(*store)));
  ASSERT_OK(store->Append(*MakeStoreBatch({.ids = {2}, .n = {{20}}})));
  ExpectSame(*ScanAll(*store), *batch);
  ASSERT_OK(store->Compact());
  ExpectSame(*ScanAll(*store), *batch);
  EXPECT_EQ(SortedText(*store, kList, {.descending = true}), "1\n3");
  ASSERT_OK_AND_ASSIGN(const auto findings, store->CheckIntegrity());
  EXPECT_TRUE(findings.empty()) << findings[0];
}

TEST(ColumnStoreTypesTest, AreKnownByStatisticsAndPredicates) {
  ColumnStoreOptions options;
  options.background = false;
  ASSERT_OK_AND_ASSIGN(const auto store, ColumnStore::Open(":memory:", options));
  const auto batch = TypedBatch();
  ASSERT_OK(store->Append(*batch));
  ASSERT_OK(store->Checkpoint());
  ASSERT_OK_AND_ASSIGN(const StoreStatistics statistics, store->Statistics());
  ASSERT_EQ(statistics.fields.size(), 6u);
  for (const FieldStatistics& field : statistics.fields) EXPECT_EQ(field.num_values, field.field == kLabel ? 3u : 2u);
  ASSERT_NE(statistics.fields[0].min, nullptr);
  EXPECT_TRUE(statistics.fields[0].min->Equals(**batch->column(1)->GetScalar(2)));
  EXPECT_TRUE(statistics.fields[2].max->Equals(**batch->column(3)->GetScalar(0)));
  EXPECT_EQ(statistics.fields[4].min, nullptr);
  ASSERT_OK_AND_ASSIGN(const StoreLayout layout, store->Layout());
  const auto group = std::find_if(layout.row_groups.begin(), layout.row_groups.end(),
                                  [](const RowGroupLayout& one) { return !one.is_hot; });
  ASSERT_NE(group, layout.row_groups.end());
  const auto& chunks = group->chunks;
  const auto list = std::find_if(chunks.begin(), chunks.end(), [](const auto& chunk) { return chunk.field == kList; });
  ASSERT_NE(list, chunks.end());
  EXPECT_EQ(list->encoding, "nested");
  for (const int column : {1, 2, 3, 4, 5}) {
    const LogicalFieldId field = *FieldIdOf(*batch->schema()->field(column));
    const FieldPredicate is_first{field, CompareOp::kEqual, {*batch->column(column)->GetScalar(0)}};
    EXPECT_EQ(ScanText(*store, {.fields = {}, .predicates = {is_first}}), "1") << column;
  }
  EXPECT_EQ(StateOf(store->Append(*MakeStoreBatch({9}, {FieldFor(kList, "list", arrow::list(arrow::int32()))},
                                                  {*arrow::MakeArrayOfNull(arrow::list(arrow::int32()), 1)}))),
            "42804");
}

}  // namespace
}  // namespace llkv
