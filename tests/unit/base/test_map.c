/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "torture.h"

#define KEYS 2000

static char keys[KEYS][12];

static peal_slice key_of(size_t i) {
  return peal_slice_of(keys[i]);
}

static int make_keys(void **state) {
  (void)state;
  for (size_t i = 0; i < KEYS; i++)
    (void)snprintf(keys[i], sizeof keys[i], "room-%zu", i);
  return 0;
}

static void what_was_added_is_found_until_removed(void **state) {
  (void)state;
  peal_map map;
  peal_map_init(&map, NULL, 12345);
  for (size_t i = 0; i < KEYS; i++)
    assert_int_equal(peal_map_add(&map, key_of(i), keys[i]), PEAL_OK);
  assert_int_equal(map.count, KEYS);
  assert_int_equal(peal_map_add(&map, key_of(5), keys[6]), PEAL_ERR_EXISTS);
  for (size_t i = 0; i < KEYS; i += 2)
    assert_ptr_equal(peal_map_remove(&map, key_of(i)), keys[i]);
  for (size_t i = 0; i < KEYS; i++)
    assert_ptr_equal(peal_map_get(&map, key_of(i)), i % 2 ? keys[i] : NULL);
  assert_null(peal_map_remove(&map, key_of(0)));
  peal_map_deinit(&map);
}

static void an_empty_map_owns_no_memory(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_map map;
  peal_map_init(&map, &t.mem, 1);
  assert_null(peal_map_get(&map, PEAL_S("x")));
  assert_null(peal_map_remove(&map, PEAL_S("x")));
  assert_int_equal(t.calls, 0);
  assert_int_equal(peal_map_add(&map, PEAL_S(""), keys[0]), PEAL_OK);
  assert_ptr_equal(peal_map_get(&map, (peal_slice){NULL, 0}), keys[0]);
  assert_ptr_equal(peal_map_remove(&map, PEAL_S("")), keys[0]);
  assert_int_equal(t.live, 0);
  peal_map_deinit(&map);
}

/* Joining and leaving for ever must not grow the table nor fill it with
 * deleted slots. */
static void deleted_slots_do_not_accumulate(void **state) {
  (void)state;
  peal_map map;
  peal_map_init(&map, NULL, 99);
  assert_int_equal(peal_map_add(&map, PEAL_S("stays"), keys[0]), PEAL_OK);
  for (size_t i = 0; i < 50 * KEYS; i++) {
    assert_int_equal(peal_map_add(&map, key_of(i % KEYS), keys[1]), PEAL_OK);
    assert_ptr_equal(peal_map_remove(&map, key_of(i % KEYS)), keys[1]);
  }
  assert_true(map.cap <= 8);
  assert_ptr_equal(peal_map_get(&map, PEAL_S("stays")), keys[0]);
  peal_map_deinit(&map);
}

static void the_key_may_go_with_the_value(void **state) {
  (void)state;
  peal_map map;
  peal_map_init(&map, NULL, 3);
  for (size_t i = 0; i < 100; i++) {
    char *key = strdup(keys[i]);
    assert_non_null(key);
    assert_int_equal(peal_map_add(&map, peal_slice_of(key), key), PEAL_OK);
  }
  for (size_t i = 0; i < 100; i++)
    free(peal_map_remove(&map, key_of(i)));
  assert_int_equal(map.cap, 0);
}

static void a_walk_sees_each_entry_and_may_remove_it(void **state) {
  (void)state;
  peal_map map;
  peal_map_init(&map, NULL, 4);
  for (size_t i = 0; i < 500; i++)
    assert_int_equal(peal_map_add(&map, key_of(i), keys[i]), PEAL_OK);
  uint32_t cursor = 0;
  size_t seen = 0;
  for (char *key; (key = peal_map_next(&map, &cursor)) != NULL; seen++)
    assert_ptr_equal(peal_map_remove(&map, peal_slice_of(key)), key);
  assert_int_equal(seen, 500);
  assert_int_equal(map.count, 0);
}

static void another_seed_is_another_hash_and_bits_are_spread(void **state) {
  (void)state;
  size_t same = 0, low[64] = {0};
  for (size_t i = 0; i < KEYS; i++) {
    uint32_t hash = peal_map_hash(key_of(i), 1);
    same += (hash & 0xff) == (peal_map_hash(key_of(i), 2) & 0xff);
    low[hash & 63]++;
  }
  assert_true(same < KEYS / 64);
  for (size_t i = 0; i < 64; i++)
    assert_in_range(low[i], 1, 4 * KEYS / 64);
}

static void each_byte_and_the_length_count(void **state) {
  (void)state;
  char text[40];
  memset(text, 'a', sizeof text);
  for (size_t len = 0; len < sizeof text; len++) {
    uint32_t hash = peal_map_hash((peal_slice){text, len}, 7);
    if (len > 0)
      assert_int_not_equal(hash, peal_map_hash((peal_slice){text, len - 1}, 7));
    for (size_t i = 0; i < len; i++) {
      text[i] = 'b';
      assert_int_not_equal(hash, peal_map_hash((peal_slice){text, len}, 7));
      text[i] = 'a';
    }
  }
}

static peal_err map_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_map map;
  peal_map_init(&map, mem, 5);
  peal_err err = PEAL_OK;
  size_t added = 0;
  while (added < 100 && err == PEAL_OK) {
    err = peal_map_add(&map, key_of(added), keys[added]);
    added += err == PEAL_OK;
  }
  /* A failed add changes nothing. */
  for (size_t i = 0; i < added; i++)
    assert_ptr_equal(peal_map_get(&map, key_of(i)), keys[i]);
  assert_int_equal(map.count, added);
  peal_map_deinit(&map);
  return err;
}

static void a_failing_allocation_leaves_the_map_as_it_was(void **state) {
  (void)state;
  assert_true(torture_run(map_step, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_added_is_found_until_removed),
      cmocka_unit_test(an_empty_map_owns_no_memory),
      cmocka_unit_test(deleted_slots_do_not_accumulate),
      cmocka_unit_test(the_key_may_go_with_the_value),
      cmocka_unit_test(a_walk_sees_each_entry_and_may_remove_it),
      cmocka_unit_test(another_seed_is_another_hash_and_bits_are_spread),
      cmocka_unit_test(each_byte_and_the_length_count),
      cmocka_unit_test(a_failing_allocation_leaves_the_map_as_it_was),
  };
  return cmocka_run_group_tests(tests, make_keys, NULL);
}
