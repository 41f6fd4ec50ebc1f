/* SPDX-License-Identifier: MIT */
/* The log of recovery against a plain list of all that was added, and without
 * memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/recovery_log.h"
#include "torture.h"

#define ROOMS 4u
#define MANY 3000u

static const char *const names[ROOMS] = {"a", "bb", "ccc", "dddd"};
static const int scopes[2];

static unsigned dice = 1;

static unsigned roll(unsigned below) {
  dice = dice * 1103515245u + 12345u;
  return (dice >> 16) % below;
}

/* Bits of rooms, of exceptions; to everybody if `all`. */
typedef struct added {
  unsigned rooms, except, scope, also;
  bool all;
  uint64_t at_ms;
} added;

static added model[MANY + 1];

static size_t list_of(unsigned bits, peal_slice out[ROOMS]) {
  size_t count = 0;
  for (unsigned i = 0; i < ROOMS; i++)
    if (bits >> i & 1)
      out[count++] = peal_slice_of(names[i]);
  return count;
}

static void add(peal_recovery_log *log, uint64_t number, const added *it) {
  char text[64];
  peal_slice rooms[ROOMS], except[ROOMS];
  snprintf(text, sizeof text, "2[\"%llu\"]", (unsigned long long)number);
  peal_op op = {.kind = PEAL_OP_EMIT,
                .to.room_names = {rooms, list_of(it->rooms, rooms)},
                .to.except_names = {except, list_of(it->except, except)},
                .message = peal_message_new_crossing(peal_slice_of(text), NULL,
                                                     0, log->account)};
  assert_non_null(op.message);
  if (it->all)
    op.to.room_names.items = NULL;
  peal_recovery_log_add(log, &scopes[it->scope], &op, number,
                        it->also ? names[it->also - 1] : NULL, it->at_ms);
  peal_message_unref(op.message);
}

static bool is_missed(const added *it, uint64_t number, unsigned in,
                      unsigned scope, uint64_t after, uint64_t own_after) {
  bool own = (it->rooms & 1 && !it->all) || it->also == 1;
  bool other = it->all || (it->rooms & in & ~1u) ||
               (it->also > 1 && in >> (it->also - 1) & 1);
  return it->scope == scope && !(it->except & (in | 1)) &&
         ((other && number > after) || (own && number > own_after));
}

/* The id is names[0]; `in` has bits of the others. */
static void compare(const peal_recovery_log *log, uint64_t after,
                    uint64_t own_after, unsigned in, unsigned scope) {
  peal_slice rooms[ROOMS];
  peal_arena arena;
  peal_recovery_item *items = NULL;
  size_t count = 0, expected = 0;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_recovery_who who = {.scope = &scopes[scope],
                           .sid = peal_slice_of(names[0]),
                           .rooms = rooms,
                           .room_count = list_of(in & ~1u, rooms),
                           .after = after,
                           .own_after = own_after};
  qsort(rooms, who.room_count, sizeof *rooms, peal_recovery_log_compare);
  assert_int_equal(
      peal_recovery_log_missed(log, &who, SIZE_MAX, &arena, &items, &count),
      PEAL_OK);
  for (uint64_t n = log->first; n < log->next; n++) {
    if (!is_missed(&model[n], n, in, scope, after, own_after))
      continue;
    assert_true(expected < count);
    assert_int_equal(items[expected].number, n);
    assert_int_equal(items[expected].key, n);
    expected++;
  }
  assert_int_equal(count, expected);
  for (size_t i = 0; i < count; i++)
    peal_message_unref(items[i].message);
  peal_arena_deinit(&arena);
}

static void what_was_missed_is_what_a_plain_list_says(void **state) {
  (void)state;
  peal_account_server account;
  peal_recovery_log log;
  peal_account_server_init(&account, 0);
  for (unsigned run = 0; run < 6; run++) {
    size_t max = run % 2 ? 20000 : 1 << 20;
    peal_recovery_log_init(&log, peal_mem_libc(), &account, max, 500, run);
    for (uint64_t n = 1; n <= MANY; n++) {
      model[n] = (added){.rooms = roll(16),
                         .except = roll(4) ? 0 : roll(16),
                         .scope = roll(2),
                         .also = roll(3) ? 0 : 1 + roll(ROOMS),
                         .all = !roll(3),
                         .at_ms = n};
      add(&log, n, &model[n]);
      assert_int_equal(peal_recovery_log_head(&log), n);
      assert_true(log.bytes <= max + 1000);
      if (roll(8))
        continue;
      uint64_t own_after = roll((unsigned)n + 1);
      uint64_t after = own_after + roll((unsigned)(n - own_after) + 1);
      /* What went before its time is known to be missing. */
      assert_true(log.lost < log.first);
      assert_int_equal(peal_recovery_log_reaches(&log, own_after),
                       own_after >= log.lost);
      compare(&log, after, own_after, roll(16), roll(2));
    }
    assert_true(run % 2 ? log.lost > 0 : !log.lost);
    assert_false(peal_recovery_log_reaches(&log, MANY + 1));
    while (peal_recovery_log_sweep(&log, MANY + 500, 7))
      continue;
    assert_int_equal(log.first, log.next);
    peal_recovery_log_deinit(&log);
    assert_int_equal(atomic_load(&account.granted), 0);
  }
}

static void an_event_finds_its_socket_late(void **state) {
  (void)state;
  peal_account_server account;
  peal_recovery_log log;
  peal_account_server_init(&account, 0);
  peal_recovery_log_init(&log, peal_mem_libc(), &account, 1 << 20, 500, 1);
  memset(model, 0, sizeof model);
  for (uint64_t n = 1; n <= 6; n++) {
    if (n % 2)
      model[n].rooms = 1;
    add(&log, n, &model[n]);
  }
  for (uint64_t n = 6; n; n -= 2) {
    peal_recovery_log_address(&log, n, peal_slice_of(names[0]));
    peal_recovery_log_address(&log, n, peal_slice_of(names[1]));
    model[n].rooms = 1; /* the first who was named */
    for (uint64_t after = 0; after < 7; after++) {
      compare(&log, after, after, 1, 0);
      compare(&log, after, after, 3, 0);
    }
  }
  peal_recovery_log_address(&log, 7, peal_slice_of(names[0]));
  peal_recovery_log_address(&log, 0, peal_slice_of(names[0]));
  assert_false(peal_recovery_log_sweep(&log, 10000, 100));
  peal_recovery_log_deinit(&log);
  assert_int_equal(atomic_load(&account.granted), 0);
}

/* An event that finds no memory takes with it what was before: nobody comes back
 * to less than all. */
static peal_err log_step(const peal_mem *mem, void *user) {
  peal_account_server account;
  peal_recovery_log log;
  bool whole = true;
  (void)user;
  peal_account_server_init(&account, 0);
  peal_recovery_log_init(&log, mem, &account, 1 << 20, 500, 1);
  memset(model, 0, sizeof model);
  for (uint64_t n = 1; n <= 100; n++) {
    model[n] = (added){.rooms = 1 + (unsigned)n % 15, .all = n % 5 == 0};
    add(&log, n, &model[n]);
    whole = whole && !log.lost;
    assert_int_equal(peal_recovery_log_head(&log), n);
    assert_true(log.lost < log.first);
  }
  peal_arena arena;
  peal_slice rooms[ROOMS];
  peal_recovery_item *items = NULL;
  size_t count = 0;
  peal_arena_init(&arena, mem, 64, 0);
  peal_recovery_who who = {.scope = &scopes[0],
                           .sid = peal_slice_of(names[0]),
                           .rooms = rooms,
                           .room_count = list_of(14, rooms),
                           .after = log.lost,
                           .own_after = log.lost};
  peal_err err =
      peal_recovery_log_missed(&log, &who, SIZE_MAX, &arena, &items, &count);
  if (!err)
    assert_int_equal(count, 100 - log.lost);
  for (size_t i = 0; i < count; i++)
    peal_message_unref(items[i].message);
  peal_arena_deinit(&arena);
  peal_recovery_log_deinit(&log);
  assert_int_equal(atomic_load(&account.granted), 0);
  return err ? err : whole ? PEAL_OK : PEAL_ERR_NOMEM;
}

static void without_memory_nobody_comes_back_to_less_than_all(void **state) {
  (void)state;
  assert_true(torture_run(log_step, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_missed_is_what_a_plain_list_says),
      cmocka_unit_test(an_event_finds_its_socket_late),
      cmocka_unit_test(without_memory_nobody_comes_back_to_less_than_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
