/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_conn: one client's session on its worker, with the transports it has
 * at the moment: a waiting GET, a POST, a WebSocket. The loop "after any call,
 * pull until empty and re-arm the deadline" is written here, once. */
#include "engine/engine.h"
#include "engine/engine_handshake.h"
#include "net/stream.h"

struct peal_engine_conn {
  peal_engine *engine;
  peal_worker *worker;
  peal_eio_session *session;
  peal_engine_handshake *handshake;
  void *user;           /* the owner's (server/) */
  peal_account account; /* what this client makes us hold */
  peal_ws_conn *ws;     /* current, or the probe */
  peal_stream *stream;  /* of ws */
  peal_http_req *poll;  /* the GET that waits */
  peal_http_req *post;  /* the POST in progress */
  peal_wheel_timer timer;
  peal_flush flush;      /* what is to be done at the end of the turn */
  uint64_t app_deadline; /* UINT64_MAX: none */
  uint16_t depth;        /* calls on the stack: release waits for them */
  bool listed : 1;       /* its id is known */
  bool told_close : 1;
  bool first_poll : 1; /* the handshake's GET: cookie, initial headers */
  bool base64 : 1;     /* binary as base64 text, over WebSocket too */
  bool read_paused : 1;
  bool close_on_full : 1; /* policy of the send queue */
  bool overflowed : 1;    /* to be closed at the end of the turn */
  bool owner_waits : 1;   /* on_flush is wanted at the end of the turn */
};

/* What an idle client costs here; see the budget in design.md 7. */
_Static_assert(sizeof(peal_engine_conn) <= 168, "peal_engine_conn has grown");

/* A session that begins on `via`; in the table, on_open told.
 * Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_engine_conn *peal_engine_conn_new(
    peal_engine *engine, peal_worker *worker, peal_engine_handshake *handshake,
    peal_eio_via via, bool base64);
/* The session's id on a worker, or NULL. */
peal_engine_conn *peal_engine_conn_find(peal_engine *engine,
                                        const peal_worker *worker,
                                        peal_slice sid);

/* A callback into the machines begins and ends: between them nothing is
 * freed; at the end everything is pumped, re-armed, and released if over. */
void peal_engine_conn_enter(peal_engine_conn *conn);
void peal_engine_conn_leave(peal_engine_conn *conn);
/* The same for the end of a pull: what waits is being written already, so
 * nothing is nudged (it would be pulled for ever). */
void peal_engine_conn_leave_pull(peal_engine_conn *conn);

/* The session has something for its transports: it leaves at the end of the
 * turn. */
void peal_engine_conn_nudge(peal_engine_conn *conn);

/* For the owner: */

/* Queue a message (references are taken), sent at the end of the turn. */
PEAL_MUST_CHECK peal_err peal_engine_conn_send(peal_engine_conn *conn,
                                               const peal_eio_item *item);
/* Another ceiling and policy for the send queue; 0: the server's. */
void peal_engine_conn_set_queue(peal_engine_conn *conn, size_t max_bytes,
                                peal_queue_policy policy);

/* A send to it is near: fetch its memory. */
static inline void peal_engine_conn_prefetch(const peal_engine_conn *conn) {
  /* Their flags lie behind the first line. */
  __builtin_prefetch(conn->session);
  __builtin_prefetch((const char *)conn->session + 64);
  if (conn->stream) {
    __builtin_prefetch(conn->stream);
    __builtin_prefetch((const char *)conn->stream + 64);
  }
  __builtin_prefetch(conn->ws);
}

/* on_flush is wanted at the end of the turn. */
void peal_engine_conn_flush_later(peal_engine_conn *conn);
/* May a volatile message be sent now? */
bool peal_engine_conn_is_writable(const peal_engine_conn *conn);
/* Close: `discard` drops what is queued. on_close comes inside. */
void peal_engine_conn_close(peal_engine_conn *conn, bool discard, peal_err err);
/* After the run: end and free what nobody will ask for any more. */
void peal_engine_conn_abandon(peal_engine_conn *conn);
/* The peer broke the protocol above Engine.IO: logged, counted, closed. */
void peal_engine_conn_violation(peal_engine_conn *conn, peal_err err);
/* When on_deadline is wanted; UINT64_MAX: never. */
void peal_engine_conn_set_deadline(peal_engine_conn *conn, uint64_t at_ms);
/* What the owner keeps with it. */
void *peal_engine_conn_user(const peal_engine_conn *conn);
void peal_engine_conn_set_user(peal_engine_conn *conn, void *user);
peal_worker *peal_engine_conn_worker(const peal_engine_conn *conn);
/* on_close has been told. */
bool peal_engine_conn_is_closed(const peal_engine_conn *conn);
/* When on_deadline is wanted at present; UINT64_MAX: never. */
uint64_t peal_engine_conn_deadline(const peal_engine_conn *conn);
/* Bytes that wait for this client. */
size_t peal_engine_conn_queued_bytes(const peal_engine_conn *conn);
/* What this client makes us hold is charged here, before it is allocated. */
peal_account *peal_engine_conn_account(peal_engine_conn *conn);
/* The request that began the session. */
peal_engine_handshake *peal_engine_conn_handshake(const peal_engine_conn *conn);
const char *peal_engine_conn_transport(const peal_engine_conn *conn);
peal_engine_local *peal_engine_conn_local(const peal_engine_conn *conn);
