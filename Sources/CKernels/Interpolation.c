#include "Kernels.h"

void windhover_interleave(const float *restrict planes, int32_t plane, int32_t channels, int32_t stride,
                          float *restrict out) {
    for (int p = 0; p < plane; p++) {
        for (int c = 0; c < channels; c++) out[p * stride + c] = planes[c * plane + p];
        for (int c = channels; c < stride; c++) out[p * stride + c] = 0;
    }
}

CLONES void windhover_blend_rows(const float *restrict rows, int32_t count, windhover_tap tap, float *restrict out) {
    const float *a = rows + (size_t)tap.indices[0] * count, *b = rows + (size_t)tap.indices[1] * count;
    const float *c = rows + (size_t)tap.indices[2] * count, *d = rows + (size_t)tap.indices[3] * count;
    const float wa = tap.weights[0], wb = tap.weights[1], wc = tap.weights[2], wd = tap.weights[3];
    for (int i = 0; i < count; i++) out[i] = a[i] * wa + b[i] * wb + c[i] * wc + d[i] * wd;
}

CLONES void windhover_stretch_row(const float *restrict row, const windhover_tap *restrict columns, int32_t width,
                                  float *restrict out) {
    PIXEL_BY_PIXEL
    for (int x = 0; x < width; x++) {
        const windhover_tap *tap = columns + x;
        out[x] = row[tap->indices[1]] * tap->weights[1] + row[tap->indices[2]] * tap->weights[2];
    }
}

INLINE void upsample(const float *restrict row, const windhover_tap *restrict columns, int width, const int stride,
                     float *restrict out) {
    PIXEL_BY_PIXEL
    for (int x = 0; x < width; x++) {
        const windhover_tap *tap = columns + x;
        const float *a = row + tap->indices[0] * stride, *b = row + tap->indices[1] * stride;
        const float *c = row + tap->indices[2] * stride, *d = row + tap->indices[3] * stride;
        const float wa = tap->weights[0], wb = tap->weights[1], wc = tap->weights[2], wd = tap->weights[3];
        for (int i = 0; i < stride; i++) out[x * stride + i] = a[i] * wa + b[i] * wb + c[i] * wc + d[i] * wd;
    }
}

CLONES void windhover_upsample_row(const float *restrict row, const windhover_tap *restrict columns, int32_t width,
                                   int32_t stride, float *restrict out) {
    WITH_STRIDE(stride, upsample(row, columns, width, STRIDE, out))
}
