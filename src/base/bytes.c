/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/mem.h"

struct peal_bytes {
  atomic_size_t refs;
  size_t len;
  const peal_mem *mem;
  char data[];
};

peal_bytes *peal_bytes_alloc(size_t len, const peal_mem *mem) {
  if (len > SIZE_MAX - sizeof(peal_bytes))
    return NULL;
  mem = peal_mem_or_libc(mem);
  peal_bytes *bytes = peal_mem_alloc(mem, sizeof(peal_bytes) + len);
  if (!bytes)
    return NULL;
  atomic_init(&bytes->refs, 1);
  bytes->len = len;
  bytes->mem = mem;
  return bytes;
}

peal_bytes *peal_bytes_new(peal_slice data) {
  peal_bytes *bytes = peal_bytes_alloc(data.len, NULL);
  if (bytes && data.len > 0)
    memcpy(bytes->data, data.ptr, data.len);
  return bytes;
}

/* A count of one does not mean that nobody else is here: several workers may
 * take a reference through one that a shared object holds. */
peal_bytes *peal_bytes_ref(peal_bytes *bytes) {
  atomic_fetch_add_explicit(&bytes->refs, 1, memory_order_relaxed);
  return bytes;
}

/* Whoever gives the last reference back is alone with it: then the atomic
 * read-modify-write is saved. */
void peal_bytes_unref(peal_bytes *bytes) {
  if (!bytes)
    return;
  if (atomic_load_explicit(&bytes->refs, memory_order_acquire) != 1 &&
      atomic_fetch_sub_explicit(&bytes->refs, 1, memory_order_acq_rel) != 1)
    return;
  peal_mem_free(bytes->mem, bytes);
}

peal_slice peal_bytes_slice(const peal_bytes *bytes) {
  return (peal_slice){bytes->data, bytes->len};
}

char *peal_bytes_data(peal_bytes *bytes) {
  assert(atomic_load_explicit(&bytes->refs, memory_order_relaxed) == 1);
  return bytes->data;
}

void peal_bytes_cut(peal_bytes *bytes, size_t len) {
  assert(atomic_load_explicit(&bytes->refs, memory_order_relaxed) == 1);
  assert(len <= bytes->len);
  bytes->len = len;
}
