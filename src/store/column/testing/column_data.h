// Columns of values for tests of cold storage: random values of every type in shapes that lead to every encoding, as
// Values, as flat Vectors and as Arrow arrays.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "types/value.h"
#include "vector/vector.h"

namespace llkv::testing {

/// How a random column's values are spread.
enum class Spread : uint8_t { kConstant, kFew, kSmallRange, kMediumRange, kWide, kExtreme };
inline constexpr Spread kAllSpreads[] = {Spread::kConstant,    Spread::kFew,  Spread::kSmallRange,
                                         Spread::kMediumRange, Spread::kWide, Spread::kExtreme};

/// One of each SQL type that is stored, with DECIMALs of both widths.
std::vector<LogicalType> AllTypes();

/// Random values; each NULL with a probability of null_percent.
std::vector<Value> RandomValues(LogicalType type, Spread spread, size_t n, int null_percent, std::mt19937_64& random);

/// What leads to the encodings that are decoded.
enum class Shape : uint8_t { kRuns, kText, kDecimals };

/// Values of a shape, or none where the type has not that shape. Each is NULL with a probability of null_percent.
std::vector<Value> ShapedValues(LogicalType type, Shape shape, size_t n, int null_percent, std::mt19937_64& random);

/// Values in flat form, padded as Vectors must be. Not movable: Vectors point into it.
class FlatColumn {
 public:
  FlatColumn(LogicalType type, const std::vector<Value>& values);
  FlatColumn(const FlatColumn&) = delete;
  FlatColumn& operator=(const FlatColumn&) = delete;
  /// Rows from `first_row` on, a multiple of 8.
  Vector GetVector(uint32_t first_row) const;

 private:
  LogicalType type_;
  int width_;
  std::vector<Value> values_;  // whose strings the StringRefs point to
  std::vector<uint8_t> data_;
  std::vector<uint8_t> validity_;
  bool has_nulls_ = false;
};

/// An array of ToArrowType(type).
std::shared_ptr<arrow::Array> MakeArrowArray(LogicalType type, const std::vector<Value>& values);

}  // namespace llkv::testing
