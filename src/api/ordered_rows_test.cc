// OrderedRows: rows of overlapping row groups in order from either end, in memory and through the pager.
#include "api/ordered_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <string>

#include "base/testing/status_asserts.h"
#include "pager/pager.h"
#include "store/testing/table_harness.h"

namespace llkv {
namespace {

using testing::BulkAppendRows;
using testing::TestLayout;
using testing::TestRow;

constexpr int32_t kRows = 150'000;
/// Nothing, little (a table's keys come in several parts), and all of the keys stay in memory.
constexpr uint64_t kBounds[] = {0, uint64_t{4} << 20, std::numeric_limits<uint64_t>::max()};

class OrderedRowsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pager_ = OpenPager(":memory:").ValueOrDie();
    storage_ = Storage::Open(pager_, StorageOptions()).ValueOrDie();
  }
  std::unique_ptr<Transaction> Begin() {
    auto txn = storage_->txns().Begin();
    EXPECT_TRUE(txn->BeginStatement().ok());
    return txn;
  }
  /// A table whose column 2 has these values, by the place of each.
  std::shared_ptr<TableStore> Make(const std::vector<int64_t>& values) {
    auto txn = Begin();
    auto table = storage_->CreateTable(*txn, TestLayout(storage_->AllocateTableId(), false)).ValueOrDie();
    std::vector<std::pair<int32_t, TestRow>> rows;
    for (const int64_t value : values) rows.push_back({static_cast<int32_t>(rows.size()), {std::nullopt, value}});
    EXPECT_TRUE(BulkAppendRows(*table, *txn, rows).ok());
    EXPECT_TRUE(txn->EndStatement().ok());
    EXPECT_TRUE(storage_->Commit(*txn).ok());
    return table;
  }
  /// The number of rows; that they come in order, each once, is checked.
  size_t CountInOrder(OrderedRows& rows, bool descending, bool* is_stored_in_order) {
    EXPECT_TRUE(rows.Start(std::nullopt, std::nullopt, descending).ok());
    std::set<uint64_t> names;
    std::string last;
    OrderedPiece piece;
    *is_stored_in_order = true;
    while (rows.Next(&piece).ValueOrDie()) {
      const size_t size = piece.rows.size();
      *is_stored_in_order = *is_stored_in_order && piece.is_stored_in_order;
      for (size_t i = 0; i < size; ++i) {
        const size_t at = descending ? size - 1 - i : i;
        const std::string key(piece.rows.key(at));
        EXPECT_TRUE(names.empty() || (descending ? key <= last : last <= key));
        EXPECT_TRUE(names.insert(piece.rows.row(at).value).second);
        last = key;
      }
    }
    return names.size();
  }

  std::shared_ptr<Pager> pager_;
  std::unique_ptr<Storage> storage_;
};

TEST_F(OrderedRowsTest, OverlappingRowGroupsOfTwoTablesComeInOrder) {
  std::mt19937_64 random(1);
  std::vector<std::shared_ptr<TableStore>> tables;
  for (int i = 0; i < 2; ++i) {
    std::vector<int64_t> values(kRows);
    for (int64_t& value : values) value = static_cast<int64_t>(random() % 100'000);
    tables.push_back(Make(values));
  }
  const uint64_t num_keys = pager_->stats().num_keys;
  for (const uint64_t bound : kBounds) {
    for (const bool descending : {false, true}) {
      const auto txn = Begin();
      OrderedRows rows({{tables[0], 2}, {tables[1], 2}}, txn->snapshot(), RowName::kPlace, bound, nullptr);
      bool is_stored_in_order = false;
      EXPECT_EQ(CountInOrder(rows, descending, &is_stored_in_order), size_t{2} * kRows) << bound;
      EXPECT_FALSE(is_stored_in_order);
    }
    // A part of the order, twice: what was left of the first is forgotten.
    const auto txn = Begin();
    OrderedRows rows({{tables[0], 2}, {tables[1], 2}}, txn->snapshot(), RowName::kPlace, bound, nullptr);
    const LogicalType type = tables[0]->layout().columns[2].type;
    size_t counts[2] = {0, 0};
    for (size_t& count : counts) {
      ASSERT_OK(rows.Start(Value::Integer(type, 10), Value::Integer(type, 19'999), false));
      OrderedPiece piece;
      do {
        ASSERT_OK_AND_ASSIGN(const bool has_piece, rows.Next(&piece));
        if (!has_piece) break;
        count += piece.rows.size();
      } while (&count == &counts[1]);
    }
    EXPECT_GT(counts[0], 0U);
    EXPECT_NEAR(static_cast<double>(counts[1]), 2.0 * kRows / 5, kRows / 50.0);
  }
  EXPECT_EQ(pager_->stats().num_keys, num_keys);
}

TEST_F(OrderedRowsTest, EqualValuesAreStoredInOrderHoweverMany) {
  const std::shared_ptr<TableStore> table = Make(std::vector<int64_t>(kRows, 7));
  for (const uint64_t bound : kBounds) {
    for (const bool descending : {false, true}) {
      const auto txn = Begin();
      OrderedRows rows({{table, 2}}, txn->snapshot(), RowName::kPlace, bound, nullptr);
      bool is_stored_in_order = false;
      EXPECT_EQ(CountInOrder(rows, descending, &is_stored_in_order), size_t{kRows}) << bound;
      EXPECT_TRUE(is_stored_in_order);
    }
  }
}

}  // namespace
}  // namespace llkv
