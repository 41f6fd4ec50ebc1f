/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/room.h"
#include "torture.h"

#define MEMBERS 40u
#define NAMES 12u

static peal_slice name_of(unsigned i) {
  static const char names[NAMES][4] = {"a", "b", "c", "d", "e", "f",
                                       "g", "h", "i", "j", "k", ""};
  return peal_slice_of(names[i]);
}

typedef struct house {
  peal_map rooms;
  peal_room_set *members[MEMBERS];
  bool is_in[MEMBERS][NAMES];
  size_t cost; /* of all stays */
} house;

static void check(const house *it) {
  for (unsigned n = 0; n < NAMES; n++) {
    const peal_room *room = peal_map_get(&it->rooms, name_of(n));
    uint32_t count = 0;
    for (unsigned m = 0; m < MEMBERS; m++) {
      uint32_t at =
          room ? peal_room_set_find(it->members[m], room) : PEAL_ROOM_SET_NONE;
      assert_int_equal(at != PEAL_ROOM_SET_NONE, it->is_in[m][n]);
      count += it->is_in[m][n];
      if (at == PEAL_ROOM_SET_NONE)
        continue;
      uint32_t pos = it->members[m]->items[at].pos;
      assert_ptr_equal(room->seats[pos].who, &it->members[m]);
      assert_int_equal(room->seats[pos].at, at);
    }
    assert_int_equal(room ? room->count : 0, count); /* no empty room is kept */
  }
}

static peal_err toggle(house *it, unsigned m, unsigned n, const peal_mem *mem) {
  peal_room *room = peal_map_get(&it->rooms, name_of(n));
  if (it->is_in[m][n]) {
    uint32_t at = peal_room_set_find(it->members[m], room);
    it->cost -= peal_room_exit(&it->rooms, &it->members[m], at, mem);
    it->is_in[m][n] = false;
    return PEAL_OK;
  }
  peal_err err =
      peal_room_enter(&it->rooms, room, name_of(n), &it->members[m], mem);
  if (err)
    return err;
  it->is_in[m][n] = true;
  it->cost += peal_room_cost(name_of(n).len);
  return PEAL_OK;
}

static void leave_all(house *it, unsigned m, const peal_mem *mem) {
  it->cost -= peal_room_exit_all(&it->rooms, &it->members[m], mem);
  memset(it->is_in[m], 0, sizeof it->is_in[m]);
}

static void who_is_where_is_known_on_both_sides(void **state) {
  static house it;
  const peal_mem *mem = peal_mem_libc();
  (void)state;
  memset(&it, 0, sizeof it);
  peal_map_init(&it.rooms, mem, 7);
  srand(3);
  for (int step = 0; step < 4000; step++) {
    unsigned m = (unsigned)rand() % MEMBERS;
    if (rand() % 20)
      assert_int_equal(toggle(&it, m, (unsigned)rand() % NAMES, mem), PEAL_OK);
    else
      leave_all(&it, m, mem);
    if (step % 50 == 0)
      check(&it);
  }
  for (unsigned m = 0; m < MEMBERS; m++)
    leave_all(&it, m, mem);
  check(&it);
  assert_int_equal(it.cost, 0);
  assert_int_equal(it.rooms.count, 0);
  peal_map_deinit(&it.rooms);
}

static peal_err fill(const peal_mem *mem, void *user) {
  static house it;
  peal_err err = PEAL_OK;
  (void)user;
  memset(&it, 0, sizeof it);
  peal_map_init(&it.rooms, mem, 7);
  for (unsigned m = 0; m < 6 && !err; m++)
    for (unsigned n = 0; n < NAMES && !err; n++)
      err = toggle(&it, m, n, mem);
  check(&it); /* whoever could not enter is in no part of it */
  for (unsigned m = 0; m < MEMBERS; m++)
    leave_all(&it, m, mem);
  peal_map_deinit(&it.rooms);
  return err;
}

static void memory_may_run_out(void **state) {
  (void)state;
  assert_true(torture_run(fill, NULL, true, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_is_where_is_known_on_both_sides),
      cmocka_unit_test(memory_may_run_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
