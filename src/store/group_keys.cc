// See group_keys.h.
#include "store/group_keys.h"

#include <algorithm>
#include <string>
#include <vector>

#include "store/key_encoding.h"
#include "vector/scratch.h"

namespace llkv {

arrow::Status CollectKeys(const TableLayout& layout, ColdRowGroup& group, arrow::MemoryPool* pool, SortedKeys* keys) {
  ARROW_RETURN_NOT_OK(group.Load());
  std::vector<ScratchVector> scratch;
  std::vector<ColumnScratch> decoded;
  std::vector<Vector> stored(layout.primary_key.size());
  std::vector<const Vector*> flat(layout.primary_key.size());
  for (const uint32_t ordinal : layout.primary_key) {
    if (group.ColumnIndex(ordinal) == ColdRowGroup::kNoColumn) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(ScratchVector one, ScratchVector::Make(layout.columns[ordinal].type, pool));
    scratch.push_back(std::move(one));
    decoded.emplace_back(pool);
  }
  std::vector<RowId> row_ids(kMaxBatchRows);
  std::string key;
  for (uint32_t first = 0; first < group.num_rows(); first += kMaxBatchRows) {
    const uint32_t count = std::min(kMaxBatchRows, group.num_rows() - first);
    const std::span<RowId> ids(row_ids.data(), count);
    ARROW_RETURN_NOT_OK(group.reader().GetRowIds(first, ids));
    for (size_t i = 0; i < flat.size(); ++i) {
      const uint32_t ordinal = layout.primary_key[i];
      ARROW_ASSIGN_OR_RAISE(const ColumnChunk* chunk, group.reader().Column(group.ColumnIndex(ordinal)));
      ARROW_ASSIGN_OR_RAISE(stored[i], chunk->Read(first, count, decoded[i]));
      flat[i] = &Flatten(stored[i], Selection::All(count), count, scratch[i]);
    }
    for (uint32_t row = 0; row < count; ++row) {
      key.clear();
      bool has_null = false;
      for (size_t i = 0; i < flat.size(); ++i) {
        has_null |= !flat[i]->IsValid(row);
        const PhysicalType type = flat[i]->type.physical();
        const auto width = static_cast<size_t>(PhysicalWidth(type));
        AppendKeyPart(type, static_cast<const uint8_t*>(flat[i]->data) + row * width, &key);
      }
      if (!has_null) keys->Add(key, ids[row]);
    }
  }
  return arrow::Status::OK();
}

}  // namespace llkv
