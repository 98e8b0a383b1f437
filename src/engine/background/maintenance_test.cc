// ctest-labels: threads
// The background thread beside sessions: it keeps the log and memory bounded, reports what fails and tries again, and
// ends with the database and not in a forked child.
#include "engine/background/maintenance.h"

#include <arrow/record_batch.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "os/testing/sim_disk.h"
#include "pager/registry.h"
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

class MaintenanceTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kLogBytes = 64 << 10;
  /// A few times that, and what the pager has not yet given back. The tests write more than twice this.
  static constexpr uint64_t kMaxLogBytes = 1 << 20;
  static constexpr int32_t kRows = 500;

  void SetUp() override {
    PagerOptions pager_options;
    pager_options.file_system = &disk_;
    pager_options.address_space_bytes = uint64_t{1} << 30;
    pager_options.min_segment_bytes = 64 << 10;
    pager_options.max_segment_bytes = 64 << 10;
    pager_options.checkpoint_log_bytes = 64 << 10;
    pager_options.durability = Durability::kProcess;
    pager_ = OpenPager("db", pager_options).ValueOrDie();
    StorageOptions options;
    options.checkpoint_log_bytes = kLogBytes;
    options.txn.lock_timeout_ms = 60000;
    storage_ = Storage::Open(pager_, options).ValueOrDie();
    maintenance_ = Maintenance::Make(storage_.get()).ValueOrDie();
    storage_->SetMaintenance([this] { maintenance_->Wake(); });
    auto txn = Begin();
    table_ = storage_->CreateTable(*txn, TestLayout(storage_->AllocateTableId())).ValueOrDie();
    std::vector<std::pair<int32_t, TestRow>> rows;
    for (int32_t key = 0; key < kRows; ++key) rows.push_back({key, {"v", 0}});
    ASSERT_TRUE(AppendRows(*table_, *txn, rows).ok());
    ASSERT_TRUE(storage_->Commit(*txn).ok());
  }
  std::unique_ptr<Transaction> Begin() {
    auto txn = storage_->txns().Begin();
    EXPECT_TRUE(txn->BeginStatement().ok());
    return txn;
  }
  /// Adds one to n of a row.
  arrow::Status Increment(int32_t key) {
    auto txn = Begin();
    ARROW_ASSIGN_OR_RAISE(std::optional<TestRow> row, ReadKey(*table_, txn->snapshot(), key));
    if (!row) return arrow::Status::Invalid("no row");
    ARROW_RETURN_NOT_OK(DeleteKey(*table_, *txn, key).status());
    ++row->n;
    ARROW_RETURN_NOT_OK(AppendRows(*table_, *txn, {{key, *row}}, 1, UniqueCheck::kAtEndOfStatement));
    ARROW_RETURN_NOT_OK(txn->EndStatement());
    return storage_->Commit(*txn);
  }
  int64_t Sum(const Snapshot& snapshot) {
    int64_t sum = 0;
    for (const auto& [key, row] : ReadRows(*table_, snapshot).ValueOrDie()) sum += row.n;
    return sum;
  }

  SimDisk disk_;
  std::shared_ptr<Pager> pager_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Maintenance> maintenance_;
  std::shared_ptr<TableStore> table_;
};

TEST_F(MaintenanceTest, BoundsTheLogBesideWritersAndReaders) {
  // What the set-up wrote may have been a step's worth already.
  maintenance_->WaitIdle();
  const uint64_t num_steps_before = maintenance_->num_steps();
  std::atomic<bool> is_done{false};
  std::atomic<int64_t> num_increments{0};
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      int64_t last = 0;
      while (!is_done.load()) {
        auto txn = Begin();
        const int64_t before = num_increments.load();
        const TestRows rows = ReadRows(*table_, txn->snapshot()).ValueOrDie();
        ASSERT_EQ(rows.size(), static_cast<size_t>(kRows));
        const int64_t sum = Sum(txn->snapshot());
        ASSERT_GE(sum, last);
        ASSERT_LE(last, before + 3);
        last = sum;
      }
    });
  }
  std::vector<std::thread> writers;
  for (int32_t w = 0; w < 3; ++w) {
    writers.emplace_back([&, w] {
      for (int32_t i = 0; i < 3000; ++i) {
        // Each writer has rows of its own, so none conflicts.
        const arrow::Status status = Increment((i * 3 + w) % (kRows / 3 * 3));
        ASSERT_TRUE(status.ok()) << status.ToString();
        num_increments.fetch_add(1);
        ASSERT_LT(pager_->stats().log_bytes, kMaxLogBytes);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  is_done.store(true);
  for (std::thread& thread : threads) thread.join();
  maintenance_->WaitIdle();
  EXPECT_GT(maintenance_->num_steps(), num_steps_before);
  EXPECT_TRUE(maintenance_->last_error().ok()) << maintenance_->last_error().ToString();
  EXPECT_LT(pager_->stats().log_bytes, kMaxLogBytes);
  auto txn = Begin();
  EXPECT_EQ(Sum(txn->snapshot()), 9000);
  txn.reset();
  maintenance_->Stop();
  storage_->SetMaintenance(nullptr);
  table_.reset();
  ASSERT_TRUE(storage_->Close().ok());
}

TEST_F(MaintenanceTest, AFullDiskIsReportedAndTriedAgain) {
  maintenance_->WaitIdle();
  // Bulk bytes of a checkpoint do not fit, commits do not either; once there is room both go on.
  int num_done = 0;
  while (maintenance_->num_steps() == 0 && num_done < 100000) {
    if (num_done == 200) disk_.SetFull(true);
    const arrow::Status status = Increment(num_done % kRows);
    if (status.ok()) {
      ++num_done;
    } else {
      ASSERT_EQ(GetSqlState(status), sqlstate::kDiskFull) << status.ToString();
      maintenance_->Wake();
    }
  }
  maintenance_->WaitIdle();
  disk_.SetFull(false);
  const int64_t before = num_done;
  for (int i = 0; i < 4000; ++i) {
    const arrow::Status status = Increment(i % kRows);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  maintenance_->WaitIdle();
  EXPECT_TRUE(maintenance_->last_error().ok()) << maintenance_->last_error().ToString();
  EXPECT_LT(pager_->stats().log_bytes, kMaxLogBytes);
  auto txn = Begin();
  EXPECT_EQ(Sum(txn->snapshot()), before + 4000);
}

TEST_F(MaintenanceTest, AForkedChildHasNoThreadAndDoesNotWaitForIt) {
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(Increment(i % kRows).ok());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool is_forked = maintenance_->forked();
    maintenance_->Wake();
    maintenance_->Stop();
    maintenance_.reset();
    _exit(is_forked ? 7 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(Increment(i % kRows).ok());
  maintenance_->WaitIdle();
  EXPECT_LT(pager_->stats().log_bytes, kMaxLogBytes);
}

TEST_F(MaintenanceTest, StopsWhileATransactionKeepsTheTurn) {
  auto writer = Begin();
  ASSERT_TRUE(AppendRows(*table_, *writer, {{10000, {"w", 0}}}).ok());
  maintenance_->Wake();
  maintenance_->Stop();
  maintenance_->Wake();
  maintenance_->WaitIdle();
  ASSERT_TRUE(storage_->Commit(*writer).ok());
}

}  // namespace
}  // namespace llkv
