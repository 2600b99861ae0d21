#pragma once
#include <openvino/c/openvino.h>

// Swift cannot call variadic functions: this fixes the number of properties. A property is a key and a value.
static inline ov_status_e windhover_compile_model(
    const ov_core_t *core, const ov_model_t *model, const char *device, ov_compiled_model_t **compiled,
    const char *key1, const char *value1, const char *key2, const char *value2, const char *key3, const char *value3,
    const char *key4, const char *value4) {
    return ov_core_compile_model(core, model, device, 8, compiled, key1, value1, key2, value2, key3, value3, key4,
                                 value4);
}

static inline ov_status_e windhover_compile_model_2(
    const ov_core_t *core, const ov_model_t *model, const char *device, ov_compiled_model_t **compiled,
    const char *key1, const char *value1, const char *key2, const char *value2) {
    return ov_core_compile_model(core, model, device, 4, compiled, key1, value1, key2, value2);
}
