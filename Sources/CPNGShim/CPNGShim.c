#include "CPNGShim.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/// What the callbacks share. It lives outside the frames that setjmp may unwind, so nothing in it is clobbered.
typedef struct {
    const uint8_t *source;
    size_t remaining;
    uint8_t *file;
    size_t count;
    size_t capacity;
    char *message;
} context;

static void on_error(png_structp png, png_const_charp text) {
    context *state = png_get_error_ptr(png);
    strncpy(state->message, text, CPNG_MESSAGE_SIZE - 1);
    state->message[CPNG_MESSAGE_SIZE - 1] = 0;
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep out, size_t count) {
    context *state = png_get_io_ptr(png);
    if (count > state->remaining) png_error(png, "the file ends too early");
    memcpy(out, state->source, count);
    state->source += count;
    state->remaining -= count;
}

static void write_bytes(png_structp png, png_bytep data, size_t count) {
    context *state = png_get_io_ptr(png);
    if (count > state->capacity - state->count) {
        size_t capacity = state->capacity * 2 + count;
        uint8_t *grown = realloc(state->file, capacity);
        if (!grown) png_error(png, "out of memory");
        state->file = grown;
        state->capacity = capacity;
    }
    memcpy(state->file + state->count, data, count);
    state->count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

/// Asks libpng for the layout; png_error if the file cannot be read as it.
static void choose_layout(png_structp png, png_infop info, cpng_layout layout) {
    int type = png_get_color_type(png, info);
    int depth = png_get_bit_depth(png, info);
    bool transparent = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
    switch (layout) {
    case CPNG_RGB:
        png_set_expand(png);
        if (depth == 16) png_set_scale_16(png);
        if (!(type & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
        if (transparent || (type & PNG_COLOR_MASK_ALPHA)) {
            // Gamma chunks are skipped when reading, so this multiplies the stored values by alpha, as viewers do.
            png_color_16 black = {0};
            png_set_background(png, &black, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
        }
        break;
    case CPNG_GREY:
        if (type != PNG_COLOR_TYPE_GRAY) png_error(png, "not a grey picture");
        png_set_expand_gray_1_2_4_to_8(png);
        if (depth == 16) png_set_scale_16(png);
        break;
    case CPNG_INDEX:
        if ((type != PNG_COLOR_TYPE_PALETTE && type != PNG_COLOR_TYPE_GRAY) || depth > 8)
            png_error(png, "not an indexed or 8-bit grey picture");
        png_set_packing(png);
        break;
    }
}

bool cpng_decode(
    const uint8_t *bytes, size_t count, cpng_layout layout, uint32_t width, uint32_t height, uint8_t *pixels,
    char message[CPNG_MESSAGE_SIZE]
) {
    context state = {.source = bytes, .remaining = count, .message = message};
    message[0] = 0;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        strncpy(message, "out of memory", CPNG_MESSAGE_SIZE - 1);
        return false;
    }
    // Nothing assigned after this line is read after a jump.
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        return false;
    }

    png_set_read_fn(png, &state, read_bytes);
    png_set_user_limits(png, width, height);
    // A damaged file is refused, not repaired: a checksum error anywhere, too much or too little image data.
    png_set_benign_errors(png, 0);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    // Skip every chunk that pixels do not need: compressed text and colour profiles are where bombs hide.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(png, info);
    if (png_get_image_width(png, info) != width || png_get_image_height(png, info) != height)
        png_error(png, "the size is not what the header said");

    choose_layout(png, info, layout);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t stride = (size_t)width * (layout == CPNG_RGB ? 3 : 1);
    if (png_get_rowbytes(png, info) != stride) png_error(png, "unexpected pixel format");
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < height; y++) png_read_row(png, pixels + y * stride, NULL);
    png_read_end(png, NULL);

    png_destroy_read_struct(&png, &info, NULL);
    return true;
}

/// The header chunks of a picture.
static void write_header(png_structp png, png_infop info, const cpng_picture *picture) {
    int type = picture->layout == CPNG_RGB    ? PNG_COLOR_TYPE_RGB
               : picture->layout == CPNG_GREY ? PNG_COLOR_TYPE_GRAY
                                              : PNG_COLOR_TYPE_PALETTE;
    png_set_IHDR(
        png, info, picture->width, picture->height, 8, type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
        PNG_FILTER_TYPE_DEFAULT);
    if (picture->layout == CPNG_INDEX) {
        png_color colours[PNG_MAX_PALETTE_LENGTH];
        if (picture->colour_count < 1 || picture->colour_count > PNG_MAX_PALETTE_LENGTH)
            png_error(png, "a palette has 1 to 256 colours");
        for (int i = 0; i < picture->colour_count; i++) {
            const uint8_t *rgb = picture->palette + 3 * i;
            colours[i] = (png_color){.red = rgb[0], .green = rgb[1], .blue = rgb[2]};
        }
        png_set_PLTE(png, info, colours, picture->colour_count);
    }
    if (picture->keyword) {
        png_text text = {
            .compression = PNG_TEXT_COMPRESSION_NONE, .key = (char *)picture->keyword, .text = (char *)picture->text};
        png_set_text(png, info, &text, 1);
    }
    png_write_info(png, info);
}

bool cpng_encode(
    const cpng_picture *picture, uint8_t **bytes, size_t *count, char message[CPNG_MESSAGE_SIZE]
) {
    context state = {.message = message};
    message[0] = 0;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        strncpy(message, "out of memory", CPNG_MESSAGE_SIZE - 1);
        return false;
    }
    // Nothing assigned after this line is read after a jump, except through `state`, whose address libpng holds.
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        free(state.file);
        return false;
    }

    png_set_write_fn(png, &state, write_bytes, flush_nothing);
    png_set_compression_level(png, picture->level);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, picture->predict ? PNG_FILTER_UP : PNG_FILTER_NONE);
    // A mask is runs of equal bytes: looking for nothing else makes it half as large, and sooner.
    if (!picture->predict) png_set_compression_strategy(png, Z_RLE);
    // Swift checked the largest index; a second look at every row would cost more than compressing it.
    png_set_check_for_invalid_index(png, 0);
    write_header(png, info, picture);
    size_t stride = (size_t)picture->width * (picture->layout == CPNG_RGB ? 3 : 1);
    for (size_t y = 0; y < picture->height; y++) png_write_row(png, picture->pixels + y * stride);
    png_write_end(png, NULL);

    png_destroy_write_struct(&png, &info);
    *bytes = state.file;
    *count = state.count;
    return true;
}
