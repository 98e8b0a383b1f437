// Shell: runs scripts of SQL statements and dot commands against one session, and prints what they give.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "llkv/session.h"
#include "output.h"

namespace llkv::cli {

struct ShellOptions {
  OutputMode mode = OutputMode::kList;
  /// Stop at the first failed statement.
  bool bail = false;
  /// A person types: an interrupt ends the statement only, not the shell.
  bool interactive = false;
};

/// Where a line of input stands, for messages. Line 0: not worth naming (arguments, the prompt).
struct InputPlace {
  /// A file's path; empty for standard input.
  std::string name;
  int64_t line = 0;
};

/// Results go to standard output (or the file of .output), diagnostics to standard error.
class Shell {
 public:
  /// As shells report a program that a signal ended.
  static constexpr int kStatusInterrupted = 128 + 2;
  static constexpr int kStatusBrokenPipe = 128 + 13;

  Shell(Session& session, const ShellOptions& options) : session_(session), options_(options) {}
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  /// Adds one line (without its end) of input; runs what it completes.
  void AddLine(std::string_view line, const InputPlace& place);
  /// Runs what is left without a semicolon.
  void FinishInput();
  /// Forgets the statement that is being typed.
  void DropPending() { pending_.clear(); }
  bool has_pending() const { return !pending_.empty(); }

  /// Runs an argument: SQL, or a dot command.
  void RunArgument(std::string_view text);
  /// Runs all lines of a file; a failure where it cannot be read.
  void RunFile(const std::string& path);
  /// Runs all lines of an open file; `name` is empty for standard input.
  void RunStream(std::FILE* in, const std::string& name);

  /// Stops the running statement and what follows it in its script. Any thread, signal handlers included.
  void Interrupt() {
    interrupted_.store(true);
    session_.Interrupt();
    const uint64_t one = 1;
    if (wake_ >= 0 && write(wake_, &one, sizeof(one)) < 0) return;
  }
  /// Whether Interrupt was called since the last call of this.
  bool TakeInterrupt() { return interrupted_.exchange(false); }
  /// Becomes readable with each interrupt (an eventfd), for those who wait for input; -1 where there is none.
  int wake_descriptor() const { return wake_; }

  /// .exit or .quit was given, a statement failed with `bail`, a script was interrupted, or nobody reads the output.
  bool done() const { return done_; }
  /// 0, 1 after a failed statement, what .exit said, or one of the constants above.
  int exit_status() const { return exit_status_; }

 private:
  struct Command;
  using Words = std::vector<std::string>;
  static const std::vector<Command>& Commands();

  void RunSql(std::string_view sql, const InputPlace& place);
  /// What a failed statement means: a message, or the end where it was interrupted or nobody reads.
  void ReportFailure(std::string_view sql, const arrow::Status& status, const InputPlace& place);
  void RunCommand(std::string_view line, const InputPlace& place);
  void Exit(const Words& words);
  void Help(const Words& words);
  void SetMode(const Words& words);
  void SetOutput(const Words& words);
  void Print(const Words& words);
  void Read(const Words& words);
  void ListTables(const Words& words);
  void SetTimer(const Words& words);
  /// Reports a failure; `message` without "Error".
  void Fail(const std::string& message, const InputPlace& place);
  /// The same at the running command.
  void Fail(const std::string& message) { Fail(message, command_place_); }
  void End(int status);
  /// Writes out what is buffered; ends where nobody reads it.
  void Flush();
  std::FILE* out() const { return output_ != nullptr ? output_ : stdout; }

  Session& session_;
  ShellOptions options_;
  std::string pending_;
  InputPlace pending_place_;
  InputPlace command_place_;
  std::FILE* output_ = nullptr;
  std::atomic<bool> interrupted_{false};
  const int wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  bool timer_ = false;
  bool done_ = false;
  int exit_status_ = 0;
  int read_depth_ = 0;
};

}  // namespace llkv::cli
