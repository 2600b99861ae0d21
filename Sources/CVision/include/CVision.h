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
typedef struct windhover_keyframe windhover_keyframe;

typedef struct {
    /// Row-major 3x3, pixels of the frames as given, previous -> current, pixel centres on integers.
    double homography[9];
    /// Correspondences that entered the robust fit.
    int32_t matches;
    /// Those that agree with it.
    int32_t inliers;
} windhover_fit;

/// `grey` is height x width bytes without padding; it is read during the call only. NULL on failure.
windhover_keyframe *_Nullable windhover_keyframe_create(int32_t method, const uint8_t *_Nonnull grey, int32_t width,
                                                        int32_t height);
void windhover_keyframe_free(windhover_keyframe *_Nullable keyframe);

/// Bytes a key frame keeps.
size_t windhover_keyframe_bytes(const windhover_keyframe *_Nonnull keyframe);

/// Fits the homography that takes `previous` to `current`. 1: found, 0: not found (`fit` still counts), -1: error.
int32_t windhover_register(const windhover_keyframe *_Nonnull previous, const windhover_keyframe *_Nonnull current,
                           windhover_fit *_Nonnull fit);

/// Zero-mean normalised cross-correlation, -1...1, of the two frames where they overlap under `homography`
/// (small pictures of them are compared); -2 where too little overlaps or a picture has no texture.
double windhover_correlation(const windhover_keyframe *_Nonnull previous, const windhover_keyframe *_Nonnull current,
                             const double *_Nonnull homography);

/// Dense optical flow between two grey frames of height x width bytes without padding (Dense Inverse Search, preset
/// medium): what is at (x, y) in `from` is at (x, y) + `flow` in `to`. `flow` takes height x width x 2 numbers, pixels.
/// 1: found, 0: not, as with frames that are smaller than its patches.
int32_t windhover_flow(const uint8_t *_Nonnull from, const uint8_t *_Nonnull to, int32_t width, int32_t height,
                       float *_Nonnull flow);

#ifdef __cplusplus
}
#endif
