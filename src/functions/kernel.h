// What kernels are written with: typed views of arguments, loops over selections, value ranges.
#pragma once

#include <algorithm>
#include <optional>

#include "base/cpu_dispatch.h"
#include "base/error.h"
#include "functions/function_registry.h"
#include "vector/bitmap.h"

namespace llkv {

/// Shorthand for the parameters of every ScalarKernel.
using KernelArgs = std::span<const Vector* const>;

/// A flat or constant argument, read by row.
template <typename T>
class Input {
 public:
  explicit Input(const Vector& vector)
      : data_(vector.values<T>()), mask_(vector.form == VectorForm::kConstant ? 0 : ~uint32_t{0}) {}
  const T& operator[](uint32_t row) const { return data_[row & mask_]; }
  bool is_constant() const { return mask_ == 0; }
  const T* data() const { return data_; }

 private:
  const T* data_;
  uint32_t mask_;
};

/// Whether a flat or constant argument is not NULL, by row.
class InputValidity {
 public:
  explicit InputValidity(const Vector& vector)
      : bits_(vector.validity), mask_(vector.form == VectorForm::kConstant ? 0 : ~uint32_t{0}) {}
  bool operator[](uint32_t row) const { return bits_ == nullptr || GetBit(bits_, row & mask_); }

 private:
  const uint8_t* bits_;
  uint32_t mask_;
};

/// Whether computing all of [0, num_rows) is cheaper than the selected rows alone. Only for loops that cannot fail and
/// read numbers.
inline bool PrefersDense(const Selection& selection, uint32_t num_rows) {
  return selection.IsDense() || selection.count * 4 >= num_rows;
}
/// Rows that a dense loop computes.
inline uint32_t DenseCount(const Selection& selection, uint32_t num_rows) {
  return selection.IsDense() ? selection.count : num_rows;
}

/// out.validity = AND of the arguments' validities (flat, constant, or any form that has a bit a row): for kernels of
/// NullRule::kKernel that add NULLs of their own. Returns the bitmap, writable.
uint8_t* IntersectValidity(KernelArgs args, uint32_t num_rows, ScratchVector& out);

/// What is known of the values of an integer-like argument: its range, else its type's limits.
ValueRange RangeOf(const Vector& vector);

inline bool FitsInt64(const ValueRange& range) { return range.min >= INT64_MIN && range.max <= INT64_MAX; }

/// out[row] = f(a[row]) for the selected rows.
template <typename A, typename O, typename F>
void MapUnary(KernelArgs args, const Selection& selection, ScratchVector& out, F&& f) {
  const Input<A> a(*args[0]);
  O* result = out.data<O>();
  ForEachRow(selection, [&](uint32_t row) { result[row] = f(a[row]); });
}

/// out[row] = f(a[row], b[row]) for the selected rows.
template <typename A, typename B, typename O, typename F>
void MapBinary(KernelArgs args, const Selection& selection, ScratchVector& out, F&& f) {
  const Input<A> a(*args[0]);
  const Input<B> b(*args[1]);
  O* result = out.data<O>();
  ForEachRow(selection, [&](uint32_t row) { result[row] = f(a[row], b[row]); });
}

/// Calls f(row), which answers with a Status, for each selected row, up to the first failure.
template <typename F>
arrow::Status ForEachRowChecked(const Selection& selection, F&& f) {
  for (uint32_t i = 0; i < selection.count; ++i) ARROW_RETURN_NOT_OK(f(selection[i]));
  return arrow::Status::OK();
}

/// 22003 for a result of `type`.
arrow::Status OutOfRange(LogicalType type);
/// 22012
arrow::Status DivisionByZero();

/// Calls f(T{}) with the C++ type of an integer physical type of at most 64 bits.
template <typename F>
decltype(auto) VisitInteger64(PhysicalType type, F&& f) {
  switch (type) {
    case PhysicalType::kInt8:
      return f(int8_t{});
    case PhysicalType::kInt16:
      return f(int16_t{});
    case PhysicalType::kInt32:
      return f(int32_t{});
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return f(uint8_t{});
    case PhysicalType::kUInt16:
      return f(uint16_t{});
    case PhysicalType::kUInt32:
      return f(uint32_t{});
    case PhysicalType::kUInt64:
      return f(uint64_t{});
    default:
      return f(int64_t{});
  }
}

}  // namespace llkv
