// Statements are run as soon as a line completes them; dot commands (commands.cc) stand on lines of their own between
// statements.
#include "shell.h"

#include <arrow/record_batch.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "llkv/error.h"

namespace llkv::cli {

namespace {

struct Times {
  double real;
  double user;
  double system;
};

Times Now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration<double>(now).count(), seconds(usage.ru_utime), seconds(usage.ru_stime)};
}

bool IsBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n;") == std::string_view::npos; }

/// "Error at script.sql:12: ", "Error at line 12: " or "Error: ".
std::string ErrorPrefix(const InputPlace& place) {
  if (place.line == 0) return "Error: ";
  return "Error at " + (place.name.empty() ? "line " : place.name + ":") + std::to_string(place.line) + ": ";
}

}  // namespace

Shell::~Shell() {
  if (output_ != nullptr) std::fclose(output_);
  if (wake_ >= 0) close(wake_);
}

void Shell::End(int status) {
  done_ = true;
  exit_status_ = status;
}

void Shell::Fail(const std::string& message, const InputPlace& place) {
  Flush();
  std::fprintf(stderr, "%s%s\n", ErrorPrefix(place).c_str(), message.c_str());
  if (done_) return;
  exit_status_ = 1;
  done_ = options_.bail;
}

void Shell::Flush() {
  errno = 0;
  if (std::fflush(out()) == 0 || done_) return;
  if (errno == EPIPE) {
    End(kStatusBrokenPipe);
  } else if (errno != EINTR) {
    std::fprintf(stderr, "Error: cannot write the output: %s\n", std::strerror(errno));
    End(1);
  }
}

void Shell::ReportFailure(std::string_view sql, const arrow::Status& status, const InputPlace& place) {
  if (interrupted_.load() && !options_.interactive) return;
  if (std::ferror(out()) != 0 && errno == EPIPE) {
    End(kStatusBrokenPipe);
    return;
  }
  const SqlErrorDetail* detail = GetSqlError(status);
  if (place.line <= 1 || detail == nullptr || detail->position() == SqlErrorDetail::kNoPosition) {
    Fail(FormatError(sql, status), place);
    return;
  }
  // The text began in the middle of a file: lines count from the file's first one.
  const std::string lines_before(static_cast<size_t>(place.line - 1), '\n');
  const auto shift = static_cast<int64_t>(lines_before.size());
  const auto before = sql.substr(0, static_cast<size_t>(detail->position()));
  const InputPlace exact{place.name, place.line + std::count(before.begin(), before.end(), '\n')};
  const arrow::Status shifted =
      SqlError(detail->sqlstate(), status.message(), detail->position() + shift, detail->hint());
  Fail(FormatError(lines_before + std::string(sql), shifted), exact);
}

void Shell::RunSql(std::string_view sql, const InputPlace& place) {
  Times start = Now();
  const auto on_statement = [&](std::string_view text, const arrow::Status& status, StatementResult& result) {
    static_cast<void>(text);
    errno = 0;
    arrow::Status outcome = status;
    if (outcome.ok() && result.reader != nullptr) {
      outcome = PrintRows(*ForDisplay(result.reader, session_.time_zone()), options_.mode, out());
    }
    if (!outcome.ok()) ReportFailure(sql, outcome, place);
    if (timer_ && !done_) {
      const Times now = Now();
      std::fprintf(out(), "Run Time: real %.6f user %.6f sys %.6f\n", now.real - start.real, now.user - start.user,
                   now.system - start.system);
    }
    Flush();
    start = Now();
    return !done_ && !interrupted_.load();
  };
  session_.ExecuteScript(sql, on_statement);
  if (interrupted_.load() && !options_.interactive) End(kStatusInterrupted);
}

void Shell::AddLine(std::string_view line, const InputPlace& place) {
  if (done_) return;
  if (pending_.empty()) {
    const size_t start = line.find_first_not_of(" \t");
    if (start != std::string_view::npos && line[start] == '.') {
      RunCommand(line.substr(start), place);
      return;
    }
    if (IsBlank(line)) return;
    pending_place_ = place;
  }
  pending_.append(line);
  pending_.push_back('\n');
  // A statement can only be complete where a semicolon is.
  if (line.find(';') != std::string_view::npos && IsCompleteScript(pending_)) FinishInput();
}

void Shell::FinishInput() {
  if (pending_.empty() || done_) return;
  const std::string sql = std::move(pending_);
  pending_.clear();
  RunSql(sql, pending_place_);
}

void Shell::RunArgument(std::string_view text) {
  if (done_) return;
  if (text.starts_with('.')) {
    RunCommand(text, {});
  } else {
    RunSql(text, {});
  }
}

void Shell::RunFile(const std::string& path) {
  if (done_) return;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    Fail("cannot open \"" + path + "\": " + std::strerror(errno));
    return;
  }
  RunStream(file, path);
  std::fclose(file);
}

void Shell::RunStream(std::FILE* in, const std::string& name) {
  char* line = nullptr;
  size_t capacity = 0;
  InputPlace place{name, 0};
  ssize_t length = 0;
  errno = 0;
  while (!done_ && (length = getline(&line, &capacity, in)) >= 0) {
    std::string_view text(line, static_cast<size_t>(length));
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    ++place.line;
    AddLine(text, place);
    errno = 0;
  }
  std::free(line);
  if (done_) return;
  if (interrupted_.load() && !options_.interactive) {
    End(kStatusInterrupted);
    return;
  }
  if (std::ferror(in) != 0) {
    Fail("cannot read " + (name.empty() ? "standard input" : "\"" + name + "\"") + ": " + std::strerror(errno));
    return;
  }
  FinishInput();
}

}  // namespace llkv::cli
