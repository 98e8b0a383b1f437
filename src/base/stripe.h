// Stripes: counters, locks and copies that are there several times, so that threads on different cores write to no
// common cache line. Which one a thread takes is by its core: any would be right, at any time.
#pragma once

#include <sched.h>

#include <cstdint>

namespace llkv {

inline constexpr uint32_t kNumStripes = 16;

/// The calling thread's stripe, less than kNumStripes. The next call may give another one.
inline uint32_t CurrentStripe() { return static_cast<uint32_t>(sched_getcpu()) % kNumStripes; }

}  // namespace llkv
