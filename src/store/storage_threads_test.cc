// ctest-labels: threads
// Readers beside a writer that updates, rolls back, loads and checkpoints: every snapshot is whole, and stays what it
// is.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "store/testing/table_harness.h"

namespace llkv {
namespace {

using testing::AppendRows;
using testing::BulkAppendRows;
using testing::ReadKey;
using testing::ReadRows;
using testing::TestLayout;
using testing::TestRow;
using testing::TestRows;

constexpr int32_t kAccounts = 200;
constexpr int64_t kTotal = 1000 * kAccounts;

int64_t Sum(const TestRows& rows) {
  int64_t sum = 0;
  for (const auto& [key, row] : rows) sum += row.n;
  return sum;
}

/// Moves money between two accounts; sometimes rolls back.
arrow::Status Transfer(Storage& storage, TableStore& table, std::mt19937_64& random) {
  auto txn = storage.txns().Begin();
  ARROW_RETURN_NOT_OK(txn->BeginStatement());
  const auto from = static_cast<int32_t>(random() % kAccounts);
  const auto to = static_cast<int32_t>((static_cast<uint64_t>(from) + 1 + random() % (kAccounts - 1)) % kAccounts);
  const auto amount = static_cast<int64_t>(random() % 100);
  std::vector<std::pair<int32_t, TestRow>> changed;
  for (const int32_t key : {from, to}) {
    ARROW_ASSIGN_OR_RAISE(std::optional<TestRow> row, ReadKey(table, txn->snapshot(), key));
    if (!row) return arrow::Status::Invalid("an account is gone");
    ARROW_ASSIGN_OR_RAISE(const bool is_deleted, testing::DeleteKey(table, *txn, key));
    if (!is_deleted) return arrow::Status::Invalid("an account was not deleted");
    row->n += key == from ? -amount : amount;
    changed.push_back({key, *row});
  }
  if (random() % 8 == 0) {
    storage.txns().Rollback(*txn);
    return arrow::Status::OK();
  }
  ARROW_RETURN_NOT_OK(AppendRows(table, *txn, changed));
  ARROW_RETURN_NOT_OK(txn->EndStatement());
  return storage.Commit(*txn);
}

TEST(StorageThreads, SnapshotsAreWhole) {
  StorageOptions options;
  options.checkpoint_log_bytes = 20000;
  auto storage = Storage::Open(OpenPager(":memory:").ValueOrDie(), options).ValueOrDie();
  auto txn = storage->txns().Begin();
  ASSERT_TRUE(txn->BeginStatement().ok());
  const auto table = storage->CreateTable(*txn, TestLayout(storage->AllocateTableId())).ValueOrDie();
  std::vector<std::pair<int32_t, TestRow>> rows;
  for (int32_t i = 0; i < kAccounts; ++i) rows.push_back({i, {std::to_string(i), 1000}});
  ASSERT_TRUE(BulkAppendRows(*table, *txn, rows).ok());
  ASSERT_TRUE(txn->EndStatement().ok());
  ASSERT_TRUE(storage->Commit(*txn).ok());

  std::atomic<bool> is_done{false};
  std::atomic<int> num_reads{0};
  std::vector<std::thread> readers;
  for (uint32_t i = 0; i < 3; ++i) {
    readers.emplace_back([&, i] {
      std::mt19937_64 random(i);
      while (!is_done.load()) {
        auto reader = storage->txns().Begin(true);
        ASSERT_TRUE(reader->BeginStatement().ok());
        const TestRows seen = ReadRows(*table, reader->snapshot(), i == 0 ? 7 : kMaxBatchRows).ValueOrDie();
        ASSERT_EQ(seen.size(), static_cast<size_t>(kAccounts));
        ASSERT_EQ(Sum(seen), kTotal);
        for (int lookup = 0; lookup < 20; ++lookup) {
          const auto key = static_cast<int32_t>(random() % kAccounts);
          ASSERT_EQ(ReadKey(*table, reader->snapshot(), key).ValueOrDie(), seen.at(key));
        }
        ASSERT_EQ(ReadRows(*table, reader->snapshot()).ValueOrDie(), seen);
        ASSERT_TRUE(table->GetStatistics().ok());
        num_reads.fetch_add(1);
      }
    });
  }
  std::mt19937_64 random(7);
  for (int i = 0; i < 1500 || num_reads.load() < 30; ++i) {
    const arrow::Status status = Transfer(*storage, *table, random);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  is_done.store(true);
  for (std::thread& reader : readers) reader.join();
}

TEST(StorageThreads, BulkWritersLoadOneTableTogether) {
  auto storage = Storage::Open(OpenPager(":memory:").ValueOrDie()).ValueOrDie();
  auto txn = storage->txns().Begin();
  ASSERT_TRUE(txn->BeginStatement().ok());
  const auto table = storage->CreateTable(*txn, TestLayout(storage->AllocateTableId())).ValueOrDie();
  ASSERT_TRUE(txn->EndStatement().ok());
  ASSERT_TRUE(txn->BeginStatement().ok());
  // The table's part of the transaction is made before the threads begin.
  ASSERT_TRUE(BulkAppendRows(*table, *txn, {{-1, {"first", 0}}}).ok());
  std::vector<std::thread> writers;
  for (int32_t i = 0; i < 4; ++i) {
    writers.emplace_back([&, i] {
      std::vector<std::pair<int32_t, TestRow>> rows;
      for (int32_t k = 0; k < 20000; ++k) rows.push_back({k * 4 + i, {std::to_string(k), 1}});
      ASSERT_TRUE(BulkAppendRows(*table, *txn, rows).ok());
    });
  }
  for (std::thread& writer : writers) writer.join();
  ASSERT_TRUE(txn->EndStatement().ok());
  ASSERT_TRUE(storage->Commit(*txn).ok());
  auto reader = storage->txns().Begin(true);
  ASSERT_TRUE(reader->BeginStatement().ok());
  EXPECT_EQ(Sum(ReadRows(*table, reader->snapshot()).ValueOrDie()), 80000);
  EXPECT_EQ(ReadKey(*table, reader->snapshot(), 4 * 777 + 2).ValueOrDie(), (TestRow{"777", 1}));
}

}  // namespace
}  // namespace llkv
