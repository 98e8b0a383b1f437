// Casts: the families of kernels that BindCast chooses from.
#pragma once

#include "functions/kernel.h"

namespace llkv {

/// What a cast's kernel needs to know.
struct CastState {
  LogicalType from;
  LogicalType to;
  bool safe = false;      // NULL instead of an error
  bool truncate = false;  // numbers with a fraction lose it instead of being rounded (dialect sqlite)
};

/// A cast's kernel and what BoundScalar needs to know of it. A null kernel: the pair makes no sense.
struct CastChoice {
  ScalarKernel kernel = nullptr;
  bool can_fail = false;
  uint8_t accepted_forms = kFormsFlat;
  bool per_dictionary_entry = false;
  bool by_zone = false;  // depends on the session's time zone
};

/// BOOLEAN, integers, decimals, REAL and DOUBLE among each other.
CastChoice ChooseNumericCast(LogicalType from, LogicalType to);
/// UHUGEINT to and from those.
CastChoice ChooseUHugeIntCast(LogicalType from, LogicalType to);
/// VARCHAR to and from everything, BLOB to VARCHAR.
CastChoice ChooseTextCast(LogicalType from, LogicalType to);
/// UUID and BIT to and from BLOB and integers.
CastChoice ChooseBytesCast(LogicalType from, LogicalType to);
/// ANY to and from BOOLEAN, numbers, VARCHAR and BLOB. Numbers of text and blobs: SQLite's CAST where `lenient` (what
/// the bytes begin with, else 0), otherwise an error where the value is no number.
CastChoice ChooseAnyCast(LogicalType from, LogicalType to, bool lenient);
/// REAL and DOUBLE to VARCHAR as SQLite writes them, with a point and 15 digits.
CastChoice ChooseSqliteRealCast(LogicalType from);
/// VARCHAR and BLOB to BOOLEAN and numbers as SQLite's CAST does it.
CastChoice ChooseLenientCast(LogicalType from, LogicalType to);

/// Dates, times, timestamps and INTERVAL among each other.
CastChoice ChooseTemporalCast(LogicalType from, LogicalType to);

/// The loop of casts that may fail: convert(a, &result) answers whether the value fits. In a safe cast a value that
/// does not becomes NULL; otherwise `error(a)` makes the Status.
template <typename A, typename O, typename Convert, typename Error>
arrow::Status CastLoop(const CastState& state, KernelArgs args, const Selection& selection, uint32_t num_rows,
                       ScratchVector& out, Convert&& convert, Error&& error) {
  const Input<A> input(*args[0]);
  O* result = out.data<O>();
  if (!state.safe) {
    for (uint32_t i = 0; i < selection.count; ++i) {
      const uint32_t row = selection[i];
      if (!convert(input[row], &result[row])) return error(input[row]);
    }
    return arrow::Status::OK();
  }
  uint8_t* validity = IntersectValidity(args, num_rows, out);
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t row = selection[i];
    if (!GetBit(validity, row)) continue;
    if (!convert(input[row], &result[row])) ClearBit(validity, row);
  }
  return arrow::Status::OK();
}

}  // namespace llkv
