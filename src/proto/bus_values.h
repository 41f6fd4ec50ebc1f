/* SPDX-License-Identifier: MIT */
#pragma once
/* bus_values: what the dialects of the bus read alike in decoded values: names,
 * options, arguments. What they write is in bus_tree. */
#include "proto/bus.h"

/* Names of a list, and rooms, of one message. */
#define PEAL_BUS_VALUES_NAMES 65535u

/* A string, or the text of a number as JavaScript makes it of a room that is
 * one; false for anything else. In the arena or in `value`. */
PEAL_MUST_CHECK peal_err peal_bus_values_name(peal_slice *out, peal_val value,
                                              peal_arena *arena);
/* A list of names, or one alone. Null and absent are no list: items is NULL.
 * Returns: PEAL_OK, PEAL_ERR_SIO_PACKET, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_bus_values_names(peal_names *out, peal_val value,
                                               peal_arena *arena);
/* Node's {rooms, except, flags}: no rooms are everybody. */
PEAL_MUST_CHECK peal_err peal_bus_values_opts(peal_op *out, peal_val opts,
                                              peal_arena *arena);
/* Node's list of rooms of JOIN and LEAVE: out->args and out->op.room. */
PEAL_MUST_CHECK peal_err peal_bus_values_rooms(peal_bus_msg *out,
                                               peal_val rooms,
                                               peal_arena *arena);
/* May it be the name of a namespace? */
bool peal_bus_values_is_nsp(peal_slice name);
/* The items of an array; nothing of anything else. */
peal_args peal_bus_values_args(peal_val array);
/* `value` alone, as arguments; its place is in the arena. None if memory is
 * out. */
peal_args peal_bus_values_one(peal_val value, peal_arena *arena);
