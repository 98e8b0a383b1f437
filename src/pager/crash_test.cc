// ctest-labels: crash
// Stops FilePager at every operation of a scripted workload on the simulated disk, takes the power away, opens what is
// left, and compares it with a model: every acknowledged commit is there, the one in flight whole or not at all, and
// nothing else. The workload frees much of what it puts, so that segments are used again, punched and compacted, and it
// vacuums. Then shows that four planted bugs would not go unseen.
#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "base/error.h"
#include "os/testing/sim_disk.h"
#include "pager/file/file_pager.h"

namespace llkv {
namespace {

constexpr char kPath[] = "db";
constexpr int kSteps = 190;

PagerOptions SmallOptions(FileSystem* file_system) {
  PagerOptions options;
  options.file_system = file_system;
  options.min_segment_bytes = 4 << 10;
  options.max_segment_bytes = 16 << 10;
  options.address_space_bytes = uint64_t{64} << 20;
  options.checkpoint_log_bytes = 6 << 10;
  options.sync_ahead_bytes = 4 << 10;
  return options;
}

/// What a commit reaches.
struct Model {
  std::map<uint64_t, std::string> blobs;
  std::map<uint64_t, std::string> log;
  std::string root;
  bool operator==(const Model&) const = default;
};

arrow::Result<Model> ReadAll(Pager& pager) {
  Model model;
  ARROW_ASSIGN_OR_RAISE(const auto snapshot, pager.Pin());
  ARROW_ASSIGN_OR_RAISE(const auto keys, pager.Keys(snapshot.get()));
  for (const PhysicalKey key : keys) {
    ARROW_ASSIGN_OR_RAISE(const auto blob, pager.Get(key, snapshot.get()));
    model.blobs[key.value] = blob->ToString();
  }
  if (snapshot->root() != nullptr) model.root = snapshot->root()->ToString();
  ARROW_RETURN_NOT_OK(pager.ReadLog(Lsn(), [&](Lsn lsn, std::span<const uint8_t> record) {
    model.log[lsn.value] = std::string(record.begin(), record.end());
    return arrow::Status::OK();
  }));
  return model;
}

/// Compares the counts of live bytes with what is reached.
arrow::Status CheckSpace(Pager& pager) { return dynamic_cast<file::FilePager&>(pager).CheckSpace(); }

/// The scripted workload. A run without a crash gives the model after each commit; a run with one repeats it up to
/// there.
class Workload {
 public:
  Workload(SimDisk& disk, const FilePagerTestHooks& hooks) : disk_(disk), hooks_(hooks) {}

  arrow::Status Run() {
    ARROW_RETURN_NOT_OK(Open());
    for (int step = 0; step < kSteps; ++step) {
      ARROW_RETURN_NOT_OK(Step());
      if (step % 5 == 4) ARROW_RETURN_NOT_OK(Reclaim());
      if (step % 70 == 50) {
        // All before is in the new file, on stable storage.
        ARROW_RETURN_NOT_OK(pager_->Vacuum());
        full_ = process_ = states_.size() - 1;
      }
      if (step % 60 == 59) {
        ARROW_RETURN_NOT_OK(pager_->Close());
        full_ = states_.size() - 1;
        ARROW_RETURN_NOT_OK(Open());
      }
    }
    ARROW_RETURN_NOT_OK(pager_->Close());
    full_ = states_.size() - 1;
    return arrow::Status::OK();
  }

  /// The model after commit 0, 1, 2, …
  const std::vector<Model>& states() const { return states_; }
  /// Blobs that were moved by compaction.
  uint64_t num_moved() const { return num_moved_; }
  /// The last commit that was acknowledged as safe from power loss, and from the end of the process.
  uint64_t full() const { return full_; }
  uint64_t process() const { return process_; }

 private:
  arrow::Status Open() {
    pager_.reset();
    ARROW_ASSIGN_OR_RAISE(pager_, OpenFilePager(kPath, SmallOptions(&disk_), hooks_));
    moved_before_ = 0;
    return arrow::Status::OK();
  }

  /// Commits that only moved blobs have the state of the one before.
  void Pad() {
    while (states_.size() <= pager_->stats().last_lsn.value) states_.push_back(states_.back());
  }

  arrow::Status Reclaim() {
    for (int i = 0; i < 6; ++i) {
      ARROW_ASSIGN_OR_RAISE(const bool more, pager_->Reclaim(6 << 10));
      Pad();
      if (!more) break;
    }
    const uint64_t moved = pager_->stats().num_blobs_moved;
    num_moved_ += moved - std::exchange(moved_before_, moved);
    // Comparing reads only; what it finds is the same without a crash.
    return CheckSpace(*pager_);
  }

  std::string Text(size_t size) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>('a' + random_() % 26);
    return text;
  }

  arrow::Status Put(WriteBatch& batch, Model& next) {
    ARROW_ASSIGN_OR_RAISE(const PhysicalKey key, pager_->Allocate(1));
    const std::string text = Text(random_() % 6 == 0 ? 3000 + random_() % 9000 : random_() % 300);
    next.blobs[key.value] = text;
    const auto bytes = arrow::Buffer::FromString(text);
    if (random_() % 4 == 0) {
      ARROW_ASSIGN_OR_RAISE(auto staged, pager_->Stage(key, {&bytes, 1}));
      batch.PutStaged(std::move(staged));
    } else {
      batch.Put(key, bytes);
    }
    return arrow::Status::OK();
  }

  arrow::Status Step() {
    WriteBatch batch;
    Model next = states_.back();
    const uint64_t kind = random_() % 10;
    if (kind < 6) {
      for (uint64_t i = 0; i <= 1 + random_() % 5; ++i) ARROW_RETURN_NOT_OK(Put(batch, next));
    }
    if (kind >= 4 && kind < 7 && states_.back().blobs.size() > 10) {
      auto victim = std::next(states_.back().blobs.begin(), static_cast<std::ptrdiff_t>(random_() % 10));
      const uint64_t count = states_.back().blobs.size() > 40 ? 25 : 1;
      for (uint64_t i = 0; i < count && victim != states_.back().blobs.end(); ++i, ++victim) {
        batch.Free(PhysicalKey(victim->first));
        next.blobs.erase(victim->first);
      }
    }
    if (kind % 3 == 0) {
      next.root = Text(20);
      batch.SetRoot(arrow::Buffer::FromString(next.root));
    }
    const uint64_t lsn = states_.size();
    if (kind == 5 && lsn > 20) {
      batch.TruncateLog(Lsn(lsn - 20));
      next.log.erase(next.log.begin(), next.log.upper_bound(lsn - 20));
    }
    if (kind >= 3) {
      const std::string record = Text(random_() % 400);
      batch.AppendLog({reinterpret_cast<const uint8_t*>(record.data()), record.size()});
      next.log[lsn] = record;
    }
    const uint64_t level = random_() % 8;
    const Durability durability =
        level == 0 ? Durability::kNone : (level == 1 ? Durability::kProcess : Durability::kFull);
    CommitOptions options;
    options.durability = durability;
    states_.push_back(std::move(next));
    ARROW_RETURN_NOT_OK(pager_->Commit(batch, options).status());
    Pad();
    if (durability == Durability::kFull) full_ = lsn;
    if (durability != Durability::kNone) process_ = lsn;
    return arrow::Status::OK();
  }

  SimDisk& disk_;
  const FilePagerTestHooks hooks_;
  std::mt19937_64 random_{42};
  std::unique_ptr<Pager> pager_;
  std::vector<Model> states_{Model()};
  uint64_t full_ = 0;
  uint64_t process_ = 0;
  uint64_t num_moved_ = 0;
  /// Of them, those that this pager had counted.
  uint64_t moved_before_ = 0;
};

/// Opens `disk` and compares; empty where all is right, else what is wrong. `at_least` is what was acknowledged.
std::string Check(SimDisk& disk, const FilePagerTestHooks& hooks, const std::vector<Model>& states, uint64_t at_least) {
  for (int round = 0; round < 2; ++round) {
    auto pager = OpenFilePager(kPath, SmallOptions(&disk), hooks);
    if (!pager.ok()) return "does not open: " + pager.status().ToString();
    const auto found = ReadAll(**pager);
    if (!found.ok()) return "cannot be read: " + found.status().ToString();
    const arrow::Status counts = CheckSpace(**pager);
    if (!counts.ok()) return "counts its space wrong: " + counts.ToString();
    const uint64_t lsn = (*pager)->stats().last_lsn.value;
    if (round == 1) {
      if (!found->blobs.empty() && found->root == "after") continue;
      return "lost the commit after recovery";
    }
    if (lsn < at_least) return "lost commit " + std::to_string(at_least) + ", has " + std::to_string(lsn);
    // Moves are commits that change nothing; those that were in progress are not among the states.
    if (lsn > states.size() + 8) return "has commit " + std::to_string(lsn) + ", which was never made";
    if (!(*found == states[std::min<uint64_t>(lsn, states.size() - 1)]))
      return "differs from what commit " + std::to_string(lsn) + " left";
    // Life goes on.
    WriteBatch batch;
    batch.Put((*pager)->Allocate(1).ValueOrDie(), arrow::Buffer::FromString("after"));
    batch.SetRoot(arrow::Buffer::FromString("after"));
    const auto committed = (*pager)->Commit(batch);
    if (!committed.ok()) return "refuses a commit: " + committed.status().ToString();
    disk.KillProcess();
  }
  return {};
}

struct Outcome {
  uint64_t points = 0;
  uint64_t recovered = 0;
  uint64_t num_moved = 0;
  std::string first_failure;
};

enum class Points { kEveryOperation, kSyncsOfAHeader };

/// Crashes at the operations, `seeds` times with another fate of the unsynced bytes.
Outcome CrashEverywhere(const FilePagerTestHooks& hooks, uint64_t seeds, bool stop_at_failure,
                        Points which = Points::kEveryOperation) {
  Outcome outcome;
  SimDisk whole_disk;
  Workload whole(whole_disk, hooks);
  std::vector<uint64_t> points;
  whole_disk.SetOnSync([&] {
    const bool header = whole_disk.HasUnsynced(kPath, 0, file::kHeaderBytes);
    if (which == Points::kSyncsOfAHeader && header) points.push_back(whole_disk.num_operations() + 1);
  });
  const arrow::Status status = whole.Run();
  if (!status.ok()) {
    outcome.first_failure = "the workload itself fails: " + status.ToString();
    return outcome;
  }
  outcome.num_moved = whole.num_moved();
  for (uint64_t point = 1; which == Points::kEveryOperation && point <= whole_disk.num_operations(); ++point) {
    points.push_back(point);
  }
  for (const uint64_t point : points) {
    SimDisk disk;
    disk.CrashAt(point);
    Workload workload(disk, hooks);
    static_cast<void>(workload.Run());
    ++outcome.points;
    std::string wrong;
    for (uint64_t seed = 0; seed < seeds && wrong.empty(); ++seed) {
      auto after = disk.AfterPowerLoss(point * 1000 + seed);
      if (seed % 2 == 1) {
        // The power goes again while the database recovers.
        after->CrashAt(1 + point % 5);
        static_cast<void>(OpenFilePager(kPath, SmallOptions(after.get()), hooks));
        after = after->AfterPowerLoss(point * 1000 + seed + 500);
      }
      wrong = Check(*after, hooks, workload.states(), workload.full());
    }
    if (wrong.empty()) {
      disk.KillProcess();
      wrong = Check(disk, hooks, workload.states(), workload.process());
    }
    if (wrong.empty()) {
      ++outcome.recovered;
      continue;
    }
    if (outcome.first_failure.empty()) {
      outcome.first_failure = "crash at operation " + std::to_string(point) + ": the database " + wrong;
    }
    if (stop_at_failure) break;
  }
  return outcome;
}

TEST(Crash, EveryOperationOfTheWorkload) {
  const Outcome outcome = CrashEverywhere({}, 3, false);
  std::printf("crash points: %llu, recovered: %llu\n", static_cast<unsigned long long>(outcome.points),
              static_cast<unsigned long long>(outcome.recovered));
  EXPECT_GE(outcome.points, 500u) << outcome.first_failure;
  EXPECT_EQ(outcome.points, outcome.recovered) << outcome.first_failure;
  EXPECT_GT(outcome.num_moved, 20u);
}

TEST(Crash, CatchesRoomThatIsUsedAgainTooEarly) {
  FilePagerTestHooks hooks;
  hooks.reuse_at_once = true;
  const Outcome outcome = CrashEverywhere(hooks, 2, true);
  std::printf("caught: %s\n", outcome.first_failure.c_str());
  EXPECT_FALSE(outcome.first_failure.empty());
}

TEST(Crash, CatchesAcknowledgingWithoutASync) {
  FilePagerTestHooks hooks;
  hooks.skip_syncs = true;
  const Outcome outcome = CrashEverywhere(hooks, 2, true);
  std::printf("caught: %s\n", outcome.first_failure.c_str());
  EXPECT_NE(outcome.first_failure.find("crash at operation"), std::string::npos) << outcome.first_failure;
  EXPECT_LT(outcome.recovered, outcome.points);
}

TEST(Crash, CatchesACommitEntryWrittenBeforeItsBlobs) {
  FilePagerTestHooks hooks;
  hooks.commit_before_blobs = true;
  const Outcome outcome = CrashEverywhere(hooks, 2, true);
  std::printf("caught: %s\n", outcome.first_failure.c_str());
  EXPECT_NE(outcome.first_failure.find("crash at operation"), std::string::npos) << outcome.first_failure;
  EXPECT_LT(outcome.recovered, outcome.points);
}

TEST(Crash, CatchesAHeaderOutsideItsChecksum) {
  const Outcome sound = CrashEverywhere({}, 20, false, Points::kSyncsOfAHeader);
  EXPECT_EQ(sound.points, sound.recovered) << sound.first_failure;
  FilePagerTestHooks hooks;
  hooks.ignore_header_checksum = true;
  const Outcome outcome = CrashEverywhere(hooks, 20, true, Points::kSyncsOfAHeader);
  std::printf("caught: %s\n", outcome.first_failure.c_str());
  EXPECT_NE(outcome.first_failure.find("crash at operation"), std::string::npos) << outcome.first_failure;
  EXPECT_LT(outcome.recovered, outcome.points);
}

}  // namespace
}  // namespace llkv
