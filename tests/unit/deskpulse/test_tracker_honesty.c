/* SPDX-License-Identifier: MIT */
/* What docs/deskpulse-tracker.md says of the tracker is what it does. `--print`
 * prints the table for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "confusion.h"

static confusion seen;
static char table[4096];

/* Pictures of a row that were judged so, as a share. */
static double share(int truth, int word) {
  int all = 0;
  for (int i = 0; i < SEEN_COUNT; i++)
    all += seen.count[truth][i];
  return (double)seen.count[truth][word] / all;
}

static void it_is_undecided_rather_than_wrong(void **state) {
  (void)state;
  assert_true(share(TRUE_GOOD, SEEN_BAD) < 0.01);
  assert_true(share(TRUE_BAD, SEEN_GOOD) < 0.01);
  assert_true(share(TRUE_ASIDE, SEEN_GOOD) < 0.02);
  assert_true(share(TRUE_CAMOUFLAGE, SEEN_BAD) < 0.1);
}

static void of_two_people_it_says_nothing(void **state) {
  (void)state;
  assert_int_equal(seen.count[TRUE_TWO][SEEN_GOOD], 0);
  assert_int_equal(seen.count[TRUE_TWO][SEEN_BAD], 0);
}

static void the_empty_room_is_nobody_and_somebody_never_is(void **state) {
  (void)state;
  assert_true(share(TRUE_NOBODY, SEEN_NOBODY) == 1);
  for (int truth = 0; truth < TRUE_CAMOUFLAGE; truth++)
    if (truth != TRUE_NOBODY)
      assert_int_equal(seen.count[truth][SEEN_NOBODY], 0);
}

static void it_is_of_use(void **state) {
  (void)state;
  assert_true(share(TRUE_GOOD, SEEN_GOOD) > 0.9);
  assert_true(share(TRUE_BAD, SEEN_BAD) > 0.8);
  assert_true(share(TRUE_ASIDE, SEEN_BAD) > 0.9);
}

/* The numbers of a row of the table, behind its name. */
static bool row_of(const char *text, const char *name, int numbers[5]) {
  char begin[80];
  snprintf(begin, sizeof begin, "| %s | ", name);
  const char *at = strstr(text, begin);
  return at != NULL &&
         sscanf(at + strlen(begin), "%d | %d | %d | %d | %d |", &numbers[0],
                &numbers[1], &numbers[2], &numbers[3], &numbers[4]) == 5;
}

/* Another compiler, or another turbojpeg, may round a picture to the other side
 * of a limit: 2 of 100 are allowed for. */
static void the_table_of_the_docs_is_this_one(void **state) {
  static char docs[65536];
  (void)state;
  FILE *file = fopen(PEAL_TEST_DIR "/../docs/deskpulse-tracker.md", "r");
  assert_non_null(file);
  docs[fread(docs, 1, sizeof docs - 1, file)] = '\0';
  fclose(file);
  for (int truth = 0; truth < TRUE_COUNT; truth++) {
    int here[5], there[5];
    assert_true(row_of(table, confusion_names[truth], here));
    assert_true(row_of(docs, confusion_names[truth], there));
    assert_int_equal(here[0], there[0]);
    for (int i = 1; i < 5; i++)
      assert_true(abs(here[i] - there[i]) <= 1 + here[0] / 50);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_undecided_rather_than_wrong),
      cmocka_unit_test(of_two_people_it_says_nothing),
      cmocka_unit_test(the_empty_room_is_nobody_and_somebody_never_is),
      cmocka_unit_test(it_is_of_use),
      cmocka_unit_test(the_table_of_the_docs_is_this_one),
  };
  // a part of it, and no table, where the compiler does not optimise
#ifdef NDEBUG
  const bool whole = true;
#else
  const bool whole = argc > 1;
#endif
  confusion_run(&seen, whole);
  confusion_print(&seen, table, sizeof table);
  if (argc > 1 && strcmp(argv[1], "--print") == 0)
    return fputs(table, stdout) < 0;
  return _cmocka_run_group_tests("honesty", tests, whole ? 5 : 3, NULL, NULL);
}
