// ctest-labels: crash enospc
// A database on a disk that loses power, or is full, at each operation of a scripted workload: what was acknowledged is
// there, what was in flight is there whole or not at all, and a full disk leaves a usable database.
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "os/testing/sim_disk.h"
#include "store/testing/table_harness.h"

namespace llkv {
namespace {

using testing::AppendRows;
using testing::BulkAppendRows;
using testing::DeleteKey;
using testing::ReadRows;
using testing::TestLayout;
using testing::TestRow;
using testing::TestRows;

/// A database and what it must hold. Steps are a function of their number, so that every run is the same.
class Workload {
 public:
  explicit Workload(SimDisk* disk) : disk_(disk) {}

  arrow::Status Open() {
    table_.reset();
    storage_.reset();
    PagerOptions pager_options;
    pager_options.file_system = disk_;
    pager_options.address_space_bytes = uint64_t{1} << 30;
    pager_options.min_segment_bytes = uint64_t{1} << 16;
    pager_options.checkpoint_log_bytes = 4096;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Pager> pager, OpenPager("/db", pager_options));
    StorageOptions options;
    options.txn.lock_timeout_ms = 0;
    options.checkpoint_log_bytes = 2000;
    options.checkpoint_hook = [this](CheckpointStage) {
      if (writes_beside_ && beside_status_.ok()) beside_status_ = Write(1000 + next_beside_++);
    };
    ARROW_ASSIGN_OR_RAISE(storage_, Storage::Open(std::move(pager), options));
    ARROW_ASSIGN_OR_RAISE(table_, storage_->GetTable(kTable));
    return arrow::Status::OK();
  }

  arrow::Status Step(int step) {
    ARROW_RETURN_NOT_OK(Write(step));
    return step % 11 == 10 ? CheckpointBesideWriter() : arrow::Status::OK();
  }

  /// A checkpoint, with a transaction at each of its stages.
  arrow::Status CheckpointBesideWriter() {
    beside_status_ = arrow::Status::OK();
    writes_beside_ = true;
    const arrow::Status status = storage_->Checkpoint();
    writes_beside_ = false;
    ARROW_RETURN_NOT_OK(beside_status_);
    return status;
  }

  arrow::Status Write(int step) {
    pending_ = rows_;
    auto txn = storage_->txns().Begin();
    ARROW_RETURN_NOT_OK(txn->BeginStatement());
    if (table_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(table_, storage_->CreateTable(*txn, TestLayout(kTable)));
      const arrow::Status status = Commit(*txn);
      if (!status.ok()) table_ = nullptr;
      return status;
    }
    std::vector<std::pair<int32_t, TestRow>> rows;
    const int count = step % 7 == 3 ? 300 : 1 + step % 5;
    for (int i = 0; i < count; ++i) rows.push_back({step * 1000 + i, {std::to_string(i % 9), step}});
    ARROW_RETURN_NOT_OK(step % 5 == 4 ? BulkAppendRows(*table_, *txn, rows) : AppendRows(*table_, *txn, rows));
    pending_.insert(rows.begin(), rows.end());
    for (int i = 0; i < 3 && !rows_.empty(); ++i) {
      auto victim = rows_.lower_bound((step * 7919 + i * 104729) % (step * 1000 + 1));
      if (victim == rows_.end() || !pending_.contains(victim->first)) continue;
      ARROW_RETURN_NOT_OK(DeleteKey(*table_, *txn, victim->first).status());
      pending_.erase(victim->first);
    }
    ARROW_RETURN_NOT_OK(txn->EndStatement());
    if (step % 9 == 8) ARROW_RETURN_NOT_OK(ReplaceIndex(*txn, step));
    return Commit(*txn);
  }

  arrow::Result<TestRows> Read() {
    if (table_ == nullptr) return TestRows();
    auto txn = storage_->txns().Begin(true);
    ARROW_RETURN_NOT_OK(txn->BeginStatement());
    return ReadRows(*table_, txn->snapshot());
  }

  /// Whether the indexes lead to what is there.
  arrow::Status CheckIndexes() {
    if (table_ == nullptr) return arrow::Status::OK();
    auto txn = storage_->txns().Begin(true);
    ARROW_RETURN_NOT_OK(txn->BeginStatement());
    return testing::CheckIndexes(*table_, txn->snapshot());
  }

  /// What was acknowledged, and with what was in flight.
  const TestRows& rows() const { return rows_; }
  const TestRows& pending() const { return pending_; }
  bool HasTable() const { return table_ != nullptr; }
  void Adopt(TestRows rows) { rows_ = std::move(rows); }

 private:
  static constexpr TableId kTable{2000};

  /// Drops the last index and makes one in its place, in the transaction that changes rows.
  arrow::Status ReplaceIndex(Transaction& txn, int step) {
    ARROW_RETURN_NOT_OK(txn.BeginStatement());
    IndexLayout layout = *table_->Indexes().back();
    ARROW_RETURN_NOT_OK(table_->DropIndex(txn, layout.id));
    layout.id = IndexId(5'000'000 + static_cast<uint64_t>(step));
    ARROW_RETURN_NOT_OK(testing::MakeIndex(*table_, txn, layout));
    return txn.EndStatement();
  }

  arrow::Status Commit(Transaction& txn) {
    ARROW_RETURN_NOT_OK(storage_->Commit(txn));
    rows_ = pending_;
    return arrow::Status::OK();
  }

  SimDisk* disk_;
  bool writes_beside_ = false;
  int next_beside_ = 0;
  arrow::Status beside_status_;
  TestRows rows_;
  TestRows pending_;
  std::unique_ptr<Storage> storage_;
  std::shared_ptr<TableStore> table_;
};

constexpr int kSteps = 45;

TEST(StorageCrash, EveryAcknowledgedCommitIsThere) {
  uint64_t num_operations = 0;
  {
    SimDisk disk;
    Workload workload(&disk);
    ASSERT_TRUE(workload.Open().ok());
    for (int step = 0; step < kSteps; ++step) {
      const arrow::Status status = workload.Step(step);
      ASSERT_TRUE(status.ok()) << status.ToString();
    }
    num_operations = disk.num_operations();
  }
  int num_points = 0;
  for (uint64_t point = 1; point <= num_operations; ++point) {
    SimDisk disk;
    disk.CrashAt(point);
    Workload workload(&disk);
    arrow::Status status = workload.Open();
    for (int step = 0; step < kSteps && status.ok(); ++step) status = workload.Step(step);
    const std::unique_ptr<SimDisk> after = disk.AfterPowerLoss(point);
    Workload recovered(after.get());
    status = recovered.Open();
    ASSERT_TRUE(status.ok()) << "crash point " << point << ": " << status.ToString();
    const TestRows rows = recovered.Read().ValueOrDie();
    status = recovered.CheckIndexes();
    ASSERT_TRUE(status.ok()) << "crash point " << point << ": " << status.ToString();
    ASSERT_TRUE(rows == workload.rows() || rows == workload.pending()) << "crash point " << point;
    // And it goes on.
    recovered.Adopt(rows);
    status = recovered.Step(100);
    if (status.ok() && recovered.rows().empty()) status = recovered.Step(101);
    ASSERT_TRUE(status.ok()) << "crash point " << point << ": " << status.ToString();
    ASSERT_EQ(recovered.Read().ValueOrDie(), recovered.rows()) << "crash point " << point;
    ++num_points;
  }
  std::printf("crash points: %d, recovered: %d\n", num_points, num_points);
}

TEST(StorageCrash, AFullDiskFailsTheTransactionAndNothingElse) {
  uint64_t num_writes = 0;
  {
    SimDisk disk;
    Workload workload(&disk);
    ASSERT_TRUE(workload.Open().ok());
    for (int step = 0; step < kSteps; ++step) ASSERT_TRUE(workload.Step(step).ok());
    num_writes = disk.num_writes();
  }
  for (uint64_t write = 20; write <= num_writes; write += 3) {
    SimDisk disk;
    Workload workload(&disk);
    ASSERT_TRUE(workload.Open().ok());
    disk.FailWrite(write, WriteFault::kNoSpace);
    int num_failed = 0;
    for (int step = 0; step < kSteps; ++step) {
      const arrow::Status status = workload.Step(step);
      if (status.ok()) continue;
      ++num_failed;
      ASSERT_EQ(GetSqlState(status), sqlstate::kDiskFull) << status.ToString();
      ASSERT_EQ(workload.Read().ValueOrDie(), workload.rows()) << "write " << write << " step " << step;
      disk.SetFull(false);
    }
    ASSERT_EQ(workload.Read().ValueOrDie(), workload.rows()) << "write " << write;
    ASSERT_LE(num_failed, 2);
    const TestRows rows = workload.rows();
    Workload reopened(&disk);
    disk.KillProcess();
    disk.SetFull(false);
    disk.FailWrite(0, WriteFault::kError);
    const arrow::Status status = reopened.Open();
    ASSERT_TRUE(status.ok()) << "write " << write << ": " << status.ToString();
    ASSERT_EQ(reopened.Read().ValueOrDie(), rows) << "write " << write;
  }
}

}  // namespace
}  // namespace llkv
