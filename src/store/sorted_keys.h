// SortedKeys: (key, row id) pairs in little memory, for building index runs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace llkv {

/// One thread. At most 2^32 pairs; keys of any size in all.
class SortedKeys {
 public:
  size_t size() const { return rows_.size(); }
  std::string_view key(size_t i) const { return Added(order_[i].place); }
  RowId row(size_t i) const { return RowId(rows_[order_[i].place]); }
  /// About the memory that it takes.
  size_t size_bytes() const { return bytes_.size() + size() * (sizeof(Entry) + 2 * sizeof(uint64_t)); }

  void Add(std::string_view key, RowId row) {
    order_.push_back({Head(key), static_cast<uint32_t>(rows_.size())});
    bytes_.append(key);
    ends_.push_back(bytes_.size());
    rows_.push_back(row.value);
  }
  /// By key, then by row id.
  void Sort() {
    const auto less = [this](const Entry& a, const Entry& b) {
      if (a.head != b.head) return a.head < b.head;
      const int order = Added(a.place).compare(Added(b.place));
      return order != 0 ? order < 0 : rows_[a.place] < rows_[b.place];
    };
    if (!std::is_sorted(order_.begin(), order_.end(), less)) std::sort(order_.begin(), order_.end(), less);
  }

 private:
  struct Entry {
    /// Decides most comparisons without a look at the key.
    uint64_t head;
    uint32_t place;
  };
  /// The bytes that order keys first. The marker at their begin is mostly one and the same.
  static uint64_t Head(std::string_view key) {
    uint64_t head = 0;
    const size_t count = key.empty() ? 0 : std::min<size_t>(key.size() - 1, 7);
    for (size_t i = 0; i < count; ++i) head |= uint64_t{static_cast<uint8_t>(key[i + 1])} << (8 * (6 - i));
    return key.empty() ? 0 : head | uint64_t{static_cast<uint8_t>(key[0])} << 56;
  }
  std::string_view Added(uint32_t place) const {
    const uint64_t begin = place == 0 ? 0 : ends_[place - 1];
    return std::string_view(bytes_).substr(begin, ends_[place] - begin);
  }
  std::string bytes_;
  std::vector<uint64_t> ends_;
  std::vector<Entry> order_;
  std::vector<uint64_t> rows_;
};

}  // namespace llkv
