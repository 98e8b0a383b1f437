// JoinFilter: what a hash join's build side tells the scans of its probe side: which values of a key it has. Exactly,
// as a bitmap, where they lie close together; else as a blocked Bloom filter. So rows that find no partner are dropped
// before their other columns are read, and before the operators between the scan and the join.
//
// A build's lanes gather the keys, the last step of the build makes the filter, and then scans on any thread apply it.
// One that turns out to reject little is applied no more.
// Source: Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", JEA 2009 (the blocks).
#pragma once

#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "store/scan.h"
#include "vector/row_storage.h"
#include "vector/vector.h"

namespace llkv {

/// The keys of one lane of a build, for one filter.
class JoinFilterKeys {
 public:
  explicit JoinFilterKeys(arrow::MemoryPool* pool) : values_(pool) {}

  /// Adds the selected rows of a flat column, none of which is NULL. 53200.
  arrow::Status Add(const Vector& column, const Selection& selection);

 private:
  friend class JoinFilter;
  PoolArray<int64_t> values_;
  int64_t min_ = 0;
  int64_t max_ = 0;
};

/// See the file's comment.
class JoinFilter : public ScanFilter {
 public:
  /// Of keys that are integers of at most 64 bits inside, signed: what Supports says. A NULL in the column matches
  /// nothing.
  JoinFilter() = default;

  static bool Supports(LogicalType type);
  /// A build with more keys than this has no filter: it would cost more than it spares.
  static constexpr int64_t kMaxKeys = int64_t{1} << 22;

  /// Tells that about so many more rows will be tested. Before the first execution.
  void ExpectRows(double num_rows) { num_expected_ += static_cast<uint64_t>(std::clamp(num_rows, 0.0, 1e12)); }
  /// Before each execution: rejects nothing.
  void Reset();
  /// Of all keys of the lanes. Not beside Apply. 53200.
  arrow::Status Build(std::span<const JoinFilterKeys* const> lanes, arrow::MemoryPool* pool);

  void Apply(const Vector& column, uint32_t num_rows, uint64_t* mask) const override;
  bool MayPass(const Value& min, const Value& max) const override;

 private:
  enum class Kind : uint8_t { kNone, kEmpty, kBitmap, kBloom };
  static constexpr uint64_t kKeysPerBlock = 4;

  bool Contains(int64_t value) const {
    const uint64_t place = static_cast<uint64_t>(value) - static_cast<uint64_t>(min_);
    if (place > span_) return false;
    if (kind_ == Kind::kBitmap) return ((words_[place / 64] >> (place % 64)) & 1) != 0;
    const uint64_t hash = HashOf(value);
    const uint64_t bits = BitsOf(hash);
    return (words_[hash >> shift_] & bits) == bits;
  }
  static uint64_t HashOf(int64_t value);
  /// Four bits of a block's 64.
  static uint64_t BitsOf(uint64_t hash) {
    return (uint64_t{1} << (hash & 63)) | (uint64_t{1} << ((hash >> 6) & 63)) | (uint64_t{1} << ((hash >> 12) & 63)) |
           (uint64_t{1} << ((hash >> 18) & 63));
  }
  template <typename ValueAt>
  void Test(uint32_t num_rows, uint64_t* mask, const ValueAt& value_at) const;
  /// All rows at once; the bit of the value that is 0 here has place `added` - min.
  template <typename T>
  void TestInBitmap(const T* values, uint64_t added, uint32_t num_rows, uint64_t* mask) const;
  /// `num_open` bits of the mask are set.
  void TestColumn(const Vector& column, uint32_t num_rows, uint64_t num_open, uint64_t* mask) const;

  uint64_t num_expected_ = 0;
  Kind kind_ = Kind::kNone;
  int64_t min_ = 0;
  /// max - min.
  uint64_t span_ = 0;
  uint32_t shift_ = 0;
  std::unique_ptr<PoolArray<uint64_t>> memory_;
  const uint64_t* words_ = nullptr;
  mutable std::atomic<uint64_t> num_tested_{0};
  mutable std::atomic<uint64_t> num_passed_{0};
};

}  // namespace llkv
