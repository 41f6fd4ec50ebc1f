/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "http/compress.h"

static void the_client_s_preference_decides(void **state) {
  (void)state;

  static const struct {
    const char *header;
    peal_compress expected;
  } cases[] = {
      {"", PEAL_COMPRESS_NONE},
      {"gzip", PEAL_COMPRESS_GZIP},
      {"deflate", PEAL_COMPRESS_DEFLATE},
      {"gzip, deflate", PEAL_COMPRESS_GZIP},
      {"deflate, gzip", PEAL_COMPRESS_DEFLATE},
      {"gzip, deflate, br", PEAL_COMPRESS_GZIP},
      {"br", PEAL_COMPRESS_NONE},
      {"GZIP", PEAL_COMPRESS_GZIP},
      {"gzip;q=0", PEAL_COMPRESS_NONE},
      {"gzip;q=0.1, deflate;q=0.2", PEAL_COMPRESS_DEFLATE},
      {"gzip ; q=0.100 ,deflate; q=0.099", PEAL_COMPRESS_GZIP},
      {"*", PEAL_COMPRESS_GZIP},
      {"*;q=0", PEAL_COMPRESS_NONE},
      {"gzip;q=0, *", PEAL_COMPRESS_DEFLATE},
      {"identity", PEAL_COMPRESS_NONE},
      {"identity;q=1, *;q=0", PEAL_COMPRESS_NONE},
      {"gzip;q=2", PEAL_COMPRESS_NONE},
      {"gzip;q=x", PEAL_COMPRESS_NONE},
      {"gzip;q=1.000", PEAL_COMPRESS_GZIP},
      {"gzip;q=0.0000", PEAL_COMPRESS_NONE},
      {",,;,gzip,", PEAL_COMPRESS_GZIP},
      {"gzippy", PEAL_COMPRESS_NONE},
  };

  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    peal_compress got = peal_compress_choose(peal_slice_of(cases[i].header));
    if (got != cases[i].expected)
      print_message("for: %s\n", cases[i].header);
    assert_int_equal(got, cases[i].expected);
  }
  assert_int_equal(peal_compress_choose((peal_slice){NULL, 0}),
                   PEAL_COMPRESS_NONE);
  assert_string_equal(peal_compress_name(PEAL_COMPRESS_GZIP), "gzip");
  assert_string_equal(peal_compress_name(PEAL_COMPRESS_DEFLATE), "deflate");
}

static void round_trip(peal_compress coding, int window, size_t size) {
  char *data = malloc(size + 1), *back = malloc(size + 1);
  for (size_t i = 0; i < size; i++)
    data[i] = (char)(i * i >> 7);
  peal_bytes *packed = peal_compress_bytes(coding, (peal_compress_how){0},
                                           (peal_slice){data, size});
  assert_non_null(packed);
  peal_slice in = peal_bytes_slice(packed);
  z_stream stream = {0};
  assert_int_equal(inflateInit2(&stream, window), Z_OK);
  stream.next_in = (Bytef *)(uintptr_t)in.ptr;
  stream.avail_in = (uInt)in.len;
  stream.next_out = (Bytef *)back;
  stream.avail_out = (uInt)size + 1;
  assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
  assert_int_equal(stream.total_out, size);
  assert_int_equal(stream.avail_in, 0);
  assert_memory_equal(data, back, size);
  inflateEnd(&stream);
  peal_bytes_unref(packed);
  free(data);
  free(back);
}

static void what_is_compressed_inflates_to_the_same(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 1000, 100000, 3000000};
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
    round_trip(PEAL_COMPRESS_GZIP, 15 + 16, sizes[i]);
    round_trip(PEAL_COMPRESS_DEFLATE, 15, sizes[i]);
  }
  peal_bytes *same = peal_compress_bytes(PEAL_COMPRESS_NONE,
                                         (peal_compress_how){0}, PEAL_S("abc"));
  assert_true(peal_slice_is(peal_bytes_slice(same), "abc"));
  peal_bytes_unref(same);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_client_s_preference_decides),
      cmocka_unit_test(what_is_compressed_inflates_to_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
