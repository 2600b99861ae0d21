#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The loops in which a frame's time goes. In C because Swift compiles for baseline x86-64, and these choose the
// processor's widest vectors at run time. Plain loops all: each can be read as its own specification.
//
// Logits stand pixel by pixel, `stride` floats each: the classes, and padding up to a multiple of four.

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Pixels

/// A weighted sum of `taps` rows of `stride` bytes each, from `first` on, in 1/256 of a step.
///
/// The weights are in 1/32768 and sum to 1.
void windhover_resample_rows(const uint8_t *_Nonnull first, int32_t stride, int32_t taps,
                             const uint16_t *_Nonnull weights, uint16_t *_Nonnull out);

/// A row of `width` RGB pixels from one of another width in 1/256 of a step, and one number beyond its end.
///
/// Output pixel i reads pixels from `starts[i]` on, with the weights `offsets[i]..<offsets[i + 1]`.
void windhover_resample_columns(const uint16_t *_Nonnull row, const int32_t *_Nonnull starts,
                                const int32_t *_Nonnull offsets, const uint16_t *_Nonnull weights, int32_t width,
                                uint8_t *_Nonnull out);

/// The same of a row of bytes, which has nothing beyond its end.
void windhover_resample_line(const uint16_t *_Nonnull row, const int32_t *_Nonnull starts,
                             const int32_t *_Nonnull offsets, const uint16_t *_Nonnull weights, int32_t width,
                             uint8_t *_Nonnull out);

/// A row of `width` bytes, each the mean of `ratio` neighbours, at most 255, of one in 1/256 of a step.
void windhover_average_line(const uint16_t *_Nonnull row, int32_t ratio, int32_t width, uint8_t *_Nonnull out);

/// The brightness of `count` RGB pixels by ITU-R BT.601, rounded as RGB2GRAY of OpenCV 4 does.
void windhover_luminance(const uint8_t *_Nonnull pixels, size_t count, uint8_t *_Nonnull grey);

/// `count` RGB pixels to three planes of value * scale + shift, each channel with its own.
void windhover_normalise(const uint8_t *_Nonnull pixels, size_t count, const float *_Nonnull scale,
                         const float *_Nonnull shift, float *_Nonnull planes);

/// `count` pixels of three planes, Y, Cb and Cr of the JPEG File Interchange Format (ITU-T T.871, all of 0...255), to
/// red, green and blue in 0...255, and these to three planes of value * scale + shift, each channel with its own.
void windhover_normalise_ycbcr(const uint8_t *_Nonnull luma, const uint8_t *_Nonnull cb, const uint8_t *_Nonnull cr,
                               size_t count, const float *_Nonnull scale, const float *_Nonnull shift,
                               float *_Nonnull planes);

// MARK: Corners

/// One row of a picture's derivatives by Scharr's operator, 3 10 3 to the sides, x and y in turn.
///
/// `row` lies in a picture of rows `stride` bytes apart that goes on for a pixel on all sides.
void windhover_gradient_row(const uint8_t *_Nonnull row, size_t stride, int32_t width, int16_t *_Nonnull out);

/// One row of Shi and Tomasi's measure of corners: the smaller eigenvalue of the derivatives' second moments, summed
/// over three by three pixels.
///
/// `row` lies in a picture of derivatives, x and y in turn, of rows `stride` numbers apart, that goes on for a pixel on
/// all sides. `sums` is room for 3 · (`width` + 2).
void windhover_corner_row(const int16_t *_Nonnull row, size_t stride, int32_t width, float *_Nonnull sums,
                          float *_Nonnull out);

// MARK: Half precision

/// Widens `count` IEEE 754 binary16 to floats.
void windhover_half_to_float(const uint16_t *_Nonnull half, float *_Nonnull out, size_t count);

/// Rounds `count` floats to the nearest half (ties to even); overflow becomes infinity.
void windhover_float_to_half(const float *_Nonnull in, uint16_t *_Nonnull half, size_t count);

// MARK: Interpolation

/// One output's four taps along an axis: source indices, and weights that sum to 1.
typedef struct {
    int32_t indices[4];
    float weights[4];
} windhover_tap;

/// Planes of `plane` values each, `channels` of them, to `plane` pixels of `stride` floats; padding becomes 0.
void windhover_interleave(const float *_Nonnull planes, int32_t plane, int32_t channels, int32_t stride,
                          float *_Nonnull out);

/// One row between four: `rows` has rows of `count` floats, of which `tap` takes four.
void windhover_blend_rows(const float *_Nonnull rows, int32_t count, windhover_tap tap, float *_Nonnull out);

/// A row of `width` pixels from one of fewer, each tap's middle two only (bilinear).
void windhover_stretch_row(const float *_Nonnull row, const windhover_tap *_Nonnull columns, int32_t width,
                           float *_Nonnull out);

/// A row of `width` pixels of logits from one of fewer.
void windhover_upsample_row(const float *_Nonnull row, const windhover_tap *_Nonnull columns, int32_t width,
                            int32_t stride, float *_Nonnull out);

// MARK: Warping

/// Where the pixels of row `y` read a picture of the same size, bilinear, zero outside.
///
/// `back` takes a pixel to its place there, row-major 3x3. `cells` gets the index of the top left of its four
/// neighbours, which are always inside; `weights`, four rows of `width`, what the top left, top right, bottom left and
/// bottom right count. What is outside, or beyond the horizon, counts nothing. Along a side of one pixel the
/// neighbours are the same one.
void windhover_warp_row(const double *_Nonnull back, int32_t y, int32_t width, int32_t height,
                        int32_t *_Nonnull cells, float *_Nonnull weights);

/// One row of one plane of floats or halves, `height` rows of `width`, read at cells.
void windhover_warp_plane(const void *_Nonnull plane, bool half, const int32_t *_Nonnull cells,
                          const float *_Nonnull weights, int32_t width, int32_t height, float *_Nonnull out);

// MARK: Fusing

/// Four rows of logits at the output's width, and what each counts in the row between them.
typedef struct {
    const float *_Nonnull rows[4];
    float weights[4];
    int32_t width;
} windhover_rows;

/// One row of interpolated logits, as floats or halves, and its arg-max: the class of each pixel's largest logit, of
/// equal ones the first.
void windhover_spread_row(windhover_rows rows, bool half, int32_t stride, int32_t classes, void *_Nonnull out,
                          uint8_t *_Nonnull labels);

/// One row of s·warp(last) + (1 - s)·now: SSP's recursion, and its arg-max.
///
/// `last` is the whole previous map, `height` rows, of floats or halves, as `out` will be; `now` what `rows` say. Of
/// the pixels of warp(last) that weigh more than a half, `seen` counts all and `changed` those of another class.
void windhover_fuse_row(windhover_rows rows, const void *_Nonnull last, int32_t height, bool half,
                        const int32_t *_Nonnull cells, const float *_Nonnull weights,
                        const float *_Nonnull similarity, int32_t stride, int32_t classes, void *_Nonnull out,
                        uint8_t *_Nonnull labels, int32_t *_Nonnull seen, int32_t *_Nonnull changed);

/// One row of the arg-max at another size, of logits interpolated bilinearly between the rows of `row`.
///
/// `labels` are the arg-max of `logits`, floats or halves, both maps `width` pixels wide. Between four pixels of one
/// class every interpolated pixel is of that class, since the weights are positive and sum to 1: only at boundaries
/// are logits looked at. `starts[i]` is the first of `columns` whose left neighbour is pixel i or beyond,
/// `starts[width]` their count. `differs` is room for `width` bytes.
void windhover_enlarge_row(const void *_Nonnull logits, bool half, const uint8_t *_Nonnull labels, int32_t width,
                           windhover_tap row, const windhover_tap *_Nonnull columns, const int32_t *_Nonnull starts,
                           int32_t stride, int32_t classes, uint8_t *_Nonnull differs, uint8_t *_Nonnull out);

// MARK: Carrying

/// As `windhover_warp_row`, but what lies outside is read at the nearest place inside: weights sum to 1 everywhere.
void windhover_reach_row(const double *_Nonnull back, int32_t y, int32_t width, int32_t height,
                         int32_t *_Nonnull cells, float *_Nonnull weights);

/// One row of a whole map of logits, of floats or halves, read at cells, in the map's precision, and its arg-max.
void windhover_carry_row(const void *_Nonnull last, int32_t height, bool half, const int32_t *_Nonnull cells,
                         const float *_Nonnull weights, int32_t width, int32_t stride, int32_t classes,
                         void *_Nonnull out, uint8_t *_Nonnull labels);

// MARK: What the processor can do

/// `rounds` of 192 multiplications and additions each, which do not wait for one another: 384 operations a round.
double windhover_multiply_add(int64_t rounds);

/// STREAM's triad, `out` = `a` + 3 `b`: 12 bytes an element pass between memory and processor.
void windhover_triad(const float *_Nonnull a, const float *_Nonnull b, float *_Nonnull out, size_t count);

// MARK: Memory

/// Makes the heap keep what a frame gives back for the next one.
///
/// glibc returns large blocks to the system as soon as they are free, and a new block costs a fault for each of its
/// pages, which is dearer than the work on them; and it keeps several heaps, so that what one thread frees another
/// cannot have. To be called before there are threads; does nothing with other C libraries.
void windhover_keep_blocks(void);

#ifdef __cplusplus
}
#endif
