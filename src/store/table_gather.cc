// Fetching rows of a ColumnTable by id.
#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/column_table.h"
#include "vector/scratch.h"

namespace llkv {

namespace {

class ColumnGatherBuffer : public GatherBuffer {
 public:
  const Batch& batch() const override { return batch_; }
  void Release() override {
    batch_ = Batch();
    places.clear();
    state.reset();
  }

  std::vector<uint32_t> columns;
  std::vector<ScratchVector> scratch;
  /// For the part of a column that one cold row group gives.
  std::vector<ScratchVector> part;
  std::vector<Vector> vectors;
  /// Of decompressed strings; lives as long as the batch.
  std::unique_ptr<StringArena> texts;
  std::vector<uint16_t> rows;
  std::vector<ColumnTable::RowPlace> places;
  std::vector<uint32_t> slots;
  TableStatePtr state;
  Batch batch_;
};

/// Copies one value to place `row` of the output.
void CopyValue(const void* value, bool is_valid, PhysicalType type, uint32_t row, ScratchVector& out) {
  const auto width = static_cast<size_t>(PhysicalWidth(type));
  uint8_t* target = out.data<uint8_t>() + row * width;
  if (!is_valid) {
    if (out.vector().validity == nullptr) out.UseValidity();
    out.validity()[row / 8] = static_cast<uint8_t>(out.validity()[row / 8] & ~(1u << (row % 8)));
    if (type == PhysicalType::kString) {
      const StringRef empty;
      std::memcpy(target, &empty, width);
    } else {
      std::memset(target, 0, width);
    }
    return;
  }
  std::memcpy(target, value, width);
}

/// Rows [first, first + count) of the output, all of them in one row group.
arrow::Status GatherPart(ColumnGatherBuffer& buffer, size_t column, LogicalType type, uint32_t first, uint32_t count) {
  const GroupEntry& entry = *buffer.places[first].entry;
  const uint32_t ordinal = buffer.columns[column];
  ScratchVector& out = buffer.scratch[column];
  const PhysicalType physical = type.physical();
  const auto width = static_cast<size_t>(PhysicalWidth(physical));
  if (entry.hot != nullptr) {
    for (uint32_t i = first; i < first + count; ++i) {
      const uint32_t index = HotRowGroup::BlockOf(buffer.places[i].slot);
      const HotBlock::Column& source = entry.hot->block(index).column(ordinal);
      const uint32_t place = buffer.places[i].slot - HotRowGroup::BlockStart(index);
      CopyValue(source.values + place * width, source.valid[place] != 0, physical, i, out);
    }
    return arrow::Status::OK();
  }
  const size_t index = entry.cold->ColumnIndex(ordinal);
  if (index == ColdRowGroup::kNoColumn) {
    for (uint32_t i = first; i < first + count; ++i) CopyValue(nullptr, false, physical, i, out);
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const ColumnChunk* chunk, entry.cold->reader().Column(index));
  buffer.slots.clear();
  for (uint32_t i = first; i < first + count; ++i) buffer.slots.push_back(buffer.places[i].slot);
  if (count == buffer.places.size()) return chunk->Gather(buffer.slots, out, *buffer.texts);
  ScratchVector& part = buffer.part[column];
  part.ResetFlat(type);
  ARROW_RETURN_NOT_OK(chunk->Gather(buffer.slots, part, *buffer.texts));
  for (uint32_t i = 0; i < count; ++i) {
    CopyValue(part.data<uint8_t>() + i * width, part.vector().IsValid(i), physical, first + i, out);
  }
  return arrow::Status::OK();
}

/// Of one row mostly nothing is in a cache: its columns' places are loaded side by side.
void PrefetchRow(const ColumnGatherBuffer& buffer) {
  const auto& place = buffer.places[0];
  if (place.entry == nullptr || place.entry->hot != nullptr) return;
  ColdRowGroup& group = *place.entry->cold;
  for (const uint32_t ordinal : buffer.columns) {
    const size_t index = group.ColumnIndex(ordinal);
    if (index != ColdRowGroup::kNoColumn) group.reader().Prefetch(index, place.slot);
  }
}

}  // namespace

arrow::Result<std::unique_ptr<GatherBuffer>> ColumnTable::MakeGatherBuffer(std::vector<uint32_t> columns,
                                                                           arrow::MemoryPool* pool) {
  auto buffer = std::make_unique<ColumnGatherBuffer>();
  if (pool == nullptr) pool = context_.pool;
  buffer->texts = std::make_unique<StringArena>(pool);
  for (const uint32_t ordinal : columns) {
    if (ordinal >= types_.size()) return InternalError("a gather of a column that is not there");
    for (std::vector<ScratchVector>* target : {&buffer->scratch, &buffer->part}) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(types_[ordinal], pool));
      target->push_back(std::move(scratch));
    }
  }
  buffer->columns = std::move(columns);
  buffer->vectors.resize(buffer->columns.size());
  return buffer;
}

std::vector<RowId> ColumnTable::SampleRowIds(uint32_t num_rows, uint32_t run_rows) const {
  const TableStatePtr now = state();
  constexpr size_t kMaxGroups = 24;
  const size_t num_groups = std::min(now->groups.size(), kMaxGroups);
  // Ids of cold row groups may have gaps, and hot ones have room for more rows.
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  uint64_t num_ids = 0;
  for (size_t i = 0; i < num_groups; ++i) {
    const GroupEntry& entry = now->groups[i * now->groups.size() / num_groups];
    const uint64_t end = entry.hot != nullptr ? entry.first_row + entry.hot->num_rows() : entry.end_row;
    if (end == entry.first_row) continue;
    ranges.emplace_back(entry.first_row, end);
    num_ids += end - entry.first_row;
  }
  std::vector<RowId> rows;
  if (num_ids == 0) return rows;
  const uint64_t num_runs = std::max<uint64_t>(1, std::min<uint64_t>(num_rows, kMaxBatchRows) / run_rows);
  const uint64_t stride = std::max<uint64_t>(run_rows, num_ids / num_runs);
  uint64_t range_start = 0;  // places of the ids before the range
  size_t range = 0;
  for (uint64_t run = 0; run < num_runs && run * stride < num_ids; ++run) {
    // Not always at the same place of a stride: data may repeat.
    const uint64_t shift = stride > run_rows ? run * 7919 % (stride - run_rows) : 0;
    for (uint64_t place = run * stride + shift; place < run * stride + shift + run_rows && place < num_ids; ++place) {
      while (place - range_start >= ranges[range].second - ranges[range].first) {
        range_start += ranges[range].second - ranges[range].first;
        ++range;
      }
      rows.emplace_back(ranges[range].first + place - range_start);
    }
  }
  return rows;
}

arrow::Status ColumnTable::Gather(const Snapshot& snapshot, std::span<const RowId> rows, GatherBuffer& buffer) {
  auto& out = static_cast<ColumnGatherBuffer&>(buffer);
  if (rows.size() > kMaxBatchRows) return InternalError("a gather of more rows than a batch has");
  out.state = state();
  out.places.clear();
  out.texts->Reset();
  out.rows.clear();
  for (const RowId row : rows) {
    ARROW_ASSIGN_OR_RAISE(const RowPlace place, FindVisible(*out.state, snapshot, row));
    if (place.entry != nullptr) out.rows.push_back(static_cast<uint16_t>(out.places.size()));
    out.places.push_back(place);
  }
  const auto num_rows = static_cast<uint32_t>(rows.size());
  if (num_rows == 1) PrefetchRow(out);
  for (size_t column = 0; column < out.columns.size(); ++column) {
    const LogicalType type = types_[out.columns[column]];
    out.scratch[column].ResetFlat(type);
    for (uint32_t first = 0; first < num_rows;) {
      const GroupEntry* entry = out.places[first].entry;
      uint32_t end = first + 1;
      while (end < num_rows && out.places[end].entry == entry) ++end;
      if (entry != nullptr) {
        ARROW_RETURN_NOT_OK(GatherPart(out, column, type, first, end - first));
      } else {
        for (uint32_t i = first; i < end; ++i) CopyValue(nullptr, false, type.physical(), i, out.scratch[column]);
      }
      first = end;
    }
    out.vectors[column] = out.scratch[column].vector();
  }
  out.batch_.columns = out.vectors;
  out.batch_.num_rows = num_rows;
  out.batch_.selection = out.rows.size() == num_rows
                             ? Selection::All(num_rows)
                             : Selection{out.rows.data(), static_cast<uint32_t>(out.rows.size())};
  return arrow::Status::OK();
}

}  // namespace llkv
