// FileBytes: bytes of a database file as somebody asked for them: in its mapping, or a copy.
#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace llkv::file {

/// Immutable. Bytes of the mapping are there as long as that; a copy as long as this.
struct FileBytes {
  std::span<const uint8_t> bytes;
  /// What holds the copy; null where they are mapped.
  std::shared_ptr<arrow::Buffer> copy;

  const uint8_t* data() const { return bytes.data(); }
  size_t size() const { return bytes.size(); }
  /// A part, which holds the whole.
  FileBytes Part(uint64_t offset, uint64_t length) const { return {bytes.subspan(offset, length), copy}; }
  // NOLINTNEXTLINE(google-explicit-constructor): what takes bytes takes these.
  operator std::span<const uint8_t>() const { return bytes; }
};

}  // namespace llkv::file
