// Sorting that can be told to stop: runs that fit a cache are sorted one by one, then merged, and the token is polled
// every few milliseconds.
#pragma once

#include <arrow/status.h>

#include <algorithm>
#include <cstdint>

#include "runtime/stop_token.h"

namespace llkv {

/// Sorts `data` by operator<. `scratch` has room for as many; `stop` may be null. 57014 leaves the values in any order.
template <typename T>
arrow::Status SortUntilStopped(T* data, int64_t size, T* scratch, const StopToken* stop) {
  constexpr int64_t kRun = 1 << 14;
  constexpr int64_t kPollEach = 1 << 16;
  const auto check = [stop] { return stop == nullptr ? arrow::Status::OK() : stop->Check(); };
  for (int64_t begin = 0; begin < size; begin += kRun) {
    ARROW_RETURN_NOT_OK(check());
    std::sort(data + begin, data + std::min(size, begin + kRun));
  }
  T* from = data;
  T* to = scratch;
  for (int64_t run = kRun; run < size; run *= 2) {
    int64_t next_poll = 0;
    for (int64_t begin = 0; begin < size; begin += 2 * run) {
      const int64_t middle = std::min(size, begin + run);
      const int64_t end = std::min(size, begin + 2 * run);
      int64_t left = begin;
      int64_t right = middle;
      for (int64_t out = begin; out < end;) {
        if (out >= next_poll) {
          ARROW_RETURN_NOT_OK(check());
          next_poll = out + kPollEach;
        }
        const int64_t stretch_end = std::min(end, next_poll);
        for (; out < stretch_end && left < middle && right < end; ++out) {
          to[out] = from[right] < from[left] ? from[right++] : from[left++];
        }
        for (; out < stretch_end && left < middle; ++out) to[out] = from[left++];
        for (; out < stretch_end && right < end; ++out) to[out] = from[right++];
      }
    }
    std::swap(from, to);
  }
  if (from != data) std::copy(from, from + size, data);
  return check();
}

}  // namespace llkv
