// ctest-labels: enospc
// A full disk, failed writes, failed syncs and (where the file is read instead of mapped) failed reads at every
// operation of a scripted SQL workload, and a filesystem that is really full: the statement fails with 53100 or 58030,
// nothing of it is found, and the database is usable and intact once there is room (after a failed sync: once it was
// opened again).
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/testing/query_text.h"
#include "os/testing/sim_disk.h"
#include "pager/registry.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

constexpr char kPath[] = "db";

/// Statements that touch every way of writing: hot rows, bulk loads, deletes, DDL, checkpoints, a transaction.
const std::vector<std::string>& Workload() {
  static const std::vector<std::string> statements = {
      "CREATE TABLE t (k INTEGER PRIMARY KEY, s VARCHAR)",
      "INSERT INTO t SELECT i, 'row ' || i FROM range(200) AS r(i)",
      "CHECKPOINT",
      "DELETE FROM t WHERE k % 3 = 0",
      "CREATE TABLE u AS SELECT k, s || s AS s FROM t",
      "INSERT INTO t SELECT i, NULL FROM range(300, 350) AS r(i)",
      "CHECKPOINT",
      "UPDATE t SET s = 'changed' WHERE k % 7 = 1",
      "BEGIN",
      "INSERT INTO u VALUES (-1, 'inside')",
      "DELETE FROM t WHERE k < 20",
      "COMMIT",
      "DROP TABLE u",
      "CHECKPOINT",
      "INSERT INTO t VALUES (5000, 'after')",
      "CREATE VIEW v AS SELECT k FROM t WHERE s IS NULL",
  };
  return statements;
}

class EngineFaults : public testing::Test {
 protected:
  void MakeDisk() {
    session_.reset();
    engine_.reset();
    disk_ = std::make_unique<SimDisk>();
  }

  arrow::Status Open() {
    session_.reset();
    engine_.reset();
    PagerOptions options;
    options.file_system = disk_.get();
    options.min_segment_bytes = 8 << 10;
    options.max_segment_bytes = 64 << 10;
    options.address_space_bytes = uint64_t{64} << 20;
    options.checkpoint_log_bytes = 8 << 10;
    options.sync_ahead_bytes = 4 << 10;
    options.io = io_;
    ARROW_ASSIGN_OR_RAISE(auto pager, OpenPager(kPath, options));
    EngineOptions engine_options;
    engine_options.num_threads = 1;
    ARROW_ASSIGN_OR_RAISE(engine_, SqlEngine::Make(std::move(pager), engine_options));
    ARROW_ASSIGN_OR_RAISE(Session session, engine_->NewSession());
    session_ = std::make_unique<Session>(std::move(session));
    return arrow::Status::OK();
  }

  void Restart() {
    disk_->KillProcess();
    session_.reset();
    engine_.reset();
  }

  static std::string Contents(Session& session) {
    return QueryText(session, "SELECT * FROM t ORDER BY k") + "--\n" +
           QueryText(session, "SELECT * FROM u ORDER BY k") + "--\n" + QueryText(session, "SELECT * FROM v ORDER BY k");
  }

  /// The contents after the statements, where no fault is.
  static std::string ContentsAfter(const std::vector<std::string>& statements) {
    auto engine = MakeMemoryEngine();
    auto session = engine->NewSession().ValueOrDie();
    for (const std::string& sql : statements) EXPECT_EQ(RunSql(session, sql), "") << sql;
    return Contents(session);
  }

  /// Runs the workload with what `fail` makes fail, and checks all that is promised. False where nothing failed.
  bool RunWith(const std::function<void(SimDisk&)>& fail, const std::string& expected_state, bool needs_reopening,
               const std::string& what) {
    MakeDisk();
    EXPECT_TRUE(Open().ok());
    fail(*disk_);
    std::vector<std::string> done;
    std::vector<std::string> in_transaction;
    bool open_transaction = false;
    bool failed = false;
    for (const std::string& sql : Workload()) {
      const std::string state = RunSql(*session_, sql);
      if (!state.empty()) {
        failed = true;
        EXPECT_EQ(state, expected_state) << what << ": " << sql;
        if (sql == "COMMIT") {
          open_transaction = false;
          in_transaction.clear();
        }
        break;
      }
      if (sql == "BEGIN") open_transaction = true;
      (open_transaction ? in_transaction : done).push_back(sql);
      if (sql == "COMMIT") {
        done.insert(done.end(), in_transaction.begin(), in_transaction.end());
        in_transaction.clear();
        open_transaction = false;
      }
    }
    disk_->SetFull(false);
    disk_->FailRead(0);
    if (open_transaction) {
      EXPECT_EQ(RunSql(*session_, "ROLLBACK"), "") << what;
    }
    const std::string expected = ContentsAfter(done);
    EXPECT_EQ(Contents(*session_), expected) << what;
    if (needs_reopening && failed) {
      EXPECT_EQ(RunSql(*session_, "CREATE TABLE w (a INT)"), "58030") << what;
    } else {
      EXPECT_EQ(RunSql(*session_, "CREATE TABLE w (a INT); INSERT INTO w VALUES (1); DROP TABLE w"), "") << what;
      ExpectIntact(what);
    }
    Restart();
    const arrow::Status reopened = Open();
    EXPECT_TRUE(reopened.ok()) << what << ": " << reopened;
    if (!reopened.ok()) return failed;
    EXPECT_EQ(Contents(*session_), expected) << what << ", reopened";
    ExpectIntact(what + ", reopened");
    EXPECT_EQ(RunSql(*session_, "CREATE TABLE w (a INT); INSERT INTO w VALUES (1)"), "") << what << ", reopened";
    return failed;
  }

  /// A header slot that was being written is damaged until the next checkpoint writes it, and that is said; all else is
  /// as it should be.
  void ExpectIntact(const std::string& what) {
    const std::string checked = QueryText(*session_, "PRAGMA integrity_check");
    const bool is_torn_slot = checked.starts_with("'db': header slot") && checked.find('\n') == std::string::npos;
    EXPECT_TRUE(checked == "ok" || is_torn_slot) << what << ": " << checked;
  }

  /// How many writes and syncs the workload makes.
  void Measure(uint64_t* writes, uint64_t* syncs) {
    MakeDisk();
    ASSERT_OK(Open());
    const uint64_t writes_before = disk_->num_writes();
    const uint64_t syncs_before = disk_->num_syncs();
    for (const std::string& sql : Workload()) ASSERT_EQ(RunSql(*session_, sql), "") << sql;
    *writes = disk_->num_writes() - writes_before;
    *syncs = disk_->num_syncs() - syncs_before;
    Restart();
  }

  FileIo io_ = FileIo::kMap;
  std::unique_ptr<SimDisk> disk_;
  std::unique_ptr<SqlEngine> engine_;
  std::unique_ptr<Session> session_;
};

TEST_F(EngineFaults, EachWriteFails) {
  uint64_t writes = 0;
  uint64_t syncs = 0;
  Measure(&writes, &syncs);
  ASSERT_GT(writes, 20u);
  for (const auto& [fault, state] :
       {std::pair{WriteFault::kNoSpace, "53100"}, {WriteFault::kError, "58030"}, {WriteFault::kShort, "58030"}}) {
    uint64_t num_failed = 0;
    for (uint64_t n = 1; n <= writes; ++n) {
      num_failed += RunWith([n, fault = fault](SimDisk& disk) { disk.FailWrite(n, fault); }, state, false,
                            std::string("write ") + std::to_string(n) + " with " + state);
      if (testing::Test::HasFailure()) return;
    }
    std::printf("writes: %d, statements that failed: %d\n", static_cast<int>(writes), static_cast<int>(num_failed));
    EXPECT_GT(num_failed, writes / 4);
  }
}

TEST_F(EngineFaults, EachSyncFails) {
  uint64_t writes = 0;
  uint64_t syncs = 0;
  Measure(&writes, &syncs);
  ASSERT_GT(syncs, 10u);
  uint64_t num_failed = 0;
  for (uint64_t n = 1; n <= syncs; ++n) {
    num_failed += RunWith([n](SimDisk& disk) { disk.FailSync(n); }, "58030", true, "sync " + std::to_string(n));
    if (testing::Test::HasFailure()) return;
  }
  std::printf("syncs: %d, statements that failed: %d\n", static_cast<int>(syncs), static_cast<int>(num_failed));
  EXPECT_GT(num_failed, syncs / 2);
}

TEST_F(EngineFaults, EachReadFails) {
  io_ = FileIo::kRead;
  MakeDisk();
  ASSERT_OK(Open());
  const uint64_t before = disk_->num_reads();
  for (const std::string& sql : Workload()) ASSERT_EQ(RunSql(*session_, sql), "") << sql;
  const uint64_t reads = disk_->num_reads() - before;
  Restart();
  ASSERT_GT(reads, 10u);
  uint64_t num_failed = 0;
  for (uint64_t n = 1; n <= reads; ++n) {
    num_failed += RunWith([n](SimDisk& disk) { disk.FailRead(n); }, "58030", false, "read " + std::to_string(n));
    if (testing::Test::HasFailure()) return;
  }
  std::printf("reads: %d, statements that failed: %d\n", static_cast<int>(reads), static_cast<int>(num_failed));
  EXPECT_GT(num_failed, reads / 2);
}

TEST_F(EngineFaults, EachReadOfOpeningAndReadingFails) {
  io_ = FileIo::kRead;
  MakeDisk();
  ASSERT_OK(Open());
  for (const std::string& sql : Workload()) ASSERT_EQ(RunSql(*session_, sql), "") << sql;
  const std::string sql = "SELECT count(*), sum(k), max(s) FROM t WHERE k % 2 = 0";
  const std::string expected = QueryText(*session_, sql);
  const std::string file = disk_->Contents(kPath);
  uint64_t num_refused = 0;
  uint64_t num_failed = 0;
  bool is_over = false;
  for (uint64_t n = 1; !is_over; ++n) {
    const std::string what = "read " + std::to_string(n);
    Restart();
    disk_->SetContents(kPath, file);
    const uint64_t before = disk_->num_reads();
    disk_->FailRead(n);
    const arrow::Status opened = Open();
    if (!opened.ok()) {
      ++num_refused;
      EXPECT_EQ(StateOf(opened), "58030") << what;
      Restart();
      ASSERT_OK(Open());
    } else {
      const std::string text = QueryText(*session_, sql);
      is_over = disk_->num_reads() - before < n;
      disk_->FailRead(0);
      if (text != expected) {
        ++num_failed;
        EXPECT_TRUE(text.starts_with("error 58030")) << what << ": " << text;
      }
    }
    EXPECT_EQ(QueryText(*session_, sql), expected) << what;
    ExpectIntact(what);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(num_refused, 5u);
  EXPECT_GT(num_failed, 0u);
}

/// A filesystem of 8 MiB in memory, unmounted with it.
class SmallFilesystem {
 public:
  SmallFilesystem() { mounted_ = mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=8m") == 0; }
  ~SmallFilesystem() {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::string File(const std::string& name) const { return folder_.File(name); }

 private:
  ScratchFolder folder_;
  bool mounted_ = false;
};

TEST(EngineOnAFullFilesystem, FailsAndGoesOnOnceThereIsRoom) {
  const SmallFilesystem small;
  if (!small.mounted()) {
    const char* required = std::getenv("LLKV_REQUIRE_TEST_DATA");
    // Without the right to mount there is no such filesystem; CI runs as root.
    ASSERT_FALSE(required != nullptr && std::string(required) == "1" && geteuid() == 0 && errno != EPERM)
        << "tmpfs cannot be mounted: " << std::strerror(errno);
    GTEST_SKIP() << "tmpfs cannot be mounted here: " << std::strerror(errno);
  }
  const std::string path = small.File("db");
  std::string expected;
  {
    ASSERT_OK_AND_ASSIGN(auto engine, SqlEngine::Open(path));
    ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
    ASSERT_EQ(RunSql(session, "CREATE TABLE t (k BIGINT PRIMARY KEY, s VARCHAR)"), "");
    ASSERT_EQ(RunSql(session, "CREATE TABLE filler (s VARCHAR)"), "");
    std::string state;
    for (int i = 0; i < 1000 && state.empty(); ++i) {
      state = RunSql(session, "INSERT INTO t SELECT " + std::to_string(i) +
                                  " * 1000 + i, 'text that is stored ' || i * 7919 FROM range(1000) AS r(i)");
    }
    EXPECT_EQ(state, "53100");
    const std::string count = QueryText(session, "SELECT count(*) % 1000, count(*) > 0 FROM t");
    EXPECT_EQ(count, "0|true");
    expected = QueryText(session, "SELECT count(*), sum(k) FROM t");
    EXPECT_EQ(QueryText(session, "PRAGMA integrity_check"), "ok");
  }
  ASSERT_EQ(mount("tmpfs", path.substr(0, path.rfind('/')).c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0)
      << std::strerror(errno);
  ASSERT_OK_AND_ASSIGN(auto engine, SqlEngine::Open(path));
  ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
  EXPECT_EQ(QueryText(session, "SELECT count(*), sum(k) FROM t"), expected);
  EXPECT_EQ(RunSql(session, "INSERT INTO t SELECT -1 - i, 'more' FROM range(1000) AS r(i)"), "");
  EXPECT_EQ(RunSql(session, "CHECKPOINT"), "");
  EXPECT_EQ(QueryText(session, "PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace llkv
