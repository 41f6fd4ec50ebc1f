/* SPDX-License-Identifier: MIT */
#include "proto/bus_tree.h"

#include <string.h>

#include "base/limits.h"
#include "base/val_impl.h"
#include "proto/bus_event.h"
#include "wire/json.h"

static void *alloc(peal_bus_tree *tree, size_t size) {
  void *memory = tree->err ? NULL : peal_arena_alloc(tree->arena, size);
  if (!memory && !tree->err)
    tree->err = PEAL_ERR_NOMEM;
  return memory;
}

static peal_val keep_object(peal_bus_tree *tree, peal_val object) {
  uint32_t count = 0;
  peal_pair *pairs = alloc(tree, (object.len + (size_t)1) * sizeof *pairs);
  for (uint32_t i = 0; pairs && i < object.len; i++)
    if (object.as.pairs[i].value.type != PEAL_UNDEFINED)
      pairs[count++] = object.as.pairs[i];
  return peal_object(pairs, count);
}

peal_val peal_bus_tree_keep(peal_bus_tree *tree, peal_val value) {
  if (value.type == PEAL_OBJECT)
    return keep_object(tree, value);
  peal_val *items = alloc(tree, (value.len + (size_t)1) * sizeof *items);
  if (!items)
    return peal_null();
  if (value.len)
    memcpy(items, value.as.items, value.len * sizeof *items);
  return peal_array(items, value.len);
}

/* `first` may be NULL. */
static peal_val names(peal_bus_tree *tree, const char *first,
                      peal_names_walk walk) {
  size_t count = (first != NULL) + peal_names_count(walk), at = 0;
  peal_val *items = alloc(tree, (count + 1) * sizeof *items);
  if (!items)
    return peal_null();
  if (first)
    items[at++] = peal_str(first);
  for (peal_slice name; peal_names_next(&walk, &name);)
    items[at++] = peal_str_slice(name);
  return peal_array(items, count);
}

peal_val peal_bus_tree_rooms(peal_bus_tree *tree, const peal_op *op) {
  return names(tree, NULL, peal_names_rooms(&op->to));
}

peal_val peal_bus_tree_except(peal_bus_tree *tree, const peal_op *op) {
  return names(tree, op->without, peal_names_except(&op->to));
}

peal_val peal_bus_tree_targets(peal_bus_tree *tree, const peal_bus_msg *msg) {
  peal_val room = peal_str_slice(msg->op.room);
  if (msg->args.count)
    return peal_array(msg->args.items, msg->args.count);
  return peal_bus_tree_keep(tree, peal_array(&room, 1));
}

peal_val peal_bus_tree_event(peal_bus_tree *tree, const peal_op *op) {
  peal_args data = PEAL_NO_ARGS;
  if (!tree->err)
    tree->err = peal_bus_event_values(&data, op, tree->arena);
  return peal_array(data.items, data.count);
}

peal_val peal_bus_tree_flags(peal_bus_tree *tree, const peal_op *op) {
  bool asks = op->kind == PEAL_OP_ASK;
  peal_val volatile_ = op->to.is_volatile ? peal_bool(true) : peal_undefined();
  peal_val compress = op->to.no_compress ? peal_bool(false) : peal_undefined();
  peal_val timeout = asks ? peal_int(op->timeout_ms) : peal_undefined();
  return peal_bus_tree_keep(tree, PEAL_OBJECT({"volatile", volatile_},
                                              {"compress", compress},
                                              {"timeout", timeout}));
}

peal_val peal_bus_tree_text(peal_slice text) {
  return text.len ? peal_str_slice(text) : peal_undefined();
}

peal_val peal_bus_tree_first(peal_args args) {
  return args.count ? args.items[0] : peal_undefined();
}

bool peal_bus_tree_has_receivers(const peal_op *op) {
  peal_names_walk rooms = peal_names_rooms(&op->to);
  return !peal_names_are_given(&rooms) || peal_names_count(rooms);
}

/* -- writing ----------------------------------------------------------------- */

/* {"type":"Buffer","data":[…]} */
static bool spell_buffer(peal_val *value, peal_arena *arena) {
  uint32_t count = value->len;
  const uint8_t *bytes = (const uint8_t *)value->as.bytes;
  peal_val *items =
      peal_arena_alloc(arena, (count + (size_t)1) * sizeof *items);
  peal_pair *pairs = peal_arena_alloc(arena, 2 * sizeof *pairs);
  if (!items || !pairs)
    return false;
  for (uint32_t i = 0; i < count; i++)
    items[i] = peal_int(bytes[i]);
  pairs[0] = (peal_pair){"type", peal_str("Buffer")};
  pairs[1] = (peal_pair){"data", peal_array(items, count)};
  *value = peal_object(pairs, 2);
  return true;
}

/* What is left of a container whose binaries are being spelled. */
typedef struct level {
  peal_val *items;  /* the next one, if not NULL */
  peal_pair *pairs; /* otherwise */
  uint32_t left;
} level;

/* The tree is a copy, so it may be changed. */
static peal_val *next_part(level *l) {
  l->left--;
  return l->items ? l->items++ : &l->pairs++->value;
}

static level level_of(peal_val value) {
  bool array = value.type == PEAL_ARRAY;
  return (level){array ? (peal_val *)(uintptr_t)value.as.items : NULL,
                 array ? NULL : (peal_pair *)(uintptr_t)value.as.pairs,
                 value.len};
}

static bool spell_all(peal_val *value, peal_arena *arena) {
  level levels[PEAL_LIMIT_JSON_DEPTH + 1] = {{.items = value, .left = 1}};
  size_t depth = 1;
  while (depth) {
    level *l = &levels[depth - 1];
    if (!l->left) {
      depth--;
      continue;
    }
    peal_val *part = next_part(l);
    if (part->type == PEAL_BINARY && !spell_buffer(part, arena))
      return false;
    else if (part->type == PEAL_ARRAY || part->type == PEAL_OBJECT)
      levels[depth++] = level_of(*part);
  }
  return true;
}

/* A copy with its binaries spelled, if it has any. */
static peal_val spelled(peal_bus_tree *tree, peal_val value) {
  size_t binaries = 0;
  if (!tree->err && !peal_val_impl_binaries(value, &binaries))
    tree->err = PEAL_ERR_DEPTH;
  if (tree->err || !binaries)
    return value;
  peal_val copy = value;
  tree->err = peal_val_impl_copy(&copy, value, tree->arena);
  if (!tree->err && !spell_all(&copy, tree->arena))
    tree->err = PEAL_ERR_NOMEM;
  return copy;
}

static bool is_ready(peal_buf *out, const peal_bus_tree *tree) {
  if (tree->err && !out->err)
    out->err = tree->err;
  return !out->err;
}

void peal_bus_tree_json(peal_buf *out, peal_bus_tree *tree, peal_val value) {
  value = spelled(tree, value);
  if (is_ready(out, tree))
    peal_json_encode(out, value, NULL);
}

void peal_bus_tree_msgpack(peal_buf *out, const peal_bus_tree *tree,
                           peal_val value, peal_msgpack_style style) {
  if (is_ready(out, tree))
    peal_msgpack_encode(out, value, style);
}
