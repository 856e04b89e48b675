#include "CSimdjson.h"

#include <simdjson.h>

#include <cmath>
#include <cstdio>
#include <new>

using namespace simdjson;

struct csimdjson_parser {
  ondemand::parser parser;
};

namespace {

// Where the numbers go, and how many came.
struct Numbers {
  float *values;
  size_t most;
  size_t count = 0;

  // Takes over an array's numbers. Returns what is wrong, or nothing.
  const char *append(ondemand::array array) {
    for (auto element : array) {
      double number;
      if (auto code = element.get_double().get(number)) {
        return code == INCORRECT_TYPE ? "something else than numbers in the array" : error_message(code);
      }
      if (!std::isfinite(static_cast<float>(number))) return "a number that 32 bits cannot hold";
      if (count < most) values[count] = static_cast<float>(number);
      ++count;
    }
    return nullptr;
  }

  const char *read(ondemand::document &document) {
    ondemand::array array;
    if (document.get_array().get(array)) return "no array";
    // An array of one array is told by its first element.
    bool empty;
    if (auto code = array.is_empty().get(empty)) return error_message(code);
    if (!empty) {
      ondemand::value first;
      if (auto code = array.at(0).get(first)) return error_message(code);
      ondemand::json_type type;
      if (auto code = first.type().get(type)) return error_message(code);
      if (type == ondemand::json_type::array) {
        ondemand::array inner;
        if (auto code = first.get_array().get(inner)) return error_message(code);
        if (auto error = append(inner)) return error;
        document.rewind();
        if (document.get_array().get(array)) return "no array";
        size_t rows = 0;
        for (auto row : array) {
          if (auto code = row.error()) return error_message(code);
          ++rows;
        }
        if (rows > 1) return "more than one row of numbers";
      } else {
        document.rewind();
        if (document.get_array().get(array)) return "no array";
        if (auto error = append(array)) return error;
      }
    }
    const char *rest;
    return document.current_location().get(rest) == OUT_OF_BOUNDS ? nullptr : "something behind the array";
  }
};

}  // namespace

size_t csimdjson_padding(void) { return SIMDJSON_PADDING; }

struct csimdjson_parser *csimdjson_make(void) { return new (std::nothrow) csimdjson_parser; }

void csimdjson_free(struct csimdjson_parser *parser) { delete parser; }

ptrdiff_t csimdjson_numbers(struct csimdjson_parser *parser, const char *text, size_t length, size_t capacity,
                            float *numbers, size_t most, char error[CSIMDJSON_ERROR_LENGTH]) {
  ondemand::document document;
  Numbers found{numbers, most};
  auto code = parser->parser.iterate(text, length, capacity).get(document);
  const char *fault = code ? error_message(code) : found.read(document);
  if (!fault) return static_cast<ptrdiff_t>(found.count);
  std::snprintf(error, CSIMDJSON_ERROR_LENGTH, "%s", fault);
  return -1;
}
