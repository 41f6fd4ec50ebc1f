/* SPDX-License-Identifier: MIT */
#include "web/multipart.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "wire/http1_chars.h"

typedef enum state {
  PREAMBLE,
  DATA,
  BEHIND,    /* a delimiter: "--", padding or CRLF */
  LAST_DASH, /* "-" has come */
  PADDING,
  LINE_FEED, /* CR has come */
  HEAD,
  EPILOGUE
} state;

static peal_err fail(peal_multipart *m, peal_err err, const char *why) {
  m->err = err;
  m->why = why;
  return err;
}

/* -- boundary -------------------------------------------------------------- */

/* RFC2046 5.1.1: bchars; the last one is no blank. */
static bool is_boundary(peal_slice text) {
  static const char marks[] = "'()+_,-./:=? ";
  if (!text.len || text.len > PEAL_MULTIPART_BOUNDARY ||
      text.ptr[text.len - 1] == ' ')
    return false;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if (!peal_http1_chars_has(c, PEAL_HTTP1_ALPHA) &&
        !peal_http1_chars_has(c, PEAL_HTTP1_DIGIT) && !memchr(marks, c, 13))
      return false;
  }
  return true;
}

/* Cut the value up to `;` outside of quotes off `rest`. */
static peal_slice next_param(peal_slice *rest) {
  bool quoted = false;
  size_t i = 0;
  for (; i < rest->len; i++) {
    char c = rest->ptr[i];
    if (c == '"' && !(quoted && i && rest->ptr[i - 1] == '\\'))
      quoted = !quoted;
    if (c == ';' && !quoted)
      break;
  }
  peal_slice param = {rest->ptr, i};
  size_t used = i < rest->len ? i + 1 : i;
  rest->ptr += used;
  rest->len -= used;
  return peal_text_trim(param);
}

/* name=value; without the quotes of the value. */
static bool split_param(peal_slice param, peal_slice *name, peal_slice *value) {
  const char *eq = param.len ? memchr(param.ptr, '=', param.len) : NULL;
  if (!eq)
    return false;
  *name = peal_text_trim((peal_slice){param.ptr, (size_t)(eq - param.ptr)});
  *value = peal_text_trim(
      (peal_slice){eq + 1, param.len - (size_t)(eq - param.ptr) - 1});
  if (value->len && value->ptr[0] == '"') {
    if (value->len < 2 || value->ptr[value->len - 1] != '"')
      return false;
    value->ptr++;
    value->len -= 2;
  }
  return true;
}

bool peal_multipart_boundary(peal_slice content_type, char *out, size_t *len) {
  peal_slice name, value;
  if (!peal_slice_is_nocase(next_param(&content_type), "multipart/form-data"))
    return false;
  while (content_type.len) {
    if (!split_param(next_param(&content_type), &name, &value) ||
        !peal_slice_is_nocase(name, "boundary"))
      continue;
    if (!is_boundary(value))
      return false;
    memcpy(out, value.ptr, value.len);
    *len = value.len;
    return true;
  }
  return false;
}

/* -- life ------------------------------------------------------------------ */

peal_err peal_multipart_init(peal_multipart *m, peal_slice boundary,
                             size_t max_parts, size_t max_head,
                             const peal_multipart_callbacks *callbacks,
                             void *user, const peal_mem *mem) {
  if (!is_boundary(boundary))
    return PEAL_ERR_USAGE;
  *m = (peal_multipart){.callbacks = *callbacks,
                        .user = user,
                        .max_parts = max_parts,
                        .state = PREAMBLE,
                        /* the first delimiter needs no CRLF before it */
                        .matched = 2};
  peal_buf_init(&m->head, mem, max_head);
  memcpy(m->delimiter, "\r\n--", 4);
  memcpy(m->delimiter + 4, boundary.ptr, boundary.len);
  m->delimiter_len = boundary.len + 4;
  return PEAL_OK;
}

void peal_multipart_deinit(peal_multipart *m) {
  peal_buf_deinit(&m->head);
}

/* -- the head of a part ---------------------------------------------------- */

/* What a part's fields said, as found so far. */
typedef struct fields {
  peal_multipart_part part;
  bool has_name;
  bool has_disposition;
} fields;

/* RFC7578 4.2: browsers write %22 for a quote, others \" as in a quoted
 * string; a lone backslash is part of the name. In place. */
static peal_slice unescape(char *text, size_t len) {
  size_t out = 0;
  for (size_t i = 0; i < len; i++) {
    if (text[i] == '\\' && i + 1 < len && text[i + 1] == '"')
      i++;
    else if (len - i >= 3 && memcmp(text + i, "%22", 3) == 0) {
      text[out++] = '"';
      i += 2;
      continue;
    }
    text[out++] = text[i];
  }
  return (peal_slice){text, out};
}

static peal_slice own(peal_multipart *m, peal_slice value) {
  return unescape(m->head.ptr + (value.ptr - m->head.ptr), value.len);
}

static bool take_disposition(peal_multipart *m, peal_slice value, fields *out) {
  peal_slice name, text;
  if (out->has_disposition ||
      !peal_slice_is_nocase(next_param(&value), "form-data"))
    return false;
  out->has_disposition = true;
  while (value.len) {
    if (!split_param(next_param(&value), &name, &text))
      return false;
    if (peal_slice_is_nocase(name, "name")) {
      out->part.name = own(m, text);
      out->has_name = true;
    } else if (peal_slice_is_nocase(name, "filename")) {
      out->part.filename = own(m, text);
    }
  }
  return out->has_name;
}

/* One line without its CRLF. */
static bool take_field(peal_multipart *m, peal_slice line, fields *out) {
  const char *colon = line.len ? memchr(line.ptr, ':', line.len) : NULL;
  if (!colon || colon == line.ptr)
    return false;
  peal_slice name = {line.ptr, (size_t)(colon - line.ptr)};
  peal_slice value =
      peal_text_trim((peal_slice){colon + 1, line.len - name.len - 1});
  for (size_t i = 0; i < name.len; i++) {
    if (!peal_http1_chars_has(name.ptr[i], PEAL_HTTP1_TCHAR))
      return false;
  }
  for (size_t i = 0; i < value.len; i++) {
    if (!peal_http1_chars_has(value.ptr[i], PEAL_HTTP1_VALUE))
      return false;
  }
  if (peal_slice_is_nocase(name, "content-disposition"))
    return take_disposition(m, value, out);
  if (peal_slice_is_nocase(name, "content-type"))
    out->part.type = value;
  return true;
}

static peal_err end_head(peal_multipart *m) {
  fields found = {0};
  char *p = m->head.ptr;
  char *end = m->head.ptr + m->head.len;
  while (p < end) {
    char *stop = memchr(p, '\n', (size_t)(end - p));
    assert(stop && stop > p && stop[-1] == '\r');
    peal_slice line = {p, (size_t)(stop - p) - 1};
    if (line.len && !take_field(m, line, &found))
      return fail(m, PEAL_ERR_HTTP_SYNTAX, "malformed head of a part");
    p = stop + 1;
  }
  if (!found.has_disposition)
    return fail(m, PEAL_ERR_HTTP_SYNTAX, "a part without a name");
  if (m->parts++ == m->max_parts)
    return fail(m, PEAL_ERR_LIMIT, "too many parts");
  peal_err err = m->callbacks.on_part(&found.part, m->user);
  peal_buf_reset(&m->head);
  m->state = DATA;
  m->matched = 0;
  return err ? fail(m, err, "refused") : PEAL_OK;
}

static bool head_is_over(const peal_buf *head) {
  if (head->len == 2)
    return true;
  return head->len >= 4 &&
         memcmp(head->ptr + head->len - 4, "\r\n\r\n", 4) == 0;
}

/* Up to and with the next LF. */
static size_t feed_head(peal_multipart *m, peal_slice in) {
  const char *lf = memchr(in.ptr, '\n', in.len);
  size_t len = lf ? (size_t)(lf - in.ptr) + 1 : in.len;
  peal_buf_add(&m->head, (peal_slice){in.ptr, len});
  if (m->head.err) {
    fail(m, m->head.err, "the head of a part is too long");
    return len;
  }
  if (!lf)
    return len;
  if (m->head.len < 2 || m->head.ptr[m->head.len - 2] != '\r')
    fail(m, PEAL_ERR_HTTP_SYNTAX, "a line of a part without CR");
  else if (head_is_over(&m->head))
    (void)end_head(m);
  return len;
}

/* -- data ------------------------------------------------------------------ */

static void emit(peal_multipart *m, peal_slice data) {
  if (m->state != DATA || !data.len || m->err)
    return;
  peal_err err = m->callbacks.on_data(data, m->user);
  if (err)
    fail(m, err, "refused");
}

static void end_data(peal_multipart *m) {
  if (m->state == DATA) {
    peal_err err = m->callbacks.on_part_end(m->user);
    if (err)
      fail(m, err, "refused");
  }
  m->state = BEHIND;
  m->matched = 0;
}

/* Only the first byte of the delimiter is a CR, so what did not match is data
 * and the search begins anew at the byte that differs. */
static size_t feed_data(peal_multipart *m, peal_slice in) {
  size_t used = 0;
  while (m->matched && used < in.len) {
    if (in.ptr[used] != m->delimiter[m->matched]) {
      emit(m, (peal_slice){m->delimiter, m->matched});
      m->matched = 0;
      return used;
    }
    used++;
    if (++m->matched == m->delimiter_len) {
      end_data(m);
      return used;
    }
  }
  if (used == in.len)
    return used;
  const char *cr = memchr(in.ptr, '\r', in.len);
  size_t len = cr ? (size_t)(cr - in.ptr) : in.len;
  emit(m, (peal_slice){in.ptr, len});
  if (!cr)
    return len;
  m->matched = 1;
  return len + 1;
}

/* -- behind a delimiter ---------------------------------------------------- */

static size_t feed_behind(peal_multipart *m, char c) {
  /* RFC2046 5.1.1: transport-padding, to be accepted. */
  if (c == '\r')
    m->state = LINE_FEED;
  else if (c == ' ' || c == '\t')
    m->state = PADDING;
  else if (c == '-' && m->state == BEHIND)
    m->state = LAST_DASH;
  else
    fail(m, PEAL_ERR_HTTP_SYNTAX, "expected a line end behind the boundary");
  return 1;
}

static size_t step(peal_multipart *m, peal_slice in) {
  switch ((state)m->state) {
  case PREAMBLE:
  case DATA:
    return feed_data(m, in);
  case BEHIND:
  case PADDING:
    return feed_behind(m, in.ptr[0]);
  case LAST_DASH:
    if (in.ptr[0] == '-')
      m->state = EPILOGUE;
    else
      fail(m, PEAL_ERR_HTTP_SYNTAX, "expected -- behind the last boundary");
    return 1;
  case LINE_FEED:
    if (in.ptr[0] == '\n')
      m->state = HEAD;
    else
      fail(m, PEAL_ERR_HTTP_SYNTAX, "expected LF behind CR");
    return 1;
  case HEAD:
    return feed_head(m, in);
  case EPILOGUE:
    break;
  }
  return in.len; /* RFC2046 5.1.1: the epilogue is to be ignored */
}

peal_err peal_multipart_feed(peal_multipart *m, peal_slice data) {
  while (data.len && !m->err) {
    size_t used = step(m, data);
    assert(used <= data.len);
    data.ptr += used;
    data.len -= used;
  }
  return m->err;
}

peal_err peal_multipart_end(peal_multipart *m) {
  if (!m->err && m->state != EPILOGUE)
    fail(m, PEAL_ERR_HTTP_SYNTAX, "the last boundary is missing");
  return m->err;
}
