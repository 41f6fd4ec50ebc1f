/* SPDX-License-Identifier: MIT */
#include "mjpeg.h"

#include <stdlib.h>
#include <string.h>

/* So many beginnings may lead through the same bytes. */
enum { MOST_TRIES = 64 };

peal_err mjpeg_feed(mjpeg *m, peal_slice bytes) {
  if (bytes.len == 0)
    return PEAL_OK;
  // once for each feed, however many beginnings lie behind
  size_t gone = m->from < m->len ? m->from : m->len;
  m->len -= gone;
  m->at -= gone;
  m->from -= gone;
  m->farthest -= gone < m->farthest ? gone : m->farthest;
  if (gone > 0)
    memmove(m->buf, m->buf + gone, m->len);
  if (bytes.len > m->cap - m->len) {
    size_t cap = m->cap + m->cap / 2 + bytes.len + 4096;
    uint8_t *more = realloc(m->buf, cap);
    if (more == NULL)
      return PEAL_ERR_NOMEM;
    m->buf = more;
    m->cap = cap;
  }
  memcpy(m->buf + m->len, bytes.ptr, bytes.len);
  m->len += bytes.len;
  return PEAL_OK;
}

/* It is no picture: go on looking behind its first byte. After many in a row
 * behind all that they have read, so that each byte is read so often at most. */
static void give_up(mjpeg *m) {
  m->spoilt++;
  m->farthest = m->at > m->farthest ? m->at : m->farthest;
  m->from++;
  if (++m->tries == MOST_TRIES) {
    m->from = m->farthest > m->from ? m->farthest : m->from;
    m->tries = 0;
  }
  m->at = m->from;
  m->where = MJPEG_BETWEEN;
}

/* A picture begins with FF D8 FF. Returns false if more bytes are needed. */
static bool find_start(mjpeg *m) {
  size_t i = m->from;
  for (; i + 2 < m->len; i++)
    if (m->buf[i] == 0xff && m->buf[i + 1] == 0xd8 && m->buf[i + 2] == 0xff)
      break;
  m->from = m->at = i;
  if (i + 2 >= m->len)
    return false;
  m->at = i + 2;
  m->where = MJPEG_MARKER;
  return true;
}

/* At FF and the marker's number; T.81 B.1.1. Returns the bytes of the picture
 * if that was its end, otherwise 0; *more if bytes are needed. */
static size_t read_marker(mjpeg *m, bool *more) {
  *more = m->len - m->at < 4;
  const uint8_t *p = m->buf + m->at;
  // the end needs only two bytes: it may be the last of the stream
  if (m->len - m->at >= 2 && p[0] == 0xff && p[1] == 0xd9) {
    *more = false;
    return m->at + 2 - m->from;
  }
  if (*more)
    return 0;
  if (p[0] != 0xff || p[1] == 0xd8 || p[1] == 0) {
    give_up(m);
  } else if (p[1] == 0xff) {
    m->at++; // filling
  } else if (p[1] == 0x01 || (p[1] >= 0xd0 && p[1] <= 0xd7)) {
    m->at += 2; // without a length
  } else {
    size_t len = (size_t)(p[2] << 8 | p[3]);
    if (len < 2) {
      give_up(m);
      return 0;
    }
    m->where = p[1] == 0xda ? MJPEG_SCAN : MJPEG_MARKER;
    m->at += 2 + len; // possibly beyond what is there
  }
  return 0;
}

static bool is_too_long(const mjpeg *m) {
  return m->at - m->from > MJPEG_MAX_PICTURE;
}

/* Coded data: FF 00 and restarts belong to it, any other marker ends it. */
static bool skip_scan(mjpeg *m) {
  for (; m->at + 1 < m->len && !is_too_long(m); m->at++) {
    if (m->buf[m->at] != 0xff)
      continue;
    uint8_t next = m->buf[m->at + 1];
    if (next == 0 || next == 0xff || (next >= 0xd0 && next <= 0xd7))
      continue;
    m->where = MJPEG_MARKER;
    return true;
  }
  return false;
}

bool mjpeg_next(mjpeg *m, peal_slice *picture) {
  for (;;) {
    bool more = false;
    size_t len = 0;
    if (m->where == MJPEG_BETWEEN)
      more = !find_start(m);
    else if (is_too_long(m))
      give_up(m);
    else if (m->at >= m->len)
      more = true;
    else if (m->where == MJPEG_SCAN)
      more = !skip_scan(m) && !is_too_long(m);
    else
      len = read_marker(m, &more);
    if (len > 0) {
      *picture = (peal_slice){(const char *)m->buf + m->from, len};
      m->at = m->from += len;
      m->tries = 0;
      m->where = MJPEG_BETWEEN;
      return true;
    }
    if (more)
      return false;
  }
}

void mjpeg_deinit(mjpeg *m) {
  free(m->buf);
  *m = (mjpeg){0};
}
