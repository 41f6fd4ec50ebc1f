/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_types: what a session is made of, its options and its events. */
#include <peal/base.h>

#include "base/arena.h"
#include "proto/eio_due.h"
#include "proto/eio_heartbeat.h"
#include "proto/eio_probe.h"
#include "proto/eio_queue.h"

typedef enum peal_eio_via { PEAL_EIO_POLLING, PEAL_EIO_WEBSOCKET } peal_eio_via;

typedef enum peal_eio_state {
  PEAL_EIO_STATE_OPENING, /* client: the handshake has not come */
  PEAL_EIO_STATE_OPEN,
  PEAL_EIO_STATE_CLOSING, /* the queue and the farewell still leave */
  PEAL_EIO_STATE_CLOSED
} peal_eio_state;

typedef enum peal_eio_reason {
  PEAL_EIO_TRANSPORT_CLOSE, /* the peer closed */
  PEAL_EIO_TRANSPORT_ERROR,
  PEAL_EIO_PARSE_ERROR,
  PEAL_EIO_PING_TIMEOUT,
  PEAL_EIO_FORCED_CLOSE, /* we closed */
  PEAL_EIO_SLOW_CONSUMER /* the send queue reached its ceiling */
} peal_eio_reason;

/* Shared by all sessions of an owner; borrowed for life. Zero: default. */
typedef struct peal_eio_session_opts {
  bool client;
  bool eio3;                   /* client: version 3 is spoken */
  uint32_t ping_interval_ms;   /* 25000 */
  uint32_t ping_timeout_ms;    /* 20000 */
  uint32_t upgrade_timeout_ms; /* 10000 */
  uint32_t close_timeout_ms;   /* 30000: an orderly close may take */
  uint32_t confirm_timeout_ms; /* server, polling: until _confirm; 0: none */
  size_t max_payload_bytes;    /* PEAL_LIMIT_PAYLOAD_BYTES */
  size_t max_queue_bytes;      /* PEAL_LIMIT_QUEUE_BYTES */
  size_t max_queue_soft_bytes; /* PEAL_LIMIT_QUEUE_SOFT_BYTES */
  bool no_upgrades;            /* server: offer none */
  const peal_mem *mem;
  peal_account_worker *account; /* of what a queue's entries take; or NULL */
} peal_eio_session_opts;

/* Room for an id of ours, terminated. */
#define PEAL_EIO_SID_LEN 20u

/* What a client learned from the handshake. */
struct peal_eio_session_peer {
  size_t max_payload;
  uint32_t interval_ms, timeout_ms;
  char sid[65]; /* PEAL_EIO_HELLO_SID_MAX, terminated */
};

/* Its fields are its own; it stands here so that an owner can embed it. */
typedef struct peal_eio_session {
  const peal_eio_session_opts *opts;
  peal_eio_queue queue;
  peal_eio_probe *probe; /* NULL: no WebSocket is being tried */

  union {
    peal_message *open; /* server: the handshake's text until it is sent */
    struct peal_eio_session_peer *peer; /* client: what it learned */
  } hello;

  peal_slice input;         /* lent, and not yet looked at */
  peal_eio_heartbeat clock; /* OPEN: heartbeat; CLOSING: its end */
  uint32_t max_queue_bytes; /* 0: the options' */
  int16_t err;              /* peal_err of the close */
  uint8_t due;              /* peal_eio_due */
  /* What is looked at for each message that comes lies in one byte. */
  uint8_t state : 2;          /* peal_eio_state */
  uint8_t input_kind : 3;     /* what _next makes of it */
  uint8_t opened : 1;         /* to be told: OPEN */
  uint8_t probed : 1;         /* to be told: PROBED */
  uint8_t upgraded : 1;       /* to be told: UPGRADED */
  uint8_t closed : 1;         /* to be told: CLOSE */
  uint8_t drain : 1;          /* to be told when the queue is empty: DRAIN */
  uint8_t current : 1;        /* peal_eio_via */
  uint8_t reason : 3;         /* peal_eio_reason of the close */
  uint8_t poll_waits : 1;     /* server: a GET does */
  uint8_t farewell_armed : 1; /* the close packet may leave */
  uint8_t unconfirmed : 1;    /* server: its client has not come back */
  uint8_t can_upgrade : 1;    /* client: of the handshake */
  uint8_t got_ping : 1;       /* client: to be taken by _took_ping */
  uint8_t eio3 : 1;           /* version 3 is spoken, not 4 */
  char sid[PEAL_EIO_SID_LEN + 1]; /* server */
} peal_eio_session;

/* What an idle client costs here; see docs/performance.md. */
_Static_assert(sizeof(peal_eio_session) <= 88, "peal_eio_session has grown");

typedef enum peal_eio_event_type {
  PEAL_EIO_EVENT_OPEN,     /* client: the handshake has come, _sid is known */
  PEAL_EIO_EVENT_MESSAGE,  /* `binary`, `data` */
  PEAL_EIO_EVENT_PROBED,   /* client: the probe was answered; bring polling to
                              rest, then call _switch */
  PEAL_EIO_EVENT_UPGRADED, /* the WebSocket is current now; polling is to be
                              ended by the owner */
  PEAL_EIO_EVENT_DRAIN,    /* the queue had refused, dropped or passed the soft
                              ceiling, and is empty again */
  PEAL_EIO_EVENT_CLOSE     /* exactly once and last: `reason`, `err`. Packets (a
                              farewell) may still wait to be sent */
} peal_eio_event_type;

typedef struct peal_eio_event {
  uint8_t type; /* peal_eio_event_type */
  uint8_t reason;
  bool binary;
  peal_err err;    /* says more exactly why */
  peal_slice data; /* borrowed until the next call */
} peal_eio_event;
