/* SPDX-License-Identifier: MIT */
/* msgpack_decode: MessagePack to values, in one pass and without recursion. */
#include <string.h>

#include "base/limits.h"
#include "base/val_impl.h"
#include "wire/msgpack.h"
#include "wire/msgpack_read.h"

/* A container being filled. */
typedef struct level {
  peal_val *value; /* what it is, in its place */
  uint32_t at;     /* the next item or pair */
  bool keyed;      /* some key has a NUL byte inside */
} level;

typedef struct decoder {
  peal_msgpack_read read;
  peal_arena *arena;
  size_t held_depth; /* members `held_key` here are not decoded */
  peal_slice held_key;
  size_t depth;
  level levels[PEAL_LIMIT_JSON_DEPTH];
} decoder;

static bool fail(decoder *d, peal_err err) {
  if (!d->read.err)
    d->read.err = err;
  return false;
}

/* The tree is the decoder's own until it is given away. */
static peal_val *items_of(level *l) {
  return (peal_val *)(uintptr_t)l->value->as.items;
}

static peal_pair *pairs_of(level *l) {
  return (peal_pair *)(uintptr_t)l->value->as.pairs;
}

/* Behind the pairs. */
static uint32_t *lens_of(level *l) {
  return (uint32_t *)(void *)(pairs_of(l) + l->value->len);
}

static void open_level(decoder *d, peal_val *value) {
  bool array = value->type == PEAL_ARRAY;
  size_t each = array ? sizeof(peal_val) : sizeof(peal_pair) + sizeof(uint32_t);
  if (d->depth == PEAL_LIMIT_JSON_DEPTH) {
    fail(d, PEAL_ERR_DEPTH);
    return;
  }
  char *content =
      value->len ? peal_arena_alloc(d->arena, value->len * each) : NULL;
  if (value->len && !content)
    fail(d, PEAL_ERR_NOMEM);
  value->as.bytes = content;
  if (content)
    d->levels[d->depth++] = (level){.value = value};
}

static void close_level(decoder *d) {
  level *l = &d->levels[--d->depth];
  if (l->keyed)
    *l->value = peal_val_impl_keyed(*l->value);
}

/* Keys are copied, so that they are terminated. */
static const char *keep_key(decoder *d, peal_slice key) {
  if (!key.len)
    return "";
  char *copy = peal_arena_str(d->arena, key);
  if (!copy)
    fail(d, PEAL_ERR_NOMEM);
  return copy;
}

/* Of the next pair. */
static peal_slice read_key(decoder *d, level *l) {
  peal_msgpack_token token;
  peal_slice key = {"", 0};
  if (!peal_msgpack_read_next(&d->read, &token))
    return key;
  if (token.value.type != PEAL_STRING) {
    fail(d, PEAL_ERR_SIO_PAYLOAD);
    return key;
  }
  key = peal_val_str(token.value);
  lens_of(l)[l->at] = (uint32_t)key.len;
  l->keyed |= key.len && memchr(key.ptr, 0, key.len);
  const char *copy = keep_key(d, key);
  pairs_of(l)[l->at].key = copy;
  return copy ? (peal_slice){copy, key.len} : (peal_slice){"", 0};
}

static bool is_held(const decoder *d, peal_slice key) {
  return d->depth == d->held_depth && peal_slice_eq(key, d->held_key);
}

static void read_value(decoder *d, peal_val *out) {
  peal_msgpack_token token;
  if (!peal_msgpack_read_next(&d->read, &token))
    return;
  *out = token.value;
  if (out->type == PEAL_STRING && out->as.bytes == token.time) {
    out->as.bytes = peal_arena_str(d->arena, peal_val_str(token.value));
    if (!out->as.bytes)
      fail(d, PEAL_ERR_NOMEM);
  }
  if (out->type == PEAL_ARRAY || out->type == PEAL_OBJECT)
    open_level(d, out);
}

/* The next item or pair of the innermost container. */
static void read_part(decoder *d) {
  level *l = &d->levels[d->depth - 1];
  if (l->at == l->value->len) {
    close_level(d);
    return;
  }
  if (l->value->type == PEAL_ARRAY) {
    read_value(d, &items_of(l)[l->at++]);
    return;
  }
  peal_slice key = read_key(d, l);
  peal_val *value = &pairs_of(l)[l->at++].value;
  if (d->read.err)
    return;
  if (is_held(d, key))
    *value = peal_binary(peal_msgpack_read_skip(&d->read));
  else
    read_value(d, value);
}

static void read_whole(decoder *d, peal_val *out) {
  d->depth = 0;
  *out = peal_undefined();
  read_value(d, out);
  while (d->depth && !d->read.err)
    read_part(d);
}

void peal_msgpack_decode_next(peal_val *out, peal_msgpack_read *read,
                              peal_arena *arena) {
  decoder d;
  d.read = *read;
  d.arena = arena;
  d.held_depth = SIZE_MAX;
  d.held_key = (peal_slice){"", 0};
  read_whole(&d, out);
  if (d.read.err)
    *out = peal_undefined();
  *read = d.read;
}

peal_err peal_msgpack_decode_held(peal_val *out, peal_slice in,
                                  peal_arena *arena, size_t depth,
                                  peal_slice key) {
  decoder d;
  d.read = peal_msgpack_read_of(in);
  d.arena = arena;
  d.held_depth = depth;
  d.held_key = key;
  if (in.len > UINT32_MAX)
    fail(&d, PEAL_ERR_SIO_PAYLOAD);
  read_whole(&d, out);
  peal_err err = peal_msgpack_read_end(&d.read);
  if (err)
    *out = peal_undefined();
  return err;
}

peal_err peal_msgpack_decode(peal_val *out, peal_slice in, peal_arena *arena) {
  return peal_msgpack_decode_held(out, in, arena, 0, (peal_slice){"", 0});
}
