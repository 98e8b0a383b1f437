// The dot commands: one table of names, arguments and what they do.
#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "llkv/error.h"
#include "shell.h"

namespace llkv::cli {

namespace {

constexpr int kMaxReadDepth = 32;

/// Words separated by blanks; a word may be in single or double quotes.
std::vector<std::string> SplitWords(std::string_view line) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  std::vector<std::string> words;
  size_t i = 0;
  while (i < line.size()) {
    if (is_blank(line[i])) {
      ++i;
      continue;
    }
    std::string word;
    if (line[i] == '\'' || line[i] == '"') {
      const char quote = line[i++];
      while (i < line.size() && line[i] != quote) word.push_back(line[i++]);
      if (i < line.size()) ++i;
    } else {
      while (i < line.size() && !is_blank(line[i])) word.push_back(line[i++]);
    }
    words.push_back(std::move(word));
  }
  return words;
}

char Folded(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

/// SQL's LIKE without regard to ASCII case.
bool IsLike(std::string_view text, std::string_view pattern) {
  size_t t = 0;
  size_t p = 0;
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '_' || Folded(pattern[p]) == Folded(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

}  // namespace

struct Shell::Command {
  std::string_view name;
  std::string_view arguments;
  std::string_view help;
  /// How many words may follow the name.
  size_t min_words;
  size_t max_words;
  void (Shell::*run)(const Words& words);
};

const std::vector<Shell::Command>& Shell::Commands() {
  static const std::vector<Command> commands = {
      {".exit", "[STATUS]", "Leave, with an exit status", 0, 1, &Shell::Exit},
      {".help", "", "Show this list", 0, 0, &Shell::Help},
      {".mode", "MODE", "Print rows as box, csv, json or list", 1, 1, &Shell::SetMode},
      {".output", "[FILE]", "Print results to FILE, or to standard output again", 0, 1, &Shell::SetOutput},
      {".print", "TEXT", "Print TEXT", 0, SIZE_MAX, &Shell::Print},
      {".quit", "", "Leave", 0, 0, &Shell::Exit},
      {".read", "FILE", "Run the statements and commands of FILE", 1, 1, &Shell::Read},
      {".tables", "[PATTERN]", "List tables and views whose name is LIKE PATTERN", 0, 1, &Shell::ListTables},
      {".timer", "on|off", "Print the time that each statement took", 1, 1, &Shell::SetTimer},
  };
  return commands;
}

void Shell::RunCommand(std::string_view line, const InputPlace& place) {
  Words words = SplitWords(line);
  const std::string name = words.empty() ? "" : words[0];
  const InputPlace outer = std::exchange(command_place_, place);
  const auto& commands = Commands();
  const auto command = std::find_if(commands.begin(), commands.end(), [&](const Command& c) { return c.name == name; });
  if (command == commands.end()) {
    Fail("unknown command " + name + "; .help lists them");
  } else {
    words.erase(words.begin());
    if (words.size() < command->min_words || words.size() > command->max_words) {
      const std::string usage = command->arguments.empty() ? "no argument" : std::string(command->arguments);
      Fail(name + " takes " + usage);
    } else {
      (this->*command->run)(words);
    }
  }
  Flush();
  command_place_ = outer;
}

void Shell::Exit(const Words& words) {
  if (words.empty()) {
    done_ = true;
    return;
  }
  int status = 0;
  const char* end = words[0].data() + words[0].size();
  const auto parsed = std::from_chars(words[0].data(), end, status);
  if (parsed.ec != std::errc() || parsed.ptr != end || status < 0 || status > 255) {
    Fail(".exit takes a status from 0 to 255");
    return;
  }
  End(status);
}

void Shell::Help(const Words& words) {
  static_cast<void>(words);
  for (const Command& command : Commands()) {
    const std::string usage = std::string(command.name) + " " + std::string(command.arguments);
    std::fprintf(out(), "%-20s%s\n", usage.c_str(), std::string(command.help).c_str());
  }
}

void Shell::SetMode(const Words& words) {
  const auto mode = OutputModeFromName(words[0]);
  if (mode.has_value()) {
    options_.mode = *mode;
  } else {
    Fail(".mode takes box, csv, json or list");
  }
}

void Shell::SetOutput(const Words& words) {
  Flush();
  if (output_ != nullptr && std::fclose(output_) != 0) {
    Fail(std::string("cannot write the output: ") + std::strerror(errno));
  }
  output_ = nullptr;
  if (words.empty() || words[0] == "stdout") return;
  output_ = std::fopen(words[0].c_str(), "wb");
  if (output_ == nullptr) Fail("cannot open \"" + words[0] + "\": " + std::strerror(errno));
}

void Shell::Print(const Words& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text.push_back(' ');
    text += word;
  }
  std::fprintf(out(), "%s\n", text.c_str());
}

void Shell::Read(const Words& words) {
  if (read_depth_ >= kMaxReadDepth) {
    Fail(".read is nested too deeply");
    return;
  }
  ++read_depth_;
  RunFile(words[0]);
  --read_depth_;
}

void Shell::ListTables(const Words& words) {
  const auto names = [&]() -> arrow::Result<std::vector<std::string>> {
    ARROW_ASSIGN_OR_RAISE(auto reader, session_.Query("SHOW TABLES"));
    std::vector<std::string> found;
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
      if (batch == nullptr) break;
      for (int64_t row = 0; row < batch->num_rows(); ++row) {
        std::string& name = found.emplace_back();
        AppendValueText(*batch->column(0), row, &name);
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }();
  if (!names.ok()) {
    Fail(FormatError("SHOW TABLES", names.status()));
    return;
  }
  for (const std::string& name : *names) {
    if (words.empty() || IsLike(name, words[0])) std::fprintf(out(), "%s\n", name.c_str());
  }
}

void Shell::SetTimer(const Words& words) {
  if (words[0] == "on" || words[0] == "off") {
    timer_ = words[0] == "on";
  } else {
    Fail(".timer takes on or off");
  }
}

}  // namespace llkv::cli
