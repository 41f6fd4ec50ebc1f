/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/mem_cache.h"
#include "torture.h"

static void released_blocks_are_used_again(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_mem_cache cache;
  peal_mem_cache_init(&cache, &t.mem, 1 << 20);
  const peal_mem *mem = &cache.mem;
  void *blocks[50];
  size_t first_round = 0;
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < 50; i++) {
      blocks[i] = peal_mem_alloc(mem, i * 100 + 1);
      assert_int_equal((uintptr_t)blocks[i] % (i * 100 > 512 ? 16 : 8), 0);
      memset(blocks[i], 7, i * 100 + 1);
    }
    for (size_t i = 0; i < 50; i++)
      peal_mem_free(mem, blocks[i]);
    if (round == 0)
      first_round = t.calls;
    if (!PEAL_MEM_CACHE_PASS_THROUGH)
      assert_int_equal(t.calls, first_round);
  }
  assert_true(first_round <= 50);
  assert_true(PEAL_MEM_CACHE_PASS_THROUGH || cache.cached_bytes > 0);
  peal_mem_cache_deinit(&cache);
  assert_int_equal(t.live, 0);
}

static void above_its_limit_the_cache_gives_back(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_mem_cache cache;
  peal_mem_cache_init(&cache, &t.mem, 1000);
  void *a = peal_mem_alloc(&cache.mem, 700);
  void *b = peal_mem_alloc(&cache.mem, 700);
  void *large = peal_mem_alloc(&cache.mem, 100000);
  assert_int_equal(t.live, 3);
  assert_int_equal((uintptr_t)a % 16, 0);
  assert_int_equal((uintptr_t)large % 16, 0);
  peal_mem_free(&cache.mem, a);
  peal_mem_free(&cache.mem, b);
  peal_mem_free(&cache.mem, large);
  assert_int_equal(t.live, PEAL_MEM_CACHE_PASS_THROUGH ? 0 : 1);
  assert_int_equal(cache.cached_bytes, PEAL_MEM_CACHE_PASS_THROUGH ? 0 : 768);
  peal_mem_cache_deinit(&cache);
  assert_int_equal(t.live, 0);
}

static void small_blocks_share_slabs(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_mem_cache cache;
  peal_mem_cache_init(&cache, &t.mem, 0);
  char *blocks[200];
  for (size_t i = 0; i < 200; i++) {
    blocks[i] = peal_mem_alloc(&cache.mem, 40);
    memset(blocks[i], (int)i, 40);
  }
  assert_true(PEAL_MEM_CACHE_PASS_THROUGH || t.calls <= 2);
  for (size_t i = 0; i < 200; i++) {
    assert_int_equal((unsigned char)blocks[i][39], i);
    peal_mem_free(&cache.mem, blocks[i]);
  }
  peal_mem_cache_deinit(&cache);
  assert_int_equal(t.live, 0);
}

static void resizing_keeps_content_through_all_sizes(void **state) {
  (void)state;
  torture t;
  torture_init(&t, 0);
  peal_mem_cache cache;
  peal_mem_cache_init(&cache, &t.mem, 4096);
  static const size_t sizes[] = {1, 33, 3000, 7000, 9000, 6144, 6145, 40, 8};
  char *ptr = NULL;
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    ptr = peal_mem_resize(&cache.mem, ptr, sizes[i]);
    assert_non_null(ptr);
    if (i == 0)
      ptr[0] = 'x';
    assert_int_equal(ptr[0], 'x');
    memset(ptr + 1, 0, sizes[i] - 1);
  }
  peal_mem_free(&cache.mem, ptr);
  peal_mem_cache_deinit(&cache);
  assert_int_equal(t.live, 0);
}

/* A parent whose blocks are 8 above a multiple of 16, or not, in turn. */
typedef struct odd_parent {
  peal_mem mem;
  size_t calls;
} odd_parent;

static char *odd_place(odd_parent *odd, char *from, size_t old) {
  size_t shift = odd->calls++ % 2 ? 8 : 16;
  if (old != shift)
    memmove(from + shift, from + old, 20000);
  from[shift - 1] = (char)shift;
  return from + shift;
}

static void *odd_alloc(void *user, size_t size) {
  (void)size;
  return odd_place(user, calloc(1, 30000), 16);
}

static void *odd_resize(void *user, void *ptr, size_t size) {
  (void)size;
  size_t shift = (size_t)((char *)ptr)[-1];
  return odd_place(user, (char *)ptr - shift, shift);
}

static void odd_release(void *user, void *ptr) {
  (void)user;
  free((char *)ptr - ((char *)ptr)[-1]);
}

static void blocks_are_aligned_whatever_the_parent_gives(void **state) {
  (void)state;
  odd_parent odd = {.mem = {odd_alloc, odd_resize, odd_release, NULL}};
  odd.mem.user = &odd;
  peal_mem_cache cache;
  peal_mem_cache_init(&cache, &odd.mem, 0);
  char *ptr = peal_mem_alloc(&cache.mem, 7000);
  memset(ptr, 'x', 7000);
  for (size_t size = 7001; size < 7008; size++) {
    ptr = peal_mem_resize(&cache.mem, ptr, size);
    assert_int_equal((uintptr_t)ptr % 16, 0);
    ptr[size - 1] = 'x';
    for (size_t i = 0; i < size; i++)
      assert_int_equal(ptr[i], 'x');
  }
  peal_mem_free(&cache.mem, ptr);
  void *large = peal_mem_alloc(&cache.mem, 2000);
  assert_int_equal((uintptr_t)large % 16, 0);
  peal_mem_free(&cache.mem, large);
  peal_mem_cache_deinit(&cache);
}

static void impossible_sizes_give_null(void **state) {
  (void)state;
  peal_mem_cache cache;
  peal_mem_cache_init(&cache, NULL, 0);
  assert_null(peal_mem_alloc(&cache.mem, SIZE_MAX));
  void *ptr = peal_mem_alloc(&cache.mem, 10000);
  assert_null(peal_mem_resize(&cache.mem, ptr, SIZE_MAX - 3));
  peal_mem_free(&cache.mem, ptr);
  peal_mem_cache_deinit(&cache);
}

static peal_err cache_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_mem_cache cache;
  peal_mem_cache_init(&cache, mem, 4096);
  peal_err err = PEAL_OK;
  char *ptr = NULL;
  for (size_t size = 1; size < 20000 && err == PEAL_OK; size *= 3) {
    char *more = peal_mem_resize(&cache.mem, ptr, size);
    if (more)
      ptr = more;
    else
      err = PEAL_ERR_NOMEM;
  }
  peal_mem_free(&cache.mem, ptr);
  peal_mem_cache_deinit(&cache);
  return err;
}

static void every_failing_allocation_leaves_the_old_block(void **state) {
  (void)state;
  /* Growing within a class needs no memory: not every call fails. */
  assert_true(torture_run(cache_step, NULL, true, NULL));
}

static void mem_str_copies_and_terminates(void **state) {
  (void)state;
  char *copy = peal_mem_str(peal_mem_or_libc(NULL), PEAL_S("ab"));
  assert_string_equal(copy, "ab");
  peal_mem_free(peal_mem_libc(), copy);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(released_blocks_are_used_again),
      cmocka_unit_test(above_its_limit_the_cache_gives_back),
      cmocka_unit_test(small_blocks_share_slabs),
      cmocka_unit_test(resizing_keeps_content_through_all_sizes),
      cmocka_unit_test(blocks_are_aligned_whatever_the_parent_gives),
      cmocka_unit_test(impossible_sizes_give_null),
      cmocka_unit_test(every_failing_allocation_leaves_the_old_block),
      cmocka_unit_test(mem_str_copies_and_terminates),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
