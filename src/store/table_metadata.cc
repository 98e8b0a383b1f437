// See table_metadata.h.
#include "store/table_metadata.h"

#include <algorithm>
#include <bit>
#include <string>

#include "base/error.h"
#include "store/column/descriptor_page.h"
#include "store/redo.h"

namespace llkv {

namespace {
constexpr uint8_t kMetadataVersion = 1;
constexpr uint8_t kPlaces = 0;
constexpr uint8_t kBitmap = 1;

/// Row ids ascend: the distance from the group before, the group's span less one, and its number of rows.
void EncodePage(const TableMetadata::Page& page, ByteWriter& out) {
  out.Varint(page.key.value);
  out.Varint(page.groups.size());
  uint64_t end = 0;
  for (const TableMetadata::Group& group : page.groups) {
    out.Varint(group.first_row.value - end);
    out.Varint(group.last_row.value - group.first_row.value);
    out.Varint(group.num_rows);
    end = group.last_row.value + 1;
  }
}

TableMetadata::Page DecodePage(ByteReader& in) {
  TableMetadata::Page page;
  page.key = PhysicalKey(in.Varint());
  const uint64_t num_groups = in.Varint();
  uint64_t end = 0;
  for (uint64_t i = 0; i < num_groups && in.ok(); ++i) {
    const uint64_t distance = in.Varint();
    const uint64_t span = in.Varint();
    const uint64_t num_rows = in.Varint();
    constexpr uint64_t kMaxRow = uint64_t{1} << 62;
    if (distance > kMaxRow || span > kMaxRow || end > kMaxRow || num_rows > kMaxRowGroupRows || num_rows > span + 1) {
      in.Fail();
      break;
    }
    const RowId first_row(end + distance);
    page.groups.push_back({first_row, RowId(first_row.value + span), static_cast<uint32_t>(num_rows)});
    end = first_row.value + span + 1;
  }
  return page;
}

void EncodeSummary(const TableMetadata::ColumnSummary& column, ByteWriter& out) {
  out.Varint(column.field.value);
  out.Varint(column.num_nulls);
  out.Varint(column.size_bytes);
  out.U8(column.min.is_null() ? 0 : 1);
  if (!column.min.is_null()) {
    out.String(ValueToBytes(column.min));
    out.String(ValueToBytes(column.max));
  }
  out.Raw(column.sketch.registers().data(), DistinctSketch::kNumRegisters);
}

TableMetadata::ColumnSummary DecodeSummary(const TableLayout& layout, ByteReader& in) {
  TableMetadata::ColumnSummary column;
  column.field = FieldId(in.Varint());
  column.num_nulls = in.Varint();
  column.size_bytes = in.Varint();
  const auto found = std::find_if(layout.columns.begin(), layout.columns.end(),
                                  [&column](const TableLayout::Column& other) { return other.field == column.field; });
  if (found == layout.columns.end()) {
    in.Fail();
    return column;
  }
  column.min = column.max = Value::Null(found->type);
  if (in.U8() != 0) {
    const std::string_view min = in.String();
    const std::string_view max = in.String();
    if (!ValueFromBytes(found->type, min, &column.min) || !ValueFromBytes(found->type, max, &column.max)) in.Fail();
  }
  const std::span<const uint8_t> registers = in.Raw(DistinctSketch::kNumRegisters);
  // No rank of a 64-bit hash is greater.
  std::transform(registers.begin(), registers.end(), column.sketch.registers().begin(),
                 [](uint8_t rank) { return std::min<uint8_t>(rank, 57); });
  return column;
}
}  // namespace

void EncodeTableMetadata(const TableMetadata& metadata, ByteWriter& out) {
  out.U8(kMetadataVersion);
  EncodeLayout(metadata.layout, out);
  out.Varint(metadata.next_row_page);
  out.Varint(metadata.num_live_rows);
  out.Varint(metadata.pages.size());
  for (const TableMetadata::Page& page : metadata.pages) EncodePage(page, out);
  out.Varint(metadata.summary.size());
  for (const TableMetadata::ColumnSummary& column : metadata.summary) EncodeSummary(column, out);
  out.Varint(metadata.deletes.size());
  for (const TableMetadata::Deletes& deletes : metadata.deletes) {
    out.Varint(deletes.first_row.value);
    out.Varint(deletes.key.value);
    out.Varint(deletes.num_deleted);
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
  for (uint64_t i = 0; i < num_pages && in.ok(); ++i) metadata.pages.push_back(DecodePage(in));
  const uint64_t num_summaries = in.Varint();
  for (uint64_t i = 0; i < num_summaries && in.ok(); ++i) {
    metadata.summary.push_back(DecodeSummary(metadata.layout, in));
  }
  const uint64_t num_deletes = in.Varint();
  for (uint64_t i = 0; i < num_deletes && in.ok(); ++i) {
    const RowId first_row(in.Varint());
    const PhysicalKey key(in.Varint());
    const uint64_t num_deleted = in.Varint();
    if (num_deleted > kMaxRowGroupRows) in.Fail();
    metadata.deletes.push_back({first_row, key, static_cast<uint32_t>(num_deleted)});
  }
  for (size_t i = 0; i < metadata.layout.indexes.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(metadata.runs.emplace_back(), DecodeIndexRuns(in));
  }
  ARROW_RETURN_NOT_OK(in.Finish("a table's metadata"));
  return metadata;
}

void EncodeDeletes(const RowBitmap& bitmap, uint32_t num_rows, ByteWriter& out) {
  const uint32_t num_deleted = CountRows(bitmap);
  out.Varint(num_rows);
  if (num_deleted >= num_rows / 16) {
    out.U8(kBitmap);
    out.Raw(bitmap.data(), bitmap.size() * sizeof(uint64_t));
    return;
  }
  out.U8(kPlaces);
  out.Varint(num_deleted);
  uint32_t last = 0;
  for (size_t i = 0; i < bitmap.size(); ++i) {
    for (uint64_t word = bitmap[i]; word != 0; word &= word - 1) {
      const uint32_t row = static_cast<uint32_t>(i) * 64 + static_cast<uint32_t>(std::countr_zero(word));
      out.Varint(row - last);
      last = row;
    }
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
