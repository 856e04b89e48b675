#include "CPNG.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

struct source {
  const uint8_t *bytes;
  size_t count;
  char *error;
};

static void fail(png_structp png, png_const_charp text) {
  struct source *source = png_get_error_ptr(png);
  strncpy(source->error, text, CPNG_ERROR_LENGTH - 1);
  source->error[CPNG_ERROR_LENGTH - 1] = 0;
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void copy_next(png_structp png, png_bytep target, size_t count) {
  struct source *source = png_get_io_ptr(png);
  if (count > source->count) png_error(png, "the file ends early");
  memcpy(target, source->bytes, count);
  source->bytes += count;
  source->count -= count;
}

// Either reads the size, with `pixels` NULL, or decodes; see the header.
//
// No variable that changes after setjmp is read after a longjmp.
static int read_image(struct source *source, struct cpng_size *size, uint8_t *pixels, size_t capacity) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, source, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    strcpy(source->error, "out of memory");
    png_destroy_read_struct(&png, NULL, NULL);
    return 0;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
  }
  png_set_read_fn(png, source, copy_next);
  // Texts and profiles, which nobody reads here, may not blow up either.
  png_set_chunk_malloc_max(png, 1 << 24);
  png_read_info(png, info);
  png_set_expand(png);
  png_set_scale_16(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size->width = png_get_image_width(png, info);
  size->height = png_get_image_height(png, info);
  size->channels = png_get_channels(png, info);
  if (pixels) {
    size_t row = png_get_rowbytes(png, info);
    if (row != (size_t)size->width * size->channels || capacity != row * size->height)
      png_error(png, "no memory of the right size");
    // Each pass of an interlaced image leaves the pixels of the others as they are.
    for (int pass = 0; pass < passes; pass++)
      for (size_t y = 0; y < size->height; y++) png_read_row(png, pixels + y * row, NULL);
    png_read_end(png, NULL);
  }
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}

int cpng_read_size(const uint8_t *bytes, size_t count, struct cpng_size *size, char error[CPNG_ERROR_LENGTH]) {
  struct source source = {bytes, count, error};
  return read_image(&source, size, NULL, 0);
}

int cpng_decode(const uint8_t *bytes, size_t count, uint8_t *pixels, size_t capacity, char error[CPNG_ERROR_LENGTH]) {
  struct source source = {bytes, count, error};
  struct cpng_size size;
  return read_image(&source, &size, pixels, capacity);
}
