/* SPDX-License-Identifier: MIT */
#include "wire/http1_scan.h"

#include "base/err_site.h"
#include "wire/http1_chars.h"
#include "wire/wire_limits.h"

/* RFC9110 9: registered methods have at most 17 bytes. */
#define METHOD_MAX 32u

typedef enum state {
  START,        /* the first byte */
  START_LF,     /* of the empty line before the head */
  FIRST,        /* the first byte behind it */
  METHOD,       /* or the version of a response */
  TARGET_FIRST, /* the byte behind the first blank */
  TARGET,       /* or the status of a response */
  REST,         /* version, or reason */
  LF,           /* behind the CR of a line */
  LINE,         /* the first byte of a field line */
  NAME,
  VALUE,
  END_LF, /* behind the CR of the empty line */
  BAD,
  TOO_LONG,
  TARGET_TOO_LONG
} state;

static bool has(char c, peal_http1_chars flag) {
  return peal_http1_chars_has(c, flag);
}

static size_t or_default(size_t value, size_t fallback) {
  return value ? value : fallback;
}

static state after_value(char c) {
  if (c == '\r')
    return LF;
  return has(c, PEAL_HTTP1_VALUE) ? VALUE : BAD;
}

/* RFC9112 2.2: one empty line before the head is skipped. What cannot begin a
 * method (a TLS handshake, for one) is refused at its first byte. */
static state after_start(state at, char c) {
  if (at == START_LF)
    return c == '\n' ? FIRST : BAD;
  if (at == START && c == '\r')
    return START_LF;
  return has(c, PEAL_HTTP1_TCHAR) ? METHOD : BAD;
}

static state after_start_line(state at, char c, size_t word_len) {
  if (at == METHOD) {
    if (c == ' ')
      return TARGET_FIRST;
    /* The slash is that of "HTTP/1.1" in a response. */
    bool fits = word_len < METHOD_MAX;
    return fits && (has(c, PEAL_HTTP1_TCHAR) || c == '/') ? METHOD : BAD;
  }
  if (at == REST) {
    if (c == '\r')
      return LF;
    return has(c, PEAL_HTTP1_VALUE) ? REST : BAD;
  }
  if (at == TARGET && c == ' ')
    return REST;
  if (at == TARGET && c == '\r')
    return LF;
  return has(c, PEAL_HTTP1_TARGET) ? TARGET : BAD;
}

/* RFC9112 5.1: no blank before the colon; 5.2: a line that begins with one
 * is folded, and refused. */
static state after_field(state at, char c) {
  if (at == LF)
    return c == '\n' ? LINE : BAD;
  if (at == LINE && c == '\r')
    return END_LF;
  if (at == NAME && c == ':')
    return VALUE;
  return has(c, PEAL_HTTP1_TCHAR) ? NAME : BAD;
}

static state after(state at, char c, size_t word_len) {
  switch (at) {
  case START:
  case START_LF:
  case FIRST:
    return after_start(at, c);
  case METHOD:
  case TARGET_FIRST:
  case TARGET:
  case REST:
    return after_start_line(at, c, word_len);
  case LF:
  case LINE:
  case NAME:
    return after_field(at, c);
  case VALUE:
    return after_value(c);
  case END_LF:
  case BAD:
  case TOO_LONG:
  case TARGET_TOO_LONG:
    break;
  }
  return BAD;
}

/* Run over bytes that leave the state as it is: most of a head. The target's
 * are taken one by one where its limit is near. */
static size_t run(const peal_http1_scan *scan, state at, peal_slice in,
                  size_t end, size_t target_max) {
  peal_http1_chars flag = PEAL_HTTP1_TCHAR;
  size_t pos = scan->pos;
  if (at == VALUE || at == REST)
    flag = PEAL_HTTP1_VALUE;
  else if (at == TARGET)
    flag = PEAL_HTTP1_TARGET;
  else if (at != NAME)
    return pos;
  if (at == TARGET && end - scan->word > target_max)
    end = scan->word + target_max;
  return pos + peal_http1_chars_span(in.ptr + pos, end - pos, flag);
}

static peal_err verdict(state at) {
  if (at == BAD)
    return PEAL_FAIL(PEAL_ERR_HTTP_SYNTAX);
  if (at == TOO_LONG)
    return PEAL_FAIL(PEAL_ERR_HTTP_HEAD_LEN);
  return at == TARGET_TOO_LONG ? PEAL_FAIL(PEAL_ERR_HTTP_URI_LEN)
                               : PEAL_ERR_AGAIN;
}

/* One byte; the state and where its word began. */
static state step(peal_http1_scan *scan, state at, char c, size_t target_max) {
  state next = after(at, c, scan->pos - scan->word);
  if (next == METHOD && at != METHOD)
    scan->word = scan->pos;
  if (next == TARGET_FIRST)
    scan->word = scan->pos + 1;
  if (next == TARGET && scan->pos - scan->word >= target_max)
    return TARGET_TOO_LONG;
  return next;
}

peal_err peal_http1_scan_feed(peal_http1_scan *scan, peal_slice in,
                              const peal_http1_limits *limits, size_t *len) {
  static const peal_http1_limits none = {0, 0};
  if (!limits)
    limits = &none;
  size_t max = or_default(limits->head_bytes, PEAL_LIMIT_HTTP_HEAD_BYTES);
  size_t target_max =
      or_default(limits->target_bytes, PEAL_LIMIT_HTTP_TARGET_BYTES);
  size_t end = in.len < max ? in.len : max;
  state at = (state)scan->state;
  while (scan->pos < end && at < BAD) {
    scan->pos = run(scan, at, in, end, target_max);
    if (scan->pos == end)
      break;
    char c = in.ptr[scan->pos];
    if (at == END_LF && c == '\n') {
      *len = scan->pos + 1;
      return PEAL_OK;
    }
    at = step(scan, at, c, target_max);
    if (at < BAD)
      scan->pos++;
  }
  if (at < BAD && scan->pos >= max)
    at = TOO_LONG;
  scan->state = (uint8_t)at;
  return verdict(at);
}
