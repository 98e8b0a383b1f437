// Checkpoints beside a writer: whatever commits, deletes or rolls back while one is on its way, every snapshot sees
// what it should, and so does whoever opens the database afterwards; and what old snapshots keep is bounded.
#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "base/error.h"
#include "base/testing/status_asserts.h"
#include "runtime/stop_token.h"
#include "store/testing/table_harness.h"

namespace llkv {
namespace {

using testing::AppendRows;
using testing::BulkAppendRows;
using testing::DeleteKey;
using testing::ReadKey;
using testing::ReadRows;
using testing::TestLayout;
using testing::TestRow;
using testing::TestRows;

class StorageCheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pager_ = OpenPager(":memory:").ValueOrDie();
    Open();
    auto txn = Begin();
    id_ = storage_->AllocateTableId();
    table_ = storage_->CreateTable(*txn, TestLayout(id_)).ValueOrDie();
    ASSERT_OK(storage_->Commit(*txn));
  }
  void Open() {
    StorageOptions options;
    options.txn.lock_timeout_ms = 0;
    options.checkpoint_log_bytes = log_bytes_;
    options.pool = &pool_;
    options.checkpoint_hook = [this](CheckpointStage stage) {
      if (hook_ != nullptr) hook_(stage);
    };
    storage_ = Storage::Open(pager_, options).ValueOrDie();
    if (id_.value != 0) table_ = storage_->GetTable(id_).ValueOrDie();
  }
  /// As a crash: nothing is closed.
  void Reopen() {
    table_.reset();
    storage_.reset();
    Open();
  }
  std::unique_ptr<Transaction> Begin() {
    auto txn = storage_->txns().Begin();
    EXPECT_TRUE(txn->BeginStatement().ok());
    return txn;
  }
  TestRows Committed() {
    auto txn = Begin();
    return ReadRows(*table_, txn->snapshot()).ValueOrDie();
  }
  arrow::Status Put(Transaction& txn, int32_t key, int64_t n) {
    return AppendRows(*table_, txn, {{key, {"v", n}}}, 1, UniqueCheck::kAtEndOfStatement);
  }
  void Insert(int32_t first, int32_t count) {
    std::vector<std::pair<int32_t, TestRow>> rows;
    for (int32_t key = first; key < first + count; ++key) rows.push_back({key, {"v", key}});
    auto txn = Begin();
    ASSERT_OK(AppendRows(*table_, *txn, rows));
    ASSERT_OK(storage_->Commit(*txn));
  }
  void Remove(int32_t key) {
    auto txn = Begin();
    ASSERT_TRUE(*DeleteKey(*table_, *txn, key)) << key;
    ASSERT_OK(storage_->Commit(*txn));
  }
  void Update(int32_t key, int64_t n) {
    auto txn = Begin();
    ASSERT_TRUE(*DeleteKey(*table_, *txn, key)) << key;
    ASSERT_OK(Put(*txn, key, n));
    ASSERT_OK(txn->EndStatement());
    ASSERT_OK(storage_->Commit(*txn));
  }

  arrow::ProxyMemoryPool pool_{arrow::default_memory_pool()};
  uint64_t log_bytes_ = 0;
  std::function<void(CheckpointStage)> hook_;
  std::unique_ptr<Transaction> blocker_;
  std::shared_ptr<Pager> pager_;
  std::unique_ptr<Storage> storage_;
  TableId id_;
  std::shared_ptr<TableStore> table_;
};

TEST_F(StorageCheckpointTest, WhatCommitsMeanwhileIsThereBeforeAndAfter) {
  for (const CheckpointStage stop_at :
       {CheckpointStage::kSealed, CheckpointStage::kTableWritten, CheckpointStage::kWritten}) {
    SCOPED_TRACE(static_cast<int>(stop_at));
    const TestRows all = Committed();
    for (const auto& [key, row] : all) Remove(key);
    Insert(0, 10);
    ASSERT_OK(storage_->Checkpoint());
    // Cold rows 0 to 9, hot ones from 10 on.
    Insert(10, 10);
    Remove(11);
    Remove(1);
    auto before = Begin();
    const TestRows seen_before = Committed();
    std::vector<std::pair<std::unique_ptr<Transaction>, TestRows>> readers;
    hook_ = [&](CheckpointStage stage) {
      if (stage != stop_at) return;
      Remove(12);
      Remove(2);
      Update(13, 113);
      Update(3, 103);
      Insert(20, 5);
      Insert(11, 1);
      readers.emplace_back(Begin(), Committed());
      // Keys of rows that are on their way are taken.
      for (const int32_t key : {4, 14, 20}) {
        auto txn = Begin();
        EXPECT_EQ(GetSqlState(AppendRows(*table_, *txn, {{key, {"w", 0}}})), sqlstate::kUniqueViolation) << key;
      }
      // What is rolled back comes back.
      auto txn = Begin();
      ASSERT_TRUE(*DeleteKey(*table_, *txn, 5));
      ASSERT_TRUE(*DeleteKey(*table_, *txn, 15));
      ASSERT_OK(Put(*txn, 30, 30));
      storage_->txns().Rollback(*txn);
      // A snapshot from before conflicts with what has changed since.
      EXPECT_EQ(GetSqlState(DeleteKey(*table_, *before, 12).status()), sqlstate::kSerializationFailure);
      before->UndoStatement();
      storage_->txns().Rollback(*before);
      before = nullptr;
    };
    auto old = Begin();
    ASSERT_OK(storage_->Checkpoint());
    hook_ = nullptr;
    TestRows expected = seen_before;
    expected.erase(12);
    expected.erase(2);
    expected[13] = {"v", 113};
    expected[3] = {"v", 103};
    for (int32_t key = 20; key < 25; ++key) expected[key] = {"v", key};
    expected[11] = {"v", 11};
    EXPECT_EQ(Committed(), expected);
    ASSERT_EQ(readers.size(), 1u);
    EXPECT_EQ(readers[0].second, expected);
    EXPECT_EQ(ReadRows(*table_, readers[0].first->snapshot()).ValueOrDie(), expected);
    EXPECT_EQ(ReadRows(*table_, old->snapshot()).ValueOrDie(), seen_before);
    for (const auto& [key, row] : seen_before) {
      EXPECT_EQ(ReadKey(*table_, old->snapshot(), key).ValueOrDie(), row) << key;
    }
    for (int32_t key = 0; key < 40; ++key) {
      const auto row = expected.contains(key) ? std::optional<TestRow>(expected.at(key)) : std::nullopt;
      EXPECT_EQ(ReadKey(*table_, readers[0].first->snapshot(), key).ValueOrDie(), row) << key;
    }
    EXPECT_EQ(table_->GetStatistics()->num_rows, static_cast<double>(expected.size()));
    readers.clear();
    old = nullptr;
    Reopen();
    EXPECT_EQ(Committed(), expected);
    EXPECT_EQ(table_->GetStatistics()->num_rows, static_cast<double>(expected.size()));
    ASSERT_OK(storage_->Checkpoint());
    Reopen();
    EXPECT_EQ(Committed(), expected);
  }
}

TEST_F(StorageCheckpointTest, ATransactionInFlightKeepsWhatItDeletedUntilItCommits) {
  for (const bool commits : {false, true}) {
    for (const auto& [key, row] : Committed()) Remove(key);
    Insert(0, 4);
    ASSERT_OK(storage_->Checkpoint());
    Insert(4, 4);
    std::unique_ptr<Transaction> txn;
    hook_ = [&](CheckpointStage stage) {
      if (stage == CheckpointStage::kSealed) {
        txn = Begin();
        ASSERT_TRUE(*DeleteKey(*table_, *txn, 1));
        ASSERT_TRUE(*DeleteKey(*table_, *txn, 5));
        ASSERT_OK(Put(*txn, 5, 55));
        ASSERT_OK(txn->EndStatement());
        ASSERT_OK(txn->BeginStatement());
      }
      if (stage == CheckpointStage::kTableWritten) {
        EXPECT_EQ(Committed().size(), 8u);
        EXPECT_EQ(ReadKey(*table_, txn->snapshot(), 5).ValueOrDie(), (TestRow{"v", 55}));
      }
      if (stage != CheckpointStage::kWritten) return;
      if (commits) {
        ASSERT_OK(storage_->Commit(*txn));
      } else {
        storage_->txns().Rollback(*txn);
      }
    };
    ASSERT_OK(storage_->Checkpoint());
    hook_ = nullptr;
    for (int round = 0; round < 3; ++round) {
      const TestRows rows = Committed();
      EXPECT_EQ(rows.size(), commits ? 7u : 8u);
      EXPECT_EQ(rows.contains(1), !commits);
      EXPECT_EQ(rows.at(5), (TestRow{"v", commits ? 55 : 5}));
      if (round == 1) {
        ASSERT_OK(storage_->Checkpoint());
      }
      Reopen();
    }
  }
}

TEST_F(StorageCheckpointTest, AFailedOneLeavesEverythingAsItWas) {
  Insert(0, 100);
  const StopToken* no_stop = nullptr;
  StopToken stop;
  hook_ = [&](CheckpointStage stage) {
    if (stage == CheckpointStage::kSealed) Insert(200, 10);
    if (stage != CheckpointStage::kWritten) return;
    Remove(7);
    stop.RequestStop();
    // Somebody writes when it wants the turn.
    blocker_ = Begin();
    ASSERT_OK(Put(*blocker_, 500, 1));
  };
  EXPECT_EQ(GetSqlState(storage_->Checkpoint(&stop)), sqlstate::kQueryCanceled);
  hook_ = nullptr;
  storage_->txns().Rollback(*blocker_);
  blocker_ = nullptr;
  TestRows expected = Committed();
  EXPECT_EQ(expected.size(), 109u);
  Insert(300, 10);
  Update(8, 88);
  for (int32_t key = 300; key < 310; ++key) expected[key] = {"v", key};
  expected[8] = {"v", 88};
  EXPECT_EQ(Committed(), expected);
  ASSERT_OK(storage_->Checkpoint(no_stop));
  EXPECT_EQ(Committed(), expected);
  Reopen();
  EXPECT_EQ(Committed(), expected);
}

TEST_F(StorageCheckpointTest, TablesCreatedAndDroppedMeanwhile) {
  Insert(0, 10);
  TableId created;
  hook_ = [&](CheckpointStage stage) {
    if (stage == CheckpointStage::kTableWritten) {
      auto txn = Begin();
      created = storage_->AllocateTableId();
      auto other = storage_->CreateTable(*txn, TestLayout(created)).ValueOrDie();
      ASSERT_OK(AppendRows(*other, *txn, {{1, {"a", 1}}}));
      ASSERT_OK(storage_->Commit(*txn));
    }
    if (stage == CheckpointStage::kWritten) {
      auto txn = Begin();
      ASSERT_OK(storage_->DropTable(*txn, id_));
      ASSERT_OK(storage_->Commit(*txn));
    }
  };
  auto old = Begin();
  ASSERT_OK(storage_->Checkpoint());
  hook_ = nullptr;
  EXPECT_EQ(ReadRows(*table_, old->snapshot())->size(), 10u);
  for (int round = 0; round < 3; ++round) {
    const auto other = storage_->GetTable(created).ValueOrDie();
    auto txn = Begin();
    EXPECT_EQ(ReadRows(*other, txn->snapshot()).ValueOrDie(), (TestRows{{1, {"a", 1}}}));
    if (round > 0) {
      ASSERT_OK(storage_->Checkpoint());
      ASSERT_OK(storage_->Checkpoint());
    }
    EXPECT_EQ(ReadRows(*table_, old->snapshot())->size(), 10u);
  }
  old = nullptr;
  ASSERT_OK(storage_->Checkpoint());
  EXPECT_EQ(storage_->GetTable(id_).ValueOrDie(), nullptr);
}

/// Steps of a random history, taken between and inside checkpoints.
class CheckpointHistory : public StorageCheckpointTest, public ::testing::WithParamInterface<int> {
 protected:
  uint64_t Draw(uint64_t n) { return random_() % n; }

  void Step() {
    auto txn = Begin();
    TestRows mine = model_;
    const bool is_bulk = Draw(10) == 0;
    std::vector<std::pair<int32_t, TestRow>> rows;
    const uint64_t count = Draw(15) == 0 ? Draw(4000) : Draw(12);
    for (uint64_t i = 0; i < count; ++i) {
      const auto key = static_cast<int32_t>(Draw(4000));
      const TestRow row{std::to_string(Draw(50)), static_cast<int64_t>(Draw(1000000))};
      if (mine.emplace(key, row).second) rows.push_back({key, row});
    }
    ASSERT_OK(is_bulk ? BulkAppendRows(*table_, *txn, rows) : AppendRows(*table_, *txn, rows));
    const uint64_t num_deletes = Draw(15) == 0 ? Draw(2000) : Draw(12);
    for (uint64_t i = 0; i < num_deletes && !model_.empty(); ++i) {
      auto place = model_.lower_bound(static_cast<int32_t>(Draw(4000)));
      if (place == model_.end()) place = model_.begin();
      if (!mine.contains(place->first) || mine.at(place->first) != place->second) continue;
      ASSERT_TRUE(*DeleteKey(*table_, *txn, place->first));
      mine.erase(place->first);
      if (Draw(2) == 0) continue;
      mine[place->first] = {"v", static_cast<int64_t>(num_updates_++) + 2000000};
      ASSERT_OK(Put(*txn, place->first, mine.at(place->first).n));
    }
    ASSERT_OK(txn->EndStatement());
    if (Draw(4) == 0) {
      storage_->txns().Rollback(*txn);
    } else {
      ASSERT_OK(storage_->Commit(*txn));
      model_ = std::move(mine);
    }
    if (Draw(4) == 0) readers_.emplace_back(Begin(), model_);
    if (readers_.size() > 4) readers_.erase(readers_.begin() + static_cast<ptrdiff_t>(Draw(readers_.size())));
  }

  void Check() {
    ASSERT_EQ(Committed(), model_);
    for (const auto& [reader, rows] : readers_) {
      ASSERT_EQ(ReadRows(*table_, reader->snapshot()).ValueOrDie(), rows);
      for (int i = 0; i < 20; ++i) {
        const auto key = static_cast<int32_t>(Draw(4000));
        const auto expected = rows.contains(key) ? std::optional<TestRow>(rows.at(key)) : std::nullopt;
        ASSERT_EQ(ReadKey(*table_, reader->snapshot(), key).ValueOrDie(), expected);
      }
    }
    ASSERT_EQ(table_->GetStatistics()->num_rows, static_cast<double>(model_.size()));
  }

  std::mt19937_64 random_{static_cast<uint64_t>(GetParam())};
  uint64_t num_updates_ = 0;
  TestRows model_;
  std::vector<std::pair<std::unique_ptr<Transaction>, TestRows>> readers_;
};

TEST_P(CheckpointHistory, MatchesAMap) {
  for (int round = 0; round < 40; ++round) {
    for (uint64_t i = Draw(4); i > 0; --i) {
      ASSERT_NO_FATAL_FAILURE(Step());
    }
    StopToken stop;
    const bool fails = Draw(6) == 0;
    hook_ = [&](CheckpointStage stage) {
      for (uint64_t i = Draw(4); i > 0; --i) {
        ASSERT_NO_FATAL_FAILURE(Step());
      }
      if (Draw(3) == 0) {
        ASSERT_NO_FATAL_FAILURE(Check());
      }
      if (fails && stage == CheckpointStage::kWritten) {
        stop.RequestStop();
        blocker_ = Begin();
        ASSERT_OK(Put(*blocker_, 5000, 1));
      }
    };
    const arrow::Status status = storage_->Checkpoint(&stop);
    hook_ = nullptr;
    if (blocker_ != nullptr) {
      storage_->txns().Rollback(*blocker_);
      blocker_ = nullptr;
    } else {
      ASSERT_OK(status);
    }
    ASSERT_NO_FATAL_FAILURE(Check());
    if (Draw(5) == 0) {
      readers_.clear();
      Reopen();
      ASSERT_NO_FATAL_FAILURE(Check());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CheckpointHistory, ::testing::Range(1, 11));

/// Updates rows one by one, with a checkpoint by the log's bound now and then.
class EndlessUpdatesTest : public StorageCheckpointTest {
 protected:
  static constexpr int32_t kRows = 1000;
  void SetUp() override {
    log_bytes_ = 100000;
    StorageCheckpointTest::SetUp();
    Insert(0, kRows);
    ASSERT_OK(storage_->Checkpoint());
  }
  void UpdateAll(int rounds) {
    for (int i = 0; i < rounds * kRows; ++i) {
      ASSERT_NO_FATAL_FAILURE(Update(static_cast<int32_t>((int64_t{i} * 7919) % kRows), num_updates_++));
    }
  }
  int64_t num_updates_ = 0;
};

TEST_F(EndlessUpdatesTest, MemoryAndBlobsAreBoundedWhileAnOldSnapshotLives) {
  auto old = Begin();
  const TestRows seen = ReadRows(*table_, old->snapshot()).ValueOrDie();
  UpdateAll(10);
  const int64_t bytes = pool_.bytes_allocated();
  const uint64_t live_bytes = pager_->stats().live_bytes;
  const uint64_t num_keys = pager_->stats().num_keys;
  for (int i = 0; i < 6; ++i) {
    UpdateAll(10);
    EXPECT_LE(pool_.bytes_allocated(), 2 * bytes + (1 << 20)) << i;
    EXPECT_LE(pager_->stats().live_bytes, 3 * live_bytes) << i;
    EXPECT_LE(pager_->stats().num_keys, 3 * num_keys + 100) << i;
    EXPECT_EQ(ReadRows(*table_, old->snapshot()).ValueOrDie(), seen);
  }
  EXPECT_EQ(ReadKey(*table_, old->snapshot(), 77).ValueOrDie(), seen.at(77));
  EXPECT_EQ(Committed().size(), static_cast<size_t>(kRows));
}

TEST_F(EndlessUpdatesTest, EachOfManySnapshotsKeepsWhatItSeesOnly) {
  std::vector<std::pair<std::unique_ptr<Transaction>, TestRows>> readers;
  for (int i = 0; i < 8; ++i) {
    UpdateAll(2);
    readers.emplace_back(Begin(), Committed());
  }
  UpdateAll(4);
  for (const auto& [reader, rows] : readers) {
    EXPECT_EQ(ReadRows(*table_, reader->snapshot()).ValueOrDie(), rows);
    EXPECT_EQ(ReadKey(*table_, reader->snapshot(), 5).ValueOrDie(), rows.at(5));
  }
  const int64_t bytes = pool_.bytes_allocated();
  readers.clear();
  UpdateAll(2);
  ASSERT_OK(storage_->Checkpoint());
  EXPECT_LT(pool_.bytes_allocated(), bytes);
  // Nothing but the table itself is left once nobody looks.
  ASSERT_OK(storage_->Checkpoint());
  EXPECT_LT(pager_->stats().num_keys, 60u);
}

}  // namespace
}  // namespace llkv
