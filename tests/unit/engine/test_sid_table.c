/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/sid.h"
#include "engine/sid_table.h"
#include "torture.h"

#define COUNT 3000u

typedef char id[PEAL_SID_LEN + 1];

static void make(id *out, unsigned number) {
  snprintf(*out, sizeof *out, "AA%018u", number * 2654435761u);
}

static peal_slice slice_of(id *one) {
  return (peal_slice){*one, PEAL_SID_LEN};
}

static void ids_are_found_until_they_are_removed(void **state) {
  peal_sid_table table;
  id *ids = calloc(COUNT, sizeof *ids);
  bool *in = calloc(COUNT, sizeof *in);
  unsigned dice = 7, count = 0;
  (void)state;
  assert_true(ids && in);
  peal_sid_table_init(&table, peal_mem_or_libc(NULL));
  for (unsigned i = 0; i < COUNT; i++)
    make(&ids[i], i);
  for (unsigned step = 0; step < 40000; step++) {
    dice = dice * 1664525u + 1013904223u;
    unsigned i = (dice >> 8) % COUNT;
    assert_ptr_equal(peal_sid_table_get(&table, slice_of(&ids[i])),
                     in[i] ? ids[i] : NULL);
    if (in[i])
      peal_sid_table_remove(&table, ids[i]);
    else
      assert_int_equal(peal_sid_table_add(&table, ids[i]), PEAL_OK);
    count += in[i] ? -1u : 1;
    in[i] = !in[i];
    assert_int_equal(table.count, count);
  }
  uint32_t cursor = 0;
  while (peal_sid_table_next(&table, &cursor))
    count--;
  assert_int_equal(count, 0);
  for (unsigned i = 0; i < COUNT; i++)
    if (in[i])
      peal_sid_table_remove(&table, ids[i]);
  assert_true(table.cap <= 16); /* given back */
  peal_sid_table_deinit(&table);
  free(ids);
  free(in);
}

static void what_is_no_id_is_not_found(void **state) {
  peal_sid_table table;
  id one;
  (void)state;
  make(&one, 1);
  peal_sid_table_init(&table, peal_mem_or_libc(NULL));
  assert_null(peal_sid_table_get(&table, slice_of(&one)));
  assert_int_equal(peal_sid_table_add(&table, one), PEAL_OK);
  assert_null(peal_sid_table_get(&table, PEAL_S("")));
  assert_null(peal_sid_table_get(&table, (peal_slice){one, 19}));
  assert_ptr_equal(peal_sid_table_get(&table, slice_of(&one)), one);
  peal_sid_table_deinit(&table);
}

static peal_err fill(const peal_mem *mem, void *user) {
  peal_sid_table table;
  id *ids = user;
  peal_err err = PEAL_OK;
  peal_sid_table_init(&table, mem);
  unsigned count = 0;
  while (count < 100 && !err)
    if (!(err = peal_sid_table_add(&table, ids[count])))
      count++;
  for (unsigned i = 0; i < count; i++)
    assert_ptr_equal(peal_sid_table_get(&table, slice_of(&ids[i])), ids[i]);
  while (count)
    peal_sid_table_remove(&table, ids[--count]);
  peal_sid_table_deinit(&table);
  return err;
}

static void every_allocation_may_fail(void **state) {
  id ids[100];
  (void)state;
  for (unsigned i = 0; i < 100; i++)
    make(&ids[i], i);
  /* A smaller table is only an optimisation. */
  assert_true(torture_run(fill, ids, true, NULL));
}

static void an_id_names_its_worker(void **state) {
  id one;
  (void)state;
  for (unsigned workers = 1; workers <= 256; workers += 51)
    for (unsigned worker = 0; worker < workers; worker++) {
      assert_int_equal(peal_sid_make(one, worker, workers), PEAL_OK);
      assert_int_equal(strlen(one), PEAL_SID_LEN);
      if (workers > 1)
        assert_int_equal(peal_sid_worker(slice_of(&one), workers), worker);
    }
  assert_int_equal(peal_sid_worker(PEAL_S("A"), 4), -1);
  assert_int_equal(peal_sid_worker(PEAL_S("A*xx"), 4), -1);
  assert_int_equal(peal_sid_worker(PEAL_S("AE"), 4), -1);
  assert_int_equal(peal_sid_worker(PEAL_S("AD"), 4), 3);
  assert_int_equal(peal_sid_worker((peal_slice){"\0A", 2}, 4), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ids_are_found_until_they_are_removed),
      cmocka_unit_test(what_is_no_id_is_not_found),
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(an_id_names_its_worker),
  };
  return cmocka_run_group_tests_name("sid_table", tests, NULL, NULL);
}
