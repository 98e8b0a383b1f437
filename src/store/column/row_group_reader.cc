#include "store/column/row_group_reader.h"

#include <arrow/buffer.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "pager/pager.h"

namespace llkv {
namespace {

/// Calls f with each row id of rows [first, first + n) of a UBIGINT chunk.
template <typename F>
void ForEachRowId(const ColumnChunk& chunk, uint32_t first, size_t n, F&& f) {
  const Vector whole = chunk.GetVector(0);
  const auto base = static_cast<uint64_t>(whole.base);
  auto visit = [&](const auto* values) {
    for (size_t i = first; i < first + n; ++i) f(base + static_cast<uint64_t>(values[i]));
  };
  if (whole.form == VectorForm::kFlat) return visit(whole.values<uint64_t>());
  switch (whole.storage) {
    case PhysicalType::kUInt8:
      return visit(whole.values<uint8_t>());
    case PhysicalType::kUInt16:
      return visit(whole.values<uint16_t>());
    default:
      return visit(whole.values<uint32_t>());
  }
}

uint64_t RowIdAt(const ColumnChunk& chunk, uint32_t row) {
  uint64_t id = 0;
  ForEachRowId(chunk, row, 1, [&](uint64_t value) { id = value; });
  return id;
}

}  // namespace

RowGroupReader::RowGroupReader(std::shared_ptr<const RowGroupDescriptor> descriptor, Pager* pager,
                               arrow::MemoryPool* pool)
    : open_(descriptor->columns.size() + 1),
      descriptor_(std::move(descriptor)),
      pager_(pager),
      pool_(pool),
      owned_(descriptor_->columns.size() + 1) {}

RowGroupReader::~RowGroupReader() = default;

const ChunkDescriptor& RowGroupReader::Descriptor(size_t slot) const {
  return slot < descriptor_->columns.size() ? descriptor_->columns[slot] : descriptor_->row_ids;
}

arrow::Status RowGroupReader::OpenSlots(std::span<const size_t> slots, const PagerSnapshot* snapshot) {
  std::vector<size_t> missing;
  std::vector<PhysicalKey> keys;
  for (const size_t slot : slots) {
    if (open_[slot].load(std::memory_order_acquire) != nullptr) continue;
    if (std::find(missing.begin(), missing.end(), slot) != missing.end()) continue;
    missing.push_back(slot);
    if (Descriptor(slot).encoding != ChunkEncoding::kConstant) keys.push_back(Descriptor(slot).key);
  }
  if (missing.empty()) return arrow::Status::OK();
  std::vector<std::shared_ptr<arrow::Buffer>> blobs;
  if (!keys.empty()) {
    ARROW_ASSIGN_OR_RAISE(blobs, pager_->Get(keys, snapshot));
  }
  size_t next_blob = 0;
  for (const size_t slot : missing) {
    const ChunkDescriptor& descriptor = Descriptor(slot);
    std::shared_ptr<arrow::Buffer> blob;
    if (descriptor.encoding != ChunkEncoding::kConstant) blob = std::move(blobs[next_blob++]);
    // Keys are unique in one pager; a query may read several.
    const uint64_t id = CombineHash(reinterpret_cast<uintptr_t>(pager_), descriptor.key.value);
    ARROW_ASSIGN_OR_RAISE(auto chunk, ColumnChunk::Open(descriptor, std::move(blob), id == 0 ? 1 : id, pool_));
    if (slot == descriptor_->columns.size()) ARROW_RETURN_NOT_OK(CheckRowIds(*chunk));
    MutexLock lock(mutex_);
    // Another thread may have opened it meanwhile; the first one stays, others may use it already.
    if (owned_[slot] != nullptr) continue;
    owned_[slot] = std::move(chunk);
    open_[slot].store(owned_[slot].get(), std::memory_order_release);
  }
  return arrow::Status::OK();
}

arrow::Status RowGroupReader::CheckRowIds(const ColumnChunk& chunk) const {
  const Vector whole = chunk.GetVector(0);
  if (whole.form != VectorForm::kFlat && whole.form != VectorForm::kNarrow) {
    return Corrupted("a row group's row ids have an unexpected encoding");
  }
  bool ascends = true;
  uint64_t previous = 0;
  uint32_t row = 0;
  ForEachRowId(chunk, 0, chunk.num_rows(), [&](uint64_t id) {
    ascends &= row++ == 0 || id > previous;
    previous = id;
  });
  return ascends ? arrow::Status::OK() : Corrupted("a row group's row ids do not ascend");
}

arrow::Result<const ColumnChunk*> RowGroupReader::OpenSlot(size_t slot, const PagerSnapshot* snapshot) {
  const ColumnChunk* chunk = open_[slot].load(std::memory_order_acquire);
  if (chunk != nullptr) return chunk;
  ARROW_RETURN_NOT_OK(OpenSlots(std::span(&slot, 1), snapshot));
  return open_[slot].load(std::memory_order_acquire);
}

arrow::Result<const ColumnChunk*> RowGroupReader::Column(size_t column, const PagerSnapshot* snapshot) {
  return OpenSlot(column, snapshot);
}

arrow::Status RowGroupReader::OpenColumns(std::span<const size_t> columns, const PagerSnapshot* snapshot) {
  return OpenSlots(columns, snapshot);
}

arrow::Result<std::optional<uint32_t>> RowGroupReader::FindRow(RowId row, const PagerSnapshot* snapshot) {
  const RowGroupDescriptor& descriptor = *descriptor_;
  if (descriptor.num_rows == 0 || row < descriptor.first_row_id || row > descriptor.last_row_id) return std::nullopt;
  if (descriptor.row_ids_are_dense) {
    return std::optional<uint32_t>(static_cast<uint32_t>(row.value - descriptor.first_row_id.value));
  }
  ARROW_ASSIGN_OR_RAISE(const ColumnChunk* ids, OpenSlot(descriptor.columns.size(), snapshot));
  uint32_t low = 0;
  uint32_t high = descriptor.num_rows;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (RowIdAt(*ids, middle) < row.value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == descriptor.num_rows || RowIdAt(*ids, low) != row.value) return std::nullopt;
  return std::optional<uint32_t>(low);
}

arrow::Status RowGroupReader::GetRowIds(uint32_t first_row, std::span<RowId> out, const PagerSnapshot* snapshot) {
  if (descriptor_->row_ids_are_dense) {
    uint64_t next = descriptor_->first_row_id.value + first_row;
    for (RowId& id : out) id = RowId(next++);
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const ColumnChunk* ids, OpenSlot(descriptor_->columns.size(), snapshot));
  size_t i = 0;
  ForEachRowId(*ids, first_row, out.size(), [&](uint64_t id) { out[i++] = RowId(id); });
  return arrow::Status::OK();
}

}  // namespace llkv
