// Histories of a table against a plain map: statements that succeed and fail, transactions that commit and roll back,
// checkpoints, reopening; and the rules of visibility, uniqueness and conflicts one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "base/error.h"
#include "base/testing/status_asserts.h"
#include "pager/testing/scratch_folder.h"
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

class ColumnTableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pager_ = OpenPager(":memory:").ValueOrDie();
    Open();
    auto txn = storage_->txns().Begin();
    ASSERT_OK(txn->BeginStatement());
    id_ = storage_->AllocateTableId();
    table_ = storage_->CreateTable(*txn, TestLayout(id_)).ValueOrDie();
    ASSERT_OK(storage_->Commit(*txn));
  }

  void Open() {
    StorageOptions options;
    options.txn.lock_timeout_ms = 0;
    options.bulk_key_bytes = bulk_key_bytes_;
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
  TestRows Committed(uint32_t batch_rows = kMaxBatchRows) {
    auto txn = Begin();
    return ReadRows(*table_, txn->snapshot(), batch_rows).ValueOrDie();
  }
  /// Makes one more index, and drops the oldest but the primary key; or takes both back.
  void ChangeIndexes(bool rolls_back) {
    auto txn = Begin();
    const std::vector<IndexLayoutPtr> before = table_->Indexes();
    IndexLayout layout = *before[1];
    layout.id = IndexId(storage_->AllocateTableId().value);
    layout.parts[0].descending = !layout.parts[0].descending;
    layout.parts[0].nulls_first = !layout.parts[0].nulls_first;
    ASSERT_OK(testing::MakeIndex(*table_, *txn, layout));
    ASSERT_OK(txn->EndStatement());
    ASSERT_OK(txn->BeginStatement());
    ASSERT_OK(table_->DropIndex(*txn, before[1]->id));
    ASSERT_OK(CheckIndexes(*table_, txn->snapshot()));
    if (rolls_back) {
      storage_->txns().Rollback(*txn);
      ASSERT_EQ(table_->Indexes(), before);
    } else {
      ASSERT_OK(storage_->Commit(*txn));
      ASSERT_EQ(table_->Indexes().size(), before.size());
    }
    ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
  }
  void Insert(int32_t key, int64_t n) {
    auto txn = Begin();
    ASSERT_OK(AppendRows(*table_, *txn, {{key, {"v", n}}}));
    ASSERT_OK(storage_->Commit(*txn));
  }

  uint64_t bulk_key_bytes_ = StorageOptions().bulk_key_bytes;
  std::shared_ptr<Pager> pager_;
  std::unique_ptr<Storage> storage_;
  TableId id_;
  std::shared_ptr<TableStore> table_;
};

TEST_F(ColumnTableTest, AStatementSeesTheOnesBeforeItAndCommitShowsAll) {
  auto txn = Begin();
  ASSERT_OK(AppendRows(*table_, *txn, {{1, {"a", 10}}, {2, {std::nullopt, 20}}}));
  EXPECT_TRUE(ReadRows(*table_, txn->snapshot())->empty());
  ASSERT_OK(txn->EndStatement());
  ASSERT_OK(txn->BeginStatement());
  const TestRows expected = {{1, {"a", 10}}, {2, {std::nullopt, 20}}};
  EXPECT_EQ(ReadRows(*table_, txn->snapshot()).ValueOrDie(), expected);
  EXPECT_TRUE(Committed().empty());
  ASSERT_OK(storage_->Commit(*txn));
  EXPECT_EQ(Committed(), expected);
  EXPECT_EQ(Committed(1), expected);
  Reopen();
  EXPECT_EQ(Committed(), expected);
}

TEST_F(ColumnTableTest, ReadersKeepTheirSnapshotOverCheckpoints) {
  Insert(1, 1);
  auto reader = Begin();
  for (int round = 2; round < 6; ++round) {
    Insert(round, round);
    auto txn = Begin();
    ASSERT_TRUE(*DeleteKey(*table_, *txn, round - 1));
    ASSERT_OK(storage_->Commit(*txn));
    ASSERT_OK(storage_->Checkpoint());
    EXPECT_EQ(ReadRows(*table_, reader->snapshot()).ValueOrDie(), (TestRows{{1, {"v", 1}}}));
    EXPECT_EQ(ReadKey(*table_, reader->snapshot(), 1).ValueOrDie(), (TestRow{"v", 1}));
    EXPECT_EQ(ReadKey(*table_, reader->snapshot(), round).ValueOrDie(), std::nullopt);
    EXPECT_EQ(Committed(), (TestRows{{round, {"v", round}}}));
  }
  // The old snapshot writes: its own changes are beside its old rows.
  ASSERT_OK(AppendRows(*table_, *reader, {{7, {"w", 7}}}));
  ASSERT_OK(reader->EndStatement());
  ASSERT_OK(reader->BeginStatement());
  EXPECT_EQ(ReadRows(*table_, reader->snapshot()).ValueOrDie(), (TestRows{{1, {"v", 1}}, {7, {"w", 7}}}));
  EXPECT_EQ(ReadKey(*table_, reader->snapshot(), 7).ValueOrDie(), (TestRow{"w", 7}));
  // But a row that has changed since is not its to change.
  EXPECT_EQ(GetSqlState(DeleteKey(*table_, *reader, 1).status()), sqlstate::kSerializationFailure);
}

TEST_F(ColumnTableTest, AReleasedGatherBufferKeepsNothingOfTheTable) {
  ScratchFolder folder;
  pager_ = OpenPager(folder.File("db")).ValueOrDie();
  table_.reset();
  storage_ = Storage::Open(pager_, StorageOptions()).ValueOrDie();
  auto txn = Begin();
  table_ = storage_->CreateTable(*txn, TestLayout(storage_->AllocateTableId())).ValueOrDie();
  // Some segments of the file are full of them.
  std::mt19937_64 random(1);
  std::vector<std::pair<int32_t, TestRow>> rows;
  for (int32_t key = 0; key < 60'000; ++key) {
    std::string text(60, ' ');
    for (char& byte : text) byte = static_cast<char>(' ' + random() % 90);
    rows.push_back({key, {std::move(text), key}});
  }
  ASSERT_OK(AppendRows(*table_, *txn, rows));
  ASSERT_OK(storage_->Commit(*txn));
  ASSERT_OK(storage_->Checkpoint());
  txn = Begin();
  const Value key = Value::Integer(TypeId::kInteger, 7);
  const RowId row = table_->LookupKey(txn->snapshot(), {&key, 1}).ValueOrDie().value();
  auto buffer = table_->MakeGatherBuffer({1, 2}, nullptr).ValueOrDie();
  ASSERT_OK(table_->Gather(txn->snapshot(), {&row, 1}, *buffer));
  std::map<int32_t, RowId> ids;
  ASSERT_OK(ReadRows(*table_, txn->snapshot(), kMaxBatchRows, {}, &ids).status());
  std::vector<RowId> all;
  for (const auto& [each, id] : ids) all.push_back(id);
  ASSERT_EQ(table_->Delete(*txn, all).ValueOrDie(), rows.size());
  ASSERT_OK(storage_->Commit(*txn));
  txn.reset();
  const auto pinned_bytes = [&] {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(storage_->Checkpoint().ok());
    while (pager_->Reclaim(uint64_t{1} << 20).ValueOrDie()) continue;
    return pager_->stats().space_pinned_bytes;
  };
  EXPECT_GT(pinned_bytes(), 0u);
  buffer->Release();
  EXPECT_EQ(pinned_bytes(), 0u);
}

TEST_F(ColumnTableTest, AnOldSnapshotDeletesARowThatACheckpointMoved) {
  Insert(1, 1);
  auto old = Begin();
  Insert(2, 2);
  ASSERT_OK(storage_->Checkpoint());
  EXPECT_TRUE(*DeleteKey(*table_, *old, 1));
  ASSERT_OK(old->EndStatement());
  ASSERT_OK(old->BeginStatement());
  EXPECT_TRUE(ReadRows(*table_, old->snapshot())->empty());
  EXPECT_EQ(Committed(), (TestRows{{1, {"v", 1}}, {2, {"v", 2}}}));
  ASSERT_OK(storage_->Commit(*old));
  EXPECT_EQ(Committed(), (TestRows{{2, {"v", 2}}}));
  Reopen();
  EXPECT_EQ(Committed(), (TestRows{{2, {"v", 2}}}));
}

TEST_F(ColumnTableTest, ADeleteMarkedForAnOldSnapshotOutlivesIt) {
  // The row group that only the old snapshot reads is hot, then cold.
  for (const bool is_cold : {false, true}) {
    const int32_t key = is_cold ? 100 : 0;
    Insert(key, 1);
    if (is_cold) ASSERT_OK(storage_->Checkpoint());
    auto reader = Begin();
    // As many as make the checkpoint take a small cold row group with them.
    for (int32_t i = 1; i < 8; ++i) Insert(key + i, i);
    ASSERT_OK(storage_->Checkpoint());
    for (const bool commits : {false, true}) {
      auto txn = Begin();
      ASSERT_TRUE(*DeleteKey(*table_, *txn, key));
      const auto table = std::static_pointer_cast<ColumnTable>(table_);
      ASSERT_FALSE(table->state()->retired_groups.empty());
      if (commits) {
        reader.reset();
        ASSERT_OK(storage_->Maintain(nullptr).status());
        ASSERT_TRUE(table->state()->retired_groups.empty());
        ASSERT_OK(storage_->Commit(*txn));
      } else {
        storage_->txns().Rollback(*txn);
      }
    }
    EXPECT_FALSE(Committed().contains(key));
  }
}

TEST_F(ColumnTableTest, ADuplicateKeyFailsAndItsStatementLeavesNoTrace) {
  for (const bool is_cold : {false, true}) {
    Insert(is_cold ? 20 : 10, 1);
    if (is_cold) {
      ASSERT_OK(storage_->Checkpoint());
    }
    const TestRows before = Committed();
    auto txn = Begin();
    const arrow::Status status =
        AppendRows(*table_, *txn, {{100, {"a", 1}}, {is_cold ? 20 : 10, {"b", 2}}, {101, {"c", 3}}});
    EXPECT_EQ(GetSqlState(status), sqlstate::kUniqueViolation);
    EXPECT_NE(status.message().find("t_pkey"), std::string::npos);
    EXPECT_NE(status.message().find(is_cold ? "(k)=(20)" : "(k)=(10)"), std::string::npos) << status.message();
    txn->UndoStatement();
    ASSERT_OK(txn->BeginStatement());
    ASSERT_OK(AppendRows(*table_, *txn, {{is_cold ? 201 : 101, {"d", 4}}}));
    ASSERT_OK(txn->EndStatement());
    ASSERT_OK(storage_->Commit(*txn));
    TestRows expected = before;
    expected[is_cold ? 201 : 101] = {"d", 4};
    EXPECT_EQ(Committed(), expected);
  }
}

TEST_F(ColumnTableTest, KeysMayMoveBetweenRowsWithinOneStatement) {
  for (int32_t key = 0; key < 100; ++key) Insert(key, key);
  ASSERT_OK(storage_->Checkpoint());
  // k = k + 1 for all, a row at a time, new version first.
  auto txn = Begin();
  const Snapshot snapshot = txn->snapshot();
  std::map<int32_t, RowId> ids;
  const TestRows rows = ReadRows(*table_, snapshot, 7, {}, &ids).ValueOrDie();
  for (const auto& [key, row] : rows) {
    ASSERT_OK(AppendRows(*table_, *txn, {{key + 1, row}}, 1, UniqueCheck::kAtEndOfStatement));
    ASSERT_EQ(*table_->Delete(*txn, {&ids[key], 1}), 1u);
  }
  ASSERT_OK(txn->EndStatement());
  ASSERT_OK(storage_->Commit(*txn));
  const TestRows after = Committed();
  EXPECT_EQ(after.size(), 100u);
  EXPECT_EQ(after.begin()->first, 1);
  // And where a duplicate stays, the statement fails at its end.
  txn = Begin();
  ASSERT_OK(AppendRows(*table_, *txn, {{5, {"x", 0}}}, 1, UniqueCheck::kAtEndOfStatement));
  EXPECT_EQ(GetSqlState(txn->EndStatement()), sqlstate::kUniqueViolation);
}

TEST_F(ColumnTableTest, OneTransactionWritesAtATime) {
  auto first = Begin();
  auto second = Begin();
  ASSERT_OK(AppendRows(*table_, *first, {{1, {"a", 1}}}));
  EXPECT_EQ(GetSqlState(AppendRows(*table_, *second, {{2, {"b", 2}}})), sqlstate::kLockNotAvailable);
  EXPECT_EQ(GetSqlState(storage_->Checkpoint()), sqlstate::kLockNotAvailable);
  storage_->txns().Rollback(*first);
  ASSERT_OK(AppendRows(*table_, *second, {{2, {"b", 2}}}));
  ASSERT_OK(storage_->Commit(*second));
  EXPECT_EQ(Committed(), (TestRows{{2, {"b", 2}}}));
  auto reader = storage_->txns().Begin(true);
  EXPECT_EQ(GetSqlState(AppendRows(*table_, *reader, {{3, {"c", 3}}})), sqlstate::kReadOnlyTransaction);
}

TEST_F(ColumnTableTest, BulkRowsAreTheTransactionsOwnUntilCommit) {
  std::vector<std::pair<int32_t, TestRow>> rows;
  for (int32_t i = 0; i < 300000; ++i) rows.push_back({i, {"value " + std::to_string(i % 97), i}});
  auto txn = Begin();
  ASSERT_OK(BulkAppendRows(*table_, *txn, rows));
  ASSERT_OK(txn->EndStatement());
  ASSERT_OK(txn->BeginStatement());
  EXPECT_EQ(ReadRows(*table_, txn->snapshot())->size(), rows.size());
  EXPECT_EQ(ReadKey(*table_, txn->snapshot(), 299999).ValueOrDie(), rows.back().second);
  EXPECT_TRUE(*DeleteKey(*table_, *txn, 7));
  ASSERT_OK(txn->EndStatement());
  // A duplicate among rows already there undoes its statement only.
  ASSERT_OK(txn->BeginStatement());
  ASSERT_OK(BulkAppendRows(*table_, *txn, {{-1, {"x", 1}}, {8, {"y", 1}}}));
  EXPECT_EQ(GetSqlState(txn->EndStatement()), sqlstate::kUniqueViolation);
  txn->UndoStatement();
  EXPECT_TRUE(Committed().empty());
  ASSERT_OK(storage_->Commit(*txn));
  EXPECT_EQ(Committed().size(), rows.size() - 1);
  Reopen();
  EXPECT_EQ(Committed().size(), rows.size() - 1);
  ASSERT_OK(storage_->Checkpoint());
  Reopen();
  EXPECT_EQ(Committed().size(), rows.size() - 1);
  EXPECT_EQ(table_->GetStatistics()->num_rows, static_cast<double>(rows.size() - 1));
  // Rolled back, a bulk load leaves no blob.
  const uint64_t num_keys = pager_->stats().num_keys;
  txn = Begin();
  ASSERT_OK(BulkAppendRows(*table_, *txn, {{-5, {"x", 1}}}));
  ASSERT_OK(txn->EndStatement());
  storage_->txns().Rollback(*txn);
  EXPECT_EQ(Committed().size(), rows.size() - 1);
  EXPECT_EQ(pager_->stats().num_keys, num_keys);
}

TEST_F(ColumnTableTest, KeysOfABulkLoadThatWaitInThePagerAreComparedWithAll) {
  for (const uint64_t bytes : {uint64_t{1}, uint64_t{1} << 20}) {
    bulk_key_bytes_ = bytes;
    Reopen();
    const auto first = static_cast<int32_t>(bytes);
    std::vector<std::pair<int32_t, TestRow>> rows;
    for (int32_t i = 0; i < 300'000; ++i) rows.push_back({first + 2 * i, {std::to_string(i % 1000), i}});
    std::shuffle(rows.begin(), rows.end(), std::mt19937(1));
    auto txn = Begin();
    ASSERT_OK(BulkAppendRows(*table_, *txn, rows));
    ASSERT_OK(txn->EndStatement());
    ASSERT_OK(txn->BeginStatement());
    // Against each other, and against what is there: an even key, or the last one, twice.
    for (const int32_t twice : {first + 200'001, first + 599'998}) {
      std::vector<std::pair<int32_t, TestRow>> more;
      for (int32_t i = 0; i < 150'000; ++i) more.push_back({first + 2 * i + 1, {"more", i}});
      more.push_back({twice, {"twice", 0}});
      arrow::Status status = BulkAppendRows(*table_, *txn, more);
      if (status.ok()) status = txn->EndStatement();
      EXPECT_EQ(GetSqlState(status), sqlstate::kUniqueViolation) << status;
      EXPECT_NE(status.ToString().find(std::to_string(twice)), std::string::npos) << status;
      txn->UndoStatement();
      ASSERT_OK(txn->BeginStatement());
    }
    ASSERT_OK(storage_->Commit(*txn));
    txn = Begin();
    EXPECT_EQ(ReadRows(*table_, txn->snapshot()).ValueOrDie(), TestRows(rows.begin(), rows.end()));
    for (const int32_t i : {0, 1, 131'071, 299'999}) {
      EXPECT_EQ(ReadKey(*table_, txn->snapshot(), rows[static_cast<size_t>(i)].first).ValueOrDie(),
                rows[static_cast<size_t>(i)].second);
    }
    EXPECT_EQ(ReadKey(*table_, txn->snapshot(), first + 1).ValueOrDie(), std::nullopt);
    for (const auto& row : rows) ASSERT_TRUE(*DeleteKey(*table_, *txn, row.first));
    ASSERT_OK(storage_->Commit(*txn));
  }
}

TEST_F(ColumnTableTest, DeletesOfTheLogWaitUntilTheirRowGroupIsLoaded) {
  constexpr int32_t kRows = 300'000;
  std::vector<std::pair<int32_t, TestRow>> rows;
  for (int32_t i = 0; i < kRows; ++i) rows.push_back({i, {"v", i}});
  auto txn = Begin();
  ASSERT_OK(BulkAppendRows(*table_, *txn, rows));
  ASSERT_OK(txn->EndStatement());
  ASSERT_OK(storage_->Commit(*txn));
  ASSERT_OK(storage_->Checkpoint());
  for (const bool is_stored : {false, true}) {
    // More of one row group than its table of deletes first has room for.
    txn = Begin();
    for (int32_t key = is_stored ? 1 : 0; key < 5000; key += 2) ASSERT_TRUE(*DeleteKey(*table_, *txn, key));
    ASSERT_TRUE(*DeleteKey(*table_, *txn, kRows - 1 - (is_stored ? 1 : 0)));
    ASSERT_OK(storage_->Commit(*txn));
    Reopen();
    const TableStatePtr state = std::static_pointer_cast<ColumnTable>(table_)->state();
    uint64_t num_deleted = 0;
    for (const GroupEntry& entry : state->groups) {
      EXPECT_FALSE(entry.cold->is_loaded());
      num_deleted += entry.cold->num_deleted();
    }
    EXPECT_EQ(num_deleted, is_stored ? 5002U : 2501U);
    // The row groups that nobody has read are stored with their deletes all the same.
    if (is_stored) {
      ASSERT_OK(storage_->Checkpoint());
      Reopen();
    }
    const TestRows left = Committed();
    EXPECT_EQ(left.size(), static_cast<size_t>(kRows) - num_deleted);
    EXPECT_FALSE(left.contains(kRows - 1));
    EXPECT_FALSE(left.contains(4998));
    EXPECT_EQ(left.contains(4999), !is_stored);
    ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
    ASSERT_OK(storage_->Checkpoint());
  }
}

TEST_F(ColumnTableTest, PredicatesAreExactOnHotAndColdRows) {
  std::vector<std::pair<int32_t, TestRow>> rows;
  for (int32_t i = 0; i < 10000; ++i) {
    TestRow row{"text " + std::to_string(i % 13), (i * 37) % 1000};
    if (i % 11 == 0) row.v.reset();
    rows.push_back({i, row});
  }
  auto txn = Begin();
  ASSERT_OK(AppendRows(*table_, *txn, rows));
  ASSERT_OK(storage_->Commit(*txn));
  const LogicalType decimal = LogicalType::Decimal(12, 2);
  for (const bool is_cold : {false, true}) {
    if (is_cold) {
      ASSERT_OK(storage_->Checkpoint());
    }
    for (const bool with_deletes : {false, true}) {
      if (with_deletes) {
        txn = Begin();
        for (int32_t key = is_cold ? 1 : 0; key < 10000; key += 10) {
          ASSERT_TRUE(*DeleteKey(*table_, *txn, key));
          rows[static_cast<size_t>(key)].first = -1;
        }
        ASSERT_OK(storage_->Commit(*txn));
      }
      const auto check = [&](std::vector<ScanPredicate> predicates,
                             const std::function<bool(int32_t, TestRow)>& passes) {
        TestRows expected;
        for (const auto& [key, row] : rows) {
          if (key >= 0 && passes(key, row)) expected.emplace(key, row);
        }
        txn = Begin();
        for (const uint32_t batch_rows : {7u, kMaxBatchRows}) {
          EXPECT_EQ(ReadRows(*table_, txn->snapshot(), batch_rows, predicates).ValueOrDie(), expected);
        }
      };
      check({{2, PredicateOp::kLess, {Value::Integer(decimal, 500)}}},
            [](int32_t, const TestRow& row) { return row.n < 500; });
      check({{1, PredicateOp::kEqual, {Value::Varchar("text 5")}},
             {2, PredicateOp::kGreaterEqual, {Value::Integer(decimal, 200)}}},
            [](int32_t, const TestRow& row) { return row.v == "text 5" && row.n >= 200; });
      check({{1, PredicateOp::kIsNull, {}}}, [](int32_t, const TestRow& row) { return !row.v; });
      check({{1, PredicateOp::kNotEqual, {Value::Varchar("text 1")}}},
            [](int32_t, const TestRow& row) { return row.v && row.v != "text 1"; });
      check({{1, PredicateOp::kIn, {Value::Varchar("text 1"), Value::Varchar("no"), Value::Null(TypeId::kVarchar)}}},
            [](int32_t, const TestRow& row) { return row.v == "text 1"; });
      check({{2, PredicateOp::kEqual, {Value::Null(decimal)}}}, [](int32_t, const TestRow&) { return false; });
      check({{0, PredicateOp::kEqual, {Value::Integer(TypeId::kInteger, 4711)}}},
            [](int32_t key, const TestRow&) { return key == 4711; });
      check({{0, PredicateOp::kEqual, {Value::Integer(TypeId::kInteger, 4711)}},
             {2, PredicateOp::kLess, {Value::Integer(decimal, 0)}}},
            [](int32_t, const TestRow&) { return false; });
      check({{0, PredicateOp::kGreater, {Value::Integer(TypeId::kInteger, 100000)}}},
            [](int32_t, const TestRow&) { return false; });
    }
  }
  // What statistics rule out is not read.
  txn = Begin();
  ScanRequest request;
  request.predicates = {{0, PredicateOp::kGreater, {Value::Integer(TypeId::kInteger, 100000)}}};
  request.snapshot = txn->snapshot();
  const auto scan = table_->OpenScan(request).ValueOrDie();
  EXPECT_EQ(scan->num_morsels_estimate(), 0u);
  EXPECT_EQ(scan->counters().row_groups_skipped.load(), 1u);
  EXPECT_FALSE(scan->uses_index());
  request.predicates = {{0, PredicateOp::kEqual, {Value::Integer(TypeId::kInteger, 4711)}}};
  EXPECT_TRUE(table_->OpenScan(request).ValueOrDie()->uses_index());
}

/// One random history; the model is a map.
class History {
 public:
  explicit History(uint64_t seed) : random_(seed) {}
  std::mt19937_64& random() { return random_; }
  uint64_t Draw(uint64_t n) { return random_() % n; }

 private:
  std::mt19937_64 random_;
};

class ColumnTableHistory : public ColumnTableTest, public ::testing::WithParamInterface<int> {
 protected:
  // In half of them every key of a bulk load waits in the pager.
  ColumnTableHistory() {
    if (GetParam() % 2 == 0) bulk_key_bytes_ = 1;
  }
};

TEST_P(ColumnTableHistory, MatchesAMap) {
  History history(static_cast<uint64_t>(GetParam()));
  TestRows model;
  std::vector<std::pair<std::unique_ptr<Transaction>, TestRows>> readers;
  for (int step = 0; step < 300; ++step) {
    auto txn = Begin();
    TestRows mine = model;
    const uint64_t num_statements = 1 + history.Draw(4);
    for (uint64_t statement = 0; statement < num_statements; ++statement) {
      const TestRows before = mine;
      const uint64_t kind = history.Draw(10);
      const uint64_t count = history.Draw(20) == 0 ? history.Draw(3000) : history.Draw(20);
      arrow::Status status;
      if (kind < 5) {
        std::vector<std::pair<int32_t, TestRow>> rows;
        for (uint64_t i = 0; i < count; ++i) {
          const auto key = static_cast<int32_t>(history.Draw(5000));
          TestRow row{std::to_string(history.Draw(1000)), static_cast<int64_t>(history.Draw(1000000))};
          if (history.Draw(5) == 0) row.v.reset();
          if (mine.contains(key) && history.Draw(20) != 0) continue;
          rows.push_back({key, row});
        }
        bool is_duplicate = false;
        for (const auto& [key, row] : rows) is_duplicate |= !mine.emplace(key, row).second;
        status = kind == 0 ? BulkAppendRows(*table_, *txn, rows)
                           : AppendRows(*table_, *txn, rows, static_cast<uint32_t>(1 + history.Draw(2048)));
        if (status.ok()) status = txn->EndStatement();
        ASSERT_EQ(GetSqlState(status), is_duplicate ? sqlstate::kUniqueViolation : "00000") << status.ToString();
      } else {
        for (uint64_t i = 0; i < count && !mine.empty(); ++i) {
          auto place = mine.lower_bound(static_cast<int32_t>(history.Draw(5000)));
          if (place == mine.end()) place = mine.begin();
          const int32_t key = place->first;
          // Deleted or updated by this very statement already: a lookup would find the row again.
          if (!before.contains(key) || before.at(key) != place->second) continue;
          const bool is_deleted = DeleteKey(*table_, *txn, key).ValueOrDie();
          if (!is_deleted) continue;
          if (kind < 8) {
            place->second = {"updated", static_cast<int64_t>(history.Draw(1000000)) + 2000000};
            ASSERT_OK(AppendRows(*table_, *txn, {*place}, 1, UniqueCheck::kAtEndOfStatement));
          } else {
            mine.erase(place);
          }
        }
        status = history.Draw(8) == 0 ? arrow::Status::Invalid("the statement fails") : txn->EndStatement();
      }
      if (!status.ok()) {
        txn->UndoStatement();
        mine = before;
      }
      ASSERT_OK(txn->BeginStatement());
      if (history.Draw(4) == 0) {
        ASSERT_EQ(ReadRows(*table_, txn->snapshot()).ValueOrDie(), mine) << step;
      }
    }
    if (history.Draw(4) == 0) {
      storage_->txns().Rollback(*txn);
    } else {
      ASSERT_OK(storage_->Commit(*txn));
      model = mine;
    }
    if (history.Draw(10) == 0) readers.emplace_back(Begin(), model);
    if (!readers.empty() && history.Draw(5) == 0) readers.erase(readers.begin());
    if (history.Draw(12) == 0) {
      ASSERT_OK(storage_->Checkpoint());
    }
    if (history.Draw(30) == 0) {
      readers.clear();
      txn.reset();
      Reopen();
    }
    if (history.Draw(5) == 0) {
      ASSERT_EQ(Committed(history.Draw(2) == 0 ? 7 : kMaxBatchRows), model) << step;
      ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
    }
    if (history.Draw(10) == 0) {
      ChangeIndexes(history.Draw(4) == 0);
    }
    for (const auto& [reader, rows] : readers) {
      if (history.Draw(5) == 0) {
        ASSERT_EQ(ReadRows(*table_, reader->snapshot()).ValueOrDie(), rows) << step;
        for (uint64_t number = 0; number < 3; ++number) {
          const Value n = Value::Integer(LogicalType::Decimal(12, 2), 500000);
          const std::vector<ScanPredicate> question = {{2, PredicateOp::kGreater, {n}}};
          // Indexes that the reader began with: it may use them after they were dropped.
          ASSERT_EQ(
              ReadRows(*table_, reader->snapshot(), 100, question, nullptr, TestIndexId(id_, number)).ValueOrDie(),
              ReadRows(*table_, reader->snapshot(), 100, question).ValueOrDie());
        }
      }
      const auto key = static_cast<int32_t>(history.Draw(5000));
      const auto expected = rows.contains(key) ? std::optional<TestRow>(rows.at(key)) : std::nullopt;
      ASSERT_EQ(ReadKey(*table_, reader->snapshot(), key).ValueOrDie(), expected) << step;
    }
  }
  EXPECT_EQ(Committed(), model);
  EXPECT_EQ(table_->GetStatistics()->num_rows, static_cast<double>(model.size()));
}

INSTANTIATE_TEST_SUITE_P(Seeds, ColumnTableHistory, ::testing::Range(1, 9));

}  // namespace
}  // namespace llkv
