/* SPDX-License-Identifier: MIT */
#pragma once
/* bus_channel: the names of the channels of Node's adapters: P is the prefix
 * ("socket.io" if there is none), N the namespace.
 *
 *   classic  P#N#              broadcasts
 *            P#N#room#         broadcasts to one room; PSUBSCRIBE P#N#*
 *            P-request#N#      requests
 *            P-response#N#     answers to whoever knows them
 *            P-response#N#uid# answers to one node
 *   node     P#N#              everything but
 *            P#N#uid#          answers to one node
 *            P#N#room#         broadcasts to one room, if rooms are dynamic
 *
 * Python's managers have one channel for everything, whatever it is called.
 * In the flow: proto/cluster_machine -> [bus_channel] -> cluster/redis. */
#include "base/buf.h"
#include "proto/bus.h"

#define PEAL_BUS_PREFIX PEAL_S("socket.io")

/* What is announced of its rooms by a node of the sharded adapter. */
typedef enum peal_bus_rooms {
  PEAL_BUS_ROOMS_STATIC,         /* no channels for rooms */
  PEAL_BUS_ROOMS_DYNAMIC,        /* for rooms that are no socket's own */
  PEAL_BUS_ROOMS_DYNAMIC_PRIVATE /* for all rooms */
} peal_bus_rooms;

/* Classic: append the channel on which `msg` is published. `own_responses`:
 * answers go to the asker's own channel (publishOnSpecificResponseChannel). */
void peal_bus_channel_classic(peal_buf *out, peal_slice prefix,
                              const peal_bus_msg *msg, bool own_responses);
/* Node: the same for the sharded adapter; with PEAL_BUS_ROOMS_STATIC for what
 * Streams publishes, too. */
void peal_bus_channel_node(peal_buf *out, peal_slice prefix,
                           const peal_bus_msg *msg, peal_bus_rooms rooms);
/* Does a node that has sockets in `room` subscribe to P#N#room#? `is_socket`:
 * it is the room of a socket's own id. */
bool peal_bus_channel_is_dynamic(peal_bus_rooms rooms, bool is_socket);
/* Append <prefix><kind>#<nsp>#[<tail>#]; `kind` is "", "-request" or
 * "-response". The tail is left out if its ptr is NULL. */
void peal_bus_channel_add(peal_buf *out, peal_slice prefix, const char *kind,
                          peal_slice nsp, peal_slice tail);
/* P#N#*, for PSUBSCRIBE. Characters that mean something in a pattern are
 * escaped. */
void peal_bus_channel_add_pattern(peal_buf *out, peal_slice prefix,
                                  peal_slice nsp);

typedef enum peal_bus_where {
  PEAL_BUS_BROADCASTS = 1,
  PEAL_BUS_REQUESTS,
  PEAL_BUS_RESPONSES
} peal_bus_where;

/* Where a message came from, in the classic dialect, whose messages do not say
 * it themselves. All is borrowed from the channel's name. */
typedef struct peal_bus_channel {
  uint8_t where;  /* peal_bus_where */
  peal_slice nsp; /* of BROADCASTS: with what follows, N# or N#room#; the
                     message says which is which */
} peal_bus_channel;

/* Classic: false if it is no channel of this prefix. `uid` is the node's own:
 * what ends with it is an answer to it alone. */
bool peal_bus_channel_parse(peal_bus_channel *out, peal_slice prefix,
                            peal_slice uid, peal_slice channel);
