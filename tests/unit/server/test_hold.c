/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/hold.h"
#include "torture.h"

static peal_err add(peal_hold *hold, peal_account *account, const char *text,
                    uint64_t key, size_t max, const peal_mem *mem) {
  peal_eio_item item = {.message =
                            peal_message_new(peal_slice_of(text), NULL, 0, mem),
                        .key = key};
  if (!item.message)
    return PEAL_ERR_NOMEM;
  peal_err err = peal_hold_add(hold, &item, max, account, mem);
  peal_message_unref(item.message);
  return err;
}

static void expect(peal_hold *hold, peal_account *account, const char *text) {
  peal_eio_item item;
  assert_true(peal_hold_take(hold, &item, account, peal_mem_libc()));
  assert_true(peal_slice_is(peal_message_part(item.message, 0), text));
  peal_message_unref(item.message);
}

static void gives_back_in_order_and_charges_what_it_holds(void **state) {
  (void)state;
  const peal_mem *mem = peal_mem_libc();
  peal_hold hold = {0};
  peal_account account = {0};
  peal_eio_item none;
  assert_int_equal(add(&hold, &account, "one", 0, 10000, mem), PEAL_OK);
  size_t one = account.used;
  assert_true(one > 3);
  assert_int_equal(add(&hold, &account, "two", 7, 10000, mem), PEAL_OK);
  assert_int_equal(add(&hold, &account, "three", 0, 10000, mem), PEAL_OK);
  /* The same key takes the place of the old one. */
  assert_int_equal(add(&hold, &account, "newer", 7, 10000, mem), PEAL_OK);
  assert_int_equal(account.used, hold.bytes);
  assert_int_equal(account.used, 3 * one + 4);
  expect(&hold, &account, "one");
  expect(&hold, &account, "newer");
  expect(&hold, &account, "three");
  assert_int_equal(account.used, 0);
  assert_false(peal_hold_take(&hold, &none, &account, mem));
}

static void is_full_at_its_ceiling_or_the_clients(void **state) {
  (void)state;
  const peal_mem *mem = peal_mem_libc();
  peal_hold hold = {0};
  peal_account account = {0};
  assert_int_equal(add(&hold, &account, "one", 9, 50, mem), PEAL_OK);
  assert_int_equal(add(&hold, &account, "two", 0, 50, mem),
                   PEAL_ERR_QUEUE_FULL);
  assert_int_equal(add(&hold, &account, "two", 9, 50, mem), PEAL_OK);
  assert_int_equal(
      add(&hold, &account, "more than there is room for", 9, 50, mem),
      PEAL_ERR_QUEUE_FULL);
  assert_int_equal(add(&hold, &account, "2", 9, 50, mem), PEAL_OK);
  assert_int_equal(account.used, hold.bytes);
  account.max = account.used + 10;
  assert_int_equal(add(&hold, &account, "two", 0, 10000, mem), PEAL_ERR_LIMIT);
  assert_int_equal(account.used, hold.bytes);
  peal_hold_clear(&hold, &account, mem);
  assert_int_equal(account.used, 0);
  assert_int_equal(hold.bytes, 0);
}

static peal_err some_steps(const peal_mem *mem, void *user) {
  peal_hold hold = {0};
  peal_account account = {0};
  (void)user;
  peal_err err = add(&hold, &account, "one", 1, 10000, mem);
  if (!err)
    err = add(&hold, &account, "two", 0, 10000, mem);
  if (!err)
    err = add(&hold, &account, "three", 1, 10000, mem);
  assert_int_equal(account.used, hold.bytes);
  peal_hold_clear(&hold, &account, mem);
  assert_int_equal(account.used, 0);
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(torture_run(some_steps, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_back_in_order_and_charges_what_it_holds),
      cmocka_unit_test(is_full_at_its_ceiling_or_the_clients),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
