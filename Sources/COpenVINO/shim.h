#pragma once
#include <openvino/c/openvino.h>

// Swift cannot call variadic functions. `properties` are `count` keys and values in turn, eight at most.
static inline ov_status_e windhover_compile_model(
    const ov_core_t *core, const ov_model_t *model, const char *device, ov_compiled_model_t **compiled,
    const char *const *properties, size_t count) {
    const char *p[8] = {0};
    for (size_t i = 0; i < count && i < 8; i++) p[i] = properties[i];
    return ov_core_compile_model(core, model, device, count, compiled, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);
}
