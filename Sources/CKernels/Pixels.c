#include "Kernels.h"

#include <string.h>

// Samples a register or two at a time, so that sums stay there while the taps go by.
enum { BLOCK = 64 };

INLINE void resample_rows(const uint8_t *restrict first, int32_t stride, int32_t taps, const uint16_t *restrict weights,
                          const int count, uint16_t *restrict out) {
    uint32_t sums[BLOCK];
    for (int i = 0; i < count; i++) sums[i] = 64;
    for (int tap = 0; tap < taps; tap++) {
        const uint8_t *row = first + (size_t)tap * stride;
        for (int i = 0; i < count; i++) sums[i] += (uint32_t)row[i] * weights[tap];
    }
    for (int i = 0; i < count; i++) out[i] = (uint16_t)(sums[i] >> 7);
}

CLONES void windhover_resample_rows(const uint8_t *restrict first, int32_t stride, int32_t taps,
                                    const uint16_t *restrict weights, uint16_t *restrict out) {
    int i = 0;
    for (; i + BLOCK <= stride; i += BLOCK) resample_rows(first + i, stride, taps, weights, BLOCK, out + i);
    resample_rows(first + i, stride, taps, weights, stride - i, out + i);
}

// A pixel with the next one's red, which is dropped: four numbers are a vector.
typedef uint16_t samples __attribute__((vector_size(8)));
typedef uint32_t sums __attribute__((vector_size(16)));

CLONES void windhover_resample_columns(const uint16_t *restrict row, const int32_t *restrict starts,
                                       const int32_t *restrict offsets, const uint16_t *restrict weights,
                                       int32_t width, uint8_t *restrict out) {
    for (int x = 0; x < width; x++) {
        const uint16_t *source = row + 3 * starts[x];
        sums sum = (sums){} + (1 << 22);
        for (int tap = offsets[x]; tap < offsets[x + 1]; tap++, source += 3) {
            samples four;
            memcpy(&four, source, sizeof four);
            sum += __builtin_convertvector(four, sums) * weights[tap];
        }
        for (int i = 0; i < 3; i++) out[3 * x + i] = (uint8_t)(sum[i] >> 23);
    }
}

CLONES void windhover_resample_line(const uint16_t *restrict row, const int32_t *restrict starts,
                                    const int32_t *restrict offsets, const uint16_t *restrict weights, int32_t width,
                                    uint8_t *restrict out) {
    for (int x = 0; x < width; x++) {
        const uint16_t *source = row + starts[x];
        uint32_t sum = 1 << 22;
        for (int tap = offsets[x]; tap < offsets[x + 1]; tap++) sum += (uint32_t)*source++ * weights[tap];
        out[x] = (uint8_t)(sum >> 23);
    }
}

INLINE void average_line(const uint16_t *restrict row, const int ratio, int32_t width, uint8_t *restrict out) {
    // A sum is below 2^24, so that a float holds it.
    const float factor = 1.0f / (float)(256 * ratio);
    for (int x = 0; x < width; x++) {
        int32_t sum = 128 * ratio;
        for (int i = 0; i < ratio; i++) sum += row[ratio * x + i];
        out[x] = (uint8_t)(int32_t)((float)sum * factor);
    }
}

CLONES void windhover_average_line(const uint16_t *restrict row, int32_t ratio, int32_t width, uint8_t *restrict out) {
    switch (ratio) {
    case 1: average_line(row, 1, width, out); break;
    case 2: average_line(row, 2, width, out); break;
    case 3: average_line(row, 3, width, out); break;
    case 4: average_line(row, 4, width, out); break;
    case 6: average_line(row, 6, width, out); break;
    default: average_line(row, ratio, width, out);
    }
}

CLONES void windhover_luminance(const uint8_t *restrict pixels, size_t count, uint8_t *restrict grey) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t red = pixels[3 * i], green = pixels[3 * i + 1], blue = pixels[3 * i + 2];
        grey[i] = (uint8_t)((9798 * red + 19235 * green + 3735 * blue + 16384) >> 15);
    }
}

INLINE float byte_range(float value) {
    value = value < 0 ? 0 : value;
    return value > 255 ? 255 : value;
}

CLONES void windhover_normalise(const uint8_t *restrict pixels, size_t count, const float *restrict scale,
                                const float *restrict shift, float *restrict planes) {
    float *restrict red = planes, *restrict green = planes + count, *restrict blue = planes + 2 * count;
    for (size_t i = 0; i < count; i++) {
        red[i] = pixels[3 * i] * scale[0] + shift[0];
        green[i] = pixels[3 * i + 1] * scale[1] + shift[1];
        blue[i] = pixels[3 * i + 2] * scale[2] + shift[2];
    }
}

CLONES void windhover_normalise_ycbcr(const uint8_t *restrict luma, const uint8_t *restrict cb,
                                      const uint8_t *restrict cr, size_t count, const float *restrict scale,
                                      const float *restrict shift, float *restrict planes) {
    float *restrict red = planes, *restrict green = planes + count, *restrict blue = planes + 2 * count;
    for (size_t i = 0; i < count; i++) {
        const float y = luma[i], b = cb[i] - 128.0f, r = cr[i] - 128.0f;
        red[i] = byte_range(y + 1.402f * r) * scale[0] + shift[0];
        green[i] = byte_range(y - 0.344136f * b - 0.714136f * r) * scale[1] + shift[1];
        blue[i] = byte_range(y + 1.772f * b) * scale[2] + shift[2];
    }
}
