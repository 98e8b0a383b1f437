// ScratchVector: reused memory for one column of results; StringArena: bytes that StringRefs point into.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "vector/vector.h"

namespace llkv {

class StopToken;

/// Bytes that live until Reset() or destruction; grows in blocks taken from a memory pool. One thread at a time.
class StringArena {
 public:
  explicit StringArena(arrow::MemoryPool* pool);
  ~StringArena();
  StringArena(const StringArena&) = delete;
  StringArena& operator=(const StringArena&) = delete;

  /// From now on Allocate polls this token, which may be null, whenever it takes a block: a statement that makes much
  /// text can be stopped. 57014.
  void set_stop(const StopToken* stop) { stop_ = stop; }
  /// Uninitialized room for `size` bytes. Error 53200 where the memory limit is reached.
  arrow::Result<char*> Allocate(uint32_t size);
  /// A copy of `text` in the arena.
  arrow::Result<StringRef> Copy(std::string_view text);
  /// Forgets all bytes but keeps one block for reuse.
  void Reset();
  int64_t size_bytes() const { return size_bytes_; }

 private:
  struct Block {
    uint8_t* data;
    int64_t size;
  };
  arrow::MemoryPool* pool_;
  std::vector<Block> blocks_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  int64_t size_bytes_ = 0;
  const StopToken* stop_ = nullptr;
};

/// Room for kMaxBatchRows values of one type with a validity bitmap, allocated once and reused for every batch; 64-byte
/// aligned and padded. `Set…` fill in a Vector that points to it.
class ScratchVector {
 public:
  /// Error 53200 where the memory limit is reached.
  static arrow::Result<ScratchVector> Make(LogicalType type, arrow::MemoryPool* pool);
  ScratchVector(ScratchVector&& other) noexcept;
  ScratchVector& operator=(ScratchVector&& other) noexcept;
  ~ScratchVector();

  /// The Vector that kernels fill and readers see. After ResetFlat it is flat, without NULLs, of unknown range.
  Vector& vector() { return vector_; }
  const Vector& vector() const { return vector_; }
  void ResetFlat(LogicalType type);
  /// Room for the values, at least kMaxBatchRows * 16 bytes, writable.
  template <typename T>
  T* data() {
    return reinterpret_cast<T*>(memory_);
  }
  /// The bitmap's room, kMaxBatchRows bits; vector().validity is null until UseValidity() sets it.
  uint8_t* validity() { return memory_ + kValueBytes; }
  /// Points vector().validity at the bitmap, all bits set first.
  uint8_t* UseValidity();

 private:
  static constexpr int64_t kValueBytes = int64_t{kMaxBatchRows} * 16 + 64;
  static constexpr int64_t kTotalBytes = kValueBytes + kMaxBatchRows / 8 + 64;
  ScratchVector() = default;

  arrow::MemoryPool* pool_ = nullptr;
  uint8_t* memory_ = nullptr;
  Vector vector_;
};

/// Writes the selected rows of `input`, whatever its form, as a flat Vector into `scratch`; positions are kept,
/// unselected rows are unspecified. Strings stay where they are (only StringRefs are made). A flat input is returned as
/// it is, without a copy.
const Vector& Flatten(const Vector& input, const Selection& selection, uint32_t num_rows, ScratchVector& scratch);

/// One row as a Value. Any form. For results, errors and tests, not for hot paths.
Value GetValue(const Vector& input, uint32_t row);

/// A constant Vector of `value`, in `scratch`; string bytes stay in `value`, which must outlive the Vector.
void SetConstant(const Value& value, ScratchVector& scratch);

}  // namespace llkv
