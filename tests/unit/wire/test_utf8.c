/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/utf8.h"
#include "wire_case.h"

static void replay(const wire_case *test, wire_feed *feed, wire_log *log,
                   void *user) {
  (void)test;
  (void)user;
  peal_utf8 check = {0};
  peal_slice piece;
  bool good = true;
  while (good && wire_feed_next(feed, &piece))
    good = peal_utf8_feed(&check, piece);
  if (!good)
    wire_log_add(log, "bad");
  else
    wire_log_add(log, peal_utf8_is_complete(&check) ? "good" : "cut");
}

static void cases_give_the_same_wherever_they_are_split(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("utf8", WIRE_CASE_SPLIT, replay, NULL), 0);
}

/* A check as RFC3629 tells it, character by character. */
static bool slowly_valid(const unsigned char *p, size_t len) {
  for (size_t i = 0; i < len;) {
    size_t more = p[i] < 0x80         ? 0
                  : (p[i] >> 5) == 6  ? 1
                  : (p[i] >> 4) == 14 ? 2
                  : (p[i] >> 3) == 30 ? 3
                                      : 9;
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (more > 3 || len - i <= more)
      return false;
    uint32_t c = more ? p[i] & (0x3fu >> more) : p[i];
    for (size_t k = 1; k <= more; k++) {
      if ((p[i + k] & 0xc0) != 0x80)
        return false;
      c = c << 6 | (p[i + k] & 0x3f);
    }
    if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
      return false;
    i += more + 1;
  }
  return true;
}

static void check_all_ways(const unsigned char *bytes, size_t len) {
  peal_slice text = {(const char *)bytes, len};
  bool expected = slowly_valid(bytes, len);
  assert_int_equal(peal_utf8_is_valid(text), expected);
  peal_utf8 check = {0};
  bool good = true;
  for (size_t i = 0; i < len; i++)
    good = peal_utf8_feed(&check, (peal_slice){text.ptr + i, 1});
  assert_int_equal(good && peal_utf8_is_complete(&check), expected);
}

static void all_short_sequences_agree_with_the_definition(void **state) {
  (void)state;
  static const unsigned char edges[] = {
      0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
      0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
      0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};

  enum { N = sizeof edges };

  unsigned char text[4];
  for (size_t i = 0; i < (size_t)N * N * N * N; i++) {
    text[0] = edges[i % N];
    text[1] = edges[i / N % N];
    text[2] = edges[i / N / N % N];
    text[3] = edges[i / N / N / N];
    check_all_ways(text, 4);
  }
  for (unsigned c = 0; c < 0x10000; c++) {
    text[0] = (unsigned char)(c >> 8);
    text[1] = (unsigned char)c;
    check_all_ways(text, 2);
  }
}

/* A bad byte at each place of a long text: no word or block hides it. */
static void a_bad_byte_is_found_at_every_place(void **state) {
  (void)state;
  unsigned char text[80];
  memset(text, 'a', sizeof text);
  for (size_t len = 0; len <= sizeof text; len++) {
    check_all_ways(text, len);
    for (size_t i = 0; i < len; i++) {
      text[i] = 0xff;
      assert_false(peal_utf8_is_valid((peal_slice){(char *)text, len}));
      text[i] = 'a';
    }
  }
}

static void a_bad_text_stays_bad(void **state) {
  (void)state;
  peal_utf8 check = {0};
  assert_false(peal_utf8_feed(&check, PEAL_S("\xc0")));
  assert_false(peal_utf8_feed(&check, PEAL_S("a")));
  assert_false(peal_utf8_feed(&check, PEAL_S("")));
  assert_false(peal_utf8_is_complete(&check));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cases_give_the_same_wherever_they_are_split),
      cmocka_unit_test(all_short_sequences_agree_with_the_definition),
      cmocka_unit_test(a_bad_byte_is_found_at_every_place),
      cmocka_unit_test(a_bad_text_stays_bad),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
