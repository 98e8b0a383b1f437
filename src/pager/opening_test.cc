// How much opening a database file reads: a bound that does not depend on the file's size, beside the log's tail.
// Counted under the pager: bytes that are read, and pages of the mapping that are touched.
#include <arrow/buffer.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/testing/status_asserts.h"
#include "os/testing/read_counter.h"
#include "pager/file/file_pager.h"
#include "pager/file/reader_pager.h"
#include "pager/registry.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

constexpr uint64_t kBound = uint64_t{64} << 10;

/// What is in a file.
struct Shape {
  uint64_t num_large = 0;
  uint64_t large_bytes = 0;
  uint64_t num_small = 0;
  /// Distance of the small blobs' keys: the directory has a leaf for each where it is 128.
  uint64_t key_step = 1;
};

class Opening : public testing::Test {
 protected:
  PagerOptions Options(bool read_only = false) {
    PagerOptions options;
    options.file_system = &counter_;
    options.read_only = read_only;
    return options;
  }
  std::string path() const { return folder_.File("db"); }

  /// A file with blobs, closed. Zeros take no room.
  void Make(const Shape& shape) {
    counter_.MakeSparse();
    PagerOptions options = Options();
    options.durability = Durability::kProcess;
    ASSERT_OK_AND_ASSIGN(auto pager, OpenPager(path(), options));
    const std::shared_ptr<arrow::Buffer> large = *arrow::AllocateBuffer(static_cast<int64_t>(shape.large_bytes));
    std::fill_n(large->mutable_data(), shape.large_bytes, uint8_t{0});
    for (uint64_t i = 0; i < shape.num_large; ++i) {
      WriteBatch batch;
      batch.Put(pager->Allocate(1).ValueOrDie(), large);
      ASSERT_OK(pager->Commit(batch).status());
    }
    for (uint64_t i = 0; i < shape.num_small;) {
      WriteBatch batch;
      for (int j = 0; j < 5000 && i < shape.num_small; ++j, ++i) {
        batch.Put(pager->Allocate(shape.key_step).ValueOrDie(), arrow::Buffer::FromString("blob " + std::to_string(i)));
      }
      batch.SetRoot(arrow::Buffer::FromString("root " + std::to_string(i)));
      ASSERT_OK(pager->Commit(batch).status());
    }
    ASSERT_OK(pager->Close());
  }

  /// Commits in a child process until it is killed, after so many of them.
  void KillUnderLoad(int commits) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto pager = OpenPager(path(), Options()).ValueOrDie();
      std::mt19937_64 random(1);
      for (int i = 0;; ++i) {
        WriteBatch batch;
        const std::string record(random() % 600, 'r');
        batch.Put(pager->Allocate(1).ValueOrDie(), arrow::Buffer::FromString(std::string(random() % 900, 'b')));
        batch.AppendLog({reinterpret_cast<const uint8_t*>(record.data()), record.size()});
        if (i % 1000 == 999) batch.TruncateLog(Lsn(pager->stats().last_lsn.value - 500));
        CommitOptions options;
        options.durability = Durability::kProcess;
        if (!pager->Commit(batch, options).ok()) ::_exit(1);
        if (i == commits && ::write(ready[1], "x", 1) != 1) ::_exit(1);
      }
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    ::close(ready[0]);
    ::close(ready[1]);
  }

  /// Opens, and gives what that read; `*replayed` is what of it is the log's tail.
  uint64_t Open(bool read_only, PagerStats* stats, uint64_t* replayed) {
    const uint64_t before = counter_.bytes();
    auto pager = OpenPager(path(), Options(read_only));
    EXPECT_TRUE(pager.ok()) << pager.status();
    const uint64_t bytes = counter_.bytes() - before;
    if (!pager.ok()) return bytes;
    EXPECT_EQ((*pager)->warnings(), std::vector<std::string>());
    *stats = (*pager)->stats();
    *replayed = read_only ? dynamic_cast<file::ReaderPager&>(**pager).replayed_bytes()
                          : dynamic_cast<file::FilePager&>(**pager).replayed_bytes();
    return bytes;
  }

  void ExpectBounded(const char* what) {
    for (const bool read_only : {true, false}) {
      PagerStats stats;
      uint64_t replayed = 0;
      const uint64_t bytes = Open(read_only, &stats, &replayed);
      std::printf("%s, %s: %llu bytes of %llu read, %llu keys, %llu segments, log tail %llu\n", what,
                  read_only ? "read-only" : "for writing", static_cast<unsigned long long>(bytes),
                  static_cast<unsigned long long>(stats.size_bytes), static_cast<unsigned long long>(stats.num_keys),
                  static_cast<unsigned long long>(stats.num_segments), static_cast<unsigned long long>(replayed));
      EXPECT_LE(bytes, kBound + replayed) << what;
      // What is replayed is bounded, too.
      EXPECT_LE(replayed, (uint64_t{4} << 20) * 2) << what;
    }
  }

  ScratchFolder folder_;
  ReadCounter counter_{FileSystem::Default()};
};

TEST_F(Opening, ASmallFile) {
  Make({2, 400'000, 100, 1});
  ExpectBounded("small, closed");
  KillUnderLoad(3000);
  ExpectBounded("small, killed");
}

TEST_F(Opening, AFileOfTenGigabytes) {
  Make({640, uint64_t{16} << 20, 1000, 1});
  ExpectBounded("10 GB, closed");
  KillUnderLoad(3000);
  ExpectBounded("10 GB, killed");
}

TEST_F(Opening, ADeepDirectory) {
  Make({4, uint64_t{1} << 20, 60'000, 1000});
  ExpectBounded("deep, closed");
  KillUnderLoad(20'000);
  ExpectBounded("deep, killed");
}

}  // namespace
}  // namespace llkv
