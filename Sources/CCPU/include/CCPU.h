// What the compiler was allowed to use where this header is imported, which Swift has no condition for.
#pragma once

// The extensions, by their names in /proc/cpuinfo, that a CPU needs to run code compiled with the importer's -march.
static inline const char *ccpu_required_flags(void) {
  return ""
#ifdef __AVX__
    "avx "
#endif
#ifdef __AVX2__
    "avx2 "
#endif
#ifdef __FMA__
    "fma "
#endif
#ifdef __BMI2__
    "bmi2 "
#endif
#ifdef __AVX512F__
    "avx512f "
#endif
#ifdef __AVX512BW__
    "avx512bw "
#endif
#ifdef __AVX512DQ__
    "avx512dq "
#endif
#ifdef __AVX512VL__
    "avx512vl "
#endif
#ifdef __AVX512VBMI__
    "avx512vbmi "
#endif
#ifdef __AVX512VBMI2__
    "avx512_vbmi2 "
#endif
#ifdef __AVX512BF16__
    "avx512_bf16 "
#endif
#ifdef __AVX512FP16__
    "avx512_fp16 "
#endif
  ;
}

// Asks for a cache line that will be read, or written, soon, which Swift has no intrinsic for. Any address will do.
static inline void ccpu_prefetch(const void *address) { __builtin_prefetch(address, 0, 2); }
static inline void ccpu_prefetch_to_write(void *address) { __builtin_prefetch(address, 1, 2); }
