#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

_Static_assert(CJPEG_ERROR_LENGTH >= JMSG_LENGTH_MAX, "room for libjpeg's texts");

struct failure {
  struct jpeg_error_mgr manager; // first, as libjpeg knows only this part
  jmp_buf jump;
  char *text;
};

static void fail(j_common_ptr jpeg) {
  struct failure *failure = (struct failure *)jpeg->err;
  jpeg->err->format_message(jpeg, failure->text);
  longjmp(failure->jump, 1);
}

// Warnings, of level -1, that some cameras' and editors' whole images give too are let pass; the others mean damage.
static void emit(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  switch (jpeg->err->msg_code) {
  case JWRN_ADOBE_XFORM:
  case JWRN_EXTRANEOUS_DATA:
  case JWRN_JFIF_MAJOR: return;
  default: fail(jpeg);
  }
}

// A few bytes of an empty scan cost as much time as a whole image; real progressive images have about ten.
static void limit_scans(j_common_ptr jpeg) {
  struct failure *failure = (struct failure *)jpeg->err;
  if (((j_decompress_ptr)jpeg)->input_scan_number <= 100) return;
  strcpy(failure->text, "more than 100 scans");
  longjmp(failure->jump, 1);
}

// Either reads the size, with `pixels` NULL, or decodes; see the header.
//
// No variable that changes after setjmp is read after a longjmp.
static int read_image(
  const uint8_t *bytes, size_t count, struct cjpeg_size *size, uint8_t *pixels, size_t capacity, char *error) {
  struct jpeg_decompress_struct jpeg;
  struct failure failure = {.text = error};
  struct jpeg_progress_mgr progress = {.progress_monitor = limit_scans};
  jpeg.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = fail;
  failure.manager.emit_message = emit;
  if (setjmp(failure.jump)) {
    jpeg_destroy_decompress(&jpeg);
    return 0;
  }
  jpeg_create_decompress(&jpeg);
  jpeg.progress = &progress;
  jpeg_mem_src(&jpeg, bytes, count);
  jpeg_read_header(&jpeg, TRUE);
  jpeg.out_color_space = jpeg.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_calc_output_dimensions(&jpeg);
  size->width = jpeg.output_width;
  size->height = jpeg.output_height;
  size->channels = jpeg.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  if (pixels) {
    size_t row = (size_t)size->width * size->channels;
    if (capacity != row * size->height) ERREXIT(&jpeg, JERR_BAD_LENGTH);
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) {
      JSAMPROW target = pixels + row * jpeg.output_scanline;
      jpeg_read_scanlines(&jpeg, &target, 1);
    }
    jpeg_finish_decompress(&jpeg);
  }
  jpeg_destroy_decompress(&jpeg);
  return 1;
}

int cjpeg_read_size(const uint8_t *bytes, size_t count, struct cjpeg_size *size, char error[CJPEG_ERROR_LENGTH]) {
  return read_image(bytes, count, size, NULL, 0, error);
}

int cjpeg_decode(const uint8_t *bytes, size_t count, uint8_t *pixels, size_t capacity, char error[CJPEG_ERROR_LENGTH]) {
  struct cjpeg_size size;
  return read_image(bytes, count, &size, pixels, capacity, error);
}
