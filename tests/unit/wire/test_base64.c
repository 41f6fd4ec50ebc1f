/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "torture.h"
#include "wire/base64.h"
#include "wire_case.h"

static void replay(const wire_case *test, wire_feed *feed, wire_log *log,
                   void *user) {
  (void)test;
  (void)user;
  peal_slice text;
  if (!wire_feed_next(feed, &text))
    return;
  size_t len = 0;
  char *out = malloc(peal_base64_decode_max(text.len) + 1);
  assert_non_null(out);
  if (peal_base64_decode(out, &len, text) == PEAL_OK)
    wire_log_add_bytes(log, "bytes", (peal_slice){out, len});
  else
    wire_log_add(log, "refused");
  free(out);
}

static void cases_decode_as_expected(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("base64", WIRE_CASE_WHOLE, replay, NULL), 0);
}

static void encodes_the_examples_of_the_standard(void **state) {
  (void)state;
  static const char *const rows[][2] = {{"", ""},
                                        {"f", "Zg=="},
                                        {"fo", "Zm8="},
                                        {"foo", "Zm9v"},
                                        {"foob", "Zm9vYg=="},
                                        {"fooba", "Zm9vYmE="},
                                        {"foobar", "Zm9vYmFy"}};
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    peal_buf_reset(&buf);
    peal_base64_encode(&buf, peal_slice_of(rows[i][0]));
    assert_true(peal_slice_is(peal_buf_slice(&buf), rows[i][1]));
  }
  peal_buf_deinit(&buf);
}

static void all_lengths_and_bytes_come_back(void **state) {
  (void)state;
  unsigned char data[300];
  char text[400], back[303];
  for (size_t i = 0; i < sizeof data; i++)
    data[i] = (unsigned char)(i * 167 + i / 256);
  for (size_t len = 0; len <= sizeof data; len++) {
    size_t text_len = peal_base64_encode_len(len), back_len = 0;
    assert_true(text_len <= sizeof text);
    peal_base64_encode_to(text, (peal_slice){(char *)data, len});
    peal_slice slice = {text, text_len};
    assert_true(peal_base64_decode_max(text_len) <= sizeof back);
    assert_int_equal(peal_base64_decode(back, &back_len, slice), PEAL_OK);
    assert_int_equal(back_len, len);
    assert_memory_equal(back, data, len);
    while (slice.len > 0 && slice.ptr[slice.len - 1] == '=')
      slice.len--;
    assert_int_equal(peal_base64_decode(back, &back_len, slice), PEAL_OK);
    assert_int_equal(back_len, len);
  }
}

static void every_foreign_character_is_refused(void **state) {
  (void)state;
  const char *alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char out[12];
  size_t len = 0, accepted = 0;
  for (int c = 1; c < 256; c++) {
    for (size_t at = 0; at < 8; at++) {
      char text[] = "AAAAAAAA";
      text[at] = (char)c;
      peal_err err = peal_base64_decode(out, &len, (peal_slice){text, 8});
      bool member = strchr(alphabet, c) || (c == '=' && at == 7);
      assert_int_equal(err, member ? PEAL_OK : PEAL_ERR_BASE64);
      accepted += err == PEAL_OK;
    }
  }
  assert_int_equal(accepted, 64 * 8 + 1);
}

static peal_err encode_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_buf buf;
  peal_buf_init(&buf, mem, 0);
  peal_base64_encode(&buf, PEAL_S("foobar"));
  peal_err err = buf.err;
  peal_buf_deinit(&buf);
  return err;
}

static void a_failing_allocation_is_reported(void **state) {
  (void)state;
  assert_true(torture_run(encode_step, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cases_decode_as_expected),
      cmocka_unit_test(encodes_the_examples_of_the_standard),
      cmocka_unit_test(all_lengths_and_bytes_come_back),
      cmocka_unit_test(every_foreign_character_is_refused),
      cmocka_unit_test(a_failing_allocation_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
