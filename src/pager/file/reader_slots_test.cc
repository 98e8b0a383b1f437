// ReaderSlots on the real file system and on the simulated disk.
#include "pager/file/reader_slots.h"

#include <arrow/result.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "os/testing/sim_disk.h"
#include "pager/testing/scratch_folder.h"

namespace llkv::file {
namespace {

class ReaderSlotsTest : public testing::TestWithParam<bool> {
 protected:
  FileSystem& fs() { return GetParam() ? static_cast<FileSystem&>(disk_) : *FileSystem::Default(); }
  std::string path() { return GetParam() ? "db" : folder_.File("db"); }
  std::unique_ptr<ReaderSlots> Writer() { return ReaderSlots::OpenForWriting(fs(), path()).ValueOrDie(); }
  std::unique_ptr<ReaderSlots> Reader() { return ReaderSlots::OpenForReading(fs(), path()).ValueOrDie(); }

  SimDisk disk_;
  ScratchFolder folder_;
};

TEST_P(ReaderSlotsTest, OneWriterHasTheLease) {
  auto reader = Reader();
  EXPECT_FALSE(reader->WriterLives().ValueOrDie());
  auto writer = Writer();
  EXPECT_FALSE(reader->WriterLives().ValueOrDie()) << "it is still opening the file";
  ASSERT_TRUE(writer->WriteVisible(11, 3).ok());
  EXPECT_TRUE(reader->WriterLives().ValueOrDie());
  EXPECT_EQ(GetSqlState(ReaderSlots::OpenForWriting(fs(), path()).status()), sqlstate::kObjectInUse);
  writer.reset();
  EXPECT_FALSE(reader->WriterLives().ValueOrDie());
  EXPECT_NE(Writer(), nullptr);
}

TEST_P(ReaderSlotsTest, TheOldestLivingPinCounts) {
  auto writer = Writer();
  EXPECT_EQ(writer->OldestPin().ValueOrDie(), std::nullopt);
  auto first = Reader();
  EXPECT_EQ(writer->OldestPin().ValueOrDie(), std::nullopt);
  ASSERT_TRUE(first->TakeSlot().ok());
  EXPECT_EQ(writer->OldestPin().ValueOrDie(), 0u) << "a slot without a pin needs everything";
  ASSERT_TRUE(first->WritePin(7).ok());
  EXPECT_EQ(writer->OldestPin().ValueOrDie(), 7u);
  auto second = Reader();
  ASSERT_TRUE(second->TakeSlot().ok());
  EXPECT_EQ(writer->OldestPin().ValueOrDie(), 0u);
  ASSERT_TRUE(second->WritePin(5).ok());
  EXPECT_EQ(writer->OldestPin().ValueOrDie(), 5u);
  ASSERT_TRUE(second->WritePin(9).ok());
  EXPECT_EQ(writer->OldestPin().ValueOrDie(), 7u);
  first.reset();
  EXPECT_EQ(writer->OldestPin().ValueOrDie(), 9u) << "what a dead reader wrote does not count";
  auto third = Reader();
  ASSERT_TRUE(third->TakeSlot().ok());
  ASSERT_TRUE(third->WritePin(8).ok());
  EXPECT_EQ(writer->OldestPin().ValueOrDie(), 8u);
  third.reset();
  second.reset();
  EXPECT_EQ(writer->OldestPin().ValueOrDie(), std::nullopt);
}

TEST_P(ReaderSlotsTest, ATornPinNeedsEverything) {
  auto writer = Writer();
  auto reader = Reader();
  ASSERT_TRUE(reader->TakeSlot().ok());
  ASSERT_TRUE(reader->WritePin(7).ok());
  const uint8_t bad = 0xff;
  ASSERT_TRUE(writer->file().Write(ReaderSlots::kFirstSlot, {&bad, 1}).ok());
  EXPECT_EQ(writer->OldestPin().ValueOrDie(), 0u);
}

TEST_P(ReaderSlotsTest, ManyReadersHaveSlotsOfTheirOwn) {
  auto writer = Writer();
  std::vector<std::unique_ptr<ReaderSlots>> readers;
  for (uint64_t i = 0; i < 50; ++i) {
    readers.push_back(Reader());
    ASSERT_TRUE(readers.back()->TakeSlot().ok());
    ASSERT_TRUE(readers.back()->WritePin(100 - i).ok());
    ASSERT_EQ(writer->OldestPin().ValueOrDie(), 100 - i);
  }
  readers.resize(10);
  EXPECT_EQ(writer->OldestPin().ValueOrDie(), 91u);
}

TEST_P(ReaderSlotsTest, TheVisibleCommitIsWhatTheWriterWroteLast) {
  auto reader = Reader();
  EXPECT_FALSE(reader->ReadVisible().has_value());
  auto writer = Writer();
  ASSERT_TRUE(writer->WriteVisible(11, 3).ok());
  auto visible = reader->ReadVisible();
  ASSERT_TRUE(visible.has_value());
  EXPECT_EQ(visible->file, 11u);
  EXPECT_EQ(visible->lsn, 3u);
  ASSERT_TRUE(writer->WriteVisible(11, 4).ok());
  EXPECT_EQ(reader->ReadVisible()->lsn, 4u);
  const uint8_t bad = 0xff;
  ASSERT_TRUE(writer->file().Write(17, {&bad, 1}).ok());
  EXPECT_FALSE(reader->ReadVisible().has_value());
}

INSTANTIATE_TEST_SUITE_P(Kinds, ReaderSlotsTest, testing::Values(false, true),
                         [](const auto& test) { return test.param ? "SimDisk" : "Posix"; });

}  // namespace
}  // namespace llkv::file
