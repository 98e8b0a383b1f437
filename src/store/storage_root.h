// StorageRoot: the content of the pager's root blob: what a checkpoint knows of the whole database.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "pager/write_batch.h"
#include "txn/byte_codec.h"

namespace llkv {

struct StorageRoot {
  struct Table {
    TableId id;
    /// Its TableMetadata.
    PhysicalKey key;
  };
  CommitTs last_committed;
  /// Log records up to here are part of what the tables have stored.
  Lsn last_lsn;
  uint64_t catalog_version = 0;
  uint64_t next_table_id = 0;
  std::vector<Table> tables;
  /// Blobs that nothing leads to, kept for readers that may have been there: to be freed by the next checkpoint.
  std::vector<PhysicalKey> unused_blobs;
};

void EncodeStorageRoot(const StorageRoot& root, ByteWriter& out);
/// Any bytes may be given: XX001 for damaged ones, 0A000 for a newer format.
arrow::Result<StorageRoot> DecodeStorageRoot(std::span<const uint8_t> bytes);

}  // namespace llkv
