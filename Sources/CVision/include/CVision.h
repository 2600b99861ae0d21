#pragma once
#include <stddef.h>
#include <stdint.h>

// Registration and optical flow by OpenCV. No exception leaves this header's functions: what fails answers NULL, or a
// number that says so.

#ifdef __cplusplus
extern "C" {
#endif

enum windhover_method {
    WINDHOVER_KLT = 0,   // pyramidal Lucas-Kanade on Shi-Tomasi corners, MAGSAC++ 1.5 px
    WINDHOVER_ORB = 1,   // 2000 ORB features, Hamming, ratio 0.8, RANSAC 2.5 px
    WINDHOVER_AKAZE = 2, // AKAZE features, Hamming, ratio 0.8, RANSAC 2.5 px
};

/// What registration keeps of one grey frame: pyramid and corners, or key points and descriptors.
typedef struct windhover_landmarks windhover_landmarks;

typedef struct {
    /// Row-major 3x3, pixels of the frames as given, previous -> current, pixel centres on integers.
    double homography[9];
    /// Correspondences that entered the robust fit.
    int32_t matches;
    /// Those that agree with it.
    int32_t inliers;
} windhover_fit;

/// Sets how many threads one call may use, the caller's among them, in the whole process; tells how many it were.
int32_t windhover_set_threads(int32_t threads);

/// The width of the pictures that a method works on: larger frames are to be reduced to it.
int32_t windhover_working_width(int32_t method);

/// `grey` is the luminance, height x width bytes without padding, of a frame of `frame_width` x `frame_height`, reduced
/// or as it is; it is read during the call only. What is found is told in pixels of the frame. NULL on failure.
windhover_landmarks *_Nullable windhover_landmarks_create(int32_t method, const uint8_t *_Nonnull grey, int32_t width,
                                                          int32_t height, int32_t frame_width, int32_t frame_height);

/// Finds the corners that Lucas-Kanade tracks to the next frame, before that is registered. Once, and not at the same
/// time as that.
void windhover_landmarks_find_corners(windhover_landmarks *_Nonnull landmarks);

void windhover_landmarks_free(windhover_landmarks *_Nullable landmarks);

/// Bytes landmarks keep.
size_t windhover_landmarks_bytes(const windhover_landmarks *_Nonnull landmarks);

/// Fits the homography that takes `previous` to `current`. 1: found, 0: not found (`fit` still counts), -1: error.
int32_t windhover_register(const windhover_landmarks *_Nonnull previous, const windhover_landmarks *_Nonnull current,
                           windhover_fit *_Nonnull fit);

/// Zero-mean normalised cross-correlation, -1...1, of the two frames where they overlap under `homography`
/// (small pictures of them are compared); -2 where too little overlaps or a picture has no texture.
double windhover_correlation(const windhover_landmarks *_Nonnull previous, const windhover_landmarks *_Nonnull current,
                             const double *_Nonnull homography);

/// Dense optical flow between two grey frames of height x width bytes without padding (Dense Inverse Search, preset
/// medium): what is at (x, y) in `from` is at (x, y) + `flow` in `to`. `flow` takes height x width x 2 numbers, pixels.
/// 1: found, 0: not, as with frames that are smaller than its patches.
int32_t windhover_flow(const uint8_t *_Nonnull from, const uint8_t *_Nonnull to, int32_t width, int32_t height,
                       float *_Nonnull flow);

/// Mean absolute difference, in grey levels, of `current` and `previous` moved by `homography`, where both are seen;
/// negative where nothing is. Both are height x width bytes without padding.
double windhover_photometric_error(const uint8_t *_Nonnull previous, const uint8_t *_Nonnull current, int32_t width,
                                   int32_t height, const double *_Nonnull homography);

/// SSP's fusing by OpenCV's own functions, one step after the other: what ours is measured against.
///
/// `state` holds the previous logits, groups of four classes, each height x width x 4, and gets the fused ones; `labels`
/// their arg-max; `changed` the fraction of pixels seen before that have another class. 1, or 0 on failure.
int32_t windhover_fuse_stepwise(const float *_Nonnull logits, int32_t classes, int32_t logitsWidth,
                                int32_t logitsHeight, const float *_Nonnull similarity, int32_t similarityWidth,
                                int32_t similarityHeight, const double *_Nonnull homography, int32_t width,
                                int32_t height, float *_Nonnull state, uint8_t *_Nonnull labels,
                                double *_Nonnull changed);

/// OpenCV's version.
const char *_Nonnull windhover_opencv_version(void);

#ifdef __cplusplus
}
#endif
