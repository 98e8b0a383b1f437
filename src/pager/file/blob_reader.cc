// Entry reads with checks on place, header and checksum.
#include "pager/file/blob_reader.h"

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <string>
#include <utility>

#include "base/error.h"
#include "base/hash.h"

namespace llkv::file {

namespace {

const char* NameOf(EntryType type) {
  switch (type) {
    case EntryType::kBlob:
      return "blob of key ";
    case EntryType::kDirectoryNode:
      return "directory node of key ";
    case EntryType::kCheckpoint:
      return "checkpoint record ";
    case EntryType::kCommit:
      return "commit ";
    case EntryType::kJump:
      return "jump before commit ";
  }
  return "entry ";
}

arrow::Status Damaged(const StorageFile& file, EntryType type, uint64_t key, Extent place, const char* what) {
  return Corrupted("'" + file.path() + "': the " + NameOf(type) + std::to_string(key) + " at byte " +
                   std::to_string(place.offset) + " (" + std::to_string(place.length) + " bytes) " + what);
}

class FileBuffer : public arrow::Buffer {
 public:
  FileBuffer(std::span<const uint8_t> bytes, std::shared_ptr<HeldBuffers> held, uint64_t offset)
      : arrow::Buffer(bytes.data(), static_cast<int64_t>(bytes.size())), hold_(std::move(held), offset, bytes.size()) {}

 private:
  Hold hold_;
};

}  // namespace

arrow::Status VerifyEntry(const StorageFile& file, EntryType type, uint64_t key, Extent place,
                          std::span<const uint8_t> entry) {
  const auto header = ReadEntryHeader(entry.first(sizeof(EntryHeader)), type);
  if (!header || header->key != key || header->length != place.length) {
    return Damaged(file, type, key, place, "has a damaged header");
  }
  if (HashBytes(entry.data() + sizeof(EntryHeader), place.length) != header->checksum) {
    return Damaged(file, type, key, place, "does not match its checksum");
  }
  return arrow::Status::OK();
}

arrow::Result<FileBytes> ReadEntry(const StorageFile& file, EntryType type, uint64_t key, Extent place, bool verify) {
  if (place.offset < kHeaderBytes + sizeof(EntryHeader) || place.offset % kAlignment != 0) {
    return Damaged(file, type, key, place, "is at an impossible place");
  }
  const uint64_t size = file.size();
  if (place.offset > size || place.length > size - place.offset) {
    return Damaged(file, type, key, place, "lies beyond the end of the file");
  }
  // Header and bytes in one, so that a copy of the bytes begins on a border, too.
  ARROW_ASSIGN_OR_RAISE(const auto entry,
                        file.View(place.offset - sizeof(EntryHeader), sizeof(EntryHeader) + place.length));
  if (!entry) return Damaged(file, type, key, place, "lies beyond the end of the file");
  if (verify || file.copies()) ARROW_RETURN_NOT_OK(VerifyEntry(file, type, key, place, *entry));
  return entry->Part(sizeof(EntryHeader), place.length);
}

std::shared_ptr<arrow::Buffer> CopiedBuffer(const FileBytes& bytes) {
  return arrow::SliceBuffer(bytes.copy, bytes.data() - bytes.copy->data(), static_cast<int64_t>(bytes.size()));
}

std::shared_ptr<arrow::Buffer> BufferOf(const StorageFile& file, const FileBytes& bytes) {
  if (bytes.copy != nullptr) return CopiedBuffer(bytes);
  const auto offset = static_cast<uint64_t>(bytes.data() - file.mapping()->data());
  return std::make_shared<FileBuffer>(bytes, file.held(), offset);
}

arrow::Result<FileBytes> FileNodeSource::ReadNode(Extent place, uint64_t first_key, unsigned /*level*/) {
  return ReadEntry(file_, EntryType::kDirectoryNode, first_key, place, true);
}

}  // namespace llkv::file
