#include "Kernels.h"

CLONES void windhover_warp_row(const double *restrict back, int32_t y, int32_t width, int32_t height,
                               int32_t *restrict cells, float *restrict weights) {
    const double ox = back[1] * y + back[2], oy = back[4] * y + back[5], oz = back[7] * y + back[8];
    for (int x = 0; x < width; x++) {
        const double scale = 1 / (back[6] * x + oz);
        double u = (back[0] * x + ox) * scale, v = (back[3] * x + oy) * scale;
        // Also false for NaN and infinity, on the horizon.
        const bool inside = (u > -1) & (v > -1) & (u < width) & (v < height);
        u = inside ? u : 0;
        v = inside ? v : 0;
        // Truncation of a number above 0 is its floor, and costs no call.
        const int left = (int)(u + 1) - 1, top = (int)(v + 1) - 1;
        const float fx = (float)(u - left), fy = (float)(v - top);
        const float l = left >= 0 ? 1 - fx : 0, r = left + 1 < width ? fx : 0;
        const float t = ((top >= 0) & inside) ? 1 - fy : 0, b = ((top + 1 < height) & inside) ? fy : 0;
        const int first = left > 0 ? left : 0, second = left + 1 < width ? left + 1 : width - 1;
        const int upper = (top > 0 ? top : 0) * width, lower = (top + 1 < height ? top + 1 : height - 1) * width;
        cells[x] = upper + first;
        cells[x + width] = upper + second;
        cells[x + 2 * width] = lower + first;
        cells[x + 3 * width] = lower + second;
        weights[x] = t * l;
        weights[x + width] = t * r;
        weights[x + 2 * width] = b * l;
        weights[x + 3 * width] = b * r;
    }
}

INLINE void warp_plane(const void *restrict plane, const bool half, const int32_t *restrict cells,
                       const float *restrict weights, int width, float *restrict out) {
    for (int x = 0; x < width; x++) {
        out[x] = at(plane, cells[x], half) * weights[x] + at(plane, cells[x + width], half) * weights[x + width]
                 + at(plane, cells[x + 2 * width], half) * weights[x + 2 * width]
                 + at(plane, cells[x + 3 * width], half) * weights[x + 3 * width];
    }
}

CLONES void windhover_warp_plane(const void *restrict plane, bool half, const int32_t *restrict cells,
                                 const float *restrict weights, int32_t width, float *restrict out) {
    if (half) warp_plane(plane, true, cells, weights, width, out);
    else warp_plane(plane, false, cells, weights, width, out);
}
