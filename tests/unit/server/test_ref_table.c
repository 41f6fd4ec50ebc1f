/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "server/ref_table.h"
#include "torture.h"

#define COUNT 500u

typedef struct entry {
  uint32_t place;
  uint64_t generation;
  bool in;
} entry;

static void add(peal_ref_table *table, entry *it) {
  assert_int_equal(peal_ref_table_add(table, it, &it->place), PEAL_OK);
  it->generation = peal_ref_table_generation(table, it->place);
  it->in = true;
}

static void a_number_that_has_gone_meets_nobody(void **state) {
  peal_ref_table table;
  entry all[COUNT] = {0};
  uint32_t dice = 7;
  (void)state;
  peal_ref_table_init(&table, peal_mem_or_libc(NULL), NULL);
  for (unsigned step = 0; step < 20000; step++) {
    dice = dice * 1664525u + 1013904223u;
    entry *it = &all[(dice >> 8) % COUNT];
    entry before = *it;
    if (it->in) {
      assert_ptr_equal(peal_ref_table_get(&table, it->place, it->generation),
                       it);
      peal_ref_table_remove(&table, it->place);
      it->in = false;
    } else {
      add(&table, it);
    }
    if (before.generation)
      assert_null(peal_ref_table_get(&table, before.place, before.generation));
  }
  for (unsigned i = 0; i < COUNT; i++)
    if (all[i].in)
      peal_ref_table_remove(&table, all[i].place);
  assert_int_equal(table.count, 0);
  assert_null(table.places); /* what a storm has left is given back */
  peal_ref_table_deinit(&table);
}

/* The numbers go on behind the end of the table. */
static void an_emptied_table_begins_no_number_anew(void **state) {
  peal_ref_table table;
  entry first = {0}, second = {0};
  (void)state;
  peal_ref_table_init(&table, peal_mem_or_libc(NULL), NULL);
  add(&table, &first);
  peal_ref_table_remove(&table, first.place);
  assert_null(peal_ref_table_get(&table, first.place, first.generation));
  add(&table, &second);
  assert_int_equal(first.place, second.place);
  assert_null(peal_ref_table_get(&table, first.place, first.generation));
  assert_null(peal_ref_table_get(&table, 1000000, second.generation));
  peal_ref_table_remove(&table, second.place);
  peal_ref_table_deinit(&table);
}

/* The number of a free place is the next free one: nobody stands there. */
static void a_free_place_is_nobody_under_any_number(void **state) {
  peal_ref_table table;
  entry one = {0};
  (void)state;
  peal_ref_table_init(&table, peal_mem_or_libc(NULL), NULL);
  add(&table, &one);
  for (uint32_t place = 1; place < 8; place++)
    for (uint64_t generation = 0; generation < 16; generation++)
      assert_null(peal_ref_table_get(&table, place, generation));
  peal_ref_table_remove(&table, one.place);
  peal_ref_table_deinit(&table);
}

static void the_table_is_charged_and_bounded(void **state) {
  peal_account_server server;
  peal_account_worker worker;
  peal_ref_table table;
  (void)state;
  peal_account_server_init(&server, PEAL_ACCOUNT_STEP_BYTES);
  peal_account_worker_init(&worker, &server);
  peal_ref_table_init(&table, peal_mem_or_libc(NULL), &worker);
  uint32_t place, count = 0;
  while (!peal_ref_table_add(&table, &table, &place))
    count++;
  assert_true(count > 1000);
  assert_int_equal(worker.used, count * sizeof(peal_ref_place));
  while (count)
    peal_ref_table_remove(&table, --count);
  assert_int_equal(worker.used, 0);
  peal_ref_table_deinit(&table);
  peal_account_worker_deinit(&worker);
}

static peal_err fill(const peal_mem *mem, void *user) {
  peal_ref_table table;
  peal_err err = PEAL_OK;
  uint32_t place;
  peal_ref_table_init(&table, mem, NULL);
  for (unsigned i = 0; i < 40 && !err; i++)
    err = peal_ref_table_add(&table, user, &place);
  peal_ref_table_deinit(&table);
  return err;
}

static void every_allocation_may_fail(void **state) {
  size_t count;
  (void)state;
  assert_true(torture_run(fill, &count, false, &count));
  assert_int_equal(count, 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_number_that_has_gone_meets_nobody),
      cmocka_unit_test(an_emptied_table_begins_no_number_anew),
      cmocka_unit_test(a_free_place_is_nobody_under_any_number),
      cmocka_unit_test(the_table_is_charged_and_bounded),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
