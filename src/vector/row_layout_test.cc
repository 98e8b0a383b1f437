// Random rows of every type through scatter, gather, hash, match, copy and sort keys, against Values.
#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "vector/row_hash.h"
#include "vector/row_layout.h"
#include "vector/row_storage.h"
#include "vector/sort_key.h"

namespace llkv {
namespace {

const std::vector<LogicalType> kTypes = {
    TypeId::kBoolean, TypeId::kTinyInt,  TypeId::kSmallInt,          TypeId::kInteger, TypeId::kBigInt,
    TypeId::kHugeInt, TypeId::kUInteger, TypeId::kUBigInt,           TypeId::kReal,    TypeId::kDouble,
    TypeId::kVarchar, TypeId::kInterval, LogicalType::Decimal(30, 2)};

struct RandomColumn {
  ScratchVector scratch;
  std::vector<std::string> texts;
};

/// Small domains, so that equal values and NULLs are frequent.
RandomColumn MakeColumn(LogicalType type, uint32_t n, std::mt19937_64& rng) {
  RandomColumn column{ScratchVector::Make(type, arrow::default_memory_pool()).ValueOrDie(), {}};
  column.scratch.ResetFlat(type);
  column.texts.resize(n);
  uint8_t* validity = rng() % 3 == 0 ? nullptr : column.scratch.UseValidity();
  for (uint32_t i = 0; i < n; ++i) {
    const auto v = static_cast<int64_t>(rng() % 7) - 3;
    switch (type.physical()) {
      case PhysicalType::kBool:
        column.scratch.data<uint8_t>()[i] = v > 0;
        break;
      case PhysicalType::kInt8:
        column.scratch.data<int8_t>()[i] = static_cast<int8_t>(v * 42);
        break;
      case PhysicalType::kInt16:
        column.scratch.data<int16_t>()[i] = static_cast<int16_t>(v * 10000);
        break;
      case PhysicalType::kInt32:
        column.scratch.data<int32_t>()[i] = static_cast<int32_t>(v * 700'000'000);
        break;
      case PhysicalType::kUInt32:
        column.scratch.data<uint32_t>()[i] = static_cast<uint32_t>(v);
        break;
      case PhysicalType::kInt64:
        column.scratch.data<int64_t>()[i] = v * 3'000'000'000'000'000'000;
        break;
      case PhysicalType::kUInt64:
        column.scratch.data<uint64_t>()[i] = static_cast<uint64_t>(v);
        break;
      case PhysicalType::kInt128:
        column.scratch.data<int128_t>()[i] = (static_cast<int128_t>(v) << 90) + v;
        break;
      case PhysicalType::kFloat:
        column.scratch.data<float>()[i] = v == 3 ? NAN : static_cast<float>(v) * 0.5F;
        break;
      case PhysicalType::kDouble:
        column.scratch.data<double>()[i] = v == 3 ? -NAN : (v == 2 ? -0.0 : static_cast<double>(v) * 1e100);
        break;
      case PhysicalType::kInterval:
        column.scratch.data<Interval>()[i] = v == 1 ? Interval{0, 30, 0} : Interval{static_cast<int32_t>(v), 0, v};
        break;
      default:
        column.texts[i] = std::string(static_cast<size_t>(v + 3) * 5, 'x') + (rng() % 2 == 0 ? "a" : std::string(1, 0));
        column.scratch.data<StringRef>()[i] = StringRef(column.texts[i]);
    }
    if (validity != nullptr && rng() % 4 == 0)
      validity[i >> 3] = static_cast<uint8_t>(validity[i >> 3] & ~(1U << (i & 7)));
  }
  return column;
}

/// Negative, 0, positive in a key's order.
int Order(const Value& a, const Value& b, const SortKeyColumn& order) {
  if (a.is_null() || b.is_null()) {
    if (a.is_null() == b.is_null()) return 0;
    return a.is_null() == order.nulls_first ? -1 : 1;
  }
  const int result = CompareValues(a, b);
  return order.descending ? -result : result;
}

struct Fixture {
  std::vector<LogicalType> types;
  std::vector<RandomColumn> columns;
  std::vector<Vector> vectors;
  std::vector<uint16_t> positions;
  Selection selection;
};

Fixture MakeFixture(std::mt19937_64& rng, uint32_t n, size_t num_columns) {
  Fixture fixture;
  for (size_t c = 0; c < num_columns; ++c) {
    fixture.types.push_back(kTypes[rng() % kTypes.size()]);
    fixture.columns.push_back(MakeColumn(fixture.types.back(), n, rng));
  }
  for (const RandomColumn& column : fixture.columns) fixture.vectors.push_back(column.scratch.vector());
  fixture.selection = Selection::All(n);
  if (rng() % 2 == 0) {
    for (uint32_t i = 0; i < n; ++i) {
      if (rng() % 3 != 0) fixture.positions.push_back(static_cast<uint16_t>(i));
    }
    fixture.selection = {fixture.positions.data(), static_cast<uint32_t>(fixture.positions.size())};
  }
  return fixture;
}

TEST(RowLayoutTest, RowsKeepTheirValues) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    std::mt19937_64 rng(seed);
    const Fixture f = MakeFixture(rng, 300, 1 + rng() % 12);
    const RowLayout layout = RowLayout::Make(f.types, static_cast<uint32_t>(rng() % 17), 8);
    RowStorage storage(layout.width(), arrow::default_memory_pool());
    RowStorage copies(layout.width(), arrow::default_memory_pool());
    std::vector<uint8_t*> rows(kMaxBatchRows);
    ASSERT_TRUE(storage.Append(layout, f.vectors, f.selection, rows.data()).ok());
    for (uint32_t i = 0; i < f.selection.count; ++i) {
      char* heap = nullptr;
      uint8_t* copy = copies.AllocateRow(layout.HeapSize(rows[i]), &heap).ValueOrDie();
      CopyRow(layout, rows[i], copy, heap);
      ASSERT_TRUE(RowsEqual(layout, f.types.size(), rows[i], copy));
    }
    std::vector<uint8_t*> walked(kMaxBatchRows);
    RowCursor cursor(copies);
    ASSERT_EQ(cursor.Next(kMaxBatchRows, walked.data()), f.selection.count);
    std::vector<uint64_t> hashes(kMaxBatchRows);
    HashRows(f.vectors, f.selection, hashes.data());
    for (size_t c = 0; c < f.types.size(); ++c) {
      ScratchVector out = ScratchVector::Make(f.types[c], arrow::default_memory_pool()).ValueOrDie();
      GatherColumn(layout, c, walked.data(), f.selection.count, nullptr, f.selection.count, out);
      for (uint32_t i = 0; i < f.selection.count; ++i) {
        const Value expected = GetValue(f.vectors[c], f.selection[i]);
        ASSERT_EQ(GetValue(out.vector(), i).ToSql(), expected.ToSql());
      }
      GatherColumn(layout, c, walked.data(), f.selection.count, f.selection.rows, 300, out);
      for (uint32_t i = 0; i < f.selection.count; ++i) {
        ASSERT_EQ(GetValue(out.vector(), f.selection[i]).ToSql(), GetValue(f.vectors[c], f.selection[i]).ToSql());
      }
    }
    for (uint32_t i = 0; i < f.selection.count; ++i) {
      ASSERT_EQ(hashes[i], HashStoredRow(layout, f.types.size(), walked[i]));
    }
  }
}

TEST(RowLayoutTest, MatchingIsValueEqualityWithNullsEqual) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 rng(seed);
    const Fixture f = MakeFixture(rng, 200, 1);
    const RowLayout layout = RowLayout::Make(f.types);
    RowStorage storage(layout.width(), arrow::default_memory_pool());
    std::vector<uint8_t*> rows(kMaxBatchRows);
    ASSERT_TRUE(storage.Append(layout, f.vectors, f.selection, rows.data()).ok());
    std::shuffle(rows.begin(), rows.begin() + f.selection.count, rng);
    std::vector<uint16_t> lanes;
    for (uint32_t i = 0; i < f.selection.count; ++i) lanes.push_back(static_cast<uint16_t>(i));
    std::vector<uint16_t> failed(kMaxBatchRows);
    uint32_t num_failed = 0;
    const uint32_t kept = MatchColumn(layout, 0, f.vectors[0], f.selection.rows, rows.data(), lanes.data(),
                                      f.selection.count, failed.data(), &num_failed);
    ASSERT_EQ(kept + num_failed, f.selection.count);
    std::vector<bool> matched(f.selection.count);
    for (uint32_t k = 0; k < kept; ++k) matched[lanes[k]] = true;
    ScratchVector out = ScratchVector::Make(f.types[0], arrow::default_memory_pool()).ValueOrDie();
    GatherColumn(layout, 0, rows.data(), f.selection.count, nullptr, f.selection.count, out);
    for (uint32_t i = 0; i < f.selection.count; ++i) {
      const bool equal = Order(GetValue(out.vector(), i), GetValue(f.vectors[0], f.selection[i]), {}) == 0;
      ASSERT_EQ(matched[i], equal) << seed;
    }
  }
}

TEST(SortKeyTest, WordsOrderRowsUpToTheTieColumn) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 rng(seed);
    const Fixture f = MakeFixture(rng, 60, 1 + rng() % 4);
    std::vector<SortKeyColumn> columns;
    for (const LogicalType type : f.types) columns.push_back({type, rng() % 2 == 0, rng() % 2 == 0});
    const SortKeyEncoder encoder(columns, false);
    std::vector<uint64_t> words(kMaxBatchRows * 5);
    encoder.Encode(f.vectors, f.selection, 5, words.data());
    for (uint32_t i = 0; encoder.CanDecodeFirst() && i < f.selection.count; ++i) {
      const Value value = encoder.DecodeFirst(words.data() + i * 5);
      const Value expected = GetValue(f.vectors[0], f.selection[i]);
      ASSERT_EQ(value.is_null(), expected.is_null()) << seed;
      if (!value.is_null()) {
        ASSERT_EQ(CompareValues(value, expected), 0) << seed;
      }
    }
    const RowLayout layout = RowLayout::Make(f.types);
    RowStorage storage(layout.width(), arrow::default_memory_pool());
    std::vector<uint8_t*> rows(kMaxBatchRows);
    ASSERT_TRUE(storage.Append(layout, f.vectors, f.selection, rows.data()).ok());
    for (uint32_t i = 0; i < f.selection.count; ++i) {
      for (uint32_t j = 0; j < f.selection.count; ++j) {
        int expected = 0;
        for (size_t c = 0; c < columns.size() && expected == 0; ++c) {
          expected = Order(GetValue(f.vectors[c], f.selection[i]), GetValue(f.vectors[c], f.selection[j]), columns[c]);
        }
        int actual = 0;
        for (uint32_t w = 0; w < encoder.num_words() && actual == 0; ++w) {
          const uint64_t a = words[i * 5 + w];
          const uint64_t b = words[j * 5 + w];
          actual = a < b ? -1 : (a > b ? 1 : 0);
        }
        for (size_t c = encoder.first_tie_column(); c < columns.size() && actual == 0; ++c) {
          actual = CompareStoredColumn(layout, c, columns[c], rows[i], rows[j]);
        }
        ASSERT_EQ(expected < 0, actual < 0) << seed;
        ASSERT_EQ(expected > 0, actual > 0) << seed;
      }
    }
  }
}

}  // namespace
}  // namespace llkv
