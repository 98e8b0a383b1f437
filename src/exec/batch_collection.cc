// See batch_collection.h. A chunk is one block: each column's values, then its bitmap, 64-byte aligned and padded.
// Chunks grow with what is there already, so that a few rows cost little.
#include "exec/batch_collection.h"

#include <arrow/memory_pool.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "vector/bitmap.h"
#include "vector/row_layout_types.h"

namespace llkv {

namespace {

constexpr uint32_t kFirstChunkRows = 64;
constexpr int64_t kPadding = 64;

int64_t PaddedTo64(int64_t size) { return (size + 63) / 64 * 64; }

int64_t ColumnBytes(LogicalType type, uint32_t rows) {
  return PaddedTo64(int64_t{rows} * PhysicalWidth(type.physical())) + kPadding;
}

int64_t BitmapBytes(uint32_t rows) { return PaddedTo64((rows + 7) / 8) + kPadding; }

template <typename T>
void CopyValues(const void* from, const Selection& selection, uint32_t begin, uint32_t count, void* to) {
  const T* source = static_cast<const T*>(from);
  T* target = static_cast<T*>(to);
  if (selection.IsDense()) {
    std::memcpy(target, source + begin, count * sizeof(T));
    return;
  }
  for (uint32_t i = 0; i < count; ++i) target[i] = source[selection.rows[begin + i]];
}

}  // namespace

BatchCollection::BatchCollection(std::vector<LogicalType> types, arrow::MemoryPool* pool)
    : types_(std::move(types)), pool_(pool), scratch_(types_.size()) {}

BatchCollection::BatchCollection(BatchCollection&& other) noexcept
    : types_(std::move(other.types_)),
      pool_(other.pool_),
      chunks_(std::exchange(other.chunks_, {})),
      arenas_(std::move(other.arenas_)),
      scratch_(std::move(other.scratch_)),
      num_rows_(std::exchange(other.num_rows_, 0)) {}

BatchCollection& BatchCollection::operator=(BatchCollection&& other) noexcept {
  if (this == &other) return *this;
  FreeChunks();
  types_ = std::move(other.types_);
  pool_ = other.pool_;
  chunks_ = std::exchange(other.chunks_, {});
  arenas_ = std::move(other.arenas_);
  scratch_ = std::move(other.scratch_);
  num_rows_ = std::exchange(other.num_rows_, 0);
  return *this;
}

BatchCollection::~BatchCollection() { FreeChunks(); }

void BatchCollection::FreeChunks() {
  for (Chunk& chunk : chunks_) {
    if (chunk.memory != nullptr) pool_->Free(chunk.memory, chunk.memory_size);
  }
  chunks_.clear();
}

arrow::Status BatchCollection::AddChunk(uint32_t wanted_rows) {
  const auto grown = static_cast<uint32_t>(std::min<uint64_t>(num_rows_, kMaxBatchRows));
  Chunk chunk;
  chunk.capacity = std::clamp(std::max(grown, wanted_rows), kFirstChunkRows, kMaxBatchRows);
  for (LogicalType type : types_) chunk.memory_size += ColumnBytes(type, chunk.capacity) + BitmapBytes(chunk.capacity);
  if (chunk.memory_size > 0) {
    ARROW_RETURN_NOT_OK(pool_->Allocate(chunk.memory_size, &chunk.memory));
    std::memset(chunk.memory, 0, static_cast<size_t>(chunk.memory_size));
  }
  uint8_t* next = chunk.memory;
  for (LogicalType type : types_) {
    Vector vector;
    vector.type = type;
    vector.storage = type.physical();
    vector.data = next;
    next += ColumnBytes(type, chunk.capacity);
    chunk.validity.push_back(next);
    next += BitmapBytes(chunk.capacity);
    chunk.columns.push_back(vector);
  }
  chunks_.push_back(std::move(chunk));
  return arrow::Status::OK();
}

arrow::Status BatchCollection::CopyColumn(const Vector& input, const Selection& selection, uint32_t begin,
                                          uint32_t count, size_t column, Chunk& chunk) {
  const LogicalType type = types_[column];
  const Vector* flat = &input;
  if (input.form != VectorForm::kFlat) {
    if (!scratch_[column].has_value()) {
      ARROW_ASSIGN_OR_RAISE(scratch_[column], ScratchVector::Make(type, pool_));
    }
    const uint32_t num_rows = selection.count == 0 ? 0 : selection[selection.count - 1] + 1;
    flat = &Flatten(input, selection, num_rows, *scratch_[column]);
  }
  const int width = PhysicalWidth(type.physical());
  auto* target = static_cast<uint8_t*>(const_cast<void*>(chunk.columns[column].data)) +
                 size_t{chunk.num_rows} * static_cast<size_t>(width);
  if (flat->validity != nullptr) {
    if (chunk.columns[column].validity == nullptr) {
      FillBitmap(chunk.validity[column], chunk.capacity, true);
      chunk.columns[column].validity = chunk.validity[column];
    }
    for (uint32_t i = 0; i < count; ++i) {
      if (!GetBit(flat->validity, selection[begin + i])) ClearBit(chunk.validity[column], chunk.num_rows + i);
    }
  }
  if (type.physical() == PhysicalType::kString) {
    auto* refs = reinterpret_cast<StringRef*>(target);
    const StringRef* source = flat->values<StringRef>();
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t row = selection[begin + i];
      refs[i] = StringRef();
      if (!flat->IsValid(row) || source[row].size == 0) continue;
      ARROW_ASSIGN_OR_RAISE(refs[i], arenas_.back()->Copy(source[row].view()));
    }
    return arrow::Status::OK();
  }
  VisitWidth(width, [&](auto zero) { CopyValues<decltype(zero)>(flat->data, selection, begin, count, target); });
  return arrow::Status::OK();
}

arrow::Status BatchCollection::Append(const Batch& batch) {
  if (arenas_.empty()) arenas_.push_back(std::make_unique<StringArena>(pool_));
  uint32_t begin = 0;
  while (begin < batch.selection.count) {
    const uint32_t left = batch.selection.count - begin;
    if (chunks_.empty() || chunks_.back().num_rows == chunks_.back().capacity) ARROW_RETURN_NOT_OK(AddChunk(left));
    Chunk& chunk = chunks_.back();
    const uint32_t count = std::min(left, chunk.capacity - chunk.num_rows);
    for (size_t column = 0; column < types_.size(); ++column) {
      ARROW_RETURN_NOT_OK(CopyColumn(batch.columns[column], batch.selection, begin, count, column, chunk));
    }
    chunk.num_rows += count;
    num_rows_ += count;
    begin += count;
  }
  return arrow::Status::OK();
}

void BatchCollection::Absorb(BatchCollection&& other) {
  for (Chunk& chunk : other.chunks_) chunks_.push_back(std::move(chunk));
  other.chunks_.clear();
  // The arena that is written to stays last.
  arenas_.insert(arenas_.begin(), std::make_move_iterator(other.arenas_.begin()),
                 std::make_move_iterator(other.arenas_.end()));
  other.arenas_.clear();
  num_rows_ += std::exchange(other.num_rows_, 0);
}

Batch BatchCollection::chunk(size_t i) const {
  const Chunk& chunk = chunks_[i];
  return Batch{chunk.columns, chunk.num_rows, Selection::All(chunk.num_rows)};
}

}  // namespace llkv
