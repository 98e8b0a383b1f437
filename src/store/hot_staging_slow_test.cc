// ctest-labels: slow
// A transaction of many small statements takes the memory of a few of its row groups, however many rows it adds and
// wherever their keys lie.
#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "base/testing/status_asserts.h"
#include "pager/testing/rewriting.h"
#include "pager/testing/scratch_folder.h"
#include "store/testing/table_harness.h"

namespace llkv {
namespace {

using testing::AppendRows;
using testing::ReadKey;
using testing::TestLayout;
using testing::TestRow;

constexpr uint64_t kStageBytes = uint64_t{32} << 20;

/// Number i of a permutation of [0, 2^22).
int32_t Scattered(uint32_t i) { return static_cast<int32_t>((uint64_t{i} * 2654435761u) & ((1u << 22) - 1)); }

struct Use {
  uint64_t early_bytes = 0;
  uint64_t most_bytes = 0;
  /// After the commit.
  uint64_t end_bytes = 0;
  double seconds = 0;
};

/// One statement a row, in one transaction; rows are compared at its end.
void Load(uint64_t stage_bytes, uint32_t num_rows, bool is_scattered, Use* use) {
  ScratchFolder folder;
  StorageOptions options;
  options.stage_hot_bytes = stage_bytes;
  auto storage = Storage::Open(OpenPager(folder.File("db")).ValueOrDie(), options).ValueOrDie();
  auto txn = storage->txns().Begin();
  ASSERT_OK(txn->BeginStatement());
  TableLayout layout = TestLayout(storage->AllocateTableId());
  layout.indexes.resize(1);
  const auto table = storage->CreateTable(*txn, layout).ValueOrDie();
  const auto row_of = [](int32_t key) { return TestRow{"the value of " + std::to_string(key), key}; };
  const auto start = std::chrono::steady_clock::now();
  for (uint32_t i = 0; i < num_rows; ++i) {
    ASSERT_OK(txn->EndStatement());
    ASSERT_OK(txn->BeginStatement());
    const int32_t key = is_scattered ? Scattered(i) : static_cast<int32_t>(i);
    ASSERT_OK(AppendRows(*table, *txn, {{key, row_of(key)}}));
    if (i % 10'000 != 0) continue;
    uint64_t& most = i < num_rows / 3 ? use->early_bytes : use->most_bytes;
    most = std::max(most, AnonymousMemory());
  }
  ASSERT_OK(txn->EndStatement());
  ASSERT_OK(storage->Commit(*txn));
  use->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  use->end_bytes = AnonymousMemory();
  txn = storage->txns().Begin();
  for (uint32_t i = 0; i < num_rows; i += num_rows / 1000) {
    const int32_t key = is_scattered ? Scattered(i) : static_cast<int32_t>(i);
    ASSERT_EQ(ReadKey(*table, txn->snapshot(), key).ValueOrDie(), row_of(key));
  }
  EXPECT_EQ(storage->GetUse(layout.id)->num_rows, num_rows);
  txn.reset();
  ASSERT_OK(storage->Close());
  arrow::default_memory_pool()->ReleaseUnused();
}

TEST(HotStagingMemory, StaysFlat) {
  for (const bool is_scattered : {false, true}) {
    Use use;
    Load(kStageBytes, 3'000'000, is_scattered, &use);
    if (HasFatalFailure()) return;
    std::printf(
        "%s keys: %.1f s, %llu MiB of anonymous memory in the first third, %llu after it, %llu at the end\n",
        is_scattered ? "scattered" : "ascending", use.seconds, static_cast<unsigned long long>(use.early_bytes >> 20),
        static_cast<unsigned long long>(use.most_bytes >> 20), static_cast<unsigned long long>(use.end_bytes >> 20));
    EXPECT_LT(std::max(use.most_bytes, use.end_bytes), uint64_t{128} << 20);
    EXPECT_LT(use.most_bytes, use.early_bytes + (uint64_t{32} << 20));
  }
}

}  // namespace
}  // namespace llkv
