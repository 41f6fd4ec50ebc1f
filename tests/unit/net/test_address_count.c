/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "net/address_count.h"

#define MANY 1000

static void set_ip(uint8_t ip[16], unsigned number) {
  memset(ip, 0, 16);
  memcpy(ip + 12, &number, 4);
}

static void counts_each_address_for_itself(void **state) {
  (void)state;
  static uint32_t tags[MANY][3];
  peal_address_counts table;
  uint8_t ip[16];
  uint32_t tag = 0;
  assert_int_equal(peal_address_count_init(&table, 2, peal_mem_libc()),
                   PEAL_OK);
  for (int round = 0; round < 3; round++) {
    for (unsigned i = 0; i < MANY; i++) {
      set_ip(ip, i);
      assert_int_equal(peal_address_count_add(&table, ip, &tags[i][0]),
                       PEAL_OK);
      assert_int_equal(peal_address_count_add(&table, ip, &tags[i][1]),
                       PEAL_OK);
      assert_int_equal(tags[i][0], tags[i][1]);
      assert_int_equal(peal_address_count_add(&table, ip, &tag),
                       PEAL_ERR_LIMIT);
      assert_int_equal(tag, 0);
    }
    for (unsigned i = round ? 1 : 0; i < MANY; i += 2)
      peal_address_count_remove(&table, tags[i][0]);
    for (unsigned i = round ? 1 : 0; i < MANY; i += 2) {
      set_ip(ip, i);
      assert_int_equal(peal_address_count_add(&table, ip, &tags[i][0]),
                       PEAL_OK);
      assert_int_equal(peal_address_count_add(&table, ip, &tag),
                       PEAL_ERR_LIMIT);
    }
    for (unsigned i = 0; i < MANY; i++) {
      peal_address_count_remove(&table, tags[i][0]);
      peal_address_count_remove(&table, tags[i][1]);
    }
  }
  peal_address_count_deinit(&table);
}

static void without_a_limit_nothing_is_kept(void **state) {
  (void)state;
  peal_address_counts table;
  uint8_t ip[16] = {0};
  uint32_t tag = 7;
  assert_int_equal(peal_address_count_init(&table, 0, peal_mem_libc()),
                   PEAL_OK);
  for (int i = 0; i < 10; i++)
    assert_int_equal(peal_address_count_add(&table, ip, &tag), PEAL_OK);
  assert_int_equal(tag, 0);
  assert_null(table.entries);
  peal_address_count_remove(&table, tag);
  peal_address_count_deinit(&table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counts_each_address_for_itself),
      cmocka_unit_test(without_a_limit_nothing_is_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
