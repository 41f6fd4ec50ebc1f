/* SPDX-License-Identifier: MIT */
/* The published chart of NEWS2, row by row, and what follows from the sum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "news2.h"

static const news2_vitals well = {.respiration = 16,
                                  .spo2 = 98,
                                  .systolic = 120,
                                  .heart_rate = 70,
                                  .temperature = 37,
                                  .mind = NEWS2_ALERT};

/* Rows of the chart: from, to (both included), points. */
typedef struct chart_row {
  double from, to;
  int points;
} chart_row;

static int score_with(size_t offset, double value, news2_sign sign) {
  news2_vitals vitals = well;
  news2_result result;
  *(double *)((char *)&vitals + offset) = value;
  news2_score(&result, &vitals);
  assert_int_equal(result.score, result.points[sign]);
  return result.score;
}

static void check(size_t offset, news2_sign sign, double step,
                  const chart_row *rows, size_t count) {
  for (size_t i = 0; i < count; i++)
    for (double value = rows[i].from; value <= rows[i].to + step / 2;
         value += step)
      assert_int_equal(score_with(offset, value, sign), rows[i].points);
}

#define CHECK(member, sign, step, ...)                                         \
  do {                                                                         \
    static const chart_row rows[] = {__VA_ARGS__};                             \
    check(offsetof(news2_vitals, member), sign, step, rows,                    \
          sizeof rows / sizeof *rows);                                         \
  } while (0)

static void every_row_of_the_chart_has_its_points(void **state) {
  (void)state;
  CHECK(respiration, NEWS2_RESPIRATION, 1, {0, 8, 3}, {9, 11, 1}, {12, 20, 0},
        {21, 24, 2}, {25, 60, 3});
  CHECK(spo2, NEWS2_SPO2, 1, {0, 91, 3}, {92, 93, 2}, {94, 95, 1},
        {96, 100, 0});
  CHECK(systolic, NEWS2_SYSTOLIC, 1, {0, 90, 3}, {91, 100, 2}, {101, 110, 1},
        {111, 219, 0}, {220, 300, 3});
  CHECK(heart_rate, NEWS2_PULSE, 1, {0, 40, 3}, {41, 50, 1}, {51, 90, 0},
        {91, 110, 1}, {111, 130, 2}, {131, 300, 3});
  CHECK(temperature, NEWS2_TEMPERATURE, 0.1, {30.0, 35.0, 3}, {35.1, 36.0, 1},
        {36.1, 38.0, 0}, {38.1, 39.0, 1}, {39.1, 42.0, 2});
}

static void oxygen_and_consciousness_count(void **state) {
  (void)state;
  news2_vitals vitals = well;
  news2_result result;
  vitals.on_oxygen = true;
  news2_score(&result, &vitals);
  assert_int_equal(result.score, 2);
  for (int i = NEWS2_CONFUSED; i < NEWS2_MINDS; i++) {
    vitals = well;
    vitals.mind = (news2_mind)i;
    news2_score(&result, &vitals);
    assert_int_equal(result.score, 3);
    // one parameter of three: medium; who does not wake is critical
    assert_int_equal(result.level,
                     i == NEWS2_UNRESPONSIVE ? NEWS2_CRITICAL : NEWS2_MEDIUM);
  }
}

static news2_level level_of(double respiration, double spo2, double systolic,
                            double heart_rate, double temperature, int score) {
  const news2_vitals vitals = {.respiration = respiration,
                               .spo2 = spo2,
                               .systolic = systolic,
                               .heart_rate = heart_rate,
                               .temperature = temperature,
                               .mind = NEWS2_ALERT};
  news2_result result;
  news2_score(&result, &vitals);
  assert_int_equal(result.score, score);
  return result.level;
}

static void the_sum_says_the_level(void **state) {
  (void)state;
  assert_int_equal(level_of(16, 98, 120, 70, 37, 0), NEWS2_LOW);
  assert_int_equal(level_of(22, 95, 120, 95, 37, 4), NEWS2_LOW);
  assert_int_equal(level_of(22, 95, 105, 95, 37, 5), NEWS2_MEDIUM);
  assert_int_equal(level_of(22, 95, 105, 95, 38.5, 6), NEWS2_MEDIUM);
  assert_int_equal(level_of(22, 93, 105, 95, 38.5, 7), NEWS2_HIGH);
  assert_int_equal(level_of(22, 93, 105, 115, 38.5, 8), NEWS2_HIGH);
  assert_int_equal(level_of(25, 93, 105, 115, 38.5, 9), NEWS2_CRITICAL);
}

static void words_and_letters_are_known(void **state) {
  (void)state;
  assert_int_equal(news2_mind_of(PEAL_S("alert")), NEWS2_ALERT);
  assert_int_equal(news2_mind_of(PEAL_S("A")), NEWS2_ALERT);
  assert_int_equal(news2_mind_of(PEAL_S("c")), NEWS2_CONFUSED);
  assert_int_equal(news2_mind_of(PEAL_S("Voice")), NEWS2_VOICE);
  assert_int_equal(news2_mind_of(PEAL_S("P")), NEWS2_PAIN);
  assert_int_equal(news2_mind_of(PEAL_S("UNRESPONSIVE")), NEWS2_UNRESPONSIVE);
  assert_int_equal(news2_mind_of(PEAL_S("")), NEWS2_MINDS);
  assert_int_equal(news2_mind_of(PEAL_S("asleep")), NEWS2_MINDS);
  char text[96];
  news2_reason(text, sizeof text, &well, NEWS2_RESPIRATION, 3);
  assert_string_equal(text, "respiration 16 per minute (3 points)");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_of_the_chart_has_its_points),
      cmocka_unit_test(oxygen_and_consciousness_count),
      cmocka_unit_test(the_sum_says_the_level),
      cmocka_unit_test(words_and_letters_are_known)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
