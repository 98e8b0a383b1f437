// What FilePager does beside the conformance suite: locks, read-only opening, forks, features, room.
#include "pager/file/file_pager.h"

#include <arrow/buffer.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "base/error.h"
#include "os/testing/sim_disk.h"
#include "pager/registry.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

std::span<const uint8_t> Span(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class FilePagerTest : public testing::Test {
 protected:
  FilePagerTest() {
    options_.min_segment_bytes = 16 << 10;
    options_.max_segment_bytes = 64 << 10;
    options_.address_space_bytes = uint64_t{64} << 20;
    options_.checkpoint_log_bytes = 16 << 10;
  }

  std::string path() const { return folder_.File("db"); }
  std::unique_ptr<Pager> Open() {
    auto pager = OpenPager(path(), options_);
    EXPECT_TRUE(pager.ok()) << pager.status();
    return pager.ok() ? std::move(*pager) : nullptr;
  }
  static PhysicalKey Put(Pager& pager, const std::string& text) {
    WriteBatch batch;
    const PhysicalKey key = pager.Allocate(1).ValueOrDie();
    batch.Put(key, arrow::Buffer::FromString(text));
    EXPECT_TRUE(pager.Commit(batch).ok());
    return key;
  }

  ScratchFolder folder_;
  PagerOptions options_;
};

TEST_F(FilePagerTest, ASecondWriterIsRefusedUntilTheFirstCloses) {
  auto first = Open();
  const arrow::Status status = OpenPager(path(), options_).status();
  EXPECT_EQ(GetSqlState(status), sqlstate::kObjectInUse);
  EXPECT_NE(status.message().find(path()), std::string::npos) << status;
  // Readers come and go beside a writer.
  PagerOptions read_only = options_;
  read_only.read_only = true;
  EXPECT_TRUE(OpenPager(path(), read_only).ok());
  ASSERT_TRUE(first->Close().ok());
  EXPECT_NE(Open(), nullptr);
}

TEST_F(FilePagerTest, ASymbolicLinkIsTheSameDatabase) {
  { EXPECT_NE(Open(), nullptr); }
  const std::string link = folder_.File("link");
  ASSERT_EQ(::symlink(path().c_str(), link.c_str()), 0);
  auto pager = OpenPager(link, options_).ValueOrDie();
  EXPECT_EQ(GetSqlState(OpenPager(path(), options_).status()), sqlstate::kObjectInUse);
}

TEST_F(FilePagerTest, SeveralDatabasesReserveAddressesAtOnce) {
  std::vector<std::unique_ptr<Pager>> pagers;
  for (int i = 0; i < 4; ++i) {
    auto pager = OpenPager(folder_.File("db" + std::to_string(i)));
    ASSERT_TRUE(pager.ok()) << pager.status();
    Put(**pager, "text");
    pagers.push_back(std::move(*pager));
  }
}

TEST_F(FilePagerTest, AWriterInAnotherProcessIsSeen) {
  auto pager = Open();
  const pid_t child = ::fork();
  if (child == 0) {
    const bool refused = GetSqlState(OpenPager(path(), options_).status()) == sqlstate::kObjectInUse;
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(FilePagerTest, AForkedHandleIsRefusedAndHarmless) {
  auto pager = Open();
  const PhysicalKey key = Put(*pager, "parent's");
  const pid_t child = ::fork();
  if (child == 0) {
    WriteBatch batch;
    batch.AppendLog(Span("child's"));
    const bool refused = GetSqlState(pager->Commit(batch).status()) == sqlstate::kObjectInUse &&
                         GetSqlState(pager->Get(key).status()) == sqlstate::kObjectInUse;
    pager.reset();
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(pager->Get(key).ValueOrDie()->ToString(), "parent's");
  Put(*pager, "and on");
  EXPECT_FALSE(OpenPager(path(), options_).ok());
}

TEST_F(FilePagerTest, CommitsAtProcessLevelSurviveSigkill) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto pager = OpenPager(path(), options_).ValueOrDie();
    WriteBatch batch;
    CommitOptions options;
    options.durability = Durability::kProcess;
    for (int i = 0; i < 100; ++i) {
      batch.Put(pager->Allocate(1).ValueOrDie(), arrow::Buffer::FromString("blob " + std::to_string(i)));
      batch.AppendLog(Span("record"));
      if (!pager->Commit(batch, options).ok()) ::_exit(1);
    }
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ::close(ready[0]);
  ::close(ready[1]);
  auto pager = Open();
  EXPECT_EQ(pager->stats().last_lsn, Lsn(100));
  EXPECT_EQ(pager->Keys().ValueOrDie().size(), 100u);
}

TEST_F(FilePagerTest, ReadOnlyOpensReadAndDoNotWrite) {
  PhysicalKey key;
  {
    auto pager = Open();
    key = Put(*pager, "text");
  }
  options_.read_only = true;
  auto first = Open();
  auto second = Open();
  EXPECT_EQ(first->Get(key).ValueOrDie()->ToString(), "text");
  EXPECT_EQ(second->Get(key).ValueOrDie()->ToString(), "text");
  WriteBatch batch;
  batch.Free(key);
  EXPECT_EQ(GetSqlState(first->Commit(batch).status()), sqlstate::kReadOnlyTransaction);
  EXPECT_EQ(GetSqlState(first->Allocate(1).status()), sqlstate::kReadOnlyTransaction);
  // A writer comes beside readers.
  options_.read_only = false;
  EXPECT_TRUE(OpenPager(path(), options_).ok());
}

TEST_F(FilePagerTest, AMissingDatabaseIsNotMadeByReadersOrWhereForbidden) {
  options_.read_only = true;
  EXPECT_EQ(GetSqlState(OpenPager(path(), options_).status()), sqlstate::kUndefinedFile);
  options_.read_only = false;
  options_.create_if_missing = false;
  EXPECT_EQ(GetSqlState(OpenPager(path(), options_).status()), sqlstate::kUndefinedFile);
  EXPECT_NE(::access((path() + "-lock").c_str(), F_OK), 0);
  options_.create_if_missing = true;
  EXPECT_EQ(GetSqlState(OpenPager(folder_.File("no/such/folder"), options_).status()), sqlstate::kUndefinedFile);
}

TEST_F(FilePagerTest, UnknownFeaturesAreRespected) {
  SimDisk disk;
  options_.file_system = &disk;
  { Put(*OpenPager("db", options_).ValueOrDie(), "text"); }
  const std::string bytes = disk.Contents("db");
  const auto with = [&](uint64_t file::HeaderSlot::*word) {
    std::string changed = bytes;
    for (const uint64_t at : {uint64_t{0}, file::kPageBytes}) {
      file::HeaderSlot slot;
      std::memcpy(&slot, changed.data() + at, sizeof(slot));
      slot.*word = 1;
      slot.checksum = file::ChecksumOf(slot);
      std::memcpy(changed.data() + at, &slot, sizeof(slot));
    }
    disk.SetContents("db", changed);
  };
  PagerOptions read_only = options_;
  read_only.read_only = true;
  with(&file::HeaderSlot::features_optional);
  EXPECT_TRUE(OpenPager("db", options_).ok());
  with(&file::HeaderSlot::features_for_writing);
  EXPECT_TRUE(OpenPager("db", read_only).ok());
  EXPECT_EQ(GetSqlState(OpenPager("db", options_).status()), sqlstate::kFeatureNotSupported);
  with(&file::HeaderSlot::features_for_reading);
  EXPECT_EQ(GetSqlState(OpenPager("db", read_only).status()), sqlstate::kFeatureNotSupported);
}

TEST_F(FilePagerTest, ABlobIsVerifiedOnce) {
  auto pager = Open();
  const PhysicalKey key = Put(*pager, "text");
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(pager->Get(key).ok());
  EXPECT_EQ(pager->stats().num_blobs_verified, 1u);
  EXPECT_EQ(pager->stats().num_blobs_read, 5u);
}

TEST_F(FilePagerTest, TruncatedLogRoomIsUsedAgain) {
  options_.checkpoint_log_bytes = 64 << 10;
  auto pager = Open();
  WriteBatch batch;
  CommitOptions options;
  options.durability = Durability::kNone;
  uint64_t logged = 0;
  for (int round = 0; round < 40; ++round) {
    Lsn last;
    for (int i = 0; i < 200; ++i) {
      batch.AppendLog(Span(std::string(1000, 'r')));
      last = pager->Commit(batch, options).ValueOrDie();
      logged += 1000;
    }
    batch.TruncateLog(last);
    ASSERT_TRUE(pager->Commit(batch).ok());
  }
  EXPECT_LT(pager->stats().size_bytes, logged / 6);
}

TEST_F(FilePagerTest, LiveAndDeadBytesFollowCommits) {
  auto pager = Open();
  std::vector<PhysicalKey> keys;
  for (int i = 0; i < 100; ++i) keys.push_back(Put(*pager, std::string(1000, 'x')));
  EXPECT_EQ(pager->stats().live_bytes, 100000u);
  const uint64_t dead = pager->stats().dead_bytes;
  WriteBatch batch;
  for (int i = 0; i < 50; ++i) batch.Free(keys[static_cast<size_t>(i)]);
  ASSERT_TRUE(pager->Commit(batch).ok());
  EXPECT_EQ(pager->stats().live_bytes, 50000u);
  EXPECT_GE(pager->stats().dead_bytes, dead + 50000);
  ASSERT_TRUE(pager->Close().ok());
  pager.reset();
  pager = Open();
  EXPECT_EQ(pager->stats().live_bytes, 50000u);
  EXPECT_GE(pager->stats().dead_bytes, dead + 50000);
}

TEST_F(FilePagerTest, ADroppedStagedBlobGivesItsRoomBack) {
  auto pager = Open();
  const auto bytes = std::shared_ptr<arrow::Buffer>(arrow::Buffer::FromString(std::string(3000, 's')));
  Put(*pager, "something");
  const uint64_t size = pager->stats().size_bytes;
  for (int i = 0; i < 100; ++i) {
    const PhysicalKey key = pager->Allocate(1).ValueOrDie();
    ASSERT_TRUE(pager->Stage(key, {&bytes, 1}).ok());
  }
  EXPECT_EQ(pager->stats().size_bytes, size);
}

}  // namespace
}  // namespace llkv
