// ctest-labels: threads
// Transactions of many threads share syncs; a commit is seen once it is durable and not before, whatever the next
// transaction does meanwhile; and a failed sync takes back all that waited for it.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/error.h"
#include "os/testing/sim_disk.h"
#include "store/testing/table_harness.h"

namespace llkv {
namespace {

using testing::AppendRows;
using testing::DeleteKey;
using testing::ReadKey;
using testing::ReadRows;
using testing::TestLayout;
using testing::TestRow;
using testing::TestRows;

class StorageGroupCommitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    PagerOptions pager_options;
    pager_options.file_system = &disk_;
    pager_options.address_space_bytes = uint64_t{256} << 20;
    pager_ = OpenPager("db", pager_options).ValueOrDie();
    StorageOptions options;
    options.txn.lock_timeout_ms = 60000;
    options.checkpoint_log_bytes = 0;
    storage_ = Storage::Open(pager_, options).ValueOrDie();
    auto txn = Begin();
    table_ = storage_->CreateTable(*txn, TestLayout(storage_->AllocateTableId())).ValueOrDie();
    ASSERT_TRUE(storage_->Commit(*txn).ok());
  }
  void TearDown() override { disk_.SetOnSync(nullptr); }
  std::unique_ptr<Transaction> Begin() {
    auto txn = storage_->txns().Begin();
    EXPECT_TRUE(txn->BeginStatement().ok());
    return txn;
  }
  arrow::Status Insert(int32_t key) {
    auto txn = Begin();
    ARROW_RETURN_NOT_OK(AppendRows(*table_, *txn, {{key, {"v", key}}}));
    ARROW_RETURN_NOT_OK(txn->EndStatement());
    return storage_->Commit(*txn);
  }
  TestRows Committed() {
    auto txn = Begin();
    return ReadRows(*table_, txn->snapshot()).ValueOrDie();
  }

  SimDisk disk_;
  std::shared_ptr<Pager> pager_;
  std::unique_ptr<Storage> storage_;
  std::shared_ptr<TableStore> table_;
};

TEST_F(StorageGroupCommitTest, SixteenThreadsShareSyncs) {
  constexpr int kThreads = 16;
  constexpr int kCommits = 40;
  // A sync begins when every thread that still runs waits for one, as on a disk that takes long.
  std::atomic<uint64_t> running{kThreads};
  disk_.SetOnSync([&] {
    while (true) {
      const PagerStats stats = pager_->stats();
      if (stats.last_lsn.value - stats.durable_lsn.value >= running.load()) return;
      std::this_thread::yield();
    }
  });
  const uint64_t syncs_before = disk_.num_syncs();
  std::atomic<int> num_failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCommits; ++i) {
        const int32_t key = t * 1000 + i;
        if (!Insert(key).ok()) ++num_failures;
        // Whoever committed sees it.
        auto txn = Begin();
        const auto row = ReadKey(*table_, txn->snapshot(), key);
        if (!row.ok() || *row != TestRow{"v", key}) ++num_failures;
      }
      --running;
    });
  }
  for (std::thread& thread : threads) thread.join();
  const uint64_t num_syncs = disk_.num_syncs() - syncs_before;
  EXPECT_EQ(num_failures.load(), 0);
  EXPECT_EQ(Committed().size(), static_cast<size_t>(kThreads * kCommits));
  std::printf("commits: %d, syncs: %llu\n", kThreads * kCommits, static_cast<unsigned long long>(num_syncs));
  EXPECT_LT(num_syncs, static_cast<uint64_t>(kThreads * kCommits / 4));
}

/// One commit that waits for its sync until it is let go.
class WaitingCommit {
 public:
  WaitingCommit(SimDisk& disk, const std::function<arrow::Status()>& commit) : disk_(disk) {
    disk.SetOnSync([this] {
      is_syncing_.store(true);
      while (!may_sync_.load()) std::this_thread::yield();
    });
    thread_ = std::thread([this, commit] { status_ = commit(); });
    while (!is_syncing_.load()) std::this_thread::yield();
  }
  ~WaitingCommit() { static_cast<void>(Finish()); }
  arrow::Status Finish() {
    may_sync_.store(true);
    if (thread_.joinable()) thread_.join();
    disk_.SetOnSync(nullptr);
    return status_;
  }

 private:
  SimDisk& disk_;
  std::atomic<bool> is_syncing_{false};
  std::atomic<bool> may_sync_{false};
  arrow::Status status_;
  std::thread thread_;
};

TEST_F(StorageGroupCommitTest, TheNextTransactionGoesOnBesideACommitThatWaits) {
  ASSERT_TRUE(Insert(1).ok());
  ASSERT_TRUE(Insert(2).ok());
  WaitingCommit waiting(disk_, [this] {
    auto txn = Begin();
    ARROW_RETURN_NOT_OK(DeleteKey(*table_, *txn, 1).status());
    ARROW_RETURN_NOT_OK(AppendRows(*table_, *txn, {{3, {"v", 3}}}));
    ARROW_RETURN_NOT_OK(txn->EndStatement());
    return storage_->Commit(*txn);
  });
  const TestRows before = {{1, {"v", 1}}, {2, {"v", 2}}};
  EXPECT_EQ(Committed(), before);
  auto txn = Begin();
  // In the same block of hot rows.
  ASSERT_TRUE(AppendRows(*table_, *txn, {{4, {"v", 4}}}).ok());
  EXPECT_EQ(Committed(), before);
  ASSERT_TRUE(txn->EndStatement().ok());
  ASSERT_TRUE(txn->BeginStatement().ok());
  EXPECT_EQ(GetSqlState(AppendRows(*table_, *txn, {{3, {"w", 3}}})), sqlstate::kUniqueViolation);
  txn->UndoStatement();
  ASSERT_TRUE(txn->BeginStatement().ok());
  // A key that the waiting commit gave up is free: both become durable, or this one does not.
  ASSERT_TRUE(AppendRows(*table_, *txn, {{1, {"w", 11}}}).ok());
  EXPECT_EQ(GetSqlState(DeleteKey(*table_, *txn, 1).status()), sqlstate::kSerializationFailure);
  txn->UndoStatement();
  ASSERT_TRUE(txn->BeginStatement().ok());
  const arrow::Status first = waiting.Finish();
  ASSERT_TRUE(first.ok()) << first.ToString();
  // The running one's rows are still its own.
  EXPECT_EQ(Committed(), (TestRows{{2, {"v", 2}}, {3, {"v", 3}}}));
  ASSERT_TRUE(storage_->Commit(*txn).ok());
  EXPECT_EQ(Committed(), (TestRows{{2, {"v", 2}}, {3, {"v", 3}}, {4, {"v", 4}}}));
}

TEST_F(StorageGroupCommitTest, AFailedSyncTakesBackAllThatWaited) {
  ASSERT_TRUE(Insert(1).ok());
  std::atomic<bool> may_sync{false};
  disk_.SetOnSync([&] {
    while (!may_sync.load()) std::this_thread::yield();
  });
  disk_.FailSync(1);
  std::atomic<int> num_failed{0};
  std::vector<std::thread> threads;
  const Lsn before = pager_->stats().last_lsn;
  for (int32_t key = 10; key < 14; ++key) {
    threads.emplace_back([&, key] {
      if (GetSqlState(Insert(key)) == sqlstate::kIoError) ++num_failed;
    });
  }
  while (pager_->stats().last_lsn.value < before.value + 4) std::this_thread::yield();
  may_sync.store(true);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_failed.load(), 4);
  EXPECT_EQ(Committed(), (TestRows{{1, {"v", 1}}}));
  EXPECT_EQ(GetSqlState(Insert(20)), sqlstate::kIoError);
  EXPECT_EQ(Committed(), (TestRows{{1, {"v", 1}}}));
}

}  // namespace
}  // namespace llkv
