/* SPDX-License-Identifier: MIT */
#pragma once
/* load_buf: bytes that wait: for the rest of a frame, or for room to send. */
#include <stddef.h>
#include <stdint.h>

typedef struct load_buf {
  uint8_t *ptr;
  size_t len;
  size_t cap;
} load_buf;

/* Make room for `len` more bytes. Returns: where they go; the caller adds
 * them to `buf->len`. */
uint8_t *load_buf_reserve(load_buf *buf, size_t len);
void load_buf_add(load_buf *buf, const void *bytes, size_t len);
/* Drop the first `len` bytes. */
void load_buf_drop(load_buf *buf, size_t len);
void load_buf_deinit(load_buf *buf);
