// StringRef: the executor's string, a 16-byte pointer view.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace llkv {

/// Length, first four bytes (zero-padded) and a pointer to all bytes, which the query owns until its last batch is
/// released.
///
/// Comparing lengths and prefixes settles most comparisons without touching the bytes. `data` is never null.
struct StringRef {
  uint32_t size = 0;
  char prefix[4] = {0, 0, 0, 0};
  const char* data = "";

  StringRef() = default;
  StringRef(const char* bytes, uint32_t length) : size(length), data(bytes) {
    std::memcpy(prefix, bytes, std::min<uint32_t>(length, 4));
  }
  explicit StringRef(std::string_view text) : StringRef(text.data(), static_cast<uint32_t>(text.size())) {}

  std::string_view view() const { return {data, size}; }

  bool operator==(const StringRef& other) const {
    uint64_t a;
    uint64_t b;
    std::memcpy(&a, this, sizeof(a));
    std::memcpy(&b, &other, sizeof(b));
    return a == b && (size <= 4 || std::memcmp(data + 4, other.data + 4, size - 4) == 0);
  }

  /// By bytes, unsigned; a shorter string sorts before its extensions.
  int Compare(const StringRef& other) const {
    uint32_t a;
    uint32_t b;
    std::memcpy(&a, prefix, sizeof(a));
    std::memcpy(&b, other.prefix, sizeof(b));
    if (a != b) return __builtin_bswap32(a) < __builtin_bswap32(b) ? -1 : 1;
    const int order = std::memcmp(data, other.data, std::min(size, other.size));
    if (order != 0) return order;
    return size < other.size ? -1 : (size > other.size ? 1 : 0);
  }
};
static_assert(sizeof(StringRef) == 16);

}  // namespace llkv
