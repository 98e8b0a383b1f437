// The instruction sets that this folder's kernels are compiled for, and the choice between them at run time. A kernel
// is one always-inlined body over GCC's vector extensions, wrapped in a function for each set; the body without a set
// is the portable path, which NEON uses too.
#pragma once

#include <cstdint>

#define LLKV_ALWAYS_INLINE inline __attribute__((always_inline))

#if defined(__x86_64__)
#define LLKV_SIMD_X86 1
#define LLKV_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define LLKV_TARGET_AVX512 \
  __attribute__((target("avx2,bmi,bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2")))
#else
#define LLKV_SIMD_X86 0
#endif

namespace llkv {

enum class SimdLevel : uint8_t { kPortable, kAvx2, kAvx512 };

/// The best set that both the program and this machine have.
inline SimdLevel DetectSimdLevel() {
#if LLKV_SIMD_X86
  static const SimdLevel level = [] {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("bmi2")) {
      return SimdLevel::kAvx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) return SimdLevel::kAvx2;
    return SimdLevel::kPortable;
  }();
  return level;
#else
  return SimdLevel::kPortable;
#endif
}

}  // namespace llkv
