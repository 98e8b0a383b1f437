// ctest-labels: threads
// Commits from many threads: they share syncs, keep one order, and readers and checkpoints go on beside them.
#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "os/testing/sim_disk.h"
#include "pager/registry.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

constexpr int kThreads = 16;
constexpr int kCommits = 60;

std::span<const uint8_t> Span(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

void RunThreads(const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(body, t);
  for (std::thread& thread : threads) thread.join();
}

TEST(GroupCommit, SixteenThreadsShareSyncs) {
  SimDisk disk;
  PagerOptions options;
  options.file_system = &disk;
  options.address_space_bytes = uint64_t{64} << 20;
  auto pager = OpenPager("db", options).ValueOrDie();
  // A sync begins when every thread that still runs waits for one, as on a disk that takes long.
  std::atomic<uint64_t> running{kThreads};
  disk.SetOnSync([&] {
    while (true) {
      const PagerStats stats = pager->stats();
      if (stats.last_lsn.value - stats.durable_lsn.value >= running.load()) return;
      std::this_thread::yield();
    }
  });
  const uint64_t syncs_before = disk.num_syncs();
  std::atomic<int> failures{0};
  RunThreads([&](int t) {
    WriteBatch batch;
    for (int i = 0; i < kCommits; ++i) {
      batch.AppendLog(Span(std::to_string(t) + "/" + std::to_string(i)));
      const auto ticket = pager->Submit(batch);
      if (!ticket.ok() || !pager->WaitDurable(*ticket).ok()) ++failures;
      if (pager->stats().durable_lsn < ticket->lsn) ++failures;
    }
    --running;
  });
  disk.SetOnSync(nullptr);
  const uint64_t syncs = disk.num_syncs() - syncs_before;
  EXPECT_EQ(failures.load(), 0);
  EXPECT_EQ(pager->stats().num_commits, static_cast<uint64_t>(kThreads * kCommits));
  std::printf("commits: %d, syncs: %llu\n", kThreads * kCommits, static_cast<unsigned long long>(syncs));
  EXPECT_LT(syncs, static_cast<uint64_t>(kThreads * kCommits / 4));
}

TEST(GroupCommit, OnePointCommitIsOneWriteAndOneSync) {
  SimDisk disk;
  PagerOptions options;
  options.file_system = &disk;
  options.address_space_bytes = uint64_t{64} << 20;
  auto pager = OpenPager("db", options).ValueOrDie();
  WriteBatch batch;
  // The first one's sync also covers what opening found, which is written again.
  batch.AppendLog(Span("a first record"));
  ASSERT_TRUE(pager->Commit(batch).ok());
  for (int i = 0; i < 10; ++i) {
    const uint64_t writes = disk.num_writes();
    const uint64_t file_writes = pager->stats().num_writes;
    const uint64_t syncs = disk.num_syncs();
    batch.AppendLog(Span("a small record"));
    ASSERT_TRUE(pager->Commit(batch).ok());
    EXPECT_EQ(pager->stats().num_writes - file_writes, 1u);
    // The other goes to the lock file: 32 bytes that tell readers in other processes.
    EXPECT_EQ(disk.num_writes() - writes, 2u);
    EXPECT_EQ(disk.num_syncs() - syncs, 1u);
  }
}

TEST(GroupCommit, WritersReadersAndCheckpointsTogether) {
  const ScratchFolder folder;
  PagerOptions options;
  options.min_segment_bytes = 16 << 10;
  options.max_segment_bytes = 64 << 10;
  options.address_space_bytes = uint64_t{256} << 20;
  options.checkpoint_log_bytes = 16 << 10;
  auto pager = OpenPager(folder.File("db"), options).ValueOrDie();
  std::atomic<int> failures{0};
  RunThreads([&](int t) {
    std::vector<std::pair<PhysicalKey, std::string>> mine;
    WriteBatch batch;
    for (int i = 0; i < kCommits; ++i) {
      const PhysicalKey key = pager->Allocate(1).ValueOrDie();
      const std::string text =
          std::to_string(t) + "/" + std::to_string(i) + std::string(static_cast<size_t>(i * 7), 'x');
      const std::shared_ptr<arrow::Buffer> bytes = arrow::Buffer::FromString(text);
      if (i % 3 == 0) {
        auto staged = pager->Stage(key, {&bytes, 1});
        if (!staged.ok()) ++failures;
        if (i % 6 == 0) batch.PutStaged(std::move(*staged));
      }
      if (i % 3 != 0) batch.Put(key, bytes);
      if (i % 3 == 0 && i % 6 != 0) continue;
      batch.AppendLog(Span(text));
      if (mine.size() > 20) {
        batch.Free(mine.front().first);
        mine.erase(mine.begin());
      }
      CommitOptions commit;
      commit.durability = static_cast<Durability>((i + t) % 3);
      const auto lsn = pager->Commit(batch, commit);
      if (!lsn.ok()) ++failures;
      if (i % 20 == 19) {
        batch.TruncateLog(Lsn(lsn->value / 2));
        if (!pager->Commit(batch, commit).ok()) ++failures;
      }
      mine.emplace_back(key, text);
      const auto snapshot = pager->Pin().ValueOrDie();
      for (const auto& [owned, expected] : mine) {
        const auto blob = pager->Get(owned, snapshot.get());
        if (!blob.ok() || (*blob)->ToString() != expected) ++failures;
      }
      if (i % 10 == 0) {
        uint64_t last = 0;
        const arrow::Status status = pager->ReadLog(Lsn(), [&](Lsn at, std::span<const uint8_t>) {
          if (at.value <= last) ++failures;
          last = at.value;
          return arrow::Status::OK();
        });
        EXPECT_TRUE(status.ok()) << status;
      }
    }
  });
  EXPECT_EQ(failures.load(), 0);
  EXPECT_GT(pager->stats().num_checkpoints, 0u);
  const auto keys = pager->Keys().ValueOrDie();
  ASSERT_TRUE(pager->Close().ok());
  pager = OpenPager(folder.File("db"), options).ValueOrDie();
  EXPECT_EQ(pager->Keys().ValueOrDie(), keys);
}

}  // namespace
}  // namespace llkv
