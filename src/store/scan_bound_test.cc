// Scans with a bound that moves while they run: exactly the rows beyond it may be missing, and row groups beyond it are
// not read.
#include "store/scan_bound.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/status_asserts.h"
#include "store/storage.h"
#include "store/testing/table_harness.h"
#include "vector/scratch.h"

namespace llkv {
namespace {

using testing::AppendRows;
using testing::BulkAppendRows;
using testing::TestLayout;
using testing::TestRow;

constexpr int32_t kNumRows = 300'000;

class ScanBoundTest : public ::testing::Test {
 protected:
  void SetUp() override {
    storage_ = Storage::Open(OpenPager(":memory:").ValueOrDie(), {}).ValueOrDie();
    auto txn = Begin();
    const TableId id = storage_->AllocateTableId();
    table_ = storage_->CreateTable(*txn, TestLayout(id, /*with_key=*/false)).ValueOrDie();
    ASSERT_OK(storage_->Commit(*txn));
  }
  std::unique_ptr<Transaction> Begin() {
    auto txn = storage_->txns().Begin();
    EXPECT_TRUE(txn->BeginStatement().ok());
    return txn;
  }
  /// Rows 0, 1, 2 …: k and n are the number, v is NULL in each seventh.
  void Fill(int32_t num_rows, bool is_bulk) {
    std::vector<std::pair<int32_t, TestRow>> rows;
    for (int32_t i = 0; i < num_rows; ++i) {
      rows.push_back({i, {i % 7 == 0 ? std::nullopt : std::optional(std::to_string(1'000'000 + i)), i}});
    }
    auto txn = Begin();
    ASSERT_OK(is_bulk ? BulkAppendRows(*table_, *txn, rows) : AppendRows(*table_, *txn, rows));
    ASSERT_OK(storage_->Commit(*txn));
  }
  /// The keys that a scan gives, in its order; `between` is called before each batch with the number of rows so far.
  template <typename F>
  std::vector<int32_t> Read(const Transaction& txn, ScanRequest request, const F& between) {
    request.columns = {0};
    request.snapshot = txn.snapshot();
    scan_ = table_->OpenScan(std::move(request)).ValueOrDie();
    const auto cursor = scan_->MakeCursor(nullptr).ValueOrDie();
    std::vector<int32_t> keys;
    while (scan_->NextMorsel(*cursor).ValueOrDie()) {
      Batch batch;
      while (true) {
        between(keys.size());
        if (!cursor->Next(&batch).ValueOrDie()) break;
        ForEachRow(batch.selection, [&](uint32_t row) {
          keys.push_back(static_cast<int32_t>(GetValue(batch.columns[0], row).integer()));
        });
      }
    }
    return keys;
  }

  std::unique_ptr<Storage> storage_;
  std::shared_ptr<TableStore> table_;
  std::unique_ptr<TableScan> scan_;
};

const auto kNothing = [](size_t) {};

TEST_F(ScanBoundTest, RowsBeyondABoundThatMovesAreLeftOut) {
  Fill(kNumRows, /*is_bulk=*/true);
  const auto txn = Begin();
  auto bound = std::make_shared<ScanBound>(/*passes_nulls=*/false);
  ScanRequest request;
  request.bounds = {{0, bound}};
  const auto move = [&](size_t num_rows) {
    if (num_rows >= 1000 && bound->version() == 0) {
      bound->Set(PredicateOp::kLess, Value::Integer(TypeId::kInteger, 50'000));
    }
    if (num_rows >= 40'000 && bound->version() == 1) {
      bound->Set(PredicateOp::kLessEqual, Value::Integer(TypeId::kInteger, 45'000));
    }
  };
  const std::vector<int32_t> keys = Read(*txn, request, move);
  ASSERT_EQ(keys.size(), 45'001u);
  EXPECT_EQ(keys.back(), 45'000);
  EXPECT_EQ(scan_->counters().row_groups_scanned.load(), 1u);
  EXPECT_EQ(scan_->counters().row_groups_skipped.load(), 2u);

  // It forgets the bound.
  bound->Reset();
  EXPECT_EQ(Read(*txn, request, kNothing).size(), static_cast<size_t>(kNumRows));
}

TEST_F(ScanBoundTest, RowGroupsWithTheBestValuesComeFirst) {
  Fill(kNumRows, /*is_bulk=*/true);
  const auto txn = Begin();
  auto bound = std::make_shared<ScanBound>(/*passes_nulls=*/false);
  ScanRequest request;
  request.bounds = {{0, bound}};
  request.order = ScanOrder{0, /*descending=*/true, /*nulls_first=*/false};
  const auto move = [&](size_t num_rows) {
    if (num_rows > 0 && bound->version() == 0) {
      bound->Set(PredicateOp::kGreater, Value::Integer(TypeId::kInteger, kNumRows - 10));
    }
  };
  const std::vector<int32_t> keys = Read(*txn, request, move);
  ASSERT_FALSE(keys.empty());
  EXPECT_EQ(keys.back(), kNumRows - 1);
  EXPECT_EQ(scan_->counters().row_groups_scanned.load(), 1u);
}

TEST_F(ScanBoundTest, NullsPassOnlyWhereTheBoundSaysSo) {
  for (const bool is_bulk : {true, false}) {
    SCOPED_TRACE(is_bulk);
    SetUp();
    Fill(20'000, is_bulk);
    const auto txn = Begin();
    for (const bool passes_nulls : {false, true}) {
      auto bound = std::make_shared<ScanBound>(passes_nulls);
      bound->Set(PredicateOp::kGreaterEqual, Value::Varchar("1019990"));
      ScanRequest request;
      request.bounds = {{1, bound}};
      const std::vector<int32_t> keys = Read(*txn, request, kNothing);
      const std::set<int32_t> found(keys.begin(), keys.end());
      for (int32_t i = 0; i < 20'000; ++i) {
        const bool is_null = i % 7 == 0;
        if (is_null ? passes_nulls : i >= 19'990) {
          ASSERT_TRUE(found.contains(i)) << i;
        }
        if (!passes_nulls && (is_null || i < 19'990)) {
          ASSERT_FALSE(found.contains(i)) << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace llkv
