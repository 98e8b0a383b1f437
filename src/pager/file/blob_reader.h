// Reads entries through the mapping and verifies them.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>

#include "pager/file/format.h"
#include "pager/file/key_directory.h"
#include "pager/file/storage_file.h"

namespace llkv::file {

/// The bytes of an entry whose header must say `type` and `key`, with the checksum verified where `verify`. XX001 names
/// the file, the place and what is wrong.
arrow::Result<std::span<const uint8_t>> ReadEntry(const StorageFile& file, EntryType type, uint64_t key, Extent place,
                                                  bool verify);

/// A zero-copy buffer over bytes of the mapping, which it keeps; it counts itself among the file's held buffers. The
/// caller holds what keeps the bytes until then.
std::shared_ptr<arrow::Buffer> MappedBuffer(const StorageFile& file, std::span<const uint8_t> bytes);

/// Directory nodes from the file.
class FileNodeSource : public NodeSource {
 public:
  explicit FileNodeSource(const StorageFile& file) : file_(file) {}
  arrow::Result<std::span<const uint8_t>> ReadNode(Extent place, uint64_t first_key, unsigned level) override;

 private:
  const StorageFile& file_;
};

}  // namespace llkv::file
