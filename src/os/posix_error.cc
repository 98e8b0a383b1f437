// errno to SQLSTATE.
#include "os/posix_error.h"

#include <cerrno>
#include <string>
#include <system_error>

#include "base/error.h"

namespace llkv {

arrow::Status PosixError(std::string_view operation, std::string_view path, int error_number) {
  std::string_view state = sqlstate::kIoError;
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) state = sqlstate::kDiskFull;
  if (error_number == ENOENT || error_number == ENOTDIR) state = sqlstate::kUndefinedFile;
  std::string message;
  message.append(operation).append(" '").append(path).append("': ").append(
      std::generic_category().message(error_number));
  return SqlError(state, std::move(message));
}

}  // namespace llkv
