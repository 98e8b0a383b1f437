// llkv_points: point work through prepared statements on a file, in LLKV or in SQLite through its C API, for
// bench/run.py.
//
//   llkv_points load ENGINE FILE ROWS             makes the table of a SELECT run: t (id, name, x), ids from 0
//   llkv_points select ENGINE FILE ROWS THREADS SECONDS   each thread with a connection of its own
//   llkv_points insert ENGINE FILE ROWS ORDER     one transaction of single-row inserts, ORDER is `ordered` or `random`
//
// ENGINE is llkv or sqlite. Prints one JSON line: operations, seconds, and a checksum that both engines must have
// alike.
#include <arrow/api.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "llkv/engine.h"

namespace {

double Seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

[[noreturn]] void Fail(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  std::exit(1);
}

void Must(const arrow::Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

template <typename T>
T Must(arrow::Result<T> result) {
  Must(result.status());
  return *std::move(result);
}

constexpr const char* kSchema = "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, x DOUBLE)";
/// The same, with the key as SQLite's row id: what it is fastest with.
constexpr const char* kSqliteSchema = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, x DOUBLE)";
constexpr const char* kSelect = "SELECT name, x FROM t WHERE id = ?";
constexpr const char* kInsert = "INSERT INTO t VALUES (?, ?, ?)";

/// Keys in an order that caches do not foresee.
class Keys {
 public:
  Keys(uint64_t seed, int64_t num_rows) : state_(seed), num_rows_(static_cast<uint64_t>(num_rows)) {}
  int64_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<int64_t>(state_ % num_rows_);
  }

 private:
  uint64_t state_;
  uint64_t num_rows_;
};

/// Number i of a permutation of [0, num_rows): a multiplication by an odd number in the next power of two, walked on
/// until it lies inside.
int64_t Permuted(int64_t i, int64_t num_rows) {
  uint64_t size = 1;
  while (size < static_cast<uint64_t>(num_rows)) size *= 2;
  auto value = static_cast<uint64_t>(i);
  do {
    value = (value * 2654435769u + 12345) & (size - 1);
    value ^= value >> 7;
  } while (value >= static_cast<uint64_t>(num_rows));
  return static_cast<int64_t>(value);
}

std::string NameOf(int64_t id) { return "name " + std::to_string(id % 1000003); }

struct Sqlite {
  explicit Sqlite(const std::string& file) {
    if (sqlite3_open(file.c_str(), &db) != SQLITE_OK) Fail("SQLite cannot open the file");
    Run("PRAGMA synchronous = full");
    Run("PRAGMA mmap_size = 17179869184");
  }
  ~Sqlite() { sqlite3_close(db); }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  void Run(const char* sql) const {
    if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) Fail(sqlite3_errmsg(db));
  }
  sqlite3_stmt* Prepare(const char* sql) const {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) Fail(sqlite3_errmsg(db));
    return statement;
  }
  sqlite3* db = nullptr;
};

void Insert(sqlite3_stmt* insert, int64_t id) {
  const std::string name = NameOf(id);
  sqlite3_bind_int64(insert, 1, id);
  sqlite3_bind_text(insert, 2, name.data(), static_cast<int>(name.size()), SQLITE_TRANSIENT);
  sqlite3_bind_double(insert, 3, static_cast<double>(id) / 2);
  if (sqlite3_step(insert) != SQLITE_DONE) Fail("an insert failed in SQLite");
  sqlite3_reset(insert);
}

std::unique_ptr<llkv::SqlEngine> OpenLlkv(const std::string& file, int threads) {
  llkv::EngineOptions options;
  options.num_threads = threads;
  return Must(llkv::SqlEngine::Open(file, options));
}

void LoadLlkv(const std::string& file, int64_t num_rows) {
  auto engine = OpenLlkv(file, 2);
  std::optional<llkv::Session> session = Must(engine->NewSession());
  Must(session->Execute(kSchema));
  constexpr int64_t kPart = 1 << 22;
  constexpr int64_t kBatch = 1 << 16;
  const auto schema = arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8()), arrow::field("x", arrow::float64())});
  for (int64_t part = 0; part < num_rows; part += kPart) {
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    for (int64_t first = part; first < std::min(num_rows, part + kPart); first += kBatch) {
      arrow::Int64Builder id;
      arrow::StringBuilder name;
      arrow::DoubleBuilder x;
      const int64_t end = std::min({num_rows, part + kPart, first + kBatch});
      for (int64_t i = first; i < end; ++i) {
        Must(id.Append(i));
        Must(name.Append(NameOf(i)));
        Must(x.Append(static_cast<double>(i) / 2));
      }
      batches.push_back(
          arrow::RecordBatch::Make(schema, end - first, {Must(id.Finish()), Must(name.Finish()), Must(x.Finish())}));
    }
    Must(session->Append("t", Must(arrow::RecordBatchReader::Make(std::move(batches), schema))));
  }
  Must(session->Execute("CHECKPOINT"));
  session.reset();
  Must(engine->Close());
}

void LoadSqlite(const std::string& file, int64_t num_rows) {
  const Sqlite sqlite(file);
  sqlite.Run("PRAGMA synchronous = off");
  sqlite.Run(kSqliteSchema);
  sqlite.Run("BEGIN");
  sqlite3_stmt* insert = sqlite.Prepare(kInsert);
  for (int64_t i = 0; i < num_rows; ++i) Insert(insert, i);
  sqlite.Run("COMMIT");
  sqlite3_finalize(insert);
}

/// What the threads of a SELECT run add up.
struct Totals {
  std::atomic<uint64_t> operations{0};
  std::atomic<uint64_t> wrong{0};
};

/// One read transaction around all, in both engines: else SQLite takes its file locks for each SELECT.
void SelectLlkv(llkv::SqlEngine& engine, int64_t num_rows, double until, uint64_t seed, Totals* totals) {
  auto session = Must(engine.NewSession());
  auto find = Must(session.Prepare(kSelect));
  Keys keys(seed, num_rows);
  uint64_t operations = 0;
  uint64_t wrong = 0;
  Must(session.Execute("BEGIN"));
  while (Seconds() < until) {
    for (int i = 0; i < 500; ++i) {
      const int64_t id = keys.Next();
      Must(find.Bind(1, id));
      uint64_t num_found = 0;
      while (Must(find.Step())) {
        num_found +=
            2 * find.Get<double>(1) == static_cast<double>(id) && !find.Get<std::string_view>(0).empty() ? 1 : 0;
      }
      wrong += num_found == 1 ? 0 : 1;
    }
    operations += 500;
  }
  Must(session.Execute("COMMIT"));
  totals->operations += operations;
  totals->wrong += wrong;
}

void SelectSqlite(const std::string& file, int64_t num_rows, double until, uint64_t seed, Totals* totals) {
  const Sqlite sqlite(file);
  sqlite3_stmt* find = sqlite.Prepare(kSelect);
  Keys keys(seed, num_rows);
  uint64_t operations = 0;
  uint64_t wrong = 0;
  sqlite.Run("BEGIN");
  while (Seconds() < until) {
    for (int i = 0; i < 500; ++i) {
      const int64_t id = keys.Next();
      sqlite3_bind_int64(find, 1, id);
      uint64_t num_found = 0;
      while (sqlite3_step(find) == SQLITE_ROW) {
        const bool is_right = 2 * sqlite3_column_double(find, 1) == static_cast<double>(id);
        num_found += is_right && sqlite3_column_bytes(find, 0) > 0 ? 1 : 0;
      }
      sqlite3_reset(find);
      wrong += num_found == 1 ? 0 : 1;
    }
    operations += 500;
  }
  sqlite.Run("COMMIT");
  sqlite3_finalize(find);
  totals->operations += operations;
  totals->wrong += wrong;
}

void Select(bool is_llkv, const std::string& file, int64_t num_rows, int threads, double seconds) {
  std::unique_ptr<llkv::SqlEngine> engine;
  if (is_llkv) engine = OpenLlkv(file, threads);
  const auto run = [&](double duration) {
    Totals totals;
    std::vector<std::thread> workers;
    const double start = Seconds();
    for (int i = 0; i < threads; ++i) {
      const uint64_t seed = 88172645463325252u + static_cast<uint64_t>(i) * 7919;
      workers.emplace_back([&, seed] {
        if (is_llkv) {
          SelectLlkv(*engine, num_rows, start + duration, seed, &totals);
        } else {
          SelectSqlite(file, num_rows, start + duration, seed, &totals);
        }
      });
    }
    for (std::thread& worker : workers) worker.join();
    if (totals.wrong != 0) Fail(fmt::format("{} lookups gave the wrong rows", totals.wrong.load()));
    return std::make_pair(totals.operations.load(), Seconds() - start);
  };
  run(seconds / 4);  // Warms caches.
  const auto [operations, taken] = run(seconds);
  std::printf("{\"operations\":%llu,\"seconds\":%.6f}\n", static_cast<unsigned long long>(operations), taken);
  if (engine != nullptr) Must(engine->Close());
}

/// Gives the seconds; the session has ended by then.
template <typename Key>
double InsertIntoLlkv(llkv::SqlEngine& engine, const Key& key, int64_t num_rows) {
  auto session = Must(engine.NewSession());
  Must(session.Execute(kSchema));
  auto insert = Must(session.Prepare(kInsert));
  const double start = Seconds();
  Must(session.Execute("BEGIN"));
  for (int64_t i = 0; i < num_rows; ++i) {
    const int64_t id = key(i);
    const std::string name = NameOf(id);
    Must(insert.Bind(1, id));
    Must(insert.Bind(2, std::string_view(name)));
    Must(insert.Bind(3, static_cast<double>(id) / 2));
    Must(insert.Step().status());
  }
  Must(session.Execute("COMMIT"));
  return Seconds() - start;
}

void InsertAll(bool is_llkv, const std::string& file, int64_t num_rows, bool is_random) {
  const auto key = [&](int64_t i) { return is_random ? Permuted(i, num_rows) : i; };
  double taken = 0;
  if (is_llkv) {
    auto engine = OpenLlkv(file, 2);
    taken = InsertIntoLlkv(*engine, key, num_rows);
    Must(engine->Close());
  } else {
    const Sqlite sqlite(file);
    sqlite.Run(kSqliteSchema);
    sqlite3_stmt* insert = sqlite.Prepare(kInsert);
    const double start = Seconds();
    sqlite.Run("BEGIN");
    for (int64_t i = 0; i < num_rows; ++i) Insert(insert, key(i));
    sqlite.Run("COMMIT");
    taken = Seconds() - start;
    sqlite3_finalize(insert);
  }
  std::printf("{\"operations\":%lld,\"seconds\":%.6f}\n", static_cast<long long>(num_rows), taken);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() >= 5 && (words[2] == "llkv" || words[2] == "sqlite")) {
    const bool is_llkv = words[2] == "llkv";
    const int64_t num_rows = std::atoll(words[4].c_str());
    if (words[1] == "load" && words.size() == 5) {
      is_llkv ? LoadLlkv(words[3], num_rows) : LoadSqlite(words[3], num_rows);
      return 0;
    }
    if (words[1] == "select" && words.size() == 7) {
      Select(is_llkv, words[3], num_rows, std::atoi(words[5].c_str()), std::atof(words[6].c_str()));
      return 0;
    }
    if (words[1] == "insert" && words.size() == 6) {
      InsertAll(is_llkv, words[3], num_rows, words[5] == "random");
      return 0;
    }
  }
  std::fprintf(stderr, "usage: llkv_points load|select|insert llkv|sqlite FILE ROWS …\n");
  return 2;
}
