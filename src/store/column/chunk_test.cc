// Chunks of every type and encoding, written, read back and damaged.
#include "store/column/column_chunk.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/error.h"
#include "store/column/chunk_ipc.h"
#include "store/column/descriptor_page.h"
#include "store/column/row_group_writer.h"
#include "store/column/testing/column_data.h"
#include "vector/scratch.h"

namespace llkv {
namespace {

using testing::AllTypes;
using testing::FlatColumn;
using testing::kAllSpreads;
using testing::RandomValues;
using testing::Spread;

arrow::MemoryPool* Pool() { return arrow::default_memory_pool(); }

/// A written chunk, as it would lie in a pager.
struct StoredChunk {
  ChunkDescriptor descriptor;
  std::shared_ptr<arrow::Buffer> blob;
};

std::shared_ptr<arrow::Buffer> Join(const std::vector<std::shared_ptr<arrow::Buffer>>& pieces) {
  return pieces.empty() ? nullptr : arrow::ConcatenateBuffers(pieces).ValueOrDie();
}

StoredChunk Store(EncodedRowGroup row_group) {
  StoredChunk stored{row_group.descriptor.columns.at(0), Join(row_group.column_pieces.at(0))};
  if (stored.blob != nullptr) stored.descriptor.key = PhysicalKey(7);
  return stored;
}

std::vector<RowId> Ids(uint64_t first, size_t n) {
  std::vector<RowId> ids;
  for (size_t i = 0; i < n; ++i) ids.push_back(RowId(first + i));
  return ids;
}

/// Writes values through Batches of changing sizes, some with a selection.
StoredChunk Write(LogicalType type, const std::vector<Value>& values, std::mt19937_64& random) {
  RowGroupWriter writer({{FieldId(3), type}}, Pool());
  size_t next = 0;
  while (next < values.size()) {
    const size_t n = std::min<size_t>(values.size() - next, 1 + random() % kMaxBatchRows);
    const std::vector<Value> part(values.begin() + static_cast<ptrdiff_t>(next),
                                  values.begin() + static_cast<ptrdiff_t>(next + n));
    if (random() % 2 == 0 || n * 2 > kMaxBatchRows) {
      const FlatColumn column(type, part);
      const Vector vector = column.GetVector(0);
      const Batch batch{std::span(&vector, 1), static_cast<uint32_t>(n), Selection::All(static_cast<uint32_t>(n))};
      EXPECT_TRUE(writer.Append(batch, Ids(next, n)).ok());
    } else {
      std::vector<Value> spaced;
      std::vector<uint16_t> rows;
      for (const Value& value : part) {
        spaced.push_back(Value::Null(type));
        rows.push_back(static_cast<uint16_t>(spaced.size()));
        spaced.push_back(value);
      }
      const FlatColumn column(type, spaced);
      const Vector vector = column.GetVector(0);
      const Batch batch{std::span(&vector, 1), static_cast<uint32_t>(n * 2), {rows.data(), static_cast<uint32_t>(n)}};
      EXPECT_TRUE(writer.Append(batch, Ids(next, n)).ok());
    }
    next += n;
  }
  auto row_group = writer.Finish();
  EXPECT_TRUE(row_group.ok()) << row_group.status().ToString();
  return Store(std::move(*row_group));
}

bool SameValue(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  return a.type() == b.type() && (a == b || (a.type().IsFloating() && CompareValues(a, b) == 0));
}

void ExpectValues(const ColumnChunk& chunk, const std::vector<Value>& values, std::mt19937_64& random) {
  ASSERT_EQ(chunk.num_rows(), values.size());
  ColumnScratch read_scratch(Pool());
  for (uint32_t first = 0; first < values.size(); first += kMaxBatchRows) {
    const uint32_t count = std::min(kMaxBatchRows, static_cast<uint32_t>(values.size()) - first);
    const Vector vector = *chunk.Read(first, count, read_scratch);
    for (uint32_t row = 0; row < count; ++row) {
      const Value value = GetValue(vector, row);
      ASSERT_TRUE(SameValue(value, values[first + row]))
          << first + row << ": " << value.ToString() << " for " << values[first + row].ToString();
      if (vector.range.known && !value.is_null()) {
        ASSERT_LE(vector.range.min, value.integer());
        ASSERT_GE(vector.range.max, value.integer());
      }
    }
  }
  std::vector<uint32_t> rows;
  for (int i = 0; i < 100; ++i) rows.push_back(static_cast<uint32_t>(random() % values.size()));
  auto scratch = ScratchVector::Make(chunk.descriptor().type, Pool());
  ASSERT_TRUE(scratch.ok());
  StringArena texts(Pool());
  ASSERT_TRUE(chunk.Gather(rows, *scratch, texts).ok());
  for (uint32_t i = 0; i < rows.size(); ++i) {
    ASSERT_TRUE(SameValue(GetValue(scratch->vector(), i), values[rows[i]])) << rows[i];
  }
}

void ExpectStatistics(const ChunkDescriptor& chunk, const std::vector<Value>& values) {
  uint32_t num_nulls = 0;
  std::set<std::string> distinct;
  for (const Value& value : values) {
    if (value.is_null()) {
      ++num_nulls;
      continue;
    }
    distinct.insert(value.ToString());
    ASSERT_TRUE(chunk.statistics.min.is_null() || CompareValues(chunk.statistics.min, value) <= 0);
    ASSERT_TRUE(chunk.statistics.max.is_null() || CompareValues(chunk.statistics.max, value) >= 0);
  }
  EXPECT_EQ(chunk.statistics.num_nulls, num_nulls);
  const auto count = static_cast<double>(distinct.size());
  // 0 and -0 are one value to the sketch and two texts.
  EXPECT_NEAR(chunk.statistics.sketch.Estimate(), count, 2 + count * 0.3);
  if (distinct.empty()) {
    EXPECT_TRUE(chunk.statistics.min.is_null());
  } else if (chunk.type.physical() != PhysicalType::kString && chunk.type.id() != TypeId::kInterval) {
    EXPECT_TRUE(chunk.statistics.min_is_exact && chunk.statistics.max_is_exact);
    EXPECT_TRUE(distinct.count(chunk.statistics.min.ToString()) == 1 || chunk.type.IsFloating());
  }
}

/// A row group of one column, through a descriptor page and back.
ChunkDescriptor ThroughPage(const ChunkDescriptor& chunk) {
  RowGroupDescriptor row_group;
  row_group.num_rows = chunk.num_rows;
  row_group.first_row_id = RowId(100);
  row_group.last_row_id = RowId(100 + chunk.num_rows - 1);
  row_group.columns = {chunk};
  const auto page = SerializeDescriptorPage(std::span(&row_group, 1), Pool());
  EXPECT_TRUE(page.ok()) << page.status().ToString();
  auto parsed = ParseDescriptorPage(*page);
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
  const auto again = SerializeDescriptorPage(*parsed, Pool());
  EXPECT_TRUE((*again)->Equals(**page));
  return parsed->at(0).columns.at(0);
}

void RoundTrip(LogicalType type, const std::vector<Value>& values, std::mt19937_64& random) {
  const StoredChunk stored = Write(type, values, random);
  ExpectStatistics(stored.descriptor, values);
  const ChunkDescriptor descriptor = ThroughPage(stored.descriptor);
  const auto chunk = ColumnChunk::Open(descriptor, stored.blob, 1, Pool());
  ASSERT_TRUE(chunk.ok()) << chunk.status().ToString();
  ExpectValues(**chunk, values, random);
  if (stored.blob == nullptr) return;
  for (const BufferRange& range : descriptor.buffers) EXPECT_EQ(range.offset % 64, 0U);
  const auto arrays = ReadChunkAsArrow(descriptor, stored.blob);
  ASSERT_TRUE(arrays.ok()) << arrays.status().ToString();
  EXPECT_EQ(arrays->values->null_count(), descriptor.statistics.num_nulls);
  if (descriptor.encoding != ChunkEncoding::kRunEnd) {
    EXPECT_EQ(arrays->dictionary == nullptr ? 0 : arrays->dictionary->length(), descriptor.dictionary_size);
  }
  // Arrow's reader finds the same buffers where the descriptor says they are.
  const auto& data = *arrays->values->data();
  for (size_t i = 0; i < data.buffers.size() && i < 3; ++i) {
    const BufferRange& range = descriptor.buffers[i];
    if (range.length == 0) continue;
    ASSERT_NE(data.buffers[i], nullptr);
    ASSERT_EQ(0, std::memcmp(data.buffers[i]->data(), stored.blob->data() + range.offset, range.length));
  }
}

TEST(ChunkTest, EveryTypeAndSpreadRoundTrips) {
  uint64_t seed = 1;
  for (const LogicalType type : AllTypes()) {
    for (const Spread spread : kAllSpreads) {
      for (const int null_percent : {0, 20, 100}) {
        for (const size_t n : {size_t{1}, size_t{64}, size_t{777}, size_t{4100}}) {
          SCOPED_TRACE(type.ToString() + " spread " + std::to_string(static_cast<int>(spread)) + " nulls " +
                       std::to_string(null_percent) + " rows " + std::to_string(n) + " seed " + std::to_string(seed));
          std::mt19937_64 random(seed++);
          RoundTrip(type, RandomValues(type, spread, n, null_percent, random), random);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(ChunkTest, DecodedEncodingsRoundTrip) {
  using testing::Shape;
  uint64_t seed = 5000;
  for (const LogicalType type : AllTypes()) {
    for (const Shape shape : {Shape::kRuns, Shape::kText, Shape::kDecimals}) {
      for (const int null_percent : {0, 20}) {
        for (const size_t n : {size_t{777}, size_t{5000}}) {
          SCOPED_TRACE(type.ToString() + " shape " + std::to_string(static_cast<int>(shape)) + " seed " +
                       std::to_string(seed));
          std::mt19937_64 random(seed++);
          std::vector<Value> values = testing::ShapedValues(type, shape, n, null_percent, random);
          if (values.empty()) continue;
          RoundTrip(type, values, random);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(ChunkTest, DecodingTakesAnyRowsAndSelections) {
  std::mt19937_64 random(6);
  for (const LogicalType type :
       {LogicalType(TypeId::kVarchar), LogicalType(TypeId::kDate), LogicalType(TypeId::kDouble)}) {
    const auto shape = type.IsString()     ? testing::Shape::kText
                       : type.IsFloating() ? testing::Shape::kDecimals
                                           : testing::Shape::kRuns;
    const std::vector<Value> values = testing::ShapedValues(type, shape, 9000, 0, random);
    const StoredChunk stored = Write(type, values, random);
    ASSERT_TRUE(stored.descriptor.is_decoded());
    const auto chunk = ColumnChunk::Open(stored.descriptor, stored.blob, 1, Pool()).ValueOrDie();
    ColumnScratch scratch(Pool());
    for (int i = 0; i < 200; ++i) {
      const auto first = static_cast<uint32_t>(random() % values.size());
      const auto count = static_cast<uint32_t>(1 + random() % std::min<size_t>(kMaxBatchRows, values.size() - first));
      std::vector<uint16_t> rows;
      for (uint32_t row = 0; row < count; ++row) {
        if (random() % 3 == 0) rows.push_back(static_cast<uint16_t>(row));
      }
      const Selection selection{rows.data(), static_cast<uint32_t>(rows.size())};
      const Vector vector = chunk->Decode(first, count, selection, scratch).ValueOrDie();
      for (const uint16_t row : rows) ASSERT_TRUE(SameValue(GetValue(vector, row), values[first + row]));
    }
  }
}

TEST(ChunkTest, ArrowArraysAndTheirSlicesRoundTrip) {
  uint64_t seed = 1000;
  for (const LogicalType type : AllTypes()) {
    for (const int null_percent : {0, 30}) {
      std::mt19937_64 random(seed++);
      SCOPED_TRACE(type.ToString());
      const std::vector<Value> values = RandomValues(type, Spread::kExtreme, 500, null_percent, random);
      const auto array = testing::MakeArrowArray(type, values);
      const auto sliced = array->Slice(13, 400);
      const auto schema = arrow::schema({arrow::field("x", array->type())});
      const auto batch = arrow::RecordBatch::Make(schema, sliced->length(), {sliced});
      RowGroupWriter writer({{FieldId(1), type}}, Pool());
      ASSERT_TRUE(writer.Append(*batch, 0, 3, RowId(10)).ok());
      ASSERT_TRUE(writer.Append(*batch, 3, 297, RowId(13)).ok());
      std::vector<Value> expected(values.begin() + 13, values.begin() + 313);
      const StoredChunk stored = Store(*writer.Finish());
      const auto chunk = ColumnChunk::Open(stored.descriptor, stored.blob, 1, Pool());
      ASSERT_TRUE(chunk.ok()) << chunk.status().ToString();
      ExpectValues(**chunk, expected, random);
      ExpectStatistics(stored.descriptor, expected);
    }
  }
}

ChunkDescriptor Encode(LogicalType type, const std::vector<Value>& values) {
  std::mt19937_64 random(5);
  return Write(type, values, random).descriptor;
}

std::vector<Value> Integers(LogicalType type, size_t n, int128_t first, int128_t step, uint64_t modulus) {
  std::vector<Value> values;
  for (size_t i = 0; i < n; ++i)
    values.push_back(Value::Integer(type, first + step * static_cast<int128_t>(i % modulus)));
  return values;
}

TEST(ChunkTest, EncodingsFollowTheValues) {
  const LogicalType money = LogicalType::Decimal(15, 2);
  ChunkDescriptor chunk = Encode(money, Integers(money, 3000, 0, 1, 11));
  EXPECT_EQ(chunk.encoding, ChunkEncoding::kNarrow);
  EXPECT_EQ(chunk.storage, PhysicalType::kUInt8);
  EXPECT_EQ(chunk.base, 0);

  chunk = Encode(TypeId::kDate, Integers(TypeId::kDate, 3000, -5000, 1, 2500));
  EXPECT_EQ(chunk.encoding, ChunkEncoding::kNarrow);
  EXPECT_EQ(chunk.storage, PhysicalType::kUInt16);
  EXPECT_EQ(chunk.base, -5000);

  chunk = Encode(TypeId::kBigInt, Integers(TypeId::kBigInt, 3000, int128_t{1} << 40, 1000000, 3000));
  EXPECT_EQ(chunk.encoding, ChunkEncoding::kNarrow);
  EXPECT_EQ(chunk.storage, PhysicalType::kUInt32);

  chunk = Encode(TypeId::kHugeInt, Integers(TypeId::kHugeInt, 3000, -5, int128_t{1} << 45, 3000));
  EXPECT_EQ(chunk.encoding, ChunkEncoding::kNarrow);
  EXPECT_EQ(chunk.storage, PhysicalType::kInt64);

  chunk = Encode(TypeId::kHugeInt, Integers(TypeId::kHugeInt, 3000, -5, int128_t{1} << 100, 3000));
  EXPECT_EQ(chunk.encoding, ChunkEncoding::kFlat);

  chunk = Encode(TypeId::kBigInt, Integers(TypeId::kBigInt, 3000, INT64_MIN / 2, int128_t{1} << 50, 7));
  EXPECT_EQ(chunk.encoding, ChunkEncoding::kDictionary);
  EXPECT_EQ(chunk.storage, PhysicalType::kUInt8);

  chunk = Encode(TypeId::kInteger, Integers(TypeId::kInteger, 3000, 9, 0, 1));
  EXPECT_EQ(chunk.encoding, ChunkEncoding::kConstant);
  EXPECT_EQ(chunk.size_bytes, 0U);

  std::vector<Value> texts;
  for (int i = 0; i < 3000; ++i) texts.push_back(Value::Varchar("shipmode " + std::to_string(i % 300)));
  chunk = Encode(TypeId::kVarchar, texts);
  EXPECT_EQ(chunk.encoding, ChunkEncoding::kDictionary);
  EXPECT_EQ(chunk.storage, PhysicalType::kUInt16);
  EXPECT_EQ(chunk.dictionary_size, 300U);
  for (int i = 0; i < 3000; ++i) texts[static_cast<size_t>(i)] = Value::Varchar("comment " + std::to_string(i * 7919));
  EXPECT_EQ(Encode(TypeId::kVarchar, texts).encoding, ChunkEncoding::kText);
  std::mt19937_64 random(1);
  for (Value& text : texts) {
    std::string bytes(20, ' ');
    for (char& c : bytes) c = static_cast<char>(random());
    text = Value::Blob(bytes);
  }
  EXPECT_EQ(Encode(TypeId::kBlob, texts).encoding, ChunkEncoding::kFlat);
}

TEST(ChunkTest, LongRunsAreRunEnds) {
  std::vector<Value> values;
  for (int i = 0; i < 3000; ++i) values.push_back(Value::Integer(TypeId::kDate, 9000 + i / 100));
  ChunkDescriptor chunk = Encode(TypeId::kDate, values);
  EXPECT_EQ(chunk.encoding, ChunkEncoding::kRunEnd);
  EXPECT_EQ(chunk.dictionary_size, 30U);
  EXPECT_EQ(chunk.storage, PhysicalType::kUInt8);
  EXPECT_EQ(chunk.base, 9000);
  values[5] = Value::Null(TypeId::kDate);
  EXPECT_EQ(Encode(TypeId::kDate, values).encoding, ChunkEncoding::kNarrow);
}

TEST(ChunkTest, DecimalsInDoublesAreIntegers) {
  std::vector<Value> values;
  for (int i = 0; i < 30000; ++i)
    values.push_back(Value::Floating(TypeId::kDouble, (i * 7919 % 1000003 - 500) / 100.0));
  ChunkDescriptor chunk = Encode(TypeId::kDouble, values);
  EXPECT_EQ(chunk.encoding, ChunkEncoding::kDecimal);
  EXPECT_EQ(chunk.storage, PhysicalType::kUInt32);
  EXPECT_EQ(chunk.scale, 2U);
  for (const double other : {-0.0, 1e300, 0.1234567891234567, std::numeric_limits<double>::quiet_NaN()}) {
    values[777] = Value::Floating(TypeId::kDouble, other);
    EXPECT_EQ(Encode(TypeId::kDouble, values).encoding, ChunkEncoding::kFlat) << other;
  }
}

TEST(ChunkTest, LongBoundsAreCutSafely) {
  const std::string high(40, static_cast<char>(0xFF));
  ChunkDescriptor chunk = Encode(TypeId::kBlob, {Value::Blob(high), Value::Blob(std::string(40, 'a'))});
  EXPECT_TRUE(chunk.statistics.max.is_null());
  EXPECT_EQ(chunk.statistics.min.bytes(), std::string(32, 'a'));
  EXPECT_FALSE(chunk.statistics.min_is_exact);
  chunk = Encode(TypeId::kBlob, {Value::Blob("q" + high), Value::Blob("b")});
  EXPECT_EQ(chunk.statistics.max.bytes(), "r");
  EXPECT_FALSE(chunk.statistics.max_is_exact);
  EXPECT_TRUE(chunk.statistics.min_is_exact);
}

/// Opens and reads a chunk with each byte of its blob changed.
void DamageEachByte(LogicalType type, const std::vector<Value>& values, std::mt19937_64& random) {
  const StoredChunk stored = Write(type, values, random);
  if (stored.blob == nullptr) return;
  const auto n = static_cast<uint32_t>(values.size());
  ColumnScratch scratch(Pool());
  for (int64_t i = 0; i < stored.blob->size(); ++i) {
    auto damaged = AllocatePadded(static_cast<uint64_t>(stored.blob->size()), Pool()).ValueOrDie();
    std::memcpy(damaged->mutable_data(), stored.blob->data(), static_cast<size_t>(stored.blob->size()));
    damaged->mutable_data()[i] = static_cast<uint8_t>(damaged->data()[i] ^ (random() % 255 + 1));
    const auto chunk = ColumnChunk::Open(stored.descriptor, damaged, 1, Pool());
    if (!chunk.ok()) {
      EXPECT_EQ(GetSqlState(chunk.status()), sqlstate::kDataCorrupted);
      continue;
    }
    const auto vector = (*chunk)->Read(0, n, scratch);
    ASSERT_TRUE(vector.ok());
    for (uint32_t row = 0; row < n; ++row) static_cast<void>(GetValue(*vector, row).is_null());
    auto gathered = ScratchVector::Make(type, Pool()).ValueOrDie();
    StringArena texts(Pool());
    const uint32_t rows[] = {0, n / 2, n - 1};
    ASSERT_TRUE((*chunk)->Gather(rows, gathered, texts).ok());
    for (uint32_t row = 0; row < 3; ++row) static_cast<void>(GetValue(gathered.vector(), row).is_null());
  }
  EXPECT_FALSE(ColumnChunk::Open(stored.descriptor, arrow::SliceBuffer(stored.blob, 0, 64), 1, Pool()).ok());
  EXPECT_FALSE(ColumnChunk::Open(stored.descriptor, nullptr, 1, Pool()).ok());
}

TEST(ChunkTest, DamagedBlobsNeverCrash) {
  uint64_t seed = 1;
  for (const LogicalType type : AllTypes()) {
    for (const Spread spread : kAllSpreads) {
      std::mt19937_64 random(seed++);
      SCOPED_TRACE(type.ToString());
      DamageEachByte(type, RandomValues(type, spread, 70, 10, random), random);
    }
    for (const auto shape : {testing::Shape::kRuns, testing::Shape::kText, testing::Shape::kDecimals}) {
      std::mt19937_64 random(seed++);
      SCOPED_TRACE(type.ToString());
      const std::vector<Value> values = testing::ShapedValues(type, shape, 300, 0, random);
      if (!values.empty()) DamageEachByte(type, values, random);
    }
  }
}

TEST(ChunkTest, DamagedDescriptorPagesNeverCrash) {
  std::mt19937_64 random(3);
  ColumnScratch scratch(Pool());
  std::vector<RowGroupDescriptor> row_groups(2);
  std::vector<std::shared_ptr<arrow::Buffer>> blobs;
  for (RowGroupDescriptor& row_group : row_groups) {
    row_group.num_rows = 70;
    row_group.first_row_id = RowId(1);
    row_group.last_row_id = RowId(70);
    for (const LogicalType type : {LogicalType(TypeId::kInteger), LogicalType(TypeId::kVarchar)}) {
      const StoredChunk stored = Write(type, RandomValues(type, Spread::kFew, 70, 10, random), random);
      row_group.columns.push_back(stored.descriptor);
      blobs.push_back(stored.blob);
    }
  }
  const auto page = SerializeDescriptorPage(row_groups, Pool()).ValueOrDie();
  for (int64_t i = 0; i < page->size(); ++i) {
    auto damaged = AllocatePadded(static_cast<uint64_t>(page->size()), Pool()).ValueOrDie();
    std::memcpy(damaged->mutable_data(), page->data(), static_cast<size_t>(page->size()));
    damaged->mutable_data()[i] = static_cast<uint8_t>(damaged->data()[i] ^ (random() % 255 + 1));
    const auto parsed = ParseDescriptorPage(damaged);
    if (!parsed.ok()) continue;
    size_t next = 0;
    for (const RowGroupDescriptor& row_group : *parsed) {
      for (const ChunkDescriptor& descriptor : row_group.columns) {
        const auto chunk = ColumnChunk::Open(descriptor, blobs.at(next++), 1, Pool());
        if (!chunk.ok()) continue;
        const auto vector = (*chunk)->Read(0, (*chunk)->num_rows(), scratch);
        for (uint32_t row = 0; row < (*chunk)->num_rows(); ++row) static_cast<void>(GetValue(*vector, row).is_null());
      }
    }
  }
  for (int64_t size = 0; size < page->size(); size += 32) {
    EXPECT_FALSE(ParseDescriptorPage(arrow::SliceBuffer(page, 0, size)).ok() && size + 64 < page->size());
  }
}

}  // namespace
}  // namespace llkv
