/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_types: what goes into a Socket.IO connection and what comes out of it:
 * its options, links, events.
 * In the flow: a part of proto/sio_conn. */
#include <peal/val.h>

#include "proto/message.h"
#include "wire/sio_packet.h"

typedef struct peal_sio_conn peal_sio_conn;

/* One membership of one namespace. A handle names it for ever: leaving ends
 * it, joining again makes another. So whoever keeps one too long gets nothing,
 * never a stranger. 0: none. */
typedef uint64_t peal_sio_link;

/* Shared by all connections of an owner; borrowed for life. Zero: default. */
typedef struct peal_sio_conn_opts {
  bool client;
  bool sio2; /* client: the server speaks Socket.IO 2 (proto/sio2) */
  uint32_t max_attachments;    /* PEAL_LIMIT_SIO_ATTACHMENTS */
  uint32_t max_namespaces;     /* PEAL_LIMIT_SIO_NAMESPACES */
  size_t max_packet_bytes;     /* text and attachments together, below 4 GiB */
  uint32_t connect_timeout_ms; /* server: 45000 to have joined one */
  uint32_t attach_timeout_ms;  /* PEAL_LIMIT_SIO_ATTACH_MS */
  uint32_t seed;               /* of the hash of names */
  const peal_parser *parser;   /* NULL: the default one */
  const peal_mem *mem;
} peal_sio_conn_opts;

/* Each row: what `packet` (its nsp at least), `link` and `user` are. */
typedef enum peal_sio_conn_event_type {
  PEAL_SIO_CONN_NONE,
  /* Server: the peer wants to join; packet.data is its auth. Answer by _accept
   * and _deliver or by _refuse, now or later. Client: joined; packet.data is
   * the server's. */
  PEAL_SIO_CONN_CONNECT,
  /* Client: refused with packet.data. `user` was the link's, which is over. */
  PEAL_SIO_CONN_CONNECT_ERROR,
  /* The peer has left, or asks to join anew before it was answered. `user` was
   * the link's, which is over. */
  PEAL_SIO_CONN_DISCONNECT,
  /* EVENT or BINARY_EVENT: packet.data is an array, attachments in place. */
  PEAL_SIO_CONN_EVENT,
  PEAL_SIO_CONN_ACK, /* ACK or BINARY_ACK: the same, and packet.id */
  /* Server: a CONNECT that cannot be served was refused: `message` (taken by
   * the owner) is to be sent. */
  PEAL_SIO_CONN_SEND,
  /* Once: `err` is what was wrong, the machine is dead and the owner closes
   * the connection. */
  PEAL_SIO_CONN_ERROR
} peal_sio_conn_event_type;

typedef struct peal_sio_conn_event {
  uint8_t type; /* one of peal_sio_conn_event_type */
  peal_err err;
  peal_sio_link link;
  void *user;
  peal_message *message;
  size_t bytes;           /* EVENT, ACK: of the packet, attachments included */
  peal_sio_packet packet; /* borrowed until the next _next, _feed or _free */
} peal_sio_conn_event;
