#pragma once
#include <stddef.h>
#include <stdint.h>

// IEEE 754 binary16 as bits. In C because Swift's own conversion calls a library routine per element on baseline
// x86-64 (15 times slower); these choose F16C at run time where the processor has it.

/// Widens `count` halves to floats.
void windhover_half_to_float(const uint16_t *_Nonnull half, float *_Nonnull out, size_t count);

/// Rounds `count` floats to the nearest half (ties to even); overflow becomes infinity.
void windhover_float_to_half(const float *_Nonnull in, uint16_t *_Nonnull half, size_t count);
