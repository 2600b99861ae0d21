// libpng reports errors by longjmp, which must not cross a Swift frame. These two calls keep the jump inside C: they
// return false and a message instead.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CPNG_MESSAGE_SIZE = 160 };

typedef enum {
    /// Three bytes a pixel. Reading converts any PNG to it, with alpha composited over black.
    CPNG_RGB,
    /// One byte a pixel. Reading accepts grey PNGs, scales their samples to 0...255 and ignores transparency.
    CPNG_GREY,
    /// One byte a pixel. Reading accepts palette and grey PNGs of at most 8 bits and leaves their samples as they are.
    CPNG_INDEX,
} cpng_layout;

/// Decodes a whole PNG that its caller knows to be `width` x `height`; a file of any other size is refused.
/// `pixels` holds height * width * (3 or 1) bytes. On failure `pixels` is undefined and `message` says why.
bool cpng_decode(
    const uint8_t *bytes, size_t count, cpng_layout layout, uint32_t width, uint32_t height, uint8_t *pixels,
    char message[CPNG_MESSAGE_SIZE]);

typedef struct {
    const uint8_t *pixels;
    uint32_t width;
    uint32_t height;
    cpng_layout layout;
    /// zlib level 0...9.
    int level;
    /// Predict each row from the one above it, for pictures; otherwise look for runs of equal bytes, for masks.
    bool predict;
    /// `colour_count` x 3 bytes; for CPNG_INDEX only.
    const uint8_t *palette;
    int colour_count;
    /// One tEXt entry, or null; Latin-1.
    const char *keyword;
    const char *text;
} cpng_picture;

/// Encodes a picture. On success `*bytes` is the file, which the caller frees with `free`.
bool cpng_encode(
    const cpng_picture *picture, uint8_t **bytes, size_t *count, char message[CPNG_MESSAGE_SIZE]);
