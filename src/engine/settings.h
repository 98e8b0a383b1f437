// Settings of a session: their names, values and checks, for SET, RESET and SHOW.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "functions/function_registry.h"
#include "pager/pager.h"
#include "types/arrow_output.h"
#include "types/time_zone.h"
#include "types/value.h"

namespace llkv {

/// What a session's statements run under.
struct Settings {
  uint32_t threads = 1;
  Durability synchronous = Durability::kFull;
  int64_t memory_limit_bytes = 0;
  /// Empty: queries hold nothing beyond the limit.
  std::string temp_directory;
  int64_t max_temp_directory_bytes = 0;
  Dialect dialect = Dialect::kDefault;
  uint32_t batch_rows = 2048;
  bool optimizer = true;
  ArrowOutput arrow_output = ArrowOutput::kPortable;
  TimeZone zone;
};

/// Sets one by name. `defaults` is what RESET goes back to. Errors: 42704-like 22023 for an unknown name (with the
/// known ones as a hint) and for a value that does not fit.
arrow::Status SetSetting(std::string_view name, const Value& value, Settings& settings);
arrow::Status ResetSetting(std::string_view name, const Settings& defaults, Settings& settings);

/// The value as SHOW prints it. Error 22023 for an unknown name.
arrow::Result<std::string> ShowSetting(std::string_view name, const Settings& settings);

}  // namespace llkv
