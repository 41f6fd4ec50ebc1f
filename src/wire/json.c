/* SPDX-License-Identifier: MIT */
#include "wire/json.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "wire/base64.h"
#include "wire/json_number.h"
#include "wire/json_scan.h"
#include "wire/json_string.h"

/* Values of open containers wait on one stack of cells, a key being a cell
 * before its value; what a small message needs stands in the reader. */
#define FIRST_CELLS 64u
/* Integers with so many digits fit int64_t whatever they are. */
#define SAFE_DIGITS 18

typedef struct json_level {
  uint32_t begin; /* its first cell */
  bool object;
} json_level;

typedef struct json_reader {
  const char *at;
  const char *end;
  peal_arena *arena;
  peal_val *cells;
  uint32_t count;
  uint32_t cap;
  uint32_t depth;
  peal_err err;    /* sticky */
  const char *msg; /* constant, with err */
  json_level levels[PEAL_LIMIT_JSON_DEPTH];
  peal_val first[FIRST_CELLS];
} json_reader;

/* What the dispatcher does next. */
typedef enum json_next {
  JSON_VALUE, /* a value begins at r->at */
  JSON_HAVE,  /* a value is complete */
  JSON_STOP   /* r->err says why */
} json_next;

/* -- decode ----------------------------------------------------------------- */

static json_next json_fail(json_reader *r, peal_err err, const char *msg) {
  r->err = err;
  r->msg = msg;
  return JSON_STOP;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline void skip_blanks(json_reader *r) {
  while (r->at < r->end && is_blank(*r->at))
    r->at++;
}

/* The next character that is not blank, 0 at the end (a zero byte is not JSON
 * either). */
static inline char peek(json_reader *r) {
  if (r->at != r->end && *r->at > ' ')
    return *r->at;
  skip_blanks(r);
  return r->at < r->end ? *r->at : '\0';
}

static bool grow_cells(json_reader *r) {
  size_t old = r->cap * sizeof(peal_val);
  if (r->cap > UINT32_MAX / 2 / sizeof(peal_val))
    return false;
  peal_val *cells = NULL;
  if (r->cells == r->first) {
    cells = peal_arena_alloc(r->arena, old * 2);
    if (cells)
      memcpy(cells, r->first, old);
  } else {
    cells = peal_arena_resize(r->arena, r->cells, old, old * 2);
  }
  if (!cells)
    return false;
  r->cells = cells;
  r->cap *= 2;
  return true;
}

static inline bool push_cell(json_reader *r, peal_val value) {
  if (r->count == r->cap && !grow_cells(r))
    return false;
  r->cells[r->count++] = value;
  return true;
}

static json_next open_level(json_reader *r, bool object) {
  if (r->depth == PEAL_LIMIT_JSON_DEPTH)
    return json_fail(r, PEAL_ERR_DEPTH, "nested too deeply");
  r->levels[r->depth++] = (json_level){r->count, object};
  r->at++;
  return JSON_VALUE;
}

static bool close_array(json_reader *r, const peal_val *cells, uint32_t count,
                        peal_val *out) {
  *out = (peal_val){.type = PEAL_ARRAY, .len = count};
  if (count == 0)
    return true;
  peal_val *items = peal_arena_alloc(r->arena, count * sizeof(peal_val));
  if (!items)
    return false;
  memcpy(items, cells, count * sizeof(peal_val));
  out->as.items = items;
  return true;
}

static bool close_object(json_reader *r, const peal_val *cells, uint32_t count,
                         peal_val *out) {
  *out = (peal_val){.type = PEAL_OBJECT, .len = count};
  if (count == 0)
    return true;
  peal_pair *pairs = peal_arena_alloc(r->arena, count * sizeof(peal_pair));
  if (!pairs)
    return false;
  for (uint32_t i = 0; i < count; i++) {
    pairs[i].key = cells[i * 2].as.bytes;
    pairs[i].key_len = cells[i * 2].len;
    pairs[i].value = cells[i * 2 + 1];
  }
  out->as.pairs = pairs;
  return true;
}

/* At the closing bracket: the cells of the level become its items or pairs. */
static json_next close_level(json_reader *r, peal_val *out) {
  json_level level = r->levels[--r->depth];
  const peal_val *cells = r->cells + level.begin;
  uint32_t count = r->count - level.begin;
  r->at++;
  r->count = level.begin;
  bool done = level.object ? close_object(r, cells, count / 2, out)
                           : close_array(r, cells, count, out);
  return done ? JSON_HAVE : json_fail(r, PEAL_ERR_NOMEM, "out of memory");
}

static json_next read_string(json_reader *r, peal_val *out) {
  const char *begin = r->at + 1;
  const char *stop = peal_json_scan_text(begin, r->end);
  *out = (peal_val){.type = PEAL_STRING};
  if (stop < r->end && *stop == '"') {
    r->at = stop + 1;
    out->len = (uint32_t)(stop - begin);
    out->as.bytes = out->len ? begin : "";
    return JSON_HAVE;
  }
  peal_slice text = {NULL, 0};
  r->err = peal_json_string_decode(&text, &r->at, r->end, r->arena, &r->msg);
  if (r->err != PEAL_OK)
    return JSON_STOP;
  out->len = (uint32_t)text.len;
  out->as.bytes = text.ptr;
  return JSON_HAVE;
}

/* At the first character of a key. */
static json_next read_key(json_reader *r) {
  peal_val key;
  if (read_string(r, &key) == JSON_STOP)
    return JSON_STOP;
  if (!push_cell(r, key))
    return json_fail(r, PEAL_ERR_NOMEM, "out of memory");
  if (peek(r) != ':')
    return json_fail(r, PEAL_ERR_JSON, "expected ':' after a key");
  r->at++;
  return JSON_VALUE;
}

static json_next read_array(json_reader *r, peal_val *out) {
  if (open_level(r, false) == JSON_STOP)
    return JSON_STOP;
  return peek(r) == ']' ? close_level(r, out) : JSON_VALUE;
}

static json_next read_object(json_reader *r, peal_val *out) {
  if (open_level(r, true) == JSON_STOP)
    return JSON_STOP;
  char c = peek(r);
  if (c == '"')
    return read_key(r);
  if (c == '}')
    return close_level(r, out);
  return json_fail(r, PEAL_ERR_JSON, "expected a key or '}'");
}

/* Where the digits from `p` on end; NULL if there is none. */
static const char *skip_digits(const char *p, const char *end) {
  const char *begin = p;
  while (p < end && peal_text_is_digit(*p))
    p++;
  return p == begin ? NULL : p;
}

/* RFC8259 6 behind the integer part. NULL if it is malformed. */
static const char *skip_fraction(const char *p, const char *end) {
  if (p && p < end && *p == '.')
    p = skip_digits(p + 1, end);
  if (p && p < end && (*p | 0x20) == 'e') {
    p++;
    if (p < end && (*p == '+' || *p == '-'))
      p++;
    p = skip_digits(p, end);
  }
  return p;
}

/* A number that is not a short integer. `digits` is where its digits begin,
 * `p` where those of the integer part end. */
static json_next read_double(json_reader *r, const char *digits, const char *p,
                             peal_val *out) {
  const char *stop = skip_fraction(p, r->end);
  if (!stop)
    return json_fail(r, PEAL_ERR_JSON, "expected a digit");
  bool negative = *r->at == '-';
  peal_slice text = {r->at, (size_t)(stop - r->at)};
  r->at = stop;
  if (stop == p && p - digits == SAFE_DIGITS + 1) {
    uint64_t value = 0;
    for (; digits < p; digits++)
      value = value * 10 + (uint64_t)(*digits - '0');
    if (value <= (uint64_t)INT64_MAX + negative) {
      *out = peal_int((int64_t)(negative ? 0 - value : value));
      return JSON_HAVE;
    }
  }
  *out = peal_double(peal_json_number_decode(text));
  return JSON_HAVE;
}

static json_next read_number(json_reader *r, peal_val *out) {
  const char *p = r->at;
  bool negative = *p == '-';
  p += negative;
  const char *digits = p;
  uint64_t value = 0;
  while (p < r->end && peal_text_is_digit(*p))
    value = value * 10 + (uint64_t)(*p++ - '0'); /* may wrap: then not used */
  if (p == digits)
    return json_fail(r, PEAL_ERR_JSON, "expected a digit");
  if (*digits == '0' && p - digits > 1)
    return json_fail(r, PEAL_ERR_JSON, "a number begins with zero");
  bool more = p < r->end && (*p == '.' || *p == 'e' || *p == 'E');
  if (more || p - digits > SAFE_DIGITS)
    return read_double(r, digits, p, out);
  r->at = p;
  *out = peal_int(negative ? -(int64_t)value : (int64_t)value);
  return JSON_HAVE;
}

static json_next read_word(json_reader *r, const char *word, peal_val value,
                           peal_val *out) {
  size_t len = strlen(word);
  if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
    return json_fail(r, PEAL_ERR_JSON, "expected a value");
  r->at += len;
  *out = value;
  return JSON_HAVE;
}

static json_next read_value(json_reader *r, peal_val *out) {
  switch (peek(r)) {
  case '"':
    return read_string(r, out);
  case '[':
    return read_array(r, out);
  case '{':
    return read_object(r, out);
  case 't':
    return read_word(r, "true", peal_bool(true), out);
  case 'f':
    return read_word(r, "false", peal_bool(false), out);
  case 'n':
    return read_word(r, "null", peal_null(), out);
  default:
    if (r->at < r->end && (peal_text_is_digit(*r->at) || *r->at == '-'))
      return read_number(r, out);
    return json_fail(r, PEAL_ERR_JSON, "expected a value");
  }
}

/* A value is complete inside a container: what comes behind it? */
static json_next read_behind(json_reader *r, peal_val *value) {
  bool object = r->levels[r->depth - 1].object;
  if (!push_cell(r, *value))
    return json_fail(r, PEAL_ERR_NOMEM, "out of memory");
  char c = peek(r);
  if (c == (object ? '}' : ']'))
    return close_level(r, value);
  if (c != ',')
    return json_fail(r, PEAL_ERR_JSON,
                     object ? "expected ',' or '}'" : "expected ',' or ']'");
  r->at++;
  if (!object)
    return JSON_VALUE;
  if (peek(r) != '"')
    return json_fail(r, PEAL_ERR_JSON, "expected a key");
  return read_key(r);
}

static void read_all(json_reader *r, peal_val *out) {
  json_next next = JSON_VALUE;
  while (next == JSON_VALUE) {
    next = read_value(r, out);
    while (next == JSON_HAVE && r->depth > 0)
      next = read_behind(r, out);
  }
  if (next == JSON_HAVE && peek(r) == '\0' && r->at == r->end)
    return;
  if (next == JSON_HAVE)
    (void)json_fail(r, PEAL_ERR_JSON, "something follows the value");
}

peal_err peal_json_decode(peal_val *out, peal_slice in, peal_arena *arena,
                          peal_err_info *info) {
  json_reader r;
  r.at = in.len ? in.ptr : "";
  r.end = r.at + in.len;
  r.arena = arena;
  r.cells = r.first;
  r.cap = FIRST_CELLS;
  r.count = r.depth = 0;
  r.err = PEAL_OK;
  if (in.len > UINT32_MAX)
    (void)json_fail(&r, PEAL_ERR_JSON, "longer than 4 GiB");
  else
    read_all(&r, out);
  if (r.err == PEAL_OK)
    return PEAL_OK;
  *out = peal_undefined();
  if (info)
    *info = (peal_err_info){r.err, r.msg, in.len ? (size_t)(r.at - in.ptr) : 0};
  return r.err;
}

/* -- encode ----------------------------------------------------------------- */

/* A container being written. */
typedef struct json_open {
  union {
    const peal_val *items;
    const peal_pair *pairs;
  } next;

  uint32_t left;
  bool array;
  bool comma; /* one is due before what comes next */
} json_open;

typedef struct json_writer {
  peal_buf *out;
  size_t *placeholders; /* NULL: binaries are written as base64 */
  size_t depth;
  json_open open[PEAL_LIMIT_JSON_DEPTH];
} json_writer;

/* Room for `more` bytes without a call, if there is. */
static inline char *json_reserve(peal_buf *out, size_t more) {
  if (out->err == PEAL_OK && out->cap - out->len > more)
    return out->ptr + out->len;
  return peal_buf_reserve(out, more);
}

static inline void add_char(peal_buf *out, char c) {
  char *to = json_reserve(out, 1);
  if (!to)
    return;
  *to = c;
  out->len++;
}

void peal_json_encode_str(peal_buf *out, peal_slice text) {
  if (text.len > SIZE_MAX / 2) {
    (void)peal_buf_reserve(out, text.len);
    return;
  }
  char *to = json_reserve(out, text.len + 2);
  if (!to)
    return;
  if (text.len > 16) {
    const char *end = text.ptr + text.len;
    if (peal_json_scan_text(text.ptr, end) != end) {
      peal_json_string_encode(out, text);
      return;
    }
    memcpy(to + 1, text.ptr, text.len);
  } else if (!peal_json_scan_copy_short(to + 1, text.ptr, text.len)) {
    peal_json_string_encode(out, text);
    return;
  }
  to[0] = '"';
  to[text.len + 1] = '"';
  out->len += text.len + 2;
}

static void add_binary(json_writer *w, peal_val value) {
  if (w->placeholders) {
    peal_buf_add(w->out, PEAL_S("{\"_placeholder\":true,\"num\":"));
    peal_buf_add_u64(w->out, (*w->placeholders)++);
    add_char(w->out, '}');
    return;
  }
  add_char(w->out, '"');
  peal_base64_encode(w->out, peal_val_binary(value));
  add_char(w->out, '"');
}

static void open_container(json_writer *w, peal_val value) {
  bool array = peal_val_is(value, PEAL_ARRAY);
  if (w->depth == PEAL_LIMIT_JSON_DEPTH) {
    if (w->out->err == PEAL_OK)
      w->out->err = PEAL_ERR_DEPTH;
    return;
  }
  json_open *open = &w->open[w->depth++];
  open->left = value.len;
  open->array = array;
  open->comma = false;
  if (array)
    open->next.items = value.as.items;
  else
    open->next.pairs = value.as.pairs;
  add_char(w->out, array ? '[' : '{');
}

static void add_value(json_writer *w, peal_val value) {
  switch ((peal_type)value.type) {
  case PEAL_UNDEFINED:
  case PEAL_NULL:
    peal_buf_add(w->out, PEAL_S("null"));
    break;
  case PEAL_BOOL:
    peal_buf_add(w->out, value.as.boolean ? PEAL_S("true") : PEAL_S("false"));
    break;
  case PEAL_INT:
    peal_buf_add_i64(w->out, value.as.integer);
    break;
  case PEAL_DOUBLE:
    peal_json_number_encode(w->out, value.as.number);
    break;
  case PEAL_STRING:
    peal_json_encode_str(w->out, (peal_slice){value.as.bytes, value.len});
    break;
  case PEAL_BINARY:
    add_binary(w, value);
    break;
  case PEAL_ARRAY:
  case PEAL_OBJECT:
    open_container(w, value);
    break;
  }
}

/* The next value of the container, with what stands before it. */
static void add_next(json_writer *w, json_open *open) {
  open->left--;
  if (open->array) {
    if (open->comma)
      add_char(w->out, ',');
    open->comma = true;
    add_value(w, *open->next.items++);
    return;
  }
  const peal_pair *pair = open->next.pairs++;
  if (peal_val_is(pair->value, PEAL_UNDEFINED))
    return; /* ECMA-262 JSON.stringify: left out with its key */
  if (open->comma)
    add_char(w->out, ',');
  open->comma = true;
  peal_json_encode_str(w->out, peal_pair_key(pair));
  add_char(w->out, ':');
  add_value(w, pair->value);
}

static void add_rest(json_writer *w) {
  while (w->depth > 0 && w->out->err == PEAL_OK) {
    json_open *open = &w->open[w->depth - 1];
    if (open->left > 0) {
      add_next(w, open);
      continue;
    }
    add_char(w->out, open->array ? ']' : '}');
    w->depth--;
  }
}

void peal_json_encode(peal_buf *out, peal_val value, size_t *placeholders) {
  json_writer w;
  w.out = out;
  w.placeholders = placeholders;
  w.depth = 0;
  add_value(&w, value);
  add_rest(&w);
}

void peal_json_encode_args(peal_buf *out, peal_slice first, peal_args args,
                           size_t *placeholders) {
  json_writer w;
  w.out = out;
  w.placeholders = placeholders;
  w.depth = 0;
  open_container(&w, peal_array(args.items, args.count));
  if (first.ptr) {
    peal_json_encode_str(out, first);
    w.open[0].comma = true;
  }
  add_rest(&w);
}

peal_bytes *peal_json_bytes(peal_val value) {
  peal_buf text;
  peal_buf_init(&text, NULL, 0);
  peal_json_encode(&text, value, NULL);
  peal_bytes *bytes =
      text.err == PEAL_OK ? peal_bytes_new(peal_buf_slice(&text)) : NULL;
  peal_buf_deinit(&text);
  return bytes;
}
