// Reclaiming room of a file: segments are used again, sparse ones are emptied, the end is cut off, VACUUM writes a new
// file; and nothing that a snapshot or buffer reaches changes meanwhile.
#include <arrow/buffer.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <map>
#include <random>
#include <string>

#include "base/error.h"
#include "base/testing/status_asserts.h"
#include "os/testing/sim_disk.h"
#include "pager/file/file_pager.h"
#include "pager/registry.h"
#include "pager/testing/rewriting.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

class SpaceTest : public testing::Test {
 protected:
  SpaceTest() {
    options_.min_segment_bytes = 16 << 10;
    options_.max_segment_bytes = 64 << 10;
    options_.address_space_bytes = uint64_t{256} << 20;
    options_.checkpoint_log_bytes = 32 << 10;
    options_.durability = Durability::kProcess;
    options_.file_system = &disk_;
    Open();
  }

  void Open() {
    pager_.reset();
    auto pager = OpenPager("db", options_);
    ASSERT_TRUE(pager.ok()) << pager.status();
    pager_ = std::move(*pager);
  }

  std::string Text(size_t size) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>('a' + random_() % 26);
    return text;
  }

  PhysicalKey Put(size_t size) {
    WriteBatch batch;
    const PhysicalKey key = pager_->Allocate(1).ValueOrDie();
    model_[key] = Text(size);
    batch.Put(key, arrow::Buffer::FromString(model_[key]));
    EXPECT_TRUE(pager_->Commit(batch).ok());
    return key;
  }

  void Free(PhysicalKey key) {
    WriteBatch batch;
    batch.Free(key);
    EXPECT_TRUE(pager_->Commit(batch).ok());
    model_.erase(key);
  }

  /// Frees all but each `keep`-th blob.
  void FreeMost(size_t keep) {
    std::vector<PhysicalKey> keys;
    for (const auto& [key, text] : model_) keys.push_back(key);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i % keep != 0) Free(keys[i]);
    }
  }

  void ReclaimAll() {
    for (int i = 0; i < 2000; ++i) {
      const auto more = pager_->Reclaim(64 << 10);
      ASSERT_TRUE(more.ok()) << more.status();
      if (!*more) return;
    }
    const PagerStats stats = pager_->stats();
    FAIL() << "reclaiming does not end: " << stats.num_checkpoints << " checkpoints, " << stats.num_blobs_moved
           << " moves, live " << stats.space_live_bytes << ", dead " << stats.dead_bytes << ", pinned "
           << stats.space_pinned_bytes << ", free " << stats.space_free_bytes;
  }

  void ExpectModel(const std::string& when) {
    const auto keys = pager_->Keys();
    ASSERT_TRUE(keys.ok()) << when << ": " << keys.status();
    EXPECT_EQ(keys->size(), model_.size()) << when;
    for (const auto& [key, text] : model_) {
      const auto blob = pager_->Get(key);
      ASSERT_TRUE(blob.ok()) << when << ": " << blob.status();
      ASSERT_EQ((*blob)->ToString(), text) << when;
    }
    ASSERT_OK(dynamic_cast<file::FilePager&>(*pager_).CheckSpace());
    const PagerStats stats = pager_->stats();
    EXPECT_EQ(stats.space_live_bytes + stats.dead_bytes + stats.space_pinned_bytes + stats.space_free_bytes,
              stats.size_bytes)
        << when;
  }

  SimDisk disk_;
  PagerOptions options_;
  std::unique_ptr<Pager> pager_;
  std::map<PhysicalKey, std::string> model_;
  std::mt19937_64 random_{7};
};

TEST_F(SpaceTest, SegmentsAreUsedAgain) {
  for (int i = 0; i < 50; ++i) Put(1000);
  for (int i = 0; i < 4000; ++i) {
    Put(1000);
    Free(model_.begin()->first);
  }
  ExpectModel("rewritten");
  EXPECT_LT(pager_->stats().size_bytes, uint64_t{1200} << 10);
  ASSERT_OK(pager_->Close());
  Open();
  ExpectModel("opened again");
}

TEST_F(SpaceTest, WhatIsHeldStaysAsItIs) {
  std::vector<PhysicalKey> keys;
  for (int i = 0; i < 200; ++i) keys.push_back(Put(900));
  const auto first = model_;
  const auto snapshot = pager_->Pin().ValueOrDie();
  const auto held = pager_->Get(keys[100]).ValueOrDie();
  const auto part = pager_->GetRange(keys[150], 100, 50).ValueOrDie();
  for (int round = 0; round < 30; ++round) {
    FreeMost(1000);
    for (int i = 0; i < 200; ++i) Put(900);
    ReclaimAll();
    for (const auto& [key, text] : first) {
      ASSERT_EQ(pager_->Get(key, snapshot.get()).ValueOrDie()->ToString(), text) << round;
    }
  }
  EXPECT_GE(pager_->stats().space_pinned_bytes, 200u * 900);
  EXPECT_EQ(held->ToString(), first.at(keys[100]));
  EXPECT_EQ(part->ToString(), first.at(keys[150]).substr(100, 50));
  ExpectModel("with a snapshot");
}

TEST_F(SpaceTest, AHeldBufferAloneKeepsItsBytes) {
  const PhysicalKey key = Put(900);
  const std::string text = model_.at(key);
  auto held = pager_->Get(key).ValueOrDie();
  for (int round = 0; round < 30; ++round) {
    FreeMost(1000);
    for (int i = 0; i < 100; ++i) Put(900);
    ReclaimAll();
    ASSERT_EQ(held->ToString(), text) << round;
  }
  FreeMost(1000);
  ReclaimAll();
  EXPECT_GT(pager_->stats().space_pinned_bytes, 0u);
  held.reset();
  ReclaimAll();
  EXPECT_EQ(pager_->stats().space_pinned_bytes, 0u);
}

TEST_F(SpaceTest, SparseSegmentsAreEmptiedAndTheFileGetsShorter) {
  for (int i = 0; i < 3000; ++i) Put(1000);
  const uint64_t full = pager_->stats().size_bytes;
  FreeMost(20);
  ReclaimAll();
  ExpectModel("reclaimed");
  EXPECT_GT(pager_->stats().num_blobs_moved, 50u);
  EXPECT_LT(pager_->stats().size_bytes, full / 2);
  ASSERT_OK(pager_->Close());
  Open();
  ExpectModel("opened again");
}

TEST_F(SpaceTest, MovesAreReplayed) {
  for (int i = 0; i < 1000; ++i) Put(1000);
  FreeMost(20);
  // No clean end: the moves are in the log only, or in a checkpoint, as it comes.
  for (int steps = 1; steps < 12; ++steps) {
    for (int i = 0; i < steps; ++i) ASSERT_OK(pager_->Reclaim(8 << 10).status());
    disk_.KillProcess();
    Open();
    ExpectModel("after " + std::to_string(steps) + " steps");
  }
}

TEST_F(SpaceTest, ADamagedBlobIsLeftWhereItIs) {
  // So few that commits do not reclaim by themselves.
  for (int i = 0; i < 700; ++i) Put(1000);
  FreeMost(25);
  const PhysicalKey victim = std::next(model_.begin(), 20)->first;
  const std::string text = model_.at(victim);
  ASSERT_OK(pager_->Close());
  std::string bytes = disk_.Contents("db");
  for (size_t at = 0; (at = bytes.find(text, at)) != std::string::npos; ++at) bytes[at + 500] ^= 4;
  disk_.SetContents("db", bytes);
  Open();
  std::string reported;
  for (int i = 0; i < 300; ++i) {
    const auto more = pager_->Reclaim(64 << 10);
    if (!more.ok() && reported.empty()) {
      EXPECT_EQ(GetSqlState(more.status()), sqlstate::kDataCorrupted) << more.status();
      reported = more.status().message();
    }
    if (more.ok() && !*more) break;
  }
  EXPECT_NE(reported.find("key " + std::to_string(victim.value)), std::string::npos) << reported;
  EXPECT_EQ(pager_->stats().num_blobs_damaged, 1u);
  EXPECT_EQ(GetSqlState(pager_->Get(victim).status()), sqlstate::kDataCorrupted);
  EXPECT_EQ(GetSqlState(pager_->Vacuum()), sqlstate::kDataCorrupted);
  model_.erase(victim);
  for (const auto& [key, expected] : model_) {
    ASSERT_EQ(pager_->Get(key).ValueOrDie()->ToString(), expected);
  }
}

TEST_F(SpaceTest, AFailedCheckpointLeavesNothingBehind) {
  options_.durability = Durability::kFull;
  Open();
  for (int round = 0; round < 200; ++round) {
    disk_.FailWrite(1 + random_() % 40, WriteFault::kError);
    for (int i = 0; i < 20; ++i) {
      WriteBatch batch;
      const PhysicalKey key = pager_->Allocate(1).ValueOrDie();
      const std::string text = Text(1000);
      batch.Put(key, arrow::Buffer::FromString(text));
      const bool frees = model_.size() > 40;
      if (frees) batch.Free(model_.begin()->first);
      if (!pager_->Commit(batch).ok()) continue;
      if (frees) model_.erase(model_.begin());
      model_[key] = text;
    }
  }
  disk_.FailWrite(0, WriteFault::kError);
  ReclaimAll();
  ExpectModel("after faults");
  EXPECT_LT(pager_->stats().size_bytes, uint64_t{1800} << 10);
}

TEST_F(SpaceTest, VacuumWritesWhatIsLive) {
  options_.durability = Durability::kFull;
  WriteBatch batch;
  batch.SetRoot(arrow::Buffer::FromString("root"));
  ASSERT_OK(pager_->Commit(batch).status());
  for (int i = 0; i < 1000; ++i) Put(1000);
  for (int i = 0; i < 50; ++i) {
    const std::string record = "record " + std::to_string(i);
    batch.AppendLog({reinterpret_cast<const uint8_t*>(record.data()), record.size()});
    if (i == 30) batch.TruncateLog(Lsn(pager_->stats().last_lsn.value - 4));
    ASSERT_OK(pager_->Commit(batch).status());
  }
  const PhysicalKey old_key = model_.begin()->first;
  const std::string old_text = model_.begin()->second;
  const auto snapshot = pager_->Pin().ValueOrDie();
  const auto held = pager_->Get(old_key).ValueOrDie();
  Free(old_key);
  FreeMost(10);
  const uint64_t before = pager_->stats().size_bytes;
  const uint64_t lsn = pager_->stats().last_lsn.value;
  ASSERT_OK(pager_->Vacuum());
  const auto records = [&] {
    std::vector<std::string> found;
    EXPECT_TRUE(pager_
                    ->ReadLog(Lsn(),
                              [&](Lsn, std::span<const uint8_t> record) {
                                found.emplace_back(record.begin(), record.end());
                                return arrow::Status::OK();
                              })
                    .ok());
    return found;
  };
  for (int round = 0; round < 3; ++round) {
    ExpectModel("after VACUUM, " + std::to_string(round));
    EXPECT_LT(pager_->stats().size_bytes, before / 3);
    EXPECT_EQ(pager_->Pin().ValueOrDie()->root()->ToString(), "root");
    const auto found = records();
    ASSERT_EQ(found.size(), 24u);
    EXPECT_EQ(found.front(), "record 26");
    EXPECT_EQ(found.back(), "record 49");
    EXPECT_FALSE(disk_.Exists("db-vacuum").ValueOrDie());
    if (round == 0) {
      EXPECT_EQ(pager_->stats().last_lsn.value, lsn);
      EXPECT_EQ(pager_->stats().durable_lsn.value, lsn);
      EXPECT_EQ(pager_->Get(old_key, snapshot.get()).ValueOrDie()->ToString(), old_text);
      EXPECT_EQ(pager_->Keys(snapshot.get()).ValueOrDie().size(), 1000u);
    }
    EXPECT_EQ(held->ToString(), old_text);
    Put(500);
    if (round == 0) {
      ASSERT_OK(pager_->Vacuum());
    } else {
      ASSERT_OK(pager_->Close());
      Open();
    }
  }
}

TEST_F(SpaceTest, VacuumOnAFullDiskLeavesTheOldFile) {
  for (int i = 0; i < 300; ++i) Put(1000);
  FreeMost(2);
  for (uint64_t n = 1; n < 12; ++n) {
    disk_.FailWrite(n, WriteFault::kNoSpace);
    const arrow::Status status = pager_->Vacuum();
    disk_.SetFull(false);
    disk_.FailWrite(0, WriteFault::kNoSpace);
    if (status.ok()) break;
    EXPECT_EQ(GetSqlState(status), sqlstate::kDiskFull) << status;
    EXPECT_FALSE(disk_.Exists("db-vacuum").ValueOrDie());
    ExpectModel("write " + std::to_string(n));
    Put(100);
  }
  ASSERT_OK(pager_->Vacuum());
  ExpectModel("with room");
}

TEST_F(SpaceTest, AnUnfinishedVacuumIsRemoved) {
  Put(100);
  ASSERT_OK(pager_->Close());
  disk_.SetContents("db-vacuum", "half a file");
  Open();
  EXPECT_FALSE(disk_.Exists("db-vacuum").ValueOrDie());
  ExpectModel("opened");
}

TEST_F(SpaceTest, VacuumWaitsForNoStagedBlob) {
  const auto bytes = std::shared_ptr<arrow::Buffer>(arrow::Buffer::FromString("staged"));
  const PhysicalKey key = pager_->Allocate(1).ValueOrDie();
  {
    auto staged = pager_->Stage(key, {&bytes, 1}).ValueOrDie();
    EXPECT_EQ(GetSqlState(pager_->Vacuum()), sqlstate::kObjectInUse);
    WriteBatch batch;
    batch.PutStaged(std::move(staged));
    ASSERT_OK(pager_->Commit(batch).status());
  }
  model_[key] = "staged";
  ASSERT_OK(pager_->Vacuum());
  ExpectModel("after VACUUM");
}

TEST_F(SpaceTest, ALogNeverBeginsOverTheBytesOfBlobs) {
  // A blob that is a whole log of a database: were it seen behind the log's end, it would prove lost commits.
  SimDisk other;
  PagerOptions options = options_;
  options.file_system = &other;
  options.durability = Durability::kFull;
  auto source = OpenPager("db", options).ValueOrDie();
  WriteBatch batch;
  for (int i = 0; i < 6000; ++i) {
    batch.AppendLog({reinterpret_cast<const uint8_t*>("x"), 1});
    ASSERT_OK(source->Commit(batch).status());
  }
  const std::string file = other.Contents("db");
  for (int round = 0; round < 12; ++round) {
    const PhysicalKey key = pager_->Allocate(1).ValueOrDie();
    batch.Put(key, arrow::Buffer::FromString(file.substr(static_cast<size_t>(round % 3) * 64)));
    ASSERT_OK(pager_->Commit(batch).status());
    batch.Free(key);
    for (int i = 0; i < 100; ++i) {
      const std::string record(300, 'r');
      batch.AppendLog({reinterpret_cast<const uint8_t*>(record.data()), record.size()});
      ASSERT_OK(pager_->Commit(batch).status());
    }
    batch.TruncateLog(pager_->stats().last_lsn);
    ASSERT_OK(pager_->Commit(batch).status());
    ReclaimAll();
    disk_.KillProcess();
    Open();
  }
}

TEST(Rewriting, SmallTransactionsLeaveTheFileSmall) {
  for (const bool punch : {true, false}) {
    ScratchFolder folder;
    RewritingOptions options;
    options.path = folder.File("db");
    options.rows = 2000;
    options.commits = 30000;
    options.punch_holes = punch;
    options.bound_extra_bytes = uint64_t{16} << 20;
    options.min_segment_bytes = 128 << 10;
    const auto result = RunRewriting(options);
    ASSERT_TRUE(result.ok()) << result.status();
  }
}

}  // namespace
}  // namespace llkv
