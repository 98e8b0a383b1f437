// LogCursor: walks the commit entries of a file in order, over jumps from segment to segment. Recovery and ReadLog use
// it.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "pager/file/format.h"
#include "pager/file/storage_file.h"

namespace llkv::file {

/// One commit entry.
struct LogEntry {
  uint64_t lsn = 0;
  uint64_t offset = 0;
  CommitView commit;
  /// What `commit` points into.
  FileBytes bytes;
};

/// Where the log goes on.
struct LogPosition {
  /// The segment, with `size` and `offset`.
  Segment segment;
  uint64_t offset = 0;
  /// The next commit, and the chain's value before it.
  uint64_t next_lsn = 1;
  uint64_t chain = 0;
};

class LogCursor {
 public:
  /// Without a known chain value the first entry is taken as it is.
  LogCursor(const StorageFile& file, LogPosition position, bool chain_known)
      : file_(file), position_(position), chain_known_(chain_known) {}

  /// The next intact commit in the chain, or nothing where there is none: then position() is where it would begin. An
  /// error only where the file cannot be read: what then follows is not known.
  arrow::Result<std::optional<LogEntry>> Next();

  /// Called for each segment that a jump leads to; false ends the log there.
  void set_on_segment(std::function<bool(const Segment&)> on_segment) { on_segment_ = std::move(on_segment); }

  const LogPosition& position() const { return position_; }

  /// Whether an intact entry behind position() says that a commit from position() on was on stable storage: then what
  /// is missing is damage. Call it after Next gave nothing. Room that was never written is not read, nor what an
  /// earlier use of the segment left: since it is written from its start, that begins with its first whole entry.
  arrow::Result<bool> LostDurableCommit() const;

 private:
  /// The bytes of an intact entry of that type and number at `offset`.
  arrow::Result<std::optional<FileBytes>> ReadEntry(uint64_t offset, EntryType type, uint64_t lsn,
                                                    uint64_t* checksum) const;
  arrow::Result<bool> Jump();
  enum class Behind { kNothing, kOlderCommit, kLostCommit };
  /// What an entry with `head` at `offset`, behind position(), shows where it is an intact commit.
  arrow::Result<Behind> LookBehind(uint64_t offset, std::span<const uint8_t> head) const;

  const StorageFile& file_;
  LogPosition position_;
  bool chain_known_;
  std::function<bool(const Segment&)> on_segment_;
};

}  // namespace llkv::file
