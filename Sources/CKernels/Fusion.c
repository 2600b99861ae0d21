#include "Kernels.h"

#include <math.h>
#include <string.h>

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

INLINE void enlarge(const void *restrict logits, const bool half, const uint8_t *restrict labels, int width,
                    const windhover_tap row, const windhover_tap *restrict columns, const int32_t *restrict starts,
                    const int stride, int classes, uint8_t *restrict differs, uint8_t *restrict out) {
    const size_t upper = (size_t)row.indices[1] * width * stride, lower = (size_t)row.indices[2] * width * stride;
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
            const size_t left = (size_t)columns[x].indices[1] * stride, right = (size_t)columns[x].indices[2] * stride;
            const float l = columns[x].weights[1], r = columns[x].weights[2];
            const float t = row.weights[1], b = row.weights[2];
            float between[stride];
            for (int i = 0; i < stride; i++) {
                between[i] = (at(logits, upper + left + i, half) * l + at(logits, upper + right + i, half) * r) * t
                             + (at(logits, lower + left + i, half) * l + at(logits, lower + right + i, half) * r) * b;
            }
            largest(between, 1, stride, classes, out + x);
        }
    }
}

CLONES void windhover_enlarge_row(const void *restrict logits, bool half, const uint8_t *restrict labels, int32_t width,
                                  windhover_tap row, const windhover_tap *restrict columns,
                                  const int32_t *restrict starts, int32_t stride, int32_t classes,
                                  uint8_t *restrict differs, uint8_t *restrict out) {
    if (half) {
        WITH_STRIDE(stride, enlarge(logits, true, labels, width, row, columns, starts, STRIDE, classes, differs, out))
    } else {
        WITH_STRIDE(stride, enlarge(logits, false, labels, width, row, columns, starts, STRIDE, classes, differs, out))
    }
}

// Floats of a piece of a row: what is made of it stays in the nearest cache until it is written.
enum { PIECE = 256 };

// A piece's labels, and its logits where they are kept as halves.
INLINE void settle(const float *restrict now, int start, int count, const bool half, const int stride, int classes,
                   void *restrict out, uint8_t *restrict labels) {
    largest(now, count, stride, classes, labels + start);
    if (!half) return;
    _Float16 *restrict halves = (_Float16 *)out + (size_t)start * stride;
    for (int i = 0; i < count * stride; i++) halves[i] = (_Float16)now[i];
}

INLINE void spread(windhover_rows rows, const bool half, const int stride, int classes, void *restrict out,
                   uint8_t *restrict labels) {
    float piece[PIECE];
    for (int start = 0; start < rows.width; start += PIECE / stride) {
        const int count = rows.width - start < PIECE / stride ? rows.width - start : PIECE / stride;
        const float *e = rows.rows[0] + start * stride, *f = rows.rows[1] + start * stride;
        const float *g = rows.rows[2] + start * stride, *h = rows.rows[3] + start * stride;
        const float we = rows.weights[0], wf = rows.weights[1], wg = rows.weights[2], wh = rows.weights[3];
        float *restrict now = half ? piece : (float *)out + (size_t)start * stride;
        for (int i = 0; i < count * stride; i++) now[i] = e[i] * we + f[i] * wf + g[i] * wg + h[i] * wh;
        settle(now, start, count, half, stride, classes, out, labels);
    }
}

CLONES void windhover_spread_row(windhover_rows rows, bool half, int32_t stride, int32_t classes, void *restrict out,
                                 uint8_t *restrict labels) {
    if (half) {
        WITH_STRIDE(stride, spread(rows, true, STRIDE, classes, out, labels))
    } else {
        WITH_STRIDE(stride, spread(rows, false, STRIDE, classes, out, labels))
    }
}

INLINE void fuse(windhover_rows rows, const void *restrict last, int32_t height, const bool half,
                 const int32_t *restrict cells, const float *restrict weights, const float *restrict similarity,
                 const int stride, int classes, void *restrict out, uint8_t *restrict labels, int32_t *restrict seen,
                 int32_t *restrict changed) {
    float warped[PIECE], piece[PIECE];
    uint8_t before[PIECE / 4];
    const int width = rows.width;
    const size_t across = width > 1 ? stride : 0, down = height > 1 ? (size_t)width * stride : 0;
    const float we = rows.weights[0], wf = rows.weights[1], wg = rows.weights[2], wh = rows.weights[3];
    int known = 0, others = 0;
    for (int start = 0; start < width; start += PIECE / stride) {
        const int count = width - start < PIECE / stride ? width - start : PIECE / stride;
        const float *e = rows.rows[0] + start * stride, *f = rows.rows[1] + start * stride;
        const float *g = rows.rows[2] + start * stride, *h = rows.rows[3] + start * stride;
        const float *w = weights + start;
        float *restrict now = half ? piece : (float *)out + (size_t)start * stride;
        PIXEL_BY_PIXEL
        for (int p = 0; p < count; p++) {
            const size_t a = (size_t)cells[start + p] * stride, b = a + across, c = a + down, d = c + across;
            const float wa = w[p], wb = w[p + width], wc = w[p + 2 * width], wd = w[p + 3 * width];
            const float s = similarity[start + p], r = 1 - s;
            for (int i = p * stride, j = 0; j < stride; i++, j++) {
                const float was = at(last, a + j, half) * wa + at(last, b + j, half) * wb
                                  + at(last, c + j, half) * wc + at(last, d + j, half) * wd;
                warped[i] = was;
                now[i] = was * s + (e[i] * we + f[i] * wf + g[i] * wg + h[i] * wh) * r;
            }
        }
        settle(now, start, count, half, stride, classes, out, labels);
        largest(warped, count, stride, classes, before);
        for (int p = 0; p < count; p++) {
            const int seen = w[p] + w[p + width] + w[p + 2 * width] + w[p + 3 * width] > 0.5f;
            known += seen;
            others += seen & (labels[start + p] != before[p]);
        }
    }
    *seen += known;
    *changed += others;
}

CLONES void windhover_fuse_row(windhover_rows rows, const void *restrict last, int32_t height, bool half,
                               const int32_t *restrict cells, const float *restrict weights,
                               const float *restrict similarity, int32_t stride, int32_t classes, void *restrict out,
                               uint8_t *restrict labels, int32_t *restrict seen, int32_t *restrict changed) {
    if (half) {
        WITH_STRIDE(stride, fuse(rows, last, height, true, cells, weights, similarity, STRIDE, classes, out, labels,
                                 seen, changed))
    } else {
        WITH_STRIDE(stride, fuse(rows, last, height, false, cells, weights, similarity, STRIDE, classes, out, labels,
                                 seen, changed))
    }
}

INLINE void carry(const void *restrict last, int32_t height, const bool half, const int32_t *restrict cells,
                  const float *restrict weights, int width, const int stride, int classes, void *restrict out,
                  uint8_t *restrict labels) {
    float piece[PIECE];
    const size_t across = width > 1 ? stride : 0, down = height > 1 ? (size_t)width * stride : 0;
    for (int start = 0; start < width; start += PIECE / stride) {
        const int count = width - start < PIECE / stride ? width - start : PIECE / stride;
        const float *w = weights + start;
        float *restrict now = half ? piece : (float *)out + (size_t)start * stride;
        for (int p = 0; p < count; p++) {
            const size_t a = (size_t)cells[start + p] * stride, b = a + across, c = a + down, d = c + across;
            const float wa = w[p], wb = w[p + width], wc = w[p + 2 * width], wd = w[p + 3 * width];
            for (int i = p * stride, j = 0; j < stride; i++, j++) {
                now[i] = at(last, a + j, half) * wa + at(last, b + j, half) * wb + at(last, c + j, half) * wc
                         + at(last, d + j, half) * wd;
            }
        }
        settle(now, start, count, half, stride, classes, out, labels);
    }
}

CLONES void windhover_carry_row(const void *restrict last, int32_t height, bool half, const int32_t *restrict cells,
                                const float *restrict weights, int32_t width, int32_t stride, int32_t classes,
                                void *restrict out, uint8_t *restrict labels) {
    if (half) {
        WITH_STRIDE(stride, carry(last, height, true, cells, weights, width, STRIDE, classes, out, labels))
    } else {
        WITH_STRIDE(stride, carry(last, height, false, cells, weights, width, STRIDE, classes, out, labels))
    }
}
