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
#include "salvage.h"
#include "shell.h"
#include "slt/slt_main.h"

namespace {

using llkv::cli::OutputMode;

/// SQL, or the path of a script.
struct Input {
  std::string text;
  bool is_file = false;
};

struct Arguments {
  std::string database = ":memory:";
  /// What is run: -c and -f in the order given, then the SQL behind the database.
  std::vector<Input> inputs;
  bool csv = false;
  bool json = false;
  bool read_only = false;
  std::string io = "map";
  bool bail = false;
  bool slt = false;
  std::string slt_engine = "llkv";
  std::vector<std::string> positionals;
};

/// SQLite's long options have one dash; CLI11 wants two.
std::vector<std::string> WithTwoDashes(int argc, char** argv) {
  static const std::vector<std::string> kLong = {"-csv",     "-json", "-readonly",   "-bail", "-help",
                                                 "-version", "-slt",  "-slt-engine", "-io"};
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

llkv::cli::Shell* interruptible = nullptr;

void OnInterrupt(int) {
  if (interruptible != nullptr) interruptible->Interrupt();
}

void SetInterruptHandler(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

/// Interrupts go to the shell; a read that waits is broken off by them. A closed pipe is a failed write.
void HandleSignals(llkv::cli::Shell& shell) {
  interruptible = &shell;
  SetInterruptHandler(OnInterrupt);
  std::signal(SIGPIPE, SIG_IGN);
}

/// A program that ends because of an interrupt closes its database and gives its exit status whatever comes after.
void EndSignals(bool was_interrupted) {
  SetInterruptHandler(was_interrupted ? SIG_IGN : SIG_DFL);
  interruptible = nullptr;
}

void PrintFailure(const arrow::Status& status) {
  std::fprintf(stderr, "Error: %s\n", llkv::FormatError("", status).c_str());
}

/// Runs what the arguments name, or standard input; gives the exit status.
int RunInputs(const Arguments& arguments, llkv::Session& session) {
  llkv::cli::ShellOptions options;
  options.bail = arguments.bail;
  options.interactive = arguments.inputs.empty() && isatty(STDIN_FILENO) != 0;
  options.mode = isatty(STDOUT_FILENO) != 0 ? OutputMode::kBox : OutputMode::kList;
  if (arguments.csv) options.mode = OutputMode::kCsv;
  if (arguments.json) options.mode = OutputMode::kJson;
  llkv::cli::Shell shell(session, options);
  HandleSignals(shell);
  for (const Input& input : arguments.inputs) {
    if (input.is_file) {
      shell.RunFile(input.text);
    } else {
      shell.RunArgument(input.text);
    }
  }
  int status = 0;
  if (options.interactive) {
    const arrow::Status prompted = llkv::cli::RunPrompt(shell, arguments.database);
    if (!prompted.ok()) {
      PrintFailure(prompted);
      status = 1;
    }
  } else if (arguments.inputs.empty()) {
    shell.RunStream(stdin, "");
  }
  EndSignals(shell.exit_status() == 128 + SIGINT);
  return status != 0 ? status : shell.exit_status();
}

int RunShell(const Arguments& arguments) {
  llkv::EngineOptions options;
  options.read_only = arguments.read_only;
  if (arguments.io == "read") options.io = llkv::IoMode::kRead;
  auto engine = llkv::SqlEngine::Open(arguments.database, options);
  if (!engine.ok()) {
    PrintFailure(engine.status());
    return 1;
  }
  for (const std::string& warning : (*engine)->warnings()) std::fprintf(stderr, "Warning: %s\n", warning.c_str());
  int status = 0;
  {
    auto session = (*engine)->NewSession();
    if (!session.ok()) {
      PrintFailure(session.status());
      return 1;
    }
    status = RunInputs(arguments, *session);
  }
  const arrow::Status closed = (*engine)->Close();
  if (closed.ok()) return status;
  PrintFailure(closed);
  return status != 0 ? status : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  if (argc == 4 && std::string(argv[1]) == "salvage") return llkv::cli::RunSalvage(argv[2], argv[3]);
  Arguments arguments;
  CLI::App app("LLKV: an embeddable, Arrow-native SQL database", "llkv");
  app.set_version_flag("--version", std::string("llkv ") + std::string(llkv::Version()));
  const auto add_input = [&arguments](bool is_file) {
    return [&arguments, is_file](const std::string& text) { arguments.inputs.push_back({text, is_file}); };
  };
  app.add_option_function<std::string>("-c", add_input(false), "Run SQL (or a dot command) and exit; may be repeated")
      ->type_name("SQL")
      ->trigger_on_parse()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option_function<std::string>("-f", add_input(true), "Run the statements of FILE and exit; may be repeated")
      ->type_name("FILE")
      ->trigger_on_parse()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_flag("--csv", arguments.csv, "Print rows as CSV");
  app.add_flag("--json", arguments.json, "Print rows as JSON");
  app.add_flag("--readonly", arguments.read_only, "Open the database for reading only");
  app.add_option("--io", arguments.io, "How a database file is read: mapped, or by calls whose failures are errors")
      ->check(CLI::IsMember({"map", "read"}));
  app.add_flag("--bail", arguments.bail, "Stop at the first failed statement");
  app.add_flag("--slt", arguments.slt, "Run sqllogictest files: the arguments are files and folders");
  app.add_option("--slt-engine", arguments.slt_engine,
                 "Whose records and values the files have: sqlite, duckdb or llkv")
      ->check(CLI::IsMember({"sqlite", "duckdb", "llkv"}));
  app.add_option("database", arguments.positionals, "DATABASE (a path, or :memory:, the default), then SQL to run");
  app.footer(
      "SQL, -c or -f given: standard input is not read. Else standard input that is no terminal runs as a script, and "
      "a terminal gets a prompt. Exit status 1 after a failed statement. Long options may have one dash.\n"
      "`llkv salvage FILE OUT` copies what is readable of a damaged database file into a new database; exit status 2 "
      "where "
      "something was lost.");
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
  for (size_t i = 1; i < arguments.positionals.size(); ++i)
    arguments.inputs.push_back({arguments.positionals[i], false});
  return RunShell(arguments);
}
