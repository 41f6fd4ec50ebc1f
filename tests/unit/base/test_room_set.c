/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/room_set.h"
#include "torture.h"

#define ROOMS 600u

static peal_room *rooms[ROOMS];

/* Half of them collide in the index. */
static int make_rooms(void **state) {
  (void)state;
  for (uint32_t i = 0; i < ROOMS; i++) {
    rooms[i] = calloc(1, sizeof(peal_room) + 1);
    if (!rooms[i])
      return -1;
    rooms[i]->hash = i & 1 ? i * 2654435761u : 7 + i % 3;
  }
  return 0;
}

static int free_rooms(void **state) {
  (void)state;
  for (uint32_t i = 0; i < ROOMS; i++)
    free(rooms[i]);
  return 0;
}

static void an_empty_set_owns_nothing_and_has_nobody(void **state) {
  (void)state;
  peal_room_set *set = NULL;
  assert_int_equal(peal_room_set_find(set, rooms[0]), PEAL_ROOM_SET_NONE);
  assert_int_equal(peal_room_set_add(&set, rooms[0], 3, peal_mem_libc()),
                   PEAL_OK);
  assert_int_equal(peal_room_set_find(set, rooms[0]), 0);
  assert_int_equal(set->items[0].pos, 3);
  peal_room_set_remove(&set, 0, peal_mem_libc());
  assert_null(set);
}

/* The model: which rooms are in, by a flag. */
static bool is_in[ROOMS];

static void check(const peal_room_set *set) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < ROOMS; i++) {
    uint32_t at = peal_room_set_find(set, rooms[i]);
    assert_int_equal(at != PEAL_ROOM_SET_NONE, is_in[i]);
    if (!is_in[i])
      continue;
    count++;
    assert_ptr_equal(set->items[at].room, rooms[i]);
    assert_int_equal(set->items[at].pos, i);
  }
  assert_int_equal(set ? set->count : 0, count);
}

static void behaves_as_a_set_whatever_comes_and_goes(void **state) {
  (void)state;
  peal_room_set *set = NULL;
  uint32_t dice = 1;
  memset(is_in, 0, sizeof is_in);
  for (int step = 0; step < 20000; step++) {
    dice = dice * 1664525u + 1013904223u;
    uint32_t i = (dice >> 8) % ROOMS;
    /* It grows, then shrinks, again and again. */
    bool add = (dice >> 20) % 8 < (step / 2000 % 2 ? 2u : 6u);
    if (add && !is_in[i])
      assert_int_equal(peal_room_set_add(&set, rooms[i], i, peal_mem_libc()),
                       PEAL_OK);
    else if (!add && is_in[i])
      peal_room_set_remove(&set, peal_room_set_find(set, rooms[i]),
                           peal_mem_libc());
    else
      continue;
    is_in[i] = add;
    if (step % 50 == 0)
      check(set);
  }
  check(set);
  while (set) {
    uint32_t at = (dice >> 8) % set->count;
    is_in[set->items[at].pos] = false;
    peal_room_set_remove(&set, at, peal_mem_libc());
  }
  check(set);
}

/* Removing cannot fail, though it may make a smaller block. */
static peal_err fill_and_empty(const peal_mem *mem, void *user) {
  peal_room_set *set = NULL;
  peal_err err = PEAL_OK;
  (void)user;
  for (uint32_t i = 0; i < 40 && !err; i++)
    err = peal_room_set_add(&set, rooms[i], i, mem);
  while (set)
    peal_room_set_remove(&set, set->count / 2, mem);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  size_t count = 0;
  assert_true(torture_run(fill_and_empty, NULL, true, &count));
  assert_true(count >= 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_set_owns_nothing_and_has_nobody),
      cmocka_unit_test(behaves_as_a_set_whatever_comes_and_goes),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, make_rooms, free_rooms);
}
