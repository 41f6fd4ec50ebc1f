/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_client_types: what goes into a Socket.IO client and what comes out of it:
 * its options, what it says, what is emitted.
 * In the flow: a part of proto/sio_client. */
#include <peal/client.h>

#include "proto/sio_types.h"

typedef struct peal_sio_client peal_sio_client;
/* One namespace; lives as long as the machine. */
typedef struct peal_sio_client_nsp peal_sio_client_nsp;

/* -- options --------------------------------------------------------------- */

/* Borrowed for life. Zero: default. Times: UINT32_MAX is none. */
typedef struct peal_sio_client_opts {
  peal_sio_conn_opts conn; /* `client` is true; its `mem` is that of all */

  bool no_reconnection;
  bool no_first_retry;            /* until a connection has been open once */
  uint32_t reconnection_attempts; /* for ever */
  uint32_t delay_ms;              /* 1000 */
  uint32_t delay_max_ms;          /* 5000 */
  uint32_t jitter; /* in 65536ths (proto/backoff): a half; UINT32_MAX: none */
  uint32_t timeout_ms;     /* from DIAL to _opened; 20000 */
  uint32_t ack_timeout_ms; /* of events that say no other: none */
  uint32_t retries;        /* tries beyond the first: 0, they are not queued */

  /* What waits for a connection or for its turn, of all namespaces. */
  size_t max_buffer_bytes;    /* 8 MiB */
  uint32_t max_buffer_events; /* any number */
  bool drop_oldest;           /* to make room; otherwise it is refused */
} peal_sio_client_opts;

/* -- what _next says --------------------------------------------------------- */

/* Each row: the fields of the event that it fills, besides `type`. */
typedef enum peal_sio_client_event_type {
  PEAL_SIO_CLIENT_NONE,

  /* To be done. */
  PEAL_SIO_CLIENT_SEND,     /* message (taken by the owner), no_compress, nsp */
  PEAL_SIO_CLIENT_DIAL,     /* attempt: 0 the first, n the n-th reconnection */
  PEAL_SIO_CLIENT_HANGUP,   /* reason, err: why */
  PEAL_SIO_CLIENT_ASK_AUTH, /* nsp, ask: answer by _auth, now or later */

  /* Has happened, to a namespace. */
  PEAL_SIO_CLIENT_CONNECT, /* nsp; see peal_sio_client_nsp_sid and so on */
  /* nsp, err. PEAL_OK: the server has refused it, packet.data is what it said,
   * and the namespace is idle. Otherwise no connection could be made, or `text`
   * says what is wrong in words and the namespace is idle. */
  PEAL_SIO_CLIENT_CONNECT_ERROR,
  PEAL_SIO_CLIENT_DISCONNECT, /* nsp, reason, err: once for each CONNECT */
  PEAL_SIO_CLIENT_EVENT, /* nsp, packet (data is an array), link (for _ack) */
  /* nsp, fn, user, err: PEAL_OK, packet.data is an array; PEAL_ERR_TIMEOUT;
   * PEAL_ERR_CLOSED; PEAL_ERR_QUEUE_FULL, it was dropped for others. */
  PEAL_SIO_CLIENT_ACK,

  /* Has happened, to the connection. */
  PEAL_SIO_CLIENT_OPEN,              /* - */
  PEAL_SIO_CLIENT_ERROR,             /* err: the first attempt failed */
  PEAL_SIO_CLIENT_CLOSED,            /* reason, err: once for each OPEN */
  PEAL_SIO_CLIENT_RECONNECT_WAIT,    /* attempt, delay_ms */
  PEAL_SIO_CLIENT_RECONNECT_ATTEMPT, /* attempt; a DIAL follows */
  PEAL_SIO_CLIENT_RECONNECT_ERROR,   /* attempt, err */
  PEAL_SIO_CLIENT_RECONNECT_FAILED,  /* attempt: it was the last */
  PEAL_SIO_CLIENT_RECONNECTED,       /* attempt */
  PEAL_SIO_CLIENT_DROPPED /* count: dropped for others since the last of this */
} peal_sio_client_event_type;

typedef struct peal_sio_client_event {
  uint8_t type;   /* one of peal_sio_client_event_type */
  uint8_t reason; /* one of peal_client_reason */
  bool no_compress;
  peal_err err;
  peal_sio_client_nsp *nsp;
  uint32_t attempt; /* from 1 */
  uint32_t delay_ms;
  uint32_t ask;
  uint32_t count;
  peal_sio_link link;
  peal_message *message;
  peal_client_ack_fn fn; /* as given to _emit; never called here */
  void *user;
  const char *text;       /* constant; NULL: the number says it all */
  peal_sio_packet packet; /* borrowed until the next _next or _deinit */
} peal_sio_client_event;

/* -- what is emitted ------------------------------------------------------------ */

/* What the owner knows of the connection just now. */
typedef enum peal_sio_client_flow {
  PEAL_SIO_CLIENT_FLOWS,
  PEAL_SIO_CLIENT_BUSY, /* not writable: what is volatile is dropped */
  PEAL_SIO_CLIENT_STALE /* its heartbeat is overdue, it is about to be closed:
                           what is emitted waits for the next one */
} peal_sio_client_flow;

typedef struct peal_sio_client_emit {
  peal_slice event;
  peal_args args;
  uint8_t flow; /* one of peal_sio_client_flow */
  bool is_volatile;
  bool no_retry; /* not in the queue of `retries` */
  bool no_compress;
  uint32_t timeout_ms; /* of the acknowledgement; 0: the option's */
  /* NULL: none is asked for. Without a timeout it may stay away for as long as
   * the connection lives. A volatile event that is dropped: PEAL_ERR_CLOSED. */
  peal_client_ack_fn fn;
  void *user;
} peal_sio_client_emit;
