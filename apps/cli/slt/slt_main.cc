// The options of `llkv --slt`, from its arguments and the environment.
#include "slt/slt_main.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "slt/llkv_database.h"
#include "slt/slt_files.h"

namespace llkv::cli {

namespace {

/// A number from the environment, or `otherwise`.
int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::atoi(text) : otherwise;
}

}  // namespace

int RunSltMain(const std::vector<std::string>& paths, const std::string& engine) {
  if (paths.empty()) {
    std::fprintf(stderr, "llkv: --slt needs files or folders\n");
    return 1;
  }
  slt::RunOptions options;
  if (engine == "sqlite") options.engine = slt::SltEngine::kSqlite;
  if (engine == "duckdb") options.engine = slt::SltEngine::kDuckdb;
  options.num_jobs = FromEnvironment("LLKV_SLT_JOBS", 0);
  options.statistics = FromEnvironment("LLKV_SLT_STATS", 0) != 0;
  EngineOptions engine_options;
  engine_options.num_threads = FromEnvironment("LLKV_SLT_THREADS", 1);
  engine_options.batch_rows = static_cast<uint32_t>(std::clamp(FromEnvironment("LLKV_SLT_BATCH_ROWS", 2048), 1, 2048));
  engine_options.optimizer = FromEnvironment("LLKV_SLT_OPTIMIZER", 1) != 0;
  const char* io = std::getenv("LLKV_SLT_IO");
  if (io != nullptr && std::string_view(io) == "read") engine_options.io = IoMode::kRead;
  const char* storage = std::getenv("LLKV_SLT_STORAGE");
  return slt::RunSlt(paths, options, [&] {
    return slt::OpenLlkvDatabase(options.engine, engine_options, storage != nullptr ? storage : "");
  });
}

}  // namespace llkv::cli
