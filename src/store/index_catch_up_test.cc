// Indexes in a database that follows another process: each state and each older snapshot finds rows by index as it
// finds them by scanning, whether an index came or went by the log or by a checkpoint.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/testing/status_asserts.h"
#include "os/testing/sim_disk.h"
#include "store/column_table.h"
#include "store/testing/table_harness.h"

namespace llkv {
namespace {

using testing::AppendRows;
using testing::BulkAppendRows;
using testing::CheckIndexes;
using testing::DeleteKey;
using testing::MakeIndex;
using testing::ReadRows;
using testing::TestIndexId;
using testing::TestLayout;
using testing::TestRows;

constexpr TableId kTable{3000};
const IndexLayout kLater{IndexId(90001), "later", {{2, true, false}, {0, false, false}}, true, false};

class IndexCatchUpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    writer_ = Open(false);
    auto txn = Begin();
    ASSERT_OK(writer_->CreateTable(*txn, TestLayout(kTable)).status());
    ASSERT_OK(writer_->Commit(*txn, std::nullopt));
    Insert(0, 3000, true);
    ASSERT_OK(writer_->Checkpoint(nullptr));
    Insert(3000, 3500);
    reader_ = Open(true);
  }
  std::unique_ptr<Storage> Open(bool read_only) {
    PagerOptions pager_options;
    pager_options.file_system = &disk_;
    pager_options.address_space_bytes = uint64_t{256} << 20;
    pager_options.read_only = read_only;
    StorageOptions options;
    options.txn.lock_timeout_ms = 0;
    options.checkpoint_log_bytes = 0;
    options.read_only = read_only;
    return Storage::Open(OpenPager("db", pager_options).ValueOrDie(), options).ValueOrDie();
  }
  std::unique_ptr<Transaction> Begin() {
    auto txn = writer_->txns().Begin();
    EXPECT_TRUE(txn->BeginStatement().ok());
    return txn;
  }
  void Insert(int32_t first, int32_t end, bool is_bulk = false) {
    std::vector<std::pair<int32_t, testing::TestRow>> rows;
    for (int32_t k = first; k < end; ++k) rows.push_back({k, {"text " + std::to_string(k % 97), k}});
    auto txn = Begin();
    TableStore& table = *writer_->GetTable(kTable).ValueOrDie();
    ASSERT_OK(is_bulk ? BulkAppendRows(table, *txn, rows) : AppendRows(table, *txn, rows));
    ASSERT_OK(txn->EndStatement());
    ASSERT_OK(writer_->Commit(*txn, std::nullopt));
  }
  void Delete(int32_t first, int32_t end, int32_t step) {
    auto txn = Begin();
    TableStore& table = *writer_->GetTable(kTable).ValueOrDie();
    for (int32_t k = first; k < end; k += step) ASSERT_TRUE(*DeleteKey(table, *txn, k));
    ASSERT_OK(writer_->Commit(*txn, std::nullopt));
  }
  void ChangeIndexes(bool makes) {
    auto txn = Begin();
    TableStore& table = *writer_->GetTable(kTable).ValueOrDie();
    ASSERT_OK(makes ? MakeIndex(table, *txn, kLater) : table.DropIndex(*txn, kLater.id));
    ASSERT_OK(writer_->Commit(*txn, std::nullopt));
  }
  /// Catches up, and keeps what is there now for later.
  void Follow() {
    ASSERT_OK(reader_->CatchUp([](CommitTs) { return arrow::Status::OK(); }));
    auto txn = reader_->txns().Begin(true);
    TableStore& table = *reader_->GetTable(kTable).ValueOrDie();
    const TestRows rows = ReadRows(table, txn->snapshot()).ValueOrDie();
    EXPECT_EQ(rows, ReadRows(*writer_->GetTable(kTable).ValueOrDie(), Begin()->snapshot()).ValueOrDie());
    kept_.push_back({std::move(txn), rows});
    for (const Kept& kept : kept_) {
      const Snapshot snapshot = kept.txn->snapshot();
      ASSERT_EQ(ReadRows(table, snapshot).ValueOrDie(), kept.rows);
      ASSERT_OK(CheckIndexes(table, snapshot));
    }
  }
  bool ReaderHas(IndexId id) {
    for (const IndexLayoutPtr& index : reader_->GetTable(kTable).ValueOrDie()->Indexes()) {
      if (index->id == id) return true;
    }
    return false;
  }

  struct Kept {
    std::unique_ptr<Transaction> txn;
    TestRows rows;
  };
  SimDisk disk_;
  std::unique_ptr<Storage> writer_;
  std::unique_ptr<Storage> reader_;
  std::vector<Kept> kept_;
};

TEST_F(IndexCatchUpTest, FollowsIndexesByTheLogAndByCheckpoints) {
  Follow();
  ChangeIndexes(true);
  Follow();
  EXPECT_TRUE(ReaderHas(kLater.id));
  Delete(0, 3400, 7);
  Insert(4000, 4200);
  Follow();
  ASSERT_OK(writer_->Checkpoint(nullptr));
  Insert(5000, 5100);
  Follow();
  EXPECT_TRUE(ReaderHas(kLater.id));
  Delete(1, 3000, 14);
  ChangeIndexes(false);
  Follow();
  EXPECT_FALSE(ReaderHas(kLater.id));
  ASSERT_OK(writer_->Checkpoint(nullptr));
  Insert(6000, 6100);
  Follow();
  ASSERT_OK(writer_->Checkpoint(nullptr));
  Follow();
  // Nothing is kept for snapshots that are gone.
  kept_.clear();
  Follow();
  const TableStatePtr state = static_cast<ColumnTable&>(*reader_->GetTable(kTable).ValueOrDie()).state();
  EXPECT_EQ(state->indexes.size(), 3u);
  for (const TableIndex& index : state->indexes) {
    EXPECT_TRUE(index.retired_runs.empty());
    EXPECT_EQ(index.hot.size(), 1u);
  }
}

TEST_F(IndexCatchUpTest, AnIndexThatCameAndWentBetweenTwoLooks) {
  Follow();
  ChangeIndexes(true);
  ASSERT_OK(writer_->Checkpoint(nullptr));
  Delete(0, 3000, 3);
  Follow();
  EXPECT_TRUE(ReaderHas(kLater.id));
  Insert(7000, 7050);
  ChangeIndexes(false);
  ASSERT_OK(writer_->Checkpoint(nullptr));
  Insert(8000, 8050);
  Follow();
  EXPECT_FALSE(ReaderHas(kLater.id));
}

}  // namespace
}  // namespace llkv
