#include "Kernels.h"

CLONES void windhover_warp_row(const double *restrict back, int32_t y, int32_t width, int32_t height,
                               int32_t *restrict cells, float *restrict weights) {
    const double ox = back[1] * y + back[2], oy = back[4] * y + back[5], oz = back[7] * y + back[8];
    const int lastColumn = width > 1 ? width - 2 : 0, lastRow = height > 1 ? height - 2 : 0;
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
        // At an edge the four neighbours are moved inside: the first takes the second's place, or the second the first's.
        const bool before = left < 0, beyond = left + 1 >= width, above = top < 0, below = top + 1 >= height;
        const float l = before ? fx : beyond ? 0 : 1 - fx, r = before ? 0 : beyond ? 1 - fx : fx;
        const float t = !inside ? 0 : above ? fy : below ? 0 : 1 - fy;
        const float b = !inside || above ? 0 : below ? 1 - fy : fy;
        const int column = before ? 0 : beyond ? lastColumn : left, row = above ? 0 : below ? lastRow : top;
        cells[x] = row * width + column;
        weights[x] = t * l;
        weights[x + width] = t * r;
        weights[x + 2 * width] = b * l;
        weights[x + 3 * width] = b * r;
    }
}

CLONES void windhover_reach_row(const double *restrict back, int32_t y, int32_t width, int32_t height,
                                int32_t *restrict cells, float *restrict weights) {
    const double ox = back[1] * y + back[2], oy = back[4] * y + back[5], oz = back[7] * y + back[8];
    const double right = width - 1, bottom = height - 1;
    const int lastColumn = width > 1 ? width - 2 : 0, lastRow = height > 1 ? height - 2 : 0;
    for (int x = 0; x < width; x++) {
        const double scale = 1 / (back[6] * x + oz);
        double u = (back[0] * x + ox) * scale, v = (back[3] * x + oy) * scale;
        // NaN fails the first comparison and ends at 0.
        u = u > 0 ? (u < right ? u : right) : 0;
        v = v > 0 ? (v < bottom ? v : bottom) : 0;
        const int column = (int)u < lastColumn ? (int)u : lastColumn, row = (int)v < lastRow ? (int)v : lastRow;
        const float r = (float)(u - column), b = (float)(v - row);
        cells[x] = row * width + column;
        weights[x] = (1 - b) * (1 - r);
        weights[x + width] = (1 - b) * r;
        weights[x + 2 * width] = b * (1 - r);
        weights[x + 3 * width] = b * r;
    }
}

INLINE void warp_plane(const void *restrict plane, const bool half, const int32_t *restrict cells,
                       const float *restrict weights, int width, int height, float *restrict out) {
    const size_t across = width > 1 ? 1 : 0, down = height > 1 ? width : 0;
    for (int x = 0; x < width; x++) {
        const size_t cell = cells[x];
        out[x] = at(plane, cell, half) * weights[x] + at(plane, cell + across, half) * weights[x + width]
                 + at(plane, cell + down, half) * weights[x + 2 * width]
                 + at(plane, cell + down + across, half) * weights[x + 3 * width];
    }
}

CLONES void windhover_warp_plane(const void *restrict plane, bool half, const int32_t *restrict cells,
                                 const float *restrict weights, int32_t width, int32_t height, float *restrict out) {
    if (half) warp_plane(plane, true, cells, weights, width, height, out);
    else warp_plane(plane, false, cells, weights, width, height, out);
}
