/* SPDX-License-Identifier: MIT */
/* Every function whose header says so may be called without its object: nothing
 * happens, and the answer is the documented one. The calls are made from the
 * headers (tools/gen_promises.py): a new function is among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <peal/peal.h>

typedef struct promise {
  const char *name;
  bool (*is_kept)(void);
} promise;

/* Given as whatever function is asked for. */
static void never(void) {
  abort();
}

static bool is_zero(const void *bytes, size_t len) {
  for (const unsigned char *at = bytes; len--; at++)
    if (*at)
      return false;
  return true;
}

#include "promised_null_calls.h"

static void without_an_object_nothing_happens(void **state) {
  size_t count = sizeof promises / sizeof *promises, broken = 0;
  (void)state;
  for (size_t i = 0; i < count; i++)
    if (!promises[i].is_kept()) {
      fprintf(stderr, "%s does not answer as its header says\n",
              promises[i].name);
      broken++;
    }
  assert_int_equal(broken, 0);
  assert_true(count > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_an_object_nothing_happens),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
