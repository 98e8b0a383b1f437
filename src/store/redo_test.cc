// Log sections come back as they were written, for every type; and no bytes make replay do anything but fail cleanly.
#include "store/redo.h"

#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "store/table_metadata.h"
#include "store/testing/table_harness.h"
#include "txn/log_record.h"

namespace llkv {
namespace {

std::vector<uint8_t> Bytes(const ByteWriter& writer) { return {writer.bytes().begin(), writer.bytes().end()}; }

/// A group with rows of every physical type, some NULL.
class RedoTest : public ::testing::Test {
 protected:
  void SetUp() override {
    types_ = {TypeId::kBoolean,  TypeId::kTinyInt,
              TypeId::kSmallInt, TypeId::kInteger,
              TypeId::kBigInt,   TypeId::kHugeInt,
              TypeId::kUTinyInt, TypeId::kUBigInt,
              TypeId::kReal,     TypeId::kDouble,
              TypeId::kVarchar,  TypeId::kInterval,
              TypeId::kDate,     LogicalType::Decimal(30, 2),
              TypeId::kUuid,     TypeId::kTimestampTz,
              TypeId::kUHugeInt, TypeId::kBit};
    group_ = std::make_unique<HotRowGroup>(types_, RowId(131072), arrow::default_memory_pool());
    std::mt19937_64 random(1);
    for (uint32_t i = 0; i < 3000; ++i) {
      std::vector<Value> values;
      for (const LogicalType type : types_) values.push_back(RandomValue(type, random));
      rows_.push_back(values);
      Write(values);
    }
  }

  static Value RandomValue(LogicalType type, std::mt19937_64& random) {
    if (random() % 5 == 0) return Value::Null(type);
    const auto bits = static_cast<int64_t>(random() >> (random() % 64));
    switch (type.physical()) {
      case PhysicalType::kBool:
        return Value::Boolean(bits % 2 == 0);
      case PhysicalType::kFloat:
      case PhysicalType::kDouble:
        return Value::Floating(type, static_cast<float>(bits));
      case PhysicalType::kString:
        return Value::OfBytes(type, std::string(static_cast<size_t>(random() % 40), static_cast<char>(random())));
      case PhysicalType::kInterval:
        return Value::OfInterval({static_cast<int32_t>(bits), 3, bits});
      case PhysicalType::kInt8:
        return Value::Integer(type, static_cast<int8_t>(bits));
      case PhysicalType::kUInt8:
        return Value::Integer(type, static_cast<uint8_t>(bits));
      case PhysicalType::kInt16:
        return Value::Integer(type, static_cast<int16_t>(bits));
      case PhysicalType::kInt32:
        return Value::Integer(type, static_cast<int32_t>(bits));
      case PhysicalType::kUInt64:
        return Value::Integer(type, static_cast<int128_t>(static_cast<uint64_t>(bits)));
      case PhysicalType::kInt128:
        return Value::Integer(type, int128_t{bits} * (random() % 2 == 0 ? bits : 1));
      default:
        return Value::Integer(type, bits);
    }
  }

  void Write(const std::vector<Value>& values) {
    std::vector<ScratchVector> scratch;
    std::vector<Vector> columns;
    for (size_t i = 0; i < types_.size(); ++i) {
      scratch.push_back(ScratchVector::Make(types_[i], arrow::default_memory_pool()).ValueOrDie());
      SetConstant(values[i], scratch.back());
      columns.push_back(scratch.back().vector());
      columns.back().type = types_[i];
    }
    Batch batch;
    batch.columns = columns;
    batch.num_rows = 1;
    batch.selection = Selection::All(1);
    ASSERT_EQ(group_->Write(batch, 0, 1, 5).ValueOrDie(), 1u);
    group_->Publish(1);
  }

  std::vector<LogicalType> types_;
  std::unique_ptr<HotRowGroup> group_;
  std::vector<std::vector<Value>> rows_;
};

TEST_F(RedoTest, RowsOfEveryTypeComeBack) {
  ByteWriter out;
  EncodeRows(*group_, 10, 2500, out);
  RowDecoder decoder(types_, arrow::default_memory_pool());
  uint64_t next = 10;
  const arrow::Status status = decoder.Decode(out.bytes(), [&](RowId first_row, const Batch& batch) {
    EXPECT_EQ(first_row.value, 131072 + next);
    for (uint32_t row = 0; row < batch.num_rows; ++row, ++next) {
      for (size_t column = 0; column < types_.size(); ++column) {
        EXPECT_EQ(GetValue(batch.columns[column], row), rows_[next][column]);
      }
    }
    return arrow::Status::OK();
  });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(next, 2510u);
}

TEST_F(RedoTest, DamagedBytesAreErrors) {
  ByteWriter out;
  EncodeRows(*group_, 0, 40, out);
  const std::vector<uint8_t> rows = Bytes(out);
  out.Clear();
  EncodeLayout(testing::TestLayout(TableId(1025)), out);
  const std::vector<uint8_t> layout = Bytes(out);
  out.Clear();
  RowBitmap bitmap(3, 0x10);
  EncodeDeletes(bitmap, 150, out);
  const std::vector<uint8_t> deletes = Bytes(out);
  EXPECT_EQ(DecodeDeletes(deletes, 150).ValueOrDie(), bitmap);
  std::mt19937_64 random(2);
  RowDecoder decoder(types_, arrow::default_memory_pool());
  const auto accept = [](RowId, const Batch&) { return arrow::Status::OK(); };
  for (int round = 0; round < 3000; ++round) {
    for (const std::vector<uint8_t>& original : {rows, layout, deletes}) {
      std::vector<uint8_t> bytes = original;
      for (uint64_t i = 0; i <= random() % 3; ++i) bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
      if (random() % 2 == 0) bytes.resize(random() % bytes.size());
      static_cast<void>(decoder.Decode(bytes, accept));
      ByteReader reader(bytes);
      static_cast<void>(DecodeLayout(reader));
      static_cast<void>(DecodeTableMetadata(bytes));
      static_cast<void>(DecodeDeletes(bytes, 150));
      static_cast<void>(DecodeRowIds(bytes, [](RowId) { return arrow::Status::OK(); }));
      static_cast<void>(DecodeAttached(bytes));
      static_cast<void>(
          ReadLogRecord(bytes, [](const LogRecordHeader&, const LogSection&) { return arrow::Status::OK(); }));
    }
  }
}

TEST(StorageRecovery, ADamagedLogRecordIsAnErrorNotACrash) {
  // A database whose log has one good commit; then the record is damaged in every way a byte can be.
  std::shared_ptr<Pager> pager = OpenPager(":memory:").ValueOrDie();
  std::vector<uint8_t> record;
  {
    auto storage = Storage::Open(pager).ValueOrDie();
    auto txn = storage->txns().Begin();
    ASSERT_TRUE(txn->BeginStatement().ok());
    auto table = storage->CreateTable(*txn, testing::TestLayout(storage->AllocateTableId())).ValueOrDie();
    ASSERT_TRUE(testing::AppendRows(*table, *txn, {{1, {"one", 1}}, {2, {std::nullopt, 2}}}).ok());
    ASSERT_TRUE(storage->Commit(*txn).ok());
    ASSERT_TRUE(pager
                    ->ReadLog(Lsn(0),
                              [&](Lsn, std::span<const uint8_t> bytes) {
                                record.assign(bytes.begin(), bytes.end());
                                return arrow::Status::OK();
                              })
                    .ok());
  }
  ASSERT_GT(record.size(), 40u);
  for (size_t i = 0; i < record.size(); ++i) {
    for (const int flip : {0x01, 0x40, 0x80, 0xFF}) {
      std::vector<uint8_t> damaged = record;
      damaged[i] = static_cast<uint8_t>(damaged[i] ^ flip);
      std::shared_ptr<Pager> other = OpenPager(":memory:").ValueOrDie();
      WriteBatch batch;
      batch.AppendLog(damaged);
      ASSERT_TRUE(other->Commit(batch).ok());
      const auto opened = Storage::Open(other);
      if (!opened.ok()) {
        EXPECT_TRUE(GetSqlState(opened.status()) == sqlstate::kDataCorrupted ||
                    GetSqlState(opened.status()) == sqlstate::kFeatureNotSupported)
            << opened.status().ToString();
      }
    }
  }
}

}  // namespace
}  // namespace llkv
