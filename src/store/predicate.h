// CompiledPredicate: a ScanPredicate made ready to run over Vectors of any form, on the encoded values where it can:
// narrow integers are compared below their base, a dictionary once an entry.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/int128.h"
#include "store/column/chunk_descriptor.h"
#include "store/scan.h"
#include "vector/vector.h"

namespace llkv {

/// What a predicate found for the entries of the last dictionary that it saw. One a cursor and predicate.
struct DictionaryMemo {
  const void* dictionary = nullptr;
  std::vector<uint8_t> passes;
};

/// Immutable; any thread.
class CompiledPredicate {
 public:
  CompiledPredicate(const ScanPredicate& predicate, LogicalType type);
  // Moving keeps the values where strings_ points to; copying would not.
  CompiledPredicate(CompiledPredicate&&) = default;

  uint32_t column() const { return column_; }
  /// Clears mask[i] (0 or 1 each) of the `num_rows` rows that do not pass.
  void Apply(const Vector& vector, uint32_t num_rows, uint8_t* mask, DictionaryMemo* memo) const;
  /// Whether no row of a chunk can pass, by its statistics.
  bool RejectsAll(const ChunkDescriptor& chunk) const;
  /// Whether every row passes whatever it holds, NULL aside: only NULLs matter.
  bool IsNullTest() const { return kind_ == Kind::kIsNull || kind_ == Kind::kIsNotNull; }

 private:
  enum class Kind : uint8_t {
    kNever,
    kIsNull,
    kIsNotNull,
    kRange,     // integers in [low_, high_], or outside where negated_
    kIntegers,  // integers in integers_
    kCompare,   // op_ with values_[0]
    kAnyOf,     // equal to one of values_
    kStrings,   // in strings_
  };
  void CompileIntegers(const ScanPredicate& predicate);
  void ApplyToValues(PhysicalType type, const void* values, int64_t base, uint32_t num_rows, uint8_t* mask) const;
  template <typename T>
  void ApplyToIntegers(const T* values, int64_t base, uint32_t num_rows, uint8_t* mask) const;
  template <typename T>
  void ApplyToFloats(const T* values, uint32_t num_rows, uint8_t* mask) const;
  template <typename GetString>
  void ApplyToStrings(GetString get, uint32_t num_rows, uint8_t* mask) const;
  void ApplyToIntervals(const Interval* values, uint32_t num_rows, uint8_t* mask) const;
  void ApplyToDictionary(const Vector& vector, uint32_t num_rows, uint8_t* mask, DictionaryMemo* memo) const;
  bool PassesOrder(int order) const;

  uint32_t column_;
  LogicalType type_;
  PredicateOp op_;
  Kind kind_ = Kind::kNever;
  bool negated_ = false;
  int128_t low_ = kInt128Min;
  int128_t high_ = kInt128Max;
  std::vector<int128_t> integers_;
  std::vector<Value> values_;
  std::unordered_set<std::string_view> strings_;
};

/// Clears mask[i] where row i is NULL.
void MaskOutNulls(const Vector& vector, uint32_t num_rows, uint8_t* mask);

/// The rows whose mask is 1 as a selection vector; returns how many. `rows` has room for num_rows.
uint32_t MaskToSelection(const uint8_t* mask, uint32_t num_rows, uint16_t* rows);

}  // namespace llkv
