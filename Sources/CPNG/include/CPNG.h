// PNG images from memory. libpng reports errors by longjmp, which must not cross Swift's frames: here it ends in an
// error text.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define CPNG_ERROR_LENGTH 200

// Channels are 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGB, alpha), of 8 bits: palettes are looked up, fewer bits
// expanded, 16 bits rounded to 8.
struct cpng_size {
  uint32_t width, height, channels;
};

// Both return 1, or 0 with a text in `error`. `pixels` is (height, width, channels), of `capacity` bytes, which must be
// what cpng_read_size said.
int cpng_read_size(const uint8_t *bytes, size_t count, struct cpng_size *size, char error[CPNG_ERROR_LENGTH]);
int cpng_decode(const uint8_t *bytes, size_t count, uint8_t *pixels, size_t capacity, char error[CPNG_ERROR_LENGTH]);
