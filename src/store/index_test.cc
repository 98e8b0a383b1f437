// Indexes of a table: uniqueness with NULLs and over several columns, builds over rows of every kind, filters, merging
// of runs, what opening reads.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/testing/status_asserts.h"
#include "store/column_table.h"
#include "store/index_checkpoint.h"
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
using testing::TestRow;

constexpr TableId kTable{3000};

class IndexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pager_ = OpenPager(":memory:").ValueOrDie();
    Open();
    auto txn = Begin();
    table_ = storage_->CreateTable(*txn, TestLayout(kTable)).ValueOrDie();
    ASSERT_OK(storage_->Commit(*txn));
  }
  void Open() {
    table_.reset();
    storage_.reset();
    StorageOptions options;
    options.txn.lock_timeout_ms = 0;
    options.checkpoint_log_bytes = 0;
    storage_ = Storage::Open(pager_, options).ValueOrDie();
    table_ = storage_->GetTable(kTable).ValueOrDie();
  }
  std::unique_ptr<Transaction> Begin() {
    auto txn = storage_->txns().Begin();
    EXPECT_TRUE(txn->BeginStatement().ok());
    return txn;
  }
  static std::vector<std::pair<int32_t, TestRow>> Rows(int32_t first, int32_t end, int32_t step = 1) {
    std::vector<std::pair<int32_t, TestRow>> rows;
    for (int32_t k = first; k < end; k += step) {
      TestRow row{"text " + std::to_string(k % 97), k};
      if (k % 10 == 9) row.v.reset();
      rows.push_back({k, row});
    }
    return rows;
  }
  void Insert(const std::vector<std::pair<int32_t, TestRow>>& rows, bool is_bulk = false) {
    auto txn = Begin();
    ASSERT_OK(is_bulk ? BulkAppendRows(*table_, *txn, rows) : AppendRows(*table_, *txn, rows));
    ASSERT_OK(txn->EndStatement());
    ASSERT_OK(storage_->Commit(*txn));
  }
  std::string_view StateOf(const arrow::Status& status) { return GetSqlState(status); }
  TableStatePtr State() { return static_cast<ColumnTable&>(*table_).state(); }

  std::shared_ptr<Pager> pager_;
  std::unique_ptr<Storage> storage_;
  std::shared_ptr<TableStore> table_;
};

TEST_F(IndexTest, BuildsOverHotAndColdAndOwnRows) {
  Insert(Rows(0, 30000), true);
  ASSERT_OK(storage_->Checkpoint());
  Insert(Rows(30000, 33000));
  auto txn = Begin();
  for (int32_t k = 0; k < 33000; k += 400) ASSERT_TRUE(*DeleteKey(*table_, *txn, k));
  ASSERT_OK(AppendRows(*table_, *txn, Rows(40000, 40100)));
  ASSERT_OK(BulkAppendRows(*table_, *txn, Rows(50000, 60000)));
  ASSERT_OK(txn->EndStatement());
  ASSERT_OK(txn->BeginStatement());
  ASSERT_OK(MakeIndex(*table_, *txn, {IndexId(90001), "t_nv", {{2, true, false}, {1, false, false}}, true, false}));
  ASSERT_OK(CheckIndexes(*table_, txn->snapshot()));
  // What comes later in the transaction is in it too, and a duplicate is not let in.
  ASSERT_OK(txn->EndStatement());
  ASSERT_OK(txn->BeginStatement());
  ASSERT_OK(AppendRows(*table_, *txn, Rows(70000, 70010)));
  EXPECT_EQ(StateOf(AppendRows(*table_, *txn, {{80000, {"text 1", 1}}})), sqlstate::kUniqueViolation);
  txn->UndoStatement();
  ASSERT_OK(txn->BeginStatement());
  ASSERT_OK(AppendRows(*table_, *txn, Rows(70000, 70010)));
  ASSERT_OK(storage_->Commit(*txn));
  for (int round = 0; round < 3; ++round) {
    ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
    EXPECT_EQ(table_->Indexes().size(), 4u);
    if (round == 0) Open();  // From the log.
    if (round == 1) {
      ASSERT_OK(storage_->Checkpoint());
      Open();
    }
  }
  txn = Begin();
  EXPECT_EQ(StateOf(AppendRows(*table_, *txn, {{80000, {"text 1", 1}}})), sqlstate::kUniqueViolation);
}

TEST_F(IndexTest, ABuildSeesDuplicatesWhereverTheyAre) {
  Insert(Rows(0, 1000), true);
  const IndexLayout layout{IndexId(90001), "only", {{2, false, false}}, true, false};
  const auto build = [&] {
    auto txn = Begin();
    const arrow::Status status = MakeIndex(*table_, *txn, layout);
    storage_->txns().Rollback(*txn);
    EXPECT_EQ(table_->Indexes().size(), 3u);
    return std::string(GetSqlState(status));
  };
  EXPECT_EQ(build(), "00000");
  Insert({{5000, {"x", 77}}});
  EXPECT_EQ(build(), sqlstate::kUniqueViolation);
  ASSERT_OK(storage_->Checkpoint());
  EXPECT_EQ(build(), sqlstate::kUniqueViolation);
  auto txn = Begin();
  ASSERT_TRUE(*DeleteKey(*table_, *txn, 77));
  ASSERT_OK(storage_->Commit(*txn));
  EXPECT_EQ(build(), "00000");
  Insert({{5001, {"x", -1}}, {5002, {"x", -1}}});
  EXPECT_EQ(build(), sqlstate::kUniqueViolation);
}

TEST_F(IndexTest, NullsAreNoDuplicates) {
  auto txn = Begin();
  ASSERT_OK(MakeIndex(*table_, *txn, {IndexId(90001), "v_once", {{1, false, false}, {2, false, false}}, true, false}));
  ASSERT_OK(storage_->Commit(*txn));
  Insert({{1, {std::nullopt, 5}}, {2, {std::nullopt, 5}}});
  Insert({{3, {std::nullopt, 5}}, {4, {std::nullopt, 5}}}, true);
  Insert({{5, {"a", 5}}, {6, {"b", 5}}});
  ASSERT_OK(storage_->Checkpoint());
  Insert({{7, {std::nullopt, 5}}});
  for (const bool is_bulk : {false, true}) {
    txn = Begin();
    const std::vector<std::pair<int32_t, TestRow>> rows = {{9, {"a", 5}}};
    arrow::Status status = is_bulk ? BulkAppendRows(*table_, *txn, rows) : AppendRows(*table_, *txn, rows);
    if (status.ok()) status = txn->EndStatement();
    EXPECT_EQ(StateOf(status), sqlstate::kUniqueViolation);
    EXPECT_NE(status.message().find("v_once"), std::string::npos) << status.message();
    EXPECT_NE(status.message().find("(v, n)=(a, 0.05)"), std::string::npos) << status.message();
    storage_->txns().Rollback(*txn);
  }
  ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
}

TEST_F(IndexTest, AnOlderSnapshotUsesAnIndexThatWasDropped) {
  Insert(Rows(0, 500));
  auto reader = Begin();
  const auto ask = [&](const Transaction& txn) {
    return ReadRows(*table_, txn.snapshot(), 100,
                    {{2, PredicateOp::kLess, {Value::Integer(LogicalType::Decimal(12, 2), 9)}}}, nullptr,
                    TestIndexId(kTable, 2));
  };
  auto txn = Begin();
  ASSERT_OK(table_->DropIndex(*txn, TestIndexId(kTable, 2)));
  ASSERT_OK(AppendRows(*table_, *txn, Rows(1000, 1500)));
  for (int32_t k = 0; k < 500; k += 2) ASSERT_TRUE(*DeleteKey(*table_, *txn, k));
  ASSERT_OK(storage_->Commit(*txn));
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(ask(*reader).ValueOrDie().size(), 9u);
    EXPECT_EQ(ask(*Begin()).ValueOrDie().size(), 4u);
    ASSERT_OK(storage_->Checkpoint());
    Insert({{2000 + round, {"x", 2000}}});
  }
  reader.reset();
  ASSERT_OK(storage_->Checkpoint());
  EXPECT_EQ(State()->indexes.size(), 2u);
  Open();
  EXPECT_EQ(table_->Indexes().size(), 2u);
}

TEST_F(IndexTest, FewRunsOverlapAndAbsentKeysReadNoChunk) {
  // Keys of all runs lie between each other.
  for (int32_t round = 0; round < 40; ++round) {
    Insert(Rows(round, 400 * (round + 1), 41));
    ASSERT_OK(storage_->Checkpoint());
  }
  ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
  Open();
  table_ = storage_->GetTable(kTable).ValueOrDie();
  const auto num_read = [this] {
    uint32_t number = 0;
    for (const TableIndex& index : State()->indexes) {
      for (const IndexRunEntry& run : index.runs) number += run.reader->num_chunks_read();
    }
    return number;
  };
  for (const TableIndex& index : State()->indexes) EXPECT_LE(index.runs.size(), kMaxOverlappingRuns);
  EXPECT_GT(State()->indexes[0].runs.size(), 1u);
  // Opening reads no index.
  EXPECT_EQ(num_read(), 0u);
  uint32_t num_asked = 0;
  const auto txn = Begin();
  for (int32_t k = 40; k < 400; k += 41) {
    const Value key = Value::Integer(TypeId::kInteger, k);
    EXPECT_FALSE(table_->LookupKey(txn->snapshot(), {&key, 1}).ValueOrDie().has_value());
    ++num_asked;
  }
  EXPECT_LE(num_read(), num_asked / 4);
}

TEST_F(IndexTest, IntegrityCheckComparesEachIndexWithTheRows) {
  Insert(Rows(0, 3000), true);
  ASSERT_OK(storage_->Checkpoint());
  Insert(Rows(3000, 3100));
  const auto check = [this] {
    std::vector<std::string> found;
    const arrow::Status status = storage_->CheckIntegrity(kTable, [&found](const IntegrityFinding& finding) {
      found.push_back(finding.message);
      return arrow::Status::OK();
    });
    EXPECT_TRUE(status.ok()) << status;
    return found;
  };
  EXPECT_EQ(check(), std::vector<std::string>());
  auto& table = static_cast<ColumnTable&>(*table_);
  const TableStatePtr whole = table.state();
  for (size_t i = 0; i < whole->indexes.size(); ++i) {
    table.UpdateState([i](TableState& state) { state.indexes[i].runs.clear(); });
    EXPECT_EQ(check().size(), 3000u) << "of cold rows";
    table.UpdateState([&](TableState& state) {
      state.indexes[i] = whole->indexes[i];
      state.indexes[i].hot = {{Validity{}, std::make_shared<ArtIndex>(table.context().pool)}};
    });
    EXPECT_EQ(check().size(), 100u) << "of hot rows";
    table.UpdateState([&](TableState& state) {
      state.indexes[i] = whole->indexes[i];
      // Keys of another index: they lead to rows that have others.
      const TableIndex& other = whole->indexes[(i + 1) % whole->indexes.size()];
      state.indexes[i].runs.insert(state.indexes[i].runs.end(), other.runs.begin(), other.runs.end());
    });
    EXPECT_FALSE(check().empty());
    table.UpdateState([&](TableState& state) { state.indexes[i] = whole->indexes[i]; });
  }
  EXPECT_EQ(check(), std::vector<std::string>());
}

TEST_F(IndexTest, RunsSideBySideStayAsTheyAre) {
  for (int32_t round = 0; round < 12; ++round) {
    Insert(Rows(round * 1000, round * 1000 + 1000), true);
  }
  ASSERT_OK(storage_->Checkpoint());
  ASSERT_OK(CheckIndexes(*table_, Begin()->snapshot()));
  // But those of an index whose keys lie between each other are merged.
  for (const TableIndex& index : State()->indexes) {
    if (index.layout->name != "t_v") continue;
    EXPECT_LE(index.runs.size(), kMaxOverlappingRuns);
  }
}

}  // namespace
}  // namespace llkv
