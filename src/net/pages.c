/* SPDX-License-Identifier: MIT */
#include "net/pages.h"

#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

/* In front of a block: the bytes that were mapped. */
#define HEAD_BYTES 16u

static size_t mapped_bytes(const void *ptr) {
  size_t bytes;
  memcpy(&bytes, (const char *)ptr - HEAD_BYTES, sizeof(bytes));
  return bytes;
}

static void *pages_alloc(void *user, size_t size) {
  (void)user;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  if (size > SIZE_MAX - HEAD_BYTES - page)
    return NULL;
  size_t bytes = (size + HEAD_BYTES + page - 1) / page * page;
  char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    return NULL;
  memcpy(at, &bytes, sizeof(bytes));
  return at + HEAD_BYTES;
}

static void pages_release(void *user, void *ptr) {
  (void)user;
  if (ptr)
    (void)munmap((char *)ptr - HEAD_BYTES, mapped_bytes(ptr));
}

static void *pages_resize(void *user, void *ptr, size_t size) {
  size_t old = ptr ? mapped_bytes(ptr) - HEAD_BYTES : 0;
  if (ptr && size <= old)
    return ptr;
  void *moved = pages_alloc(user, size);
  if (!moved || !ptr)
    return moved;
  memcpy(moved, ptr, old);
  pages_release(user, ptr);
  return moved;
}

const peal_mem *peal_pages(void) {
  static const peal_mem pages = {pages_alloc, pages_resize, pages_release,
                                 NULL};
  return &pages;
}
