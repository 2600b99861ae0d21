#include "Kernels.h"

#include <math.h>

CLONES void windhover_gradient_row(const uint8_t *restrict row, size_t stride, int32_t width, int16_t *restrict out) {
    const uint8_t *above = row - stride, *below = row + stride;
    for (int x = 0; x < width; x++) {
        const int left = 3 * above[x - 1] + 10 * row[x - 1] + 3 * below[x - 1];
        const int right = 3 * above[x + 1] + 10 * row[x + 1] + 3 * below[x + 1];
        const int top = 3 * above[x - 1] + 10 * above[x] + 3 * above[x + 1];
        const int bottom = 3 * below[x - 1] + 10 * below[x] + 3 * below[x + 1];
        out[2 * x] = (int16_t)(right - left);
        out[2 * x + 1] = (int16_t)(bottom - top);
    }
}

CLONES void windhover_corner_row(const int16_t *restrict row, size_t stride, int32_t width, float *restrict sums,
                                 float *restrict out) {
    float *restrict xx = sums, *restrict xy = sums + width + 2, *restrict yy = sums + 2 * (width + 2);
    const int16_t *first = row - stride - 2;
    for (int x = 0; x < width + 2; x++) {
        float a = 0, b = 0, c = 0;
        for (int y = 0; y < 3; y++) {
            const float dx = first[(size_t)y * stride + 2 * x], dy = first[(size_t)y * stride + 2 * x + 1];
            a += dx * dx, b += dx * dy, c += dy * dy;
        }
        xx[x] = a, xy[x] = b, yy[x] = c;
    }
    for (int x = 0; x < width; x++) {
        const float a = (xx[x] + xx[x + 1] + xx[x + 2]) / 2, b = xy[x] + xy[x + 1] + xy[x + 2];
        const float c = (yy[x] + yy[x + 1] + yy[x + 2]) / 2;
        out[x] = a + c - sqrtf((a - c) * (a - c) + b * b);
    }
}
