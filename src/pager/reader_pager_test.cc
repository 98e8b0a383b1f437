// A pager opened read-only beside the writer of the same file: what it sees, when, and what it pins.
#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "os/testing/interrupted_files.h"
#include "os/testing/sim_disk.h"
#include "pager/file/format.h"
#include "pager/file/reader_slots.h"
#include "pager/registry.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

std::span<const uint8_t> Span(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class ReaderPagerTest : public testing::TestWithParam<bool> {
 protected:
  ReaderPagerTest() {
    if (GetParam()) options_.file_system = &disk_;
    options_.address_space_bytes = uint64_t{256} << 20;
    options_.min_segment_bytes = 16 << 10;
    options_.max_segment_bytes = 64 << 10;
    options_.checkpoint_log_bytes = 8 << 10;
  }
  std::string path() { return GetParam() ? "db" : folder_.File("db"); }
  std::unique_ptr<Pager> Open() { return OpenPager(path(), options_).ValueOrDie(); }
  std::unique_ptr<Pager> OpenReader() {
    PagerOptions options = options_;
    options.read_only = true;
    auto opened = OpenPager(path(), options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? std::move(*opened) : nullptr;
  }
  static PhysicalKey Put(Pager& pager, const std::string& text, CommitOptions options = {}) {
    WriteBatch batch;
    const PhysicalKey key = pager.Allocate(1).ValueOrDie();
    batch.Put(key, arrow::Buffer::FromString(text));
    batch.AppendLog(Span(text));
    EXPECT_TRUE(pager.Commit(batch, options).ok());
    return key;
  }
  static bool Refresh(Pager& reader) {
    const auto refreshed = reader.Refresh();
    EXPECT_TRUE(refreshed.ok()) << refreshed.status();
    return refreshed.ok() && *refreshed;
  }
  static std::vector<std::string> Log(Pager& pager, Lsn after) {
    std::vector<std::string> records;
    const arrow::Status read = pager.ReadLog(after, [&](Lsn, std::span<const uint8_t> record) {
      records.emplace_back(record.begin(), record.end());
      return arrow::Status::OK();
    });
    EXPECT_TRUE(read.ok()) << read;
    return records;
  }
  uint64_t NewestSequence() {
    auto file = options_.file_system->Open(path(), {.write = false}).ValueOrDie();
    uint64_t newest = 0;
    for (uint64_t slot = 0; slot < 2; ++slot) {
      file::HeaderSlot header;
      EXPECT_TRUE(file->Read(slot * file::kPageBytes, {reinterpret_cast<uint8_t*>(&header), sizeof(header)}).ok());
      newest = std::max(newest, header.sequence);
    }
    return newest;
  }
  /// What a writer would find; this opens the lock file beside the one that is open.
  std::optional<uint64_t> OldestPin() {
    return file::ReaderSlots::OpenForReading(*options_.file_system, path()).ValueOrDie()->OldestPin().ValueOrDie();
  }

  SimDisk disk_;
  ScratchFolder folder_;
  PagerOptions options_;
};

TEST_P(ReaderPagerTest, FollowsTheWriterCommitByCommit) {
  auto writer = Open();
  const PhysicalKey first = Put(*writer, "first");
  auto reader = OpenReader();
  EXPECT_EQ(reader->Get(first).ValueOrDie()->ToString(), "first");
  EXPECT_FALSE(Refresh(*reader));
  const auto snapshot = reader->Pin().ValueOrDie();
  const PhysicalKey second = Put(*writer, "second");
  EXPECT_FALSE(reader->Get(second).ok());
  EXPECT_TRUE(Refresh(*reader));
  EXPECT_FALSE(Refresh(*reader));
  EXPECT_EQ(reader->Get(second).ValueOrDie()->ToString(), "second");
  EXPECT_FALSE(reader->Get(second, snapshot.get()).ok());
  EXPECT_EQ(reader->stats().last_lsn, writer->stats().last_lsn);
  EXPECT_EQ(Log(*reader, Lsn(0)), (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(Log(*reader, Lsn(1)), (std::vector<std::string>{"second"}));
  WriteBatch batch;
  batch.Free(first);
  ASSERT_TRUE(writer->Commit(batch).ok());
  EXPECT_TRUE(Refresh(*reader));
  EXPECT_FALSE(reader->Get(first).ok());
  EXPECT_EQ(reader->Get(first, snapshot.get()).ValueOrDie()->ToString(), "first");
}

TEST_P(ReaderPagerTest, SeesNothingThatWasNotAcknowledged) {
  auto writer = Open();
  Put(*writer, "first");
  auto reader = OpenReader();
  WriteBatch batch;
  batch.AppendLog(Span("second"));
  const auto ticket = writer->Submit(batch).ValueOrDie();
  EXPECT_FALSE(Refresh(*reader));
  EXPECT_EQ(OpenReader()->stats().last_lsn, Lsn(1));
  ASSERT_TRUE(writer->WaitDurable(ticket).ok());
  EXPECT_TRUE(Refresh(*reader));
  // What waits for no sync is seen when its bytes are handed over; those of level none may wait in the writer.
  Put(*writer, "third", {.durability = Durability::kProcess});
  EXPECT_TRUE(Refresh(*reader));
  EXPECT_EQ(Log(*reader, Lsn(1)), (std::vector<std::string>{"second", "third"}));
}

TEST_P(ReaderPagerTest, FollowsOverCheckpointsAndFreesTheirPins) {
  auto writer = Open();
  Put(*writer, "x");
  auto reader = OpenReader();
  std::mt19937_64 random(7);
  std::map<uint64_t, std::string> model;
  struct Held {
    std::shared_ptr<const PagerSnapshot> snapshot;
    std::map<uint64_t, std::string> model;
  };
  std::vector<Held> held;
  const auto check = [&](const std::map<uint64_t, std::string>& expected, const PagerSnapshot* snapshot) {
    const auto keys = reader->Keys(snapshot).ValueOrDie();
    ASSERT_EQ(keys.size(), expected.size() + 1);
    for (const auto& [key, text] : expected) {
      ASSERT_EQ(reader->Get(PhysicalKey(key), snapshot).ValueOrDie()->ToString(), text);
    }
  };
  for (int i = 0; i < 600; ++i) {
    WriteBatch batch;
    for (uint64_t n = random() % 4; n > 0; --n) {
      const PhysicalKey key = writer->Allocate(1).ValueOrDie();
      model[key.value] = std::string(random() % 900, static_cast<char>('a' + i % 26));
      batch.Put(key, arrow::Buffer::FromString(model[key.value]));
    }
    if (model.size() > 40) {
      auto victim = std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % 40));
      if (victim->first < writer->Allocate(1).ValueOrDie().value - 20) {
        batch.Free(PhysicalKey(victim->first));
        model.erase(victim);
      }
    }
    batch.AppendLog(Span(std::to_string(i)));
    if (i % 50 == 49) batch.TruncateLog(Lsn(static_cast<uint64_t>(i - 10)));
    CommitOptions level;
    level.durability = random() % 2 == 0 ? Durability::kFull : Durability::kProcess;
    ASSERT_TRUE(writer->Commit(batch, level).ok());
    if (random() % 3 != 0) continue;
    Refresh(*reader);
    check(model, nullptr);
    if (random() % 20 == 0) held.push_back({reader->Pin().ValueOrDie(), model});
    if (!held.empty() && random() % 20 == 0) {
      check(held.front().model, held.front().snapshot.get());
      held.erase(held.begin());
    }
  }
  EXPECT_GT(writer->stats().num_checkpoints, 3u);
  for (const Held& one : held) check(one.model, one.snapshot.get());
  held.clear();
  Refresh(*reader);
  EXPECT_EQ(OldestPin(), NewestSequence());
  reader.reset();
  EXPECT_EQ(OldestPin(), std::nullopt);
}

TEST_P(ReaderPagerTest, HeldBuffersPinTheirSegmentOnlyAsLongAsItIsTheirs) {
  auto writer = Open();
  const PhysicalKey key = Put(*writer, "kept");
  auto reader = OpenReader();
  auto buffer = reader->Get(key).ValueOrDie();
  const auto snapshot = reader->Pin().ValueOrDie();
  const uint64_t before = NewestSequence();
  for (int i = 0; NewestSequence() < before + 2; ++i) Put(*writer, std::string(500, 'x'));
  Refresh(*reader);
  EXPECT_EQ(OldestPin(), before) << "a snapshot needs its checkpoint";
  const_cast<std::shared_ptr<const PagerSnapshot>&>(snapshot).reset();
  EXPECT_EQ(OldestPin(), NewestSequence()) << "a buffer over a segment that is there still needs no old checkpoint";
  reader.reset();
  EXPECT_EQ(OldestPin(), NewestSequence()) << "a buffer outlives its pager";
  EXPECT_EQ(buffer->ToString(), "kept");
  buffer.reset();
  EXPECT_EQ(OldestPin(), std::nullopt);
}

TEST_P(ReaderPagerTest, ABlobIsVerifiedOnceAcrossCheckpoints) {
  auto writer = Open();
  const PhysicalKey key = Put(*writer, "text");
  auto reader = OpenReader();
  ASSERT_TRUE(reader->Get(key).ok());
  EXPECT_EQ(reader->stats().num_blobs_verified, 1u);
  const uint64_t before = NewestSequence();
  while (NewestSequence() < before + 3) {
    Put(*writer, std::string(500, 'x'));
    Refresh(*reader);
    ASSERT_EQ(reader->Get(key).ValueOrDie()->ToString(), "text");
  }
  EXPECT_EQ(reader->stats().num_blobs_verified, 1u);
}

TEST_P(ReaderPagerTest, WritersComeAndGo) {
  PhysicalKey key;
  {
    auto writer = Open();
    key = Put(*writer, "0");
  }
  auto reader = OpenReader();
  EXPECT_FALSE(Refresh(*reader));
  for (int i = 1; i < 10; ++i) {
    auto writer = Open();
    EXPECT_FALSE(Refresh(*reader));
    key = Put(*writer, std::to_string(i));
    EXPECT_EQ(i % 2 == 0 && Refresh(*reader), i % 2 == 0);
    ASSERT_TRUE(writer->Close().ok());
    Refresh(*reader);
    EXPECT_EQ(reader->Get(key).ValueOrDie()->ToString(), std::to_string(i));
    EXPECT_FALSE(Refresh(*reader));
    EXPECT_EQ(OpenReader()->Get(key).ValueOrDie()->ToString(), std::to_string(i));
  }
}

TEST_P(ReaderPagerTest, ALockFileOfAnotherDatabaseSaysNothing) {
  {
    auto writer = Open();
    for (int i = 0; i < 20; ++i) Put(*writer, "old");
  }
  ASSERT_TRUE(options_.file_system->Unlink(path()).ok());
  auto writer = Open();
  const PhysicalKey key = Put(*writer, "new");
  auto reader = OpenReader();
  EXPECT_EQ(reader->Get(key).ValueOrDie()->ToString(), "new");
}

TEST_P(ReaderPagerTest, DamageInTheLogIsReportedAndNotWhatAWriterIsJustDoing) {
  std::string bytes;
  {
    auto writer = Open();
    for (int i = 0; i < 5; ++i) Put(*writer, "text");
    if (!GetParam()) GTEST_SKIP();
    // As after SIGKILL: the log was not checkpointed.
    bytes = disk_.Contents("db");
  }
  disk_.SetContents("db", bytes);
  EXPECT_EQ(OpenReader()->stats().last_lsn, Lsn(5));
  const size_t last = bytes.rfind("LLKe\x04");
  ASSERT_NE(last, std::string::npos);
  std::string torn = bytes;
  torn[last + 80] ^= 1;
  disk_.SetContents("db", torn);
  EXPECT_EQ(OpenReader()->stats().last_lsn, Lsn(4)) << "a torn tail ends the log";
  const size_t third = bytes.rfind("LLKe\x04", bytes.rfind("LLKe\x04", last - 1) - 1);
  torn = bytes;
  torn[third + 80] ^= 1;
  disk_.SetContents("db", torn);
  PagerOptions options = options_;
  options.read_only = true;
  EXPECT_EQ(GetSqlState(OpenPager("db", options).status()), sqlstate::kDataCorrupted);
}

TEST_P(ReaderPagerTest, SeesWhatWasAcknowledgedWhateverTheWriterDoesMeanwhile) {
  auto writer = Open();
  Put(*writer, "first");
  const auto commit = [&] { Put(*writer, "text"); };
  const auto vacuum = [&] { EXPECT_TRUE(writer->Vacuum().ok()); };
  const auto checkpoint = [&] { Put(*writer, std::string(options_.checkpoint_log_bytes, 'x')); };
  using Steps = std::vector<std::function<void()>>;
  const std::vector<Steps> earlier = {{commit}, {vacuum}, {vacuum, commit, vacuum}};
  const std::vector<Steps> meanwhile = {{checkpoint, commit}, {vacuum}, {commit, vacuum, commit, vacuum}};
  PagerOptions options = options_;
  options.read_only = true;
  options.io = GetParam() ? FileIo::kRead : FileIo::kMap;
  for (size_t i = 0; i < earlier.size() * meanwhile.size(); ++i) {
    bool is_reached = true;
    for (uint64_t n = 1; is_reached; ++n) {
      InterruptedFiles files(options_.file_system);
      options.file_system = &files;
      const auto reader = OpenPager(path(), options).ValueOrDie();
      commit();
      for (const auto& step : earlier[i % earlier.size()]) step();
      const Lsn acknowledged = writer->stats().last_lsn;
      files.CallBefore(n, [&] {
        for (const auto& step : meanwhile[i / earlier.size()]) step();
      });
      Refresh(*reader);
      ASSERT_GE(reader->stats().last_lsn.value, acknowledged.value) << "case " << i << ", before operation " << n;
      is_reached = files.has_called();
      files.CallBefore(0, nullptr);
      Refresh(*reader);
      ASSERT_EQ(reader->stats().last_lsn.value, writer->stats().last_lsn.value);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, ReaderPagerTest, testing::Values(false, true),
                         [](const auto& test) { return test.param ? "SimDisk" : "Posix"; });

}  // namespace
}  // namespace llkv
