/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <assert.h>

#include "base/decimal.h"
#include "base/err_site.h"
#include "base/mem.h"

#define BUF_MIN_BYTES 64u

void peal_buf_init(peal_buf *buf, const peal_mem *mem, size_t max) {
  *buf =
      (peal_buf){.max = max ? max : SIZE_MAX / 2, .mem = peal_mem_or_libc(mem)};
}

void peal_buf_deinit(peal_buf *buf) {
  peal_mem_free(buf->mem, buf->ptr);
  buf->ptr = NULL;
  buf->len = 0;
  buf->cap = 0;
  buf->err = PEAL_OK;
}

void peal_buf_reset(peal_buf *buf) {
  buf->len = 0;
  buf->err = PEAL_OK;
}

/* Growth by half again keeps appending linear in what is appended; the last
 * step goes to the ceiling. */
static size_t buf_next_cap(const peal_buf *buf, size_t need) {
  size_t cap = buf->cap < BUF_MIN_BYTES ? BUF_MIN_BYTES : buf->cap;
  bool fits = cap / 2 <= buf->max && cap <= buf->max - cap / 2;
  cap = fits ? cap + cap / 2 : buf->max;
  return cap < need ? need : cap;
}

static bool buf_grow(peal_buf *buf, size_t more) {
  if (more > buf->max || buf->len > buf->max - more) {
    buf->err = PEAL_FAIL(PEAL_ERR_LIMIT);
    return false;
  }
  size_t need = buf->len + more;
  size_t cap = buf_next_cap(buf, need);
  char *ptr = buf->ptr ? peal_mem_resize(buf->mem, buf->ptr, cap)
                       : peal_mem_alloc(buf->mem, cap);
  if (!ptr) {
    buf->err = PEAL_FAIL(PEAL_ERR_NOMEM);
    return false;
  }
  buf->ptr = ptr;
  buf->cap = cap;
  return true;
}

char *peal_buf_reserve(peal_buf *buf, size_t more) {
  if (buf->err != PEAL_OK)
    return NULL;
  if ((buf->cap - buf->len < more || !buf->ptr) &&
      !buf_grow(buf, more ? more : 1))
    return NULL;
  return buf->ptr + buf->len;
}

void peal_buf_advance(peal_buf *buf, size_t written) {
  assert(buf->err != PEAL_OK || written <= buf->cap - buf->len);
  if (buf->err == PEAL_OK)
    buf->len += written;
}

void peal_buf_add(peal_buf *buf, peal_slice data) {
  if (data.len == 0)
    return;
  char *to = peal_buf_reserve(buf, data.len);
  if (!to)
    return;
  memcpy(to, data.ptr, data.len);
  buf->len += data.len;
}

void peal_buf_add_str(peal_buf *buf, const char *text) {
  peal_buf_add(buf, peal_slice_of(text));
}

void peal_buf_add_char(peal_buf *buf, char c) {
  char *to = peal_buf_reserve(buf, 1);
  if (!to)
    return;
  *to = c;
  buf->len++;
}

void peal_buf_add_u64(peal_buf *buf, uint64_t value) {
  char digits[PEAL_DECIMAL_MAX];
  size_t len = peal_decimal_put(digits, value);
  peal_buf_add(buf, (peal_slice){digits, len});
}

void peal_buf_add_i64(peal_buf *buf, int64_t value) {
  uint64_t magnitude = (uint64_t)value;
  if (value < 0) {
    magnitude = 0 - magnitude;
    peal_buf_add_char(buf, '-');
  }
  peal_buf_add_u64(buf, magnitude);
}

void peal_buf_consume(peal_buf *buf, size_t count) {
  assert(count <= buf->len);
  if (count == 0)
    return;
  buf->len -= count;
  if (buf->len > 0)
    memmove(buf->ptr, buf->ptr + count, buf->len);
}
