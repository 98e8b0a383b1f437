// The POSIX file system and the simulated disk behave alike where both promise to.
#include "os/file_system.h"

#include <arrow/result.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/error.h"
#include "os/fork_guard.h"
#include "os/testing/sim_disk.h"

namespace llkv {
namespace {

std::span<const uint8_t> Span(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class FileSystemTest : public testing::TestWithParam<bool> {
 protected:
  FileSystemTest() {
    if (GetParam()) return;
    const char* base = std::getenv("TMPDIR");
    folder_ = std::string(base != nullptr ? base : "/tmp") + "/llkv-os-XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) std::abort();
    folder_ += "/";
  }
  ~FileSystemTest() override {
    if (folder_.empty()) return;
    for (const char* name : {"a", "b"}) ::unlink((folder_ + name).c_str());
    ::rmdir(folder_.c_str());
  }

  FileSystem& fs() { return GetParam() ? static_cast<FileSystem&>(disk_) : *FileSystem::Default(); }
  std::string Path(const char* name) const { return folder_ + name; }
  std::unique_ptr<File> Create(const char* name) {
    return fs().Open(Path(name), {.write = true, .create = true, .truncate = false}).ValueOrDie();
  }
  static std::string ReadAll(File& file) {
    std::string text(file.Size().ValueOrDie(), '\0');
    const size_t got = file.Read(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()}).ValueOrDie();
    EXPECT_EQ(got, text.size());
    return text;
  }

  SimDisk disk_;
  std::string folder_;
};

TEST_P(FileSystemTest, WritesReadBackAndShowInTheMapping) {
  auto file = Create("a");
  auto mapping = file->Map(1 << 20).ValueOrDie();
  ASSERT_TRUE(file->Allocate(0, 8192).ok());
  ASSERT_TRUE(mapping->Extend(8192).ok());
  ASSERT_TRUE(file->Write(100, Span("hello")).ok());
  const std::string one = "one ";
  const std::string two = "two";
  const std::span<const uint8_t> pieces[] = {Span(one), {}, Span(two)};
  ASSERT_TRUE(file->WriteGather(5000, pieces).ok());
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(mapping->data()) + 100, 5), "hello");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(mapping->data()) + 5000, 7), "one two");
  EXPECT_EQ(file->Size().ValueOrDie(), 8192u);
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Truncate(105).ok());
  EXPECT_EQ(ReadAll(*file).substr(100), "hello");
  EXPECT_FALSE(mapping->Extend(2 << 20).ok());
}

TEST_P(FileSystemTest, GatherTakesManyPieces) {
  auto file = Create("a");
  std::vector<std::string> texts;
  std::vector<std::span<const uint8_t>> pieces;
  std::string whole;
  for (int i = 0; i < 500; ++i) texts.push_back(std::to_string(i) + ",");
  for (const std::string& text : texts) {
    pieces.push_back(Span(text));
    whole += text;
  }
  ASSERT_TRUE(file->WriteGather(0, pieces).ok());
  EXPECT_EQ(ReadAll(*file), whole);
}

TEST_P(FileSystemTest, NamesAreMadeMovedAndRemoved) {
  EXPECT_EQ(GetSqlState(fs().Open(Path("a"), {}).status()), sqlstate::kUndefinedFile);
  ASSERT_TRUE(Create("a")->Write(0, Span("text")).ok());
  ASSERT_TRUE(fs().Rename(Path("a"), Path("b")).ok());
  ASSERT_TRUE(fs().SyncDirectoryOf(Path("b")).ok());
  EXPECT_FALSE(fs().Exists(Path("a")).ValueOrDie());
  EXPECT_EQ(ReadAll(*fs().Open(Path("b"), {.write = false}).ValueOrDie()), "text");
  EXPECT_EQ(GetSqlState(fs().Open(Path("b"), {.write = false}).ValueOrDie()->Write(0, Span("x"))), sqlstate::kIoError);
  ASSERT_TRUE(fs().Unlink(Path("b")).ok());
  EXPECT_EQ(GetSqlState(fs().Unlink(Path("b"))), sqlstate::kUndefinedFile);
}

TEST_P(FileSystemTest, LocksConflictBetweenOpens) {
  auto first = Create("a");
  auto second = Create("a");
  EXPECT_TRUE(first->TryLock(0, 1, LockKind::kShared).ValueOrDie());
  EXPECT_TRUE(second->TryLock(0, 1, LockKind::kShared).ValueOrDie());
  EXPECT_TRUE(second->TryLock(1, 1, LockKind::kExclusive).ValueOrDie());
  EXPECT_FALSE(first->TryLock(1, 1, LockKind::kShared).ValueOrDie());
  ASSERT_TRUE(second->Unlock(1, 1).ok());
  EXPECT_TRUE(first->TryLock(1, 1, LockKind::kExclusive).ValueOrDie());
  EXPECT_TRUE(second->IsLocked(0, 100).ValueOrDie());
  EXPECT_FALSE(second->IsLocked(2, 100).ValueOrDie());
  ASSERT_TRUE(second->Unlock(0, 1).ok());
  EXPECT_TRUE(second->IsLocked(0, 1).ValueOrDie());
  EXPECT_FALSE(first->IsLocked(0, 100).ValueOrDie());
  first.reset();
  EXPECT_FALSE(second->IsLocked(0, 100).ValueOrDie());
  EXPECT_TRUE(second->TryLock(1, 1, LockKind::kExclusive).ValueOrDie());
}

TEST_P(FileSystemTest, PunchedRangesReadAsZeros) {
  auto file = Create("a");
  ASSERT_TRUE(file->Write(0, Span(std::string(8192, 'x'))).ok());
  if (!file->PunchHole(0, 4096).ValueOrDie()) GTEST_SKIP() << "this filesystem punches no holes";
  EXPECT_EQ(ReadAll(*file), std::string(4096, '\0') + std::string(4096, 'x'));
}

INSTANTIATE_TEST_SUITE_P(Kinds, FileSystemTest, testing::Values(false, true),
                         [](const auto& test) { return test.param ? "SimDisk" : "Posix"; });

TEST(SimDisk, AfterPowerLossOnlySyncedBytesAreCertain) {
  SimDisk disk;
  auto file = disk.Open("f", {.write = true, .create = true, .truncate = false}).ValueOrDie();
  ASSERT_TRUE(file->Write(0, Span("synced")).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(disk.SyncDirectoryOf("f").ok());
  ASSERT_TRUE(file->Write(0, Span("SYNCED")).ok());
  bool lost = false;
  bool kept = false;
  bool torn = false;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::string after = disk.AfterPowerLoss(seed)->Contents("f");
    lost |= after == "synced";
    kept |= after == "SYNCED";
    torn |= after != "synced" && after != "SYNCED";
  }
  EXPECT_TRUE(lost && kept && torn);
}

TEST(SimDisk, FailsFromTheCrashOn) {
  SimDisk disk;
  auto file = disk.Open("f", {.write = true, .create = true, .truncate = false}).ValueOrDie();
  disk.CrashAt(2);
  EXPECT_TRUE(file->Write(0, Span("first")).ok());
  EXPECT_FALSE(file->Write(0, Span("second")).ok());
  EXPECT_TRUE(disk.crashed());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(disk.Open("f", {}).ok());
}

TEST(ForkGuard, KnowsAChild) {
  const auto guard = ForkGuard::Make().ValueOrDie();
  EXPECT_FALSE(guard->forked());
  const pid_t child = ::fork();
  if (child == 0) ::_exit(guard->forked() ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(guard->forked());
}

}  // namespace
}  // namespace llkv
