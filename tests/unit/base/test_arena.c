/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "torture.h"

static void allocations_are_aligned_and_apart(void **state) {
  (void)state;
  peal_arena arena;
  peal_arena_init(&arena, NULL, 64, 0);
  char *last = NULL;
  for (size_t size = 0; size < 200; size++) {
    char *ptr = peal_arena_alloc(&arena, size);
    assert_non_null(ptr);
    assert_int_equal((uintptr_t)ptr % 16, 0);
    assert_ptr_not_equal(ptr, last);
    memset(ptr, 1, size);
    last = ptr;
  }
  peal_arena_deinit(&arena);
}

static void reset_keeps_one_block_and_a_warm_arena_allocates_nothing(
    void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_arena arena;
  peal_arena_init(&arena, &t.mem, 1024, 0);
  for (int i = 0; i < 10; i++)
    assert_non_null(peal_arena_alloc(&arena, 900));
  peal_arena_reset(&arena);
  assert_int_equal(t.live, 1);
  size_t calls = t.calls;
  for (int turn = 0; turn < 5; turn++) {
    assert_non_null(peal_arena_alloc(&arena, 500));
    assert_non_null(peal_arena_alloc(&arena, 500));
    peal_arena_reset(&arena);
  }
  assert_int_equal(t.calls, calls);
  peal_arena_deinit(&arena);
  assert_int_equal(t.live, 0);
}

static void a_large_turn_leaves_nothing_behind(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_arena arena;
  peal_arena_init(&arena, &t.mem, 1024, 0);
  assert_non_null(peal_arena_alloc(&arena, 100000)); /* the first block */
  peal_arena_reset(&arena);
  assert_int_equal(t.bytes, 0);
  assert_non_null(peal_arena_alloc(&arena, 100));
  assert_non_null(peal_arena_alloc(&arena, 100000)); /* a later one */
  peal_arena_reset(&arena);
  assert_true(t.bytes < 2048);
  assert_non_null(peal_arena_alloc(&arena, 900));
  peal_arena_deinit(&arena);
  assert_int_equal(t.live, 0);
}

static void the_ceiling_counts_all_blocks(void **state) {
  (void)state;
  peal_arena arena;
  peal_arena_init(&arena, NULL, 256, 1000);
  size_t taken = 0;
  while (peal_arena_alloc(&arena, 100))
    taken++;
  assert_in_range(taken, 6, 9);
  assert_true(arena.total <= 1000);
  assert_null(peal_arena_alloc(&arena, SIZE_MAX));
  peal_arena_deinit(&arena);
}

static void the_newest_allocation_grows_and_keeps_its_content(void **state) {
  (void)state;
  peal_arena arena;
  peal_arena_init(&arena, NULL, 64, 0);
  char *text = NULL;
  size_t len = 0;
  for (int i = 0; i < 3000; i++) {
    text = peal_arena_resize(&arena, text, len, len + 7);
    assert_non_null(text);
    memset(text + len, i & 127, 7);
    len += 7;
  }
  for (size_t i = 0; i < len; i++)
    assert_int_equal(text[i], (int)(i / 7) & 127);
  /* It has one block of its own, not one for each size. */
  assert_true(arena.total < 2 * len + 1024);
  peal_arena_deinit(&arena);
}

static void an_older_allocation_moves_when_it_grows(void **state) {
  (void)state;
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  char *old = peal_arena_str(&arena, PEAL_S("older"));
  char *newer = peal_arena_str(&arena, PEAL_S("newer"));
  char *moved = peal_arena_resize(&arena, old, 6, 100);
  assert_string_equal(moved, "older");
  assert_string_equal(newer, "newer");
  assert_ptr_equal(peal_arena_resize(&arena, newer, 6, 2), newer);
  peal_arena_deinit(&arena);
}

static void a_mark_takes_everything_back_that_came_later(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_arena arena;
  peal_arena_init(&arena, &t.mem, 64, 0);
  peal_arena_mark empty = peal_arena_mark_get(&arena);
  char *kept = peal_arena_str(&arena, PEAL_S("kept"));
  peal_arena_mark mark = peal_arena_mark_get(&arena);
  for (int i = 0; i < 20; i++)
    assert_non_null(peal_arena_alloc(&arena, 60));
  peal_arena_mark_set(&arena, mark);
  assert_int_equal(t.live, 1);
  assert_string_equal(kept, "kept");
  char *again = peal_arena_alloc(&arena, 16);
  assert_ptr_equal(again, kept + 16);
  peal_arena_mark_set(&arena, empty);
  assert_ptr_equal(peal_arena_alloc(&arena, 16), kept);
  peal_arena_deinit(&arena);
}

static peal_err fill_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_arena arena;
  peal_arena_init(&arena, mem, 64, 0);
  char *text = peal_arena_str(&arena, PEAL_S("text"));
  void *other = text ? peal_arena_alloc(&arena, 200) : NULL;
  other = other ? peal_arena_resize(&arena, other, 200, 5000) : NULL;
  peal_arena_deinit(&arena);
  return other ? PEAL_OK : PEAL_ERR_NOMEM;
}

static void every_failing_allocation_gives_null(void **state) {
  (void)state;
  assert_true(torture_run(fill_step, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(allocations_are_aligned_and_apart),
      cmocka_unit_test(
          reset_keeps_one_block_and_a_warm_arena_allocates_nothing),
      cmocka_unit_test(a_large_turn_leaves_nothing_behind),
      cmocka_unit_test(the_ceiling_counts_all_blocks),
      cmocka_unit_test(the_newest_allocation_grows_and_keeps_its_content),
      cmocka_unit_test(an_older_allocation_moves_when_it_grows),
      cmocka_unit_test(a_mark_takes_everything_back_that_came_later),
      cmocka_unit_test(every_failing_allocation_gives_null),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
