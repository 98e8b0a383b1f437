// ctest-labels: corruption
// Damaged, truncated and foreign files: every opening and every read gives the right bytes or a precise error.
#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/error.h"
#include "os/testing/sim_disk.h"
#include "pager/registry.h"

namespace llkv {
namespace {

constexpr char kPath[] = "db";

PagerOptions SmallOptions(FileSystem* file_system) {
  PagerOptions options;
  options.file_system = file_system;
  options.min_segment_bytes = 4 << 10;
  options.max_segment_bytes = 16 << 10;
  options.address_space_bytes = uint64_t{16} << 20;
  options.checkpoint_log_bytes = 2 << 10;
  return options;
}

struct Sample {
  std::string file;
  std::map<uint64_t, std::string> blobs;
  /// Blobs by the commit that put them.
  std::map<uint64_t, uint64_t> keys_of_commits;
};

/// A small database: some of it in a checkpoint, some only in the log.
Sample MakeSample() {
  Sample sample;
  SimDisk disk;
  auto pager = OpenPager(kPath, SmallOptions(&disk)).ValueOrDie();
  for (int i = 0; i < 14; ++i) {
    WriteBatch batch;
    const PhysicalKey key = pager->Allocate(1).ValueOrDie();
    const std::string text(static_cast<size_t>(i * 37), static_cast<char>('a' + i));
    batch.Put(key, arrow::Buffer::FromString(text));
    batch.SetRoot(arrow::Buffer::FromString("root " + std::to_string(i)));
    batch.AppendLog({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    sample.keys_of_commits[pager->Commit(batch).ValueOrDie().value] = key.value;
    sample.blobs[key.value] = text;
  }
  EXPECT_GT(pager->stats().num_checkpoints, 1u);
  sample.file = disk.Contents(kPath);
  disk.KillProcess();
  return sample;
}

/// Opens a file with these bytes and reads everything. Counts what it could read; fails the test on a wrong byte.
void CheckDamaged(const Sample& sample, const std::string& bytes, bool read_only, const std::string& what,
                  std::map<std::string, int>* outcomes) {
  SimDisk disk;
  disk.SetContents(kPath, bytes);
  PagerOptions options = SmallOptions(&disk);
  options.read_only = read_only;
  auto opened = OpenPager(kPath, options);
  if (!opened.ok()) {
    const auto state = GetSqlState(opened.status());
    EXPECT_TRUE(state == sqlstate::kDataCorrupted || state == sqlstate::kFeatureNotSupported ||
                state == sqlstate::kUndefinedFile)
        << what << ": " << opened.status();
    EXPECT_NE(opened.status().message().find(kPath), std::string::npos) << what << ": " << opened.status();
    ++(*outcomes)["refused"];
    return;
  }
  const auto keys = (*opened)->Keys();
  if (!keys.ok()) {
    EXPECT_EQ(GetSqlState(keys.status()), sqlstate::kDataCorrupted) << what;
    ++(*outcomes)["keys damaged"];
    return;
  }
  const uint64_t lsn = (*opened)->stats().last_lsn.value;
  EXPECT_EQ(keys->size(), lsn) << what;
  bool all = lsn == sample.blobs.size();
  for (const PhysicalKey key : *keys) {
    const auto blob = (*opened)->Get(key);
    if (!blob.ok()) {
      EXPECT_EQ(GetSqlState(blob.status()), sqlstate::kDataCorrupted) << what << ": " << blob.status();
      all = false;
    } else {
      EXPECT_EQ((*blob)->ToString(), sample.blobs.at(key.value)) << what;
    }
  }
  const auto snapshot = (*opened)->Pin().ValueOrDie();
  if (lsn > 0) {
    EXPECT_EQ(snapshot->root()->ToString(), "root " + std::to_string(lsn - 1)) << what;
  }
  const auto log = (*opened)->ReadLog(Lsn(), [&](Lsn record_lsn, std::span<const uint8_t> record) {
    const std::string text(record.begin(), record.end());
    EXPECT_EQ(text, sample.blobs.at(sample.keys_of_commits.at(record_lsn.value))) << what;
    return arrow::Status::OK();
  });
  if (!log.ok()) {
    EXPECT_EQ(GetSqlState(log), sqlstate::kDataCorrupted) << what << ": " << log;
    all = false;
  }
  ++(*outcomes)[all ? "whole" : (lsn < sample.blobs.size() ? "earlier commit" : "some damaged")];
}

TEST(Corruption, EveryByteFlipped) {
  const Sample sample = MakeSample();
  std::map<std::string, int> outcomes;
  for (size_t at = 0; at < sample.file.size(); ++at) {
    // All bytes where something is, and some of the unused ones.
    if (sample.file[at] == 0 && at % 61 != 0) continue;
    std::string bytes = sample.file;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    CheckDamaged(sample, bytes, at % 5 != 0, "flipped byte " + std::to_string(at), &outcomes);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(outcomes["whole"], 0);
  EXPECT_GT(outcomes["refused"], 0);
  for (const auto& [outcome, count] : outcomes) std::printf("%s: %d\n", outcome.c_str(), count);
}

TEST(Corruption, EveryTruncation) {
  const Sample sample = MakeSample();
  std::map<std::string, int> outcomes;
  for (size_t size = 0; size < sample.file.size(); size += size < 300 ? 1 : 53) {
    CheckDamaged(sample, sample.file.substr(0, size), size % 2 == 0 || size == 0, "cut to " + std::to_string(size),
                 &outcomes);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(outcomes["refused"], 0);
}

TEST(Corruption, AReclaimedFileGivesRightBytesOrErrors) {
  // Old lives of segments and moved blobs lie about.
  SimDisk disk;
  std::map<uint64_t, std::string> written;
  {
    auto pager = OpenPager(kPath, SmallOptions(&disk)).ValueOrDie();
    std::vector<uint64_t> live;
    for (int i = 0; i < 600; ++i) {
      WriteBatch batch;
      const PhysicalKey key = pager->Allocate(1).ValueOrDie();
      written[key.value] = std::string(static_cast<size_t>(200 + i % 90), static_cast<char>('a' + i % 26));
      batch.Put(key, arrow::Buffer::FromString(written[key.value]));
      live.push_back(key.value);
      for (int j = 0; j < 2 && live.size() > 20; ++j) {
        const size_t victim = static_cast<size_t>(i * 7 + j) % (live.size() - 1);
        batch.Free(PhysicalKey(live[victim]));
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(victim));
      }
      ASSERT_TRUE(pager->Commit(batch).ok());
      if (i % 20 == 19) {
        ASSERT_TRUE(pager->Reclaim(4 << 10).ok());
      }
    }
    disk.KillProcess();
  }
  const std::string file = disk.Contents(kPath);
  std::map<std::string, int> outcomes;
  for (size_t at = 0; at < file.size(); at += at < 9000 ? 3 : 29) {
    SimDisk damaged;
    std::string bytes = file;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    damaged.SetContents(kPath, bytes);
    const auto opened = OpenPager(kPath, SmallOptions(&damaged));
    const std::string what = "flipped byte " + std::to_string(at);
    if (!opened.ok()) {
      ++outcomes["refused"];
      continue;
    }
    // Reclaiming moves nothing that is damaged as if it were whole.
    for (int i = 0; i < 3; ++i) static_cast<void>((*opened)->Reclaim(4 << 10));
    const auto keys = (*opened)->Keys();
    if (!keys.ok()) continue;
    for (const PhysicalKey key : *keys) {
      const auto blob = (*opened)->Get(key);
      if (blob.ok()) {
        ASSERT_EQ((*blob)->ToString(), written.at(key.value)) << what;
      } else {
        ASSERT_EQ(GetSqlState(blob.status()), sqlstate::kDataCorrupted) << what << ": " << blob.status();
        ++outcomes["blob damaged"];
      }
    }
    ++outcomes["opened"];
  }
  EXPECT_GT(outcomes["opened"], 100);
  EXPECT_GT(outcomes["blob damaged"], 10);
}

TEST(Corruption, ATornTailOpensAtTheCommitBeforeAndGoesOn) {
  SimDisk disk;
  auto pager = OpenPager(kPath, SmallOptions(&disk)).ValueOrDie();
  const auto commit = [&](const std::string& text) {
    WriteBatch batch;
    batch.AppendLog({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    ASSERT_TRUE(pager->Commit(batch).ok());
  };
  commit("first");
  commit("last of all");
  std::string bytes = disk.Contents(kPath);
  disk.KillProcess();
  bytes[bytes.find("last of all")] = 'X';
  disk.SetContents(kPath, bytes);
  pager = OpenPager(kPath, SmallOptions(&disk)).ValueOrDie();
  EXPECT_EQ(pager->stats().last_lsn, Lsn(1));
  commit("another");
  ASSERT_TRUE(pager->Close().ok());
  pager = OpenPager(kPath, SmallOptions(&disk)).ValueOrDie();
  EXPECT_EQ(pager->stats().last_lsn, Lsn(2));
}

TEST(Corruption, ADamagedDurableCommitBeforeLaterOnesIsAnErrorNotATornTail) {
  SimDisk disk;
  auto pager = OpenPager(kPath, SmallOptions(&disk)).ValueOrDie();
  for (const std::string text : {"one", "the damaged one", "three"}) {
    WriteBatch batch;
    batch.AppendLog({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    ASSERT_TRUE(pager->Commit(batch).ok());
  }
  std::string bytes = disk.Contents(kPath);
  disk.KillProcess();
  bytes[bytes.find("the damaged one")] = 'X';
  disk.SetContents(kPath, bytes);
  const arrow::Status status = OpenPager(kPath, SmallOptions(&disk)).status();
  EXPECT_EQ(GetSqlState(status), sqlstate::kDataCorrupted);
  EXPECT_NE(status.message().find("commit 2"), std::string::npos) << status;
}

TEST(Corruption, ForeignFilesAreNamedAndLeftAlone) {
  for (const std::string& bytes : {std::string("SQLite format 3\0", 16) + std::string(4080, 'x'), std::string("short"),
                                   std::string(100000, '\0')}) {
    SimDisk disk;
    disk.SetContents(kPath, bytes);
    const arrow::Status status = OpenPager(kPath, SmallOptions(&disk)).status();
    EXPECT_EQ(GetSqlState(status), sqlstate::kDataCorrupted);
    EXPECT_NE(status.message().find("'db' is not an LLKV database"), std::string::npos) << status;
    EXPECT_EQ(disk.Contents(kPath), bytes);
  }
}

}  // namespace
}  // namespace llkv
