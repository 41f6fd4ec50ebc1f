/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/redis_slot.h"

/* What CLUSTER KEYSLOT of Redis 7.0 answers. */
static void keys_have_the_slots_that_redis_gives_them(void **state) {
  (void)state;

  static const struct {
    const char *key;
    unsigned slot;
  } known[] = {
      {"", 0},
      {"123456789", 12739},
      {"foo", 12182},
      {"socket.io", 9972},
      {"socket.io#/#room1#", 9640},
      {"peal:{log}:1", 10591},
  };

  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
    assert_int_equal(peal_redis_slot_of(peal_slice_of(known[i].key)),
                     known[i].slot);
}

static void what_stands_in_braces_decides_alone(void **state) {
  (void)state;
  unsigned user = peal_redis_slot_of(PEAL_S("user"));
  assert_int_equal(peal_redis_slot_of(PEAL_S("{user}1")), user);
  assert_int_equal(peal_redis_slot_of(PEAL_S("a{user}{b}")), user);
  assert_int_not_equal(peal_redis_slot_of(PEAL_S("{}user")), user);
  assert_int_equal(peal_redis_slot_of(PEAL_S("{{user}")),
                   peal_redis_slot_of(PEAL_S("{user")));
  assert_int_not_equal(peal_redis_slot_of(PEAL_S("{user")), user);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_have_the_slots_that_redis_gives_them),
      cmocka_unit_test(what_stands_in_braces_decides_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
