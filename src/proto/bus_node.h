/* SPDX-License-Identifier: MIT */
#pragma once
/* bus_node: the messages of Node's ClusterAdapter, to and from bytes:
 * {type, data, uid, nsp} in three envelopes:
 *
 *   sharded   JSON text; msgpack (notepack) if there are binaries in the data
 *             of types 3, 8, 9, 10, 12
 *   plain     msgpack (@msgpack/msgpack): what Streams publishes: requests,
 *             answers, events that ask
 *   entry     fields of a stream: uid, nsp, type, and data as JSON text or as
 *             base64 of msgpack, by the same rule
 *
 *   1 HELLO  2 ALIVE  3 OP EMIT, ASK  4 5 6 OP JOIN, LEAVE, DISCONNECT
 *   7 FETCH  8 FETCHED  9 CALL  10 RETURN  11 ASKED  12 ACKED  13 BYE
 *
 * In the flow: cluster/redis -> [bus_node] -> proto/cluster_machine. */
#include "proto/bus.h"

typedef enum peal_bus_node_form {
  PEAL_BUS_NODE_SHARDED,
  PEAL_BUS_NODE_PLAIN
} peal_bus_node_form;

/* Append a message. `arena` is scratch. Sticky errors as
 * peal_bus_classic_encode. Thread: pure. */
void peal_bus_node_encode(peal_buf *out, const peal_bus_msg *msg,
                          peal_bus_node_form form, peal_arena *arena);
/* Decode a message of any form. As peal_bus_classic_decode. */
PEAL_MUST_CHECK peal_err peal_bus_node_decode(peal_bus_msg *out, peal_slice in,
                                              peal_arena *arena);

/* An entry of a stream: the values of its fields. */
typedef struct peal_bus_entry {
  peal_slice uid, nsp;
  peal_slice type; /* decimal */
  peal_slice data; /* NULL ptr: there is none */
} peal_bus_entry;

/* The fields are borrowed from `msg`, from constant text, and from `data`, to
 * which the last one is appended. Errors are sticky in `data`. */
void peal_bus_node_encode_entry(peal_bus_entry *out, peal_buf *data,
                                const peal_bus_msg *msg, peal_arena *arena);
/* As peal_bus_node_decode; also PEAL_ERR_BASE64. */
PEAL_MUST_CHECK peal_err peal_bus_node_decode_entry(peal_bus_msg *out,
                                                    const peal_bus_entry *entry,
                                                    peal_arena *arena);
