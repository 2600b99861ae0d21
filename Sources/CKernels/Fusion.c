#include "Kernels.h"

#include <math.h>
#include <string.h>

INLINE void fuse(const float *restrict row, const windhover_tap *restrict columns, const void *restrict last,
                 const bool half, const int32_t *restrict cells, const float *restrict weights,
                 const float *restrict similarity, int width, const int stride, float *restrict warped,
                 float *restrict out) {
    for (int x = 0; x < width; x++) {
        const size_t a = (size_t)cells[x] * stride, b = (size_t)cells[x + width] * stride;
        const size_t c = (size_t)cells[x + 2 * width] * stride, d = (size_t)cells[x + 3 * width] * stride;
        const float wa = weights[x], wb = weights[x + width];
        const float wc = weights[x + 2 * width], wd = weights[x + 3 * width];
        const windhover_tap *tap = columns + x;
        const float *e = row + tap->indices[0] * stride, *f = row + tap->indices[1] * stride;
        const float *g = row + tap->indices[2] * stride, *h = row + tap->indices[3] * stride;
        const float we = tap->weights[0], wf = tap->weights[1], wg = tap->weights[2], wh = tap->weights[3];
        const float s = similarity[x];
        for (int i = 0; i < stride; i++) {
            const float before = at(last, a + i, half) * wa + at(last, b + i, half) * wb
                                 + at(last, c + i, half) * wc + at(last, d + i, half) * wd;
            const float now = e[i] * we + f[i] * wf + g[i] * wg + h[i] * wh;
            warped[x * stride + i] = before;
            out[x * stride + i] = before * s + now * (1 - s);
        }
    }
}

CLONES void windhover_fuse_row(const float *restrict row, const windhover_tap *restrict columns,
                               const void *restrict last, bool half, const int32_t *restrict cells,
                               const float *restrict weights, const float *restrict similarity, int32_t width,
                               int32_t stride, float *restrict warped, float *restrict out) {
    if (half) {
        WITH_STRIDE(stride, fuse(row, columns, last, true, cells, weights, similarity, width, STRIDE, warped, out))
    } else {
        WITH_STRIDE(stride, fuse(row, columns, last, false, cells, weights, similarity, width, STRIDE, warped, out))
    }
}

INLINE void largest(const float *restrict logits, int count, const int stride, int classes, uint8_t *restrict labels) {
    // Added to the last four, among which is the padding: it is no class.
    float last[4];
    for (int i = 0; i < 4; i++) last[i] = stride - 4 + i < classes ? 0 : -INFINITY;
    for (int p = 0; p < count; p++) {
        float best = logits[p * stride] + (stride == 4 ? last[0] : 0);
        int label = 0;
        for (int c = 1; c < stride; c++) {
            const float value = logits[p * stride + c] + (c < stride - 4 ? 0 : last[c - stride + 4]);
            label = value > best ? c : label;
            best = value > best ? value : best;
        }
        labels[p] = (uint8_t)label;
    }
}

CLONES void windhover_largest(const float *restrict logits, int32_t count, int32_t stride, int32_t classes,
                              uint8_t *restrict labels) {
    WITH_STRIDE(stride, largest(logits, count, STRIDE, classes, labels))
}

INLINE void enlarge(const float *restrict logits, const uint8_t *restrict labels, int width,
                    const windhover_tap row, const windhover_tap *restrict columns, const int32_t *restrict starts,
                    const int stride, int classes, uint8_t *restrict differs, uint8_t *restrict out) {
    const float *upper = logits + (size_t)row.indices[1] * width * stride;
    const float *lower = logits + (size_t)row.indices[2] * width * stride;
    const uint8_t *above = labels + (size_t)row.indices[1] * width, *below = labels + (size_t)row.indices[2] * width;
    for (int x = 0; x < width - 1; x++) {
        differs[x] = (uint8_t)((above[x] ^ above[x + 1]) | (below[x] ^ below[x + 1]) | (above[x] ^ below[x]));
    }
    differs[width - 1] = above[width - 1] ^ below[width - 1];
    for (int cell = 0; cell < width; cell++) {
        const int first = cell;
        while (cell < width && !differs[cell]) cell++;
        memset(out + starts[first], above[first], (size_t)(starts[cell] - starts[first]));
        if (cell == width) break;
        for (int x = starts[cell]; x < starts[cell + 1]; x++) {
            const int left = columns[x].indices[1] * stride, right = columns[x].indices[2] * stride;
            const float l = columns[x].weights[1], r = columns[x].weights[2];
            const float t = row.weights[1], b = row.weights[2];
            float between[stride];
            for (int i = 0; i < stride; i++) {
                between[i] = (upper[left + i] * l + upper[right + i] * r) * t
                             + (lower[left + i] * l + lower[right + i] * r) * b;
            }
            largest(between, 1, stride, classes, out + x);
        }
    }
}

CLONES void windhover_enlarge_row(const float *restrict logits, const uint8_t *restrict labels, int32_t width,
                                  windhover_tap row, const windhover_tap *restrict columns,
                                  const int32_t *restrict starts, int32_t stride, int32_t classes,
                                  uint8_t *restrict differs, uint8_t *restrict out) {
    WITH_STRIDE(stride, enlarge(logits, labels, width, row, columns, starts, STRIDE, classes, differs, out))
}

CLONES void windhover_count_changes(const uint8_t *restrict labels, const uint8_t *restrict before,
                                    const float *restrict weights, int32_t width, int32_t *restrict seen,
                                    int32_t *restrict changed) {
    int known = 0, others = 0;
    for (int x = 0; x < width; x++) {
        const float weight = weights[x] + weights[x + width] + weights[x + 2 * width] + weights[x + 3 * width];
        known += weight > 0.5f;
        others += (weight > 0.5f) & (labels[x] != before[x]);
    }
    *seen += known;
    *changed += others;
}
