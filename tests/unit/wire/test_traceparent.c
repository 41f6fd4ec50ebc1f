/* SPDX-License-Identifier: MIT */
/* The text of W3C Trace Context, to ids and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/traceparent.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

/* In a block of its own, so that a read behind it is seen. */
static bool decode(peal_traceparent *out, const char *text) {
  size_t len = strlen(text);
  char *copy = malloc(len ? len : 1);
  memcpy(copy, text, len);
  bool is = peal_traceparent_decode(out, (peal_slice){copy, len});
  free(copy);
  return is;
}

static void a_text_is_taken_apart_and_put_together(void **state) {
  peal_traceparent it;
  char text[PEAL_TRACEPARENT_BYTES];
  (void)state;
  assert_true(decode(&it, "00-" TRACE "-" SPAN "-00"));
  assert_string_equal(it.trace_id, TRACE);
  assert_string_equal(it.span_id, SPAN);
  peal_traceparent_encode(text, &it);
  assert_string_equal(text, "00-" TRACE "-" SPAN "-01");
  /* A later version may have more. */
  assert_true(decode(&it, "cc-" TRACE "-" SPAN "-01-what-the-future-brings"));
  assert_true(decode(&it, "cc-" TRACE "-" SPAN "-01"));
}

static void what_has_another_form_is_none(void **state) {
  static const char *const bad[] = {
      "",
      "00",
      "00-" TRACE "-" SPAN "-0",
      "00-" TRACE "-" SPAN "-01-",
      "00-" TRACE "-" SPAN "-01-x",
      "cc-" TRACE "-" SPAN "-01.x",
      "ff-" TRACE "-" SPAN "-01",
      "0x-" TRACE "-" SPAN "-01",
      "00-" TRACE "-" SPAN "-0X",
      "00_" TRACE "-" SPAN "-01",
      "00-" TRACE "_" SPAN "-01",
      "00-" TRACE "-" SPAN "_01",
      "00-4BF92F3577b34da6a3ce929d0e0e4736-" SPAN "-01",
      "00-00000000000000000000000000000000-" SPAN "-01",
      "00-" TRACE "-0000000000000000-01",
      "00-" TRACE "-00f067aa0ba902bg-01",
  };
  peal_traceparent it;

  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_false(decode(&it, bad[i]));
    assert_string_equal(it.trace_id, "");
    assert_string_equal(it.span_id, "");
  }
  assert_false(peal_traceparent_decode(&it, (peal_slice){NULL, 0}));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_text_is_taken_apart_and_put_together),
      cmocka_unit_test(what_has_another_form_is_none),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
