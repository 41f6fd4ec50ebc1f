/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kit/kit_utf8.h"
#include "wire/utf8.h"

static void every_short_text_is_judged_as_by_the_codec(void **state) {
  (void)state;
  // all of up to three bytes, and those of four that begin a character
  for (uint32_t n = 0; n < 1u << 24; n += n < 1u << 16 ? 1 : 7) {
    unsigned char bytes[4] = {(unsigned char)(n >> 16), (unsigned char)(n >> 8),
                              (unsigned char)n, 0x80};
    for (size_t len = 1; len <= 4; len += 1) {
      peal_slice text = {(const char *)bytes, len};
      if (peal_kit_utf8_is_good(text) != peal_utf8_is_valid(text))
        fail_msg("%06x of %zu", n, len);
    }
  }
}

static void characters_are_counted_and_never_cut(void **state) {
  (void)state;
  peal_slice text = PEAL_S("aä€😀");
  assert_int_equal(peal_kit_utf8_count(text), 4);
  size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
    assert_int_equal(peal_kit_utf8_cut(text, i), ends[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_short_text_is_judged_as_by_the_codec),
      cmocka_unit_test(characters_are_counted_and_never_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
