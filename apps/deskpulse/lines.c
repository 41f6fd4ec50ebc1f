/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

peal_err lines_feed(lines *l, peal_slice bytes) {
  if (bytes.len == 0)
    return PEAL_OK;
  if (bytes.len > l->cap - l->len) {
    size_t cap = l->cap + l->cap / 2 + bytes.len + 4096;
    char *more = realloc(l->buf, cap);
    if (more == NULL)
      return PEAL_ERR_NOMEM;
    l->buf = more;
    l->cap = cap;
  }
  memcpy(l->buf + l->len, bytes.ptr, bytes.len);
  l->len += bytes.len;
  return PEAL_OK;
}

static void drop(lines *l, size_t count) {
  l->len -= count;
  memmove(l->buf, l->buf + count, l->len);
  l->at = l->given = 0;
}

/* The end of the line is not there yet: keep what there is, unless it is too
 * long already. */
static void keep(lines *l) {
  l->at = l->len;
  if (!l->skipping && l->len <= LINES_MAX)
    return;
  l->spoilt += !l->skipping;
  l->skipping = true;
  drop(l, l->len);
}

bool lines_next(lines *l, peal_slice *line) {
  drop(l, l->given);
  while (l->at < l->len) {
    char *end = memchr(l->buf + l->at, '\n', l->len - l->at);
    if (end == NULL) {
      keep(l);
      return false;
    }
    size_t len = (size_t)(end - l->buf);
    bool left_out = l->skipping || len > LINES_MAX;
    l->spoilt += left_out && !l->skipping;
    l->skipping = false;
    *line = (peal_slice){l->buf, len};
    if (len > 0 && l->buf[len - 1] == '\r')
      line->len--;
    if (!left_out && line->len > 0) {
      l->given = len + 1;
      return true;
    }
    drop(l, len + 1);
  }
  return false;
}

void lines_deinit(lines *l) {
  free(l->buf);
  *l = (lines){0};
}
