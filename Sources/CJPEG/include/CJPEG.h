// JPEG images from memory. libjpeg reports errors by longjmp, which must not cross Swift's frames: here it ends in an
// error text.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define CJPEG_ERROR_LENGTH 200 // JMSG_LENGTH_MAX

// Channels are 1 (gray) or 3 (RGB).
struct cjpeg_size {
  uint32_t width, height, channels;
};

// Both return 1, or 0 with a text in `error`. `pixels` is (height, width, channels), of `capacity` bytes, which must be
// what cjpeg_read_size said. Data that end early or are damaged are errors, though libjpeg would make up the rest.
int cjpeg_read_size(const uint8_t *bytes, size_t count, struct cjpeg_size *size, char error[CJPEG_ERROR_LENGTH]);
int cjpeg_decode(const uint8_t *bytes, size_t count, uint8_t *pixels, size_t capacity, char error[CJPEG_ERROR_LENGTH]);
