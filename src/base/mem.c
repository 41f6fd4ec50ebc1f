/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <stdlib.h>

#ifdef PEAL_SMALL
/* Where memory is handed in, nobody asks the C library for any: it is always
 * out. */
static void *mem_alloc(void *user, size_t size) {
  (void)user, (void)size;
  return NULL;
}

static void *mem_resize(void *user, void *ptr, size_t size) {
  (void)user, (void)ptr, (void)size;
  return NULL;
}

static void mem_release(void *user, void *ptr) {
  (void)user, (void)ptr;
}
#else
static void *mem_alloc(void *user, size_t size) {
  (void)user;
  return malloc(size);
}

static void *mem_resize(void *user, void *ptr, size_t size) {
  (void)user;
  return realloc(ptr, size);
}

static void mem_release(void *user, void *ptr) {
  (void)user;
  free(ptr);
}
#endif

const peal_mem *peal_mem_libc(void) {
  static const peal_mem libc = {mem_alloc, mem_resize, mem_release, NULL};
  return &libc;
}

char *peal_mem_str(const peal_mem *mem, peal_slice text) {
  if (text.len == SIZE_MAX)
    return NULL;
  char *copy = peal_mem_alloc(mem, text.len + 1);
  if (!copy)
    return NULL;
  if (text.len > 0)
    memcpy(copy, text.ptr, text.len);
  copy[text.len] = '\0';
  return copy;
}
