#include "CVision.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace {

// The arg-max of groups of four channels, plane by plane.
cv::Mat largest(const std::vector<cv::Mat> &groups, int classes) {
    std::vector<cv::Mat> planes;
    for (const auto &group : groups) {
        std::vector<cv::Mat> four;
        cv::split(group, four);
        planes.insert(planes.end(), four.begin(), four.end());
    }
    cv::Mat best = planes[0], labels = cv::Mat::zeros(best.size(), CV_8U), larger;
    for (int c = 1; c < classes; c++) {
        cv::compare(planes[size_t(c)], best, larger, cv::CMP_GT);
        labels.setTo(c, larger);
        cv::max(planes[size_t(c)], best, best);
    }
    return labels;
}

} // namespace

extern "C" int32_t windhover_fuse_stepwise(const float *logits, int32_t classes, int32_t logitsWidth,
                                           int32_t logitsHeight, const float *similarity, int32_t similarityWidth,
                                           int32_t similarityHeight, const double *homography, int32_t width,
                                           int32_t height, float *state, uint8_t *labels, double *changed) {
    try {
        const cv::Size size(width, height);
        const cv::Matx33d motion(homography);
        cv::Mat weight;
        cv::resize(cv::Mat(similarityHeight, similarityWidth, CV_32F, const_cast<float *>(similarity)), weight, size, 0,
                   0, cv::INTER_LINEAR);
        const cv::Mat rest = 1 - weight;
        std::vector<cv::Mat> fused, warped;
        for (int first = 0; first < classes; first += 4) {
            std::vector<cv::Mat> planes;
            for (int c = first; c < first + 4; c++) {
                const size_t plane = size_t(logitsWidth) * logitsHeight;
                planes.push_back(c < classes ? cv::Mat(logitsHeight, logitsWidth, CV_32F,
                                                       const_cast<float *>(logits + plane * c))
                                             : cv::Mat(logitsHeight, logitsWidth, CV_32F, cv::Scalar(-1e4)));
            }
            cv::Mat four, now, before, group;
            cv::merge(planes, four);
            cv::resize(four, now, size, 0, 0, cv::INTER_CUBIC);
            const cv::Mat last(height, width, CV_32FC4, state + size_t(first) * width * height);
            cv::warpPerspective(last, before, motion, size, cv::INTER_LINEAR);
            cv::blendLinear(before, now, weight, rest, group);
            fused.push_back(group);
            warped.push_back(before);
        }
        const cv::Mat now = largest(fused, classes), before = largest(warped, classes);
        cv::Mat seen, differs;
        cv::warpPerspective(cv::Mat(size, CV_32F, cv::Scalar(1)), seen, motion, size, cv::INTER_LINEAR);
        seen = seen > 0.5;
        cv::bitwise_and(now != before, seen, differs);
        *changed = double(cv::countNonZero(differs)) / std::max(1, cv::countNonZero(seen));
        now.copyTo(cv::Mat(height, width, CV_8U, labels));
        for (size_t i = 0; i < fused.size(); i++) {
            fused[i].copyTo(cv::Mat(height, width, CV_32FC4, state + i * 4 * size_t(width) * height));
        }
        return 1;
    } catch (...) {
        return 0;
    }
}
