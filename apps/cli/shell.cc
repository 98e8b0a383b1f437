// Statements are run as soon as a line completes them; dot commands stand on lines of their own between statements.
#include "shell.h"

#include <arrow/record_batch.h>
#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "llkv/error.h"

namespace llkv::cli {

namespace {

constexpr int kMaxReadDepth = 32;

constexpr const char* kHelp =
    ".exit [STATUS]      Leave, with an exit status\n"
    ".help               Show this list\n"
    ".mode MODE          Print rows as box, csv, json or list\n"
    ".output [FILE]      Print results to FILE, or to standard output again\n"
    ".print TEXT         Print TEXT\n"
    ".quit               Leave\n"
    ".read FILE          Run the statements and commands of FILE\n"
    ".tables [PATTERN]   List tables and views whose name is LIKE PATTERN\n"
    ".timer on|off       Print the time that each statement took\n";

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

/// Words separated by blanks; a word may be in single or double quotes.
std::vector<std::string> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  size_t i = 0;
  while (i < line.size()) {
    if (line[i] == ' ' || line[i] == '\t' || line[i] == '\r') {
      ++i;
      continue;
    }
    std::string word;
    if (line[i] == '\'' || line[i] == '"') {
      const char quote = line[i++];
      while (i < line.size() && line[i] != quote) word.push_back(line[i++]);
      if (i < line.size()) ++i;
    } else {
      while (i < line.size() && line[i] != ' ' && line[i] != '\t' && line[i] != '\r') word.push_back(line[i++]);
    }
    words.push_back(std::move(word));
  }
  return words;
}

std::string SqlQuoted(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'') quoted.push_back('\'');
    quoted.push_back(c);
  }
  return quoted + "'";
}

}  // namespace

Shell::~Shell() {
  if (output_ != nullptr) std::fclose(output_);
}

void Shell::Fail(const std::string& message) {
  std::fflush(out());
  std::fprintf(stderr, "%s\n", message.c_str());
  exit_status_ = 1;
  if (options_.bail) done_ = true;
}

void Shell::AddLine(std::string_view line, const std::string& where) {
  if (done_) return;
  if (pending_.empty()) {
    const size_t start = line.find_first_not_of(" \t");
    if (start != std::string_view::npos && line[start] == '.') {
      RunCommand(line.substr(start), where);
      return;
    }
    if (IsBlank(line)) return;
    pending_where_ = where;
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
  RunSql(sql, pending_where_);
}

void Shell::RunSql(std::string_view sql, const std::string& where) {
  Times start = Now();
  const auto on_statement = [&](std::string_view text, const arrow::Status& status, StatementResult& result) {
    static_cast<void>(text);
    arrow::Status outcome = status;
    if (outcome.ok() && result.reader != nullptr) outcome = PrintRows(*result.reader, options_.mode, out());
    if (!outcome.ok()) {
      Fail((where.empty() ? "Error: " : "Error near " + where + ": ") + FormatError(sql, outcome));
    }
    if (timer_) {
      const Times now = Now();
      std::fprintf(out(), "Run Time: real %.6f user %.6f sys %.6f\n", now.real - start.real, now.user - start.user,
                   now.system - start.system);
    }
    std::fflush(out());
    start = Now();
    return !done_;
  };
  session_.ExecuteScript(sql, on_statement);
}

bool Shell::RunFile(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    Fail("cannot open \"" + path + "\": " + std::strerror(errno));
    return false;
  }
  RunStream(file, path);
  std::fclose(file);
  return true;
}

void Shell::RunStream(std::FILE* in, const std::string& name) {
  char* line = nullptr;
  size_t capacity = 0;
  int64_t number = 0;
  ssize_t length = 0;
  while (!done_ && (length = getline(&line, &capacity, in)) >= 0) {
    std::string_view text(line, static_cast<size_t>(length));
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    AddLine(text, (name.empty() ? "line " : name + ":") + std::to_string(++number));
  }
  std::free(line);
  if (std::ferror(in) != 0)
    Fail("cannot read " + (name.empty() ? "standard input" : name) + ": " + std::strerror(errno));
  FinishInput();
}

void Shell::SetOutput(const std::string& path) {
  if (output_ != nullptr) std::fclose(output_);
  output_ = nullptr;
  if (path.empty() || path == "stdout") return;
  output_ = std::fopen(path.c_str(), "wb");
  if (output_ == nullptr) Fail("cannot open \"" + path + "\": " + std::strerror(errno));
}

void Shell::RunCommand(std::string_view line, const std::string& where) {
  const std::vector<std::string> words = SplitWords(line);
  const std::string& name = words[0];
  const std::string argument = words.size() > 1 ? words[1] : "";
  if (name == ".exit" || name == ".quit") {
    done_ = true;
    if (!argument.empty()) exit_status_ = std::atoi(argument.c_str());
  } else if (name == ".help") {
    std::fputs(kHelp, out());
  } else if (name == ".mode") {
    const auto mode = OutputModeFromName(argument);
    if (mode.has_value()) {
      options_.mode = *mode;
    } else {
      Fail(where + ": .mode takes box, csv, json or list");
    }
  } else if (name == ".output") {
    SetOutput(argument);
  } else if (name == ".print") {
    const size_t text = line.find_first_of(" \t");
    std::fprintf(out(), "%s\n",
                 words.size() == 2                ? argument.c_str()
                 : text == std::string_view::npos ? ""
                                                  : std::string(line.substr(text + 1)).c_str());
  } else if (name == ".read") {
    if (read_depth_ >= kMaxReadDepth) {
      Fail(where + ": .read is nested too deeply");
      return;
    }
    ++read_depth_;
    RunFile(argument);
    --read_depth_;
  } else if (name == ".tables") {
    const std::string filter = argument.empty() ? "" : " WHERE name LIKE " + SqlQuoted(argument);
    const OutputMode mode = options_.mode;
    if (mode == OutputMode::kBox) options_.mode = OutputMode::kList;
    RunSql("SELECT name FROM llkv_tables" + filter + " ORDER BY name", where);
    options_.mode = mode;
  } else if (name == ".timer") {
    if (argument != "on" && argument != "off") {
      Fail(where + ": .timer takes on or off");
    } else {
      timer_ = argument == "on";
    }
  } else {
    Fail(where + ": unknown command " + name + ", see .help");
  }
  std::fflush(out());
}

}  // namespace llkv::cli
