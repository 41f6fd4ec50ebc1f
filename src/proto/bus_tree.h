/* SPDX-License-Identifier: MIT */
#pragma once
/* bus_tree: what a dialect says as a tree of values in an arena, which is then
 * written as JSON or as msgpack. After the first failure all calls do
 * nothing. */
#include "proto/bus.h"
#include "proto/names.h"
#include "wire/msgpack.h"

typedef struct peal_bus_tree {
  peal_arena *arena;
  peal_err err; /* sticky */
} peal_bus_tree;

/* A copy of the items or pairs of `value` (not of what is in them), without
 * members that are undefined: for what PEAL_OBJECT and PEAL_ARRAY have built on
 * the stack. */
peal_val peal_bus_tree_keep(peal_bus_tree *tree, peal_val value);
/* The rooms of an operation; the exceptions, as Node has them: the socket that
 * is left out in front. */
peal_val peal_bus_tree_rooms(peal_bus_tree *tree, const peal_op *op);
peal_val peal_bus_tree_except(peal_bus_tree *tree, const peal_op *op);
/* The rooms of JOIN and LEAVE: args, or op.room. */
peal_val peal_bus_tree_targets(peal_bus_tree *tree, const peal_bus_msg *msg);
/* Event and arguments of EMIT and ASK. */
peal_val peal_bus_tree_event(peal_bus_tree *tree, const peal_op *op);
/* Node's {volatile, compress, timeout}. */
peal_val peal_bus_tree_flags(peal_bus_tree *tree, const peal_op *op);

/* The text, or undefined if it is empty. */
peal_val peal_bus_tree_text(peal_slice text);
/* The first argument, or undefined. */
peal_val peal_bus_tree_first(peal_args args);
/* Can Node be told? Not a list of rooms that is there and empty: nobody. */
bool peal_bus_tree_has_receivers(const peal_op *op);

/* Append as JSON.stringify does: a Buffer as {"type":"Buffer","data":[…]}. The
 * tree's error is sticky in `out` then. */
void peal_bus_tree_json(peal_buf *out, peal_bus_tree *tree, peal_val value);
/* Append as msgpack. */
void peal_bus_tree_msgpack(peal_buf *out, const peal_bus_tree *tree,
                           peal_val value, peal_msgpack_style style);
