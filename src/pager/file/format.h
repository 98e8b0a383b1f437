// The bytes of a database file: header slots, entries, and the records inside commit and checkpoint entries. Encoding
// and decoding only; nothing here reads or writes a file. docs/formats/file.md describes the same for people.
#pragma once

#include <arrow/type_fwd.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace llkv::file {

static_assert(std::endian::native == std::endian::little, "the file format is little-endian, and so are its readers");

inline constexpr uint64_t kAlignment = 64;
inline constexpr uint64_t kPageBytes = 4096;
/// Two header slots, a page each; segments follow.
inline constexpr uint64_t kHeaderBytes = 2 * kPageBytes;
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr std::array<char, 16> kMagic = {'L', 'L', 'K', 'V', ' ', 'd',  'a',    't',
                                                'a', 'b', 'a', 's', 'e', '\n', '\x1a', '\0'};

inline constexpr uint64_t RoundUp(uint64_t value, uint64_t step) { return (value + step - 1) / step * step; }

/// Where bytes are in the file; offset 0 means nowhere.
struct Extent {
  uint64_t offset = 0;
  uint64_t length = 0;
  bool operator==(const Extent&) const = default;
};

/// One of the two places that lead to the newest checkpoint. `checksum` covers all before it.
struct HeaderSlot {
  std::array<char, 16> magic = kMagic;
  uint32_t version = kFormatVersion;
  uint32_t flags = 0;
  /// Feature bits: a reader may ignore unknown ones of the first word; one that does not know a bit of the second may
  /// read but not write; of the third, neither.
  uint64_t features_optional = 0;
  uint64_t features_for_writing = 0;
  uint64_t features_for_reading = 0;
  std::array<uint8_t, 16> file_id = {};
  /// The checkpoint's number: the greater of two intact slots counts.
  uint64_t sequence = 0;
  /// The checkpoint record's bytes (behind their entry header).
  Extent checkpoint;
  uint64_t checkpoint_checksum = 0;
  uint64_t reserved_words[3] = {};
  uint64_t checksum = 0;
};
static_assert(sizeof(HeaderSlot) == 128);

/// Another file has taken this one's name and place: VACUUM has written it.
inline constexpr uint32_t kHeaderSuperseded = 1;
/// The file's name may not be on stable storage: whoever writes to it syncs its folder first.
inline constexpr uint32_t kHeaderNameUnsynced = 2;

uint64_t ChecksumOf(const HeaderSlot& slot);
/// What tells two database files apart; also the chain's value before the first commit.
uint64_t FileIdHash(const HeaderSlot& slot);

enum class EntryType : uint16_t { kBlob = 1, kDirectoryNode = 2, kCheckpoint = 3, kCommit = 4, kJump = 5 };

/// Stands before each entry's bytes. `header_checksum` covers all before it.
struct EntryHeader {
  static constexpr uint32_t kEntryMagic = 0x654B4C4C;  // "LLKe"

  uint32_t magic = kEntryMagic;
  uint16_t type = 0;
  uint16_t flags = 0;
  /// The blob's key, the first key below a directory node, a checkpoint's sequence, a commit's number.
  uint64_t key = 0;
  uint64_t length = 0;
  /// XXH3-64 of the entry's bytes.
  uint64_t checksum = 0;
  /// Room for encryption; zeros.
  std::array<uint8_t, 12> nonce = {};
  std::array<uint8_t, 16> tag = {};
  uint32_t header_checksum = 0;
};
static_assert(sizeof(EntryHeader) == kAlignment);

/// The room of an entry with `length` bytes.
inline constexpr uint64_t EntryBytes(uint64_t length) { return sizeof(EntryHeader) + RoundUp(length, kAlignment); }

/// A finished header.
EntryHeader MakeEntryHeader(EntryType type, uint16_t flags, uint64_t key, uint64_t length, uint64_t checksum);
/// The header in `bytes` (at least 64), or nothing where it is not an intact one of that type.
std::optional<EntryHeader> ReadEntryHeader(std::span<const uint8_t> bytes, EntryType type);

enum class SegmentKind : uint32_t { kFree = 0, kData = 1, kLog = 2 };

/// A range of the file that is appended to from its start. Lies on page borders.
struct Segment {
  uint64_t offset = 0;
  uint64_t size = 0;
  /// Bytes from its start that were given out.
  uint64_t used = 0;
  /// Bytes of entries that the newest commit needs.
  uint64_t live = 0;
  /// Log: the first commit in it. Free: the checkpoint since which nothing needs it.
  uint64_t since = 0;
  SegmentKind kind = SegmentKind::kFree;
  uint32_t reserved = 0;

  uint64_t end() const { return offset + size; }
};
static_assert(sizeof(Segment) == 48);

/// A blob that a commit adds.
struct PutRecord {
  uint64_t key = 0;
  Extent blob;
  uint64_t checksum = 0;
};
static_assert(sizeof(PutRecord) == 32);

/// The fixed part of a commit entry's bytes; behind it come the puts, the freed keys, the new segments, the root and
/// the log record.
struct CommitFixed {
  /// The checksum of the commit before, so that entries of an older life of the segment never join the chain.
  uint64_t previous = 0;
  /// A commit that was on stable storage when this one was written: a gap at or before it is damage, not a torn tail.
  uint64_t durable_lsn = 0;
  uint64_t next_key = 0;
  /// 0 where the log is not truncated.
  uint64_t truncate_lsn = 0;
  uint32_t num_puts = 0;
  uint32_t num_frees = 0;
  uint32_t num_segments = 0;
  uint32_t flags = 0;
  uint64_t root_length = 0;
  uint64_t log_length = 0;
};
static_assert(sizeof(CommitFixed) == 64);

inline constexpr uint32_t kCommitHasRoot = 1;
inline constexpr uint32_t kCommitHasLog = 2;
/// The blobs were on stable storage before this entry was written: recovery need not read them.
inline constexpr uint32_t kCommitBlobsSynced = 4;
/// The puts are moves: their keys have blobs, which are the same bytes at other places from this commit on.
inline constexpr uint32_t kCommitMoves = 8;

/// A commit's parts, pointing into the bytes that were decoded.
struct CommitView {
  CommitFixed fixed;
  std::span<const uint8_t> puts;
  std::span<const uint8_t> frees;
  std::span<const uint8_t> segments;
  std::span<const uint8_t> root;
  std::span<const uint8_t> log;

  PutRecord put(size_t i) const { return At<PutRecord>(puts, i); }
  uint64_t free(size_t i) const { return At<uint64_t>(frees, i); }
  Segment segment(size_t i) const { return At<Segment>(segments, i); }

 private:
  template <typename T>
  static T At(std::span<const uint8_t> bytes, size_t i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    return value;
  }
};

/// Nothing where the lengths do not add up to the size of `bytes`.
std::optional<CommitView> DecodeCommit(std::span<const uint8_t> bytes);

/// The bytes of a jump entry: the log goes on at the start of another segment.
struct JumpRecord {
  uint64_t previous = 0;
  Segment segment;
};
static_assert(sizeof(JumpRecord) == 56);
inline constexpr uint64_t kJumpEntryBytes = EntryBytes(sizeof(JumpRecord));

/// The fixed part of a checkpoint record; behind it come the segments and the root blob.
struct CheckpointFixed {
  uint64_t sequence = 0;
  uint64_t lsn = 0;
  /// The chain's value after commit `lsn`.
  uint64_t chain = 0;
  uint64_t next_key = 0;
  uint64_t root_version = 0;
  uint64_t truncated_lsn = 0;
  /// Where the log after commit `lsn` begins.
  uint64_t log_offset = 0;
  Extent directory;
  uint64_t directory_height = 0;
  uint64_t num_keys = 0;
  uint64_t live_bytes = 0;
  uint64_t num_segments = 0;
  uint64_t has_root = 0;
  uint64_t root_length = 0;
};
static_assert(sizeof(CheckpointFixed) == 120);

struct CheckpointRecord {
  CheckpointFixed fixed;
  std::vector<Segment> segments;
  std::vector<uint8_t> root;
};

std::vector<uint8_t> EncodeCheckpoint(const CheckpointRecord& checkpoint);
/// XX001 where the bytes contradict themselves; `path` goes into the message.
arrow::Result<CheckpointRecord> DecodeCheckpoint(std::span<const uint8_t> bytes, const std::string& path);

template <typename T>
std::span<const uint8_t> BytesOf(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof(T)};
}

}  // namespace llkv::file
