/* SPDX-License-Identifier: MIT */
#include "net/listen_name.h"
#include "net/reachable.h"
#include "net_fixture.h"

static const peal_address all_v4 = {
    .ip = {[10] = 0xff, [11] = 0xff}, .port = 3000, .known = true};
static const peal_address all_v6 = {.port = 3000, .known = true};

/* Where "127.0.0.1" and the like stand among them; their number if they do
 * not. */
static size_t find(const peal_address *list, size_t count, const char *text) {
  for (size_t i = 0; i < count; i++) {
    char one[PEAL_ADDRESS_MAX];
    peal_address_text(&list[i], one);
    assert_int_equal(list[i].port, 3000);
    assert_true(list[i].known);
    if (strcmp(one, text) == 0)
      return i;
  }
  return count;
}

static void an_address_is_reached_at_itself(void **state) {
  (void)state;
  peal_address list[PEAL_REACHABLE_MAX], own = all_v4;
  memcpy(own.ip + 12, "\x7f\0\0\x05", 4);
  assert_int_equal(peal_reachable_list(&own, false, list), 1);
  assert_memory_equal(&list[0], &own, sizeof(own));
}

static void all_addresses_are_those_of_the_interfaces(void **state) {
  (void)state;
  peal_address list[PEAL_REACHABLE_MAX];
  size_t count = peal_reachable_list(&all_v4, false, list);
  /* Every machine that runs this has it, and others are better. */
  assert_int_equal(find(list, count, "127.0.0.1"), count - 1);
  assert_int_equal(find(list, count, "0.0.0.0"), count);
  assert_int_equal(find(list, count, "::1"), count);
  if (!net_has_ipv6())
    return;
  count = peal_reachable_list(&all_v6, true, list);
  assert_true(find(list, count, "127.0.0.1") < count);
  assert_true(find(list, count, "::1") < count);
  count = peal_reachable_list(&all_v6, false, list);
  assert_int_equal(find(list, count, "127.0.0.1"), count);
  assert_int_equal(find(list, count, "::1"), count - 1);
}

static void an_address_makes_a_url(void **state) {
  (void)state;
  char url[PEAL_LISTEN_NAME_MAX];
  assert_int_equal(peal_listen_name_url(&all_v4, "http", url), 19);
  assert_string_equal(url, "http://0.0.0.0:3000");
  peal_listen_name_url(&all_v6, "http", url);
  assert_string_equal(url, "http://[::]:3000");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_address_is_reached_at_itself),
      cmocka_unit_test(all_addresses_are_those_of_the_interfaces),
      cmocka_unit_test(an_address_makes_a_url),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
