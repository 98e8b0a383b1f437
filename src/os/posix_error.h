// Turns an errno into a Status of the os layer.
#pragma once

#include <arrow/status.h>

#include <string_view>

namespace llkv {

/// 53100 for no room, 58P01 for a missing file or folder, 58030 for the rest: "OPERATION PATH: reason".
arrow::Status PosixError(std::string_view operation, std::string_view path, int error_number);

}  // namespace llkv
