// Text results, made row by row in the arena.
#pragma once

#include <string>

#include "functions/kernel.h"

namespace llkv {

inline constexpr uint64_t kMaxTextSize = uint64_t{1} << 30;

/// 22001
inline arrow::Status TextTooLong() { return SqlError(sqlstate::kStringTooLong, "the text would be longer than 1 GiB"); }

/// out[row] = what f(row, text) appends to `text`, copied into the arena.
template <typename F>
arrow::Status MakeTexts(KernelContext& context, const Selection& selection, ScratchVector& out, F&& f) {
  StringRef* result = out.data<StringRef>();
  std::string text;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    text.clear();
    ARROW_RETURN_NOT_OK(f(row, text));
    if (text.size() > kMaxTextSize) return TextTooLong();
    ARROW_ASSIGN_OR_RAISE(result[row], context.arena->Copy(text));
    return arrow::Status::OK();
  });
}

}  // namespace llkv
