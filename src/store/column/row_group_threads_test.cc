// ctest-labels: threads
// Many threads open and read the same chunks and index runs at once.
#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "pager/pager.h"
#include "pager/registry.h"
#include "store/column/index_run.h"
#include "store/column/row_group_reader.h"
#include "store/column/row_group_writer.h"
#include "store/column/testing/column_data.h"

namespace llkv {
namespace {

using testing::FlatColumn;
using testing::RandomValues;
using testing::Spread;

constexpr int kThreads = 4;

arrow::MemoryPool* Pool() { return arrow::default_memory_pool(); }

template <typename F>
void RunThreads(F&& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

TEST(RowGroupThreadsTest, ColumnsAreOpenedOnce) {
  std::mt19937_64 random(5);
  auto pager = OpenPager(":memory:").ValueOrDie();
  for (int round = 0; round < 20; ++round) {
    const std::vector<Value> numbers = RandomValues(TypeId::kBigInt, Spread::kMediumRange, 2000, 10, random);
    const std::vector<Value> texts = RandomValues(TypeId::kVarchar, Spread::kFew, 2000, 10, random);
    const FlatColumn number_column(TypeId::kBigInt, numbers);
    const FlatColumn text_column(TypeId::kVarchar, texts);
    const Vector vectors[] = {number_column.GetVector(0), text_column.GetVector(0)};
    RowGroupWriter writer({{FieldId(1), TypeId::kBigInt}, {FieldId(2), TypeId::kVarchar}}, Pool());
    std::vector<RowId> ids;
    for (uint64_t i = 0; i < 2000; ++i) ids.push_back(RowId(i * 2));
    ASSERT_TRUE(writer.Append(Batch{vectors, 2000, Selection::All(2000)}, ids).ok());
    WriteBatch batch;
    auto descriptor = std::make_shared<RowGroupDescriptor>(PutRowGroup(*writer.Finish(), *pager, batch).ValueOrDie());
    ASSERT_TRUE(pager->Commit(batch).ok());
    RowGroupReader reader(descriptor, pager.get(), Pool());
    std::atomic<const ColumnChunk*> chunks[2] = {nullptr, nullptr};
    std::atomic<int> num_wrong{0};
    RunThreads([&](int thread) {
      for (size_t column = 0; column < 2; ++column) {
        const ColumnChunk* chunk = reader.Column(column).ValueOrDie();
        const ColumnChunk* expected = nullptr;
        if (!chunks[column].compare_exchange_strong(expected, chunk) && expected != chunk) ++num_wrong;
        const auto row = static_cast<uint32_t>(thread * 100 + round);
        ColumnScratch scratch(Pool());
        const Vector vector = chunk->Read(0, 2000, scratch).ValueOrDie();
        if (GetValue(vector, row) != (column == 0 ? numbers : texts)[row]) ++num_wrong;
        if (reader.FindRow(RowId(row * 2)).ValueOrDie() != row) ++num_wrong;
      }
    });
    EXPECT_EQ(num_wrong.load(), 0);
  }
}

TEST(RowGroupThreadsTest, IndexRunsAreReadByMany) {
  auto pager = OpenPager(":memory:").ValueOrDie();
  IndexRunWriter writer(pager.get(), Pool());
  for (uint64_t i = 0; i < 20000; ++i) ASSERT_TRUE(writer.Add(std::to_string(100000 + i), RowId(i)).ok());
  std::vector<StagedBlob> staged;
  const auto run = writer.Finish(&staged).ValueOrDie();
  WriteBatch batch;
  for (StagedBlob& blob : staged) batch.PutStaged(std::move(blob));
  ASSERT_TRUE(pager->Commit(batch).ok());
  IndexRunReader reader(*run, pager.get());
  std::atomic<int> num_wrong{0};
  RunThreads([&](int thread) {
    std::vector<RowId> rows;
    for (uint64_t i = static_cast<uint64_t>(thread); i < 20000; i += 37) {
      rows.clear();
      if (!reader.Lookup(std::to_string(100000 + i), &rows).ok() || rows != std::vector<RowId>{RowId(i)}) ++num_wrong;
    }
  });
  EXPECT_EQ(num_wrong.load(), 0);
}

}  // namespace
}  // namespace llkv
