// The prompt on a terminal, with line editing and history.
#pragma once

#include <string>

#include "shell.h"

namespace llkv::cli {

/// Reads lines with editing until .exit, .quit or end of input, and runs them. Ctrl-C stops a running statement, or
/// drops the typed one.
void RunPrompt(Shell& shell, const std::string& database);

}  // namespace llkv::cli
