// ctest-labels: enospc
// A full or failing disk: the commit fails with 53100 or 58030, nothing of it is ever found, and the database goes on.
#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/error.h"
#include "os/testing/sim_disk.h"
#include "pager/file/file_pager.h"
#include "pager/registry.h"

namespace llkv {
namespace {

constexpr char kPath[] = "db";

class FailingDisk : public testing::Test {
 protected:
  FailingDisk() {
    options_.file_system = &disk_;
    options_.min_segment_bytes = 8 << 10;
    options_.max_segment_bytes = 32 << 10;
    options_.address_space_bytes = uint64_t{64} << 20;
    options_.checkpoint_log_bytes = 8 << 10;
    options_.sync_ahead_bytes = 4 << 10;
  }

  void Open() {
    pager_.reset();
    auto pager = OpenPager(kPath, options_);
    ASSERT_TRUE(pager.ok()) << pager.status();
    pager_ = std::move(*pager);
  }

  /// One commit with a blob and a log record; remembers it where it succeeds.
  arrow::Status CommitOne(int number, Durability durability = Durability::kFull) {
    const std::string text(static_cast<size_t>(number * 131 % 7000), static_cast<char>('a' + number % 26));
    const PhysicalKey key = pager_->Allocate(1).ValueOrDie();
    WriteBatch batch;
    batch.Put(key, arrow::Buffer::FromString(text));
    batch.AppendLog({reinterpret_cast<const uint8_t*>(text.data()), text.size() / 20});
    const bool frees = frees_ && model_.size() > 12;
    if (frees) batch.Free(PhysicalKey(model_.begin()->first));
    CommitOptions options;
    options.durability = durability;
    const arrow::Status status = pager_->Commit(batch, options).status();
    if (!status.ok()) return status;
    if (frees) model_.erase(model_.begin());
    model_[key.value] = text;
    ++num_records_;
    return status;
  }

  void ExpectModel(const std::string& when) {
    std::map<uint64_t, std::string> found;
    for (const PhysicalKey key : pager_->Keys().ValueOrDie()) {
      const auto blob = pager_->Get(key);
      ASSERT_TRUE(blob.ok()) << when << ": " << blob.status();
      found[key.value] = (*blob)->ToString();
    }
    EXPECT_TRUE(found == model_) << when << ": " << found.size() << " blobs instead of " << model_.size();
    size_t records = 0;
    ASSERT_TRUE(pager_
                    ->ReadLog(Lsn(),
                              [&](Lsn, std::span<const uint8_t>) {
                                ++records;
                                return arrow::Status::OK();
                              })
                    .ok());
    EXPECT_EQ(records, num_records_) << when;
    const arrow::Status counts = dynamic_cast<file::FilePager&>(*pager_).CheckSpace();
    EXPECT_TRUE(counts.ok() || GetSqlState(counts) == sqlstate::kIoError) << when << ": " << counts;
  }

  SimDisk disk_;
  PagerOptions options_;
  std::unique_ptr<Pager> pager_;
  std::map<uint64_t, std::string> model_;
  size_t num_records_ = 0;
  /// Whether commits free the oldest blob, too.
  bool frees_ = false;
};

class FailingWrites : public FailingDisk, public testing::WithParamInterface<WriteFault> {};

TEST_P(FailingWrites, EachWriteInTurn) {
  const WriteFault fault = GetParam();
  uint64_t failures = 0;
  for (uint64_t n = 1; n <= 120; ++n) {
    disk_.SetContents(kPath, "");
    model_.clear();
    num_records_ = 0;
    Open();
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(CommitOne(i).ok());
    disk_.FailWrite(n, fault);
    const std::string when = "write " + std::to_string(n);
    int number = 8;
    for (; number < 30; ++number) {
      const arrow::Status status = CommitOne(number);
      if (status.ok()) continue;
      ++failures;
      const auto expected = fault == WriteFault::kNoSpace ? sqlstate::kDiskFull : sqlstate::kIoError;
      EXPECT_EQ(GetSqlState(status), expected) << when << ": " << status;
      EXPECT_NE(status.message().find(kPath), std::string::npos) << status;
      break;
    }
    // Where it hit a checkpoint, no commit failed; where the loop ended before, it is not to hit later.
    disk_.FailWrite(0, fault);
    ExpectModel(when);
    if (fault == WriteFault::kNoSpace) {
      // It stays full for a while, then there is room again.
      static_cast<void>(CommitOne(number));
      ExpectModel(when + ", still full");
      disk_.SetFull(false);
    }
    for (int i = 0; i < 3; ++i) {
      const arrow::Status status = CommitOne(number + i);
      EXPECT_TRUE(status.ok()) << when << ": " << status;
    }
    ExpectModel(when + ", with room again");
    // The failed commit does not come back, whether the process or the machine stops.
    auto after_power_loss = disk_.AfterPowerLoss(n);
    disk_.KillProcess();
    Open();
    ExpectModel(when + ", opened again");
    ASSERT_TRUE(CommitOne(number + 9).ok());
    ASSERT_TRUE(pager_->Close().ok());
    auto other = options_;
    other.file_system = after_power_loss.get();
    auto pager = OpenPager(kPath, other);
    ASSERT_TRUE(pager.ok()) << when << ": " << pager.status();
    EXPECT_EQ((*pager)->Keys().ValueOrDie().size(), model_.size() - 1) << when;
  }
  EXPECT_GT(failures, 40u);
}

std::string NameOf(const testing::TestParamInfo<WriteFault>& info) {
  switch (info.param) {
    case WriteFault::kError:
      return "Error";
    case WriteFault::kShort:
      return "Short";
    case WriteFault::kNoSpace:
      return "NoSpace";
  }
  return "Unknown";
}

INSTANTIATE_TEST_SUITE_P(Faults, FailingWrites,
                         testing::Values(WriteFault::kError, WriteFault::kShort, WriteFault::kNoSpace), NameOf);

TEST_F(FailingDisk, AFullDiskRefusesANewDatabaseAndLeavesNone) {
  disk_.SetFull(true);
  EXPECT_EQ(GetSqlState(OpenPager(kPath, options_).status()), sqlstate::kDiskFull);
  EXPECT_FALSE(disk_.Exists(kPath).ValueOrDie());
  disk_.SetFull(false);
  Open();
  EXPECT_TRUE(CommitOne(1).ok());
}

TEST_F(FailingDisk, ClosingOnAFullDiskLosesNothing) {
  Open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(CommitOne(i).ok());
  disk_.SetFull(true);
  EXPECT_TRUE(pager_->Close().ok());
  disk_.SetFull(false);
  Open();
  ExpectModel("opened again");
}

TEST_P(FailingWrites, WhileRoomIsReclaimed) {
  const WriteFault fault = GetParam();
  frees_ = true;
  options_.min_segment_bytes = 4 << 10;
  uint64_t failures = 0;
  for (uint64_t n = 1; n <= 60; ++n) {
    disk_.SetContents(kPath, "");
    model_.clear();
    num_records_ = 0;
    Open();
    for (int i = 0; i < 120; ++i) ASSERT_TRUE(CommitOne(i).ok());
    disk_.FailWrite(n, fault);
    const std::string when = "write " + std::to_string(n);
    const auto expect = [&](const arrow::Status& status) {
      if (status.ok()) return;
      ++failures;
      const auto expected = fault == WriteFault::kNoSpace ? sqlstate::kDiskFull : sqlstate::kIoError;
      EXPECT_EQ(GetSqlState(status), expected) << when << ": " << status;
      ExpectModel(when);
    };
    for (int i = 0; i < 10; ++i) {
      expect(pager_->Reclaim(10 << 10).status());
      expect(CommitOne(120 + i));
    }
    expect(pager_->Vacuum());
    disk_.FailWrite(0, fault);
    disk_.SetFull(false);
    ExpectModel(when + ", with room again");
    ASSERT_TRUE(CommitOne(200).ok());
    ASSERT_TRUE(pager_->Vacuum().ok());
    ASSERT_TRUE(CommitOne(201).ok());
    auto after_power_loss = disk_.AfterPowerLoss(n);
    disk_.KillProcess();
    Open();
    ExpectModel(when + ", opened again");
    ASSERT_TRUE(pager_->Close().ok());
    auto other = options_;
    other.file_system = after_power_loss.get();
    auto pager = OpenPager(kPath, other);
    ASSERT_TRUE(pager.ok()) << when << ": " << pager.status();
    EXPECT_EQ((*pager)->Keys().ValueOrDie().size(), model_.size()) << when;
  }
  EXPECT_GT(failures, 40u);
}

TEST_F(FailingDisk, AFailedSyncRefusesEverythingUntilReopened) {
  for (uint64_t n = 1; n <= 25; ++n) {
    disk_.SetContents(kPath, "");
    model_.clear();
    num_records_ = 0;
    Open();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(CommitOne(i).ok());
    disk_.FailSync(n);
    const std::string when = "sync " + std::to_string(n);
    arrow::Status status;
    for (int i = 5; i < 60 && status.ok(); ++i) status = CommitOne(i);
    EXPECT_EQ(GetSqlState(status), sqlstate::kIoError) << when << ": " << status;
    // The failed commit is not visible, and nothing is built upon what may be lost.
    ExpectModel(when);
    EXPECT_EQ(GetSqlState(CommitOne(90)), sqlstate::kIoError);
    EXPECT_FALSE(pager_->Close().ok()) << when;
    disk_.KillProcess();
    Open();
    ExpectModel(when + ", opened again");
    ASSERT_TRUE(CommitOne(91).ok());
    // What recovery took from the cache it has written again: a loss of power now loses nothing.
    auto after = disk_.AfterPowerLoss(n);
    auto other = options_;
    other.file_system = after.get();
    auto pager = OpenPager(kPath, other);
    ASSERT_TRUE(pager.ok()) << when << ": " << pager.status();
    EXPECT_EQ((*pager)->Keys().ValueOrDie().size(), model_.size()) << when;
  }
}

}  // namespace
}  // namespace llkv
