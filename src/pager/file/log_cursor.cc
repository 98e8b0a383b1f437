// LogCursor: number, chain and checksums decide what is the next commit.
#include "pager/file/log_cursor.h"

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

bool LogCursor::LostDurableCommit() const {
  const uint64_t end = position_.segment.end();
  for (uint64_t offset = position_.offset; offset + sizeof(EntryHeader) <= end; offset += kAlignment) {
    const auto head = file_.View(offset, sizeof(EntryHeader));
    if (!head) return false;
    const auto header = ReadEntryHeader(*head, EntryType::kCommit);
    if (!header || header->key < position_.next_lsn || header->length > end - offset - sizeof(EntryHeader)) continue;
    const auto bytes = file_.View(offset + sizeof(EntryHeader), header->length);
    if (!bytes || HashBytes(bytes->data(), bytes->size()) != header->checksum) continue;
    const auto commit = DecodeCommit(*bytes);
    if (commit && commit->fixed.durable_lsn >= position_.next_lsn) return true;
  }
  return false;
}

}  // namespace llkv::file
