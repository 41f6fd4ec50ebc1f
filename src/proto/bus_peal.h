/* SPDX-License-Identifier: MIT */
#pragma once
/* bus_peal: what nodes of Peal tell each other beside the dialects that others
 * understand; every peal_bus_msg has this form. Numbers in network order; a
 * text is u16 length, bytes:
 *
 *   u8 0xc1 (no msgpack, no JSON begins so) · u8 version = 1 · u8 kind
 *   text from, to, nsp, request, room
 *   u64 number · u64 count
 *   u32 length of the operation (0: none), the operation (proto/op)
 *   the arguments: one msgpack array that fills the rest
 *
 * In the flow: cluster/redis -> [bus_peal] -> proto/cluster_machine. */
#include "proto/bus.h"

/* Append a message. Errors are sticky in `out`: PEAL_ERR_LIMIT for a text
 * beyond 65535 bytes, PEAL_ERR_DEPTH. Thread: pure. */
void peal_bus_peal_encode(peal_buf *out, const peal_bus_msg *msg);
/* As peal_bus_classic_decode. Returns also what peal_op_decode does. */
PEAL_MUST_CHECK peal_err peal_bus_peal_decode(peal_bus_msg *out, peal_slice in,
                                              peal_arena *arena);
