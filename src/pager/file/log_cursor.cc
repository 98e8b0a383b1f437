// LogCursor: number, chain and checksums decide what is the next commit.
#include "pager/file/log_cursor.h"

#include <arrow/result.h>

#include <algorithm>
#include <cstring>

#include "base/hash.h"

namespace llkv::file {

std::optional<std::span<const uint8_t>> LogCursor::ReadEntry(uint64_t offset, EntryType type, uint64_t lsn,
                                                             uint64_t* checksum) const {
  const uint64_t end = position_.segment.end();
  if (offset + sizeof(EntryHeader) > end) return std::nullopt;
  const auto head = file_.View(offset, sizeof(EntryHeader));
  if (!head) return std::nullopt;
  const auto header = ReadEntryHeader(*head, type);
  if (!header || header->key != lsn || header->length > end - offset - sizeof(EntryHeader)) return std::nullopt;
  const auto bytes = file_.View(offset + sizeof(EntryHeader), header->length);
  if (!bytes || HashBytes(bytes->data(), bytes->size()) != header->checksum) return std::nullopt;
  *checksum = header->checksum;
  return bytes;
}

bool LogCursor::Jump() {
  uint64_t checksum = 0;
  const auto bytes = ReadEntry(position_.offset, EntryType::kJump, position_.next_lsn, &checksum);
  if (!bytes || bytes->size() != sizeof(JumpRecord)) return false;
  JumpRecord jump;
  std::memcpy(&jump, bytes->data(), sizeof(jump));
  if (chain_known_ && jump.previous != position_.chain) return false;
  if (on_segment_ && !on_segment_(jump.segment)) return false;
  position_.segment = jump.segment;
  position_.offset = jump.segment.offset;
  position_.chain = checksum;
  chain_known_ = true;
  return true;
}

std::optional<LogEntry> LogCursor::Next() {
  while (true) {
    uint64_t checksum = 0;
    const auto bytes = ReadEntry(position_.offset, EntryType::kCommit, position_.next_lsn, &checksum);
    if (!bytes) {
      if (Jump()) continue;
      return std::nullopt;
    }
    const auto commit = DecodeCommit(*bytes);
    if (!commit || (chain_known_ && commit->fixed.previous != position_.chain)) return std::nullopt;
    LogEntry entry{position_.next_lsn, position_.offset, *commit};
    position_.offset += EntryBytes(bytes->size());
    ++position_.next_lsn;
    position_.chain = checksum;
    chain_known_ = true;
    return entry;
  }
}

bool LogCursor::SaysCommitIsLost(uint64_t offset) const {
  const uint64_t end = position_.segment.end();
  const auto head = file_.View(offset, sizeof(EntryHeader));
  if (!head) return false;
  const auto header = ReadEntryHeader(*head, EntryType::kCommit);
  if (!header || header->key < position_.next_lsn || header->length > end - offset - sizeof(EntryHeader)) return false;
  const auto bytes = file_.View(offset + sizeof(EntryHeader), header->length);
  if (!bytes || HashBytes(bytes->data(), bytes->size()) != header->checksum) return false;
  const auto commit = DecodeCommit(*bytes);
  return commit && commit->fixed.durable_lsn >= position_.next_lsn;
}

arrow::Result<bool> LogCursor::LostDurableCommit() const {
  const uint64_t end = position_.segment.end();
  uint64_t offset = position_.offset;
  while (offset + sizeof(EntryHeader) <= end) {
    // The segment's room is given ahead: most of it was never written.
    ARROW_ASSIGN_OR_RAISE(const FileRange data, file_.FindData(offset));
    if (data.begin >= data.end) return false;
    offset = std::max(offset, data.begin / kAlignment * kAlignment);
    for (; offset < data.end && offset + sizeof(EntryHeader) <= end; offset += kAlignment) {
      if (SaysCommitIsLost(offset)) return true;
    }
  }
  return false;
}

}  // namespace llkv::file
