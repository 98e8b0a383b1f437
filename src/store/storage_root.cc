// See storage_root.h.
#include "store/storage_root.h"

#include "base/error.h"

namespace llkv {

namespace {
constexpr uint32_t kMagic = 0x564B4C4C;  // "LLKV"
constexpr uint8_t kRootVersion = 1;
}  // namespace

void EncodeStorageRoot(const StorageRoot& root, ByteWriter& out) {
  out.Fixed(kMagic);
  out.U8(kRootVersion);
  out.Varint(root.last_committed.value);
  out.Varint(root.last_lsn.value);
  out.Varint(root.catalog_version);
  out.Varint(root.next_table_id);
  out.Varint(root.tables.size());
  for (const StorageRoot::Table& table : root.tables) {
    out.Varint(table.id.value);
    out.Varint(table.key.value);
  }
  out.Varint(root.unused_blobs.size());
  for (const PhysicalKey key : root.unused_blobs) out.Varint(key.value);
}

arrow::Result<StorageRoot> DecodeStorageRoot(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  const auto magic = in.Fixed<uint32_t>();
  const uint8_t version = in.U8();
  if (!in.ok() || magic != kMagic) return Corrupted("the root blob is not one of an LLKV database");
  if (version > kRootVersion) return NotSupported("the database was written by a newer version of LLKV");
  StorageRoot root;
  root.last_committed = CommitTs(in.Varint());
  root.last_lsn = Lsn(in.Varint());
  root.catalog_version = in.Varint();
  root.next_table_id = in.Varint();
  const uint64_t num_tables = in.Varint();
  for (uint64_t i = 0; i < num_tables && in.ok(); ++i) {
    const TableId id(in.Varint());
    root.tables.push_back({id, PhysicalKey(in.Varint())});
  }
  const uint64_t num_unused = in.Varint();
  for (uint64_t i = 0; i < num_unused && in.ok(); ++i) root.unused_blobs.push_back(PhysicalKey(in.Varint()));
  ARROW_RETURN_NOT_OK(in.Finish("the root blob"));
  return root;
}

}  // namespace llkv
