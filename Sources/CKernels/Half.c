#include "Kernels.h"

CLONES void windhover_half_to_float(const uint16_t *restrict half, float *restrict out, size_t count) {
    const _Float16 *restrict in = (const _Float16 *)half;
    for (size_t i = 0; i < count; i++) out[i] = (float)in[i];
}

CLONES void windhover_float_to_half(const float *restrict in, uint16_t *restrict half, size_t count) {
    _Float16 *restrict out = (_Float16 *)half;
    for (size_t i = 0; i < count; i++) out[i] = (_Float16)in[i];
}
