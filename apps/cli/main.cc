// The program llkv: opens a database and runs SQL from its arguments, files, standard input or a prompt.
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <clocale>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "llkv/engine.h"
#include "output.h"
#include "prompt.h"
#include "shell.h"
#include "slt/slt_main.h"

namespace {

using llkv::cli::OutputMode;

struct Arguments {
  std::string database = ":memory:";
  std::vector<std::string> sql;
  std::vector<std::string> files;
  std::string positional_sql;
  bool csv = false;
  bool json = false;
  bool read_only = false;
  bool bail = false;
  bool slt = false;
  std::string slt_engine = "llkv";
  std::vector<std::string> positionals;
};

/// SQLite's long options have one dash; CLI11 wants two.
std::vector<std::string> WithTwoDashes(int argc, char** argv) {
  static const std::vector<std::string> kLong = {"-csv",  "-json",    "-readonly", "-bail",
                                                 "-help", "-version", "-slt",      "-slt-engine"};
  std::vector<std::string> words;
  bool literal = false;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    literal = literal || word == "--";
    const std::string name = word.substr(0, word.find('='));
    for (const std::string& option : kLong) {
      if (!literal && name == option) {
        word.insert(0, "-");
        break;
      }
    }
    words.push_back(std::move(word));
  }
  return words;
}

llkv::Session* interruptible = nullptr;

void OnInterrupt(int) {
  if (interruptible != nullptr) interruptible->Interrupt();
}

int RunShell(const Arguments& arguments) {
  llkv::EngineOptions options;
  options.read_only = arguments.read_only;
  auto engine = llkv::SqlEngine::Open(arguments.database, options);
  if (!engine.ok()) {
    std::fprintf(stderr, "Error: %s\n", llkv::FormatError("", engine.status()).c_str());
    return 1;
  }
  auto session = (*engine)->NewSession();
  if (!session.ok()) {
    std::fprintf(stderr, "Error: %s\n", session.status().message().c_str());
    return 1;
  }
  interruptible = &*session;
  std::signal(SIGINT, OnInterrupt);
  std::signal(SIGPIPE, SIG_IGN);

  llkv::cli::ShellOptions shell_options;
  shell_options.bail = arguments.bail;
  shell_options.mode = isatty(STDOUT_FILENO) != 0 ? OutputMode::kBox : OutputMode::kList;
  if (arguments.csv) shell_options.mode = OutputMode::kCsv;
  if (arguments.json) shell_options.mode = OutputMode::kJson;
  int status = 0;
  {
    llkv::cli::Shell shell(*session, shell_options);
    bool from_arguments = false;
    for (const std::string& file : arguments.files) {
      from_arguments = true;
      if (!shell.done()) shell.RunFile(file);
    }
    for (const std::string& sql : arguments.sql) {
      from_arguments = true;
      if (!shell.done()) shell.RunSql(sql, "");
    }
    if (!from_arguments) {
      if (isatty(STDIN_FILENO) != 0) {
        llkv::cli::RunPrompt(shell, arguments.database);
      } else {
        shell.RunStream(stdin, "");
      }
    }
    status = shell.exit_status();
  }
  interruptible = nullptr;
  std::signal(SIGINT, SIG_DFL);
  const arrow::Status closed = [&] {
    { const llkv::Session ended = *std::move(session); }
    return (*engine)->Close();
  }();
  if (!closed.ok()) {
    std::fprintf(stderr, "Error: %s\n", closed.message().c_str());
    return 1;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  Arguments arguments;
  CLI::App app("LLKV: an embeddable, Arrow-native SQL database", "llkv");
  app.set_version_flag("--version", std::string("llkv ") + std::string(llkv::Version()));
  app.add_option("-c", arguments.sql, "Run SQL and exit; may be repeated")->type_name("SQL")->allow_extra_args(false);
  app.add_option("-f", arguments.files, "Run the statements of FILE and exit; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_flag("--csv", arguments.csv, "Print rows as CSV");
  app.add_flag("--json", arguments.json, "Print rows as JSON");
  app.add_flag("--readonly", arguments.read_only, "Open the database for reading only");
  app.add_flag("--bail", arguments.bail, "Stop at the first failed statement");
  app.add_flag("--slt", arguments.slt, "Run sqllogictest files: the arguments are files and folders");
  app.add_option("--slt-engine", arguments.slt_engine,
                 "Whose records and values the files have: sqlite, duckdb or llkv")
      ->check(CLI::IsMember({"sqlite", "duckdb", "llkv"}));
  app.add_option("database", arguments.positionals, "DATABASE (a path, or :memory:, the default), then SQL to run");
  app.footer(
      "SQL, -c or -f given: standard input is not read. Else standard input that is no terminal runs as a script, and "
      "a terminal "
      "gets a prompt. Exit status 1 after a failed statement. Long options may have one dash.");
  std::vector<std::string> words = WithTwoDashes(argc, argv);
  // CLI11 takes the words in reverse.
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (arguments.slt) return llkv::cli::RunSltMain(arguments.positionals, arguments.slt_engine);
  if (!arguments.positionals.empty()) arguments.database = arguments.positionals[0];
  for (size_t i = 1; i < arguments.positionals.size(); ++i) arguments.sql.push_back(arguments.positionals[i]);
  return RunShell(arguments);
}
