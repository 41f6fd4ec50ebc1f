/* SPDX-License-Identifier: MIT */
#include "engine/engine_conn.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "engine/transport_polling.h"
#include "engine/transport_websocket.h"
#include "net/crypto.h"

#define NEVER UINT64_MAX
#define SID_LEN 20u

static const peal_eio_session_callbacks session_callbacks;

static void count(_Atomic uint64_t *figure, uint64_t delta) {
  atomic_store_explicit(
      figure, atomic_load_explicit(figure, memory_order_relaxed) + delta,
      memory_order_relaxed);
}

peal_engine_local *peal_engine_conn_local(const peal_engine_conn *conn) {
  return peal_engine_local_of(conn->engine, conn->worker);
}

/* -- ids ------------------------------------------------------------------------- */

/* With several workers the first two characters name the worker, so that any
 * of them knows whose session it is (design: no sticky sessions). */
static peal_err make_sid(const peal_engine *engine, const peal_worker *worker,
                         char sid[SID_LEN + 1]) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789-_";
  peal_err err = peal_crypto_id(sid);
  if (err || engine->worker_count == 1)
    return err;
  unsigned index = peal_worker_index(worker);
  sid[0] = digits[index >> 6 & 63];
  sid[1] = digits[index & 63];
  return PEAL_OK;
}

peal_engine_conn *peal_engine_conn_find(peal_engine *engine,
                                        const peal_worker *worker,
                                        peal_slice sid) {
  return peal_map_get(&peal_engine_local_of(engine, worker)->sessions, sid);
}

/* -- time --------------------------------------------------------------------------- */

static uint64_t earliest(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t deadline(const peal_engine_conn *conn) {
  uint64_t at =
      earliest(peal_eio_session_deadline(conn->session), conn->app_deadline);
  return conn->ws ? earliest(at, peal_ws_conn_deadline(conn->ws)) : at;
}

/* A timer that fires too early is only set again; one that would fire too
 * late is moved. So a busy connection does not touch the wheel. */
static void rearm(peal_engine_conn *conn) {
  uint64_t at = deadline(conn);
  if (at == NEVER)
    peal_wheel_stop(&conn->worker->wheel, &conn->timer);
  else if (!peal_wheel_is_set(&conn->timer) || at < conn->timer.at_ms)
    peal_wheel_set(&conn->worker->wheel, &conn->timer, at);
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_engine_conn *conn = PEAL_LIST_OF(timer, peal_engine_conn, timer);
  peal_engine_conn_enter(conn);
  if (now_ms >= peal_eio_session_deadline(conn->session))
    peal_eio_session_tick(conn->session, now_ms);
  if (conn->ws && now_ms >= peal_ws_conn_deadline(conn->ws))
    peal_ws_conn_tick(conn->ws, now_ms);
  if (now_ms >= conn->app_deadline && !conn->told_close) {
    conn->app_deadline = NEVER;
    conn->engine->callbacks->on_deadline(conn, conn->engine->user);
  }
  peal_engine_conn_leave(conn);
}

void peal_engine_conn_set_deadline(peal_engine_conn *conn, uint64_t at_ms) {
  conn->app_deadline = at_ms;
  if (!conn->depth)
    rearm(conn);
}

/* -- the end of the turn --------------------------------------------------------------- */

static void on_flush(peal_flush *flush) {
  peal_engine_conn *conn = PEAL_LIST_OF(flush, peal_engine_conn, flush);
  peal_engine_conn_enter(conn);
  if (conn->overflowed)
    peal_eio_session_kill(conn->session, PEAL_EIO_SLOW_CONSUMER,
                          PEAL_ERR_QUEUE_FULL, conn->worker->now_ms);
  if (conn->owner_waits && !conn->told_close) {
    conn->owner_waits = false;
    conn->engine->callbacks->on_flush(conn, conn->engine->user);
  }
  if (conn->poll)
    peal_transport_polling_flush(conn);
  peal_engine_conn_leave(conn);
}

void peal_engine_conn_flush_later(peal_engine_conn *conn) {
  conn->owner_waits = true;
  peal_worker_impl_flush_later(conn->worker, &conn->flush);
}

void peal_engine_conn_nudge(peal_engine_conn *conn) {
  if (conn->stream)
    peal_stream_flush(conn->stream);
  if (conn->poll)
    peal_worker_impl_flush_later(conn->worker, &conn->flush);
}

/* -- life ------------------------------------------------------------------------------ */

static peal_eio_session *new_session(peal_engine_conn *conn, peal_eio_via via) {
  char sid[SID_LEN + 1];
  if (make_sid(conn->engine, conn->worker, sid))
    return NULL;
  unsigned index = peal_worker_index(conn->worker);
  return peal_eio_session_new(&conn->engine->session_opts[index],
                              &session_callbacks, conn, sid, via,
                              conn->worker->now_ms);
}

static peal_err insert(peal_engine_conn *conn) {
  peal_engine_local *local = peal_engine_conn_local(conn);
  peal_err err =
      peal_map_add(&local->sessions,
                   peal_slice_of(peal_eio_session_sid(conn->session)), conn);
  if (err)
    return err;
  conn->listed = true;
  count(&local->stats.clients, 1);
  count(&local->stats.sessions_total, 1);
  if (peal_eio_session_current(conn->session) == PEAL_EIO_POLLING)
    count(&local->stats.clients_polling, 1);
  return PEAL_OK;
}

/* Its id is unknown from now on. */
static void forget(peal_engine_conn *conn) {
  if (!conn->listed)
    return;
  conn->listed = false;
  peal_map_remove(&peal_engine_conn_local(conn)->sessions,
                  peal_slice_of(peal_eio_session_sid(conn->session)));
}

static void release(peal_engine_conn *conn) {
  assert(!conn->stream && !conn->poll && !conn->post);
  forget(conn);
  if (peal_list_is_linked(&conn->flush.node))
    peal_list_remove(&conn->flush.node);
  peal_wheel_stop(&conn->worker->wheel, &conn->timer);
  peal_ws_conn_free(conn->ws);
  peal_eio_session_free(conn->session);
  peal_engine_handshake_free(conn->handshake, conn->worker->mem);
  peal_mem_free(conn->worker->mem, conn);
}

peal_engine_conn *peal_engine_conn_new(peal_engine *engine, peal_worker *worker,
                                       peal_engine_handshake *handshake,
                                       peal_eio_via via, bool base64) {
  peal_engine_conn *conn = peal_mem_zalloc(worker->mem, sizeof *conn);
  if (!conn)
    return NULL;
  conn->engine = engine;
  conn->worker = worker;
  conn->base64 = base64;
  conn->app_deadline = NEVER;
  peal_account_init(&conn->account,
                    &peal_engine_local_of(engine, worker)->account, 0);
  conn->close_on_full = engine->opts->queue_policy == PEAL_QUEUE_CLOSE;
  conn->flush.fn = on_flush;
  peal_list_init(&conn->flush.node);
  peal_wheel_timer_init(&conn->timer, on_timer);
  conn->session = new_session(conn, via);
  if (!conn->session || insert(conn)) {
    release(conn);
    return NULL;
  }
  conn->handshake = handshake;
  if (!engine->callbacks->on_open(conn, engine->user)) {
    conn->handshake = NULL; /* stays the caller's */
    conn->told_close = true;
    count(&peal_engine_conn_local(conn)->stats.clients, UINT64_MAX);
    if (via == PEAL_EIO_POLLING)
      count(&peal_engine_conn_local(conn)->stats.clients_polling, UINT64_MAX);
    release(conn);
    return NULL;
  }
  rearm(conn);
  return conn;
}

/* -- settling ---------------------------------------------------------------------------- */

/* A probe that came to nothing: the session lives on polling, or ends there. */
static bool is_failed_probe(const peal_engine_conn *conn) {
  return peal_eio_session_current(conn->session) == PEAL_EIO_POLLING &&
         (conn->told_close || !peal_eio_session_is_upgrading(conn->session));
}

/* End what is left of the transports of a session that is over. */
static void wind_up(peal_engine_conn *conn) {
  bool is_done = peal_eio_session_is_done(conn->session);
  if (is_done)
    forget(conn);
  if (conn->ws && (is_done || is_failed_probe(conn)))
    peal_transport_websocket_finish(conn);
}

static bool is_over(const peal_engine_conn *conn) {
  return peal_eio_session_is_done(conn->session) && !conn->stream &&
         !conn->poll && !conn->post;
}

static void watch_queue(peal_engine_conn *conn) {
  /* A client that sends and does not read is read no further. */
  if (!conn->stream || conn->read_paused ||
      peal_eio_session_queued_bytes(conn->session) <=
          (conn->engine->opts->max_queue_soft_bytes
               ? conn->engine->opts->max_queue_soft_bytes
               : PEAL_LIMIT_QUEUE_SOFT_BYTES))
    return;
  conn->read_paused = true;
  peal_stream_pause(conn->stream);
}

void peal_engine_conn_enter(peal_engine_conn *conn) {
  conn->depth++;
}

void peal_engine_conn_leave(peal_engine_conn *conn) {
  if (conn->depth > 1) {
    conn->depth--;
    return;
  }
  peal_engine_conn_nudge(conn);
  wind_up(conn);
  watch_queue(conn);
  conn->depth--;
  if (is_over(conn))
    release(conn);
  else
    rearm(conn);
}

void peal_engine_conn_abandon(peal_engine_conn *conn) {
  conn->depth++; /* whoever is told now cannot release it too */
  peal_eio_session_close(conn->session, true, PEAL_ERR_CANCELLED,
                         conn->worker->now_ms);
  release(conn);
}

void peal_engine_conn_leave_pull(peal_engine_conn *conn) {
  if (conn->told_close)
    peal_engine_conn_leave(conn);
  else
    conn->depth--;
}

/* -- what the session tells ---------------------------------------------------------------- */

static void on_message(peal_eio_session *session, bool binary, peal_slice data,
                       void *user) {
  peal_engine_conn *conn = user;
  (void)session;
  conn->engine->callbacks->on_message(conn, binary, data, conn->engine->user);
}

static void on_upgrade(peal_eio_session *session, void *user) {
  peal_engine_conn *conn = user;
  (void)session;
  count(&peal_engine_conn_local(conn)->stats.clients_polling, UINT64_MAX);
  peal_transport_polling_end(conn);
}

static void on_drain(peal_eio_session *session, void *user) {
  peal_engine_conn *conn = user;
  (void)session;
  if (conn->read_paused && conn->stream) {
    conn->read_paused = false;
    peal_stream_resume(conn->stream);
  }
  conn->engine->callbacks->on_drain(conn, conn->engine->user);
}

static const char *reason_name(peal_eio_reason reason) {
  static const char *const names[] = {"transport close", "transport error",
                                      "parse error",     "ping timeout",
                                      "forced close",    "slow consumer"};
  return names[reason];
}

static void log_close(const peal_engine_conn *conn, peal_eio_reason reason,
                      peal_err err) {
  bool is_fault = peal_err_class_of(err) == PEAL_CLASS_PEER ||
                  peal_err_class_of(err) == PEAL_CLASS_LIMIT ||
                  err == PEAL_ERR_NOMEM;
  peal_logger_write(conn->engine->log,
                    is_fault ? PEAL_LOG_WARN : PEAL_LOG_DEBUG, "engine",
                    peal_engine_handshake_address(conn->handshake),
                    peal_slice_of(peal_eio_session_sid(conn->session)),
                    "session closed: %s%s%s", reason_name(reason),
                    err ? ", " : "", err ? peal_err_message(err) : "");
}

static void on_close(peal_eio_session *session, peal_eio_reason reason,
                     peal_err err, void *user) {
  peal_engine_conn *conn = user;
  peal_engine_local *local = peal_engine_conn_local(conn);
  conn->told_close = true;
  conn->app_deadline = NEVER;
  count(&local->stats.clients, UINT64_MAX);
  if (peal_eio_session_current(session) == PEAL_EIO_POLLING)
    count(&local->stats.clients_polling, UINT64_MAX);
  if (peal_err_class_of(err) == PEAL_CLASS_PEER ||
      (peal_err_class_of(err) == PEAL_CLASS_LIMIT &&
       reason != PEAL_EIO_SLOW_CONSUMER))
    count(&local->stats.errors_peer, 1);
  log_close(conn, reason, err);
  conn->engine->callbacks->on_close(conn, reason, err, conn->engine->user);
}

static const peal_eio_session_callbacks session_callbacks = {
    .on_message = on_message,
    .on_upgrade = on_upgrade,
    .on_drain = on_drain,
    .on_close = on_close,
};

/* -- for the owner -------------------------------------------------------------------------- */

peal_err peal_engine_conn_send(peal_engine_conn *conn,
                               const peal_eio_item *item) {
  peal_err err =
      peal_eio_session_send(conn->session, item, conn->worker->now_ms);
  if (!err) {
    if (!conn->depth)
      peal_engine_conn_nudge(conn);
    return PEAL_OK;
  }
  /* Closed at the end of the turn: a broadcast may be walking over it. */
  if (err == PEAL_ERR_QUEUE_FULL && conn->close_on_full && !conn->overflowed) {
    conn->overflowed = true;
    peal_worker_impl_flush_later(conn->worker, &conn->flush);
  }
  return err;
}

void peal_engine_conn_set_queue(peal_engine_conn *conn, size_t max_bytes,
                                peal_queue_policy policy) {
  if (!max_bytes)
    policy = conn->engine->opts->queue_policy;
  conn->close_on_full = policy == PEAL_QUEUE_CLOSE;
  peal_eio_session_set_queue(conn->session, max_bytes,
                             policy == PEAL_QUEUE_DROP_OLDEST
                                 ? PEAL_EIO_POLICY_DROP_OLDEST
                                 : PEAL_EIO_POLICY_DROP_NEWEST);
}

bool peal_engine_conn_is_writable(const peal_engine_conn *conn) {
  if (!peal_eio_session_is_writable(conn->session))
    return false;
  return !conn->stream || !peal_stream_is_blocked(conn->stream) ||
         peal_eio_session_current(conn->session) == PEAL_EIO_POLLING;
}

void peal_engine_conn_close(peal_engine_conn *conn, bool discard,
                            peal_err err) {
  peal_engine_conn_enter(conn);
  peal_eio_session_close(conn->session, discard, err, conn->worker->now_ms);
  peal_engine_conn_leave(conn);
}

void peal_engine_conn_violation(peal_engine_conn *conn, peal_err err) {
  peal_engine_conn_close(conn, true, err);
}

void *peal_engine_conn_user(const peal_engine_conn *conn) {
  return conn->user;
}

void peal_engine_conn_set_user(peal_engine_conn *conn, void *user) {
  conn->user = user;
}

peal_worker *peal_engine_conn_worker(const peal_engine_conn *conn) {
  return conn->worker;
}

bool peal_engine_conn_is_closed(const peal_engine_conn *conn) {
  return conn->told_close;
}

uint64_t peal_engine_conn_deadline(const peal_engine_conn *conn) {
  return conn->app_deadline;
}

size_t peal_engine_conn_queued_bytes(const peal_engine_conn *conn) {
  return peal_eio_session_queued_bytes(conn->session);
}

peal_account *peal_engine_conn_account(peal_engine_conn *conn) {
  return &conn->account;
}

peal_engine_handshake *peal_engine_conn_handshake(
    const peal_engine_conn *conn) {
  return conn->handshake;
}

const char *peal_engine_conn_transport(const peal_engine_conn *conn) {
  return peal_eio_session_current(conn->session) == PEAL_EIO_WEBSOCKET
             ? "websocket"
             : "polling";
}
