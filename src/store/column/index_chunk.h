// The blobs of an index run: chunks of sorted (key, row id) pairs, and the root that lists them with their first keys.
// Layout in docs/formats/chunks.md. A key list is either of one fixed width or has offsets.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace llkv {

/// Pairs that are being collected for one blob.
class IndexBlobBuilder {
 public:
  void Add(std::string_view key, uint64_t number);
  uint32_t num_entries() const { return static_cast<uint32_t>(numbers_.size()); }
  uint64_t key_bytes() const { return keys_.size(); }
  std::string_view last_key() const;
  uint64_t last_number() const { return numbers_.back(); }

  /// The blob; the builder is empty afterwards. `is_root`: numbers are the physical keys of chunks, and `filters` those
  /// of their filters' blobs.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish(bool is_root, arrow::MemoryPool* pool,
                                                       const std::vector<uint64_t>& filters = {});

 private:
  std::string keys_;
  std::vector<uint32_t> ends_;
  std::vector<uint64_t> numbers_;
};

/// Pairs of which each has the key and the number of the one before and one more, keys being a marker and a number.
struct DensePairs {
  uint64_t first_key = 0;
  uint64_t first_number = 0;
  uint32_t num_entries = 0;
};

/// A checked blob, read in place. Immutable.
class alignas(64) IndexBlob {
 public:
  /// XX001 where the bytes are not such a blob, or its keys do not ascend.
  static arrow::Result<std::unique_ptr<const IndexBlob>> Open(std::shared_ptr<arrow::Buffer> bytes, bool is_root);

  uint32_t num_entries() const { return num_entries_; }
  std::string_view key(uint32_t i) const {
    if (key_width_ != 0) return {keys_ + size_t{i} * key_width_, key_width_};
    return {keys_ + offsets_[i], offsets_[i + 1] - offsets_[i]};
  }
  /// Whether key(i) is this one.
  bool HasKey(uint32_t i, std::string_view sought) const {
    return HasNumberOf(sought) ? NumberOfKey(i) == NumberIn(sought) : key(i) == sought;
  }
  uint64_t number(uint32_t i) const { return number_base_ + (has_dense_numbers_ ? i : StoredNumber(i)); }
  /// A root's filters' blobs, in the order of the chunks.
  uint32_t num_filters() const { return num_filters_; }
  uint64_t filter(uint32_t i) const { return filters_[i]; }
  /// The first entry whose key is not less than `key`.
  uint32_t LowerBound(std::string_view key) const;
  /// All pairs, where they are so.
  std::optional<DensePairs> dense_pairs() const {
    if (!has_dense_keys_ || !has_dense_numbers_) return std::nullopt;
    return DensePairs{first_, number_base_, num_entries_};
  }
  /// Whether the key is a number as those of this blob are, all of which then ascend as their numbers do.
  bool HasNumberOf(std::string_view key) const { return has_numbers_ && key.size() == 9 && key[0] == marker_; }
  static uint64_t NumberIn(std::string_view key) {
    uint64_t number;
    std::memcpy(&number, key.data() + 1, sizeof(number));
    return __builtin_bswap64(number);
  }
  /// Where that probably is, without a look at the keys; less than num_entries().
  uint32_t GuessLowerBound(std::string_view key) const {
    return HasNumberOf(key) ? GuessNumber(NumberIn(key)) : num_entries_ / 2;
  }

 private:
  IndexBlob() = default;
  bool KeysAscend() const;
  /// Finds out whether every key is a marker and a number. False where those do not ascend.
  bool LearnNumbers();
  bool HasDenseNumbers() const;
  uint64_t StoredNumber(uint32_t i) const {
    uint64_t number = 0;
    std::memcpy(&number, numbers_ + size_t{i} * number_width_, number_width_);
    return number;
  }
  uint64_t NumberOfKey(uint32_t i) const { return has_dense_keys_ ? first_ + i : NumberIn({keys_ + size_t{i} * 9, 9}); }
  /// Numbers are mostly spread evenly: a guess by the proportion is near.
  uint32_t GuessNumber(uint64_t sought) const {
    if (sought <= first_) return 0;
    if (sought >= last_) return num_entries_ - 1;
    const double share = static_cast<double>(sought - first_) / static_cast<double>(last_ - first_);
    return std::min(static_cast<uint32_t>(share * (num_entries_ - 1)), num_entries_ - 1);
  }
  /// LowerBound where has_numbers_.
  uint32_t LowerBoundOfNumber(uint64_t sought) const;

  // One cache line has all that a search needs of it.
  uint32_t num_entries_ = 0;
  uint32_t key_width_ = 0;
  uint32_t number_width_ = 0;
  /// Every key is this byte, the marker of a value, and a big-endian number, from first_ to last_.
  bool has_numbers_ = false;
  char marker_ = 0;
  /// Each is one more than the one before: these are computed, and their bytes not touched.
  bool has_dense_keys_ = false;
  bool has_dense_numbers_ = false;
  uint64_t first_ = 0;
  uint64_t last_ = 0;
  const char* keys_ = nullptr;
  uint64_t number_base_ = 0;
  const uint8_t* numbers_ = nullptr;

  const uint32_t* offsets_ = nullptr;
  uint32_t num_filters_ = 0;
  const uint64_t* filters_ = nullptr;
  std::shared_ptr<arrow::Buffer> bytes_;
};

}  // namespace llkv
