// Point work through prepared statements: rows by key, and inserts inside one transaction, beside SQLite where its
// library is there. Both in memory: what is measured is the way from Bind to Get, not the disk.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "llkv/engine.h"

#ifdef LLKV_HAS_SQLITE
#include <sqlite3.h>
#endif

namespace {

constexpr int64_t kRows = 100'000;
constexpr const char* kSchema = "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, x DOUBLE)";

void Must(const arrow::Status& status) {
  if (status.ok()) return;
  std::cerr << status.ToString() << "\n";
  std::exit(1);
}

template <typename T>
T Must(arrow::Result<T> result) {
  Must(result.status());
  return *std::move(result);
}

/// Keys in an order that caches do not foresee.
int64_t NextKey(uint64_t* state) {
  *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
  return static_cast<int64_t>((*state >> 33) % kRows);
}

void LlkvSelect(benchmark::State& state, bool is_cold) {
  auto engine = Must(llkv::SqlEngine::Open(":memory:"));
  auto session = Must(engine->NewSession());
  Must(session.Execute(kSchema));
  Must(session.Execute("INSERT INTO t SELECT range, 'name ' || range, range / 2.0 FROM range(100000)"));
  if (is_cold) Must(session.Execute("CHECKPOINT"));
  auto find = Must(session.Prepare("SELECT name, x FROM t WHERE id = ?"));
  uint64_t seed = 1;
  double total = 0;
  for (auto _ : state) {
    Must(find.Bind(1, NextKey(&seed)));
    while (Must(find.Step())) total += find.Get<double>(1) + static_cast<double>(find.Get<std::string_view>(0).size());
  }
  benchmark::DoNotOptimize(total);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(LlkvSelect, hot, false);
BENCHMARK_CAPTURE(LlkvSelect, cold, true);

void LlkvInsert(benchmark::State& state) {
  auto engine = Must(llkv::SqlEngine::Open(":memory:"));
  auto session = Must(engine->NewSession());
  Must(session.Execute(kSchema));
  auto insert = Must(session.Prepare("INSERT INTO t VALUES (?, ?, ?)"));
  Must(session.Execute("BEGIN"));
  int64_t id = 0;
  for (auto _ : state) {
    Must(insert.Bind(1, ++id));
    Must(insert.Bind(2, "a name"));
    Must(insert.Bind(3, 0.5));
    Must(insert.Step().status());
  }
  Must(session.Execute("COMMIT"));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(LlkvInsert);

#ifdef LLKV_HAS_SQLITE
struct Sqlite {
  Sqlite() {
    sqlite3_open(":memory:", &db);
    Run(kSchema);
  }
  ~Sqlite() { sqlite3_close(db); }
  void Run(const char* sql) const {
    if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) std::exit(1);
  }
  sqlite3_stmt* Prepare(const char* sql) const {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) std::exit(1);
    return statement;
  }
  sqlite3* db = nullptr;
};

void SqliteSelect(benchmark::State& state) {
  const Sqlite sqlite;
  sqlite.Run(
      "WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r WHERE i < 99999) "
      "INSERT INTO t SELECT i, 'name ' || i, i / 2.0 FROM r");
  sqlite3_stmt* find = sqlite.Prepare("SELECT name, x FROM t WHERE id = ?");
  uint64_t seed = 1;
  double total = 0;
  for (auto _ : state) {
    sqlite3_bind_int64(find, 1, NextKey(&seed));
    while (sqlite3_step(find) == SQLITE_ROW) {
      total += sqlite3_column_double(find, 1) + static_cast<double>(sqlite3_column_bytes(find, 0));
    }
    sqlite3_reset(find);
  }
  sqlite3_finalize(find);
  benchmark::DoNotOptimize(total);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(SqliteSelect);

void SqliteInsert(benchmark::State& state) {
  const Sqlite sqlite;
  sqlite3_stmt* insert = sqlite.Prepare("INSERT INTO t VALUES (?, ?, ?)");
  sqlite.Run("BEGIN");
  int64_t id = 0;
  for (auto _ : state) {
    sqlite3_bind_int64(insert, 1, ++id);
    sqlite3_bind_text(insert, 2, "a name", 6, SQLITE_TRANSIENT);
    sqlite3_bind_double(insert, 3, 0.5);
    sqlite3_step(insert);
    sqlite3_reset(insert);
  }
  sqlite.Run("COMMIT");
  sqlite3_finalize(insert);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(SqliteInsert);
#endif

}  // namespace
