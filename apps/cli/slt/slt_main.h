// `llkv --slt`: sqllogictest files against LLKV.
#pragma once

#include <string>
#include <vector>

namespace llkv::cli {

/// Runs files and folders, each file in a fresh database; `engine` is "sqlite", "duckdb" or "llkv". Gives the
/// exit status.
///
/// Environment: LLKV_SLT_STATS=1 prints statistics; LLKV_SLT_JOBS is the number of files at once; LLKV_SLT_THREADS,
/// LLKV_SLT_BATCH_ROWS and LLKV_SLT_OPTIMIZER (0 or 1) set the databases' options; LLKV_SLT_STORAGE is where they are:
/// nothing for memory, or a URI scheme ("file", "rocksdb") for a folder that is removed afterwards; LLKV_SLT_IO=read
/// reads files instead of mapping them.
int RunSltMain(const std::vector<std::string>& paths, const std::string& engine);

}  // namespace llkv::cli
