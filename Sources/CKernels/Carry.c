#include "Kernels.h"

CLONES void windhover_reach_row(const double *restrict back, int32_t y, int32_t width, int32_t height,
                                int32_t *restrict cells, float *restrict weights) {
    const double ox = back[1] * y + back[2], oy = back[4] * y + back[5], oz = back[7] * y + back[8];
    const double right = width - 1, bottom = height - 1;
    for (int x = 0; x < width; x++) {
        const double scale = 1 / (back[6] * x + oz);
        double u = (back[0] * x + ox) * scale, v = (back[3] * x + oy) * scale;
        // NaN fails both comparisons and ends at 0.
        u = u > 0 ? (u < right ? u : right) : 0;
        v = v > 0 ? (v < bottom ? v : bottom) : 0;
        const int left = (int)u, top = (int)v;
        const float fx = (float)(u - left), fy = (float)(v - top);
        const int second = left + 1 < width ? left + 1 : left;
        const int upper = top * width, lower = (top + 1 < height ? top + 1 : top) * width;
        cells[x] = upper + left;
        cells[x + width] = upper + second;
        cells[x + 2 * width] = lower + left;
        cells[x + 3 * width] = lower + second;
        weights[x] = (1 - fy) * (1 - fx);
        weights[x + width] = (1 - fy) * fx;
        weights[x + 2 * width] = fy * (1 - fx);
        weights[x + 3 * width] = fy * fx;
    }
}

INLINE void carry(const void *restrict last, const bool half, const int32_t *restrict cells,
                  const float *restrict weights, int width, const int stride, float *restrict out) {
    for (int x = 0; x < width; x++) {
        const size_t a = (size_t)cells[x] * stride, b = (size_t)cells[x + width] * stride;
        const size_t c = (size_t)cells[x + 2 * width] * stride, d = (size_t)cells[x + 3 * width] * stride;
        const float wa = weights[x], wb = weights[x + width];
        const float wc = weights[x + 2 * width], wd = weights[x + 3 * width];
        for (int i = 0; i < stride; i++) {
            out[x * stride + i] = at(last, a + i, half) * wa + at(last, b + i, half) * wb
                                  + at(last, c + i, half) * wc + at(last, d + i, half) * wd;
        }
    }
}

CLONES void windhover_carry_row(const void *restrict last, bool half, const int32_t *restrict cells,
                                const float *restrict weights, int32_t width, int32_t stride, float *restrict out) {
    if (half) {
        WITH_STRIDE(stride, carry(last, true, cells, weights, width, STRIDE, out))
    } else {
        WITH_STRIDE(stride, carry(last, false, cells, weights, width, STRIDE, out))
    }
}
