#include "CVision.h"

#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/video/tracking.hpp>

extern "C" int32_t windhover_flow(const uint8_t *from, const uint8_t *to, int32_t width, int32_t height, float *flow) {
    try {
        if (width < 1 || height < 1) return 0;
        const cv::Mat first(height, width, CV_8UC1, const_cast<uint8_t *>(from));
        const cv::Mat second(height, width, CV_8UC1, const_cast<uint8_t *>(to));
        // A matrix of its own: one of the right size would be taken for a first guess.
        cv::Mat found;
        cv::DISOpticalFlow::create(cv::DISOpticalFlow::PRESET_MEDIUM)->calc(first, second, found);
        if (found.size() != first.size() || found.type() != CV_32FC2 || !found.isContinuous()) return 0;
        std::copy_n(found.ptr<float>(), 2 * found.total(), flow);
        return 1;
    } catch (...) {
        return 0;
    }
}
