// ArtIndex against a map: integers, text of any length, long common prefixes, versions; and readers beside a writer.
#include "store/art_index.h"

#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "store/flat_value.h"
#include "store/key_encoding.h"
#include "types/text_parse.h"
#include "types/type_info.h"
#include "types/uhugeint.h"

namespace llkv {
namespace {

std::string Key(const Value& value) {
  std::string key;
  AppendKeyPart(value.type(), value, &key);
  return key;
}

std::vector<uint64_t> Rows(const ArtIndex& index, const std::string& key) {
  std::vector<uint64_t> rows;
  for (const ArtIndex::Entry* entry = index.Find(key); entry != nullptr; entry = entry->older) {
    rows.insert(rows.begin(), entry->row.value);
  }
  return rows;
}

void CheckAgainstMap(const std::vector<std::string>& keys, uint64_t seed) {
  std::mt19937_64 random(seed);
  ArtIndex index(arrow::default_memory_pool());
  std::map<std::string, std::vector<uint64_t>> expected;
  for (uint64_t i = 0; i < 3 * keys.size(); ++i) {
    const std::string& key = keys[random() % (keys.size() / 2)];
    ASSERT_TRUE(index.Insert(key, RowId(i)).ok());
    expected[key].push_back(i);
  }
  EXPECT_EQ(index.num_entries(), 3 * keys.size());
  for (const std::string& key : keys) {
    const auto found = expected.find(key);
    ASSERT_EQ(Rows(index, key), found == expected.end() ? std::vector<uint64_t>() : found->second);
  }
  // Ranges, with bounds that are keys, parts of keys, and longer than keys.
  for (int round = 0; round < 200; ++round) {
    std::string first = keys[random() % keys.size()];
    std::string end = keys[random() % keys.size()];
    if (round % 4 == 1) first.resize(random() % (first.size() + 1));
    if (round % 4 == 2) end.resize(1 + random() % end.size());
    if (round % 4 == 3) first += "~";
    if (round % 10 == 0) end.clear();
    std::vector<std::string> scanned;
    const auto visit = [](void* context, std::string_view key, const ArtIndex::Entry* newest) {
      EXPECT_NE(newest, nullptr);
      static_cast<std::vector<std::string>*>(context)->emplace_back(key);
      return true;
    };
    index.Scan(first, end, visit, &scanned);
    std::vector<std::string> in_range;
    for (auto found = expected.lower_bound(first); found != expected.end(); ++found) {
      if (!end.empty() && found->first >= end) break;
      in_range.push_back(found->first);
    }
    ASSERT_EQ(scanned, in_range);
  }
}

TEST(ArtIndex, FindsIntegers) {
  std::mt19937_64 random(1);
  std::vector<std::string> dense;
  std::vector<std::string> sparse;
  for (int64_t i = 0; i < 20000; ++i) {
    dense.push_back(Key(Value::BigInt(i)));
    sparse.push_back(Key(Value::BigInt(static_cast<int64_t>(random()))));
  }
  std::shuffle(dense.begin(), dense.end(), random);
  CheckAgainstMap(dense, 2);
  CheckAgainstMap(sparse, 3);
}

TEST(ArtIndex, FindsTextOfAnyLengthAndContent) {
  std::mt19937_64 random(4);
  std::vector<std::string> keys;
  for (int i = 0; i < 5000; ++i) {
    std::string text = random() % 3 == 0 ? std::string(random() % 300, 'x') : std::string();
    const uint64_t size = random() % 6;
    for (uint64_t k = 0; k < size; ++k) text.push_back(static_cast<char>(random() % 3));
    keys.push_back(Key(Value::Varchar(text)));
  }
  CheckAgainstMap(keys, 5);
}

TEST(ArtIndex, ReadersSeeWhatWasInsertedBefore) {
  ArtIndex index(arrow::default_memory_pool());
  std::atomic<int64_t> num_inserted{0};
  std::vector<std::thread> readers;
  for (uint64_t i = 0; i < 2; ++i) {
    readers.emplace_back([&, i] {
      std::mt19937_64 random(i);
      while (num_inserted.load(std::memory_order_acquire) < 20000) {
        const int64_t bound = num_inserted.load(std::memory_order_acquire);
        if (bound == 0) continue;
        const auto key = static_cast<int64_t>(random() % static_cast<uint64_t>(bound));
        const ArtIndex::Entry* entry = index.Find(Key(Value::BigInt(key * 7919)));
        ASSERT_NE(entry, nullptr);
        ASSERT_EQ(entry->row.value, static_cast<uint64_t>(key));
      }
    });
  }
  for (int64_t i = 0; i < 20000; ++i) {
    EXPECT_TRUE(index.Insert(Key(Value::BigInt(i * 7919)), RowId(static_cast<uint64_t>(i))).ok());
    num_inserted.store(i + 1, std::memory_order_release);
  }
  for (std::thread& reader : readers) reader.join();
}

TEST(KeyEncoding, ShowsKeysThatAreNoneOfTheirTypes) {
  const LogicalType mood = *MakeEnumType({"sad", "happy"});
  const LogicalType lists = *MakeListType(mood);
  const IndexPart part{0, false, false};
  const auto shown = [&part](LogicalType type, std::string_view key) {
    return KeyToString({&type, 1}, {&part, 1}, key);
  };
  EXPECT_EQ(shown(mood, "\x02\x01"), "happy");
  EXPECT_EQ(shown(mood, "\x02\x05"), "5");
  EXPECT_EQ(shown(mood, "\x03"), "NULL");
  EXPECT_EQ(shown(lists, std::string_view("\x02\x01\x01\x00\xFF\x00\x00", 7)), "[happy]");
  // Neither a label's number nor an end.
  EXPECT_EQ(shown(lists, std::string_view("\x02\x01\x07\x00\x00", 5)), "\\x0107");
  EXPECT_EQ(shown(TypeId::kTimeTz, std::string_view("\x02\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 9)), "9223372036854775807");
  EXPECT_EQ(shown(TypeId::kUuid, "\x02"), "00000000-0000-0000-0000-000000000000");
}

TEST(KeyEncoding, OrdersBytesAsValues) {
  const std::vector<std::vector<Value>> ascending = {
      {Value::BigInt(INT64_MIN), Value::BigInt(-256), Value::BigInt(-1), Value::BigInt(0), Value::BigInt(255),
       Value::BigInt(INT64_MAX)},
      {Value::Integer(TypeId::kUBigInt, 0), Value::Integer(TypeId::kUBigInt, static_cast<int128_t>(UINT64_MAX))},
      {Value::Integer(TypeId::kHugeInt, kInt128Min), Value::Integer(TypeId::kHugeInt, -1),
       Value::Integer(TypeId::kHugeInt, kInt128Max)},
      {Value::Double(-INFINITY), Value::Double(-1.5), Value::Double(0), Value::Double(1e-300), Value::Double(INFINITY),
       Value::Double(NAN)},
      {Value::Varchar(""), Value::Varchar(std::string("\0", 1)), Value::Varchar(std::string("\0\0", 2)),
       Value::Varchar(std::string("\0\1", 2)), Value::Varchar("\1"), Value::Varchar("a"),
       Value::Varchar(std::string("a\0", 2)), Value::Varchar("aa"), Value::Varchar("b")},
      {Value::Integer(TypeId::kUHugeInt, HoldUHugeInt(0)), Value::Integer(TypeId::kUHugeInt, HoldUHugeInt(1)),
       Value::Integer(TypeId::kUHugeInt, HoldUHugeInt(uint128_t{1} << 127)),
       Value::Integer(TypeId::kUHugeInt, HoldUHugeInt(~uint128_t{0}))},
      {*ParseValue("00000000-0000-0000-0000-000000000000", TypeId::kUuid),
       *ParseValue("00000000-0000-0000-0000-000000000001", TypeId::kUuid),
       *ParseValue("7fffffff-ffff-ffff-ffff-ffffffffffff", TypeId::kUuid),
       *ParseValue("80000000-0000-0000-0000-000000000000", TypeId::kUuid),
       *ParseValue("ffffffff-ffff-ffff-ffff-ffffffffffff", TypeId::kUuid)},
      {*ParseValue("0100-01-01 00:00:00+00", TypeId::kTimestampTz),
       *ParseValue("2024-01-01 00:00:00+02", TypeId::kTimestampTz),
       *ParseValue("2024-01-01 00:00:00+00", TypeId::kTimestampTz)},
      {*ParseValue("1960-01-01 00:00:00.000000001", TypeId::kTimestampNs),
       *ParseValue("1970-01-01", TypeId::kTimestampNs)},
      // By the instant in UTC, then the zone, east first.
      {*ParseValue("12:00:00+02", TypeId::kTimeTz), *ParseValue("11:00:00+01", TypeId::kTimeTz),
       *ParseValue("10:00:00+00", TypeId::kTimeTz), *ParseValue("10:00:00-01", TypeId::kTimeTz),
       *ParseValue("24:00:00-15:59:59", TypeId::kTimeTz)},
      {*ParseValue("", TypeId::kBit), *ParseValue("0", TypeId::kBit), *ParseValue("00000000", TypeId::kBit),
       *ParseValue("000000001", TypeId::kBit), *ParseValue("01", TypeId::kBit), *ParseValue("1", TypeId::kBit),
       *ParseValue("10", TypeId::kBit), *ParseValue("1000000", TypeId::kBit), *ParseValue("10000000", TypeId::kBit),
       *ParseValue("11", TypeId::kBit)},
      {*ParseValue("1", TypeId::kJson), *ParseValue("[]", TypeId::kJson), *ParseValue("{}", TypeId::kJson)},
      {Value::OfInterval({0, -1, 0}), Value::OfInterval({0, 0, 5}), Value::OfInterval({1, 0, 0}),
       Value::OfInterval({0, 31, 0})},
  };
  for (const std::vector<Value>& values : ascending) {
    for (size_t i = 0; i < values.size(); ++i) {
      const LogicalType type = values[i].type();
      if (type.id() != TypeId::kInterval) {
        for (const bool descending : {false, true}) {
          const IndexPart part{0, descending, false};
          std::string key;
          const FlatValue flat(type, values[i]);
          AppendIndexPart(part, type, flat.data(), &key);
          EXPECT_EQ(KeyToString({&type, 1}, {&part, 1}, key), values[i].ToString());
          EXPECT_FALSE(KeyHasNull({&type, 1}, {&part, 1}, key));
          std::string last;
          const FlatValue flat_last(type, values.back());
          AppendIndexPart(part, type, flat_last.data(), &last);
          EXPECT_EQ(key < last, !descending && i + 1 < values.size());
          for (const bool nulls_first : {false, true}) {
            const IndexPart ordered{0, descending, nulls_first};
            std::string null;
            AppendIndexPart(ordered, type, nullptr, &null);
            EXPECT_EQ(null < key, nulls_first);
            EXPECT_TRUE(KeyHasNull({&type, 1}, {&ordered, 1}, null));
            const LogicalType types[] = {type, type};
            const IndexPart parts[] = {part, ordered};
            EXPECT_TRUE(KeyHasNull(types, parts, key + null));
          }
        }
      }
      for (size_t k = 0; k < values.size(); ++k) {
        EXPECT_EQ(Key(values[i]) < Key(values[k]), i < k) << values[i].ToString() << " " << values[k].ToString();
      }
    }
  }
  EXPECT_EQ(Key(Value::Double(-0.0)), Key(Value::Double(0.0)));
  EXPECT_EQ(Key(Value::OfInterval({1, 0, 0})), Key(Value::OfInterval({0, 30, 0})));
}

}  // namespace
}  // namespace llkv
