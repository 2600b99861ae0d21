#include "CVision.h"

#include "CKernels.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <opencv2/calib3d.hpp>
#include <opencv2/core.hpp>
#include <opencv2/features2d.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>
#include <vector>

namespace {

// Optical flow works at about this width: half of 720p. Finer costs time and gains nothing measurable.
constexpr int trackingWidth = 640;
// Descriptors are computed at no more than this width, for bounded time on 4K frames.
constexpr int matchingWidth = 1280;
// The picture is divided into about this many cells, and each gives its best corner.
constexpr int cells = 300;
// Of all corners' responses, those below this share of the strongest are noise.
constexpr double quality = 0.01;
// 16 + 1 columns: OpenCV's vector loops take the sixteen at once.
const cv::Size window(17, 17);
constexpr int levels = 4;
constexpr int steps = 15;
constexpr double enough = 0.03;
// A point around which the frames differ by more than this many times what they differ by at the median one, and a
// grey level, has gone astray, or is another thing's.
constexpr float strayed = 3;
constexpr int smallWidth = 160;

} // namespace

struct windhover_landmarks {
    int method = 0;
    cv::Size size;
    // Pixels of the working picture per pixel of the frame, along x and y.
    double scaleX = 1, scaleY = 1;
    // Each level's picture; once there are points, also its gradients, in turn.
    std::vector<cv::Mat> pyramid;
    std::vector<cv::Point2f> points;
    std::vector<cv::KeyPoint> keypoints;
    cv::Mat descriptors;
    // For the photometric check.
    cv::Mat small;

    // Frame pixel -> working pixel; centres on integers on both sides, so the half-pixel shift is part of it.
    cv::Matx33d toWorking() const {
        return {scaleX, 0, 0.5 * scaleX - 0.5, 0, scaleY, 0.5 * scaleY - 0.5, 0, 0, 1};
    }
};

namespace {

// A level's horizontal and vertical derivatives in turn, with a rim of zeros as Lucas-Kanade wants it.
cv::Mat gradients(const cv::Mat &picture) {
    cv::Mat whole = cv::Mat::zeros(picture.rows + 2 * window.height, picture.cols + 2 * window.width, CV_16SC2);
    cv::Mat inner = whole(cv::Rect(window.width, window.height, picture.cols, picture.rows));
    // The picture lies in a larger one that continues it.
    for (int y = 0; y < picture.rows; y++)
        windhover_gradient_row(picture.ptr(y), picture.step, picture.cols, inner.ptr<int16_t>(y));
    return inner;
}

// Shi-Tomasi corners, the best of each cell of a grid, in pixels of the pyramid's first level. They are looked for one
// level up, at a quarter of the cost: tracking needs texture around a point, not the corner's exact place.
std::vector<cv::Point2f> spreadCorners(const std::vector<cv::Mat> &pyramid) {
    // A small picture has one level only.
    const int level = pyramid.size() > 2 ? 1 : 0;
    const cv::Mat &slopes = pyramid[size_t(level) * 2 + 1];
    cv::Mat response(slopes.size(), CV_32F);
    std::vector<float> sums(3 * size_t(slopes.cols + 2));
    for (int y = 0; y < slopes.rows; y++)
        windhover_corner_row(slopes.ptr<int16_t>(y), slopes.step / sizeof(int16_t), slopes.cols, sums.data(),
                             response.ptr<float>(y));
    double strongest = 0;
    cv::minMaxLoc(response, nullptr, &strongest);
    const double side = std::sqrt(double(response.total()) / cells);
    const int columns = std::max(1, int(response.cols / side)), rows = std::max(1, int(response.rows / side));
    std::vector<cv::Point2f> points;
    for (int row = 0; row < rows; row++) {
        const cv::Range down(response.rows * row / rows, response.rows * (row + 1) / rows);
        for (int column = 0; column < columns; column++) {
            const cv::Range across(response.cols * column / columns, response.cols * (column + 1) / columns);
            float best = float(strongest * quality);
            cv::Point corner(-1, -1);
            for (int y = down.start; y < down.end; y++) {
                const float *line = response.ptr<float>(y);
                for (int x = across.start; x < across.end; x++) {
                    if (line[x] > best) best = line[x], corner = {x, y};
                }
            }
            if (corner.x >= 0) points.emplace_back(float(corner.x << level), float(corner.y << level));
        }
    }
    return points;
}

cv::Ptr<cv::Feature2D> detector(int method) {
    if (method == WINDHOVER_ORB) return cv::ORB::create(2000);
    return cv::AKAZE::create();
}

// Correspondences previous -> current in working pixels.
void track(const windhover_landmarks &previous, const windhover_landmarks &current, std::vector<cv::Point2f> &from,
           std::vector<cv::Point2f> &to) {
    if (previous.points.empty()) return;
    const cv::TermCriteria stop(cv::TermCriteria::COUNT + cv::TermCriteria::EPS, steps, enough);
    std::vector<cv::Point2f> there;
    std::vector<uchar> found;
    std::vector<float> differences;
    cv::calcOpticalFlowPyrLK(previous.pyramid, current.pyramid, previous.points, there, found, differences, window,
                             levels, stop);
    const cv::Rect2f inside(0, 0, float(current.pyramid[0].cols), float(current.pyramid[0].rows));
    for (size_t i = 0; i < there.size(); i++) found[i] = found[i] && inside.contains(there[i]);
    std::vector<float> usual;
    for (size_t i = 0; i < there.size(); i++) {
        if (found[i]) usual.push_back(differences[i]);
    }
    if (usual.empty()) return;
    const auto middle = usual.begin() + std::ptrdiff_t(usual.size() / 2);
    std::nth_element(usual.begin(), middle, usual.end());
    for (size_t i = 0; i < there.size(); i++) {
        if (!found[i] || differences[i] > strayed * *middle + 1) continue;
        from.push_back(previous.points[i]);
        to.push_back(there[i]);
    }
}

void match(const windhover_landmarks &previous, const windhover_landmarks &current, std::vector<cv::Point2f> &from,
           std::vector<cv::Point2f> &to) {
    if (previous.descriptors.rows < 2 || current.descriptors.rows < 2) return;
    std::vector<std::vector<cv::DMatch>> pairs;
    cv::BFMatcher(cv::NORM_HAMMING).knnMatch(previous.descriptors, current.descriptors, pairs, 2);
    for (const auto &pair : pairs) {
        if (pair.size() < 2 || pair[0].distance >= 0.8f * pair[1].distance) continue;
        from.push_back(previous.keypoints[size_t(pair[0].queryIdx)].pt);
        to.push_back(current.keypoints[size_t(pair[0].trainIdx)].pt);
    }
}

} // namespace

extern "C" {

windhover_landmarks *windhover_landmarks_create(int32_t method, const uint8_t *grey, int32_t width, int32_t height,
                                                int32_t frame_width, int32_t frame_height) {
    try {
        if (width < 1 || height < 1) return nullptr;
        auto landmarks = std::make_unique<windhover_landmarks>();
        const cv::Mat working(height, width, CV_8UC1, const_cast<uint8_t *>(grey));
        landmarks->method = method;
        landmarks->size = cv::Size(frame_width, frame_height);
        landmarks->scaleX = double(width) / frame_width;
        landmarks->scaleY = double(height) / frame_height;
        const int small = std::min(smallWidth, width);
        cv::resize(working, landmarks->small,
                   cv::Size(small, std::max(1, int(std::lround(double(height) * small / width)))), 0, 0,
                   cv::INTER_AREA);
        if (method == WINDHOVER_KLT) {
            // Without gradients: those of the frame before are what tracking needs.
            cv::buildOpticalFlowPyramid(working, landmarks->pyramid, window, levels, false, cv::BORDER_REFLECT_101,
                                        cv::BORDER_CONSTANT, false);
        } else {
            detector(method)->detectAndCompute(working, cv::noArray(), landmarks->keypoints, landmarks->descriptors);
        }
        return landmarks.release();
    } catch (...) {
        return nullptr;
    }
}

int32_t windhover_set_threads(int32_t threads) {
    const int before = cv::getNumThreads();
    cv::setNumThreads(threads);
    return before;
}

int32_t windhover_working_width(int32_t method) {
    return method == WINDHOVER_KLT ? trackingWidth : matchingWidth;
}

void windhover_landmarks_find_corners(windhover_landmarks *landmarks) {
    try {
        if (landmarks->method != WINDHOVER_KLT) return;
        std::vector<cv::Mat> pyramid;
        for (const cv::Mat &picture : landmarks->pyramid) {
            pyramid.push_back(picture);
            pyramid.push_back(gradients(picture));
        }
        landmarks->points = spreadCorners(pyramid);
        landmarks->pyramid = std::move(pyramid);
    } catch (...) {
        // Without corners the next frame is not registered, and says so.
    }
}

void windhover_landmarks_free(windhover_landmarks *landmarks) { delete landmarks; }

size_t windhover_landmarks_bytes(const windhover_landmarks *landmarks) {
    size_t bytes = sizeof(*landmarks) + landmarks->small.total() + landmarks->points.size() * sizeof(cv::Point2f) +
                   landmarks->keypoints.size() * sizeof(cv::KeyPoint) +
                   landmarks->descriptors.total() * landmarks->descriptors.elemSize();
    for (const auto &level : landmarks->pyramid) bytes += level.total() * level.elemSize();
    return bytes;
}

int32_t windhover_register(const windhover_landmarks *previous, const windhover_landmarks *current, windhover_fit *fit) {
    *fit = {{1, 0, 0, 0, 1, 0, 0, 0, 1}, 0, 0};
    try {
        if (previous->method != current->method || previous->size != current->size) return -1;
        std::vector<cv::Point2f> from, to;
        const bool klt = previous->method == WINDHOVER_KLT;
        if (klt) track(*previous, *current, from, to);
        else match(*previous, *current, from, to);
        fit->matches = int32_t(from.size());
        if (from.size() < 4) return 0;

        std::vector<uchar> inlier;
        const cv::Mat found = klt ? cv::findHomography(from, to, cv::USAC_MAGSAC, 1.5, inlier, 2000, 0.999)
                                  : cv::findHomography(from, to, cv::RANSAC, 2.5, inlier, 2000, 0.995);
        if (found.empty()) return 0;
        fit->inliers = int32_t(std::count(inlier.begin(), inlier.end(), uchar(1)));

        const cv::Matx33d toWorking = current->toWorking();
        const cv::Matx33d whole = toWorking.inv() * cv::Matx33d(found.ptr<double>()) * toWorking;
        if (!(std::abs(whole(2, 2)) > 1e-12)) return 0;
        for (int i = 0; i < 9; i++) {
            fit->homography[i] = whole.val[i] / whole(2, 2);
            if (!std::isfinite(fit->homography[i])) return 0;
        }
        return 1;
    } catch (...) {
        return -1;
    }
}

double windhover_correlation(const windhover_landmarks *previous, const windhover_landmarks *current,
                             const double *homography) {
    try {
        const double sx = double(current->small.cols) / current->size.width;
        const double sy = double(current->small.rows) / current->size.height;
        const cv::Matx33d toSmall(sx, 0, 0.5 * sx - 0.5, 0, sy, 0.5 * sy - 0.5, 0, 0, 1);
        const cv::Matx33d small = toSmall * cv::Matx33d(homography) * toSmall.inv();
        cv::Mat warped, mask;
        cv::warpPerspective(previous->small, warped, small, current->small.size(), cv::INTER_LINEAR);
        cv::warpPerspective(cv::Mat(previous->small.size(), CV_8UC1, cv::Scalar(255)), mask, small,
                            current->small.size(), cv::INTER_NEAREST);
        if (cv::countNonZero(mask) * 10 < int(mask.total())) return -2;
        cv::Scalar meanA, meanB, spreadA, spreadB;
        cv::meanStdDev(warped, meanA, spreadA, mask);
        cv::meanStdDev(current->small, meanB, spreadB, mask);
        if (spreadA[0] < 1 || spreadB[0] < 1) return -2;
        cv::Mat a, b;
        warped.convertTo(a, CV_32F, 1, -meanA[0]);
        current->small.convertTo(b, CV_32F, 1, -meanB[0]);
        return cv::mean(a.mul(b), mask)[0] / (spreadA[0] * spreadB[0]);
    } catch (...) {
        return -2;
    }
}

double windhover_photometric_error(const uint8_t *previous, const uint8_t *current, int32_t width, int32_t height,
                                   const double *homography) {
    try {
        const cv::Mat from(height, width, CV_8U, const_cast<uint8_t *>(previous));
        const cv::Mat to(height, width, CV_8U, const_cast<uint8_t *>(current));
        cv::Mat warped, mask, difference;
        cv::warpPerspective(from, warped, cv::Matx33d(homography), to.size(), cv::INTER_LINEAR);
        cv::warpPerspective(cv::Mat(from.size(), CV_8U, cv::Scalar(255)), mask, cv::Matx33d(homography), to.size(),
                            cv::INTER_NEAREST);
        // Not the rim, where a pixel is mixed with the nothing beyond it.
        cv::erode(mask, mask, cv::Mat(), cv::Point(-1, -1), 2, cv::BORDER_CONSTANT, 0);
        if (cv::countNonZero(mask) == 0) return -1;
        cv::absdiff(warped, to, difference);
        return cv::mean(difference, mask)[0];
    } catch (...) {
        return -1;
    }
}

const char *windhover_opencv_version(void) { return CV_VERSION; }

} // extern "C"
