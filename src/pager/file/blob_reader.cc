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

arrow::Result<std::span<const uint8_t>> ReadEntry(const StorageFile& file, EntryType type, uint64_t key, Extent place,
                                                  bool verify) {
  if (place.offset < kHeaderBytes + sizeof(EntryHeader) || place.offset % kAlignment != 0) {
    return Damaged(file, type, key, place, "is at an impossible place");
  }
  const auto head = file.View(place.offset - sizeof(EntryHeader), sizeof(EntryHeader));
  const auto bytes = file.View(place.offset, place.length);
  if (!head || !bytes) return Damaged(file, type, key, place, "lies beyond the end of the file");
  if (!verify) return *bytes;
  const auto header = ReadEntryHeader(*head, type);
  if (!header || header->key != key || header->length != place.length) {
    return Damaged(file, type, key, place, "has a damaged header");
  }
  if (HashBytes(bytes->data(), bytes->size()) != header->checksum) {
    return Damaged(file, type, key, place, "does not match its checksum");
  }
  return *bytes;
}

std::shared_ptr<arrow::Buffer> MappedBuffer(const StorageFile& file, std::span<const uint8_t> bytes) {
  const auto offset = static_cast<uint64_t>(bytes.data() - file.mapping()->data());
  return std::make_shared<FileBuffer>(bytes, file.held(), offset);
}

arrow::Result<std::span<const uint8_t>> FileNodeSource::ReadNode(Extent place, uint64_t first_key, unsigned /*level*/) {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadEntry(file_, EntryType::kDirectoryNode, first_key, place, true));
  return bytes;
}

}  // namespace llkv::file
