// ctest-labels: conformance
// What every pager does, whatever it stores in. Runs over all registered backends, with small segments so that short
// tests cross their borders.
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/testing/status_asserts.h"
#include "pager/registry.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

std::shared_ptr<arrow::Buffer> Bytes(const std::string& text) { return arrow::Buffer::FromString(text); }

std::span<const uint8_t> Span(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Random(std::mt19937_64& random, size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return text;
}

/// The name of a backend, with "_read" where files are read instead of mapped.
class PagerConformance : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (scheme() != GetParam()) options_.io = FileIo::kRead;
    options_.min_segment_bytes = 16 << 10;
    options_.max_segment_bytes = 64 << 10;
    options_.address_space_bytes = uint64_t{256} << 20;
    options_.checkpoint_log_bytes = 32 << 10;
    Open();
  }

  void Open() {
    auto pager = OpenPager(Uri(), options_);
    ASSERT_TRUE(pager.ok()) << pager.status();
    pager_ = std::move(*pager);
  }

  /// False where the backend forgets.
  bool Reopen() {
    if (!persistent()) return false;
    EXPECT_TRUE(pager_->Close().ok());
    pager_.reset();
    Open();
    return true;
  }

  std::string scheme() const { return GetParam().substr(0, GetParam().find('_')); }
  std::string Uri() const { return scheme() == "memory" ? ":memory:" : scheme() + ":" + folder_.File("db"); }
  bool persistent() const { return PagerRegistry().Find(scheme())->persistent; }

  PhysicalKey Allocate() { return pager_->Allocate(1).ValueOrDie(); }

  PhysicalKey Put(const std::string& text) {
    const PhysicalKey key = Allocate();
    WriteBatch batch;
    batch.Put(key, Bytes(text));
    EXPECT_TRUE(pager_->Commit(batch).ok());
    return key;
  }

  std::string Read(PhysicalKey key, const PagerSnapshot* snapshot = nullptr) {
    auto blob = pager_->Get(key, snapshot);
    if (!blob.ok()) return "failed: " + blob.status().ToString();
    EXPECT_EQ(reinterpret_cast<uintptr_t>((*blob)->data()) % 64, 0u);
    return (*blob)->ToString();
  }

  std::vector<std::pair<uint64_t, std::string>> Log(Lsn after = Lsn()) {
    std::vector<std::pair<uint64_t, std::string>> records;
    const arrow::Status status = pager_->ReadLog(after, [&](Lsn lsn, std::span<const uint8_t> record) {
      records.emplace_back(lsn.value, std::string(record.begin(), record.end()));
      return arrow::Status::OK();
    });
    EXPECT_TRUE(status.ok()) << status;
    return records;
  }

  ScratchFolder folder_;
  PagerOptions options_;
  std::unique_ptr<Pager> pager_;
};

TEST_P(PagerConformance, AllocateNeverRepeats) {
  const uint64_t first = pager_->Allocate(10).ValueOrDie().value;
  EXPECT_GT(first, 0u);
  EXPECT_GE(Allocate().value, first + 10);
}

TEST_P(PagerConformance, PutsAreReadAfterReopening) {
  std::mt19937_64 random(1);
  std::map<PhysicalKey, std::string> expected;
  for (const int size : {0, 1, 63, 64, 65, 4096, 16 << 10, 100000, 300000}) {
    const std::string text = Random(random, static_cast<size_t>(size));
    expected[Put(text)] = text;
  }
  for (int round = 0; round < 2; ++round) {
    for (const auto& [key, text] : expected) EXPECT_EQ(Read(key), text);
    std::vector<PhysicalKey> keys;
    for (const auto& [key, text] : expected) keys.push_back(key);
    EXPECT_EQ(pager_->Keys().ValueOrDie(), keys);
    EXPECT_EQ(pager_->Get(keys).ValueOrDie().size(), keys.size());
    if (!Reopen()) break;
  }
}

TEST_P(PagerConformance, APutOfPiecesIsTheirConcatenation) {
  const PhysicalKey key = Allocate();
  WriteBatch batch;
  batch.Put(key, {Bytes("one "), Bytes(""), Bytes("two")});
  ASSERT_OK(pager_->Commit(batch).status());
  EXPECT_EQ(Read(key), "one two");
}

TEST_P(PagerConformance, GetRangeGivesAPartAndRefusesBeyondTheEnd) {
  const PhysicalKey key = Put("0123456789");
  EXPECT_EQ(pager_->GetRange(key, 2, 3).ValueOrDie()->ToString(), "234");
  EXPECT_EQ(pager_->GetRange(key, 10, 0).ValueOrDie()->ToString(), "");
  EXPECT_EQ(GetSqlState(pager_->GetRange(key, 8, 3).status()), sqlstate::kInvalidParameter);
  EXPECT_EQ(GetSqlState(pager_->GetRange(key, 11, 0).status()), sqlstate::kInvalidParameter);
  EXPECT_EQ(GetSqlState(pager_->GetRange(key, 1, ~uint64_t{0}).status()), sqlstate::kInvalidParameter);
}

TEST_P(PagerConformance, AFreedKeyIsGoneButHeldBuffersStay) {
  const PhysicalKey key = Put("text");
  const auto held = pager_->Get(key).ValueOrDie();
  WriteBatch batch;
  batch.Free(key);
  ASSERT_OK(pager_->Commit(batch).status());
  EXPECT_EQ(GetSqlState(pager_->Get(key).status()), sqlstate::kDataCorrupted);
  EXPECT_TRUE(pager_->Keys().ValueOrDie().empty());
  ASSERT_OK(pager_->Close());
  pager_.reset();
  EXPECT_EQ(held->ToString(), "text");
}

TEST_P(PagerConformance, ASnapshotKeepsWhatItReaches) {
  const PhysicalKey old_key = Put("old");
  WriteBatch batch;
  batch.SetRoot(Bytes("root 1"));
  ASSERT_OK(pager_->Commit(batch).status());
  const auto snapshot = pager_->Pin().ValueOrDie();
  batch.Free(old_key);
  batch.SetRoot(Bytes("root 2"));
  const PhysicalKey new_key = Allocate();
  batch.Put(new_key, Bytes("new"));
  ASSERT_OK(pager_->Commit(batch).status());

  EXPECT_EQ(Read(old_key, snapshot.get()), "old");
  EXPECT_FALSE(pager_->Get(new_key, snapshot.get()).ok());
  EXPECT_EQ(pager_->Keys(snapshot.get()).ValueOrDie(), std::vector<PhysicalKey>{old_key});
  EXPECT_EQ(snapshot->root()->ToString(), "root 1");
  EXPECT_EQ(snapshot->root_version(), 1u);
  EXPECT_EQ(Read(new_key), "new");
  EXPECT_EQ(pager_->Keys().ValueOrDie(), std::vector<PhysicalKey>{new_key});
  const auto newer = pager_->Pin().ValueOrDie();
  EXPECT_EQ(newer->root()->ToString(), "root 2");
  EXPECT_EQ(newer->root_version(), 2u);
  EXPECT_EQ(newer->lsn().value, snapshot->lsn().value + 1);
}

TEST_P(PagerConformance, TheRootAndItsVersionSurvive) {
  EXPECT_EQ(pager_->Pin().ValueOrDie()->root(), nullptr);
  WriteBatch batch;
  for (int i = 1; i <= 3; ++i) {
    batch.SetRoot(Bytes("root " + std::to_string(i)));
    ASSERT_OK(pager_->Commit(batch).status());
  }
  for (int round = 0; round < 2; ++round) {
    const auto snapshot = pager_->Pin().ValueOrDie();
    EXPECT_EQ(snapshot->root()->ToString(), "root 3");
    EXPECT_EQ(snapshot->root_version(), 3u);
    EXPECT_EQ(snapshot->lsn().value, 3u);
    if (!Reopen()) break;
  }
}

TEST_P(PagerConformance, ARootPreconditionGuardsTheWholeBatch) {
  WriteBatch batch;
  batch.SetRoot(Bytes("mine"));
  ASSERT_OK(pager_->Commit(batch, {.expected_root_version = 0}).status());
  const PhysicalKey key = Allocate();
  batch.SetRoot(Bytes("theirs"));
  batch.Put(key, Bytes("blob"));
  const arrow::Status status = pager_->Commit(batch, {.expected_root_version = 0}).status();
  EXPECT_EQ(GetSqlState(status), sqlstate::kSerializationFailure);
  EXPECT_EQ(pager_->Pin().ValueOrDie()->root()->ToString(), "mine");
  EXPECT_FALSE(pager_->Get(key).ok());
  // The refused batch is as it was.
  ASSERT_OK(pager_->Commit(batch, {.expected_root_version = 1}).status());
  EXPECT_EQ(Read(key), "blob");
  EXPECT_TRUE(batch.puts().empty());
}

TEST_P(PagerConformance, BatchesThatMakeNoSenseAreRefusedWhole) {
  const PhysicalKey key = Put("text");
  const PhysicalKey fresh = Allocate();
  const auto refused = [&](const std::function<void(WriteBatch&)>& fill) {
    WriteBatch batch;
    batch.Put(fresh, Bytes("fresh"));
    fill(batch);
    EXPECT_EQ(GetSqlState(pager_->Commit(batch).status()), sqlstate::kInvalidParameter);
    EXPECT_FALSE(pager_->Get(fresh).ok());
  };
  refused([&](WriteBatch& batch) { batch.Put(key, Bytes("again")); });
  refused([&](WriteBatch& batch) { batch.Put(fresh, Bytes("twice")); });
  refused([&](WriteBatch& batch) { batch.Put(PhysicalKey(1000000), Bytes("never allocated")); });
  refused([&](WriteBatch& batch) { batch.Put(PhysicalKey(0), Bytes("none")); });
  refused([&](WriteBatch& batch) { batch.Free(PhysicalKey(1000000)); });
  refused([&](WriteBatch& batch) {
    batch.Free(key);
    batch.Free(key);
  });
  EXPECT_EQ(Read(key), "text");
}

TEST_P(PagerConformance, StagedBlobsExistOnceCommitted) {
  std::mt19937_64 random(2);
  const std::string text = Random(random, 200000);
  const PhysicalKey kept = Allocate();
  const PhysicalKey dropped = Allocate();
  const std::shared_ptr<arrow::Buffer> pieces[] = {Bytes(text.substr(0, 1000)), Bytes(text.substr(1000))};
  auto staged = pager_->Stage(kept, pieces).ValueOrDie();
  EXPECT_EQ(staged.size_bytes(), text.size());
  EXPECT_TRUE(pager_->Stage(dropped, pieces).ok());
  // Its owner can read it ahead, but no snapshot has it.
  EXPECT_EQ(Read(kept), text);
  EXPECT_FALSE(pager_->Get(kept, pager_->Pin().ValueOrDie().get()).ok());
  EXPECT_FALSE(pager_->Get(dropped).ok());
  WriteBatch batch;
  batch.PutStaged(std::move(staged));
  ASSERT_OK(pager_->Commit(batch).status());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Read(kept), text);
    EXPECT_FALSE(pager_->Get(dropped).ok());
    if (!Reopen()) break;
  }
}

TEST_P(PagerConformance, LogRecordsComeBackInOrder) {
  std::vector<std::pair<uint64_t, std::string>> expected;
  std::mt19937_64 random(3);
  WriteBatch batch;
  for (int i = 0; i < 300; ++i) {
    const std::string record = Random(random, i == 100 ? 100000 : static_cast<size_t>(i));
    batch.AppendLog(Span(record.substr(0, record.size() / 2)));
    batch.AppendLog(Span(record.substr(record.size() / 2)));
    const Lsn lsn = pager_->Commit(batch, {.durability = static_cast<Durability>(i % 3)}).ValueOrDie();
    expected.emplace_back(lsn.value, record);
    if (i % 50 == 0) Put("between");
  }
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Log(), expected);
    EXPECT_EQ(Log(Lsn(expected[99].first)).size(), 200u);
    if (!Reopen()) break;
  }
}

TEST_P(PagerConformance, TruncateLogDropsWithItsCommit) {
  WriteBatch batch;
  std::vector<Lsn> lsns;
  for (int i = 0; i < 400; ++i) {
    const std::string record = "record " + std::to_string(i) + std::string(200, 'x');
    batch.AppendLog(Span(record));
    lsns.push_back(pager_->Commit(batch).ValueOrDie());
  }
  batch.TruncateLog(lsns[390]);
  batch.SetRoot(Bytes("replaces them"));
  batch.AppendLog(Span("kept"));
  lsns.push_back(pager_->Commit(batch).ValueOrDie());
  for (int round = 0; round < 3; ++round) {
    const auto log = Log();
    ASSERT_EQ(log.size(), 10u);
    EXPECT_EQ(log.front().first, lsns[391].value);
    EXPECT_EQ(log.back().second, "kept");
    if (!Reopen()) break;
  }
}

TEST_P(PagerConformance, AFailingVisitorStopsReadLog) {
  WriteBatch batch;
  for (int i = 0; i < 3; ++i) {
    batch.AppendLog(Span("x"));
    ASSERT_OK(pager_->Commit(batch).status());
  }
  int calls = 0;
  const auto status = pager_->ReadLog(Lsn(), [&](Lsn, std::span<const uint8_t>) {
    return ++calls == 2 ? arrow::Status::Cancelled("enough") : arrow::Status::OK();
  });
  EXPECT_TRUE(status.IsCancelled());
  EXPECT_EQ(calls, 2);
}

TEST_P(PagerConformance, ManySmallKeysWithFreesMatchAModel) {
  std::mt19937_64 random(4);
  std::map<PhysicalKey, std::string> model;
  for (int round = 0; round < 120; ++round) {
    WriteBatch batch;
    for (int i = 0; i < 20; ++i) {
      const PhysicalKey key = Allocate();
      model[key] = "value " + std::to_string(random());
      batch.Put(key, Bytes(model[key]));
    }
    for (int i = 0; i < 8 && round > 0; ++i) {
      auto victim = model.lower_bound(PhysicalKey(random() % model.rbegin()->first.value));
      if (std::any_of(batch.puts().begin(), batch.puts().end(),
                      [&](const auto& put) { return put.key == victim->first; })) {
        continue;
      }
      batch.Free(victim->first);
      model.erase(victim);
    }
    ASSERT_OK(pager_->Commit(batch, {.durability = Durability::kProcess}).status());
    if (round % 40 == 39) Reopen();
    if (round % 40 == 39 && !persistent()) continue;
  }
  std::vector<PhysicalKey> keys;
  for (const auto& [key, text] : model) {
    keys.push_back(key);
    ASSERT_EQ(Read(key), text);
  }
  EXPECT_EQ(pager_->Keys().ValueOrDie(), keys);
  EXPECT_EQ(pager_->stats().num_keys, keys.size());
}

TEST_P(PagerConformance, SubmitOrdersAndWaitDurableFinishes) {
  WriteBatch batch;
  batch.AppendLog(Span("a"));
  const CommitTicket first = pager_->Submit(batch).ValueOrDie();
  batch.AppendLog(Span("b"));
  const CommitTicket second = pager_->Submit(batch).ValueOrDie();
  EXPECT_EQ(second.lsn.value, first.lsn.value + 1);
  ASSERT_OK(pager_->WaitDurable(second));
  EXPECT_GE(pager_->stats().durable_lsn, second.lsn);
  ASSERT_OK(pager_->WaitDurable(first));
  EXPECT_EQ(Log().size(), 2u);
}

TEST_P(PagerConformance, ThreadsCommitAndReadTogether) {
  constexpr int kThreads = 4;
  constexpr int kCommits = 50;
  std::vector<std::thread> threads;
  std::vector<std::vector<PhysicalKey>> keys(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCommits; ++i) {
        WriteBatch batch;
        const PhysicalKey key = pager_->Allocate(1).ValueOrDie();
        batch.Put(key, Bytes(std::to_string(t) + "/" + std::to_string(i)));
        batch.AppendLog(Span(std::to_string(t)));
        ASSERT_OK(pager_->Commit(batch, {.durability = static_cast<Durability>(i % 3)}).status());
        keys[static_cast<size_t>(t)].push_back(key);
        const auto snapshot = pager_->Pin().ValueOrDie();
        EXPECT_EQ(Read(key, snapshot.get()), std::to_string(t) + "/" + std::to_string(i));
        pager_->Prefetch({&key, 1});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int round = 0; round < 2; ++round) {
    for (int t = 0; t < kThreads; ++t) {
      for (int i = 0; i < kCommits; ++i) {
        EXPECT_EQ(Read(keys[static_cast<size_t>(t)][static_cast<size_t>(i)]),
                  std::to_string(t) + "/" + std::to_string(i));
      }
    }
    EXPECT_EQ(Log().size(), static_cast<size_t>(kThreads * kCommits));
    if (!Reopen()) break;
  }
}

TEST_P(PagerConformance, ReclaimingAndVacuumChangeNothingThatIsReached) {
  std::mt19937_64 random(5);
  std::map<PhysicalKey, std::string> model;
  WriteBatch batch;
  for (int round = 0; round < 8; ++round) {
    const PhysicalKey kept = Put(Random(random, 3000));
    const std::string kept_text = Read(kept);
    const auto snapshot = pager_->Pin().ValueOrDie();
    const auto held = pager_->Get(kept).ValueOrDie();
    const auto before = model;
    for (int i = 0; i < 300; ++i) {
      const PhysicalKey key = Allocate();
      model[key] = Random(random, 500 + random() % 1500);
      batch.Put(key, Bytes(model[key]));
      batch.AppendLog(Span("record " + std::to_string(round) + "/" + std::to_string(i)));
      if (model.size() > 60) {
        auto victim = std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % 50));
        batch.Free(victim->first);
        model.erase(victim);
      }
      ASSERT_OK(pager_->Commit(batch, {.durability = Durability::kProcess}).status());
    }
    batch.Free(kept);
    batch.TruncateLog(pager_->stats().last_lsn);
    batch.AppendLog(Span("the only one"));
    batch.SetRoot(Bytes("root " + std::to_string(round)));
    ASSERT_OK(pager_->Commit(batch).status());
    for (int i = 0; i < 100 && pager_->Reclaim(50000).ValueOrDie(); ++i) {
    }
    if (round % 2 == 1) ASSERT_OK(pager_->Vacuum());
    EXPECT_EQ(held->ToString(), kept_text);
    EXPECT_EQ(Read(kept, snapshot.get()), kept_text);
    for (const auto& [key, text] : before) ASSERT_EQ(Read(key, snapshot.get()), text);
    if (round % 3 == 2) Reopen();
    EXPECT_EQ(pager_->Keys().ValueOrDie().size(), model.size());
    for (const auto& [key, text] : model) ASSERT_EQ(Read(key), text) << round;
    EXPECT_EQ(pager_->Pin().ValueOrDie()->root()->ToString(), "root " + std::to_string(round));
    const auto log = Log();
    ASSERT_EQ(log.size(), 1u);
    EXPECT_EQ(log[0].second, "the only one");
    const PagerStats stats = pager_->stats();
    EXPECT_EQ(stats.space_live_bytes + stats.dead_bytes + stats.space_pinned_bytes + stats.space_free_bytes,
              stats.size_bytes);
  }
}

TEST_P(PagerConformance, NothingWorksAfterClose) {
  const PhysicalKey key = Put("text");
  ASSERT_OK(pager_->Close());
  ASSERT_OK(pager_->Close());
  WriteBatch batch;
  batch.AppendLog(Span("x"));
  EXPECT_EQ(GetSqlState(pager_->Commit(batch).status()), sqlstate::kObjectInUse);
  EXPECT_EQ(GetSqlState(pager_->Get(key).status()), sqlstate::kObjectInUse);
  EXPECT_EQ(GetSqlState(pager_->Pin().status()), sqlstate::kObjectInUse);
}

/// All that is said of a second opener, of readers and of missing databases, for backends that outlive the process.
TEST_P(PagerConformance, OneWriterAndItsReaders) {
  if (!persistent()) GTEST_SKIP() << "the backend forgets";
  const PhysicalKey key = Put("text");
  PagerOptions reading = options_;
  reading.read_only = true;
  const arrow::Status second = OpenPager(Uri(), options_).status();
  EXPECT_EQ(GetSqlState(second), sqlstate::kObjectInUse) << second;
  EXPECT_NE(second.message().find(folder_.File("db")), std::string::npos) << second;
  // Some backends let others read beside the writer.
  const arrow::Status beside = OpenPager(Uri(), reading).status();
  EXPECT_TRUE(beside.ok() || GetSqlState(beside) == sqlstate::kObjectInUse) << beside;
  ASSERT_OK(pager_->Close());
  auto first_reader = OpenPager(Uri(), reading);
  ASSERT_TRUE(first_reader.ok()) << first_reader.status();
  pager_ = std::move(*first_reader);
  EXPECT_TRUE(OpenPager(Uri(), reading).ok());
  EXPECT_EQ(Read(key), "text");
  EXPECT_EQ(Read(key, pager_->Pin().ValueOrDie().get()), "text");
  WriteBatch batch;
  batch.AppendLog(Span("x"));
  EXPECT_EQ(GetSqlState(pager_->Commit(batch).status()), sqlstate::kReadOnlyTransaction);
  EXPECT_EQ(GetSqlState(pager_->Allocate(1).status()), sqlstate::kReadOnlyTransaction);
}

TEST_P(PagerConformance, AMissingDatabaseIsMadeOnlyWhenAsked) {
  if (!persistent()) GTEST_SKIP() << "the backend forgets";
  PagerOptions reading = options_;
  reading.read_only = true;
  PagerOptions not_made = options_;
  not_made.create_if_missing = false;
  const std::string uri = scheme() + ":" + folder_.File("missing");
  for (const PagerOptions& options : {reading, not_made}) {
    EXPECT_EQ(GetSqlState(OpenPager(uri, options).status()), sqlstate::kUndefinedFile);
  }
}

TEST_P(PagerConformance, StagedBlobsThatNoCommitNamesAreGoneAfterReopening) {
  if (!persistent()) GTEST_SKIP() << "the backend forgets";
  const PhysicalKey key = Allocate();
  const std::shared_ptr<arrow::Buffer> pieces[] = {Bytes("staged")};
  auto staged = pager_->Stage(key, pieces).ValueOrDie();
  ASSERT_OK(pager_->Close());
  pager_.reset();
  Open();
  EXPECT_FALSE(pager_->Get(key).ok());
  EXPECT_TRUE(pager_->Keys().ValueOrDie().empty());
  Put("its room");
}

TEST_P(PagerConformance, SnapshotsOutliveThePager) {
  WriteBatch batch;
  batch.SetRoot(Bytes("root"));
  ASSERT_OK(pager_->Commit(batch).status());
  const auto snapshot = pager_->Pin().ValueOrDie();
  ASSERT_OK(pager_->Close());
  pager_.reset();
  EXPECT_EQ(snapshot->root()->ToString(), "root");
  if (persistent()) Open();
}

std::vector<std::string> Backends() {
  std::vector<std::string> schemes = {"file_read"};
  const PagerRegistry registry;
  for (const auto& backend : registry.backends()) {
    if (backend.available) schemes.push_back(backend.scheme);
  }
  return schemes;
}

INSTANTIATE_TEST_SUITE_P(Backends, PagerConformance, testing::ValuesIn(Backends()),
                         [](const auto& test) { return test.param; });

TEST(OpenPager, UnknownSchemesAreNamed) {
  const arrow::Status status = OpenPager("nosuch:somewhere").status();
  EXPECT_EQ(GetSqlState(status), sqlstate::kFeatureNotSupported);
  EXPECT_NE(status.message().find("nosuch"), std::string::npos);
  EXPECT_EQ(GetSqlState(OpenPager("").status()), sqlstate::kInvalidParameter);
}

}  // namespace
}  // namespace llkv
