/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http1_chars.h"

/* Every byte, at every place among good ones: what is looked at eight bytes at
 * once stops where the table says. */
static void a_span_ends_at_the_first_byte_without_the_flag(void **state) {
  (void)state;
  static const peal_http1_chars flags[] = {PEAL_HTTP1_VALUE, PEAL_HTTP1_TARGET,
                                           PEAL_HTTP1_TCHAR};
  char text[40];
  for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++)
    for (unsigned byte = 0; byte < 256; byte++)
      for (size_t at = 0; at < sizeof(text); at++) {
        memset(text, 'a', sizeof(text));
        text[at] = (char)byte;
        size_t expected =
            peal_http1_chars_has((char)byte, flags[f]) ? sizeof(text) : at;
        assert_int_equal(peal_http1_chars_span(text, sizeof(text), flags[f]),
                         expected);
      }
}

static void every_pair_of_neighbours_is_seen(void **state) {
  (void)state;
  char text[16];
  for (unsigned pair = 0; pair < 65536; pair++) {
    memset(text, 'a', sizeof(text));
    text[3] = (char)(pair >> 8);
    text[4] = (char)(pair & 255);
    size_t expected = sizeof(text);
    for (size_t i = 5; i-- > 3;)
      if (!peal_http1_chars_has(text[i], PEAL_HTTP1_TARGET))
        expected = i;
    assert_int_equal(
        peal_http1_chars_span(text, sizeof(text), PEAL_HTTP1_TARGET), expected);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_span_ends_at_the_first_byte_without_the_flag),
      cmocka_unit_test(every_pair_of_neighbours_is_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
