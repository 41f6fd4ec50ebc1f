/* SPDX-License-Identifier: MIT */
#pragma once
/* mem: shorthands for peal_mem. */
#include <string.h>

#include <peal/base.h>

static inline const peal_mem *peal_mem_or_libc(const peal_mem *mem) {
  return mem ? mem : peal_mem_libc();
}

static inline void *peal_mem_alloc(const peal_mem *mem, size_t size) {
  return mem->alloc(mem->user, size);
}

static inline void *peal_mem_zalloc(const peal_mem *mem, size_t size) {
  void *ptr = mem->alloc(mem->user, size);
  if (ptr)
    memset(ptr, 0, size);
  return ptr;
}

static inline void *peal_mem_resize(const peal_mem *mem, void *ptr,
                                    size_t size) {
  return mem->resize(mem->user, ptr, size);
}

static inline void peal_mem_free(const peal_mem *mem, void *ptr) {
  if (ptr)
    mem->release(mem->user, ptr);
}

/* A terminated copy, NULL if memory is out. */
char *peal_mem_str(const peal_mem *mem, peal_slice text);
