// Errors, for all layers: the public header, and the short way to say that something parses but cannot run.
#pragma once

#include "llkv/error.h"

namespace llkv {

/// 0A000 at a place in the statement: what is understood but cannot run.
inline arrow::Status NotSupported(std::string message, int64_t position = SqlErrorDetail::kNoPosition) {
  return SqlError(sqlstate::kFeatureNotSupported, std::move(message), position);
}

/// XX001: bytes on disk that are not what was written.
inline arrow::Status Corrupted(std::string message) { return SqlError(sqlstate::kDataCorrupted, std::move(message)); }

/// XX000: a broken invariant of ours. Never reachable by user input or by bytes from disk.
inline arrow::Status InternalError(std::string message) {
  return SqlError(sqlstate::kInternalError, std::move(message));
}

}  // namespace llkv
