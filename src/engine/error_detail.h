// The last touch on errors that leave the public API. Here so that the layers below need not care which library failed.
#pragma once

#include "base/error.h"

namespace llkv {

/// The same failure with a SqlErrorDetail: where it has none, one by its Arrow code.
inline arrow::Status WithDetail(const arrow::Status& status) {
  if (status.ok() || GetSqlError(status) != nullptr) return status;
  return WithPosition(status, SqlErrorDetail::kNoPosition);
}

}  // namespace llkv
