// ValueList: the values that an aggregate's state was fed, in chunks in the arena. Aggregates that need all of their
// values at the end (quantiles, mode, ORDER BY within a call) hold one.
#pragma once

#include <arrow/status.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "functions/kernel.h"
#include "vector/row_storage.h"
#include "vector/scratch.h"

namespace llkv {

/// Plain values, in the order in which they came. Copies share what they have; only one of them may be appended to.
template <typename T>
class ValueList {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  int64_t size() const { return size_; }

  /// Error 53200.
  arrow::Status Append(KernelContext& context, const T& value) {
    if (last_ == nullptr || last_->size == last_->capacity) ARROW_RETURN_NOT_OK(AddChunk(context));
    last_->values()[last_->size++] = value;
    ++size_;
    return arrow::Status::OK();
  }

  arrow::Status AppendAll(KernelContext& context, const ValueList& other) {
    for (const Chunk* chunk = other.first_; chunk != nullptr; chunk = chunk->next) {
      for (uint32_t done = 0; done < chunk->size;) {
        if (last_ == nullptr || last_->size == last_->capacity) ARROW_RETURN_NOT_OK(AddChunk(context));
        const uint32_t count = std::min(chunk->size - done, last_->capacity - last_->size);
        std::memcpy(last_->values() + last_->size, chunk->values() + done, count * sizeof(T));
        last_->size += count;
        size_ += count;
        done += count;
      }
    }
    return arrow::Status::OK();
  }

  /// All values, in order.
  arrow::Status CopyTo(PoolArray<T>& out) const {
    ARROW_RETURN_NOT_OK(out.Resize(size_));
    T* next = out.data();
    for (const Chunk* chunk = first_; chunk != nullptr; chunk = chunk->next) {
      std::memcpy(next, chunk->values(), chunk->size * sizeof(T));
      next += chunk->size;
    }
    return arrow::Status::OK();
  }

 private:
  struct alignas(16) Chunk {
    Chunk* next;
    uint32_t size;
    uint32_t capacity;
    T* values() { return reinterpret_cast<T*>(this + 1); }
    const T* values() const { return reinterpret_cast<const T*>(this + 1); }
  };
  static constexpr uint32_t kFirstCapacity = 4;
  static constexpr uint32_t kLargestCapacity = 4096;

  arrow::Status AddChunk(KernelContext& context) {
    const uint32_t capacity = last_ == nullptr ? kFirstCapacity : std::min(last_->capacity * 2, kLargestCapacity);
    const auto bytes = static_cast<uint32_t>(sizeof(Chunk) + capacity * sizeof(T) + alignof(Chunk) - 1);
    ARROW_ASSIGN_OR_RAISE(char* memory, context.arena->Allocate(bytes));
    const uintptr_t aligned = (reinterpret_cast<uintptr_t>(memory) + alignof(Chunk) - 1) / alignof(Chunk);
    auto* chunk = new (reinterpret_cast<void*>(aligned * alignof(Chunk))) Chunk{nullptr, 0, capacity};
    (last_ == nullptr ? first_ : last_->next) = chunk;
    last_ = chunk;
    return arrow::Status::OK();
  }

  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace llkv
