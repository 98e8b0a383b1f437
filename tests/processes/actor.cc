// One process of the tests with several: a writer that keeps invariants in every commit, or a reader that checks them.
//
//   llkv_actor write DB ACKNOWLEDGED SEED    until it is killed
//   llkv_actor read DB ACKNOWLEDGED SEED SECONDS
//   llkv_actor hold DB ACKNOWLEDGED SEED SECONDS    readers with a query and a transaction that last
//   llkv_actor reopen DB ACKNOWLEDGED SEED SECONDS
//
// ACKNOWLEDGED is a file of one number: the last commit that the writer's database acknowledged. Every commit of the
// writer counts `clock.seq` up by one, keeps the sum of account.balance at zero, adds its number to `history`, and
// leaves in the table `latest`, which is dropped and made again now and then, rows that all have the number of its
// making.
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/status.h>
#include <arrow/table.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "llkv/engine.h"
#include "llkv/error.h"
#include "llkv/prepared_statement.h"
#include "llkv/session.h"

namespace {

constexpr int64_t kAccounts = 1000;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "process %d: %s\n", static_cast<int>(::getpid()), what.c_str());
  std::_Exit(1);
}

void Check(const arrow::Status& status, const std::string& what) {
  if (!status.ok()) Fail(what + ": " + status.ToString());
}

template <typename T>
T Take(arrow::Result<T> result, const std::string& what) {
  Check(result.status(), what);
  return std::move(result).ValueUnsafe();
}

/// A number that processes share.
std::atomic<int64_t>* MapNumber(const char* path) {
  const int fd = ::open(path, O_RDWR);
  void* place = fd < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (place == MAP_FAILED) Fail(std::string("cannot map ") + path);
  return static_cast<std::atomic<int64_t>*>(place);
}

struct Actor {
  std::string path;
  std::atomic<int64_t>* acknowledged;
  std::mt19937_64 random;
  double seconds = 0;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

  bool IsTime() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds;
  }
  std::unique_ptr<llkv::SqlEngine> OpenReader() const {
    llkv::EngineOptions options;
    options.read_only = true;
    options.num_threads = 1;
    return Take(llkv::SqlEngine::Open(path, options), "open read-only");
  }
};

std::vector<int64_t> FirstRow(llkv::Session& session, const std::string& sql) {
  auto results = Take(session.ExecuteAll(sql), sql);
  auto batches = Take(results.back().reader->ToRecordBatches(), sql);
  std::vector<int64_t> row;
  for (const auto& batch : batches) {
    if (batch->num_rows() == 0) continue;
    for (const auto& column : batch->columns()) {
      const auto scalar = Take(column->GetScalar(0), sql);
      row.push_back(scalar->is_valid ? std::atoll(scalar->ToString().c_str()) : -1);
    }
    return row;
  }
  Fail(sql + " gives no row");
}

/// Reads the invariants in one statement; the commit that it saw.
int64_t CheckInvariants(llkv::Session& session, int64_t at_least) {
  const auto row = FirstRow(session,
                            "SELECT (SELECT CAST(max(seq) AS BIGINT) FROM clock), "
                            "(SELECT CAST(sum(balance) AS BIGINT) FROM account), "
                            "(SELECT count(*) FROM account), "
                            "(SELECT count(*) FROM history), (SELECT CAST(max(seq) AS BIGINT) FROM history), "
                            "(SELECT CAST(min(seq) AS BIGINT) FROM latest), "
                            "(SELECT CAST(max(seq) AS BIGINT) FROM latest), (SELECT count(*) FROM clock)");
  const int64_t seq = row[0];
  if (seq < at_least) {
    Fail("commit " + std::to_string(at_least) + " was acknowledged or seen before, now " + std::to_string(seq) +
         " is the newest");
  }
  if (row[1] != 0 || row[2] != kAccounts) {
    Fail("at commit " + std::to_string(seq) + " the sum of " + std::to_string(row[2]) + " balances is " +
         std::to_string(row[1]));
  }
  if (row[3] != seq || (seq > 0 && row[4] != seq)) {
    Fail("at commit " + std::to_string(seq) + " the history has " + std::to_string(row[3]) + " rows up to " +
         std::to_string(row[4]));
  }
  if (row[5] != row[6] || row[5] > seq) {
    Fail("at commit " + std::to_string(seq) + " `latest` is of " + std::to_string(row[5]) + " and " +
         std::to_string(row[6]));
  }
  if (row[7] != 1) Fail("the clock has " + std::to_string(row[7]) + " rows");
  return seq;
}

int Write(Actor& actor) {
  llkv::EngineOptions options;
  options.num_threads = 1;
  options.synchronous = actor.random() % 2 == 0 ? llkv::Synchronous::kNormal : llkv::Synchronous::kFull;
  auto engine = Take(llkv::SqlEngine::Open(actor.path, options), "open");
  auto session = Take(engine->NewSession(), "session");
  if (actor.acknowledged->load() < 0) {
    Check(session.Execute("BEGIN; CREATE TABLE clock (id INT PRIMARY KEY, seq BIGINT);"
                          "INSERT INTO clock VALUES (1, 0);"
                          "CREATE TABLE account (id INT PRIMARY KEY, balance BIGINT, note VARCHAR);"
                          "INSERT INTO account SELECT range, 0, 'account ' || range FROM range(1000);"
                          "CREATE TABLE history (seq BIGINT PRIMARY KEY, note VARCHAR);"
                          "CREATE TABLE latest (seq BIGINT); INSERT INTO latest VALUES (0); COMMIT"),
          "create");
    actor.acknowledged->store(0);
  }
  int64_t seq = CheckInvariants(session, actor.acknowledged->load());
  actor.acknowledged->store(seq);
  auto move = Take(session.Prepare("UPDATE account SET balance = balance + ? WHERE id = ?"), "prepare");
  while (true) {
    ++seq;
    const std::string number = std::to_string(seq);
    Check(session.Execute("BEGIN; UPDATE clock SET seq = " + number + "; INSERT INTO history VALUES (" + number +
                          ", 'commit " + number + "')"),
          "begin");
    const auto amount = static_cast<int64_t>(actor.random() % 100);
    for (const int64_t change : {amount, -amount}) {
      Check(move.Bind(1, change), "bind");
      Check(move.Bind(2, static_cast<int64_t>(actor.random() % kAccounts)), "bind");
      static_cast<void>(Take(move.Step(), "move"));
      if (move.rows_changed() != 1) Fail("a move changed no account");
    }
    switch (actor.random() % 60) {
      case 0:
        Check(session.Execute("DROP TABLE latest; CREATE TABLE latest AS SELECT CAST(" + number +
                              " AS BIGINT) AS seq FROM range(3000)"),
              "make anew");
        break;
      case 1:
        Check(session.Execute("DROP TABLE latest; CREATE TABLE latest (seq BIGINT, note VARCHAR); INSERT INTO latest "
                              "SELECT " +
                              number + ", 'row ' || range FROM range(50)"),
              "make anew");
        break;
      case 2:
        Check(session.Execute("UPDATE account SET note = 'changed by commit " + number + "'"), "change all");
        break;
      default:
        break;
    }
    Check(session.Execute("COMMIT"), "commit");
    actor.acknowledged->store(seq);
    if (actor.random() % 100 == 0) Check(session.Execute("CHECKPOINT"), "checkpoint");
    if (actor.random() % 150 == 0) Check(session.Execute("VACUUM"), "vacuum");
  }
}

int Read(Actor& actor) {
  auto engine = actor.OpenReader();
  auto session = Take(engine->NewSession(), "session");
  auto find = Take(session.Prepare("SELECT seq FROM clock WHERE id = ?"), "prepare");
  auto count = Take(session.Prepare("SELECT count(*), min(seq), max(seq) FROM latest"), "prepare");
  int64_t seen = 0;
  int64_t checks = 0;
  for (; actor.IsTime(); ++checks) {
    seen = CheckInvariants(session, std::max(seen, actor.acknowledged->load()));
    const int64_t before = std::max(seen, actor.acknowledged->load());
    Check(find.Bind(1, int64_t{1}), "bind");
    if (!Take(find.Step(), "step")) Fail("the clock is gone");
    seen = find.Get<int64_t>(0);
    find.Reset();
    if (seen < before) Fail("commit " + std::to_string(before) + " is not seen by a prepared statement");
    if (!Take(count.Step(), "step")) Fail("`latest` gives no row");
    if (count.Get<int64_t>(0) < 1 || count.Get<int64_t>(1) != count.Get<int64_t>(2)) Fail("`latest` is of two commits");
    count.Reset();
    if (checks % 8 == 0) {
      // The transaction sees what was there at BEGIN.
      const int64_t at_begin = std::max(seen, actor.acknowledged->load());
      Check(session.Execute("BEGIN"), "begin");
      const int64_t first = CheckInvariants(session, at_begin);
      if (CheckInvariants(session, first) != first) Fail("a transaction saw two commits");
      Check(session.Execute("COMMIT"), "commit");
      seen = first;
    }
    if (llkv::GetSqlState(session.Execute("DELETE FROM account")) != llkv::sqlstate::kReadOnlyTransaction) {
      Fail("a reader's DELETE was not refused");
    }
  }
  std::printf("%lld\n", static_cast<long long>(checks));
  return 0;
}

int Hold(Actor& actor) {
  auto engine = actor.OpenReader();
  auto session = Take(engine->NewSession(), "session");
  auto other = Take(engine->NewSession(), "session");
  int64_t rounds = 0;
  for (; actor.IsTime() || rounds == 0; ++rounds) {
    Check(session.Execute("BEGIN"), "begin");
    const int64_t seq = FirstRow(session, "SELECT seq FROM clock")[0];
    auto reader = Take(session.Query("SELECT h.seq, a.balance FROM history h, account a"), "query");
    int64_t rows = 0;
    int64_t sum = 0;
    std::shared_ptr<arrow::RecordBatch> batch;
    const auto until = actor.start + std::chrono::duration<double>(actor.seconds * static_cast<double>(rounds + 1) / 3);
    for (int64_t batches = 0; true; ++batches) {
      Check(reader->ReadNext(&batch), "next");
      if (batch == nullptr) break;
      const auto& balance = static_cast<const arrow::Int64Array&>(*batch->column(1));
      for (int64_t i = 0; i < batch->num_rows(); ++i) sum += balance.Value(i);
      rows += batch->num_rows();
      if (rows >= seq * kAccounts) continue;
      // Beside it, others go on.
      if (std::chrono::steady_clock::now() < until && batches % 16 == 0) {
        CheckInvariants(other, actor.acknowledged->load());
        if (CheckInvariants(session, seq) != seq) Fail("a transaction saw two commits");
      }
    }
    if (rows != seq * kAccounts || sum != 0) {
      Fail("a long query at commit " + std::to_string(seq) + " gave " + std::to_string(rows) + " rows with sum " +
           std::to_string(sum));
    }
    Check(session.Execute("COMMIT"), "commit");
  }
  std::printf("%lld\n", static_cast<long long>(rounds));
  return 0;
}

int Reopen(Actor& actor) {
  int64_t seen = 0;
  int64_t rounds = 0;
  for (; actor.IsTime(); ++rounds) {
    const int64_t before = std::max(seen, actor.acknowledged->load());
    auto engine = actor.OpenReader();
    auto session = Take(engine->NewSession(), "session");
    seen = CheckInvariants(session, before);
    seen = CheckInvariants(session, std::max(seen, actor.acknowledged->load()));
  }
  std::printf("%lld\n", static_cast<long long>(rounds));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) Fail("too few arguments");
  const std::string role = argv[1];
  Actor actor{argv[2], MapNumber(argv[3]), std::mt19937_64(std::strtoull(argv[4], nullptr, 10))};
  if (argc > 5) actor.seconds = std::atof(argv[5]);
  if (role == "write") return Write(actor);
  if (role == "read") return Read(actor);
  if (role == "hold") return Hold(actor);
  if (role == "reopen") return Reopen(actor);
  Fail("no such role");
}
