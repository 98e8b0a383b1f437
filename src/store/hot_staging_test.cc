// Transactions of many small statements whose rows are staged as they go, against a plain map: statements that fail,
// updates and deletes of staged rows, duplicates of their keys, cursors at older snapshots, groups of statements that
// are undone, other sessions, rollback, commit, recovery and checkpoints.
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <set>
#include <span>

#include "base/error.h"
#include "base/sanitizers.h"
#include "base/testing/status_asserts.h"
#include "pager/pager.h"
#include "store/column_table.h"
#include "store/testing/table_harness.h"

namespace llkv {
namespace {

using testing::AppendRows;
using testing::BulkAppendRows;
using testing::CheckIndexes;
using testing::DeleteKey;
using testing::ReadKey;
using testing::ReadRows;
using testing::TestIndexId;
using testing::TestLayout;
using testing::TestRow;
using testing::TestRows;

constexpr uint64_t kStageBytes = 64 << 10;

class HotStagingTest : public ::testing::Test {
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
    options.checkpoint_log_bytes = 0;
    options.stage_hot_bytes = kStageBytes;
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
  static void Next(Transaction& txn) {
    ASSERT_OK(txn.EndStatement());
    ASSERT_OK(txn.BeginStatement());
  }
  /// One statement a row.
  void Fill(Transaction& txn, int32_t first, int32_t end, TestRows* model) {
    for (int32_t key = first; key < end; ++key) {
      const TestRow row{"value " + std::to_string(key % 97), key};
      ASSERT_OK(AppendRows(*table_, txn, {{key, row}}));
      Next(txn);
      model->emplace(key, row);
    }
  }
  TestRows Committed() { return ReadRows(*table_, Begin()->snapshot()).ValueOrDie(); }
  uint64_t NumColdGroups() { return storage_->GetUse(id_)->num_cold_groups; }
  const ColumnTable& column_table() const { return static_cast<const ColumnTable&>(*table_); }

  std::shared_ptr<Pager> pager_;
  std::unique_ptr<Storage> storage_;
  TableId id_;
  std::shared_ptr<TableStore> table_;
};

TEST_F(HotStagingTest, ManySmallStatementsAreStagedAndStayPrivateUntilCommit) {
  TestRows model;
  auto reader = Begin();
  auto txn = Begin();
  Fill(*txn, 0, 20000, &model);
  EXPECT_GE(NumColdGroups(), 20u);
  // Memory for rows and indexes has no part that grows.
  uint64_t hot_bytes = 0;
  const TableStatePtr state = column_table().state();
  for (const GroupEntry& entry : state->groups) hot_bytes += entry.hot != nullptr ? entry.hot->size_bytes() : 0;
  for (const TableIndex& index : state->indexes) {
    EXPECT_LE(index.runs.size(), 20u);
    EXPECT_LT(index.active().num_entries(), 3000u);
  }
  EXPECT_LT(hot_bytes, 2 * kStageBytes);
  EXPECT_EQ(ReadRows(*table_, txn->snapshot()).ValueOrDie(), model);
  EXPECT_EQ(ReadKey(*table_, txn->snapshot(), 5).ValueOrDie(), model.at(5));
  ASSERT_OK(CheckIndexes(*table_, txn->snapshot()));
  EXPECT_TRUE(Committed().empty());
  EXPECT_EQ(ReadKey(*table_, reader->snapshot(), 5).ValueOrDie(), std::nullopt);
  ASSERT_OK(CheckIndexes(*table_, reader->snapshot()));
  ASSERT_OK(storage_->Commit(*txn));
  EXPECT_EQ(Committed(), model);
  EXPECT_TRUE(ReadRows(*table_, reader->snapshot())->empty());
  EXPECT_EQ(ReadKey(*table_, reader->snapshot(), 5).ValueOrDie(), std::nullopt);
  reader.reset();
  // The log tells of row groups, not of rows.
  uint64_t log_bytes = 0;
  ASSERT_OK(pager_->ReadLog(Lsn(0), [&log_bytes](Lsn, std::span<const uint8_t> record) {
    log_bytes += record.size() + 128;
    return arrow::Status::OK();
  }));
  EXPECT_LT(log_bytes, 200'000u);
  for (const bool checkpoints : {false, true}) {
    if (checkpoints) {
      ASSERT_OK(storage_->Checkpoint());
    }
    Reopen();
    EXPECT_EQ(Committed(), model);
    EXPECT_EQ(ReadKey(*table_, Begin()->snapshot(), 19999).ValueOrDie(), model.at(19999));
    ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
    EXPECT_EQ(table_->GetStatistics()->num_rows, static_cast<double>(model.size()));
  }
}

TEST_F(HotStagingTest, RollbackAndCrashGiveTheirRoomBack) {
  TestRows model;
  auto first = Begin();
  Fill(*first, 0, 100, &model);
  ASSERT_OK(storage_->Commit(*first));
  const uint64_t num_keys = pager_->stats().num_keys;
  for (const bool crashes : {false, true}) {
    TestRows ignored;
    auto txn = Begin();
    Fill(*txn, 1000, 9000, &ignored);
    EXPECT_GT(NumColdGroups(), 5u);
    if (crashes) {
      txn.reset();
      Reopen();
    } else {
      storage_->txns().Rollback(*txn);
    }
    EXPECT_EQ(Committed(), model);
    EXPECT_EQ(NumColdGroups(), 0u);
    EXPECT_EQ(pager_->stats().num_keys, num_keys);
    ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
    auto again = Begin();
    TestRows after = model;
    Fill(*again, 1000, 1100, &after);
    EXPECT_EQ(ReadRows(*table_, again->snapshot()).ValueOrDie(), after);
  }
}

TEST_F(HotStagingTest, KeysOfStagedRowsAreTakenUntilTheyAreDeleted) {
  TestRows model;
  auto txn = Begin();
  Fill(*txn, 0, 5000, &model);
  for (const int32_t key : {0, 17, 2500, 4999}) {
    EXPECT_EQ(GetSqlState(AppendRows(*table_, *txn, {{100000, {"x", 1}}, {key, {"y", 2}}})),
              sqlstate::kUniqueViolation);
    txn->UndoStatement();
    ASSERT_OK(txn->BeginStatement());
    ASSERT_TRUE(*DeleteKey(*table_, *txn, key));
    Next(*txn);
    ASSERT_OK(AppendRows(*table_, *txn, {{key, {"again", key}}}));
    Next(*txn);
    model[key] = {"again", key};
  }
  Fill(*txn, 5000, 8000, &model);
  // Bulk rows are compared with them too.
  ASSERT_OK(BulkAppendRows(*table_, *txn, {{200000, {"x", 1}}, {17, {"y", 2}}}));
  EXPECT_EQ(GetSqlState(txn->EndStatement()), sqlstate::kUniqueViolation);
  txn->UndoStatement();
  ASSERT_OK(txn->BeginStatement());
  EXPECT_EQ(ReadRows(*table_, txn->snapshot()).ValueOrDie(), model);
  ASSERT_OK(storage_->Commit(*txn));
  Reopen();
  EXPECT_EQ(Committed(), model);
  ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
}

TEST_F(HotStagingTest, AnIndexThatTheTransactionMakesHasRowsFromBeforeAndAfter) {
  TestRows model;
  auto txn = Begin();
  Fill(*txn, 0, 3000, &model);
  IndexLayout layout = *table_->Indexes()[1];
  layout.id = IndexId(storage_->AllocateTableId().value);
  layout.parts[0].descending = !layout.parts[0].descending;
  ASSERT_OK(testing::MakeIndex(*table_, *txn, layout));
  Next(*txn);
  Fill(*txn, 3000, 6000, &model);
  ASSERT_OK(table_->DropIndex(*txn, table_->Indexes()[1]->id));
  Next(*txn);
  Fill(*txn, 6000, 9000, &model);
  ASSERT_OK(CheckIndexes(*table_, txn->snapshot()));
  ASSERT_OK(storage_->Commit(*txn));
  ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
  Reopen();
  EXPECT_EQ(Committed(), model);
  ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
  ASSERT_OK(storage_->Checkpoint());
  ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
  EXPECT_EQ(Committed(), model);
}

/// One random history; the model is a map.
class HotStagingHistory : public HotStagingTest, public ::testing::WithParamInterface<int> {
 protected:
  uint64_t Draw(uint64_t n) { return random_() % n; }
  int32_t DrawKey() { return static_cast<int32_t>(Draw(20000)); }

  /// Changes the model so that it can be taken back.
  void Set(TestRows* mine, int32_t key, std::optional<TestRow> row) {
    const auto place = mine->find(key);
    undo_.emplace_back(key, place == mine->end() ? std::nullopt : std::optional(place->second));
    if (row) {
      (*mine)[key] = *std::move(row);
    } else {
      mine->erase(key);
    }
  }

  /// An INSERT of some rows, which may have a duplicate.
  arrow::Status Insert(Transaction& txn, TestRows* mine) {
    std::vector<std::pair<int32_t, TestRow>> rows;
    const uint64_t kind = Draw(100);
    const uint64_t count = kind == 0 ? Draw(3000) : kind < 20 ? Draw(100) : 1;
    bool is_duplicate = false;
    for (uint64_t i = 0; i < count; ++i) {
      const int32_t key = DrawKey();
      if (mine->contains(key) && Draw(50) != 0) continue;
      TestRow row{"text " + std::to_string(Draw(1000)), static_cast<int64_t>(Draw(1000000))};
      if (Draw(5) == 0) row.v.reset();
      rows.push_back({key, row});
      is_duplicate |= mine->contains(key);
      Set(mine, key, row);
    }
    arrow::Status status = kind == 1 ? BulkAppendRows(*table_, txn, rows) : AppendRows(*table_, txn, rows);
    if (status.ok()) status = txn.EndStatement();
    EXPECT_EQ(GetSqlState(status), is_duplicate ? sqlstate::kUniqueViolation : "00000") << status;
    return status;
  }

  /// An UPDATE or DELETE of some rows.
  arrow::Status Change(Transaction& txn, TestRows* mine) {
    const uint64_t count = Draw(20) == 0 ? Draw(300) : 1;
    const bool is_update = Draw(3) != 0;
    std::set<int32_t> changed;
    for (uint64_t i = 0; i < count && !mine->empty(); ++i) {
      auto place = mine->lower_bound(DrawKey());
      if (place == mine->end()) place = mine->begin();
      const int32_t key = place->first;
      if (!changed.insert(key).second) continue;
      EXPECT_TRUE(DeleteKey(*table_, txn, key).ValueOrDie());
      if (is_update) {
        const TestRow row{"updated", static_cast<int64_t>(Draw(1000000)) + 2000000};
        Set(mine, key, row);
        ARROW_RETURN_NOT_OK(AppendRows(*table_, txn, {{key, row}}, 1, UniqueCheck::kAtEndOfStatement));
      } else {
        Set(mine, key, std::nullopt);
      }
    }
    if (Draw(8) == 0) return arrow::Status::Invalid("the statement fails");
    return txn.EndStatement();
  }

  void RunStatement(Transaction& txn, TestRows* mine) {
    undo_.clear();
    const arrow::Status status = Draw(10) < 7 ? Insert(txn, mine) : Change(txn, mine);
    if (!status.ok()) {
      txn.UndoStatement();
      while (!undo_.empty()) {
        const auto [key, row] = undo_.back();
        Set(mine, key, row);
        undo_.resize(undo_.size() - 2);
      }
    }
    ASSERT_OK(txn.BeginStatement());
  }

  /// A cursor of the transaction, at an older statement's snapshot.
  struct Cursor {
    Snapshot snapshot;
    TestRows rows;
  };
  void CheckCursor(const Cursor& cursor) {
    ASSERT_EQ(ReadRows(*table_, cursor.snapshot).ValueOrDie(), cursor.rows);
    const int32_t key = DrawKey();
    const auto expected = cursor.rows.contains(key) ? std::optional<TestRow>(cursor.rows.at(key)) : std::nullopt;
    ASSERT_EQ(ReadKey(*table_, cursor.snapshot, key).ValueOrDie(), expected);
  }

  void RunTransaction(Transaction& txn, TestRows* mine) {
    std::vector<Cursor> cursors;
    // A group of statements that may be undone together.
    std::optional<std::pair<uint32_t, TestRows>> group;
    const uint64_t num_statements = Draw(2500);
    for (uint64_t i = 0; i < num_statements; ++i) {
      RunStatement(txn, mine);
      if (HasFatalFailure()) return;
      if (Draw(300) == 0) {
        ASSERT_EQ(ReadRows(*table_, txn.snapshot()).ValueOrDie(), *mine);
        ASSERT_OK(CheckIndexes(*table_, txn.snapshot()));
      }
      if (Draw(300) == 0) {
        cursors.push_back({txn.snapshot(), *mine});
        txn.HoldCommand(txn.command());
        ASSERT_OK(txn.BeginStatement());
      }
      if (!cursors.empty() && Draw(100) == 0) {
        CheckCursor(cursors.front());
        txn.ReleaseCommand(cursors.front().snapshot.command);
        cursors.erase(cursors.begin());
      }
      if (!group && Draw(200) == 0) {
        group.emplace(txn.command(), *mine);
        txn.HoldCommand(txn.command());
      } else if (group && Draw(100) == 0) {
        if (Draw(2) == 0) {
          txn.UndoFrom(group->first);
          *mine = group->second;
          // Cursors that see what was undone are closed.
          for (const Cursor& cursor : cursors) txn.ReleaseCommand(cursor.snapshot.command);
          cursors.clear();
        }
        txn.ReleaseCommand(group->first);
        group.reset();
      }
    }
  }

  std::mt19937_64 random_{static_cast<uint64_t>(GetParam())};
  /// What the model had before the statement's changes, in their order.
  std::vector<std::pair<int32_t, std::optional<TestRow>>> undo_;
};

TEST_P(HotStagingHistory, MatchesAMap) {
  TestRows model;
  std::optional<std::pair<std::unique_ptr<Transaction>, TestRows>> reader;
  uint64_t num_staged = 0;
  for (int round = 0; round < 6; ++round) {
    auto txn = Begin();
    TestRows mine = model;
    const uint64_t num_before = NumColdGroups();
    RunTransaction(*txn, &mine);
    if (HasFatalFailure()) return;
    num_staged += NumColdGroups() > num_before ? NumColdGroups() - num_before : 0;
    ASSERT_EQ(Committed(), model) << round;
    if (reader) {
      ASSERT_EQ(ReadRows(*table_, reader->first->snapshot()).ValueOrDie(), reader->second);
      ASSERT_OK(CheckIndexes(*table_, reader->first->snapshot()));
    }
    if (Draw(4) == 0) {
      storage_->txns().Rollback(*txn);
    } else {
      ASSERT_OK(storage_->Commit(*txn));
      model = mine;
    }
    txn.reset();
    ASSERT_EQ(Committed(), model) << round;
    ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
    if (Draw(3) == 0) {
      ASSERT_OK(storage_->Checkpoint());
      ASSERT_EQ(Committed(), model) << round;
    }
    reader.reset();
    if (Draw(3) == 0) {
      Reopen();
      ASSERT_EQ(Committed(), model) << round;
      ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
    }
    if (Draw(2) == 0) reader.emplace(Begin(), model);
  }
  EXPECT_GT(num_staged, 0u);
  EXPECT_EQ(table_->GetStatistics()->num_rows, static_cast<double>(model.size()));
  ASSERT_OK(storage_->CheckIntegrity(std::nullopt, [](const IntegrityFinding& finding) {
    ADD_FAILURE() << finding.message;
    return arrow::Status::OK();
  }));
}

INSTANTIATE_TEST_SUITE_P(Seeds, HotStagingHistory, ::testing::Range(1, kIsSanitized ? 3 : 7));

}  // namespace
}  // namespace llkv
