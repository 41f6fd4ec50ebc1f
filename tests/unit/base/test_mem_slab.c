/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem_slab.h"
#include "torture.h"

/* Numbers that look random and are the same in every run. */
static uint32_t next_dice(uint32_t *dice) {
  *dice = *dice * 1664525u + 1013904223u;
  return *dice >> 8;
}

static void blocks_of_all_sizes_keep_apart(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_mem_slabs slabs;
  peal_mem_slab_init(&slabs, &t.mem);
  static unsigned char *blocks[PEAL_MEM_SLAB_MAX * 4];
  const size_t count = sizeof blocks / sizeof *blocks;
  for (size_t i = 0; i < count; i++) {
    size_t size = i % PEAL_MEM_SLAB_MAX + 1;
    blocks[i] = peal_mem_slab_alloc(&slabs, size);
    assert_non_null(blocks[i]);
    assert_int_equal((uintptr_t)blocks[i] % 16, 8);
    assert_true(peal_mem_slab_is(blocks[i]));
    assert_true(peal_mem_slab_bytes(blocks[i]) >= size);
    assert_true(peal_mem_slab_bytes(blocks[i]) < size + PEAL_MEM_SLAB_STEP);
    memset(blocks[i], (int)(i * 7 & 0xff), peal_mem_slab_bytes(blocks[i]));
  }
  for (size_t i = 0; i < count; i++) {
    size_t bytes = peal_mem_slab_bytes(blocks[i]);
    for (size_t k = 0; k < bytes; k++)
      assert_int_equal(blocks[i][k], i * 7 & 0xff);
    peal_mem_slab_release(&slabs, blocks[i]);
  }
  peal_mem_slab_deinit(&slabs);
  assert_int_equal(t.live, 0);
}

/* What 100,000 clients needed is not kept when they are gone. */
static void after_a_flood_the_parent_has_nearly_everything_back(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_mem_slabs slabs;
  peal_mem_slab_init(&slabs, &t.mem);
  const size_t count = 30000;
  void **blocks = malloc(count * sizeof *blocks);
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < count; i++)
      blocks[i] = peal_mem_slab_alloc(&slabs, i % PEAL_MEM_SLAB_MAX + 1);
    assert_true(slabs.span_count > 50);
    /* in an order that leaves holes everywhere until the end */
    for (size_t i = 0; i < count; i++)
      peal_mem_slab_release(&slabs, blocks[i * 7919 % count]);
    assert_true(slabs.span_count <= PEAL_MEM_SLAB_KEPT + 1);
    assert_int_equal(t.live, slabs.span_count);
  }
  free(blocks);
  peal_mem_slab_deinit(&slabs);
  assert_int_equal(t.live, 0);
}

static void flooded_sizes_leave_room_for_other_sizes(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_mem_slabs slabs;
  peal_mem_slab_init(&slabs, &t.mem);
  void *blocks[4000];
  size_t spans = 0;
  for (size_t size = 16; size <= PEAL_MEM_SLAB_MAX; size += 16) {
    for (size_t i = 0; i < 4000; i++)
      blocks[i] = peal_mem_slab_alloc(&slabs, size);
    spans = slabs.span_count;
    assert_true(spans <= 4000 * size / 120000 + PEAL_MEM_SLAB_KEPT + 2);
    for (size_t i = 0; i < 4000; i++)
      peal_mem_slab_release(&slabs, blocks[i]);
  }
  assert_true(slabs.span_count < spans);
  peal_mem_slab_deinit(&slabs);
  assert_int_equal(t.live, 0);
}

static void one_block_that_comes_and_goes_asks_the_parent_once(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_mem_slabs slabs;
  peal_mem_slab_init(&slabs, &t.mem);
  void *first = peal_mem_slab_alloc(&slabs, 40);
  peal_mem_slab_release(&slabs, first);
  for (size_t i = 0; i < 1000; i++) {
    void *block = peal_mem_slab_alloc(&slabs, 40);
    assert_ptr_equal(block, first); /* warm */
    peal_mem_slab_release(&slabs, block);
  }
  for (size_t i = 0; i < 1000; i++) {
    void *block = peal_mem_slab_alloc(&slabs, 40);
    void *other = peal_mem_slab_alloc(&slabs, i % PEAL_MEM_SLAB_MAX + 1);
    peal_mem_slab_release(&slabs, block);
    peal_mem_slab_release(&slabs, other);
  }
  assert_int_equal(t.calls, 1);
  peal_mem_slab_deinit(&slabs);
  assert_int_equal(t.live, 0);
}

/* Blocks are allocated and released in random order, each full of a byte of
 * its own; those that live never change. */
static void random_lives_do_not_touch_each_other(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_mem_slabs slabs;
  peal_mem_slab_init(&slabs, &t.mem);
  static unsigned char *blocks[3000];
  static size_t sizes[3000];
  const size_t count = sizeof blocks / sizeof *blocks;
  uint32_t dice = 7;
  for (size_t step = 0; step < 200000; step++) {
    size_t i = next_dice(&dice) % count;
    if (blocks[i]) {
      assert_int_equal(blocks[i][0], i & 0xff);
      assert_int_equal(blocks[i][sizes[i] - 1], i & 0xff);
      peal_mem_slab_release(&slabs, blocks[i]);
      blocks[i] = NULL;
      continue;
    }
    sizes[i] = next_dice(&dice) % (step % 50000 < 25000 ? 64 : 512) + 1;
    blocks[i] = peal_mem_slab_alloc(&slabs, sizes[i]);
    memset(blocks[i], (int)(i & 0xff), sizes[i]);
  }
  for (size_t i = 0; i < count; i++) {
    if (blocks[i])
      peal_mem_slab_release(&slabs, blocks[i]);
    blocks[i] = NULL;
  }
  assert_true(slabs.span_count <= PEAL_MEM_SLAB_KEPT + 1);
  peal_mem_slab_deinit(&slabs);
  assert_int_equal(t.live, 0);
}

static peal_err slab_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_mem_slabs slabs;
  peal_mem_slab_init(&slabs, mem);
  void *blocks[2000] = {NULL};
  peal_err err = PEAL_OK;
  for (size_t i = 0; i < 2000 && err == PEAL_OK; i++) {
    blocks[i] = peal_mem_slab_alloc(&slabs, 300);
    err = blocks[i] ? PEAL_OK : PEAL_ERR_NOMEM;
  }
  for (size_t i = 0; i < 2000; i++) {
    if (blocks[i])
      peal_mem_slab_release(&slabs, blocks[i]);
  }
  peal_mem_slab_deinit(&slabs);
  return err;
}

static void without_memory_there_is_no_block(void **state) {
  (void)state;
  size_t count = 0;
  assert_true(torture_run(slab_step, NULL, false, &count));
  assert_true(count > 3);
}

/* A parent with an alignment of 8, as some have: spans begin anywhere. */
typedef struct odd_parent {
  peal_mem mem;
  size_t shift;
} odd_parent;

static void *odd_alloc(void *user, size_t size) {
  odd_parent *odd = user;
  odd->shift = (odd->shift + 8 * 37) % 16384;
  char *from = malloc(size + 16384 + 16);
  char *ptr = from + 16 + odd->shift;
  memcpy(ptr - 8, &from, sizeof from);
  return ptr;
}

static void odd_release(void *user, void *ptr) {
  (void)user;
  void *from;
  memcpy(&from, (char *)ptr - 8, sizeof from);
  free(from);
}

static void spans_may_begin_at_any_word(void **state) {
  (void)state;
  odd_parent odd = {.mem = {.alloc = odd_alloc, .release = odd_release}};
  odd.mem.user = &odd;
  peal_mem_slabs slabs;
  peal_mem_slab_init(&slabs, &odd.mem);
  static unsigned char *blocks[20000];
  const size_t count = sizeof blocks / sizeof *blocks;
  for (size_t i = 0; i < count; i++) {
    blocks[i] = peal_mem_slab_alloc(&slabs, 500);
    memset(blocks[i], (int)(i & 0xff), 500);
  }
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(blocks[i][0], i & 0xff);
    assert_int_equal(blocks[i][499], i & 0xff);
    peal_mem_slab_release(&slabs, blocks[i]);
  }
  assert_true(slabs.span_count <= PEAL_MEM_SLAB_KEPT + 1);
  peal_mem_slab_deinit(&slabs);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_of_all_sizes_keep_apart),
      cmocka_unit_test(after_a_flood_the_parent_has_nearly_everything_back),
      cmocka_unit_test(flooded_sizes_leave_room_for_other_sizes),
      cmocka_unit_test(one_block_that_comes_and_goes_asks_the_parent_once),
      cmocka_unit_test(random_lives_do_not_touch_each_other),
      cmocka_unit_test(without_memory_there_is_no_block),
      cmocka_unit_test(spans_may_begin_at_any_word),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
