/* SPDX-License-Identifier: MIT */
#include "wire/http1.h"

#include <assert.h>
#include <string.h>

#include "base/err_site.h"
#include "base/text.h"
#include "wire/http1_chars.h"
#include "wire/http1_target.h"
#include "wire/wire_limits.h"

#define METHOD_MAX 32u

/* What the framing fields of a head say. */
typedef struct facts {
  peal_slice host;
  peal_slice length;
  peal_slice coding;
  peal_slice expect;
  unsigned hosts, lengths, codings;
  bool close, keep_alive, upgrade; /* named by Connection */
  bool has_upgrade;                /* the field is there */
} facts;

typedef struct parser {
  peal_slice in;
  size_t pos;
  peal_err_info *info;
  peal_http1_head *out;
  facts facts;
} parser;

static peal_err fail(const parser *p, peal_err err, const char *msg) {
  if (p->info)
    *p->info = (peal_err_info){.code = err, .msg = msg, .pos = p->pos};
  return err;
}

static peal_err fail_syntax(const parser *p, const char *msg) {
  return fail(p, PEAL_FAIL(PEAL_ERR_HTTP_SYNTAX), msg);
}

/* -- pieces of text ------------------------------------------------------- */

static bool has(char c, peal_http1_chars flag) {
  return peal_http1_chars_has(c, flag);
}

static bool is_all(peal_slice text, peal_http1_chars flag) {
  return peal_http1_chars_span(text.ptr, text.len, flag) == text.len;
}

bool peal_http1_is_token(peal_slice text) {
  return text.len > 0 && is_all(text, PEAL_HTTP1_TCHAR);
}

bool peal_http1_is_field_value(peal_slice text) {
  return is_all(text, PEAL_HTTP1_VALUE);
}

/* Take the bytes that have the flag. */
static peal_slice take(parser *p, peal_http1_chars flag) {
  const char *start = p->in.ptr + p->pos;
  size_t len = peal_http1_chars_span(start, p->in.len - p->pos, flag);
  p->pos += len;
  return (peal_slice){start, len};
}

static bool take_char(parser *p, char c) {
  if (p->pos == p->in.len || p->in.ptr[p->pos] != c)
    return false;
  p->pos++;
  return true;
}

/* RFC9112 2.2: a line ends with CR LF, and with nothing less. */
static bool take_crlf(parser *p) {
  return take_char(p, '\r') && take_char(p, '\n');
}

/* -- start lines ---------------------------------------------------------- */

/* RFC9112 2.3: "HTTP/" DIGIT "." DIGIT. A later 1.x is read as 1.1, the
 * highest we know (RFC9110 2.5); another major version is refused as such. */
static peal_err take_version(parser *p) {
  const char *at = p->in.ptr + p->pos;
  if (p->in.len - p->pos < 8 || memcmp(at, "HTTP/", 5) != 0 ||
      !has(at[5], PEAL_HTTP1_DIGIT) || at[6] != '.' ||
      !has(at[7], PEAL_HTTP1_DIGIT))
    return fail_syntax(p, "HTTP version malformed");
  if (at[5] != '1')
    return fail(p, PEAL_FAIL(PEAL_ERR_HTTP_VERSION),
                "HTTP version is not 1.0 or 1.1");
  p->out->minor = at[7] == '0' ? 0 : 1;
  p->pos += 8;
  return PEAL_OK;
}

static size_t or_default(size_t value, size_t fallback) {
  return value ? value : fallback;
}

static peal_err take_request_line(parser *p, size_t target_max) {
  peal_http1_head *out = p->out;
  out->method = take(p, PEAL_HTTP1_TCHAR);
  if (!out->method.len || out->method.len > METHOD_MAX || !take_char(p, ' '))
    return fail_syntax(p, "method is not a token of 1 to 32 bytes");
  out->target = take(p, PEAL_HTTP1_TARGET);
  if (out->target.len > target_max)
    return fail(p, PEAL_FAIL(PEAL_ERR_HTTP_URI_LEN), "request target too long");
  if (!take_char(p, ' '))
    return fail_syntax(p, "request target malformed");
  peal_err err = take_version(p);
  if (err)
    return err;
  if (!take_crlf(p))
    return fail_syntax(p, "request line does not end with CR LF");
  if (!peal_http1_target_is_valid(out->method, out->target))
    return fail_syntax(p, "request target has no form its method allows");
  return PEAL_OK;
}

/* RFC9112 4: version SP 3DIGIT SP reason. The blank before an absent reason
 * is missing in some servers' answers: nothing depends on it. */
static peal_err take_status_line(parser *p) {
  peal_http1_head *out = p->out;
  peal_err err = take_version(p);
  if (err)
    return err;
  if (!take_char(p, ' '))
    return fail_syntax(p, "no blank behind the HTTP version");
  peal_slice digits = take(p, PEAL_HTTP1_DIGIT);
  if (digits.len != 3 || digits.ptr[0] == '0')
    return fail_syntax(p, "status is not three digits from 100 on");
  for (size_t i = 0; i < digits.len; i++)
    out->status = out->status * 10 + (unsigned)(digits.ptr[i] - '0');
  if (take_char(p, ' '))
    out->reason = take(p, PEAL_HTTP1_VALUE);
  if (!take_crlf(p))
    return fail_syntax(p, "status line does not end with CR LF");
  return PEAL_OK;
}

/* -- fields --------------------------------------------------------------- */

static void note_connection(facts *f, peal_slice list) {
  peal_slice token;
  while (peal_text_next(&list, ',', &token)) {
    if (peal_slice_is_nocase(token, "close"))
      f->close = true;
    else if (peal_slice_is_nocase(token, "keep-alive"))
      f->keep_alive = true;
    else if (peal_slice_is_nocase(token, "upgrade"))
      f->upgrade = true;
  }
}

/* Remember the fields that decide about framing and connection. */
static void note_field(facts *f, peal_http1_name name, peal_slice value) {
  if (name == PEAL_HTTP1_NAME_HOST) {
    f->host = value;
    f->hosts++;
  } else if (name == PEAL_HTTP1_NAME_EXPECT) {
    f->expect = value;
  } else if (name == PEAL_HTTP1_NAME_UPGRADE) {
    f->has_upgrade = f->has_upgrade || value.len > 0;
  } else if (name == PEAL_HTTP1_NAME_CONNECTION) {
    note_connection(f, value);
  } else if (name == PEAL_HTTP1_NAME_CONTENT_LENGTH) {
    f->length = value;
    f->lengths++;
  } else if (name == PEAL_HTTP1_NAME_TRANSFER_ENCODING) {
    f->coding = value;
    f->codings++;
  }
}

/* RFC9112 5: name ":" OWS value OWS CRLF; no blank before the colon (5.1), no
 * folded line (5.2). */
static peal_err take_field(parser *p) {
  peal_http1_head *out = p->out;
  if (out->count == PEAL_LIMIT_HTTP_FIELDS)
    return fail(p, PEAL_FAIL(PEAL_ERR_HTTP_HEAD_LEN),
                "more than 100 header fields");
  peal_http1_field *field = &out->fields[out->count];
  field->name = take(p, PEAL_HTTP1_TCHAR);
  if (!field->name.len)
    return fail_syntax(p, "a header line does not begin with a name");
  if (!take_char(p, ':'))
    return fail_syntax(p, "no colon directly behind a header name");
  field->value = peal_text_trim(take(p, PEAL_HTTP1_VALUE));
  if (!take_crlf(p))
    return fail_syntax(p, "control character in a header value");
  peal_http1_name name = peal_http1_name_of(field->name);
  out->count++;
  if (name == PEAL_HTTP1_NAME_OTHER)
    return PEAL_OK;
  if (!out->first[name])
    out->first[name] = (uint8_t)out->count;
  note_field(&p->facts, name, field->value);
  return PEAL_OK;
}

static peal_err take_fields(parser *p) {
  while (p->pos < p->in.len && p->in.ptr[p->pos] != '\r') {
    peal_err err = take_field(p);
    if (err)
      return err;
  }
  if (!take_crlf(p))
    return fail_syntax(p, "the head does not end with an empty line");
  return PEAL_OK;
}

/* -- framing -------------------------------------------------------------- */

/* RFC9112 6.1: the one coding we know is chunked, once. A list of others is
 * not implemented; what is not even a list of tokens is malformed. */
static peal_err check_coding(const parser *p) {
  const facts *f = &p->facts;
  peal_slice list = f->coding;
  peal_slice element;
  /* RFC9112 6.1: a coding in an HTTP/1.0 message is faulty framing. */
  if (p->out->minor == 0)
    return fail_syntax(p, "Transfer-Encoding in HTTP/1.0");
  /* RFC9112 6.3: both may be an attempt at smuggling. */
  if (f->lengths)
    return fail_syntax(p, "both Content-Length and Transfer-Encoding");
  while (peal_text_next(&list, ',', &element))
    if (!peal_http1_is_token(element))
      return fail_syntax(p, "Transfer-Encoding is not a list of tokens");
  if (f->codings > 1 || !peal_slice_is_nocase(f->coding, "chunked"))
    return fail(p, PEAL_FAIL(PEAL_ERR_HTTP_CODING),
                "Transfer-Encoding is not exactly chunked");
  return PEAL_OK;
}

/* RFC9112 6.3: Content-Length = 1*DIGIT, once. Repeated ones are refused
 * also if they are equal. */
static peal_err read_length(const parser *p, uint64_t *length) {
  peal_slice text = p->facts.length;
  uint64_t value = 0;
  if (p->facts.lengths > 1)
    return fail_syntax(p, "repeated Content-Length");
  if (!text.len)
    return fail_syntax(p, "Content-Length is empty");
  for (size_t i = 0; i < text.len; i++) {
    if (!has(text.ptr[i], PEAL_HTTP1_DIGIT))
      return fail_syntax(p, "Content-Length is not a number");
    unsigned digit = (unsigned)(text.ptr[i] - '0');
    if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
        __builtin_add_overflow(value, (uint64_t)digit, &value))
      return fail_syntax(p, "Content-Length has no 64 bits");
  }
  *length = value;
  return PEAL_OK;
}

/* The framing that the fields announce; `none` if they announce nothing. */
static peal_err read_framing(parser *p, peal_http1_framing none) {
  peal_http1_head *out = p->out;
  out->framing = none;
  if (p->facts.codings) {
    out->framing = PEAL_HTTP1_CHUNKED;
    return check_coding(p);
  }
  if (!p->facts.lengths)
    return PEAL_OK;
  out->framing = PEAL_HTTP1_LENGTH;
  return read_length(p, &out->content_length);
}

/* RFC9112 9.3: HTTP/1.1 stays unless closed, 1.0 only if it says so.
 * RFC9110 7.8: Upgrade in HTTP/1.0 is ignored. */
static void read_connection(parser *p) {
  peal_http1_head *out = p->out;
  const facts *f = &p->facts;
  out->keep_alive = !f->close && (out->minor == 1 || f->keep_alive);
  out->upgrade = out->minor == 1 && f->upgrade && f->has_upgrade;
}

/* RFC9112 3.2: exactly one Host in HTTP/1.1, at most one in 1.0. */
static peal_err check_host(const parser *p) {
  const facts *f = &p->facts;
  if (f->hosts > 1)
    return fail_syntax(p, "repeated Host");
  if (!f->hosts && p->out->minor == 1)
    return fail_syntax(p, "no Host");
  if (f->hosts && !peal_http1_target_is_authority(f->host))
    return fail_syntax(p, "Host malformed");
  return PEAL_OK;
}

/* RFC9110 10.1.1: the one expectation is 100-continue; HTTP/1.0 has none. */
static peal_err read_expect(parser *p) {
  if (!p->facts.expect.ptr || p->out->minor == 0)
    return PEAL_OK;
  if (!peal_slice_is_nocase(p->facts.expect, "100-continue"))
    return fail(p, PEAL_FAIL(PEAL_ERR_HTTP_EXPECT),
                "Expect is not 100-continue");
  p->out->expect_continue = true;
  return PEAL_OK;
}

/* -- heads ---------------------------------------------------------------- */

/* The table of fields is not cleared: only `count` of them mean something. */
static peal_err begin(parser *p, size_t head_max) {
  memset(p->out, 0, offsetof(peal_http1_head, fields));
  if (p->in.len > head_max)
    return fail(p, PEAL_FAIL(PEAL_ERR_HTTP_HEAD_LEN), "request head too large");
  return PEAL_OK;
}

static peal_err finish_request(parser *p) {
  peal_err err = check_host(p);
  if (!err)
    err = read_framing(p, PEAL_HTTP1_NO_BODY);
  if (!err)
    err = read_expect(p);
  if (!err)
    read_connection(p);
  return err;
}

static size_t head_max(const peal_http1_limits *limits) {
  return or_default(limits ? limits->head_bytes : 0,
                    PEAL_LIMIT_HTTP_HEAD_BYTES);
}

static peal_err request(parser *p, const peal_http1_limits *limits) {
  size_t target_max = or_default(limits ? limits->target_bytes : 0,
                                 PEAL_LIMIT_HTTP_TARGET_BYTES);
  /* RFC9112 2.2: an empty line before the request line is skipped. */
  if (peal_slice_starts(p->in, "\r\n"))
    p->pos = 2;
  peal_err err = take_request_line(p, target_max);
  if (!err)
    err = take_fields(p);
  return err ? err : finish_request(p);
}

static peal_err check_end(const parser *p) {
  return p->pos == p->in.len ? PEAL_OK
                             : fail_syntax(p, "bytes behind the head");
}

peal_err peal_http1_request_decode(peal_http1_head *out, peal_slice in,
                                   const peal_http1_limits *limits,
                                   peal_err_info *info) {
  parser p = {.in = in, .info = info, .out = out};
  peal_err err = begin(&p, head_max(limits));
  if (!err)
    err = request(&p, limits);
  return err ? err : check_end(&p);
}

peal_err peal_http1_request_take(peal_http1_head *out, peal_slice in,
                                 const peal_http1_limits *limits, size_t *len) {
  size_t max = head_max(limits);
  parser p = {.in = {in.ptr, in.len < max ? in.len : max}, .out = out};
  if (begin(&p, max) || request(&p, limits))
    return PEAL_ERR_AGAIN;
  *len = p.pos;
  return PEAL_OK;
}

/* RFC9112 6.3: answers to HEAD, and 1xx, 204 and 304, have no body, whatever
 * the fields say; without a length the body ends with the stream. */
static peal_err finish_response(parser *p, bool head_request) {
  peal_http1_head *out = p->out;
  peal_err err = read_framing(p, PEAL_HTTP1_UNTIL_CLOSE);
  if (err)
    return err;
  read_connection(p);
  if (head_request || out->status < 200 || out->status == 204 ||
      out->status == 304)
    out->framing = PEAL_HTTP1_NO_BODY;
  if (out->framing == PEAL_HTTP1_UNTIL_CLOSE)
    out->keep_alive = false;
  return PEAL_OK;
}

peal_err peal_http1_response_decode(peal_http1_head *out, peal_slice in,
                                    const peal_http1_limits *limits,
                                    bool head_request, peal_err_info *info) {
  parser p = {.in = in, .info = info, .out = out};
  peal_err err = begin(&p, head_max(limits));
  if (!err)
    err = take_status_line(&p);
  if (!err)
    err = take_fields(&p);
  if (!err)
    err = check_end(&p);
  return err ? err : finish_response(&p, head_request);
}

/* -- questions ------------------------------------------------------------ */

peal_slice peal_http1_field_get(const peal_http1_head *head, const char *name) {
  peal_http1_name known = peal_http1_name_of(peal_slice_of(name));
  if (known != PEAL_HTTP1_NAME_OTHER)
    return head->first[known] ? head->fields[head->first[known] - 1].value
                              : (peal_slice){NULL, 0};
  for (size_t i = 0; i < head->count; i++)
    if (peal_slice_is_nocase(head->fields[i].name, name))
      return head->fields[i].value;
  return (peal_slice){NULL, 0};
}

bool peal_http1_field_has_token(const peal_http1_head *head, const char *name,
                                const char *token) {
  for (size_t i = 0; i < head->count; i++) {
    if (!peal_slice_is_nocase(head->fields[i].name, name))
      continue;
    peal_slice list = head->fields[i].value;
    peal_slice element;
    while (peal_text_next(&list, ',', &element))
      if (peal_slice_is_nocase(element, token))
        return true;
  }
  return false;
}

void peal_http1_body_init(peal_http1_body *body, const peal_http1_head *head) {
  peal_http1_body_begin(body, head->framing, head->content_length);
}
