/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "responder.h"

static const responder_vital nothing[BANDS_METRICS];
static const responder_vital some[BANDS_METRICS] = {
    [BANDS_HEART_RATE] = {true, 72, 71, 1000, BANDS_NORMAL},
    [BANDS_SPO2] = {true, 93, 97, 5 * 60000, BANDS_WARNING},
    [BANDS_TEMPERATURE] = {true, 36.6, 36.6, 3 * 3600000, BANDS_NORMAL},
};

static char said[8192];

static const char *ask(const char *question, const responder_vital *vitals) {
  chat_text out = {.max = sizeof said};
  assert_true(responder_answer(&out, peal_slice_of(question), vitals));
  assert_false(out.is_full);
  memcpy(said, out.bytes, out.len + 1);
  chat_text_free(&out);
  // whatever was asked
  assert_non_null(strstr(said, "built-in responder"));
  assert_non_null(strstr(said, responder_notice));
  return said;
}

static void tells_the_last_reading(void **state) {
  (void)state;
  ask("What is my heart rate?", some);
  assert_non_null(strstr(said, "Your last heart rate was 72 bpm (just now), "
                               "which is in the normal range."));
  assert_null(strstr(said, "oxygen"));
  ask("TEMPERATURE!", some);
  assert_non_null(strstr(said, "36.6 \xC2\xB0"
                               "C (3 hours ago)"));
}

static void says_what_is_outside_and_where_the_range_is(void **state) {
  (void)state;
  ask("my oxygen", some);
  assert_non_null(strstr(said, "93 % (5 minutes ago), which is outside of the "
                               "normal range."));
  assert_non_null(strstr(said, "lower than what was usual before (97 %)"));
  assert_non_null(strstr(said, "96 to 100 % is usual"));
}

static void compares_when_asked(void **state) {
  (void)state;
  ask("Did my pulse change?", some);
  assert_non_null(strstr(said, "about the same as what was usual"));
  ask("is a pulse of mine normal", some);
  assert_non_null(strstr(said, "51 to 90 bpm is usual"));
}

static void says_when_there_is_nothing(void **state) {
  (void)state;
  ask("What is my blood pressure?", some);
  assert_non_null(strstr(said, "no reading of your systolic pressure"));
  assert_non_null(strstr(said, "no reading of your diastolic pressure"));
  ask("show my readings", nothing);
  assert_non_null(strstr(said, "There are no readings of yours yet"));
}

static void lists_all_of_them(void **state) {
  (void)state;
  ask("How am I? Show my readings", some);
  assert_non_null(strstr(said, "- heart rate: 72 bpm (normal)"));
  assert_non_null(strstr(said, "- oxygen saturation: 93 % (warning)"));
  assert_null(strstr(said, "respiration: "));
}

static void explains_the_bands(void **state) {
  (void)state;
  ask("What does critical mean?", nothing);
  assert_non_null(strstr(said, "critical is far outside of it"));
}

static void gives_no_advice_in_an_emergency_but_where_help_is(void **state) {
  (void)state;
  ask("I have chest pain, what is my heart rate", some);
  assert_non_null(strstr(said, "call your local emergency number at once"));
  assert_null(strstr(said, "72"));
}

static void words_stand_alone(void **state) {
  (void)state;
  ask("I think this is a hitherto unknown abbreviation", nothing);
  assert_non_null(strstr(said, "I have no rule for this question"));
  ask("", nothing);
  assert_non_null(strstr(said, "I have no rule for this question"));
  ask("hi", nothing);
  assert_non_null(strstr(said, "Hello."));
  ask("who are you?", nothing);
  assert_non_null(strstr(said, "not a language model"));
}

static void is_said_word_by_word(void **state) {
  peal_slice text = PEAL_S("one  two\n\nthree");
  static const size_t lens[] = {5, 5, 5, 0};
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(responder_word(text), lens[i]);
    text = (peal_slice){text.ptr + lens[i], text.len - lens[i]};
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_the_last_reading),
      cmocka_unit_test(says_what_is_outside_and_where_the_range_is),
      cmocka_unit_test(compares_when_asked),
      cmocka_unit_test(says_when_there_is_nothing),
      cmocka_unit_test(lists_all_of_them),
      cmocka_unit_test(explains_the_bands),
      cmocka_unit_test(gives_no_advice_in_an_emergency_but_where_help_is),
      cmocka_unit_test(words_stand_alone),
      cmocka_unit_test(is_said_word_by_word),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
