#include "store/column/row_group_writer.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "base/error.h"
#include "pager/pager.h"
#include "store/column/chunk_encoder.h"
#include "store/column/column_accumulator.h"
#include "types/type_info.h"

namespace llkv {
namespace {

/// The most bytes of one column's strings that a row group takes; one string alone may be longer.
constexpr int64_t kMaxStringBytes = int64_t{1} << 30;

/// Rows of nested values that are taken at once, before their size is looked at again.
constexpr int64_t kMaxNestedRows = 4096;

arrow::Status InvalidInput(std::string message) { return SqlError(sqlstate::kInvalidParameter, std::move(message)); }

bool IsSharedType(const arrow::DataType& given, LogicalType type) {
  if (type.IsNested() || type.IsEnum()) {
    return IsReadAs(given, type);
  }
  const std::shared_ptr<arrow::DataType> expected = ToArrowType(type);
  return expected->Equals(given);
}

}  // namespace

RowGroupWriter::RowGroupWriter(std::vector<ColumnSpec> columns, arrow::MemoryPool* pool)
    : columns_(std::move(columns)), pool_(pool) {
  for (const ColumnSpec& column : columns_) {
    accumulators_.push_back(std::make_unique<ColumnAccumulator>(column.field, column.type, pool));
  }
}

RowGroupWriter::~RowGroupWriter() = default;

uint64_t RowGroupWriter::size_bytes() const {
  uint64_t size = 0;
  for (const auto& accumulator : accumulators_) size += accumulator->size_bytes();
  return size;
}

arrow::Status RowGroupWriter::CheckRowIds(RowId first, uint64_t count) const {
  if (count > room()) return InvalidInput("too many rows for a row group");
  if (!row_ids_.empty() && first.value <= row_ids_.back()) return InvalidInput("row ids do not ascend");
  return arrow::Status::OK();
}

void RowGroupWriter::Rewind(uint32_t num_rows) {
  for (auto& accumulator : accumulators_) accumulator->Rewind(num_rows);
}

int64_t RowGroupWriter::NumRowsThatFit(const arrow::RecordBatch& batch, int64_t offset, int64_t length) const {
  length = std::min<int64_t>(length, room());
  for (int i = 0; i < batch.num_columns() && static_cast<size_t>(i) < accumulators_.size(); ++i) {
    const ColumnAccumulator& accumulator = *accumulators_[static_cast<size_t>(i)];
    const auto& data = *batch.column_data(i);
    // What a nested value takes is known only when it has been made.
    if (accumulator.type().IsNested()) {
      if (accumulator.string_bytes() > static_cast<uint64_t>(kMaxStringBytes)) length = 0;
      length = std::min<int64_t>(length, kMaxNestedRows);
      continue;
    }
    if (accumulator.type().physical() != PhysicalType::kString || !IsSharedType(*data.type, accumulator.type())) {
      continue;
    }
    const int32_t* offsets = data.GetValues<int32_t>(1) + offset;
    const int64_t limit = offsets[0] + kMaxStringBytes - static_cast<int64_t>(accumulator.string_bytes());
    const int32_t* end = std::upper_bound(offsets, offsets + length + 1, limit,
                                          [](int64_t bound, int32_t position) { return bound < position; });
    length = std::min<int64_t>(length, std::max<int64_t>(end - offsets - 1, 0));
  }
  return num_rows() == 0 ? std::max<int64_t>(length, 1) : length;
}

arrow::Status RowGroupWriter::Append(const arrow::RecordBatch& batch, int64_t offset, int64_t length,
                                     RowId first_row_id) {
  if (length == 0) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(CheckRowIds(first_row_id, static_cast<uint64_t>(length)));
  if (static_cast<size_t>(batch.num_columns()) != columns_.size() || offset < 0 || offset + length > batch.num_rows()) {
    return InvalidInput("a batch does not have the table's columns");
  }
  const uint32_t before = num_rows();
  for (size_t i = 0; i < columns_.size(); ++i) {
    const auto& array = *batch.column(static_cast<int>(i));
    arrow::Status status = IsSharedType(*array.type(), columns_[i].type)
                               ? accumulators_[i]->Append(array, offset, length)
                               : InvalidInput("a column is " + array.type()->ToString() + ", not " +
                                              ToArrowType(columns_[i].type)->ToString());
    if (!status.ok()) {
      Rewind(before);
      return status;
    }
  }
  for (uint64_t i = 0; i < static_cast<uint64_t>(length); ++i) row_ids_.push_back(first_row_id.value + i);
  return arrow::Status::OK();
}

arrow::Status RowGroupWriter::Append(const Batch& batch, std::span<const RowId> row_ids) {
  if (row_ids.empty()) return arrow::Status::OK();
  if (batch.columns.size() != columns_.size() || row_ids.size() != batch.selection.count) {
    return InvalidInput("a batch does not have the table's columns");
  }
  ARROW_RETURN_NOT_OK(CheckRowIds(row_ids.front(), row_ids.size()));
  for (size_t i = 1; i < row_ids.size(); ++i) {
    if (row_ids[i] <= row_ids[i - 1]) return InvalidInput("row ids do not ascend");
  }
  const uint32_t before = num_rows();
  for (size_t i = 0; i < columns_.size(); ++i) {
    arrow::Status status = accumulators_[i]->Append(batch.columns[i], batch.selection);
    if (!status.ok()) {
      Rewind(before);
      return status;
    }
  }
  for (const RowId row : row_ids) row_ids_.push_back(row.value);
  return arrow::Status::OK();
}

arrow::Result<EncodedRowGroup> RowGroupWriter::Finish() {
  EncodedRowGroup row_group;
  RowGroupDescriptor& descriptor = row_group.descriptor;
  descriptor.num_rows = num_rows();
  arrow::Status failure;
  for (auto& accumulator : accumulators_) {
    arrow::Result<EncodedChunk> chunk = accumulator->Encode();
    if (!chunk.ok()) {
      failure = chunk.status();
      continue;  // the others are emptied too
    }
    descriptor.columns.push_back(std::move(chunk->descriptor));
    row_group.column_pieces.push_back(std::move(chunk->pieces));
  }
  std::vector<uint64_t> row_ids;
  row_ids.swap(row_ids_);
  ARROW_RETURN_NOT_OK(failure);
  if (!row_ids.empty()) {
    descriptor.first_row_id = RowId(row_ids.front());
    descriptor.last_row_id = RowId(row_ids.back());
    descriptor.row_ids_are_dense = row_ids.back() - row_ids.front() + 1 == row_ids.size();
  }
  if (!descriptor.row_ids_are_dense) {
    const FixedColumn column{FieldId(), TypeId::kUBigInt, row_ids.data(), nullptr, descriptor.num_rows};
    ARROW_ASSIGN_OR_RAISE(EncodedChunk chunk, EncodeFixed(column, pool_));
    descriptor.row_ids = std::move(chunk.descriptor);
    row_group.row_id_pieces = std::move(chunk.pieces);
  }
  row_ids.clear();
  row_ids_.swap(row_ids);
  return row_group;
}

namespace {

/// Gives keys to the chunks that have a blob, and calls store(key, pieces) for each.
template <typename F>
arrow::Status StoreChunks(EncodedRowGroup& row_group, Pager& pager, F&& store) {
  const size_t num_blobs =
      static_cast<size_t>(std::count_if(row_group.column_pieces.begin(), row_group.column_pieces.end(),
                                        [](const auto& pieces) { return !pieces.empty(); })) +
      (row_group.row_id_pieces.empty() ? 0 : 1);
  if (num_blobs == 0) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(PhysicalKey key, pager.Allocate(num_blobs));
  for (size_t i = 0; i < row_group.column_pieces.size(); ++i) {
    if (row_group.column_pieces[i].empty()) continue;
    row_group.descriptor.columns[i].key = key;
    ARROW_RETURN_NOT_OK(store(key, row_group.column_pieces[i]));
    ++key.value;
  }
  if (row_group.row_id_pieces.empty()) return arrow::Status::OK();
  row_group.descriptor.row_ids.key = key;
  return store(key, row_group.row_id_pieces);
}

}  // namespace

arrow::Result<RowGroupDescriptor> StageRowGroup(EncodedRowGroup row_group, Pager& pager,
                                                std::vector<StagedBlob>* staged) {
  ARROW_RETURN_NOT_OK(StoreChunks(row_group, pager, [&](PhysicalKey key, const auto& pieces) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(StagedBlob blob, pager.Stage(key, pieces));
    staged->push_back(std::move(blob));
    return arrow::Status::OK();
  }));
  return std::move(row_group.descriptor);
}

arrow::Result<RowGroupDescriptor> PutRowGroup(EncodedRowGroup row_group, Pager& pager, WriteBatch& batch) {
  ARROW_RETURN_NOT_OK(StoreChunks(row_group, pager, [&](PhysicalKey key, auto& pieces) {
    batch.Put(key, std::move(pieces));
    return arrow::Status::OK();
  }));
  return std::move(row_group.descriptor);
}

std::vector<PhysicalKey> BlobKeys(const RowGroupDescriptor& row_group) {
  std::vector<PhysicalKey> keys;
  for (const ChunkDescriptor& column : row_group.columns) {
    if (column.key.value != 0) keys.push_back(column.key);
  }
  if (row_group.row_ids.key.value != 0) keys.push_back(row_group.row_ids.key);
  return keys;
}

}  // namespace llkv
