/* SPDX-License-Identifier: MIT */
/* alloc_count: counts a program's allocations from outside. Preload it with
 * PEAL_ALLOC_COUNT=<file of 32 bytes>; the file is mapped, so a reader sees
 * the counts of the running program at any time:
 *
 *   malloc, calloc, realloc, free: four counters of 64 bits, native order. */
#define _GNU_SOURCE 1
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* The allocator below the names that this library takes over (glibc). */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void __libc_free(void *ptr);

typedef struct alloc_counts {
  _Atomic uint64_t malloc_calls;
  _Atomic uint64_t calloc_calls;
  _Atomic uint64_t realloc_calls;
  _Atomic uint64_t free_calls;
} alloc_counts;

static alloc_counts before_start;
static alloc_counts *counts = &before_start;

__attribute__((constructor)) static void counts_map(void) {
  const char *path = getenv("PEAL_ALLOC_COUNT");
  int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0)
    return;
  void *mapped =
      mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED)
    counts = mapped;
  close(fd);
}

static void count(_Atomic uint64_t *counter) {
  atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void *malloc(size_t size) {
  count(&counts->malloc_calls);
  return __libc_malloc(size);
}

void *calloc(size_t items, size_t size) {
  count(&counts->calloc_calls);
  return __libc_calloc(items, size);
}

void *realloc(void *ptr, size_t size) {
  count(&counts->realloc_calls);
  return __libc_realloc(ptr, size);
}

void free(void *ptr) {
  if (ptr != NULL)
    count(&counts->free_calls);
  __libc_free(ptr);
}
