/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_client: a Socket.IO client without its socket: when to connect and to
 * connect again, its namespaces, what waits for a connection, for its turn and
 * for an acknowledgement.
 * In the flow: an Engine.IO connection -> proto/sio_conn -> [sio_client] ->
 * client/.
 *
 *   a verb, _feed,         changes what it is told
 *   _opened, _closed, _tick
 *   while (next(&e))       what is to be done and what has happened, one at a
 *     act on e             time; any verb is allowed here, _deinit included
 *
 * Nothing is called and nothing waits inside: behind each call _next has to be
 * asked until it says false. Packets to be sent come before all else, the rest
 * in the order in which it happened.
 *
 * The connection is the owner's. It is made when DIAL says so, and its fate is
 * reported: _opened, then _feed, then once _closed; or _closed alone. HANGUP
 * ends it: nothing more is reported of it, what was sent before leaves first.
 * There is never more than one: between two DIALs stands a _closed or a HANGUP.
 *
 *   idle --open--> dialling --_opened--> open
 *     ^               |  ^                |
 *     |       _closed |  | _tick          | _closed
 *     |               v  |                |
 *     +--- given up --- waiting <---------+
 *
 * Each acknowledgement that was asked for is told exactly once.
 *
 * Where it goes beyond the reference client: events that come in the middle of
 * a CONNECT are told before it as there, but what is emitted meanwhile keeps
 * its place behind the buffer; an event is sent again under its first id, so
 * that a late acknowledgement counts; a session that was not recovered begins
 * without an offset; what waits has a ceiling. */
#include <peal/client.h>

#include "base/account.h"
#include "base/arena.h"
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

/* -- life ------------------------------------------------------------------------ */

/* Size and fields: proto/sio_client_state.h, so that an owner can embed it. It
 * does not move afterwards. `account` (borrowed for life; NULL: none) is
 * charged for namespaces and for what waits. `seed`: random, the dice of the
 * delays. */
void peal_sio_client_init(peal_sio_client *client,
                          const peal_sio_client_opts *opts,
                          peal_account *account, uint32_t seed,
                          uint64_t now_ms);
/* At any point; nothing more is told. To tell the acknowledgements first:
 * _end. */
void peal_sio_client_deinit(peal_sio_client *client);
/* It is over: as _close, and all that waits is dropped, its acknowledgements
 * told (PEAL_ERR_CLOSED). Verbs say PEAL_ERR_CLOSED from now on. */
void peal_sio_client_end(peal_sio_client *client);

/* The next thing to be done or that has happened; false: nothing more until
 * something is told. Values lie in the arena, which the owner may reset between
 * two events. */
bool peal_sio_client_next(peal_sio_client *client, peal_arena *arena,
                          peal_sio_client_event *event);
/* Time has come. */
void peal_sio_client_tick(peal_sio_client *client, uint64_t now_ms);
/* When _tick is wanted. 0: _next has something; UINT64_MAX: never. */
uint64_t peal_sio_client_deadline(const peal_sio_client *client);

/* -- the connection's fate --------------------------------------------------------- */

/* What was not asked for by a DIAL that was told, or comes behind its end, does
 * nothing (PEAL_ERR_USAGE). */

/* Engine.IO's handshake is done. */
peal_err peal_sio_client_opened(peal_sio_client *client, uint64_t now_ms);
/* Lend one Engine.IO message, as peal_sio_conn_feed: valid until _next says
 * false. PEAL_ERR_USAGE also if the last was not used up. */
PEAL_MUST_CHECK peal_err peal_sio_client_feed(peal_sio_client *client,
                                              bool binary, peal_slice data,
                                              uint64_t now_ms);
/* It could not be made, or has gone. `err`: not PEAL_OK if it could not be
 * made. In words it is the owner's to remember. What _next has not told to be
 * sent by then waits for the next connection. */
peal_err peal_sio_client_closed(peal_sio_client *client,
                                peal_client_reason reason, peal_err err,
                                uint64_t now_ms);

/* -- connecting ------------------------------------------------------------------------ */

/* Connect; while it waits to do so again, at once. Nothing if there is a
 * connection or one is being made. PEAL_ERR_CLOSED behind _end. */
peal_err peal_sio_client_open(peal_sio_client *client, uint64_t now_ms);
/* Leave all namespaces and hang up; nothing reconnects. */
void peal_sio_client_close(peal_sio_client *client, uint64_t now_ms);
/* Is there a connection, or will there be one by itself? */
bool peal_sio_client_is_active(const peal_sio_client *client);
bool peal_sio_client_is_open(const peal_sio_client *client);

/* The namespace of this name (copied), made if new; it joins nothing yet.
 * Returns NULL for what is no name, behind _end, or if memory is out. */
peal_sio_client_nsp *peal_sio_client_of(peal_sio_client *client,
                                        peal_slice name);
/* Join it, as soon as there is a connection, and again with each connection;
 * opens one if there is none. Nothing if it is joined or being joined. */
peal_err peal_sio_client_connect(peal_sio_client_nsp *nsp, uint64_t now_ms);
/* Leave it. What waits in it stays for the next time; acknowledgements that
 * were to come are told (PEAL_ERR_CLOSED). If no other is wanted the connection
 * goes, too. */
void peal_sio_client_leave(peal_sio_client_nsp *nsp, uint64_t now_ms);
/* The answer to ASK_AUTH: an object, or undefined.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED: too late, which harms nothing;
 * PEAL_ERR_USAGE, PEAL_ERR_DEPTH: not such a value, the question stands;
 * PEAL_ERR_LIMIT: too many namespaces, as if refused; PEAL_ERR_NOMEM: the
 * connection is given up, another is tried later. */
peal_err peal_sio_client_auth(peal_sio_client_nsp *nsp, uint32_t ask,
                              peal_val auth, uint64_t now_ms);

/* -- emitting -------------------------------------------------------------------------- */

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

/* Send it, or let it wait; encoded before it returns.
 * Returns: PEAL_OK; PEAL_ERR_RESERVED, PEAL_ERR_DEPTH, PEAL_ERR_LIMIT (more than
 * 65535 binaries, or the account's), PEAL_ERR_NOMEM, PEAL_ERR_QUEUE_FULL,
 * PEAL_ERR_CLOSED (behind _end): it was not, and `fn` is not told. */
PEAL_MUST_CHECK peal_err peal_sio_client_send(peal_sio_client_nsp *nsp,
                                              const peal_sio_client_emit *emit,
                                              uint64_t now_ms);
/* Acknowledge an event: `link` and packet.id of it.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED (the membership that it came by is over),
 * PEAL_ERR_DEPTH, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_client_ack(peal_sio_client_nsp *nsp,
                                             peal_sio_link link, uint64_t id,
                                             peal_args args);

/* Bytes that wait for a connection or for their turn, and SENDs that _next has
 * not told. */
size_t peal_sio_client_buffered_bytes(const peal_sio_client *client);
size_t peal_sio_client_sending_bytes(const peal_sio_client *client);

/* -- namespaces ------------------------------------------------------------------------- */

/* A walk in order of their making: the one behind `nsp` (NULL: the first), or
 * NULL. */
peal_sio_client_nsp *peal_sio_client_nsp_next(const peal_sio_client *client,
                                              const peal_sio_client_nsp *nsp);
peal_slice peal_sio_client_nsp_name(const peal_sio_client_nsp *nsp);
peal_sio_client *peal_sio_client_nsp_client(const peal_sio_client_nsp *nsp);
/* Given by the server; empty while it is not connected. Borrowed until it is
 * connected anew. */
peal_slice peal_sio_client_nsp_sid(const peal_sio_client_nsp *nsp);
bool peal_sio_client_nsp_is_connected(const peal_sio_client_nsp *nsp);
/* Connected, or it will be by itself. */
bool peal_sio_client_nsp_is_active(const peal_sio_client_nsp *nsp);
/* Has the last CONNECT brought back what was missed? */
bool peal_sio_client_nsp_is_recovered(const peal_sio_client_nsp *nsp);
void *peal_sio_client_nsp_user(const peal_sio_client_nsp *nsp);
void peal_sio_client_nsp_set_user(peal_sio_client_nsp *nsp, void *user);

/* Do the invariants hold? For tests, after every step. */
bool peal_sio_client_check(const peal_sio_client *client);
