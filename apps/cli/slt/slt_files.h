// Many sqllogictest files at once: finding them, running them in parallel, reporting. Knows no engine.
#pragma once

#include <arrow/result.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "slt/slt_connection.h"
#include "slt/slt_runner.h"

namespace llkv::slt {

struct RunOptions {
  SltEngine engine = SltEngine::kLlkv;
  /// Files that run at the same time; 0 is one for each core.
  int num_jobs = 0;
  /// Print counts of records and values, and the slowest files.
  bool statistics = false;
};

/// Makes a fresh database for a file. Called from several threads.
using DatabaseFactory = std::function<arrow::Result<std::unique_ptr<SltDatabase>>()>;

/// Runs all files given and all `.slt` and `.test` files below the folders given, prints the first failures and the
/// closing line `N passed, N failed, N skipped` to stdout. Gives the exit status: 0 where none failed and one passed.
int RunSlt(const std::vector<std::string>& paths, const RunOptions& options, const DatabaseFactory& factory);

}  // namespace llkv::slt
