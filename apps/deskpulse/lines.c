/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

peal_err lines_feed(lines *l, peal_slice bytes) {
  if (bytes.len == 0)
    return PEAL_OK;
  l->len -= l->from;
  l->at -= l->from;
  if (l->from > 0)
    memmove(l->buf, l->buf + l->from, l->len);
  l->from = 0;
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

/* The end of the line is not there yet: keep what there is, unless it is too
 * long already. */
static void keep(lines *l) {
  l->at = l->len;
  if (!l->skipping && l->len - l->from <= LINES_MAX)
    return;
  l->spoilt += !l->skipping;
  l->skipping = true;
  l->from = l->len;
}

/* The line that ends at `end`. Returns false if it is left out. */
static bool take(lines *l, size_t end, peal_slice *line) {
  size_t len = end - l->from;
  bool skipped = l->skipping;
  *line = (peal_slice){l->buf + l->from, len};
  if (len > 0 && l->buf[end - 1] == '\r')
    line->len--;
  l->from = l->at = end + 1;
  l->skipping = false;
  if (skipped)
    return false;
  l->spoilt += len > LINES_MAX;
  return line->len > 0 && len <= LINES_MAX;
}

bool lines_next(lines *l, peal_slice *line) {
  while (l->at < l->len) {
    const char *end = memchr(l->buf + l->at, '\n', l->len - l->at);
    if (end == NULL) {
      keep(l);
      return false;
    }
    if (take(l, (size_t)(end - l->buf), line))
      return true;
  }
  return false;
}

void lines_deinit(lines *l) {
  free(l->buf);
  *l = (lines){0};
}
