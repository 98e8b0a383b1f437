// See engine_input.h.
#include "engine_input.h"

#include <arrow/api.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "llkv/engine.h"

namespace llkv::fuzz {
namespace {

constexpr std::chrono::milliseconds kStatementTime{200};
/// An interrupted statement ends long before that.
constexpr std::chrono::seconds kPatience{60};

[[noreturn]] void Fail(const char* what, std::string_view script, const std::string& detail) {
  std::fprintf(stderr, "%s: %s\n%.*s\n", what, detail.c_str(), static_cast<int>(script.size()), script.data());
  std::abort();
}

/// Interrupts a session again and again once its statement has had its time.
class Watchdog {
 public:
  explicit Watchdog(Session* session) : thread_([this, session] { Run(session); }) {}
  ~Watchdog() {
    ends_.store(true);
    thread_.join();
  }
  void StatementEnded() { begin_.store(Now()); }

 private:
  static int64_t Now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

  void Run(Session* session) {
    while (!ends_.load()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      const std::chrono::steady_clock::duration taken(Now() - begin_.load());
      if (taken > kPatience) Fail("a statement does not end", "", "");
      if (taken > kStatementTime) session->Interrupt();
    }
  }

  std::atomic<int64_t> begin_{Now()};
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

void CheckFailure(std::string_view script, const arrow::Status& status) {
  const SqlErrorDetail* error = GetSqlError(status);
  if (error == nullptr) Fail("a failure without a SQLSTATE", script, status.ToString());
  if (error->sqlstate() == sqlstate::kInternalError) Fail("an internal error", script, status.ToString());
  if (error->position() > static_cast<int64_t>(script.size())) Fail("a position outside", script, status.ToString());
  FormatError(script, status);
}

}  // namespace

void RunScript(std::string_view script) {
  EngineOptions options;
  options.num_threads = 1;
  options.memory_limit_bytes = int64_t{64} << 20;
  options.external_files = false;
  options.background = false;
  auto engine = SqlEngine::Open(":memory:", options).ValueOrDie();
  {
    Session session = engine->NewSession().ValueOrDie();
    Watchdog watchdog(&session);
    session.ExecuteScript(script, [&](std::string_view, const arrow::Status& status, StatementResult& result) {
      if (!status.ok()) {
        CheckFailure(script, status);
      } else if (result.reader != nullptr) {
        std::shared_ptr<arrow::RecordBatch> batch;
        do {
          const arrow::Status read = result.reader->ReadNext(&batch);
          if (!read.ok()) {
            CheckFailure(script, read);
            break;
          }
          if (batch != nullptr && !batch->Validate().ok()) Fail("a malformed batch", script, batch->ToString());
        } while (batch != nullptr);
      }
      watchdog.StatementEnded();
      return true;
    });
    // A transaction may be open, and what the script has set may make answers differ, but not fail (of memory_limit =
    // 1).
    const arrow::Status after = session.Execute("ROLLBACK");
    const arrow::Status alive = session.Execute("SELECT 40 + 2");
    if (!alive.ok() && GetSqlState(alive) != sqlstate::kQueryCanceled && GetSqlState(alive) != sqlstate::kOutOfMemory)
      Fail("the session is lost", script, alive.ToString());
    static_cast<void>(after);
  }
  const arrow::Status closed = engine->Close();
  if (!closed.ok()) Fail("the engine does not close", script, closed.ToString());
}

}  // namespace llkv::fuzz
