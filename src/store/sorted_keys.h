// SortedKeys: (key, row id) pairs in little memory, for building index runs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace llkv {

/// One thread. Keys of at most 4 GiB in all.
class SortedKeys {
 public:
  size_t size() const { return rows_.size(); }
  std::string_view key(size_t i) const {
    const uint32_t begin = order_[i] == 0 ? 0 : ends_[order_[i] - 1];
    return std::string_view(bytes_).substr(begin, ends_[order_[i]] - begin);
  }
  RowId row(size_t i) const { return RowId(rows_[order_[i]]); }

  void Add(std::string_view key, RowId row) {
    bytes_.append(key);
    ends_.push_back(static_cast<uint32_t>(bytes_.size()));
    order_.push_back(static_cast<uint32_t>(rows_.size()));
    rows_.push_back(row.value);
  }
  /// By key, then by row id.
  void Sort() {
    std::iota(order_.begin(), order_.end(), 0u);
    const auto less = [this](uint32_t a, uint32_t b) {
      const int order = Unsorted(a).compare(Unsorted(b));
      return order != 0 ? order < 0 : rows_[a] < rows_[b];
    };
    if (!std::is_sorted(order_.begin(), order_.end(), less)) std::sort(order_.begin(), order_.end(), less);
  }

 private:
  std::string_view Unsorted(uint32_t i) const {
    const uint32_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }
  std::string bytes_;
  std::vector<uint32_t> ends_;
  std::vector<uint32_t> order_;
  std::vector<uint64_t> rows_;
};

}  // namespace llkv
