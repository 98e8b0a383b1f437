// Row groups through a pager: written, committed, opened again and read.
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <random>

#include "base/error.h"
#include "pager/pager.h"
#include "pager/registry.h"
#include "store/column/descriptor_page.h"
#include "store/column/row_group_reader.h"
#include "store/column/row_group_writer.h"
#include "store/column/testing/column_data.h"

namespace llkv {
namespace {

using testing::FlatColumn;
using testing::MakeArrowArray;
using testing::RandomValues;
using testing::Spread;

arrow::MemoryPool* Pool() { return arrow::default_memory_pool(); }

class RowGroupTest : public ::testing::Test {
 protected:
  /// Stores a row group and its descriptor page, and reads the descriptor back.
  std::shared_ptr<const RowGroupDescriptor> Store(RowGroupWriter& writer, bool is_staged) {
    auto encoded = writer.Finish();
    EXPECT_TRUE(encoded.ok()) << encoded.status().ToString();
    WriteBatch batch;
    RowGroupDescriptor descriptor;
    if (is_staged) {
      std::vector<StagedBlob> staged;
      descriptor = StageRowGroup(std::move(*encoded), *pager_, &staged).ValueOrDie();
      for (StagedBlob& blob : staged) batch.PutStaged(std::move(blob));
    } else {
      descriptor = PutRowGroup(std::move(*encoded), *pager_, batch).ValueOrDie();
    }
    EXPECT_TRUE(pager_->Commit(batch).ok());
    const auto page = SerializeDescriptorPage(std::span(&descriptor, 1), Pool()).ValueOrDie();
    return std::make_shared<RowGroupDescriptor>(ParseDescriptorPage(page).ValueOrDie().at(0));
  }

  std::unique_ptr<Pager> pager_ = OpenPager(":memory:").ValueOrDie();
};

TEST_F(RowGroupTest, AllTypesThroughThePager) {
  std::mt19937_64 random(8);
  constexpr uint32_t kRows = 5000;
  std::vector<ColumnSpec> specs;
  std::vector<std::vector<Value>> columns;
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const LogicalType type : testing::AllTypes()) {
    specs.push_back({FieldId(specs.size() + 10), type});
    columns.push_back(RandomValues(type, testing::kAllSpreads[random() % 6], kRows, 10, random));
    arrays.push_back(MakeArrowArray(type, columns.back()));
    fields.push_back(arrow::field("c", arrays.back()->type()));
  }
  const auto batch = arrow::RecordBatch::Make(arrow::schema(fields), kRows, arrays);
  RowGroupWriter writer(specs, Pool());
  ColumnScratch scratch(Pool());
  for (const bool is_staged : {true, false}) {
    EXPECT_EQ(writer.NumRowsThatFit(*batch, 0, kRows), int64_t{kRows});
    const arrow::Status appended = writer.Append(*batch, 0, kRows, RowId(77));
    ASSERT_TRUE(appended.ok()) << appended;
    RowGroupReader reader(Store(writer, is_staged), pager_.get(), Pool());
    EXPECT_TRUE(reader.descriptor().row_ids_are_dense);
    std::vector<size_t> all;
    for (size_t i = 0; i < specs.size(); ++i) all.push_back(i);
    ASSERT_TRUE(reader.OpenColumns(all).ok());
    for (size_t i = 0; i < specs.size(); ++i) {
      EXPECT_EQ(reader.descriptor().Find(specs[i].field), &reader.descriptor().columns[i]);
      const ColumnChunk* chunk = reader.Column(i).ValueOrDie();
      EXPECT_EQ(chunk, reader.Column(i).ValueOrDie());
      for (uint32_t first = 0; first < kRows; first += kMaxBatchRows) {
        const uint32_t count = std::min(kMaxBatchRows, uint32_t{kRows} - first);
        const Vector vector = chunk->Read(first, count, scratch).ValueOrDie();
        for (uint32_t row = 0; row < count; ++row) {
          const Value value = GetValue(vector, row);
          const Value& expected = columns[i][first + row];
          ASSERT_TRUE(value == expected || (!value.is_null() && CompareValues(value, expected) == 0));
        }
      }
    }
    EXPECT_EQ(reader.FindRow(RowId(77 + 4999)).ValueOrDie(), 4999U);
    EXPECT_FALSE(reader.FindRow(RowId(76)).ValueOrDie().has_value());
  }
}

TEST_F(RowGroupTest, RowIdsWithGaps) {
  std::mt19937_64 random(9);
  for (const uint64_t max_gap : {uint64_t{1}, uint64_t{5}, uint64_t{1000}, uint64_t{1} << 40}) {
    RowGroupWriter writer({{FieldId(1), TypeId::kBigInt}}, Pool());
    std::vector<RowId> ids;
    std::vector<Value> values;
    uint64_t id = 10;
    for (int i = 0; i < 2000; ++i) {
      id += 1 + random() % max_gap;
      ids.push_back(RowId(id));
      values.push_back(Value::BigInt(static_cast<int64_t>(random())));
    }
    const FlatColumn column(TypeId::kBigInt, values);
    const Vector vector = column.GetVector(0);
    ASSERT_TRUE(writer.Append(Batch{std::span(&vector, 1), 2000, Selection::All(2000)}, ids).ok());
    RowGroupReader reader(Store(writer, false), pager_.get(), Pool());
    EXPECT_EQ(reader.descriptor().row_ids_are_dense, max_gap == 1);
    for (uint32_t i = 0; i < 2000; ++i) {
      ASSERT_EQ(reader.FindRow(ids[i]).ValueOrDie(), i);
      const bool has_next = i + 1 < 2000 && ids[i + 1].value == ids[i].value + 1;
      ASSERT_EQ(reader.FindRow(RowId(ids[i].value + 1)).ValueOrDie().has_value(), has_next);
    }
    std::vector<RowId> some(100);
    ASSERT_TRUE(reader.GetRowIds(1234, some).ok());
    EXPECT_TRUE(std::equal(some.begin(), some.end(), ids.begin() + 1234));
  }
}

TEST_F(RowGroupTest, RefusesWhatItCannotStoreAndKeepsTheRest) {
  const LogicalType money = LogicalType::Decimal(5, 2);
  RowGroupWriter writer({{FieldId(1), TypeId::kVarchar}, {FieldId(2), money}}, Pool());
  auto batch_of = [&](int128_t amount, LogicalType type) {
    const auto text = MakeArrowArray(TypeId::kVarchar, {Value::Varchar("x"), Value::Null(TypeId::kVarchar)});
    const auto number = MakeArrowArray(type, {Value::Integer(type, 1), Value::Integer(type, amount)});
    return arrow::RecordBatch::Make(
        arrow::schema({arrow::field("a", text->type()), arrow::field("b", ToArrowType(type))}), 2, {text, number});
  };
  ASSERT_TRUE(writer.Append(*batch_of(99999, money), 0, 2, RowId(1)).ok());
  arrow::Status status = writer.Append(*batch_of(99999, LogicalType::Decimal(6, 2)), 0, 2, RowId(3));
  EXPECT_EQ(GetSqlState(status), sqlstate::kInvalidParameter);
  status = writer.Append(*batch_of(99999, money), 0, 2, RowId(2));
  EXPECT_EQ(GetSqlState(status), sqlstate::kInvalidParameter);
  ASSERT_TRUE(writer.Append(*batch_of(1, money), 1, 1, RowId(3)).ok());
  RowGroupReader reader(Store(writer, true), pager_.get(), Pool());
  EXPECT_EQ(reader.num_rows(), 3U);
  EXPECT_EQ(GetValue(reader.Column(1).ValueOrDie()->GetVector(0), 1).integer(), 99999);
  EXPECT_EQ(reader.descriptor().columns[0].statistics.num_nulls, 2U);
}

TEST_F(RowGroupTest, EmptyWriterGivesAnEmptyRowGroup) {
  RowGroupWriter writer({{FieldId(1), TypeId::kVarchar}}, Pool());
  RowGroupReader reader(Store(writer, true), pager_.get(), Pool());
  EXPECT_EQ(reader.num_rows(), 0U);
  EXPECT_FALSE(reader.FindRow(RowId(0)).ValueOrDie().has_value());
}

TEST_F(RowGroupTest, PageListsRoundTrip) {
  const std::vector<DescriptorPageRef> pages = {{PhysicalKey(3), 64, 100000, RowId(1), RowId(5)},
                                                {PhysicalKey(9), 2, 7, RowId(6), RowId(99)}};
  const auto bytes = SerializeDescriptorPageList(pages, Pool()).ValueOrDie();
  const auto parsed = ParseDescriptorPageList(bytes).ValueOrDie();
  ASSERT_EQ(parsed.size(), 2U);
  EXPECT_EQ(parsed[1].key, PhysicalKey(9));
  EXPECT_EQ(parsed[0].num_rows, 100000U);
  EXPECT_EQ(parsed[1].last_row_id, RowId(99));
  EXPECT_TRUE(ParseDescriptorPageList(SerializeDescriptorPageList({}, Pool()).ValueOrDie())->empty());
  EXPECT_FALSE(ParseDescriptorPage(bytes).ok());
}

/// Prints how fast columns are encoded; asserts no time.
TEST_F(RowGroupTest, EncodingSpeed) {
  std::mt19937_64 random(2);
  const struct {
    const char* name;
    LogicalType type;
    Spread spread;
  } cases[] = {{"narrow money", LogicalType::Decimal(15, 2), Spread::kMediumRange},
               {"wide bigint", TypeId::kBigInt, Spread::kExtreme},
               {"date", TypeId::kDate, Spread::kMediumRange},
               {"double", TypeId::kDouble, Spread::kWide},
               {"few strings", TypeId::kVarchar, Spread::kFew},
               {"many strings", TypeId::kVarchar, Spread::kWide}};
  for (const auto& item : cases) {
    const std::vector<Value> values = RandomValues(item.type, item.spread, kMaxRowGroupRows, 0, random);
    const auto array = MakeArrowArray(item.type, values);
    const auto batch =
        arrow::RecordBatch::Make(arrow::schema({arrow::field("x", array->type())}), array->length(), {array});
    RowGroupWriter writer({{FieldId(1), item.type}}, Pool());
    double best = 1e9;
    uint64_t size = 0;
    for (int round = 0; round < 5; ++round) {
      const auto start = std::chrono::steady_clock::now();
      ASSERT_TRUE(writer.Append(*batch, 0, kMaxRowGroupRows, RowId(1)).ok());
      size = writer.size_bytes();
      const EncodedRowGroup row_group = writer.Finish().ValueOrDie();
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::printf("encode %-13s %5.2f GB/s\n", item.name, static_cast<double>(size) / best / 1e9);
  }
}

/// Prints what opening costs; asserts no time.
TEST_F(RowGroupTest, OpeningSpeed) {
  std::mt19937_64 random(2);
  std::vector<RowGroupDescriptor> row_groups;
  for (const Spread spread : {Spread::kSmallRange, Spread::kExtreme}) {
    const LogicalType type = TypeId::kBigInt;
    const auto array = MakeArrowArray(type, RandomValues(type, spread, kMaxRowGroupRows, 0, random));
    const auto batch =
        arrow::RecordBatch::Make(arrow::schema({arrow::field("x", array->type())}), array->length(), {array});
    RowGroupWriter writer({{FieldId(1), type}}, Pool());
    ASSERT_TRUE(writer.Append(*batch, 0, kMaxRowGroupRows, RowId(1)).ok());
    const auto descriptor = Store(writer, false);
    double best = 1e9;
    for (int round = 0; round < 20; ++round) {
      RowGroupReader reader(descriptor, pager_.get(), Pool());
      const auto start = std::chrono::steady_clock::now();
      ASSERT_TRUE(reader.Column(0).ok());
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::printf("open a chunk of %zu KiB: %.1f us\n", descriptor->columns[0].size_bytes / 1024, best * 1e6);
    RowGroupDescriptor wide = *descriptor;
    wide.columns.resize(16, wide.columns[0]);
    row_groups.assign(kMaxRowGroupsPerPage, wide);
  }
  const auto start = std::chrono::steady_clock::now();
  const auto page = SerializeDescriptorPage(row_groups, Pool()).ValueOrDie();
  const auto middle = std::chrono::steady_clock::now();
  ASSERT_TRUE(ParseDescriptorPage(page).ok());
  const auto end = std::chrono::steady_clock::now();
  std::printf("descriptor page of 1024 chunks: %ld KiB, write %.0f us, parse %.0f us\n", page->size() / 1024,
              std::chrono::duration<double>(middle - start).count() * 1e6,
              std::chrono::duration<double>(end - middle).count() * 1e6);
}

}  // namespace
}  // namespace llkv
