/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_conn_impl: the inside of an engine_conn: the session with the
 * transports that it has at the moment, and what the owner keeps behind it, in
 * one block, and the steps of its life, for the files of engine/ alone.
 *
 *   a transport feeds the session, then
 *   react   tells the owner what has happened, asks the transports to write,
 *           and for a settling if something has come to its end; once for all
 *           messages of one read
 *   settle  at the end of a turn for which one was asked: ends are told,
 *           transports finished, the conn freed
 *
 * Who only queues (peal_engine_conn_send) asks the transport to write, and
 * nothing else is looked at. */
#include "engine/engine_handshake.h"
#include "engine/engine_impl.h"
#include "net/stream.h"
#include "net/turn.h"
#include "proto/eio_out.h"
#include "proto/eio_resume.h"
#include "proto/eio_session.h"

struct peal_engine_conn {
  peal_engine_local *local;
  peal_engine_handshake *handshake;
  peal_account account;
  peal_ws_conn *ws;    /* current, or the probe */
  peal_stream *stream; /* of ws */
  peal_http_req *poll; /* the GET that waits */
  peal_http_req *post; /* the POST in progress */
  peal_flush flush;    /* a settling was asked for */
  peal_wheel_timer timer;
  uint64_t app_deadline; /* UINT64_MAX: none */
  peal_eio_life life;
  uint32_t quota_tag;
  uint32_t trial_tag;      /* 0: it has been used */
  uint8_t policy : 2;      /* peal_queue_policy */
  uint8_t listed : 1;      /* its id is known */
  uint8_t told_close : 1;  /* the owner knows */
  uint8_t on_polling : 1;  /* counted as such */
  uint8_t first_poll : 1;  /* the handshake's GET: cookie, initial headers */
  uint8_t base64 : 1;      /* binary as base64 text, over WebSocket too */
  uint8_t keyed : 1;       /* has had messages with a key */
  uint8_t overflowed : 1;  /* to be closed when the turn ends */
  uint8_t owner_waits : 1; /* on_flush is wanted when the turn ends */
  uint8_t ws_ending : 1;   /* its close handshake has begun */
  uint8_t is_far : 1;      /* other nodes have had requests of it */
  uint8_t far_poll : 1;    /* a GET waits there */
  uint8_t far_socket : 1;  /* its WebSocket is there, or the probe */
  peal_eio_session session;
};

/* What an idle client costs here; see docs/performance.md. */
_Static_assert(sizeof(peal_engine_conn) <= 240, "peal_engine_conn has grown");

/* How a session begins. */
typedef struct peal_engine_conn_form {
  peal_eio_via via;
  bool eio3;   /* in that version */
  bool base64; /* with its binary in text */
} peal_engine_conn_form;

/* A session; in the table, on_open told. `handshake` is taken if it
 * succeeds.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT (too many), PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_engine_conn_new(
    peal_engine_conn **out, peal_engine_local *local,
    peal_engine_handshake *handshake, const peal_engine_conn_form *form);
/* A session that another process has begun: in the table, nobody told. As
 * peal_engine_conn_new. */
PEAL_MUST_CHECK peal_err peal_engine_conn_resume(
    peal_engine_conn **out, peal_engine_local *local,
    peal_engine_handshake *handshake, const peal_eio_resume *how);
/* Another process has it: it is forgotten, without a word, at the end of the
 * turn. It has no WebSocket any more. */
void peal_engine_conn_leave(peal_engine_conn *conn);
/* The session's id on a worker, or NULL. */
peal_engine_conn *peal_engine_conn_find(const peal_engine_local *local,
                                        peal_slice sid);
/* The client has used its id. */
void peal_engine_conn_confirm(peal_engine_conn *conn);
/* Something was fed to the session, or has passed it by. */
void peal_engine_conn_react(peal_engine_conn *conn);
/* Its first step alone: the owner is told. Who feeds many messages one after
 * the other does this behind each of them, and reacts once behind all. */
void peal_engine_conn_tell(peal_engine_conn *conn);
/* After the run: end and free it. */
void peal_engine_conn_abandon(peal_engine_conn *conn);

/* A settling is wanted at the end of the turn. */
static inline void peal_engine_conn_ask(peal_engine_conn *conn) {
  peal_turn_flush_later(conn->local->worker, &conn->flush);
}

/* Its last way is gone; is it a stop that loses something? */
static inline void peal_engine_conn_count_undrained(
    const peal_engine_conn *conn) {
  if (conn->local->stopping && peal_eio_session_queued_bytes(&conn->session))
    conn->local->undrained++;
}

static inline uint64_t peal_engine_conn_now(const peal_engine_conn *conn) {
  return conn->local->worker->now_ms;
}
