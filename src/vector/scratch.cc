// ScratchVector and StringArena: memory from Arrow pools, which the engine counts.
#include "vector/scratch.h"

#include <arrow/memory_pool.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "runtime/stop_token.h"
#include "vector/bitmap.h"

namespace llkv {

namespace {

constexpr int64_t kFirstBlockBytes = 16 * 1024;
constexpr int64_t kLargestBlockBytes = 1024 * 1024;

arrow::Status Allocate(arrow::MemoryPool* pool, int64_t size, uint8_t** memory) {
  arrow::Status status = pool->Allocate(size, 64, memory);
  if (status.ok() || GetSqlError(status) != nullptr) return status;
  return SqlError(sqlstate::kOutOfMemory, status.message());
}

}  // namespace

StringArena::StringArena(arrow::MemoryPool* pool) : pool_(pool) {}

StringArena::~StringArena() {
  for (const Block& block : blocks_) pool_->Free(block.data, block.size, 64);
}

arrow::Result<char*> StringArena::Allocate(uint32_t size) {
  if (static_cast<int64_t>(size) > end_ - next_) {
    if (stop_ != nullptr) ARROW_RETURN_NOT_OK(stop_->Check());
    const int64_t grown = blocks_.empty() ? kFirstBlockBytes : std::min(blocks_.back().size * 2, kLargestBlockBytes);
    Block block{nullptr, std::max<int64_t>(grown, size)};
    ARROW_RETURN_NOT_OK(llkv::Allocate(pool_, block.size, &block.data));
    blocks_.push_back(block);
    size_bytes_ += block.size;
    next_ = reinterpret_cast<char*>(block.data);
    end_ = next_ + block.size;
  }
  char* result = next_;
  next_ += size;
  return result;
}

arrow::Result<StringRef> StringArena::Copy(std::string_view text) {
  if (text.empty()) return StringRef();
  ARROW_ASSIGN_OR_RAISE(char* bytes, Allocate(static_cast<uint32_t>(text.size())));
  std::memcpy(bytes, text.data(), text.size());
  return StringRef(bytes, static_cast<uint32_t>(text.size()));
}

void StringArena::Reset() {
  if (blocks_.empty()) return;
  // The last block is the largest of the regular ones; an outsized one is not worth keeping.
  size_t keep = blocks_.size() - 1;
  while (keep > 0 && blocks_[keep].size > kLargestBlockBytes) --keep;
  std::swap(blocks_[0], blocks_[keep]);
  for (size_t i = 1; i < blocks_.size(); ++i) pool_->Free(blocks_[i].data, blocks_[i].size, 64);
  blocks_.resize(1);
  size_bytes_ = blocks_[0].size;
  next_ = reinterpret_cast<char*>(blocks_[0].data);
  end_ = next_ + blocks_[0].size;
}

arrow::Result<ScratchVector> ScratchVector::Make(LogicalType type, arrow::MemoryPool* pool) {
  ScratchVector scratch;
  ARROW_RETURN_NOT_OK(Allocate(pool, kTotalBytes, &scratch.memory_));
  scratch.pool_ = pool;
  // Unselected rows are never written but may be read by dense loops.
  std::memset(scratch.memory_, 0, static_cast<size_t>(kTotalBytes));
  scratch.ResetFlat(type);
  return scratch;
}

ScratchVector::ScratchVector(ScratchVector&& other) noexcept
    : pool_(other.pool_), memory_(std::exchange(other.memory_, nullptr)), vector_(other.vector_) {}

ScratchVector& ScratchVector::operator=(ScratchVector&& other) noexcept {
  if (this == &other) return *this;
  if (memory_ != nullptr) pool_->Free(memory_, kTotalBytes, 64);
  pool_ = other.pool_;
  memory_ = std::exchange(other.memory_, nullptr);
  vector_ = other.vector_;
  return *this;
}

ScratchVector::~ScratchVector() {
  if (memory_ != nullptr) pool_->Free(memory_, kTotalBytes, 64);
}

void ScratchVector::ResetFlat(LogicalType type) {
  vector_ = Vector();
  vector_.type = type;
  vector_.storage = type.physical();
  vector_.data = memory_;
}

uint8_t* ScratchVector::UseValidity() {
  uint8_t* bits = validity();
  FillBitmap(bits, kMaxBatchRows, true);
  vector_.validity = bits;
  return bits;
}

}  // namespace llkv
