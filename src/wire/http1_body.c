/* SPDX-License-Identifier: MIT */
#include "wire/http1_body.h"

#include <assert.h>

#include "base/err_site.h"
#include "base/hex.h"
#include "base/text.h"
#include "wire/http1_chars.h"
#include "wire/wire_limits.h"

/* RFC9112 7.1: a chunked body.
 *
 *   chunk   = 1*HEX extensions CRLF data CRLF
 *   last    = 1*"0" extensions CRLF
 *   extensions = *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted ) ] )
 *   trailer = *( name ":" value CRLF ) CRLF */
typedef enum state {
  DATA,       /* content, of a length or of a chunk */
  SIZE_FIRST, /* a digit must come */
  SIZE,
  SIZE_BLANK, /* blanks behind the size: a semicolon must come */
  EXT_FIRST,  /* behind a semicolon */
  EXT_NAME,
  EXT_BLANK,   /* blanks behind a name */
  VALUE_FIRST, /* behind an equals sign */
  VALUE_TOKEN,
  VALUE_QUOTED,
  VALUE_ESCAPED, /* behind a backslash */
  VALUE_END,     /* behind the closing quote */
  SIZE_LF,
  DATA_CR,
  DATA_LF,
  TRAILER, /* the first byte of a trailer line */
  TRAILER_NAME,
  TRAILER_VALUE,
  TRAILER_LF,
  END_LF,
  DONE,
  BAD
} state;

/* Hexadecimal digits of a chunk's size: what 64 bits hold. */
#define SIZE_DIGITS 16u

void peal_http1_body_begin(peal_http1_body *body, peal_http1_framing framing,
                           uint64_t content_length) {
  *body = (peal_http1_body){.framing = (uint8_t)framing};
  switch (framing) {
  case PEAL_HTTP1_NO_BODY:
    body->state = DONE;
    break;
  case PEAL_HTTP1_LENGTH:
    body->left = content_length;
    body->state = body->left ? DATA : DONE;
    break;
  case PEAL_HTTP1_CHUNKED:
    body->state = SIZE_FIRST;
    break;
  case PEAL_HTTP1_UNTIL_CLOSE:
    body->left = UINT64_MAX;
    body->state = DATA;
    break;
  }
}

bool peal_http1_body_is_done(const peal_http1_body *body) {
  return body->state == DONE;
}

/* What ends a size, a name or a value: the next extension or the line. */
static state after_word(char c, state blank) {
  if (c == '\r')
    return SIZE_LF;
  if (c == ';')
    return EXT_FIRST;
  return peal_text_is_blank(c) ? blank : BAD;
}

static state after_size(peal_http1_body *body, state at, char c) {
  if (at == SIZE_FIRST)
    body->left = 0;
  if (peal_http1_chars_has(c, PEAL_HTTP1_HEX)) {
    if (body->line > SIZE_DIGITS)
      return BAD;
    body->left = body->left << 4 | (unsigned)peal_hex_value(c);
    return SIZE;
  }
  return at == SIZE_FIRST ? BAD : after_word(c, SIZE_BLANK);
}

/* RFC9112 7.1.1: blanks around a semicolon or an equals sign are bad, and
 * are taken (RFC9110 5.6.3); nowhere else, so not before the line's end. */
static state after_extension(state at, char c) {
  if (peal_text_is_blank(c) && at != EXT_NAME)
    return at;
  if (peal_http1_chars_has(c, PEAL_HTTP1_TCHAR) &&
      (at == EXT_FIRST || at == EXT_NAME))
    return EXT_NAME;
  if (c == '=' && (at == EXT_NAME || at == EXT_BLANK))
    return VALUE_FIRST;
  if (at == EXT_NAME)
    return after_word(c, EXT_BLANK);
  return c == ';' && at != EXT_FIRST ? EXT_FIRST : BAD;
}

/* RFC9110 5.6.4: quoted-string; a backslash may stand before any byte that a
 * field value may have. */
static state after_quoted(state at, char c) {
  if (at == VALUE_QUOTED && c == '"')
    return VALUE_END;
  if (at == VALUE_QUOTED && c == '\\')
    return VALUE_ESCAPED;
  return peal_http1_chars_has(c, PEAL_HTTP1_VALUE) ? VALUE_QUOTED : BAD;
}

static state after_value(state at, char c) {
  if (at == VALUE_FIRST && peal_text_is_blank(c))
    return VALUE_FIRST;
  if (at == VALUE_FIRST && c == '"')
    return VALUE_QUOTED;
  if (at == VALUE_END)
    return after_word(c, SIZE_BLANK);
  if (peal_http1_chars_has(c, PEAL_HTTP1_TCHAR))
    return VALUE_TOKEN;
  return at == VALUE_TOKEN ? after_word(c, SIZE_BLANK) : BAD;
}

/* The line of a chunk's size. RFC9112 7.1.1: extensions nobody understands
 * MUST be ignored, and their length limited. */
static state after_size_line(peal_http1_body *body, state at, char c) {
  if (at == SIZE_FIRST)
    body->line = 0;
  if (++body->line > PEAL_LIMIT_HTTP_CHUNK_LINE_BYTES)
    return BAD;
  if (at <= SIZE)
    return after_size(body, at, c);
  if (at <= EXT_BLANK)
    return after_extension(at, c);
  if (at == VALUE_QUOTED || at == VALUE_ESCAPED)
    return after_quoted(at, c);
  return after_value(at, c);
}

/* RFC9112 7.1.2: trailers follow the rules of field lines. */
static state after_trailer(peal_http1_body *body, state at, char c) {
  if (++body->line > PEAL_LIMIT_HTTP_FIELDS_BYTES)
    return BAD;
  if (at == TRAILER_VALUE) {
    if (c == '\r')
      return TRAILER_LF;
    return peal_http1_chars_has(c, PEAL_HTTP1_VALUE) ? TRAILER_VALUE : BAD;
  }
  if (at == TRAILER && c == '\r')
    return END_LF;
  if (at == TRAILER_NAME && c == ':')
    return TRAILER_VALUE;
  return peal_http1_chars_has(c, PEAL_HTTP1_TCHAR) ? TRAILER_NAME : BAD;
}

static state after_size_lf(peal_http1_body *body, char c) {
  if (c != '\n')
    return BAD;
  body->line = 0;
  return body->left ? DATA : TRAILER;
}

static state after(peal_http1_body *body, state at, char c) {
  switch (at) {
  case SIZE_FIRST:
  case SIZE:
  case SIZE_BLANK:
  case EXT_FIRST:
  case EXT_NAME:
  case EXT_BLANK:
  case VALUE_FIRST:
  case VALUE_TOKEN:
  case VALUE_QUOTED:
  case VALUE_ESCAPED:
  case VALUE_END:
    return after_size_line(body, at, c);
  case SIZE_LF:
    return after_size_lf(body, c);
  case DATA_CR:
    return c == '\r' ? DATA_LF : BAD;
  case DATA_LF:
    return c == '\n' ? SIZE_FIRST : BAD;
  case TRAILER:
  case TRAILER_NAME:
  case TRAILER_VALUE:
    return after_trailer(body, at, c);
  case TRAILER_LF:
    return c == '\n' ? TRAILER : BAD;
  case END_LF:
    return c == '\n' ? DONE : BAD;
  case DATA:
  case DONE:
  case BAD:
    break;
  }
  return BAD;
}

static size_t take_data(peal_http1_body *body, peal_slice in) {
  size_t len = body->left < in.len ? (size_t)body->left : in.len;
  if (body->framing == PEAL_HTTP1_UNTIL_CLOSE)
    return len;
  body->left -= len;
  if (!body->left)
    body->state = body->framing == PEAL_HTTP1_CHUNKED ? DATA_CR : DONE;
  return len;
}

peal_err peal_http1_body_feed(peal_http1_body *body, peal_slice in,
                              size_t *used, peal_slice *data) {
  size_t pos = 0;
  *data = (peal_slice){in.ptr, 0};
  while (pos < in.len && body->state != DONE && body->state != BAD) {
    if (body->state == DATA) {
      peal_slice rest = {in.ptr + pos, in.len - pos};
      *data = (peal_slice){rest.ptr, take_data(body, rest)};
      pos += data->len;
      break;
    }
    body->state = (uint8_t)after(body, (state)body->state, in.ptr[pos]);
    pos++;
  }
  *used = pos;
  if (body->state == BAD)
    return PEAL_FAIL(PEAL_ERR_HTTP_SYNTAX);
  return body->state == DONE ? PEAL_OK : PEAL_ERR_AGAIN;
}
