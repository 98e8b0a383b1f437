// The entries that a checkpoint writes: directory nodes and records.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <span>
#include <vector>

#include "pager/file/format.h"
#include "pager/file/key_directory.h"

namespace llkv::file {

struct FileCore;

/// Writes an entry with its header to `offset`, where room for it was given.
arrow::Status WriteEntryAt(FileCore& core, EntryType type, uint64_t key, uint64_t offset,
                           std::span<const uint8_t> bytes);

/// Writes directory nodes and remembers where.
class CountingSink : public NodeSink {
 public:
  explicit CountingSink(FileCore& core) : core_(core) {}
  arrow::Result<Extent> WriteNode(std::span<const uint8_t> bytes, uint64_t first_key, unsigned level) override;
  const std::vector<Extent>& written() const { return written_; }

 private:
  FileCore& core_;
  std::vector<Extent> written_;
};

}  // namespace llkv::file
