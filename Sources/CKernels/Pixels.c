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

CLONES void windhover_luminance(const uint8_t *restrict pixels, size_t count, uint8_t *restrict grey) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t red = pixels[3 * i], green = pixels[3 * i + 1], blue = pixels[3 * i + 2];
        grey[i] = (uint8_t)((9798 * red + 19235 * green + 3735 * blue + 16384) >> 15);
    }
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
