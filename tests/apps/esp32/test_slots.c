/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "slots.h"

/* ---- address -------------------------------------------------------- */

static void assert_network(const char *address, const char *wanted) {
  char out[PEAL_KIT_ADDRESS_BYTES];
  peal_kit_address_network(out, peal_slice_of(address));
  assert_string_equal(out, wanted);
}

static void an_address_of_ipv4_is_counted_by_itself(void **state) {
  (void)state;
  assert_network("192.0.2.7", "192.0.2.7");
  assert_network("::ffff:192.0.2.7", "192.0.2.7");
}

static void of_ipv6_the_network_is_counted(void **state) {
  (void)state;
  assert_network("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
  assert_network("2001:DB8:1:2::", "2001:db8:1:2::");
  assert_network("::1", "::");
}

static void other_text_stays_and_is_cut(void **state) {
  (void)state;
  assert_network("unix", "unix");
  assert_network("", "");
  char longer[100], out[PEAL_KIT_ADDRESS_BYTES];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  peal_kit_address_network(out, peal_slice_of(longer));
  assert_int_equal(strlen(out), PEAL_KIT_ADDRESS_BYTES - 1);
}

/* ---- slots ---------------------------------------------------------- */

static bool take(slots *all, const char *address) {
  char network[PEAL_KIT_ADDRESS_BYTES];
  peal_kit_address_network(network, peal_slice_of(address));
  return slots_take(all, network);
}

static void give(slots *all, const char *address) {
  char network[PEAL_KIT_ADDRESS_BYTES];
  peal_kit_address_network(network, peal_slice_of(address));
  slots_give(all, network);
}

static void each_address_has_its_own(void **state) {
  (void)state;
  slots *all = slots_new(2);
  assert_non_null(all);
  assert_true(take(all, "192.0.2.1"));
  assert_true(take(all, "192.0.2.1"));
  assert_false(take(all, "192.0.2.1"));
  assert_true(take(all, "192.0.2.2"));
  give(all, "192.0.2.1");
  assert_true(take(all, "192.0.2.1"));
  assert_false(take(all, "192.0.2.1"));
  slots_free(all);
}

static void many_addresses_come_and_go(void **state) {
  (void)state;
  slots *all = slots_new(1);
  char address[32];
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 200; i++) {
      snprintf(address, sizeof address, "10.0.0.%d", i);
      assert_true(take(all, address));
      assert_false(take(all, address));
    }
    for (int i = 0; i < 200; i++) {
      snprintf(address, sizeof address, "10.0.0.%d", (i * 7) % 200);
      give(all, address);
    }
  }
  give(all, "never taken");
  slots_free(all);
  slots_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_address_of_ipv4_is_counted_by_itself),
      cmocka_unit_test(of_ipv6_the_network_is_counted),
      cmocka_unit_test(other_text_stays_and_is_cut),
      cmocka_unit_test(each_address_has_its_own),
      cmocka_unit_test(many_addresses_come_and_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
