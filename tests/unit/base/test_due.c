/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/due.h"

#define NODES 200u

static void an_empty_heap_is_never_due(void **state) {
  peal_due_heap heap = {0};
  peal_due node = {0};
  (void)state;
  assert_int_equal(peal_due_first_ms(&heap), UINT64_MAX);
  peal_due_remove(&heap, &node); /* in none: nothing */
  assert_int_equal(peal_due_check(&heap), 0);
}

static void the_earliest_comes_first(void **state) {
  const uint64_t times[] = {5, 1, 9, 3, 7};
  peal_due_heap heap = {0};
  peal_due nodes[5];
  (void)state;
  for (size_t i = 0; i < 5; i++)
    peal_due_add(&heap, &nodes[i], times[i]);
  for (uint64_t at = 1; at <= 9; at += 2) {
    assert_int_equal(peal_due_first_ms(&heap), at);
    peal_due_remove(&heap, heap.first);
  }
  assert_null(heap.first);
}

static void equal_deadlines_keep_the_order_of_adding(void **state) {
  peal_due_heap heap = {.order = UINT32_MAX - 5}; /* it may wrap */
  peal_due nodes[20];
  (void)state;
  for (size_t i = 0; i < 20; i++)
    peal_due_add(&heap, &nodes[i], 7);
  for (size_t i = 0; i < 20; i++) {
    assert_ptr_equal(heap.first, &nodes[i]);
    peal_due_remove(&heap, heap.first);
  }
}

static peal_due *earliest(peal_due *nodes) {
  peal_due *first = NULL;
  for (size_t i = 0; i < NODES; i++)
    if (nodes[i].is_in &&
        (!first || nodes[i].at_ms < first->at_ms ||
         (nodes[i].at_ms == first->at_ms && nodes[i].order < first->order)))
      first = &nodes[i];
  return first;
}

/* Beside a search through all of them. */
static void any_order_of_adding_and_removing_is_right(void **state) {
  peal_due nodes[NODES] = {{0}};
  peal_due_heap heap = {0};
  size_t count = 0;
  (void)state;
  srand(7);
  for (size_t step = 0; step < 20000; step++) {
    peal_due *node = &nodes[(size_t)rand() % NODES];
    if (node->is_in) {
      peal_due_remove(&heap, rand() % 2 ? node : heap.first);
      count--;
    } else {
      peal_due_add(&heap, node, (uint64_t)(rand() % 50));
      count++;
    }
    assert_ptr_equal(heap.first, earliest(nodes));
    assert_int_equal(peal_due_check(&heap), count);
  }
}

static void check_sees_what_is_wrong(void **state) {
  peal_due_heap heap = {0};
  peal_due nodes[3];
  (void)state;
  for (size_t i = 0; i < 3; i++)
    peal_due_add(&heap, &nodes[i], i);
  nodes[0].at_ms = 9;
  assert_int_equal(peal_due_check(&heap), SIZE_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_heap_is_never_due),
      cmocka_unit_test(the_earliest_comes_first),
      cmocka_unit_test(equal_deadlines_keep_the_order_of_adding),
      cmocka_unit_test(any_order_of_adding_and_removing_is_right),
      cmocka_unit_test(check_sees_what_is_wrong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
