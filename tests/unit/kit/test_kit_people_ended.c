/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kit/kit_people_ended.h"

static void id_of(char id[PEAL_KIT_SIGN_IN_BYTES], unsigned i) {
  snprintf(id, PEAL_KIT_SIGN_IN_BYTES, "%08x%024x", i * 2654435761u, i);
}

static bool has(peal_kit_people_ended *all, unsigned i) {
  char id[PEAL_KIT_SIGN_IN_BYTES];
  id_of(id, i);
  return peal_kit_people_ended_has(all, id, 1000);
}

static bool add(peal_kit_people_ended *all, unsigned i, int64_t until_ms,
                int64_t now_ms) {
  char id[PEAL_KIT_SIGN_IN_BYTES];
  id_of(id, i);
  return peal_kit_people_ended_add(all, id, until_ms, now_ms);
}

static void part_all(peal_kit_people_ended *all) {
  char id[PEAL_KIT_SIGN_IN_BYTES];
  while (peal_kit_people_ended_next(all, id))
    peal_kit_people_ended_part(all, id);
}

static void knows_what_has_ended(void **state) {
  peal_kit_people_ended all;
  (void)state;
  peal_kit_people_ended_init(&all);
  assert_false(has(&all, 1));
  for (unsigned i = 0; i < 1000; i++) {
    assert_true(add(&all, i, 5000 + i, 0));
    assert_false(add(&all, i, 9999, 0));
  }
  for (unsigned i = 0; i < 2000; i++)
    assert_int_equal(has(&all, i), i < 1000);
  peal_kit_people_ended_deinit(&all);
}

static void forgets_what_nobody_can_show_any_more(void **state) {
  peal_kit_people_ended all;
  (void)state;
  peal_kit_people_ended_init(&all);
  for (unsigned i = 0; i < 100; i++)
    (void)add(&all, i, i, 0);
  peal_kit_people_ended_drop(&all, 50);
  assert_int_equal(all.count, 100); // their sockets have to go first
  part_all(&all);
  assert_int_equal(all.unparted, 0);
  peal_kit_people_ended_drop(&all, 50);
  for (unsigned i = 0; i < 100; i++)
    assert_int_equal(has(&all, i), i > 50);
  peal_kit_people_ended_drop(&all, 1000);
  assert_int_equal(all.count, 0);
  assert_true(add(&all, 7, 2000, 1000));
  assert_true(has(&all, 7));
  peal_kit_people_ended_deinit(&all);
}

static void each_is_parted_once(void **state) {
  peal_kit_people_ended all;
  char id[PEAL_KIT_SIGN_IN_BYTES];
  (void)state;
  peal_kit_people_ended_init(&all);
  assert_false(peal_kit_people_ended_next(&all, id));
  (void)add(&all, 1, 100, 0);
  (void)add(&all, 2, 100, 0);
  for (int i = 0; i < 2; i++) {
    assert_true(peal_kit_people_ended_next(&all, id));
    peal_kit_people_ended_part(&all, id);
    peal_kit_people_ended_part(&all, id);
  }
  assert_false(peal_kit_people_ended_next(&all, id));
  id_of(id, 3);
  peal_kit_people_ended_part(&all, id); // of nobody
  peal_kit_people_ended_deinit(&all);
}

/* Rather than to forget one it refuses all that was given out so far. */
static void a_full_table_lets_nobody_in(void **state) {
  peal_kit_people_ended all;
  char id[PEAL_KIT_SIGN_IN_BYTES];
  (void)state;
  peal_kit_people_ended_init(&all);
  all.max = 64;
  for (unsigned i = 0; i < 200; i++)
    (void)add(&all, i, 900000, 5000);
  id_of(id, 199);
  assert_true(peal_kit_people_ended_has(&all, id, 5));
  id_of(id, 5000);
  assert_true(peal_kit_people_ended_has(&all, id, 5));
  assert_false(peal_kit_people_ended_has(&all, id, 6));
  peal_kit_people_ended_deinit(&all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knows_what_has_ended),
      cmocka_unit_test(forgets_what_nobody_can_show_any_more),
      cmocka_unit_test(each_is_parted_once),
      cmocka_unit_test(a_full_table_lets_nobody_in),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
