/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/mem_cache.h"
#include "net/pages.h"

static bool is_mapped(const void *ptr) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  unsigned char seen;
  uintptr_t at = (uintptr_t)ptr / page * page;
  return mincore((void *)at, page, &seen) == 0;
}

static void blocks_are_aligned_and_writable(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 16, 4000, 4080, 4081, 147392, 1 << 22};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    char *ptr = peal_mem_alloc(peal_pages(), sizes[i]);
    assert_non_null(ptr);
    assert_int_equal((uintptr_t)ptr % 16, 0);
    assert_int_equal(ptr[sizes[i] - 1], 0);
    memset(ptr, 7, sizes[i]);
    peal_mem_free(peal_pages(), ptr);
  }
  assert_null(peal_mem_alloc(peal_pages(), SIZE_MAX - 20));
  assert_null(peal_mem_alloc(peal_pages(), SIZE_MAX / 2));
}

static void what_is_released_is_the_systems_again(void **state) {
  (void)state;
  char *ptr = peal_mem_alloc(peal_pages(), 1 << 24);
  assert_non_null(ptr);
  ptr[1 << 23] = 1;
  assert_true(is_mapped(ptr + (1 << 23)));
  peal_mem_free(peal_pages(), ptr);
  assert_false(is_mapped(ptr + (1 << 23)));
}

static void resizing_keeps_the_content(void **state) {
  (void)state;
  char *ptr = peal_mem_resize(peal_pages(), NULL, 100);
  assert_non_null(ptr);
  memset(ptr, 'x', 100);
  for (size_t size = 101; size < 100000; size *= 3) {
    ptr = peal_mem_resize(peal_pages(), ptr, size);
    assert_non_null(ptr);
    for (size_t i = 0; i < 100; i++)
      assert_int_equal(ptr[i], 'x');
    ptr[size - 1] = 'y';
  }
  peal_mem_free(peal_pages(), ptr);
}

static void a_cache_takes_its_spans_from_pages(void **state) {
  (void)state;

  enum { COUNT = 5000 };

  static char *blocks[COUNT];
  peal_mem_cache cache;
  peal_mem_cache_init(&cache, NULL, 0);
  peal_mem_cache_set_pages(&cache, peal_pages());
  for (size_t i = 0; i < COUNT; i++) {
    blocks[i] = peal_mem_alloc(&cache.mem, 200);
    memset(blocks[i], 1, 200);
  }
  char *last = blocks[COUNT - 1];
  for (size_t i = 0; i < COUNT; i++)
    peal_mem_free(&cache.mem, blocks[i]);
  peal_mem_cache_deinit(&cache);
  if (!PEAL_MEM_CACHE_PASS_THROUGH)
    assert_false(is_mapped(last));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_are_aligned_and_writable),
      cmocka_unit_test(what_is_released_is_the_systems_again),
      cmocka_unit_test(resizing_keeps_the_content),
      cmocka_unit_test(a_cache_takes_its_spans_from_pages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
