/* SPDX-License-Identifier: MIT */
#include "load_buf.h"

#include <stdlib.h>
#include <string.h>

#include "load_sys.h"

uint8_t *load_buf_reserve(load_buf *buf, size_t len) {
  if (buf->cap - buf->len < len) {
    size_t cap = buf->cap < 256 ? 256 : buf->cap;
    while (cap - buf->len < len)
      cap *= 2;
    buf->ptr = load_sys_realloc(buf->ptr, cap);
    buf->cap = cap;
  }
  return buf->ptr + buf->len;
}

void load_buf_add(load_buf *buf, const void *bytes, size_t len) {
  if (len == 0)
    return;
  memcpy(load_buf_reserve(buf, len), bytes, len);
  buf->len += len;
}

void load_buf_drop(load_buf *buf, size_t len) {
  buf->len -= len;
  if (buf->len > 0)
    memmove(buf->ptr, buf->ptr + len, buf->len);
}

void load_buf_deinit(load_buf *buf) {
  free(buf->ptr);
  *buf = (load_buf){0};
}
