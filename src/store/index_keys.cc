// See index_keys.h.
#include "store/index_keys.h"

#include <algorithm>

#include "store/key_encoding.h"
#include "vector/scratch.h"

namespace llkv {

std::vector<LogicalType> PartTypes(const IndexLayout& index, const std::vector<LogicalType>& columns) {
  std::vector<LogicalType> types;
  for (const IndexPart& part : index.parts) types.push_back(columns[part.column]);
  return types;
}

bool EncodeHotKey(const IndexLayout& index, const HotRowGroup& group, uint32_t slot, std::string* key) {
  key->clear();
  const uint32_t number = HotRowGroup::BlockOf(slot);
  const HotBlock& block = group.block(number);
  const uint32_t place = slot - HotRowGroup::BlockStart(number);
  bool has_all = true;
  for (const IndexPart& part : index.parts) {
    const HotBlock::Column& column = block.column(part.column);
    const LogicalType type = group.types()[part.column];
    const bool is_valid = column.valid[place] != 0;
    has_all &= is_valid;
    const auto width = static_cast<size_t>(PhysicalWidth(type.physical()));
    AppendIndexPart(part, type, is_valid ? column.values + place * width : nullptr, key);
  }
  return has_all;
}

arrow::Status CollectKeys(const IndexLayout& index, const std::vector<LogicalType>& columns, ColdRowGroup& group,
                          const RowBitmap& left_out, arrow::MemoryPool* pool, SortedKeys* keys) {
  struct Part {
    const IndexPart* part;
    LogicalType type;
    size_t width;
    /// Null: the row group was written without the column.
    const ColumnChunk* chunk;
    ScratchVector scratch;
    ColumnScratch decoded;
    Vector stored;
    const Vector* flat;
  };
  ARROW_RETURN_NOT_OK(group.Load());
  std::vector<Part> parts;
  for (const IndexPart& part : index.parts) {
    const LogicalType type = columns[part.column];
    ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(type, pool));
    const ColumnChunk* chunk = nullptr;
    const size_t place = group.ColumnIndex(part.column);
    if (place != ColdRowGroup::kNoColumn) {
      ARROW_ASSIGN_OR_RAISE(chunk, group.reader().Column(place));
    }
    const auto width = static_cast<size_t>(PhysicalWidth(type.physical()));
    parts.push_back({&part, type, width, chunk, std::move(scratch), ColumnScratch(pool), Vector(), nullptr});
  }
  std::vector<RowId> row_ids(kMaxBatchRows);
  std::string key;
  for (uint32_t first = 0; first < group.num_rows(); first += kMaxBatchRows) {
    const uint32_t count = std::min(kMaxBatchRows, group.num_rows() - first);
    const std::span<RowId> ids(row_ids.data(), count);
    ARROW_RETURN_NOT_OK(group.reader().GetRowIds(first, ids));
    for (Part& part : parts) {
      if (part.chunk == nullptr) continue;
      ARROW_ASSIGN_OR_RAISE(part.stored, part.chunk->Read(first, count, part.decoded));
      part.flat = &Flatten(part.stored, Selection::All(count), count, part.scratch);
    }
    for (uint32_t row = 0; row < count; ++row) {
      const uint32_t slot = first + row;
      if (!left_out.empty() && ((left_out[slot / 64] >> (slot % 64)) & 1) != 0) continue;
      key.clear();
      for (const Part& part : parts) {
        const bool is_valid = part.flat != nullptr && part.flat->IsValid(row);
        const void* value = is_valid ? static_cast<const uint8_t*>(part.flat->data) + row * part.width : nullptr;
        AppendIndexPart(*part.part, part.type, value, &key);
      }
      keys->Add(key, ids[row]);
    }
  }
  return arrow::Status::OK();
}

}  // namespace llkv
