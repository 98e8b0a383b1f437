// Types in log records and catalog entries, in the stored form of types/type_info.h: here so that both read it alike.
#pragma once

#include <string>

#include "txn/byte_codec.h"
#include "types/type_info.h"

namespace llkv {

inline void WriteType(LogicalType type, ByteWriter& out) {
  std::string bytes;
  AppendType(type, &bytes);
  out.Raw(bytes.data(), bytes.size());
}

/// Fails the reader where there is no type.
inline LogicalType ReadType(ByteReader& in) {
  size_t size = 0;
  const std::optional<LogicalType> type = DecodeType(in.rest(), &size);
  if (!type) in.Fail();
  in.Raw(in.ok() ? size : 0);
  return type.value_or(LogicalType());
}

}  // namespace llkv
