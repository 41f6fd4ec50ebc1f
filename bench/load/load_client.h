/* SPDX-License-Identifier: MIT */
#pragma once
/* load_client: one Socket.IO client: a connection, the handshake up to the
 * namespace, and the messages it has in flight.
 *
 * In the flow: epoll -> [load_client] -> load_transport (frames or polling)
 * -> back here as Engine.IO packets -> load_mode. Everything that one wake-up
 * makes a client say leaves in one send. */
#include <stdbool.h>
#include <stdint.h>

#include "load_buf.h"
#include "load_http.h"

typedef struct load_run load_run;

typedef enum load_phase {
  LOAD_CLOSED,
  LOAD_UPGRADE, /* waits for the 101 */
  LOAD_OPEN,    /* waits for the Engine.IO open packet */
  LOAD_JOIN,    /* waits for the Socket.IO CONNECT */
  LOAD_READY
} load_phase;

typedef struct load_client {
  int fd;
  uint32_t index;
  load_phase phase;
  bool writing;            /* `out` waits for the socket to take it */
  bool leaving;            /* to be closed at the end of the turn */
  bool requested;          /* polling: a response is owed to us */
  char sid[LOAD_HTTP_SID]; /* polling: names the session */
  load_buf in;             /* an unfinished frame or response */
  load_buf out;            /* bytes that the socket did not take */
  load_buf body;           /* polling: packets of the next POST */
  uint32_t credits;        /* messages it may send now */
  uint32_t sent;
  uint32_t received; /* replies; they must come in order */
  uint64_t opened_ns;
  uint64_t *sent_ns; /* ring of `inflight` send times */
} load_client;

/* Connect and send the first request of the handshake. */
void load_client_open(load_run *run, load_client *client);
void load_client_close(load_run *run, load_client *client);

/* The socket can be read or written (epoll's bits). */
void load_client_event(load_run *run, load_client *client, uint32_t events);

/* Let the mode say what it has to say, and send it. */
void load_client_turn(load_run *run, load_client *client);

/* An Engine.IO packet arrived; called by the transport. */
void load_client_packet(load_run *run, load_client *client,
                        const uint8_t *packet, size_t len);

/* The same of a binary message: a packet of Socket.IO in MessagePack. */
void load_client_binary(load_run *run, load_client *client,
                        const uint8_t *packet, size_t len);

/* Put `count` messages of the run's kind into this turn; their latency is
 * counted from `sent_ns`. */
void load_client_send(load_run *run, load_client *client, uint32_t count,
                      uint64_t sent_ns);

/* Check that `packet` answers the oldest unanswered message of `sender`. */
void load_client_check(load_run *run, load_client *client, load_client *sender,
                       const uint8_t *packet, size_t len);
