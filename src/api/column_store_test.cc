// ctest-labels: threads
// ColumnStore call by call: what it gives, what it refuses, what readers keep, and how it shares a file with others.
// Random histories are in column_store_random_test.cc.
#include "llkv/column_store.h"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "api/testing/query_text.h"
#include "api/testing/store_batches.h"
#include "os/testing/sim_disk.h"
#include "pager/registry.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

std::unique_ptr<ColumnStore> MakeMemoryStore() {
  ColumnStoreOptions options;
  options.background = false;
  return *ColumnStore::Open(":memory:", options);
}

std::string AppendState(ColumnStore& store, const TestColumns& columns) {
  return StateOf(store.Append(*MakeStoreBatch(columns)));
}

/// Rows [first, first + count) with n = row id * 10 and s = "row <id>".
TestColumns Rows(uint64_t first, uint64_t count) {
  TestColumns columns;
  columns.n.emplace();
  columns.s.emplace();
  for (uint64_t id = first; id < first + count; ++id) {
    columns.ids.push_back(id);
    columns.n->push_back(static_cast<int64_t>(id) * 10);
    columns.s->push_back("row " + std::to_string(id));
  }
  return columns;
}

std::string Integrity(const ColumnStore& store) {
  const auto found = store.CheckIntegrity();
  if (!found.ok()) return found.status().ToString();
  std::string text;
  for (const std::string& line : *found) text += line + "\n";
  return text;
}

TEST(ColumnStoreTest, SortsRowsAndTheLastWriterWins) {
  const auto store = MakeMemoryStore();
  ASSERT_EQ(AppendState(*store, {.ids = {7, 3, 7, 1}, .n = {{70, 30, 71, std::nullopt}}}), "");
  EXPECT_EQ(ScanText(*store, {.fields = {kN}}), "1|NULL\n3|30\n7|71");
  ASSERT_EQ(AppendState(*store, {.ids = {3, 2}, .n = {{31, 20}}}), "");
  EXPECT_EQ(ScanText(*store, {.fields = {kN}}), "1|NULL\n2|20\n3|31\n7|71");
  ASSERT_EQ(AppendState(*store, {.ids = {3}, .n = std::vector<std::optional<int64_t>>(1)}), "");
  EXPECT_EQ(ScanText(*store, {.fields = {kN}}), "1|NULL\n2|20\n3|NULL\n7|71");
  EXPECT_EQ(Integrity(*store), "");
}

TEST(ColumnStoreTest, CellsThatABatchDoesNotNameStay) {
  const auto store = MakeMemoryStore();
  ASSERT_EQ(AppendState(*store, {.ids = {1, 2}, .n = {{10, 20}}}), "");
  ASSERT_EQ(AppendState(*store, {.ids = {3, 2}, .s = {{"c", "b"}}}), "");
  EXPECT_EQ(ScanText(*store, {.fields = {kN, kS}}), "1|10|NULL\n2|20|b\n3|NULL|c");
  ASSERT_EQ(AppendState(*store, {.ids = {1, 3}, .s = {{"a", std::nullopt}}, .x = {{0.5, 1.5}}}), "");
  EXPECT_EQ(ScanText(*store, {.fields = {kX, kS, kN}}), "1|0.5|a|10\n2|NULL|b|20\n3|1.5|NULL|NULL");
  // Rows without a field are rows.
  ASSERT_EQ(AppendState(*store, {.ids = {9, 1}}), "");
  EXPECT_EQ(ScanText(*store, {.fields = {kN}}), "1|10\n2|20\n3|NULL\n9|NULL");
  EXPECT_EQ(Integrity(*store), "");
}

TEST(ColumnStoreTest, NamesItsFields) {
  const auto store = MakeMemoryStore();
  const LogicalFieldId mvcc(FieldNamespace::kMvcc, 4);
  EXPECT_EQ(mvcc.space(), FieldNamespace::kMvcc);
  EXPECT_EQ(mvcc.number(), 4u);
  arrow::UInt64Builder builder;
  ASSERT_OK(builder.Append(5));
  const auto batch = MakeStoreBatch({1}, {FieldFor(mvcc, "created_by", arrow::uint64())}, {*builder.Finish()});
  ASSERT_OK(store->Append(*batch));
  ASSERT_EQ(AppendState(*store, {.ids = {1}, .s = {{"a"}}}), "");
  ASSERT_OK_AND_ASSIGN(const auto fields, store->Fields());
  ASSERT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields[0].id, kS);
  EXPECT_EQ(fields[0].name, "s");
  EXPECT_EQ(fields[1].id, mvcc);
  EXPECT_TRUE(fields[1].type->Equals(*arrow::uint64()));
  ASSERT_OK_AND_ASSIGN(const auto reader, store->Scan({.fields = {mvcc}}));
  EXPECT_EQ(reader->schema()->field(0)->name(), "row_id");
  EXPECT_EQ(FieldIdOf(*reader->schema()->field(1)), mvcc);
  // What comes out goes in.
  ASSERT_OK_AND_ASSIGN(const auto out, reader->Next());
  ASSERT_OK(store->Append(*out));
}

TEST(ColumnStoreTest, RefusesBadBatches) {
  const auto store = MakeMemoryStore();
  ASSERT_EQ(AppendState(*store, Rows(1, 3)), "");
  const auto good = MakeStoreBatch(Rows(1, 3));
  const auto without_ids = good->RemoveColumn(0);
  EXPECT_EQ(StateOf(store->Append(**without_ids)), "22023");
  const auto twice = good->AddColumn(2, good->schema()->field(1), good->column(1));
  EXPECT_EQ(StateOf(store->Append(**twice)), "22023");
  const auto nameless = good->AddColumn(1, "n", good->column(1));
  EXPECT_EQ(StateOf(store->Append(**nameless)), "22023");
  const auto wrong_type = good->SetColumn(1, FieldFor(kN, "n", arrow::utf8()), good->column(2));
  EXPECT_EQ(StateOf(store->Append(**wrong_type)), "42804");
  const auto shadow = good->SetColumn(1, FieldFor({FieldNamespace::kRowId, 1}, "n", arrow::int64()), good->column(1));
  EXPECT_EQ(StateOf(store->Append(**shadow)), "22023");
  const auto signed_ids = good->SetColumn(0, arrow::field("row_id", arrow::int64()), good->column(1));
  EXPECT_EQ(StateOf(store->Append(**signed_ids)), "22023");
  arrow::UInt64Builder builder;
  ASSERT_OK(builder.AppendNulls(3));
  const auto null_ids = good->SetColumn(0, arrow::field("row_id", arrow::uint64()), *builder.Finish());
  EXPECT_EQ(StateOf(store->Append(**null_ids)), "23502");
  EXPECT_EQ(ScanText(*store, {.fields = {kN}}), "1|10\n2|20\n3|30");
}

TEST(ColumnStoreTest, ScansByRangesAndPredicates) {
  const auto store = MakeMemoryStore();
  ASSERT_EQ(AppendState(*store, Rows(0, 100)), "");
  ASSERT_EQ(AppendState(*store, {.ids = {50, 51}, .x = {{1.5, std::nullopt}}}), "");
  EXPECT_EQ(ScanText(*store, {.fields = {}, .ranges = {{98, 200}, {3, 4}, {4, 5}, {9, 8}}}), "3\n4\n5\n98\n99");
  EXPECT_EQ(ScanText(*store, {.fields = {kS}, .with_row_ids = false, .ranges = {{7, 7}}}), "row 7");
  const auto thirty = arrow::MakeScalar(int32_t{30});
  EXPECT_EQ(ScanText(*store, {.fields = {kN}, .predicates = {{kN, CompareOp::kLess, {thirty}}}}), "0|0\n1|10\n2|20");
  EXPECT_EQ(ScanText(*store, {.fields = {kRowIdField},
                              .with_row_ids = false,
                              .predicates = {{kX, CompareOp::kIsNotNull},
                                             {kRowIdField, CompareOp::kLess, {arrow::MakeScalar(int64_t{90})}}}}),
            "50");
  EXPECT_EQ(ScanText(*store, {.fields = {},
                              .predicates = {{kS,
                                              CompareOp::kIn,
                                              {arrow::MakeScalar("row 9"), arrow::MakeScalar("x"),
                                               arrow::MakeNullScalar(arrow::utf8())}}}}),
            "9");
  EXPECT_EQ(ScanText(*store, {.predicates = {{kN, CompareOp::kEqual, {arrow::MakeNullScalar(arrow::int64())}}}}), "");
  EXPECT_EQ(ScanText(*store, {.fields = {UserField(77)}}), "error 42703");
  EXPECT_EQ(ScanText(*store, {.predicates = {{UserField(77), CompareOp::kIsNull}}}), "error 42703");
  EXPECT_EQ(ScanText(*store, {.predicates = {{kN, CompareOp::kLess, {}}}}), "error 22023");
  EXPECT_EQ(ScanText(*store, {.predicates = {{kN, CompareOp::kLess, {arrow::MakeScalar(1.5)}}}}), "error 22023");
  EXPECT_EQ(ScanText(*store, {.batch_rows = 0}), "error 22023");
  ASSERT_OK_AND_ASSIGN(const auto reader, store->Scan({.fields = {kN}, .batch_rows = 7}));
  int64_t num_rows = 0;
  while (true) {
    ASSERT_OK_AND_ASSIGN(const auto batch, reader->Next());
    if (batch == nullptr) break;
    EXPECT_LE(batch->num_rows(), 7);
    num_rows += batch->num_rows();
  }
  EXPECT_EQ(num_rows, 100);
}

TEST(ColumnStoreTest, SkipsRowGroupsByStatistics) {
  const auto store = MakeMemoryStore();
  for (uint64_t part = 0; part < 4; ++part) ASSERT_EQ(AppendState(*store, Rows(part * 40000, 40000)), "");
  const IoStatistics before = store->Io();
  const auto value = arrow::MakeScalar(int64_t{500000});
  EXPECT_EQ(ScanText(*store, {.fields = {kS}, .predicates = {{kN, CompareOp::kEqual, {value}}}}), "50000|row 50000");
  const IoStatistics after = store->Io();
  EXPECT_GE(after.row_groups_skipped - before.row_groups_skipped, 3u);
  EXPECT_LE(after.rows_scanned - before.rows_scanned, 2 * 40000u);
  EXPECT_GT(after.chunk_bytes_skipped, before.chunk_bytes_skipped);
  EXPECT_EQ(ScanText(*store, {.ranges = {{159999, 170000}}}), "159999");
}

TEST(ColumnStoreTest, GathersRowsByIdInTheOrderAsked) {
  const auto store = MakeMemoryStore();
  ASSERT_EQ(AppendState(*store, Rows(10, 5)), "");
  const std::vector<uint64_t> ids = {14, 10, 99, 14};
  const std::vector<LogicalFieldId> fields = {kS, kRowIdField, kN};
  ASSERT_OK_AND_ASSIGN(const auto nulls, store->Gather(ids, fields));
  EXPECT_EQ(BatchText(*nulls), "14|row 14|14|140\n10|row 10|10|100\n99|NULL|99|NULL\n14|row 14|14|140");
  ASSERT_OK_AND_ASSIGN(const auto dropped, store->Gather(ids, fields, MissingRows::kDrop));
  EXPECT_EQ(BatchText(*dropped), "14|row 14|14|140\n10|row 10|10|100\n14|row 14|14|140");
  EXPECT_EQ(StateOf(store->Gather(ids, fields, MissingRows::kFail).status()), "42704");
  ASSERT_OK_AND_ASSIGN(const auto none, store->Gather({}, fields));
  EXPECT_EQ(none->num_rows(), 0);
}

TEST(ColumnStoreTest, DeletesRows) {
  const auto store = MakeMemoryStore();
  ASSERT_EQ(AppendState(*store, Rows(0, 5)), "");
  const std::vector<uint64_t> ids = {3, 1, 3, 77};
  ASSERT_OK_AND_ASSIGN(const uint64_t num_deleted, store->Delete(ids));
  EXPECT_EQ(num_deleted, 2u);
  EXPECT_EQ(ScanText(*store, {.fields = {kN}}), "0|0\n2|20\n4|40");
  // A row that comes back has nothing of what it had.
  ASSERT_EQ(AppendState(*store, {.ids = {3}, .s = {{"new"}}}), "");
  EXPECT_EQ(ScanText(*store, {.fields = {kN, kS}, .ranges = {{3, 3}}}), "3|NULL|new");
  EXPECT_EQ(Integrity(*store), "");
}

TEST(ColumnStoreTest, KnowsWhichRowsHaveAValue) {
  const auto store = MakeMemoryStore();
  ASSERT_EQ(AppendState(*store, Rows(0, 10)), "");
  ASSERT_EQ(AppendState(*store, {.ids = {20, 21, 5}, .x = {{1, std::nullopt, 2}}}), "");
  using Ranges = std::vector<RowIdRange>;
  EXPECT_EQ(*store->Presence(kRowIdField), (Ranges{{0, 9}, {20, 21}}));
  EXPECT_EQ(*store->Presence(kN), (Ranges{{0, 9}}));
  EXPECT_EQ(*store->Presence(kX), (Ranges{{5, 5}, {20, 20}}));
  EXPECT_EQ(*store->Presence(kN, {4, 6}), (Ranges{{4, 6}}));
  EXPECT_EQ(*store->Presence(kN, {6, 4}), Ranges{});
  EXPECT_EQ(StateOf(store->Presence(UserField(50)).status()), "42703");
}

TEST(ColumnStoreTest, KeepsRowsInTheOrderOfValues) {
  const auto store = MakeMemoryStore();
  ASSERT_EQ(AppendState(*store, {.ids = {1, 2, 3, 4, 5}, .s = {{"pear", "fig", std::nullopt, "apple", "fig"}}}), "");
  EXPECT_EQ(SortedText(*store, kS), "error 42704");
  ASSERT_OK(store->CreateSortIndex(kS));
  ASSERT_OK(store->CreateSortIndex(kS));
  EXPECT_TRUE((*store->Fields())[0].has_sort_index);
  EXPECT_EQ(SortedText(*store, kS, {.fields = {kS}}), "4|apple\n2|fig\n5|fig\n1|pear");
  ASSERT_EQ(AppendState(*store, {.ids = {4, 6, 2}, .n = {{4, 6, 2}}, .s = {{"zebra", "b", std::nullopt}}}), "");
  EXPECT_EQ(SortedText(*store, kS, {.fields = {kN, kS}}), "6|6|b\n5|NULL|fig\n1|NULL|pear\n4|4|zebra");
  ASSERT_EQ(AppendState(*store, {.ids = {5, 7}, .n = {{50, 70}}}), "");
  EXPECT_EQ(SortedText(*store, kS, {.fields = {kN}, .descending = true}), "4|4\n1|NULL\n5|50\n6|6");
  EXPECT_EQ(*store->Delete(std::vector<uint64_t>{1}), 1u);
  EXPECT_EQ(SortedText(*store, kS, {.min = arrow::MakeScalar("c"), .max = arrow::MakeScalar("zebra")}), "5\n4");
  EXPECT_EQ(SortedText(*store, kS, {.max = arrow::MakeNullScalar(arrow::utf8())}), "");
  EXPECT_EQ(Integrity(*store), "");
  ASSERT_OK(store->Compact());
  EXPECT_EQ(SortedText(*store, kS, {.fields = {kS}}), "6|b\n5|fig\n4|zebra");
  EXPECT_EQ(Integrity(*store), "");
  ASSERT_OK(store->DropSortIndex(kS));
  EXPECT_EQ(SortedText(*store, kS), "error 42704");
  EXPECT_EQ(StateOf(store->DropSortIndex(kS)), "42704");
  EXPECT_EQ(StateOf(store->CreateSortIndex(UserField(70))), "42703");
}

TEST(ColumnStoreTest, CompactsIntoFullRowGroupsInOrder) {
  const auto store = MakeMemoryStore();
  // Every second row first, then the others, then some anew: all overlap.
  for (uint64_t odd = 0; odd < 2; ++odd) {
    TestColumns columns;
    columns.n.emplace();
    for (uint64_t id = odd; id < 200000; id += 2) {
      columns.ids.push_back(id);
      columns.n->push_back(static_cast<int64_t>(id));
    }
    ASSERT_EQ(AppendState(*store, columns), "");
  }
  ASSERT_EQ(AppendState(*store, Rows(0, 1000)), "");
  ASSERT_OK(store->Compact());
  ASSERT_OK_AND_ASSIGN(const StoreLayout layout, store->Layout());
  ASSERT_EQ(layout.row_groups.size(), 2u);
  EXPECT_EQ(layout.row_groups[0].row_ids, (RowIdRange{0, 131071}));
  EXPECT_EQ(layout.row_groups[1].row_ids, (RowIdRange{131072, 199999}));
  for (const RowGroupLayout& group : layout.row_groups) {
    EXPECT_FALSE(group.is_hot);
    EXPECT_EQ(group.num_deleted, 0u);
    EXPECT_EQ(group.segment, layout.row_groups[0].segment);
    EXPECT_EQ(group.chunks.size(), 3u);
  }
  EXPECT_EQ(ScanText(*store, {.fields = {kN, kS}, .ranges = {{999, 1000}}}), "999|9990|row 999\n1000|1000|NULL");
  const uint64_t num_commits = store->Io().bytes_written;
  ASSERT_OK(store->Compact());
  EXPECT_LT(store->Io().bytes_written - num_commits, 100000u) << "there was nothing to do";
  EXPECT_EQ((*store->Layout()).row_groups[0].segment, layout.row_groups[0].segment);
  EXPECT_EQ(Integrity(*store), "");
}

TEST(ColumnStoreTest, TellsStatistics) {
  const auto store = MakeMemoryStore();
  ASSERT_EQ(AppendState(*store, Rows(1, 50000)), "");
  ASSERT_EQ(AppendState(*store, {.ids = {60000, 60001}, .n = {{-5, std::nullopt}}}), "");
  EXPECT_EQ(*store->Delete(std::vector<uint64_t>{10, 11}), 2u);
  ASSERT_OK_AND_ASSIGN(const StoreStatistics statistics, store->Statistics());
  EXPECT_EQ(statistics.num_rows, 50000u);
  ASSERT_EQ(statistics.fields.size(), 2u);
  const FieldStatistics& n = statistics.fields[0];
  EXPECT_EQ(n.field, kN);
  EXPECT_EQ(n.num_values, 49999u);
  EXPECT_TRUE(n.min->Equals(*arrow::MakeScalar(int64_t{-5}))) << n.min->ToString();
  EXPECT_TRUE(n.max->Equals(*arrow::MakeScalar(int64_t{500000}))) << n.max->ToString();
  EXPECT_NEAR(n.num_distinct, 50000, 10000);
  EXPECT_GT(n.size_bytes, 0u);
  EXPECT_EQ(statistics.fields[1].num_values, 49998u);
}

TEST(ColumnStoreTest, ReadersKeepWhatTheyBegan) {
  const auto store = MakeMemoryStore();
  ASSERT_EQ(AppendState(*store, Rows(0, 100)), "");
  ASSERT_EQ(AppendState(*store, {.ids = {1}, .x = {{1}}}), "");
  ASSERT_OK_AND_ASSIGN(auto reader, store->Scan({.fields = {kN}, .ranges = {{0, 2}}, .batch_rows = 1}));
  ASSERT_OK_AND_ASSIGN(const auto first, reader->Next());
  EXPECT_EQ(BatchText(*first), "0|0");
  EXPECT_EQ(*store->Delete(std::vector<uint64_t>{1, 2}), 2u);
  ASSERT_EQ(AppendState(*store, {.ids = {2}, .n = {{-1}}}), "");
  ASSERT_OK(store->Compact());
  ASSERT_OK(store->Checkpoint());
  EXPECT_EQ(StateOf(store->Close()), "55006");
  EXPECT_EQ(ReaderText(*reader), "1|10\n2|20");
  EXPECT_EQ(ScanText(*store, {.fields = {kN}, .ranges = {{0, 2}}}), "0|0\n2|-1");
  ASSERT_OK(store->Close());
  EXPECT_EQ(StateOf(store->Close()), "55006");
  EXPECT_EQ(AppendState(*store, Rows(0, 1)), "55006");
  EXPECT_EQ(ScanText(*store, {}), "error 55006");
}

TEST(ColumnStoreTest, ReadersOutliveTheStore) {
  auto store = MakeMemoryStore();
  ASSERT_EQ(AppendState(*store, Rows(0, 3)), "");
  ASSERT_OK_AND_ASSIGN(auto reader, store->Scan({.fields = {kN}}));
  store.reset();
  EXPECT_EQ(ReaderText(*reader), "0|0\n1|10\n2|20");
}

TEST(ColumnStoreTest, FewSegmentsStayOfManyFields) {
  const auto store = MakeMemoryStore();
  for (uint64_t i = 0; i < 60; ++i) {
    arrow::UInt64Builder builder;
    ASSERT_OK(builder.Append(i));
    ASSERT_OK(store->Append(
        *MakeStoreBatch({i}, {FieldFor(UserField(i), "f" + std::to_string(i), arrow::uint64())}, {*builder.Finish()})));
  }
  ASSERT_OK_AND_ASSIGN(const StoreLayout layout, store->Layout());
  for (const RowGroupLayout& group : layout.row_groups) EXPECT_EQ(group.segment, layout.row_groups[0].segment);
  EXPECT_EQ((*store->Fields()).size(), 60u);
  EXPECT_EQ(ScanText(*store, {.fields = {UserField(0), UserField(59)}, .ranges = {{0, 1}, {59, 59}}}),
            "0|0|NULL\n1|NULL|NULL\n59|NULL|59");
  EXPECT_EQ(Integrity(*store), "");
}

TEST(ColumnStoreTest, IsThereAgainAndIsNotTakenForADatabase) {
  ScratchFolder folder;
  const std::string path = folder.path() + "/store";
  EXPECT_EQ(StateOf(ColumnStore::Open(path, {.create_if_missing = false}).status()), "58P01");
  {
    ASSERT_OK_AND_ASSIGN(const auto store, ColumnStore::Open(path));
    ASSERT_EQ(AppendState(*store, Rows(0, 3)), "");
    ASSERT_OK(store->CreateSortIndex(kN));
    EXPECT_EQ(StateOf(ColumnStore::Open(path).status()), "55006");
    ASSERT_OK(store->Close());
  }
  EXPECT_EQ(StateOf(SqlEngine::Open(path).status()), "42809");
  {
    ASSERT_OK_AND_ASSIGN(const auto store, ColumnStore::Open(path, {.read_only = true}));
    EXPECT_EQ(ScanText(*store, {.fields = {kN}}), "0|0\n1|10\n2|20");
    EXPECT_EQ(SortedText(*store, kN, {.descending = true}), "2\n1\n0");
    EXPECT_EQ(AppendState(*store, Rows(5, 1)), "25006");
    EXPECT_EQ(StateOf(store->Delete(std::vector<uint64_t>{1}).status()), "25006");
    EXPECT_EQ(Integrity(*store), "");
    ASSERT_OK(store->Close());
  }
  const std::string database = folder.path() + "/database";
  {
    ASSERT_OK_AND_ASSIGN(const auto engine, SqlEngine::Open(database));
    ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
    ASSERT_OK(session.Execute("CREATE TABLE t (a INTEGER)"));
  }
  EXPECT_EQ(StateOf(ColumnStore::Open(database).status()), "42809");
}

TEST(ColumnStoreTest, AFailedChangeLeavesNothing) {
  SimDisk disk;
  PagerOptions pager_options;
  pager_options.file_system = &disk;
  pager_options.address_space_bytes = uint64_t{1} << 30;
  pager_options.min_segment_bytes = uint64_t{1} << 16;
  ColumnStoreOptions options;
  options.background = false;
  ASSERT_OK_AND_ASSIGN(auto pager, OpenPager("/store", pager_options));
  ASSERT_OK_AND_ASSIGN(const auto store, ColumnStore::Make(std::move(pager), options));
  ASSERT_EQ(AppendState(*store, Rows(0, 10)), "");
  disk.SetFull(true);
  TestColumns more = Rows(5, 100000);
  more.x.emplace(more.ids.size(), 0.5);
  EXPECT_EQ(AppendState(*store, more), "53100");
  EXPECT_EQ(ScanText(*store, {.fields = {kN}, .ranges = {{8, 50}}}), "8|80\n9|90");
  EXPECT_EQ(ScanText(*store, {.fields = {kX}}), "error 42703") << "the field is not there either";
  disk.SetFull(false);
  ASSERT_EQ(AppendState(*store, more), "");
  EXPECT_EQ(ScanText(*store, {.fields = {kN, kX}, .ranges = {{4, 5}}}), "4|40|NULL\n5|50|0.5");
  EXPECT_EQ(Integrity(*store), "");
}

TEST(ColumnStoreThreadsTest, ReadersBesideWriters) {
  const auto store = *ColumnStore::Open(":memory:");
  ASSERT_EQ(AppendState(*store, Rows(0, 500)), "");
  ASSERT_OK(store->CreateSortIndex(kN));
  std::atomic<bool> is_done{false};
  std::atomic<int> num_wrong{0};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      // Each commit keeps the sum of n over rows 2i and 2i + 1.
      for (uint64_t i = 0; i < 60; ++i) {
        const uint64_t id = (i * 2 + static_cast<uint64_t>(writer) * 120) % 500;
        const auto delta = static_cast<int64_t>(i) + 1;
        const auto base = static_cast<int64_t>(id) * 10;
        if (AppendState(*store, {.ids = {id, id + 1}, .n = {{base - delta, base + 10 + delta}}}) != "") ++num_wrong;
        if (i % 20 == 19 && StateOf(store->Compact()) != "") ++num_wrong;
      }
    });
  }
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (!is_done.load()) {
        const auto rows = *store->Scan({.fields = {kN}});
        const auto sorted = *store->ScanSorted(kN, {.fields = {kN}});
        for (const auto& stream : {rows, sorted}) {
          int64_t sum = 0;
          while (true) {
            const auto batch = stream->Next();
            if (!batch.ok()) ++num_wrong;
            if (!batch.ok() || *batch == nullptr) break;
            const auto& n = static_cast<const arrow::Int64Array&>(*(*batch)->column(1));
            for (int64_t i = 0; i < n.length(); ++i) sum += n.Value(i);
          }
          if (sum != 499 * 500 / 2 * 10) ++num_wrong;
        }
      }
    });
  }
  threads[0].join();
  threads[1].join();
  is_done.store(true);
  threads[2].join();
  threads[3].join();
  EXPECT_EQ(num_wrong.load(), 0);
  EXPECT_EQ(Integrity(*store), "");
}

}  // namespace
}  // namespace llkv
