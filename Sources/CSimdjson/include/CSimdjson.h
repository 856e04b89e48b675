// Arrays of numbers in JSON, by simdjson, whose own interface is C++.
#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CSIMDJSON_ERROR_LENGTH 200

// Bytes that have to be readable behind a text.
size_t csimdjson_padding(void);

// A parser keeps memory from one text to the next. NULL without memory.
struct csimdjson_parser;
struct csimdjson_parser *csimdjson_make(void);
void csimdjson_free(struct csimdjson_parser *parser);

// Reads an array of numbers, or an array that holds one such array alone, and stores the first `most` of them.
// Returns how many there are, or -1 with a text in `error`.
ptrdiff_t csimdjson_numbers(struct csimdjson_parser *parser, const char *text, size_t length, size_t capacity,
                            float *numbers, size_t most, char error[CSIMDJSON_ERROR_LENGTH]);

#ifdef __cplusplus
}
#endif
