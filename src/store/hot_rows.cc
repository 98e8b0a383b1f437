// See hot_rows.h.
#include "store/hot_rows.h"

#include <arrow/memory_pool.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "store/flat_copy.h"

namespace llkv {

namespace {
constexpr int64_t kAlignment = 64;

/// Room for `size` bytes that kernels may read 63 bytes past.
int64_t Padded(int64_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment + kAlignment; }
}  // namespace

arrow::Result<std::unique_ptr<HotBlock>> HotBlock::Make(const std::vector<LogicalType>& types, uint32_t capacity,
                                                        arrow::MemoryPool* pool) {
  std::unique_ptr<HotBlock> block(new HotBlock());
  const int64_t rows = capacity;
  int64_t size = 2 * Padded(rows * static_cast<int64_t>(sizeof(VersionStamp)));
  for (const LogicalType type : types) size += Padded(rows * PhysicalWidth(type.physical())) + Padded(rows);
  const arrow::Status status = pool->Allocate(size, kAlignment, &block->memory_);
  if (!status.ok()) return SqlError(sqlstate::kOutOfMemory, status.message());
  block->pool_ = pool;
  block->memory_bytes_ = size;
  block->capacity_ = capacity;
  uint8_t* next = block->memory_;
  const auto take = [&next](int64_t bytes) {
    uint8_t* result = next;
    next += Padded(bytes);
    return result;
  };
  const auto take_stamps = [&]() {
    auto* stamps =
        reinterpret_cast<std::atomic<VersionStamp>*>(take(rows * static_cast<int64_t>(sizeof(VersionStamp))));
    std::uninitialized_value_construct_n(stamps, capacity);
    return stamps;
  };
  block->created_by_ = take_stamps();
  block->deleted_by_ = take_stamps();
  block->columns_ = std::make_unique<Column[]>(types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    block->columns_[i].values = take(rows * PhysicalWidth(types[i].physical()));
    block->columns_[i].valid = take(rows);
  }
  return block;
}

HotBlock::~HotBlock() {
  if (memory_ != nullptr) pool_->Free(memory_, memory_bytes_, kAlignment);
}

void HotBlock::GetVisibility(const Snapshot& snapshot, uint32_t first, uint32_t count, uint64_t* mask) const {
  std::fill_n(mask, (count + 63) / 64, uint64_t{0});
  for (uint32_t i = 0; i < count; ++i) {
    const VersionStamp created = created_by_[first + i].load(std::memory_order_relaxed);
    const VersionStamp deleted = deleted_by_[first + i].load(std::memory_order_relaxed);
    mask[i / 64] |= uint64_t{snapshot.SeesRow(created, deleted)} << (i % 64);
  }
}

HotRowGroup::HotRowGroup(std::vector<LogicalType> types, RowId first_row, arrow::MemoryPool* pool)
    : types_(std::move(types)), first_row_(first_row), pool_(pool), strings_(pool) {}

HotRowGroup::~HotRowGroup() {
  for (auto& block : blocks_) delete block.load(std::memory_order_relaxed);
}

std::atomic<VersionStamp>& HotRowGroup::created_by(uint32_t slot) const {
  const uint32_t index = BlockOf(slot);
  return block(index).created_by(slot - BlockStart(index));
}

std::atomic<VersionStamp>& HotRowGroup::deleted_by(uint32_t slot) const {
  const uint32_t index = BlockOf(slot);
  return block(index).deleted_by(slot - BlockStart(index));
}

arrow::Result<HotBlock*> HotRowGroup::BlockForWriting(uint32_t index) {
  HotBlock* block = blocks_[index].load(std::memory_order_relaxed);
  if (block != nullptr) return block;
  ARROW_ASSIGN_OR_RAISE(auto made, HotBlock::Make(types_, BlockStart(index + 1) - BlockStart(index), pool_));
  blocks_bytes_ += made->size_bytes();
  block = made.release();
  blocks_[index].store(block, std::memory_order_release);
  return block;
}

arrow::Result<uint32_t> HotRowGroup::Write(const Batch& batch, uint32_t from, uint32_t count, VersionStamp stamp) {
  const uint32_t slot = num_rows_.load(std::memory_order_relaxed);
  const uint32_t index = BlockOf(slot);
  ARROW_ASSIGN_OR_RAISE(HotBlock * block, BlockForWriting(index));
  const uint32_t first = slot - BlockStart(index);
  const uint32_t num_written = std::min(count, block->capacity() - first);
  for (size_t i = 0; i < types_.size(); ++i) {
    HotBlock::Column& column = block->column(i);
    const auto width = static_cast<size_t>(PhysicalWidth(types_[i].physical()));
    const FlatTarget target{column.values + first * width, column.valid + first};
    ARROW_ASSIGN_OR_RAISE(const bool any_null,
                          CopyToFlat(batch.columns[i], batch.selection, from, num_written, target, strings_));
    if (any_null) column.has_nulls.store(true, std::memory_order_release);
  }
  for (uint32_t i = 0; i < num_written; ++i) {
    block->created_by(first + i).store(stamp, std::memory_order_relaxed);
    block->deleted_by(first + i).store(0, std::memory_order_relaxed);
  }
  block->max_created.store(stamp, std::memory_order_release);
  return num_written;
}

arrow::Status HotRowGroup::SkipTo(uint32_t slot) {
  for (uint32_t next = num_rows_.load(std::memory_order_relaxed); next < slot; ++next) {
    const uint32_t index = BlockOf(next);
    ARROW_ASSIGN_OR_RAISE(HotBlock * block, BlockForWriting(index));
    const uint32_t place = next - BlockStart(index);
    for (size_t i = 0; i < types_.size(); ++i) {
      HotBlock::Column& column = block->column(i);
      const auto width = static_cast<size_t>(PhysicalWidth(types_[i].physical()));
      if (types_[i].physical() == PhysicalType::kString) {
        reinterpret_cast<StringRef*>(column.values)[place] = StringRef();
      } else {
        std::fill_n(column.values + place * width, width, uint8_t{0});
      }
      column.valid[place] = 1;
    }
    block->created_by(place).store(kAbortedStamp, std::memory_order_relaxed);
    block->needs_row_checks.store(true);
    Publish(1);
  }
  return arrow::Status::OK();
}

Vector HotRowGroup::GetVector(const HotBlock& block, size_t column, uint32_t first_in_block) const {
  Vector vector;
  vector.type = types_[column];
  vector.form = VectorForm::kFlat;
  vector.storage = types_[column].physical();
  vector.data = block.column(column).values +
                static_cast<size_t>(first_in_block) * static_cast<size_t>(PhysicalWidth(vector.storage));
  return vector;
}

bool HotRowGroup::GetValidity(const HotBlock& block, size_t column, uint32_t first_in_block, uint32_t count,
                              uint8_t* bitmap) {
  const HotBlock::Column& source = block.column(column);
  if (!source.has_nulls.load(std::memory_order_acquire)) return false;
  const uint8_t* valid = source.valid + first_in_block;
  std::fill_n(bitmap, (count + 7) / 8, uint8_t{0});
  for (uint32_t i = 0; i < count; ++i) {
    bitmap[i / 8] = static_cast<uint8_t>(bitmap[i / 8] | (valid[i] << (i % 8)));
  }
  return true;
}

}  // namespace llkv
