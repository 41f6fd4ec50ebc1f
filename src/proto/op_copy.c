/* SPDX-License-Identifier: MIT */
#include "proto/op_copy.h"

#include "proto/names.h"

static peal_slice copy_text(peal_arena *arena, peal_slice text, bool *ok) {
  if (!text.ptr)
    return text;
  text.ptr = peal_arena_str(arena, text);
  *ok = *ok && text.ptr;
  return text;
}

/* Names of either spelling as slices. */
static peal_names copy_names(peal_arena *arena, peal_names_walk names,
                             bool *ok) {
  if (!peal_names_are_given(&names))
    return (peal_names){0};
  size_t count = 0;
  peal_slice *copy =
      peal_arena_alloc(arena, (peal_names_count(names) + 1) * sizeof *copy);
  *ok = *ok && copy;
  for (peal_slice name; copy && peal_names_next(&names, &name);)
    copy[count++] = copy_text(arena, name, ok);
  return (peal_names){copy, count};
}

peal_err peal_op_copy(peal_op *out, const peal_op *op, peal_arena *arena) {
  bool ok = true;
  *out = *op;
  char *nsp = peal_arena_str(arena, op->nsp);
  out->nsp.ptr = nsp;
  out->to.room_names = copy_names(arena, peal_names_rooms(&op->to), &ok);
  out->to.except_names = copy_names(arena, peal_names_except(&op->to), &ok);
  out->to.conflate_name = copy_text(arena, peal_names_key(&op->to), &ok);
  out->to.rooms = out->to.except = NULL;
  out->to.conflate = NULL;
  out->without = copy_text(arena, peal_slice_of(op->without), &ok).ptr;
  out->room = copy_text(arena, op->room, &ok);
  if (!ok || !nsp) {
    *out = (peal_op){0};
    return PEAL_ERR_NOMEM;
  }
  if (op->message)
    peal_message_ref(op->message);
  return PEAL_OK;
}

static size_t names_bytes(peal_names_walk names) {
  size_t bytes = 0;
  for (peal_slice name; peal_names_next(&names, &name);)
    bytes += sizeof name + name.len + 1;
  return bytes;
}

static size_t text_bytes(peal_slice text) {
  return text.ptr ? text.len + 1 : 0;
}

size_t peal_op_copy_bytes(const peal_op *op) {
  return op->nsp.len + names_bytes(peal_names_rooms(&op->to)) +
         names_bytes(peal_names_except(&op->to)) +
         text_bytes(peal_names_key(&op->to)) +
         text_bytes(peal_slice_of(op->without)) + text_bytes(op->room);
}
