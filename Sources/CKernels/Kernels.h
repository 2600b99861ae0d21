#pragma once
#include "CKernels.h"

#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

// A clone's helpers are compiled with it.
#define INLINE static inline __attribute__((always_inline))

// One of many floats or halves; which, is known when a loop is compiled.
INLINE float at(const void *values, size_t index, const bool half) {
    return half ? (float)((const _Float16 *)values)[index] : ((const float *)values)[index];
}

// Calls a helper with the usual strides as constants: its inner loops become a vector or two.
#define WITH_STRIDE(stride, call)                                                                                      \
    switch (stride) {                                                                                                  \
    case 4: { enum { STRIDE = 4 }; call; } break;                                                                      \
    case 8: { enum { STRIDE = 8 }; call; } break;                                                                      \
    case 12: { enum { STRIDE = 12 }; call; } break;                                                                    \
    case 16: { enum { STRIDE = 16 }; call; } break;                                                                    \
    case 20: { enum { STRIDE = 20 }; call; } break;                                                                    \
    default: { const int STRIDE = stride; call; }                                                                      \
    }

// Before a loop over pixels whose body is a vector already: the compiler would take a pixel a lane and gather its
// numbers one by one, at five times the cost.
#define PIXEL_BY_PIXEL _Pragma("clang loop vectorize(disable)")
