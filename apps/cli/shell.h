// Shell: runs scripts of SQL statements and dot commands against one session, and prints what they give.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "llkv/session.h"
#include "output.h"

namespace llkv::cli {

struct ShellOptions {
  OutputMode mode = OutputMode::kList;
  /// Stop at the first failed statement.
  bool bail = false;
};

/// Results go to standard output (or the file of .output), diagnostics to standard error.
class Shell {
 public:
  Shell(Session& session, const ShellOptions& options) : session_(session), options_(options) {}
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  /// Adds one line (without its end) of input; runs what it completes. `where` names the input in errors, for example
  /// "script.sql:12".
  void AddLine(std::string_view line, const std::string& where);
  /// Runs what is left without a semicolon.
  void FinishInput();
  /// Forgets the statement that is being typed.
  void DropPending() { pending_.clear(); }
  bool has_pending() const { return !pending_.empty(); }

  /// Runs SQL (no dot commands).
  void RunSql(std::string_view sql, const std::string& where);
  /// Runs all lines of a file; false where it cannot be read.
  bool RunFile(const std::string& path);
  /// Runs all lines of an open file.
  void RunStream(std::FILE* in, const std::string& name);

  /// .exit or .quit was given, or a statement failed with `bail`.
  bool done() const { return done_; }
  /// 0, 1 after a failed statement, or what .exit said.
  int exit_status() const { return exit_status_; }

 private:
  void RunCommand(std::string_view line, const std::string& where);
  void SetOutput(const std::string& path);
  void Fail(const std::string& message);
  std::FILE* out() const { return output_ != nullptr ? output_ : stdout; }

  Session& session_;
  ShellOptions options_;
  std::string pending_;
  std::string pending_where_;
  std::FILE* output_ = nullptr;
  bool timer_ = false;
  bool done_ = false;
  int exit_status_ = 0;
  int read_depth_ = 0;
};

}  // namespace llkv::cli
