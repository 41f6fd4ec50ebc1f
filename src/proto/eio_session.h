/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_session: one Engine.IO 4 session, either role, put together from its
 * parts: eio_hello (the handshake), eio_heartbeat (the clock), eio_probe (the
 * upgrade from polling to WebSocket), eio_queue (messages), eio_due (control
 * packets), and the close, which is here.
 * In the flow: proto/ws_conn, wire/eio_payload -> [eio_session] ->
 * proto/sio_conn, and back by proto/eio_out.
 *
 *   client: OPENING --OPEN--> OPEN --CLOSE--> CLOSING ----> CLOSED
 *   server:                   OPEN --CLOSE--> CLOSING ----> CLOSED
 *                               \------------CLOSE-----------^
 *   CLOSING: what is queued and the farewell still leave.
 *
 * The session knows two ways (`via`): polling and a WebSocket. One of them is
 * current; while a polling session upgrades, the WebSocket is the probe.
 *
 * It answers and never calls: after any verb the owner takes what happened by
 * _next until there is nothing, packets by eio_out for each way that has some,
 * and re-arms _deadline. Between two events it may do anything, _deinit
 * included. */
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

/* Its fields are its own; it stands here so that an owner can embed it. */
typedef struct peal_eio_session {
  const peal_eio_session_opts *opts;
  peal_eio_queue queue;
  peal_eio_probe *probe; /* NULL: no WebSocket is being tried */

  union {
    peal_message *open; /* server: the handshake's text until it is sent */
    struct peal_eio_session_peer *peer; /* client: what it learned */
  } hello;

  peal_slice input;           /* lent, and not yet looked at */
  peal_eio_heartbeat clock;   /* OPEN: heartbeat; CLOSING: its end */
  uint32_t max_queue_bytes;   /* 0: the options' */
  int16_t err;                /* peal_err of the close */
  uint8_t due;                /* peal_eio_due */
  uint8_t state : 2;          /* peal_eio_state */
  uint8_t current : 1;        /* peal_eio_via */
  uint8_t reason : 3;         /* peal_eio_reason of the close */
  uint8_t input_kind : 2;     /* what _next makes of it */
  uint8_t opened : 1;         /* to be told: OPEN */
  uint8_t probed : 1;         /* to be told: PROBED */
  uint8_t upgraded : 1;       /* to be told: UPGRADED */
  uint8_t closed : 1;         /* to be told: CLOSE */
  uint8_t drain : 1;          /* to be told when the queue is empty: DRAIN */
  uint8_t poll_waits : 1;     /* server: a GET does */
  uint8_t farewell_armed : 1; /* the close packet may leave */
  uint8_t unconfirmed : 1;    /* server: its client has not come back */
  uint8_t can_upgrade : 1;    /* client: of the handshake */
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

/* Server role: a session that begins on `via`, with an `open` packet before
 * all else. `sid` has PEAL_EIO_SID_LEN characters (copied). Client role: `sid`
 * is NULL, it comes with the handshake.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM (nothing to give back). */
PEAL_MUST_CHECK peal_err peal_eio_session_init(
    peal_eio_session *session, const peal_eio_session_opts *opts,
    const char *sid, peal_eio_via via, uint64_t now_ms);
void peal_eio_session_deinit(peal_eio_session *session);

/* Lend a polling body: POST (server), answer to GET (client). Its packets are
 * looked at by _next, one after the other, until one closes the session; the
 * body is given back when _next has returned false.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED if the session is closed (a `1` still ends
 * one that closes); PEAL_ERR_SIO_STATE if the WebSocket is current: the body
 * is dropped, as the rest of a way that was left (reference 3.3). */
PEAL_MUST_CHECK peal_err peal_eio_session_feed_payload(
    peal_eio_session *session, peal_slice body, uint64_t now_ms);
/* Lend a WebSocket message, in the same manner.
 * Returns as above; PEAL_ERR_SIO_STATE if there is no probe, or it broke the
 * upgrade: close that WebSocket, the session lives on polling. */
PEAL_MUST_CHECK peal_err peal_eio_session_feed_frame(peal_eio_session *session,
                                                     bool binary,
                                                     peal_slice data,
                                                     uint64_t now_ms);
/* The next thing that has happened; false if there is none. Base64 goes to the
 * arena. */
bool peal_eio_session_next(peal_eio_session *session, peal_arena *arena,
                           uint64_t now_ms, peal_eio_event *event);

/* Server: a WebSocket came with this session's id. Client: it is open, the
 * probe may begin. It ends without an answer if it takes too long: then
 * _is_upgrading is false after a _tick, and the owner closes the WebSocket.
 * Returns: PEAL_OK, PEAL_ERR_SIO_STATE (there is one already, none was offered,
 * or the session is closing), PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_eio_session_attach(peal_eio_session *session,
                                                 uint64_t now_ms);
/* This way is gone. The probe's end leaves the session on polling; the
 * current way's end closes it with `reason`. */
void peal_eio_session_detach(peal_eio_session *session, peal_eio_via via,
                             peal_eio_reason reason, peal_err err);
/* Client: the probe was answered and polling has come to rest: send `upgrade`
 * and make the WebSocket current. Returns: PEAL_OK, PEAL_ERR_SIO_STATE (no
 * answered probe). */
PEAL_MUST_CHECK peal_err peal_eio_session_switch(peal_eio_session *session);
/* Server: the client has used its id; its session is no trial any more. */
void peal_eio_session_confirm(peal_eio_session *session);
/* The peer lives, as is known otherwise (it takes bytes, a message of its is
 * coming): a pong that is awaited has its whole time from then on. */
void peal_eio_session_spare(peal_eio_session *session, uint64_t seen_at_ms);

/* Queue a message (one more reference is held). One that replaces another of
 * the same key is charged with the difference only; any message fits into an
 * empty queue.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED; PEAL_ERR_NOMEM; PEAL_ERR_QUEUE_FULL: not
 * queued. */
PEAL_MUST_CHECK peal_err peal_eio_session_send(peal_eio_session *session,
                                               const peal_eio_item *item);
/* Drop the oldest messages that may go until this one fits.
 * Returns: PEAL_OK, PEAL_ERR_QUEUE_FULL: it cannot; nothing was dropped. */
PEAL_MUST_CHECK peal_err peal_eio_session_make_room(peal_eio_session *session,
                                                    const peal_eio_item *item);
/* Send what is queued, then a close packet, then end; the CLOSE event has
 * PEAL_EIO_FORCED_CLOSE and `err`. `discard`: drop the queue. */
void peal_eio_session_close(peal_eio_session *session, bool discard,
                            peal_err err, uint64_t now_ms);
/* End at once: what waits is dropped, a waiting GET is released with `1`. */
void peal_eio_session_kill(peal_eio_session *session, peal_eio_reason reason,
                           peal_err err);

/* Server, polling: a GET waits, or no longer. */
void peal_eio_session_poll_waits(peal_eio_session *session, bool waits,
                                 uint64_t now_ms);
/* Can the session take a message without making it wait long? Decides over
 * volatile messages together with the soft ceiling. */
bool peal_eio_session_is_writable(const peal_eio_session *session);

/* UINT64_MAX: never. */
uint64_t peal_eio_session_deadline(const peal_eio_session *session);
void peal_eio_session_tick(peal_eio_session *session, uint64_t now_ms);

/* Terminated; "" before a client's handshake. */
const char *peal_eio_session_sid(const peal_eio_session *session);
/* Client, after the handshake: does the server offer a WebSocket, and how many
 * bytes may a polling body have? */
bool peal_eio_session_can_upgrade(const peal_eio_session *session);
size_t peal_eio_session_peer_max_payload(const peal_eio_session *session);
peal_eio_via peal_eio_session_current(const peal_eio_session *session);
bool peal_eio_session_is_open(const peal_eio_session *session);
/* A pong is awaited, and since when. */
bool peal_eio_session_is_pinged(const peal_eio_session *session);
uint64_t peal_eio_session_pinged_at(const peal_eio_session *session);
/* How long a pong may take, in milliseconds. */
uint32_t peal_eio_session_ping_timeout(const peal_eio_session *session);
/* _next has something to tell. */
bool peal_eio_session_has_news(const peal_eio_session *session);
/* Closed, everything told, and nothing is left to be sent. */
bool peal_eio_session_is_done(const peal_eio_session *session);
bool peal_eio_session_is_upgrading(const peal_eio_session *session);
size_t peal_eio_session_queued_bytes(const peal_eio_session *session);
/* Another ceiling than the options' (up to 4 GiB); 0: the options'. */
void peal_eio_session_set_max_queue(peal_eio_session *session,
                                    size_t max_bytes);
/* Asserts what holds between two calls. */
void peal_eio_session_check(const peal_eio_session *session);
