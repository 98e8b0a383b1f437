// LogCursor: number, chain and checksums decide what is the next commit.
#include "pager/file/log_cursor.h"

#include <arrow/result.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/hash.h"

namespace llkv::file {

arrow::Result<std::optional<FileBytes>> LogCursor::ReadEntry(uint64_t offset, EntryType type, uint64_t lsn,
                                                             uint64_t* checksum) const {
  const uint64_t end = position_.segment.end();
  if (offset + sizeof(EntryHeader) > end) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const auto head, file_.View(offset, sizeof(EntryHeader)));
  if (!head) return std::nullopt;
  const auto header = ReadEntryHeader(*head, type);
  if (!header || header->key != lsn || header->length > end - offset - sizeof(EntryHeader)) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(auto bytes, file_.View(offset + sizeof(EntryHeader), header->length));
  if (!bytes || HashBytes(bytes->data(), bytes->size()) != header->checksum) return std::nullopt;
  *checksum = header->checksum;
  return bytes;
}

arrow::Result<bool> LogCursor::Jump() {
  uint64_t checksum = 0;
  ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadEntry(position_.offset, EntryType::kJump, position_.next_lsn, &checksum));
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

arrow::Result<std::optional<LogEntry>> LogCursor::Next() {
  while (true) {
    uint64_t checksum = 0;
    ARROW_ASSIGN_OR_RAISE(auto bytes, ReadEntry(position_.offset, EntryType::kCommit, position_.next_lsn, &checksum));
    if (!bytes) {
      ARROW_ASSIGN_OR_RAISE(const bool jumped, Jump());
      if (jumped) continue;
      return std::nullopt;
    }
    const auto commit = DecodeCommit(*bytes);
    if (!commit || (chain_known_ && commit->fixed.previous != position_.chain)) return std::nullopt;
    LogEntry entry{position_.next_lsn, position_.offset, *commit, *bytes};
    position_.offset += EntryBytes(bytes->size());
    ++position_.next_lsn;
    position_.chain = checksum;
    chain_known_ = true;
    return entry;
  }
}

arrow::Result<LogCursor::Behind> LogCursor::LookBehind(uint64_t offset, std::span<const uint8_t> head) const {
  const uint64_t end = position_.segment.end();
  const auto header = ReadEntryHeader(head, EntryType::kCommit);
  if (!header || header->length > end - offset - sizeof(EntryHeader)) return Behind::kNothing;
  ARROW_ASSIGN_OR_RAISE(const auto bytes, file_.View(offset + sizeof(EntryHeader), header->length));
  if (!bytes || HashBytes(bytes->data(), bytes->size()) != header->checksum) return Behind::kNothing;
  const auto commit = DecodeCommit(*bytes);
  if (!commit) return Behind::kNothing;
  if (header->key < position_.next_lsn) return Behind::kOlderCommit;
  return commit->fixed.durable_lsn >= position_.next_lsn ? Behind::kLostCommit : Behind::kNothing;
}

arrow::Result<bool> LogCursor::LostDurableCommit() const {
  constexpr uint64_t kMaxStep = uint64_t{64} << 10;
  const uint64_t end = std::min(position_.segment.end(), file_.size());
  uint64_t offset = position_.offset;
  std::vector<uint8_t> part(kMaxStep);
  FileRange data;
  for (uint64_t step = kMaxStep / 16; offset + sizeof(EntryHeader) <= end; step = std::min(2 * step, kMaxStep)) {
    // The segment's room is given ahead: most of it was never written. Asking takes as long as the range has pages.
    if (offset >= data.end) {
      ARROW_ASSIGN_OR_RAISE(data, file_.FindData(offset));
      if (data.begin >= data.end) return false;
    }
    offset = std::max(offset, data.begin / kAlignment * kAlignment);
    const uint64_t stop = std::min({RoundUp(data.end, kAlignment), end / kAlignment * kAlignment, offset + step});
    if (offset >= stop) return false;
    ARROW_ASSIGN_OR_RAISE(const size_t got, file_.Read(offset, {part.data(), stop - offset}));
    if (got < stop - offset) return false;
    const uint64_t begin = offset;
    for (; offset < stop; offset += kAlignment) {
      ARROW_ASSIGN_OR_RAISE(const Behind behind,
                            LookBehind(offset, {part.data() + (offset - begin), sizeof(EntryHeader)}));
      if (behind != Behind::kNothing) return behind == Behind::kLostCommit;
    }
  }
  return false;
}

}  // namespace llkv::file
