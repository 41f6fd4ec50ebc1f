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

  const uint32_t *lens; /* of the keys; NULL: as far as the terminator */
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

static inline void add_char(peal_buf *out, char c) {
  char *to = peal_buf_room(out, 1);
  if (!to)
    return;
  *to = c;
  out->len++;
}

/* -- strings ---------------------------------------------------------------- */

/* Whatever its length and content. */
static void encode_long(peal_buf *out, peal_slice text) {
  const char *end = text.ptr + text.len;
  if (text.len > SIZE_MAX / 2) {
    (void)peal_buf_reserve(out, text.len);
    return;
  }
  char *to = peal_buf_room(out, text.len + 2);
  if (!to)
    return;
  if (text.len && peal_json_scan_text(text.ptr, text.ptr, end) != end) {
    peal_json_string_encode(out, text);
    return;
  }
  to[0] = '"';
  if (text.len)
    memcpy(to + 1, text.ptr, text.len);
  to[text.len + 1] = '"';
  out->len += text.len + 2;
}

void peal_json_encode_str(peal_buf *out, peal_slice text) {
  if (text.len <= 16 && out->err == PEAL_OK && out->cap - out->len > 18) {
    char *to = out->ptr + out->len;
    if (peal_json_scan_copy_short(to + 1, text.ptr, text.len)) {
      to[0] = '"';
      to[text.len + 1] = '"';
      out->len += text.len + 2;
      return;
    }
  }
  encode_long(out, text);
}

/* `before`, and a string that is raw. */
static inline void add_raw_str(peal_buf *out, peal_val value, char before) {
  char *to = peal_buf_room(out, value.len + (size_t)3);
  if (!to)
    return;
  to[0] = before;
  to[1] = '"';
  peal_wide_copy(to + 2, value.as.bytes, value.len);
  to[value.len + 2] = '"';
  out->len += value.len + (size_t)3;
}

static inline bool is_raw_str(peal_val value) {
  return value.type == PEAL_STRING && peal_val_impl_is_raw(value);
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

static void fail(json_writer *w, peal_err err) {
  if (w->out->err == PEAL_OK)
    w->out->err = err;
}

/* Its text, if it is remembered; false if it is to be written. */
static bool add_raw(json_writer *w, peal_val value) {
  if (!peal_val_impl_is_raw(value))
    return false;
  const peal_val_impl_text *text = peal_val_impl_text_of(value);
  if (text->height > PEAL_LIMIT_JSON_DEPTH - w->depth)
    fail(w, PEAL_ERR_DEPTH);
  else
    peal_buf_add(w->out, (peal_slice){text->ptr, text->len});
  return true;
}

static void open_container(json_writer *w, peal_val value) {
  bool array = peal_val_is(value, PEAL_ARRAY);
  if (w->depth == PEAL_LIMIT_JSON_DEPTH) {
    fail(w, PEAL_ERR_DEPTH);
    return;
  }
  json_open *open = &w->open[w->depth++];
  open->left = value.len;
  open->array = array;
  open->comma = false;
  open->lens = array ? NULL : peal_val_impl_key_lens(value);
  if (array)
    open->next.items = value.as.items;
  else
    open->next.pairs = value.as.pairs;
  add_char(w->out, array ? '[' : '{');
}

static void add_value(json_writer *w, peal_val value) {
  switch ((peal_type)value.type) {
  case PEAL_UNDEFINED:
    if (peal_val_impl_err(value))
      fail(w, peal_val_impl_err(value));
    peal_buf_add(w->out, PEAL_S("null"));
    break;
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
    peal_json_encode_str(w->out, (peal_slice){value.as.bytes, value.len});
    break;
  case PEAL_ARRAY:
  case PEAL_OBJECT:
    if (!add_raw(w, value))
      open_container(w, value);
    break;
  }
}

/* `before` is a comma, a colon or an opening bracket. */
static inline void add_behind(json_writer *w, char before, peal_val value) {
  if (is_raw_str(value)) {
    add_raw_str(w->out, value, before);
    return;
  }
  add_char(w->out, before);
  add_value(w, value);
}

/* The next pair of an object, with what stands before it. */
static void add_pair(json_writer *w, json_open *open) {
  const peal_pair *pair = open->next.pairs++;
  peal_slice key = {pair->key, open->lens ? *open->lens++ : 0};
  if (peal_val_is(pair->value, PEAL_UNDEFINED)) {
    if (peal_val_impl_err(pair->value))
      fail(w, peal_val_impl_err(pair->value));
    return; /* ECMA-262 JSON.stringify: left out with its key */
  }
  if (open->comma)
    add_char(w->out, ',');
  open->comma = true;
  if (!key.len)
    key = peal_slice_of(pair->key ? pair->key : "");
  peal_json_encode_str(w->out, key);
  add_behind(w, ':', pair->value);
}

static void add_item(json_writer *w, json_open *open) {
  peal_val value = *open->next.items++;
  bool comma = open->comma;
  open->comma = true;
  if (comma)
    add_behind(w, ',', value);
  else
    add_value(w, value);
}

/* The rest of the containers above `floor`. */
static void add_rest(json_writer *w, uint32_t floor) {
  while (w->depth > floor && w->out->err == PEAL_OK) {
    json_open *open = &w->open[w->depth - 1];
    if (open->left == 0) {
      add_char(w->out, open->array ? ']' : '}');
      w->depth--;
      continue;
    }
    open->left--;
    if (open->array)
      add_item(w, open);
    else
      add_pair(w, open);
  }
}

void peal_json_encode(peal_buf *out, peal_val value, size_t *placeholders) {
  json_writer w;
  w.out = out;
  w.placeholders = placeholders;
  w.depth = 0;
  add_value(&w, value);
  add_rest(&w, 0);
}

void peal_json_encode_args(peal_buf *out, peal_slice first, peal_args args,
                           size_t *placeholders) {
  json_writer w;
  w.out = out;
  w.placeholders = placeholders;
  w.depth = 1; /* the array of the arguments, which is written here */
  char before = '[';
  if (first.ptr) {
    add_char(out, '[');
    peal_json_encode_str(out, first);
    before = ',';
  }
  for (size_t i = 0; i < args.count && out->err == PEAL_OK; i++) {
    add_behind(&w, before, args.items[i]);
    before = ',';
    if (w.depth > 1)
      add_rest(&w, 1);
  }
  if (before == '[')
    add_char(out, '[');
  add_char(out, ']');
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
