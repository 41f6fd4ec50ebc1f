/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "torture.h"
#include "ws/ws_slots.h"

#define MANY 200u

static void numbers_are_used_again_and_name_one_at_a_time(void **state) {
  static int things[MANY];
  uint32_t slots_of[MANY];
  bool is_in[MANY] = {false};
  peal_ws_slots slots;
  (void)state;
  peal_ws_slots_init(&slots, peal_mem_libc());
  assert_null(peal_ws_slots_get(&slots, 0));
  srand(7);
  for (int step = 0; step < 20000; step++) {
    unsigned i = (unsigned)rand() % MANY;
    if (is_in[i])
      peal_ws_slots_remove(&slots, slots_of[i]);
    else
      assert_int_equal(peal_ws_slots_add(&slots, &things[i], &slots_of[i]),
                       PEAL_OK);
    is_in[i] = !is_in[i];
    for (unsigned k = 0; k < MANY; k += 7)
      if (is_in[k])
        assert_ptr_equal(peal_ws_slots_get(&slots, slots_of[k]), &things[k]);
  }
  assert_true(slots.count <= MANY);
  assert_null(peal_ws_slots_get(&slots, slots.count));
  peal_ws_slots_deinit(&slots);
}

static peal_err fill(const peal_mem *mem, void *user) {
  peal_ws_slots slots;
  uint32_t slot;
  peal_err err = PEAL_OK;
  peal_ws_slots_init(&slots, mem);
  for (unsigned i = 0; i < MANY && !err; i++)
    err = peal_ws_slots_add(&slots, user, &slot);
  peal_ws_slots_deinit(&slots);
  return err;
}

static void memory_may_run_out(void **state) {
  int thing;
  (void)state;
  assert_true(torture_run(fill, &thing, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_are_used_again_and_name_one_at_a_time),
      cmocka_unit_test(memory_may_run_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
