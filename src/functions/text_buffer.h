// TextBuffer: bytes that an aggregate's state collects one behind the other.
#pragma once

#include <arrow/status.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "functions/kernel.h"
#include "vector/scratch.h"

namespace llkv {

/// Lies in the arena, where it moves when it grows.
struct TextBuffer {
  char* data = nullptr;
  uint32_t size = 0;
  uint32_t capacity = 0;

  std::string_view view() const { return {data, size}; }
  StringRef ref() const { return size == 0 ? StringRef() : StringRef(data, size); }

  /// Errors: 22023 beyond 2 GiB, 53200.
  arrow::Status Append(KernelContext& context, std::string_view text) {
    ARROW_RETURN_NOT_OK(Reserve(context, text.size()));
    if (!text.empty()) std::memcpy(data + size, text.data(), text.size());
    size += static_cast<uint32_t>(text.size());
    return arrow::Status::OK();
  }
  /// Makes room for so many bytes behind those that are there. Errors as Append's.
  arrow::Status Reserve(KernelContext& context, uint64_t num_bytes) {
    const uint64_t wanted = size + num_bytes;
    return wanted > capacity ? Grow(context, wanted) : arrow::Status::OK();
  }

 private:
  arrow::Status Grow(KernelContext& context, uint64_t wanted) {
    if (wanted > INT32_MAX) return SqlError(sqlstate::kInvalidParameter, "an aggregate's value takes more than 2 GiB");
    const auto grown = static_cast<uint32_t>(std::max<uint64_t>({32, wanted, uint64_t{capacity} * 2}));
    ARROW_ASSIGN_OR_RAISE(char* memory, context.arena->Allocate(grown));
    if (size > 0) std::memcpy(memory, data, size);
    data = memory;
    capacity = grown;
    return arrow::Status::OK();
  }
};

}  // namespace llkv
