/* SPDX-License-Identifier: MIT */
/* msgpack_encode: values to MessagePack. */
#include <string.h>

#include "base/limits.h"
#include "base/val_impl.h"
#include "wire/msgpack.h"
#include "wire/utf8.h"
#include "wire/utf8_char.h"

/* The largest whole number below which a double has them all (ECMA-262
 * Number.MAX_SAFE_INTEGER). */
#define SAFE_MAX 9007199254740991

/* A container being written. */
typedef struct level {
  peal_val value;
  const uint32_t *lens; /* of the keys; NULL: as far as the terminator */
  uint32_t at;
} level;

typedef struct encoder {
  peal_buf *out;
  peal_msgpack_style style;
  size_t max_depth;
  size_t depth;
  level levels[PEAL_LIMIT_JSON_DEPTH];
} encoder;

static void fail(peal_buf *out, peal_err err) {
  if (!out->err)
    out->err = err;
}

/* A first byte and a number in network order. */
static void add_head(peal_buf *out, unsigned first, uint64_t value,
                     size_t bytes) {
  char *to = peal_buf_room(out, bytes + 1);
  if (!to)
    return;
  *to++ = (char)(uint8_t)first;
  for (size_t i = bytes; i-- > 0;)
    *to++ = (char)(uint8_t)(value >> (8 * i));
  peal_buf_advance(out, bytes + 1);
}

/* -- numbers --------------------------------------------------------------------- */

void peal_msgpack_add_u64(peal_buf *out, uint64_t value) {
  if (value < 0x80)
    add_head(out, (unsigned)value, 0, 0);
  else if (value <= UINT8_MAX)
    add_head(out, 0xcc, value, 1);
  else if (value <= UINT16_MAX)
    add_head(out, 0xcd, value, 2);
  else if (value <= UINT32_MAX)
    add_head(out, 0xce, value, 4);
  else
    add_head(out, 0xcf, value, 8);
}

static void add_negative(peal_buf *out, int64_t value) {
  uint64_t bits = (uint64_t)value;
  if (value >= -0x20)
    add_head(out, (unsigned)(bits & 0xff), 0, 0);
  else if (value >= INT8_MIN)
    add_head(out, 0xd0, bits, 1);
  else if (value >= INT16_MIN)
    add_head(out, 0xd1, bits, 2);
  else if (value >= INT32_MIN)
    add_head(out, 0xd2, bits, 4);
  else
    add_head(out, 0xd3, bits, 8);
}

static void add_float(peal_buf *out, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  add_head(out, 0xcb, bits, 8);
}

static void add_integer(encoder *e, int64_t value) {
  if (e->style == PEAL_MSGPACK_PLAIN && (value > SAFE_MAX || value < -SAFE_MAX))
    add_float(e->out, (double)value);
  else if (value < 0)
    add_negative(e->out, value);
  else
    peal_msgpack_add_u64(e->out, (uint64_t)value);
}

/* Whole numbers as integers, as far as one has the same value. */
static void add_double(encoder *e, double value) {
  const double limit = 18446744073709551616.0; /* 2^64 */
  if (value >= -limit / 2 && value < limit / 2 &&
      value == (double)(int64_t)value)
    add_integer(e, (int64_t)value);
  else if (e->style != PEAL_MSGPACK_PLAIN && value >= limit / 2 &&
           value < limit)
    add_head(e->out, 0xcf, (uint64_t)value, 8);
  else
    add_float(e->out, value);
}

/* -- texts ----------------------------------------------------------------------- */

static void add_str_head(peal_buf *out, size_t len) {
  if (len < 32)
    add_head(out, 0xa0 | (unsigned)len, 0, 0);
  else if (len <= UINT8_MAX)
    add_head(out, 0xd9, len, 1);
  else if (len <= UINT16_MAX)
    add_head(out, 0xda, len, 2);
  else if (len <= UINT32_MAX)
    add_head(out, 0xdb, len, 4);
  else
    fail(out, PEAL_ERR_LIMIT);
}

/* The character at `p`, or U+FFFD in place of what begins none. */
static const char *next_char(const char *p, const char *end, peal_slice *out) {
  size_t len = peal_utf8_char_len(p, end);
  *out = len ? (peal_slice){p, len} : PEAL_S("\xef\xbf\xbd");
  return p + (len ? len : peal_utf8_char_bad_len(p, end));
}

static void add_mended(peal_buf *out, peal_slice text) {
  const char *end = text.ptr + text.len;
  size_t len = 0;
  peal_slice c;
  for (const char *p = text.ptr; p < end; len += c.len)
    p = next_char(p, end, &c);
  add_str_head(out, len);
  for (const char *p = text.ptr; p < end && !out->err;) {
    p = next_char(p, end, &c);
    peal_buf_add(out, c);
  }
}

void peal_msgpack_add_str(peal_buf *out, peal_slice text) {
  if (!peal_utf8_is_valid(text)) {
    add_mended(out, text);
    return;
  }
  add_str_head(out, text.len);
  peal_buf_add(out, text);
}

static void add_binary(peal_buf *out, peal_slice data) {
  if (data.len <= UINT8_MAX)
    add_head(out, 0xc4, data.len, 1);
  else if (data.len <= UINT16_MAX)
    add_head(out, 0xc5, data.len, 2);
  else
    add_head(out, 0xc6, data.len, 4);
  peal_buf_add(out, data);
}

/* -- containers ------------------------------------------------------------------ */

static void add_count(peal_buf *out, size_t count, unsigned fix,
                      unsigned first) {
  if (count < 16)
    add_head(out, fix | (unsigned)count, 0, 0);
  else if (count <= UINT16_MAX)
    add_head(out, first, count, 2);
  else
    add_head(out, first + 1, count, 4);
}

void peal_msgpack_add_array(peal_buf *out, size_t count) {
  add_count(out, count, 0x90, 0xdc);
}

void peal_msgpack_add_map(peal_buf *out, size_t count) {
  add_count(out, count, 0x80, 0xde);
}

static bool is_left_out(const encoder *e, peal_val value) {
  return value.type == PEAL_UNDEFINED && e->style != PEAL_MSGPACK_PLAIN;
}

static size_t pairs_of(const encoder *e, peal_val object) {
  size_t count = object.len;
  for (uint32_t i = 0; i < object.len; i++)
    count -= is_left_out(e, object.as.pairs[i].value);
  return count;
}

static void open_level(encoder *e, peal_val value) {
  bool array = value.type == PEAL_ARRAY;
  if (e->depth == e->max_depth) {
    fail(e->out, PEAL_ERR_DEPTH);
    return;
  }
  if (array)
    peal_msgpack_add_array(e->out, value.len);
  else
    peal_msgpack_add_map(e->out, pairs_of(e, value));
  e->levels[e->depth++] =
      (level){value, array ? NULL : peal_val_impl_key_lens(value), 0};
}

static void add_undefined(encoder *e, peal_val value) {
  if (peal_val_impl_err(value))
    fail(e->out, peal_val_impl_err(value));
  if (e->style == PEAL_MSGPACK_NOTEPACK2)
    add_head(e->out, 0xd4, 0, 2);
  else
    add_head(e->out, 0xc0, 0, 0);
}

static void add_value(encoder *e, peal_val value) {
  switch ((peal_type)value.type) {
  case PEAL_UNDEFINED:
    add_undefined(e, value);
    break;
  case PEAL_NULL:
    add_head(e->out, 0xc0, 0, 0);
    break;
  case PEAL_BOOL:
    add_head(e->out, value.as.boolean ? 0xc3 : 0xc2, 0, 0);
    break;
  case PEAL_INT:
    add_integer(e, value.as.integer);
    break;
  case PEAL_DOUBLE:
    add_double(e, value.as.number);
    break;
  case PEAL_STRING:
    peal_msgpack_add_str(e->out, peal_val_str(value));
    break;
  case PEAL_BINARY:
    add_binary(e->out, peal_val_binary(value));
    break;
  case PEAL_ARRAY:
  case PEAL_OBJECT:
    open_level(e, value);
    break;
  }
}

static void add_pair(encoder *e, const level *l, uint32_t at) {
  const peal_pair *pair = &l->value.as.pairs[at];
  const char *key = pair->key ? pair->key : "";
  if (is_left_out(e, pair->value)) {
    if (peal_val_impl_err(pair->value))
      fail(e->out, peal_val_impl_err(pair->value));
    return;
  }
  peal_msgpack_add_str(e->out, l->lens ? (peal_slice){key, l->lens[at]}
                                       : peal_slice_of(key));
  add_value(e, pair->value);
}

static void add_whole(encoder *e, peal_val value) {
  e->depth = 0;
  add_value(e, value);
  while (e->depth && !e->out->err) {
    level *l = &e->levels[e->depth - 1];
    if (l->at == l->value.len) {
      e->depth--;
      continue;
    }
    uint32_t at = l->at++;
    if (l->value.type == PEAL_ARRAY)
      add_value(e, l->value.as.items[at]);
    else
      add_pair(e, l, at);
  }
}

void peal_msgpack_encode(peal_buf *out, peal_val value,
                         peal_msgpack_style style) {
  encoder e;
  e.out = out;
  e.style = style;
  e.max_depth = PEAL_LIMIT_JSON_DEPTH;
  add_whole(&e, value);
}

void peal_msgpack_encode_args(peal_buf *out, peal_slice first, peal_args args,
                              peal_msgpack_style style) {
  encoder e;
  e.out = out;
  e.style = style;
  e.max_depth = PEAL_LIMIT_JSON_DEPTH - 1; /* the array is one */
  peal_msgpack_add_array(out, args.count + (first.ptr ? 1 : 0));
  if (first.ptr)
    peal_msgpack_add_str(out, first);
  for (size_t i = 0; i < args.count && !out->err; i++)
    add_whole(&e, args.items[i]);
}
