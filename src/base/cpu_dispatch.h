// CPU dispatch: one loop compiled for several instruction sets, the best one chosen at run time.
//
// A loop is a struct with a static Run, marked LLKV_INLINE like all that it calls; Dispatch<Body>(args…) runs it as
// compiled for the machine's level. The level is a property of the machine, found once.
#pragma once

#include <cstdint>

#define LLKV_INLINE inline __attribute__((always_inline))

#if defined(__x86_64__)
#define LLKV_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))
#if defined(__clang__)
#define LLKV_TARGET_AVX512 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512dq,avx512vl")))
#else
#define LLKV_TARGET_AVX512 \
  __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")))
#endif
#else
#define LLKV_TARGET_AVX2
#define LLKV_TARGET_AVX512
#endif

namespace llkv {

enum class CpuLevel : uint8_t {
  kBaseline,  // x86-64-v2, or what the platform always has
  kAvx2,
  kAvx512,       // F, BW, DQ, VL
  kAvx512Vbmi2,  // and VBMI2: compressing 16-bit lanes
};

/// The machine's level.
inline CpuLevel BestCpuLevel() {
#if defined(__x86_64__)
  static const CpuLevel level = [] {
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                      __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
    if (!avx2) return CpuLevel::kBaseline;
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (!avx512) return CpuLevel::kAvx2;
    return __builtin_cpu_supports("avx512vbmi2") ? CpuLevel::kAvx512Vbmi2 : CpuLevel::kAvx512;
  }();
  return level;
#else
  return CpuLevel::kBaseline;
#endif
}

namespace cpu_internal {

template <typename Body, typename... Args>
LLKV_TARGET_AVX2 auto RunAvx2(Args... args) {
  return Body::Run(args...);
}

template <typename Body, typename... Args>
LLKV_TARGET_AVX512 auto RunAvx512(Args... args) {
  return Body::Run(args...);
}

}  // namespace cpu_internal

/// Runs Body::Run(args…), compiled for the machine. Arguments are copied: pass pointers and numbers.
template <typename Body, typename... Args>
auto Dispatch(Args... args) {
#if defined(__x86_64__)
  const CpuLevel level = BestCpuLevel();
  if (level >= CpuLevel::kAvx512) return cpu_internal::RunAvx512<Body, Args...>(args...);
  if (level == CpuLevel::kAvx2) return cpu_internal::RunAvx2<Body, Args...>(args...);
#endif
  return Body::Run(args...);
}

}  // namespace llkv
