// The log record of one commit: a header and sections, each by one participant, in the order in which replay applies
// them. What a section's payload means is its participant's business (store/redo.h).
//
// Layout: u8 format version (1), varint commit timestamp, varint catalog version, then sections to the end of the
// record: u8 kind, varint owner id, u32 payload size, payload.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <functional>
#include <span>

#include "base/ids.h"
#include "txn/byte_codec.h"

namespace llkv {

inline constexpr uint8_t kLogRecordVersion = 1;

/// What replaying a commit costs, as a number of bytes of log: a record, and a row that it adds or takes away, each
/// cost as much as some hundred bytes.
inline uint64_t ReplayCost(uint64_t record_bytes, uint64_t num_rows) {
  constexpr uint64_t kEach = 384;
  return record_bytes + kEach + num_rows * kEach;
}

/// Builds one record after the other in the same memory. One thread.
class LogRecordWriter {
 public:
  /// Begins a record.
  void Start(CommitTs ts, uint64_t catalog_version);
  /// Begins a section; its payload goes to the writer that is returned, until EndSection.
  ByteWriter& BeginSection(uint8_t kind, uint64_t owner);
  /// Ends it; 54001 where the payload is longer than 4 GiB.
  arrow::Status EndSection();
  /// Counts rows that the record adds or takes away.
  void CountRows(uint64_t num_rows) { num_rows_ += num_rows; }
  uint64_t num_sections() const { return num_sections_; }
  std::span<const uint8_t> bytes() const { return bytes_.bytes(); }
  uint64_t replay_cost() const { return ReplayCost(bytes_.size(), num_rows_); }

 private:
  ByteWriter bytes_;
  size_t payload_start_ = 0;
  uint64_t num_sections_ = 0;
  uint64_t num_rows_ = 0;
};

struct LogSection {
  uint8_t kind = 0;
  uint64_t owner = 0;
  std::span<const uint8_t> payload;
};

struct LogRecordHeader {
  CommitTs ts;
  uint64_t catalog_version = 0;
};

/// Reads a record: its header, then each section in order through `visit`, whose first failure it returns. Any bytes
/// may be given: XX001 for damaged ones, 0A000 for a newer format version.
arrow::Result<LogRecordHeader> ReadLogRecord(
    std::span<const uint8_t> record,
    const std::function<arrow::Status(const LogRecordHeader&, const LogSection&)>& visit);

}  // namespace llkv
