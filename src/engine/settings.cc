// One table of settings: a name, how it is parsed and how it is shown.
#include "engine/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "vector/vector.h"

namespace llkv {

namespace {

constexpr int64_t kMaxThreads = 1024;

std::string Word(const Value& value) {
  std::string text = value.type().IsString() ? value.bytes() : value.ToString();
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

arrow::Status BadValue(std::string_view name, const Value& value, std::string_view wanted) {
  return SqlError(sqlstate::kInvalidParameter,
                  fmt::format("\"{}\" is no value of {}: it takes {}", value.ToString(), name, wanted));
}

arrow::Result<int64_t> Number(std::string_view name, const Value& value, int64_t least, int64_t most) {
  const auto bad = [&] { return BadValue(name, value, fmt::format("a number from {} to {}", least, most)); };
  if (value.is_null()) return bad();
  const std::string text = Word(value);
  char* end = nullptr;
  const long long number = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || number < least || number > most) return bad();
  return number;
}

arrow::Result<bool> Flag(std::string_view name, const Value& value) {
  const std::string text = value.is_null() ? "" : Word(value);
  if (text == "on" || text == "true" || text == "1" || text == "yes") return true;
  if (text == "off" || text == "false" || text == "0" || text == "no") return false;
  return BadValue(name, value, "on or off");
}

/// "512MB", "1.5 GiB", "100000" (bytes).
arrow::Result<int64_t> Bytes(std::string_view name, const Value& value) {
  const auto bad = [&] { return BadValue(name, value, "a size such as '512MB' or '4GiB'"); };
  if (value.is_null()) return bad();
  const std::string text = Word(value);
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || !(number > 0)) return bad();
  std::string unit(end);
  unit.erase(std::remove(unit.begin(), unit.end(), ' '), unit.end());
  double factor = 0;
  if (unit.empty() || unit == "b") factor = 1;
  if (unit == "kb") factor = 1e3;
  if (unit == "mb") factor = 1e6;
  if (unit == "gb") factor = 1e9;
  if (unit == "tb") factor = 1e12;
  if (unit == "kib") factor = 1024.0;
  if (unit == "mib") factor = 1024.0 * 1024;
  if (unit == "gib") factor = 1024.0 * 1024 * 1024;
  if (unit == "tib") factor = 1024.0 * 1024 * 1024 * 1024;
  if (factor == 0 || number * factor > 9e18 || number * factor < 1) return bad();
  return static_cast<int64_t>(number * factor);
}

struct Setting {
  std::string_view name;
  arrow::Status (*set)(std::string_view name, const Value& value, Settings& settings);
  void (*copy)(const Settings& from, Settings& to);
  std::string (*show)(const Settings& settings);
};

arrow::Status SetThreads(std::string_view name, const Value& value, Settings& settings) {
  ARROW_ASSIGN_OR_RAISE(const int64_t threads, Number(name, value, 1, kMaxThreads));
  settings.threads = static_cast<uint32_t>(threads);
  return arrow::Status::OK();
}

arrow::Status SetSynchronous(std::string_view name, const Value& value, Settings& settings) {
  const std::string word = value.is_null() ? "" : Word(value);
  if (word == "off" || word == "0" || word == "false") {
    settings.synchronous = Durability::kNone;
  } else if (word == "normal" || word == "1") {
    settings.synchronous = Durability::kProcess;
  } else if (word == "full" || word == "2") {
    settings.synchronous = Durability::kFull;
  } else {
    return BadValue(name, value, "off, normal or full");
  }
  return arrow::Status::OK();
}

std::string ShowSynchronous(const Settings& settings) {
  switch (settings.synchronous) {
    case Durability::kNone:
      return "off";
    case Durability::kProcess:
      return "normal";
    case Durability::kFull:
      return "full";
  }
  return "";
}

arrow::Status SetMemoryLimit(std::string_view name, const Value& value, Settings& settings) {
  ARROW_ASSIGN_OR_RAISE(settings.memory_limit_bytes, Bytes(name, value));
  return arrow::Status::OK();
}

arrow::Status SetTempDirectory(std::string_view name, const Value& value, Settings& settings) {
  if (value.is_null() || !value.type().IsString()) return BadValue(name, value, "a folder, or '' for none");
  std::error_code error;
  if (!value.bytes().empty() && !std::filesystem::is_directory(value.bytes(), error)) {
    return BadValue(name, value, "a folder that exists, or '' for none");
  }
  settings.temp_directory = value.bytes();
  return arrow::Status::OK();
}

arrow::Status SetMaxTempDirectorySize(std::string_view name, const Value& value, Settings& settings) {
  ARROW_ASSIGN_OR_RAISE(settings.max_temp_directory_bytes, Bytes(name, value));
  return arrow::Status::OK();
}

arrow::Status SetDialect(std::string_view name, const Value& value, Settings& settings) {
  const std::string word = value.is_null() ? "" : Word(value);
  if (word == "sqlite") {
    settings.dialect = Dialect::kSqlite;
  } else if (word == "postgres" || word == "postgresql" || word == "default") {
    settings.dialect = Dialect::kDefault;
  } else {
    return BadValue(name, value, "postgres or sqlite");
  }
  return arrow::Status::OK();
}

arrow::Status SetBatchRows(std::string_view name, const Value& value, Settings& settings) {
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, Number(name, value, 1, kMaxBatchRows));
  settings.batch_rows = static_cast<uint32_t>(rows);
  return arrow::Status::OK();
}

arrow::Status SetOptimizer(std::string_view name, const Value& value, Settings& settings) {
  ARROW_ASSIGN_OR_RAISE(settings.optimizer, Flag(name, value));
  return arrow::Status::OK();
}

arrow::Status SetArrowOutput(std::string_view name, const Value& value, Settings& settings) {
  const std::string word = value.is_null() ? "" : Word(value);
  if (word == "portable") {
    settings.arrow_output = ArrowOutput::kPortable;
  } else if (word == "native") {
    settings.arrow_output = ArrowOutput::kNative;
  } else {
    return BadValue(name, value, "portable or native");
  }
  return arrow::Status::OK();
}

arrow::Status SetTimeZone(std::string_view name, const Value& value, Settings& settings) {
  if (value.is_null()) return BadValue(name, value, "the name of a time zone");
  if (value.type().IsInteger()) {
    const int128_t hours = value.integer();
    if (hours < -15 || hours > 15) return BadValue(name, value, "the name of a time zone, or hours east of UTC");
    return TimeZone::Find(fmt::format("{}{:02}", hours < 0 ? '-' : '+', std::abs(static_cast<int>(hours))))
        .Value(&settings.zone);
  }
  const std::string text = value.type().IsString() ? value.bytes() : value.ToString();
  return TimeZone::Find(text).Value(&settings.zone);
}

const std::array<Setting, 10>& AllSettings() {
  static const std::array<Setting, 10> settings = {{
      {"arrow_output", SetArrowOutput, [](const Settings& from, Settings& to) { to.arrow_output = from.arrow_output; },
       [](const Settings& s) { return std::string(s.arrow_output == ArrowOutput::kNative ? "native" : "portable"); }},
      {"batch_rows", SetBatchRows, [](const Settings& from, Settings& to) { to.batch_rows = from.batch_rows; },
       [](const Settings& s) { return std::to_string(s.batch_rows); }},
      {"dialect", SetDialect, [](const Settings& from, Settings& to) { to.dialect = from.dialect; },
       [](const Settings& s) { return std::string(s.dialect == Dialect::kSqlite ? "sqlite" : "postgres"); }},
      {"max_temp_directory_size", SetMaxTempDirectorySize,
       [](const Settings& from, Settings& to) { to.max_temp_directory_bytes = from.max_temp_directory_bytes; },
       [](const Settings& s) { return std::to_string(s.max_temp_directory_bytes); }},
      {"memory_limit", SetMemoryLimit,
       [](const Settings& from, Settings& to) { to.memory_limit_bytes = from.memory_limit_bytes; },
       [](const Settings& s) { return std::to_string(s.memory_limit_bytes); }},
      {"optimizer", SetOptimizer, [](const Settings& from, Settings& to) { to.optimizer = from.optimizer; },
       [](const Settings& s) { return std::string(s.optimizer ? "on" : "off"); }},
      {"synchronous", SetSynchronous, [](const Settings& from, Settings& to) { to.synchronous = from.synchronous; },
       ShowSynchronous},
      {"temp_directory", SetTempDirectory,
       [](const Settings& from, Settings& to) { to.temp_directory = from.temp_directory; },
       [](const Settings& s) { return s.temp_directory; }},
      {"threads", SetThreads, [](const Settings& from, Settings& to) { to.threads = from.threads; },
       [](const Settings& s) { return std::to_string(s.threads); }},
      {"timezone", SetTimeZone, [](const Settings& from, Settings& to) { to.zone = from.zone; },
       [](const Settings& s) { return s.zone.name(); }},
  }};
  return settings;
}

arrow::Result<const Setting*> FindSetting(std::string_view name) {
  std::string known;
  if (name == "time zone") name = "timezone";  // SET TIME ZONE
  for (const Setting& setting : AllSettings()) {
    if (setting.name == name) return &setting;
    known += known.empty() ? "" : ", ";
    known += setting.name;
  }
  return SqlError(sqlstate::kInvalidParameter, fmt::format("there is no setting \"{}\"", name),
                  SqlErrorDetail::kNoPosition, "the settings are " + known);
}

}  // namespace

arrow::Status SetSetting(std::string_view name, const Value& value, Settings& settings) {
  ARROW_ASSIGN_OR_RAISE(const Setting* setting, FindSetting(name));
  return setting->set(name, value, settings);
}

arrow::Status ResetSetting(std::string_view name, const Settings& defaults, Settings& settings) {
  if (name == "all") {
    settings = defaults;
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const Setting* setting, FindSetting(name));
  setting->copy(defaults, settings);
  return arrow::Status::OK();
}

arrow::Result<std::string> ShowSetting(std::string_view name, const Settings& settings) {
  ARROW_ASSIGN_OR_RAISE(const Setting* setting, FindSetting(name));
  return setting->show(settings);
}

}  // namespace llkv
