/* SPDX-License-Identifier: MIT */
#include "base/val_impl.h"

#include <string.h>

#include "base/err_site.h"
#include "base/limits.h"

/* A container being walked: what is left of it. */
typedef struct val_level {
  peal_val *items;  /* NULL: pairs */
  peal_pair *pairs; /* NULL: items */
  size_t left;
} val_level;

typedef struct val_walk {
  peal_arena *arena;
  bool borrows; /* texts, bytes and keys */
  size_t depth;
  val_level levels[PEAL_LIMIT_JSON_DEPTH];
} val_walk;

static bool val_is_container(peal_val value) {
  return peal_val_is(value, PEAL_ARRAY) || peal_val_is(value, PEAL_OBJECT);
}

static peal_err copy_bytes(val_walk *walk, peal_val *value) {
  if (value->len == 0) {
    value->as.bytes = "";
    return PEAL_OK;
  }
  value->as.bytes =
      peal_arena_str(walk->arena, (peal_slice){value->as.bytes, value->len});
  return value->as.bytes ? PEAL_OK : PEAL_ERR_NOMEM;
}

static peal_err copy_keys(val_walk *walk, peal_pair *pairs, peal_val source) {
  for (size_t i = 0; i < source.len; i++) {
    peal_slice key = peal_val_key(source, i);
    pairs[i].key = key.len ? peal_arena_str(walk->arena, key) : "";
    if (!pairs[i].key)
      return PEAL_FAIL(PEAL_ERR_NOMEM);
  }
  return PEAL_OK;
}

/* A copy of the container's own level, with the lengths of its keys. */
static void *copy_level(val_walk *walk, peal_val source, const uint32_t *lens) {
  bool array = peal_val_is(source, PEAL_ARRAY);
  size_t each = array ? sizeof(peal_val) : sizeof(peal_pair);
  size_t more = lens ? sizeof *lens : 0;
  if (source.len > SIZE_MAX / (each + more))
    return NULL;
  char *copy = peal_arena_alloc(walk->arena, source.len * (each + more));
  if (copy)
    memcpy(copy, source.as.bytes, source.len * each);
  if (copy && lens)
    memcpy(copy + source.len * each, lens, source.len * more);
  return copy;
}

/* Copy the container's own level and put it on the stack; what it holds still
 * points into the source until the walk gets there. */
static peal_err copy_open(val_walk *walk, peal_val *value, peal_val source) {
  if (walk->depth == PEAL_LIMIT_JSON_DEPTH)
    return PEAL_FAIL(PEAL_ERR_DEPTH);
  if (value->len == 0)
    return PEAL_OK;
  bool array = peal_val_is(source, PEAL_ARRAY);
  const uint32_t *lens = array ? NULL : peal_val_impl_key_lens(source);
  void *copy = copy_level(walk, source, lens);
  if (!copy)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  val_level *level = &walk->levels[walk->depth++];
  *level = (val_level){.left = value->len};
  if (array) {
    value->as.items = level->items = copy;
    return PEAL_OK;
  }
  value->as.pairs = level->pairs = copy;
  if (lens)
    *value = peal_val_impl_keyed(*value);
  return walk->borrows ? PEAL_OK : copy_keys(walk, level->pairs, source);
}

/* The copy may outlive the text that it was decoded from. */
static peal_err copy_one(val_walk *walk, peal_val *value) {
  peal_val source = *value;
  if (peal_val_is(source, PEAL_UNDEFINED))
    return peal_val_impl_err(source);
  if (walk->borrows &&
      (!val_is_container(source) || peal_val_impl_is_raw(source)))
    return PEAL_OK;
  value->flags = 0;
  value->extra = 0;
  if (val_is_container(source))
    return copy_open(walk, value, source);
  if (peal_val_is(*value, PEAL_STRING) || peal_val_is(*value, PEAL_BINARY))
    return copy_bytes(walk, value);
  return PEAL_OK;
}

/* The next value of the innermost container that has one; NULL at the end. */
static peal_val *walk_next(val_walk *walk) {
  while (walk->depth > 0) {
    val_level *level = &walk->levels[walk->depth - 1];
    if (level->left > 0) {
      level->left--;
      return level->items ? level->items++ : &level->pairs++->value;
    }
    walk->depth--;
  }
  return NULL;
}

static peal_err copy_tree(peal_val *out, peal_val value, peal_arena *arena,
                          bool borrows) {
  val_walk walk;
  walk.arena = arena;
  walk.borrows = borrows;
  walk.depth = 0;
  *out = value;
  peal_err err = PEAL_OK;
  for (peal_val *at = out; at && err == PEAL_OK; at = walk_next(&walk))
    err = copy_one(&walk, at);
  if (err != PEAL_OK)
    *out = (peal_val){.type = PEAL_UNDEFINED};
  return err;
}

peal_err peal_val_impl_copy(peal_val *out, peal_val value, peal_arena *arena) {
  return copy_tree(out, value, arena, false);
}

peal_err peal_val_impl_keep(peal_val *out, peal_val value, peal_arena *arena) {
  return copy_tree(out, value, arena, true);
}

/* A container that is only read. */
typedef struct count_level {
  peal_val container;
  size_t at;
} count_level;

bool peal_val_impl_binaries(peal_val value, size_t *count) {
  count_level levels[PEAL_LIMIT_JSON_DEPTH];
  size_t depth = 0;
  *count = 0;
  for (;;) {
    if (peal_val_is(value, PEAL_BINARY))
      (*count)++;
    if (val_is_container(value) && !peal_val_impl_is_raw(value)) {
      if (depth == PEAL_LIMIT_JSON_DEPTH)
        return false;
      levels[depth++] = (count_level){value, 0};
    }
    while (depth > 0 && levels[depth - 1].at == levels[depth - 1].container.len)
      depth--;
    if (depth == 0)
      return true;
    count_level *level = &levels[depth - 1];
    value = peal_val_is(level->container, PEAL_ARRAY)
                ? level->container.as.items[level->at]
                : level->container.as.pairs[level->at].value;
    level->at++;
  }
}
