// Encoding and decoding of the file format. Every length that comes from bytes is checked before it is used.
#include "pager/file/format.h"

#include <arrow/result.h>

#include <cstddef>

#include "base/error.h"
#include "base/hash.h"

namespace llkv::file {

uint64_t ChecksumOf(const HeaderSlot& slot) { return HashBytes(&slot, offsetof(HeaderSlot, checksum)); }

uint64_t FileIdHash(const HeaderSlot& slot) { return HashBytes(slot.file_id.data(), slot.file_id.size()); }

namespace {

uint32_t ChecksumOf(const EntryHeader& header) {
  return static_cast<uint32_t>(HashBytes(&header, offsetof(EntryHeader, header_checksum)));
}

/// Takes `count` items of `item_bytes` from the front of `rest`.
bool Take(std::span<const uint8_t>& rest, uint64_t count, uint64_t item_bytes, std::span<const uint8_t>* out) {
  if (count > rest.size() / item_bytes) return false;
  *out = rest.first(count * item_bytes);
  rest = rest.subspan(count * item_bytes);
  return true;
}

}  // namespace

EntryHeader MakeEntryHeader(EntryType type, uint16_t flags, uint64_t key, uint64_t length, uint64_t checksum) {
  EntryHeader header;
  header.type = static_cast<uint16_t>(type);
  header.flags = flags;
  header.key = key;
  header.length = length;
  header.checksum = checksum;
  header.header_checksum = ChecksumOf(header);
  return header;
}

std::optional<EntryHeader> ReadEntryHeader(std::span<const uint8_t> bytes, EntryType type) {
  EntryHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.magic != EntryHeader::kEntryMagic || header.type != static_cast<uint16_t>(type)) return std::nullopt;
  if (header.header_checksum != ChecksumOf(header)) return std::nullopt;
  return header;
}

std::optional<CommitView> DecodeCommit(std::span<const uint8_t> bytes) {
  CommitView view;
  if (bytes.size() < sizeof(CommitFixed)) return std::nullopt;
  std::memcpy(&view.fixed, bytes.data(), sizeof(CommitFixed));
  std::span<const uint8_t> rest = bytes.subspan(sizeof(CommitFixed));
  const CommitFixed& fixed = view.fixed;
  if (!Take(rest, fixed.num_puts, sizeof(PutRecord), &view.puts) ||
      !Take(rest, fixed.num_frees, sizeof(uint64_t), &view.frees) ||
      !Take(rest, fixed.num_segments, sizeof(Segment), &view.segments) ||
      !Take(rest, fixed.root_length, 1, &view.root) || !Take(rest, fixed.log_length, 1, &view.log) || !rest.empty()) {
    return std::nullopt;
  }
  return view;
}

std::vector<uint8_t> EncodeCheckpoint(const CheckpointRecord& checkpoint) {
  CheckpointFixed fixed = checkpoint.fixed;
  fixed.num_segments = checkpoint.segments.size();
  fixed.root_length = checkpoint.root.size();
  std::vector<uint8_t> bytes;
  bytes.reserve(sizeof(fixed) + checkpoint.segments.size() * sizeof(Segment) + checkpoint.root.size());
  const auto append = [&](std::span<const uint8_t> part) { bytes.insert(bytes.end(), part.begin(), part.end()); };
  append(BytesOf(fixed));
  for (const Segment& segment : checkpoint.segments) append(BytesOf(segment));
  append(checkpoint.root);
  return bytes;
}

arrow::Result<CheckpointRecord> DecodeCheckpoint(std::span<const uint8_t> bytes, const std::string& path) {
  const auto damaged = [&] { return Corrupted("'" + path + "': the checkpoint record is damaged"); };
  CheckpointRecord checkpoint;
  if (bytes.size() < sizeof(CheckpointFixed)) return damaged();
  std::memcpy(&checkpoint.fixed, bytes.data(), sizeof(CheckpointFixed));
  std::span<const uint8_t> rest = bytes.subspan(sizeof(CheckpointFixed));
  std::span<const uint8_t> segments;
  std::span<const uint8_t> root;
  if (!Take(rest, checkpoint.fixed.num_segments, sizeof(Segment), &segments) ||
      !Take(rest, checkpoint.fixed.root_length, 1, &root) || !rest.empty()) {
    return damaged();
  }
  checkpoint.segments.resize(checkpoint.fixed.num_segments);
  if (!segments.empty()) std::memcpy(checkpoint.segments.data(), segments.data(), segments.size());
  checkpoint.root.assign(root.begin(), root.end());
  return checkpoint;
}

}  // namespace llkv::file
