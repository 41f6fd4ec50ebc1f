/* SPDX-License-Identifier: MIT */
/* json_encode: values to JSON text. What was decoded and not touched is copied
 * as it came (base/val_impl). */
#include <string.h>

#include "base/limits.h"
#include "base/val_impl.h"
#include "base/wide.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/json_number.h"
#include "wire/json_scan.h"
#include "wire/json_string.h"

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
  uint32_t depth;
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

/* -- strings ---------------------------------------------------------------- */

static inline bool is_plain(peal_slice text) {
  const char *end = text.ptr + text.len;
  if (text.len == 0)
    return true;
  return peal_json_scan_text(text.ptr, text.ptr, end) == end;
}

void peal_json_encode_str(peal_buf *out, peal_slice text) {
  if (text.len > SIZE_MAX / 2) {
    (void)peal_buf_reserve(out, text.len);
    return;
  }
  char *to = json_reserve(out, text.len + 2);
  if (!to)
    return;
  if (!is_plain(text)) {
    peal_json_string_encode(out, text);
    return;
  }
  to[0] = '"';
  peal_wide_copy(to + 1, text.ptr, text.len);
  to[text.len + 1] = '"';
  out->len += text.len + 2;
}

static void add_str(peal_buf *out, peal_val value) {
  char *to = NULL;
  if (peal_val_impl_is_raw(value))
    to = json_reserve(out, value.len + (size_t)2);
  if (!to) {
    peal_json_encode_str(out, (peal_slice){value.as.bytes, value.len});
    return;
  }
  to[0] = '"';
  peal_wide_copy(to + 1, value.as.bytes, value.len);
  to[value.len + 1] = '"';
  out->len += value.len + (size_t)2;
}

/* -- values ----------------------------------------------------------------- */

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

static void fail_depth(json_writer *w) {
  if (w->out->err == PEAL_OK)
    w->out->err = PEAL_ERR_DEPTH;
}

/* Its text, if it is remembered; false if it is to be written. */
static bool add_raw(json_writer *w, peal_val value) {
  if (!peal_val_impl_is_raw(value))
    return false;
  const peal_val_impl_text *text = peal_val_impl_text_of(value);
  if (text->height > PEAL_LIMIT_JSON_DEPTH - w->depth)
    fail_depth(w);
  else
    peal_buf_add(w->out, (peal_slice){text->ptr, text->len});
  return true;
}

static void open_container(json_writer *w, peal_val value) {
  bool array = peal_val_is(value, PEAL_ARRAY);
  if (w->depth == PEAL_LIMIT_JSON_DEPTH) {
    fail_depth(w);
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

static void add_other(json_writer *w, peal_val value) {
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
  case PEAL_BINARY:
    add_binary(w, value);
    break;
  case PEAL_STRING:
    add_str(w->out, value);
    break;
  case PEAL_ARRAY:
  case PEAL_OBJECT:
    if (!add_raw(w, value))
      open_container(w, value);
    break;
  }
}

static inline void add_value(json_writer *w, peal_val value) {
  if (value.type == PEAL_STRING)
    add_str(w->out, value);
  else
    add_other(w, value);
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
