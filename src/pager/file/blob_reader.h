// Reads entries of the file and verifies them.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>

#include "pager/file/format.h"
#include "pager/file/key_directory.h"
#include "pager/file/storage_file.h"

namespace llkv::file {

/// The bytes of an entry whose header must say `type` and `key`, with the checksum verified where `verify` or where
/// they are a copy. XX001 names the file, the place and what is wrong.
arrow::Result<FileBytes> ReadEntry(const StorageFile& file, EntryType type, uint64_t key, Extent place, bool verify);

/// The same of an entry that was viewed with its header.
arrow::Status VerifyEntry(const StorageFile& file, EntryType type, uint64_t key, Extent place,
                          std::span<const uint8_t> entry);

/// A buffer over bytes of the file. Mapped ones are not copied: it keeps the mapping and counts itself among the file's
/// held buffers; the caller holds what keeps the bytes until then.
std::shared_ptr<arrow::Buffer> BufferOf(const StorageFile& file, const FileBytes& bytes);
/// A buffer over bytes that are a copy.
std::shared_ptr<arrow::Buffer> CopiedBuffer(const FileBytes& bytes);

/// Directory nodes from the file.
class FileNodeSource : public NodeSource {
 public:
  explicit FileNodeSource(const StorageFile& file) : file_(file) {}
  arrow::Result<FileBytes> ReadNode(Extent place, uint64_t first_key, unsigned level) override;

 private:
  const StorageFile& file_;
};

}  // namespace llkv::file
