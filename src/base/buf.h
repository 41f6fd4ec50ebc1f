/* SPDX-License-Identifier: MIT */
#pragma once
/* buf: the one growing buffer for all writes, with a ceiling and a sticky
 * error: after the first failure each call is a no-op, one check at the end
 * is enough. */
#include <peal/base.h>

#include "base/bytes.h"

typedef struct peal_buf {
  char *ptr;
  size_t len;
  size_t cap;
  size_t max;          /* len never passes this */
  const peal_mem *mem; /* borrowed */
  peal_err err;        /* first failure: PEAL_ERR_NOMEM or PEAL_ERR_LIMIT */
} peal_buf;

/* `mem` NULL: libc; `max` 0: no ceiling but SIZE_MAX / 2. Cannot fail. */
void peal_buf_init(peal_buf *buf, const peal_mem *mem, size_t max);
/* Give the memory back; the buffer is empty and usable afterwards. */
void peal_buf_deinit(peal_buf *buf);
/* Forget content and error, keep the memory. */
void peal_buf_reset(peal_buf *buf);
/* Make room for `more` bytes and return where they go, or NULL (sticky). The
 * caller writes up to `more` there and calls peal_buf_advance. */
char *peal_buf_reserve(peal_buf *buf, size_t more);
void peal_buf_advance(peal_buf *buf, size_t written);
void peal_buf_add(peal_buf *buf, peal_slice data);
void peal_buf_add_str(peal_buf *buf, const char *text);
void peal_buf_add_char(peal_buf *buf, char c);
/* Decimal. */
void peal_buf_add_u64(peal_buf *buf, uint64_t value);
void peal_buf_add_i64(peal_buf *buf, int64_t value);
/* Drop `count` bytes from the front. */
void peal_buf_consume(peal_buf *buf, size_t count);

/* peal_buf_reserve without a call, if there is room. */
static inline char *peal_buf_room(peal_buf *buf, size_t more) {
  if (buf->err == PEAL_OK && buf->cap - buf->len > more)
    return buf->ptr + buf->len;
  return peal_buf_reserve(buf, more);
}

static inline peal_slice peal_buf_slice(const peal_buf *buf) {
  return (peal_slice){buf->ptr, buf->len};
}
