/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/iovs.h"
#include "base/limits.h"
#include "base/list.h"

static char scratch[1024];

static void small_pieces_leave_as_one(void **state) {
  (void)state;
  peal_iovs iovs;
  peal_iovs_init(&iovs, scratch, sizeof scratch);
  for (int i = 0; i < 16; i++)
    assert_true(peal_iovs_add(&iovs, PEAL_S("message")));
  assert_int_equal(iovs.count, 1);
  assert_int_equal(iovs.bytes, 16 * 7);
  assert_memory_equal(iovs.items[0].ptr, "messagemessage", 14);
}

static void long_pieces_are_referenced_in_order(void **state) {
  (void)state;
  static char body[5000];
  peal_iovs iovs;
  peal_iovs_init(&iovs, scratch, sizeof scratch);
  assert_true(peal_iovs_copy(&iovs, PEAL_S("head")));
  assert_true(peal_iovs_add(&iovs, (peal_slice){body, sizeof body}));
  assert_true(peal_iovs_copy(&iovs, PEAL_S("tail")));
  assert_true(peal_iovs_copy(&iovs, PEAL_S("s")));
  assert_int_equal(iovs.count, 3);
  assert_ptr_equal(iovs.items[1].ptr, body);
  assert_int_equal(iovs.items[2].len, 5);
  assert_int_equal(iovs.bytes, 5009);
  peal_iovs_reset(&iovs);
  assert_int_equal(iovs.bytes, 0);
  assert_int_equal(iovs.count, 0);
}

static void without_room_nothing_is_taken(void **state) {
  (void)state;
  static char body[600];
  char little[8];
  peal_iovs iovs;
  peal_iovs_init(&iovs, little, sizeof little);
  assert_true(peal_iovs_copy(&iovs, PEAL_S("123456")));
  assert_false(peal_iovs_copy(&iovs, PEAL_S("789")));
  assert_int_equal(iovs.bytes, 6);
  /* What needs no copy is referenced when the scratch is full. */
  assert_true(peal_iovs_add(&iovs, PEAL_S("789")));
  assert_int_equal(iovs.count, 2);
  while (peal_iovs_add(&iovs, (peal_slice){body, sizeof body})) {}
  assert_int_equal(iovs.count, PEAL_LIMIT_IOVECS);
  assert_false(peal_iovs_copy(&iovs, PEAL_S("x")));
  assert_true(peal_iovs_copy(&iovs, PEAL_S("")));
}

typedef struct thing {
  int number;
  peal_list link;
} thing;

static void a_list_keeps_order_and_nodes_leave_from_anywhere(void **state) {
  (void)state;
  peal_list a, b;
  thing things[4];
  peal_list_init(&a);
  peal_list_init(&b);
  assert_null(peal_list_shift(&a));
  for (int i = 0; i < 4; i++) {
    things[i].number = i;
    peal_list_init(&things[i].link);
    assert_false(peal_list_is_linked(&things[i].link));
    peal_list_push(i < 2 ? &a : &b, &things[i].link);
  }
  peal_list_move(&a, &b);
  assert_true(peal_list_is_empty(&b));
  peal_list_remove(&things[1].link);
  peal_list_remove(&things[1].link);
  static const int left[] = {0, 2, 3};
  for (int i = 0; i < 3; i++) {
    peal_list *node = peal_list_shift(&a);
    assert_int_equal(PEAL_LIST_OF(node, thing, link)->number, left[i]);
  }
  assert_true(peal_list_is_empty(&a));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(small_pieces_leave_as_one),
      cmocka_unit_test(long_pieces_are_referenced_in_order),
      cmocka_unit_test(without_room_nothing_is_taken),
      cmocka_unit_test(a_list_keeps_order_and_nodes_leave_from_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
