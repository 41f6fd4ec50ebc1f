/* SPDX-License-Identifier: MIT */
#include "engine/engine_conn.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "engine/engine_conn_impl.h"
#include "engine/overflow.h"
#include "engine/session_log.h"
#include "engine/sid.h"
#include "net/net_limits.h"

#define NEVER UINT64_MAX

_Static_assert(PEAL_SID_LEN == PEAL_EIO_SID_LEN, "one kind of id");

static const peal_engine_way *way_of(const peal_engine_conn *conn,
                                     peal_eio_via via) {
  return conn->local->engine->ways[via];
}

/* -- time ------------------------------------------------------------------ */

static uint64_t earliest(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t deadline(const peal_engine_conn *conn) {
  uint64_t at =
      earliest(peal_eio_session_deadline(&conn->session), conn->app_deadline);
  return conn->ws ? earliest(at, peal_ws_conn_deadline(conn->ws)) : at;
}

/* A timer that fires too early is only set again; one that would fire too
 * late is moved. So a busy connection does not touch the wheel. */
static void rearm(peal_engine_conn *conn) {
  peal_wheel *wheel = &conn->local->worker->wheel;
  uint64_t at = deadline(conn);
  if (at == NEVER)
    peal_wheel_stop(wheel, &conn->timer);
  else if (!peal_wheel_is_set(&conn->timer) || at < conn->timer.at_ms)
    peal_wheel_set(wheel, &conn->timer, at);
}

static void tick_session(peal_engine_conn *conn, uint64_t now_ms) {
  peal_eio_life_signs signs = {0};
  way_of(conn, peal_eio_session_current(&conn->session))->look(conn, &signs);
  peal_eio_life_tick(&conn->life, &conn->session, &signs, now_ms);
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_engine_conn *conn = PEAL_LIST_OF(timer, peal_engine_conn, timer);
  const peal_engine *engine = conn->local->engine;
  if (now_ms >= peal_eio_session_deadline(&conn->session))
    tick_session(conn, now_ms);
  if (conn->ws && now_ms >= peal_ws_conn_deadline(conn->ws))
    way_of(conn, PEAL_EIO_WEBSOCKET)->tick(conn);
  if (now_ms >= conn->app_deadline && !conn->told_close) {
    conn->app_deadline = NEVER;
    engine->callbacks->on_deadline(conn, engine->user);
  }
  peal_engine_conn_react(conn);
}

/* -- asking for work ------------------------------------------------------- */

/* What was fed, or time, may have made something to write. */
static void nudge(peal_engine_conn *conn) {
  if (conn->stream && (peal_eio_out_wants(&conn->session, PEAL_EIO_WEBSOCKET) ||
                       peal_ws_conn_queued(conn->ws)))
    peal_stream_flush(conn->stream);
  if (conn->poll && peal_eio_out_wants(&conn->session, PEAL_EIO_POLLING))
    peal_engine_conn_ask(conn);
  if (conn->is_far && conn->local->engine->far->wants(conn))
    peal_engine_conn_ask(conn);
}

/* -- what has happened ----------------------------------------------------- */

static void leave_polling(peal_engine_conn *conn) {
  conn->on_polling = 0;
  peal_engine_count(&conn->local->stats.clients_polling, UINT64_MAX);
  if (conn->poll)
    way_of(conn, PEAL_EIO_POLLING)->finish(conn);
  if (conn->is_far)
    conn->local->engine->far->leave(conn);
}

static void on_close(peal_engine_conn *conn, const peal_eio_event *event) {
  const peal_engine *engine = conn->local->engine;
  conn->told_close = 1;
  conn->app_deadline = NEVER;
  peal_engine_count(&conn->local->stats.clients, UINT64_MAX);
  if (conn->on_polling) {
    conn->on_polling = 0;
    peal_engine_count(&conn->local->stats.clients_polling, UINT64_MAX);
  }
  peal_session_log_close(conn, (peal_eio_reason)event->reason, event->err);
  engine->callbacks->on_close(conn, (peal_eio_reason)event->reason, event->err,
                              engine->user);
}

static void tell(peal_engine_conn *conn, const peal_eio_event *event) {
  const peal_engine *engine = conn->local->engine;
  switch ((peal_eio_event_type)event->type) {
  case PEAL_EIO_EVENT_MESSAGE:
    if (conn->overflowed) /* it is closed when the turn ends */
      break;
    engine->callbacks->on_message(conn, event->binary, event->data,
                                  engine->user);
    break;
  case PEAL_EIO_EVENT_DRAIN:
    engine->callbacks->on_drain(conn, engine->user);
    break;
  case PEAL_EIO_EVENT_CLOSE:
    on_close(conn, event);
    break;
  case PEAL_EIO_EVENT_UPGRADED:
    if (engine->callbacks->on_upgrade)
      engine->callbacks->on_upgrade(conn, engine->user);
    break;
  case PEAL_EIO_EVENT_OPEN: /* of the other role */
  case PEAL_EIO_EVENT_PROBED:
    break;
  }
}

void peal_engine_conn_tell(peal_engine_conn *conn) {
  peal_worker *worker = conn->local->worker;
  peal_eio_event event;
  if (conn->on_polling &&
      peal_eio_session_current(&conn->session) == PEAL_EIO_WEBSOCKET)
    leave_polling(conn);
  while (peal_eio_session_has_news(&conn->session) &&
         peal_eio_session_next(&conn->session, &worker->turn, worker->now_ms,
                               &event))
    tell(conn, &event);
}

/* A probe that came to nothing: the session lives on polling, or ends there. */
static bool has_failed_probe(const peal_engine_conn *conn) {
  return conn->stream && !conn->ws_ending &&
         peal_eio_session_current(&conn->session) == PEAL_EIO_POLLING &&
         !peal_eio_session_is_upgrading(&conn->session);
}

static bool has_ended(const peal_engine_conn *conn) {
  return conn->told_close && peal_eio_session_is_done(&conn->session);
}

void peal_engine_conn_react(peal_engine_conn *conn) {
  peal_engine_conn_tell(conn);
  if (has_ended(conn) || has_failed_probe(conn))
    peal_engine_conn_ask(conn);
  nudge(conn);
  rearm(conn);
}

/* -- settling -------------------------------------------------------------- */

static void end_trial(peal_engine_conn *conn) {
  if (conn->trial_tag)
    peal_quota_tried(&conn->local->engine->quota, conn->trial_tag);
  conn->trial_tag = 0;
}

void peal_engine_conn_confirm(peal_engine_conn *conn) {
  end_trial(conn);
  peal_eio_session_confirm(&conn->session);
}

/* Its id is unknown from now on, and it counts no longer. */
static void forget(peal_engine_conn *conn) {
  end_trial(conn);
  if (!conn->listed)
    return;
  conn->listed = 0;
  peal_sid_table_remove(&conn->local->sessions, conn->session.sid);
  peal_quota_give(&conn->local->engine->quota, conn->quota_tag);
}

/* With what the owner keeps behind it. */
static size_t block_bytes(const peal_engine_local *local) {
  return sizeof(peal_engine_conn) + local->engine->callbacks->user_bytes;
}

static void release(peal_engine_conn *conn) {
  peal_engine_local *local = conn->local;
  const peal_mem *mem = local->worker->mem;
  assert(!conn->stream && !conn->poll && !conn->post);
  if (conn->is_far)
    local->engine->far->end(conn);
  forget(conn);
  peal_list_remove(&conn->flush.node);
  peal_wheel_stop(&local->worker->wheel, &conn->timer);
  peal_ws_conn_free(conn->ws);
  peal_eio_session_deinit(&conn->session);
  peal_account_worker_release(local->account, block_bytes(local));
  peal_engine_handshake_free(conn->handshake, &local->heads);
  peal_mem_free(mem, conn);
}

/* What was asked for by the owner in this turn. */
static void do_what_was_asked(peal_engine_conn *conn) {
  const peal_engine *engine = conn->local->engine;
  if (conn->overflowed)
    peal_eio_session_kill(&conn->session, PEAL_EIO_SLOW_CONSUMER,
                          PEAL_ERR_QUEUE_FULL);
  conn->overflowed = 0;
  if (conn->owner_waits && !conn->told_close) {
    conn->owner_waits = 0;
    engine->callbacks->on_flush(conn, engine->user);
  }
}

static void answer_poll(peal_engine_conn *conn) {
  if (!conn->poll || !peal_eio_out_wants(&conn->session, PEAL_EIO_POLLING))
    return;
  way_of(conn, PEAL_EIO_POLLING)->write(conn);
  peal_engine_conn_tell(conn); /* its queue is empty now, or memory was out */
}

static void write_far(peal_engine_conn *conn) {
  const peal_engine_far *far = conn->local->engine->far;
  if (!conn->is_far || !far->wants(conn))
    return;
  far->write(conn);
  peal_engine_conn_tell(conn);
}

static void end_ways(peal_engine_conn *conn) {
  if (has_ended(conn))
    forget(conn);
  if (has_ended(conn) && conn->is_far)
    conn->local->engine->far->end(conn);
  if (conn->stream && !conn->ws_ending &&
      (has_ended(conn) || has_failed_probe(conn)))
    way_of(conn, PEAL_EIO_WEBSOCKET)->finish(conn);
}

static void settle(peal_flush *flush) {
  peal_engine_conn *conn = PEAL_LIST_OF(flush, peal_engine_conn, flush);
  do_what_was_asked(conn);
  peal_engine_conn_tell(conn);
  answer_poll(conn);
  write_far(conn);
  end_ways(conn);
  if (has_ended(conn) && !conn->stream && !conn->poll && !conn->post) {
    release(conn);
    return;
  }
  nudge(conn);
  rearm(conn);
}

/* -- life ------------------------------------------------------------------ */

peal_engine_conn *peal_engine_conn_find(const peal_engine_local *local,
                                        peal_slice sid) {
  char *found = peal_sid_table_get(&local->sessions, sid);
  if (!found)
    return NULL;
  peal_engine_conn *conn = PEAL_LIST_OF(found, peal_engine_conn, session.sid);
  /* It may have ended in this very turn. */
  return has_ended(conn) ? NULL : conn;
}

static peal_err begin_session(peal_engine_conn *conn,
                              const peal_engine_conn_form *form) {
  const peal_engine_local *local = conn->local;
  char sid[PEAL_SID_LEN + 1];
  peal_err err = peal_sid_make(sid, peal_worker_index(local->worker),
                               local->engine->worker_count);
  if (!err)
    err = peal_eio_session_init(&conn->session, &local->session_opts, sid,
                                form->via, local->worker->now_ms);
  if (!err && form->eio3)
    peal_eio_session_speak_eio3(&conn->session);
  return err;
}

static peal_err count_in(peal_engine_conn *conn, peal_eio_via via) {
  peal_quota *quota = &conn->local->engine->quota;
  peal_slice address = peal_engine_handshake_address(conn->handshake);
  peal_err err = PEAL_OK;
  if (via == PEAL_EIO_POLLING)
    err = peal_quota_try(quota, address, &conn->trial_tag);
  if (!err)
    err = peal_quota_take(quota, address, &conn->quota_tag);
  return err;
}

/* Known by its id and counted. */
static peal_err list(peal_engine_conn *conn, peal_eio_via via) {
  peal_sid_table *sessions = &conn->local->sessions;
  peal_err err = peal_sid_table_add(sessions, conn->session.sid);
  if (err)
    return err;
  err = count_in(conn, via);
  if (err)
    peal_sid_table_remove(sessions, conn->session.sid);
  else
    conn->listed = 1;
  return err;
}

static void count_new(peal_engine_conn *conn) {
  peal_engine_stats *stats = &conn->local->stats;
  conn->on_polling =
      peal_eio_session_current(&conn->session) == PEAL_EIO_POLLING;
  peal_engine_count(&stats->clients, 1);
  peal_engine_count(&stats->sessions_total, 1);
  if (conn->on_polling)
    peal_engine_count(&stats->clients_polling, 1);
}

static peal_err begin(peal_engine_conn *conn,
                      const peal_engine_conn_form *form) {
  const peal_engine *engine = conn->local->engine;
  peal_err err = begin_session(conn, form);
  if (!err)
    err = list(conn, form->via);
  if (!err && !engine->callbacks->on_open(conn, engine->user))
    err = PEAL_ERR_NOMEM;
  return err;
}

static peal_engine_conn *alloc(peal_engine_local *local) {
  size_t bytes = block_bytes(local);
  if (peal_account_worker_charge(local->account, bytes))
    return NULL;
  peal_engine_conn *conn = peal_mem_zalloc(local->worker->mem, bytes);
  if (!conn) {
    peal_account_worker_release(local->account, bytes);
    return NULL;
  }
  conn->local = local;
  conn->app_deadline = NEVER;
  conn->flush.fn = settle;
  conn->session.opts = &local->session_opts;
  peal_account_init(&conn->account, local->account, 0);
  peal_list_init(&conn->flush.node);
  peal_wheel_timer_init(&conn->timer, on_timer);
  return conn;
}

peal_err peal_engine_conn_new(peal_engine_conn **out, peal_engine_local *local,
                              peal_engine_handshake *handshake,
                              const peal_engine_conn_form *form) {
  peal_engine_conn *conn = alloc(local);
  *out = conn;
  if (!conn)
    return PEAL_ERR_NOMEM;
  conn->base64 = form->base64;
  conn->policy = (unsigned)local->engine->opts.queue_policy & 3u;
  conn->handshake = handshake;
  peal_err err = begin(conn, form);
  if (err) {
    conn->handshake = NULL; /* stays the caller's */
    release(conn);
    *out = NULL;
    return err;
  }
  count_new(conn);
  rearm(conn);
  return PEAL_OK;
}

peal_err peal_engine_conn_resume(peal_engine_conn **out,
                                 peal_engine_local *local,
                                 peal_engine_handshake *handshake,
                                 const peal_eio_resume *how) {
  peal_engine_conn *conn = alloc(local);
  *out = conn;
  if (!conn)
    return PEAL_ERR_NOMEM;
  conn->policy = (unsigned)local->engine->opts.queue_policy & 3u;
  conn->handshake = handshake;
  peal_eio_resume_begin(&conn->session, &local->session_opts, how,
                        local->worker->now_ms);
  /* It has been used: it is on no trial. */
  peal_err err = peal_engine_conn_find(local, peal_slice_of(how->sid))
                     ? PEAL_ERR_EXISTS
                     : list(conn, PEAL_EIO_WEBSOCKET);
  if (err) {
    conn->handshake = NULL; /* stays the caller's */
    release(conn);
    *out = NULL;
    return err;
  }
  count_new(conn);
  rearm(conn);
  return PEAL_OK;
}

void peal_engine_conn_leave(peal_engine_conn *conn) {
  conn->told_close = 1;
  conn->app_deadline = NEVER;
  peal_engine_count(&conn->local->stats.clients, UINT64_MAX);
  if (conn->on_polling)
    peal_engine_count(&conn->local->stats.clients_polling, UINT64_MAX);
  conn->on_polling = 0;
  peal_eio_resume_end(&conn->session);
  peal_engine_conn_ask(conn);
}

void peal_engine_conn_abandon(peal_engine_conn *conn) {
  peal_engine_conn_count_undrained(conn);
  peal_eio_session_close(&conn->session, true, PEAL_ERR_CANCELLED,
                         peal_engine_conn_now(conn));
  peal_engine_conn_tell(conn);
  release(conn);
}

/* -- for the owner --------------------------------------------------------- */

/* Only what can leave soon is handed to the kernel: the rest can still be
 * replaced, so that a slow viewer sees what is new. */
static void begin_replacing(peal_engine_conn *conn) {
  conn->keyed = 1;
  if (conn->stream)
    (void)peal_stream_set_lowat(conn->stream, PEAL_LIMIT_KEYED_AHEAD_BYTES);
}

peal_err peal_engine_conn_send(peal_engine_conn *conn,
                               const peal_eio_item *item) {
  const peal_engine_local *local = conn->local;
  peal_err err = PEAL_OK;
  /* What other workers hold, too, has been charged to the server when it was
   * made: its last reference may be given back anywhere. */
  if (peal_message_is_of(item->message, local->worker->mem))
    err = peal_message_charge(item->message, local->account);
  if (!err)
    err = peal_overflow_send(conn, item);
  if (err)
    return err;
  if (item->key && !conn->keyed)
    begin_replacing(conn);
  if (peal_eio_session_current(&conn->session) == PEAL_EIO_WEBSOCKET) {
    if (conn->stream)
      peal_stream_flush(conn->stream);
  } else if (conn->poll) {
    peal_engine_conn_ask(conn);
  }
  if (conn->is_far)
    peal_engine_conn_ask(conn);
  return PEAL_OK;
}

void peal_engine_conn_flush_later(peal_engine_conn *conn) {
  conn->owner_waits = 1;
  peal_engine_conn_ask(conn);
}

void peal_engine_conn_set_deadline(peal_engine_conn *conn, uint64_t at_ms) {
  conn->app_deadline = at_ms;
  if (at_ms != NEVER &&
      (!peal_wheel_is_set(&conn->timer) || at_ms < conn->timer.at_ms))
    peal_wheel_set(&conn->local->worker->wheel, &conn->timer, at_ms);
}

void peal_engine_conn_set_queue(peal_engine_conn *conn, size_t max_bytes,
                                peal_queue_policy policy) {
  if (!max_bytes)
    policy = conn->local->engine->opts.queue_policy;
  conn->policy = (unsigned)policy & 3u;
  peal_eio_session_set_max_queue(&conn->session, max_bytes);
}

bool peal_engine_conn_is_writable(const peal_engine_conn *conn) {
  if (!peal_eio_session_is_writable(&conn->session))
    return false;
  return peal_eio_session_current(&conn->session) == PEAL_EIO_POLLING ||
         !conn->stream || !peal_stream_is_blocked(conn->stream);
}

void peal_engine_conn_close(peal_engine_conn *conn, bool discard,
                            peal_err err) {
  peal_eio_session_close(&conn->session, discard, err,
                         peal_engine_conn_now(conn));
  peal_engine_conn_ask(conn);
}

void peal_engine_conn_violation(peal_engine_conn *conn, peal_err err) {
  peal_engine_conn_close(conn, true, err);
}

void *peal_engine_conn_user(peal_engine_conn *conn) {
  return conn + 1;
}

void *peal_engine_conn_owner(const peal_engine_conn *conn) {
  return conn->local->engine->user;
}

const char *peal_engine_conn_id(const peal_engine_conn *conn) {
  return peal_eio_session_sid(&conn->session);
}

peal_engine_conn *peal_engine_conn_get(const peal_engine *engine,
                                       const peal_worker *worker,
                                       const char *id) {
  peal_engine_conn *conn = peal_engine_conn_find(
      peal_engine_local_of(engine, worker), peal_slice_of(id));
  return conn && !conn->told_close ? conn : NULL;
}

peal_worker *peal_engine_conn_worker(const peal_engine_conn *conn) {
  return conn->local->worker;
}

bool peal_engine_conn_is_closed(const peal_engine_conn *conn) {
  return conn->told_close;
}

uint64_t peal_engine_conn_deadline(const peal_engine_conn *conn) {
  return conn->app_deadline;
}

size_t peal_engine_conn_queued_bytes(const peal_engine_conn *conn) {
  return peal_eio_session_queued_bytes(&conn->session);
}

peal_account *peal_engine_conn_account(peal_engine_conn *conn) {
  return &conn->account;
}

peal_engine_handshake *peal_engine_conn_handshake(
    const peal_engine_conn *conn) {
  return conn->handshake;
}

bool peal_engine_conn_is_eio3(const peal_engine_conn *conn) {
  return peal_eio_session_is_eio3(&conn->session);
}

const char *peal_engine_conn_transport(const peal_engine_conn *conn) {
  return peal_eio_session_current(&conn->session) == PEAL_EIO_WEBSOCKET
             ? "websocket"
             : "polling";
}

/* Their flags lie behind the first line. */
void peal_engine_conn_prefetch(const peal_engine_conn *conn) {
  __builtin_prefetch((const char *)conn + 64);
  __builtin_prefetch(&conn->session);
  if (!conn->stream)
    return;
  __builtin_prefetch(conn->stream);
  __builtin_prefetch((const char *)conn->stream + 64);
}
