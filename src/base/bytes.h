/* SPDX-License-Identifier: MIT */
#pragma once
/* bytes: what stands behind peal_bytes, and a way to fill them before they
 * become immutable. */
#include <peal/base.h>

/* A buffer of `len` bytes with one reference and undefined content, from
 * `mem` (NULL: libc). Its data may be written until it is first shared.
 * Bytes from a worker's own allocator must not leave the worker.
 * Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_bytes *peal_bytes_alloc(size_t len, const peal_mem *mem);
/* The writable data of fresh bytes. */
char *peal_bytes_data(peal_bytes *bytes);
/* Shorten fresh bytes; `len` is at most what was allocated. */
void peal_bytes_cut(peal_bytes *bytes, size_t len);
