// `llkv salvage FILE OUT`.
#pragma once

#include <string>

namespace llkv::cli {

/// Copies what is readable; what was lost goes to stderr, the counts to stdout. Gives the exit status: 0 where all was
/// copied, 2 where something was lost, 1 where nothing could be done.
int RunSalvage(const std::string& path, const std::string& out);

}  // namespace llkv::cli
