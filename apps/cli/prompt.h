// The prompt on a terminal: line editing and history around Shell.
#pragma once

#include <arrow/status.h>

#include <string>

#include "shell.h"

namespace llkv::cli {

/// Reads and runs lines until the shell is done or input ends. Ctrl-C (Shell::Interrupt) drops what is typed, Ctrl-D on
/// an empty line leaves. `database` is shown. Fails where the terminal cannot be used.
arrow::Status RunPrompt(Shell& shell, const std::string& database);

}  // namespace llkv::cli
