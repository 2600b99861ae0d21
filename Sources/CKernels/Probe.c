#include "Kernels.h"

// Enough sums in registers at once that none waits for the one before.
enum { SUMS = 12 };
typedef float wide __attribute__((vector_size(64)));

CLONES double windhover_multiply_add(int64_t rounds) {
    wide sums[SUMS];
#pragma clang loop unroll(full)
    for (int i = 0; i < SUMS; i++) sums[i] = (wide){} + (float)i;
    for (int64_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < SUMS; i++) sums[i] = sums[i] * 0.999f + 0.5f;
    }
    double total = 0;
#pragma clang loop unroll(full)
    for (int i = 0; i < SUMS; i++) total += sums[i][0];
    return total;
}

CLONES void windhover_triad(const float *restrict a, const float *restrict b, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = a[i] + 3 * b[i];
}
