/* SPDX-License-Identifier: MIT */
/* msgpack_to_json: MessagePack to JSON text, token by token. */
#include "base/limits.h"
#include "wire/json.h"
#include "wire/json_number.h"
#include "wire/msgpack.h"
#include "wire/msgpack_read.h"

/* A container being written. */
typedef struct level {
  uint32_t left;
  bool object;
  bool comma; /* one is due before what comes next */
} level;

typedef struct writer {
  peal_msgpack_read read;
  peal_buf *out;
  peal_slice *parts;
  size_t part_count;
  size_t depth;
  size_t max_depth;
  level levels[PEAL_LIMIT_JSON_DEPTH];
} writer;

static void fail(writer *w, peal_err err) {
  if (!w->read.err)
    w->read.err = err;
}

static void open_level(writer *w, peal_val head) {
  bool object = head.type == PEAL_OBJECT;
  if (w->depth >= w->max_depth) {
    fail(w, PEAL_ERR_DEPTH);
    return;
  }
  peal_buf_add_char(w->out, object ? '{' : '[');
  w->levels[w->depth++] = (level){.left = head.len, .object = object};
}

static void close_level(writer *w) {
  level *l = &w->levels[--w->depth];
  peal_buf_add_char(w->out, l->object ? '}' : ']');
}

static void add_binary(writer *w, peal_slice data) {
  peal_buf_add(w->out, PEAL_S("{\"_placeholder\":true,\"num\":"));
  peal_buf_add_u64(w->out, w->part_count);
  peal_buf_add_char(w->out, '}');
  w->parts[w->part_count++] = data;
}

static void add_value(writer *w, peal_val value) {
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
    peal_json_encode_str(w->out, peal_val_str(value));
    break;
  case PEAL_BINARY:
    add_binary(w, peal_val_binary(value));
    break;
  case PEAL_ARRAY:
  case PEAL_OBJECT:
    open_level(w, value);
    break;
  }
}

/* What follows a comma, if there is something before it. */
static void add_comma(writer *w, level *l) {
  if (l->comma)
    peal_buf_add_char(w->out, ',');
  l->comma = true;
}

static void add_item(writer *w, level *l) {
  peal_msgpack_token token;
  add_comma(w, l);
  if (peal_msgpack_read_next(&w->read, &token))
    add_value(w, token.value);
}

/* ECMA-262 JSON.stringify: undefined is left out with its key. */
static void add_pair(writer *w, level *l) {
  peal_msgpack_token key, token;
  if (!peal_msgpack_read_next(&w->read, &key))
    return;
  if (key.value.type != PEAL_STRING) {
    fail(w, PEAL_ERR_SIO_PAYLOAD);
    return;
  }
  if (!peal_msgpack_read_next(&w->read, &token) ||
      token.value.type == PEAL_UNDEFINED)
    return;
  add_comma(w, l);
  peal_json_encode_str(w->out, peal_val_str(key.value));
  peal_buf_add_char(w->out, ':');
  add_value(w, token.value);
}

static void add_rest(writer *w) {
  while (w->depth && !w->read.err && !w->out->err) {
    level *l = &w->levels[w->depth - 1];
    if (!l->left) {
      close_level(w);
      continue;
    }
    l->left--;
    if (l->object)
      add_pair(w, l);
    else
      add_item(w, l);
  }
}

peal_err peal_msgpack_to_json(peal_buf *out, peal_slice in, size_t outer,
                              peal_slice *parts) {
  writer w;
  peal_msgpack_token token;
  w.read = peal_msgpack_read_of(in);
  w.out = out;
  w.parts = parts;
  w.part_count = w.depth = 0;
  w.max_depth =
      outer < PEAL_LIMIT_JSON_DEPTH ? PEAL_LIMIT_JSON_DEPTH - outer : 0;
  if (peal_msgpack_read_next(&w.read, &token))
    add_value(&w, token.value);
  add_rest(&w);
  return out->err ? out->err : peal_msgpack_read_end(&w.read);
}

peal_err peal_msgpack_binaries(peal_slice in, size_t *count) {
  peal_msgpack_read read = peal_msgpack_read_of(in);
  peal_msgpack_token token;
  *count = 0;
  while (peal_msgpack_read_next(&read, &token))
    *count += token.value.type == PEAL_BINARY;
  return peal_msgpack_read_end(&read);
}
