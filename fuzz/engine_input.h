// A script through a whole engine in memory, for fuzzers: no crash, no hang, every failure with a SQLSTATE, and the
// session goes on.
#pragma once

#include <string_view>

namespace llkv::fuzz {

/// Runs the statements of `script`, each for a short time at most, with little memory, without files. Aborts where
/// something is not as it must be.
void RunScript(std::string_view script);

}  // namespace llkv::fuzz
