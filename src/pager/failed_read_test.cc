// ctest-labels: enospc
// Reads that fail, where a file is read instead of mapped (FileIo::kRead): what was asked for fails with 58030, nothing
// changes by it, a failed read is never taken for the log's end, and all is as before once reads succeed again. Reads
// that give wrong bytes are XX001 or right bytes.
#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "base/error.h"
#include "base/testing/status_asserts.h"
#include "os/testing/sim_disk.h"
#include "pager/file/file_pager.h"
#include "pager/registry.h"

namespace llkv {
namespace {

constexpr char kPath[] = "db";

class FailedReads : public testing::Test {
 protected:
  FailedReads() {
    options_.file_system = &disk_;
    options_.io = FileIo::kRead;
    options_.min_segment_bytes = 4 << 10;
    options_.max_segment_bytes = 32 << 10;
    options_.address_space_bytes = uint64_t{64} << 20;
    options_.checkpoint_log_bytes = 8 << 10;
    options_.sync_ahead_bytes = 4 << 10;
  }

  void Begin() {
    pager_.reset();
    disk_.KillProcess();
    disk_.SetContents(kPath, "");
    model_.clear();
    num_records_ = 0;
    ASSERT_OK(Open());
  }

  arrow::Status Open() {
    pager_.reset();
    ARROW_ASSIGN_OR_RAISE(pager_, OpenPager(kPath, options_));
    return arrow::Status::OK();
  }

  /// One commit with a blob and a log record, which frees the oldest blob; remembered where it succeeds.
  arrow::Status CommitOne(int number) {
    const std::string text(static_cast<size_t>(number * 131 % 7000), static_cast<char>('a' + number % 26));
    ARROW_ASSIGN_OR_RAISE(const PhysicalKey key, pager_->Allocate(1));
    WriteBatch batch;
    const auto bytes = std::shared_ptr<arrow::Buffer>(arrow::Buffer::FromString(text));
    if (number % 3 == 0) {
      ARROW_ASSIGN_OR_RAISE(auto staged, pager_->Stage(key, {&bytes, 1}));
      // As a transaction reads what it staged.
      ARROW_ASSIGN_OR_RAISE(const auto read, pager_->Get(key));
      EXPECT_EQ(read->ToString(), text);
      batch.PutStaged(std::move(staged));
    } else {
      batch.Put(key, bytes);
    }
    batch.AppendLog({reinterpret_cast<const uint8_t*>(text.data()), text.size() / 20});
    const bool frees = model_.size() > 12;
    if (frees) batch.Free(PhysicalKey(model_.begin()->first));
    ARROW_RETURN_NOT_OK(pager_->Commit(batch).status());
    if (frees) model_.erase(model_.begin());
    model_[key.value] = text;
    ++num_records_;
    return arrow::Status::OK();
  }

  /// Reads all there is; a failure, or OK with what it found compared.
  arrow::Status ReadAll(const std::string& when) {
    std::map<uint64_t, std::string> found;
    ARROW_ASSIGN_OR_RAISE(const auto keys, pager_->Keys());
    for (const PhysicalKey key : keys) {
      ARROW_ASSIGN_OR_RAISE(const auto blob, pager_->Get(key));
      EXPECT_EQ(reinterpret_cast<uintptr_t>(blob->data()) % 64, 0u);
      found[key.value] = blob->ToString();
    }
    EXPECT_TRUE(found == model_) << when << ": " << found.size() << " blobs instead of " << model_.size();
    size_t records = 0;
    ARROW_RETURN_NOT_OK(pager_->ReadLog(Lsn(), [&](Lsn, std::span<const uint8_t>) {
      ++records;
      return arrow::Status::OK();
    }));
    EXPECT_EQ(records, num_records_) << when;
    return arrow::Status::OK();
  }

  void ExpectModel(const std::string& when) {
    const arrow::Status read = ReadAll(when);
    EXPECT_TRUE(read.ok()) << when << ": " << read;
    const arrow::Status checked = pager_->CheckIntegrity([&](const IntegrityFinding& finding) {
      ADD_FAILURE() << when << ": " << finding.message;
      return arrow::Status::OK();
    });
    EXPECT_TRUE(checked.ok()) << when << ": " << checked;
    if (options_.read_only) return;
    const arrow::Status counts = dynamic_cast<file::FilePager&>(*pager_).CheckSpace();
    EXPECT_TRUE(counts.ok()) << when << ": " << counts;
  }

  /// The steps of the workload, each of which may fail.
  void RunWorkload(const std::function<void(const arrow::Status&)>& check) {
    for (int i = 0; i < 30; ++i) {
      check(CommitOne(40 + i));
      if (i % 5 == 4) check(pager_->Reclaim(10 << 10).status());
      if (i % 10 == 9) check(ReadAll("in the workload"));
    }
    check(pager_->Vacuum());
    check(CommitOne(99));
  }

  SimDisk disk_;
  PagerOptions options_;
  std::unique_ptr<Pager> pager_;
  std::map<uint64_t, std::string> model_;
  size_t num_records_ = 0;
};

TEST_F(FailedReads, EachOfAWorkload) {
  uint64_t reads = 1;
  uint64_t failures = 0;
  for (uint64_t n = 0; n <= reads; ++n) {
    const std::string when = "read " + std::to_string(n);
    Begin();
    for (int i = 0; i < 40; ++i) ASSERT_OK(CommitOne(i));
    const uint64_t before = disk_.num_reads();
    disk_.FailRead(n);
    RunWorkload([&](const arrow::Status& status) {
      if (status.ok()) return;
      ++failures;
      EXPECT_EQ(GetSqlState(status), sqlstate::kIoError) << when << ": " << status;
      EXPECT_NE(status.message().find(kPath), std::string::npos) << status;
    });
    if (n == 0) reads = disk_.num_reads() - before;
    disk_.FailRead(0);
    ExpectModel(when);
    ASSERT_OK(CommitOne(100));
    auto after_power_loss = disk_.AfterPowerLoss(n);
    disk_.KillProcess();
    ASSERT_OK(Open());
    ExpectModel(when + ", opened again");
    ASSERT_OK(pager_->Close());
    PagerOptions other = options_;
    other.file_system = after_power_loss.get();
    ASSERT_OK_AND_ASSIGN(const auto pager, OpenPager(kPath, other));
    EXPECT_EQ(pager->Keys().ValueOrDie().size(), model_.size()) << when;
    if (testing::Test::HasFailure()) return;
  }
  std::printf("reads: %d, failures: %d\n", static_cast<int>(reads), static_cast<int>(failures));
  EXPECT_GT(failures, reads / 2);
}

TEST_F(FailedReads, EachOfAnOpening) {
  for (const bool read_only : {false, true}) {
    options_.read_only = false;
    Begin();
    for (int i = 0; i < 50; ++i) ASSERT_OK(CommitOne(i));
    options_.read_only = read_only;
    uint64_t failures = 0;
    bool is_over = false;
    for (uint64_t n = 1; !is_over; ++n) {
      const std::string when = "read " + std::to_string(n);
      disk_.KillProcess();
      const uint64_t before = disk_.num_reads();
      disk_.FailRead(n);
      const arrow::Status opened = Open();
      is_over = disk_.num_reads() - before < n;
      disk_.FailRead(0);
      if (!opened.ok()) {
        ++failures;
        EXPECT_EQ(GetSqlState(opened), sqlstate::kIoError) << when << ": " << opened;
        disk_.KillProcess();
        ASSERT_OK(Open());
      }
      ExpectModel(when);
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(failures, 10u);
  }
}

TEST_F(FailedReads, EachOfAReaderThatFollows) {
  Begin();
  for (int i = 0; i < 20; ++i) ASSERT_OK(CommitOne(i));
  PagerOptions options = options_;
  options.read_only = true;
  ASSERT_OK_AND_ASSIGN(const auto reader, OpenPager(kPath, options));
  uint64_t failures = 0;
  for (int i = 20; i < 120; ++i) {
    ASSERT_OK(CommitOne(i));
    disk_.FailRead(static_cast<uint64_t>(1 + i % 9));
    const arrow::Status refreshed = reader->Refresh().status();
    const arrow::Status read = reader->Get(PhysicalKey(model_.rbegin()->first)).status();
    disk_.FailRead(0);
    failures += refreshed.ok() ? 0 : 1;
    EXPECT_TRUE(refreshed.ok() || GetSqlState(refreshed) == sqlstate::kIoError) << refreshed;
    // Without the commit, its blob is not there.
    EXPECT_TRUE(read.ok() || GetSqlState(read) == sqlstate::kIoError || !refreshed.ok()) << read;
    ASSERT_OK(reader->Refresh().status());
    EXPECT_EQ(reader->Keys().ValueOrDie().size(), model_.size());
    for (const auto& [key, text] : model_) EXPECT_EQ(reader->Get(PhysicalKey(key)).ValueOrDie()->ToString(), text);
  }
  EXPECT_GT(failures, 20u);
}

TEST_F(FailedReads, ASpoiledReadIsFoundEachTime) {
  Begin();
  for (int i = 0; i < 40; ++i) ASSERT_OK(CommitOne(i));
  uint64_t found = 0;
  for (int round = 0; round < 2; ++round) {
    for (const auto& [key, text] : model_) {
      if (text.empty()) continue;
      disk_.SpoilRead(1);
      const auto spoiled = pager_->Get(PhysicalKey(key));
      disk_.SpoilRead(0);
      EXPECT_EQ(GetSqlState(spoiled.status()), sqlstate::kDataCorrupted);
      found += spoiled.ok() ? 0 : 1;
      EXPECT_EQ(pager_->Get(PhysicalKey(key)).ValueOrDie()->ToString(), text);
    }
  }
  EXPECT_GT(found, 20u);
}

}  // namespace
}  // namespace llkv
