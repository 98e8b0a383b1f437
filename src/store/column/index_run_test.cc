#include "store/column/index_run.h"

#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>

#include "base/error.h"
#include "pager/pager.h"
#include "pager/registry.h"
#include "store/column/index_chunk.h"

namespace llkv {
namespace {

arrow::MemoryPool* Pool() { return arrow::default_memory_pool(); }

std::string BigEndian(uint64_t number) {
  std::string key(8, '\0');
  for (size_t i = 0; i < 8; ++i) key[i] = static_cast<char>(number >> (56 - 8 * i));
  return key;
}

using Pairs = std::vector<std::pair<std::string, uint64_t>>;

IndexRunDescriptor WriteRun(Pager& pager, const Pairs& pairs) {
  IndexRunWriter writer(&pager, Pool());
  for (const auto& [key, row] : pairs) EXPECT_TRUE(writer.Add(key, RowId(row)).ok());
  std::vector<StagedBlob> staged;
  auto run = writer.Finish(&staged);
  EXPECT_TRUE(run.ok()) << run.status().ToString();
  WriteBatch batch;
  for (StagedBlob& blob : staged) batch.PutStaged(std::move(blob));
  EXPECT_TRUE(pager.Commit(batch).ok());
  return ParseIndexRun(SerializeIndexRun(**run)).ValueOrDie();
}

std::vector<uint64_t> Lookup(IndexRunReader& reader, const std::string& key) {
  std::vector<RowId> rows;
  const arrow::Status status = reader.Lookup(key, &rows);
  EXPECT_TRUE(status.ok()) << status.ToString();
  std::vector<uint64_t> numbers;
  for (const RowId row : rows) numbers.push_back(row.value);
  return numbers;
}

TEST(IndexRunTest, FindsFixedKeys) {
  auto pager = OpenPager(":memory:").ValueOrDie();
  Pairs pairs;
  for (uint64_t i = 0; i < 30000; ++i) pairs.emplace_back(BigEndian(i * 3), 1000 + i);
  IndexRunReader reader(WriteRun(*pager, pairs), pager.get());
  EXPECT_EQ(reader.descriptor().num_entries, 30000U);
  for (uint64_t i = 0; i < 90000; ++i) {
    const std::vector<uint64_t> expected = i % 3 == 0 ? std::vector<uint64_t>{1000 + i / 3} : std::vector<uint64_t>{};
    ASSERT_EQ(Lookup(reader, BigEndian(i)), expected);
  }
  // The root, the chunks, and one blob with their filters.
  EXPECT_EQ(reader.BlobKeys().ValueOrDie().size(), 2 + (30000 + kMaxIndexChunkEntries - 1) / kMaxIndexChunkEntries);
  std::vector<RowId> rows;
  const auto start = std::chrono::steady_clock::now();
  for (uint64_t i = 0; i < 300000; ++i) {
    rows.clear();
    ASSERT_TRUE(reader.Lookup(pairs[(i * 7919) % pairs.size()].first, &rows).ok());
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("index run: %.0f ns a lookup\n", seconds / 300000 * 1e9);
}

TEST(IndexRunTest, FindsDenseNumbersAndTheirDuplicatesAtTheEndsOfChunks) {
  auto pager = OpenPager(":memory:").ValueOrDie();
  const auto key = [](uint64_t number) { return '\1' + BigEndian(number); };
  Pairs pairs;
  // Chunks of numbers without a gap; the last of the first one comes again in the second.
  for (uint64_t i = 0; i < 4 * kMaxIndexChunkEntries; ++i) {
    pairs.emplace_back(key(i < kMaxIndexChunkEntries ? i : i - 1), 500 + i);
  }
  // Rows with a gap, then keys with gaps.
  for (uint64_t i = 0; i < 2 * kMaxIndexChunkEntries; ++i) pairs.emplace_back(key(40000 + i), 100'000 + i * 2);
  for (uint64_t i = 0; i < 2 * kMaxIndexChunkEntries; ++i) pairs.emplace_back(key(60000 + i * 2), 200'000 + i);
  IndexRunReader reader(WriteRun(*pager, pairs), pager.get());
  // The second time all chunks are open.
  for (int round = 0; round < 2; ++round) {
    size_t next = 0;
    for (uint64_t i = 0; i < 80000; ++i) {
      std::vector<uint64_t> expected;
      while (next < pairs.size() && pairs[next].first == key(i)) expected.push_back(pairs[next++].second);
      ASSERT_EQ(Lookup(reader, key(i)), expected) << i;
    }
    ASSERT_EQ(next, pairs.size());
  }
  EXPECT_TRUE(Lookup(reader, '\2' + BigEndian(7)).empty());
  EXPECT_TRUE(Lookup(reader, '\1' + BigEndian(~uint64_t{0})).empty());
}

TEST(IndexRunTest, FindsTextAndDuplicatesOverChunks) {
  std::mt19937_64 random(3);
  auto pager = OpenPager(":memory:").ValueOrDie();
  Pairs pairs;
  uint64_t row = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string key = "key " + std::to_string(100000 + i * 7);
    if (i % 5 == 0) key += std::string(random() % 300, 'x');
    const size_t copies = i == 1500 ? 10000 : 1 + random() % 3;
    for (size_t c = 0; c < copies; ++c) pairs.emplace_back(key, row++);
  }
  pairs.insert(pairs.begin(), {"", 1});
  IndexRunReader reader(WriteRun(*pager, pairs), pager.get());
  for (size_t i = 0; i < pairs.size();) {
    std::vector<uint64_t> expected;
    size_t end = i;
    while (end < pairs.size() && pairs[end].first == pairs[i].first) expected.push_back(pairs[end++].second);
    ASSERT_EQ(Lookup(reader, pairs[i].first), expected);
    ASSERT_TRUE(Lookup(reader, pairs[i].first + "!").empty());
    i = end;
  }
  Pairs scanned;
  auto collect = [](void* context, std::string_view key, RowId id) {
    static_cast<Pairs*>(context)->emplace_back(key, id.value);
    return true;
  };
  ASSERT_TRUE(reader.Scan(std::nullopt, std::nullopt, collect, &scanned).ok());
  EXPECT_EQ(scanned, pairs);
  for (int round = 0; round < 20; ++round) {
    const std::string first = pairs[random() % pairs.size()].first + (round % 2 == 0 ? "" : "~");
    const std::string end = pairs[random() % pairs.size()].first;
    scanned.clear();
    ASSERT_TRUE(reader.Scan(first, end, collect, &scanned).ok());
    Pairs expected;
    for (const auto& pair : pairs) {
      if (pair.first >= first && pair.first < end) expected.push_back(pair);
    }
    ASSERT_EQ(scanned, expected);
    const double estimate = static_cast<double>(reader.EstimateRange(first, end).ValueOrDie());
    ASSERT_NEAR(estimate, static_cast<double>(expected.size()), 0.1 * static_cast<double>(pairs.size()));
    IndexRunCursor cursor(&reader);
    ASSERT_TRUE(cursor.Start(first).ok());
    for (const auto& pair : expected) {
      ASSERT_FALSE(cursor.at_end());
      ASSERT_EQ(std::make_pair(std::string(cursor.key()), cursor.row().value), pair);
      ASSERT_TRUE(cursor.Next().ok());
    }
  }
}

TEST(IndexRunTest, RefusesKeysOutOfOrder) {
  auto pager = OpenPager(":memory:").ValueOrDie();
  IndexRunWriter writer(pager.get(), Pool());
  ASSERT_TRUE(writer.Add("b", RowId(5)).ok());
  EXPECT_FALSE(writer.Add("a", RowId(6)).ok());
  EXPECT_FALSE(writer.Add("b", RowId(5)).ok());
  EXPECT_TRUE(writer.Add("b", RowId(6)).ok());
  std::vector<StagedBlob> staged;
  IndexRunWriter empty(pager.get(), Pool());
  EXPECT_FALSE(empty.Finish(&staged)->has_value());
}

TEST(IndexRunTest, FindsNumbersHoweverTheyAreSpread) {
  std::mt19937_64 random(5);
  const auto key_of = [](uint64_t number) { return std::string(1, '\1') + BigEndian(number); };
  for (int round = 0; round < 400; ++round) {
    std::vector<uint64_t> numbers;
    const uint64_t count = 1 + random() % 300;
    for (uint64_t i = 0; i < count; ++i) {
      switch (round % 4) {
        case 0:
          numbers.push_back(1000 + i);
          break;
        case 1:
          numbers.push_back(random());
          break;
        case 2:
          numbers.push_back(uint64_t{1} << (random() % 64));
          break;
        default:
          numbers.push_back(random() % 20 == 0 ? ~uint64_t{0} - random() % 5 : random() % 50);
      }
    }
    std::sort(numbers.begin(), numbers.end());
    IndexBlobBuilder builder;
    for (const uint64_t number : numbers) builder.Add(key_of(number), 7);
    const auto blob = IndexBlob::Open(builder.Finish(false, Pool()).ValueOrDie(), false).ValueOrDie();
    for (int i = 0; i < 100; ++i) {
      uint64_t sought = i % 3 == 0 ? random() : numbers[random() % count] + static_cast<uint64_t>(i % 3) - 1;
      if (i == 0) sought = 0;
      if (i == 1) sought = ~uint64_t{0};
      const auto expected = std::lower_bound(numbers.begin(), numbers.end(), sought) - numbers.begin();
      ASSERT_EQ(blob->LowerBound(key_of(sought)), expected) << "round " << round << ", " << sought;
    }
  }
}

TEST(IndexRunTest, DamagedBlobsNeverCrash) {
  std::mt19937_64 random(1);
  for (const bool is_fixed : {true, false}) {
    IndexBlobBuilder builder;
    for (uint64_t i = 0; i < 40; ++i) builder.Add(is_fixed ? BigEndian(i) : std::string(i, 'k'), i * 1000);
    const auto blob = builder.Finish(false, Pool()).ValueOrDie();
    for (int64_t i = 0; i < blob->size(); ++i) {
      for (int round = 0; round < 3; ++round) {
        auto damaged = arrow::ConcatenateBuffers({blob}).ValueOrDie();
        damaged->mutable_data()[i] = static_cast<uint8_t>(random());
        const auto opened = IndexBlob::Open(std::move(damaged), false);
        if (!opened.ok()) {
          EXPECT_EQ(GetSqlState(opened.status()), sqlstate::kDataCorrupted);
          continue;
        }
        for (uint32_t entry = 0; entry < (*opened)->num_entries(); ++entry) {
          static_cast<void>((*opened)->number(entry));
          ASSERT_LE((*opened)->LowerBound((*opened)->key(entry)), entry);
        }
      }
    }
    EXPECT_FALSE(IndexBlob::Open(blob, true).ok());
    EXPECT_FALSE(IndexBlob::Open(arrow::SliceBuffer(blob, 0, 128), false).ok());
  }
  const std::string run = SerializeIndexRun({PhysicalKey(4), 10, 20, "aa", "bb"});
  for (size_t size = 0; size < run.size(); ++size) EXPECT_FALSE(ParseIndexRun(run.substr(0, size)).ok());
}

}  // namespace
}  // namespace llkv
