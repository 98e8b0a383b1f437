// See table_metadata.h.
#include "store/table_metadata.h"

#include <bit>
#include <string>

#include "base/error.h"
#include "store/redo.h"

namespace llkv {

namespace {
constexpr uint8_t kMetadataVersion = 1;
constexpr uint8_t kPlaces = 0;
constexpr uint8_t kBitmap = 1;
}  // namespace

void EncodeTableMetadata(const TableMetadata& metadata, ByteWriter& out) {
  out.U8(kMetadataVersion);
  EncodeLayout(metadata.layout, out);
  out.Varint(metadata.next_row_page);
  out.Varint(metadata.num_live_rows);
  out.Varint(metadata.pages.size());
  for (const PhysicalKey page : metadata.pages) out.Varint(page.value);
  out.Varint(metadata.deletes.size());
  for (const TableMetadata::Deletes& deletes : metadata.deletes) {
    out.Varint(deletes.first_row.value);
    out.Varint(deletes.key.value);
  }
  for (const std::vector<IndexRunDescriptor>& runs : metadata.runs) EncodeIndexRuns(runs, out);
}

arrow::Result<TableMetadata> DecodeTableMetadata(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  const uint8_t version = in.U8();
  if (in.ok() && version > kMetadataVersion) return NotSupported("a table was written by a newer version of LLKV");
  TableMetadata metadata;
  ARROW_ASSIGN_OR_RAISE(metadata.layout, DecodeLayout(in));
  metadata.next_row_page = in.Varint();
  metadata.num_live_rows = in.Varint();
  const uint64_t num_pages = in.Varint();
  for (uint64_t i = 0; i < num_pages && in.ok(); ++i) metadata.pages.push_back(PhysicalKey(in.Varint()));
  const uint64_t num_deletes = in.Varint();
  for (uint64_t i = 0; i < num_deletes && in.ok(); ++i) {
    const RowId first_row(in.Varint());
    metadata.deletes.push_back({first_row, PhysicalKey(in.Varint())});
  }
  for (size_t i = 0; i < metadata.layout.indexes.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(metadata.runs.emplace_back(), DecodeIndexRuns(in));
  }
  ARROW_RETURN_NOT_OK(in.Finish("a table's metadata"));
  return metadata;
}

void EncodeDeletes(const RowBitmap& bitmap, uint32_t num_rows, ByteWriter& out) {
  uint32_t num_deleted = 0;
  for (const uint64_t word : bitmap) num_deleted += static_cast<uint32_t>(std::popcount(word));
  out.Varint(num_rows);
  if (num_deleted >= num_rows / 16) {
    out.U8(kBitmap);
    out.Raw(bitmap.data(), bitmap.size() * sizeof(uint64_t));
    return;
  }
  out.U8(kPlaces);
  out.Varint(num_deleted);
  uint32_t last = 0;
  for (uint32_t row = 0; row < num_rows; ++row) {
    if (((bitmap[row / 64] >> (row % 64)) & 1) == 0) continue;
    out.Varint(row - last);
    last = row;
  }
}

arrow::Result<RowBitmap> DecodeDeletes(std::span<const uint8_t> bytes, uint32_t num_rows) {
  ByteReader in(bytes);
  RowBitmap bitmap((num_rows + 63) / 64, 0);
  if (in.Varint() != num_rows) in.Fail();
  const uint8_t form = in.U8();
  if (form == kBitmap) {
    for (uint64_t& word : bitmap) word = in.Fixed<uint64_t>();
    if (num_rows % 64 != 0 && (bitmap.back() >> (num_rows % 64)) != 0) in.Fail();
  } else {
    if (form != kPlaces) in.Fail();
    const uint64_t count = in.Varint();
    uint64_t row = 0;
    for (uint64_t i = 0; i < count && in.ok(); ++i) {
      const uint64_t distance = in.Varint();
      if (distance >= num_rows || row + distance >= num_rows) {
        in.Fail();
        break;
      }
      row += distance;
      bitmap[row / 64] |= uint64_t{1} << (row % 64);
    }
  }
  ARROW_RETURN_NOT_OK(in.Finish("a deletion vector"));
  return bitmap;
}

}  // namespace llkv
