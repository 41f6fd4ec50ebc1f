/* SPDX-License-Identifier: MIT */
#include "engine/handover_give.h"

#include <string.h>

#include "base/arena.h"
#include "engine/engine_conn.h"
#include "engine/engine_conn_impl.h"
#include "engine/handover_link.h"
#include "engine/handover_send.h"
#include "engine/transport_websocket.h"
#include "http/http_give.h"
#include "proto/handover_record.h"

/* Those that could not leave are looked at again after so long. */
#define AGAIN_MS 5u

static const peal_engine_callbacks *owner_of(const peal_engine_conn *conn) {
  return conn->local->engine->callbacks;
}

static void *user_of(const peal_engine_conn *conn) {
  return conn->local->engine->user;
}

/* -- one session ----------------------------------------------------------- */

static bool is_websocket(const peal_engine_conn *conn) {
  return peal_eio_session_current(&conn->session) == PEAL_EIO_WEBSOCKET;
}

static bool has_its_way(const peal_engine_conn *conn) {
  return is_websocket(conn) ? peal_transport_websocket_may_leave(conn)
                            : !conn->stream && !conn->ws;
}

static bool may_leave(peal_engine_conn *conn) {
  return !conn->told_close && !conn->overflowed && !conn->owner_waits &&
         !conn->is_far && !conn->post && has_its_way(conn) &&
         peal_eio_resume_may(&conn->session) &&
         owner_of(conn)->may_leave(conn, user_of(conn));
}

/* As much of what is queued as the way takes: the rest travels. */
static void write_out(peal_engine_conn *conn) {
  peal_eio_via via = peal_eio_session_current(&conn->session);
  bool has_way =
      via == PEAL_EIO_WEBSOCKET ? conn->stream != NULL : conn->poll != NULL;
  if (has_way && peal_eio_out_wants(&conn->session, via))
    conn->local->engine->ways[via]->write(conn);
}

static peal_err add_fields(peal_handover_record *record,
                           const peal_engine_handshake *from,
                           peal_arena *arena) {
  size_t count = peal_engine_handshake_field_count(from);
  peal_handover_field *fields =
      peal_arena_alloc(arena, (count + 1) * sizeof *fields);
  if (!fields)
    return PEAL_ERR_NOMEM;
  for (size_t i = 0; i < count; i++)
    fields[i].name = peal_engine_handshake_field_at(from, i, &fields[i].value);
  record->fields = fields;
  record->field_count = count;
  return PEAL_OK;
}

static size_t part_count(const peal_engine_conn *conn) {
  peal_eio_queue_cursor cursor = {0};
  peal_eio_part part;
  size_t count = 0;
  while (peal_eio_queue_walk(&conn->session.queue, &cursor, &part))
    count++;
  return count;
}

/* Each part by itself: what had left of a message does not come again. */
static peal_err add_queue(peal_handover_record *record,
                          const peal_engine_conn *conn, peal_arena *arena) {
  peal_eio_queue_cursor cursor = {0};
  peal_eio_part part;
  size_t count = 0;
  peal_handover_message *messages =
      peal_arena_alloc(arena, (part_count(conn) + 1) * sizeof *messages);
  if (!messages)
    return PEAL_ERR_NOMEM;
  while (peal_eio_queue_walk(&conn->session.queue, &cursor, &part))
    messages[count++] = (peal_handover_message){
        .data = peal_message_part(part.message, part.part),
        .is_binary = peal_message_is_binary(part.message, part.part),
        .no_compress = part.no_compress};
  record->messages = messages;
  record->message_count = count;
  return PEAL_OK;
}

static peal_err describe(peal_handover_record *record, peal_engine_conn *conn,
                         peal_arena *arena) {
  const peal_engine_handshake *from = conn->handshake;
  peal_eio_resume how =
      peal_eio_resume_of(&conn->session, peal_engine_conn_now(conn));
  *record =
      (peal_handover_record){.sid = {how.sid, PEAL_EIO_SID_LEN},
                             .is_websocket = is_websocket(conn),
                             .is_eio3 = how.is_eio3,
                             .wants_base64 = conn->base64,
                             .is_pinged = how.is_pinged,
                             .beat_ms = how.beat_ms,
                             .queue_bytes = how.max_queue_bytes,
                             .policy = conn->policy,
                             .is_secure = from->is_secure,
                             .since_ms = from->time_ms,
                             .url = peal_engine_handshake_url(from),
                             .address = peal_engine_handshake_address(from)};
  if (conn->ws) {
    record->deflate = peal_ws_conn_terms(conn->ws);
    record->window = peal_ws_conn_window(conn->ws);
  }
  peal_err err = add_fields(record, from, arena);
  if (!err)
    err = add_queue(record, conn, arena);
  if (!err)
    err = owner_of(conn)->save(conn, record, arena, user_of(conn));
  return err;
}

static peal_err send_session(peal_handover_home *home, peal_engine_conn *conn) {
  peal_handover_record record;
  peal_buf body;
  peal_err err = describe(&record, conn, &home->worker->turn);
  if (err)
    return err;
  peal_buf_init(&body, home->worker->mem, PEAL_HANDOVER_SOCKET_MAX);
  peal_handover_record_encode(&body, &record);
  err = body.err;
  if (!err)
    err = peal_handover_send(home->handover, PEAL_HANDOVER_SESSION,
                             peal_buf_slice(&body),
                             conn->stream ? peal_stream_fd(conn->stream) : -1);
  peal_buf_deinit(&body);
  return err;
}

/* It is the other's: nothing more is said here but to a GET that waits. */
static void part(peal_engine_conn *conn) {
  if (conn->poll) {
    peal_eio_resume_release(&conn->session);
    conn->local->engine->ways[PEAL_EIO_POLLING]->write(conn);
  }
  if (conn->stream)
    peal_transport_websocket_leave(conn);
  owner_of(conn)->on_left(conn, user_of(conn));
  peal_engine_conn_leave(conn);
}

static bool give(peal_handover_home *home, peal_engine_conn *conn) {
  if (!may_leave(conn))
    return false;
  owner_of(conn)->on_leaving(conn, user_of(conn));
  write_out(conn);
  if (!may_leave(conn))
    return false;
  peal_arena_mark mark = peal_arena_mark_get(&home->worker->turn);
  peal_err err = send_session(home, conn);
  peal_arena_mark_set(&home->worker->turn, mark);
  if (err)
    return false;
  part(conn);
  atomic_fetch_add(&home->handover->figures.sessions_given, 1);
  return true;
}

/* -- one worker ------------------------------------------------------------ */

static void tell_over(peal_handover *handover) {
  if (!atomic_exchange(&handover->over_sent, true))
    peal_mail_send(peal_workers_get(handover->workers, 0),
                   &handover->over_mail);
}

/* None is added in here, and none goes before the end of the turn. */
static void sweep(peal_handover_home *home) {
  peal_handover *handover = home->handover;
  const peal_engine *engine = handover->engine;
  peal_engine_local *local = peal_engine_local_of(engine, home->worker);
  uint32_t cursor = 0, left = 0;
  char *sid;
  engine->callbacks->on_look(home->worker, engine->user);
  while ((sid = peal_sid_table_next(&local->sessions, &cursor))) {
    peal_engine_conn *conn = PEAL_LIST_OF(sid, peal_engine_conn, session.sid);
    if (!conn->told_close && !give(home, conn))
      left++;
  }
  atomic_fetch_add(&handover->left, left - home->left);
  home->left = left;
  if (left)
    peal_wheel_set(&home->worker->wheel, &home->timer,
                   home->worker->now_ms + AGAIN_MS);
}

static void on_again(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_handover_home *home = PEAL_LIST_OF(timer, peal_handover_home, timer);
  peal_handover *handover = home->handover;
  (void)now_ms;
  if (!home->gives || atomic_load(&handover->is_broken))
    return;
  sweep(home);
  if (!home->left && !atomic_load(&handover->left) &&
      atomic_load(&handover->is_batched))
    tell_over(handover);
}

/* -- all workers together -------------------------------------------------- */

static void begin_step(peal_handover *handover,
                       void (*fn)(peal_worker *worker, peal_mail *mail)) {
  atomic_store(&handover->waiting, handover->worker_count);
  for (unsigned i = 0; i < handover->worker_count; i++) {
    handover->homes[i].mail.fn = fn;
    peal_mail_send(handover->homes[i].worker, &handover->homes[i].mail);
  }
}

static bool is_last(peal_handover *handover) {
  return atomic_fetch_sub(&handover->waiting, 1) == 1;
}

/* What had been emitted before they met reaches those for whom it was: nobody
 * emits while they all are in here. */
static void meet(peal_handover_home *home) {
  uv_barrier_wait(&home->handover->together);
  do
    peal_mail_run(home->worker);
  while (home->worker->mails);
  uv_barrier_wait(&home->handover->together);
}

void peal_handover_give_batch(peal_handover *handover) {
  const peal_engine *engine = handover->engine;
  uint64_t counted = engine->callbacks->counted(engine->user);
  peal_slice body = {(const char *)&counted, sizeof counted};
  if (peal_handover_send(handover, PEAL_HANDOVER_BATCH, body, -1))
    return; /* its end is seen at the channel */
  atomic_store(&handover->is_batched, true);
  if (!atomic_load(&handover->left))
    tell_over(handover);
}

static void tell_first(peal_handover *handover, peal_mail *mail) {
  peal_mail_send(peal_workers_get(handover->workers, 0), mail);
}

static void on_sessions(peal_worker *worker, peal_mail *mail) {
  peal_handover_home *home = PEAL_LIST_OF(mail, peal_handover_home, mail);
  (void)worker;
  meet(home);
  sweep(home);
  if (is_last(home->handover))
    tell_first(home->handover, &home->handover->batched_mail);
}

static bool give_link(void *user, const peal_http_link_offer *offer) {
  peal_handover_home *home = user;
  peal_buf body;
  peal_buf_init(&body, home->worker->mem, PEAL_HANDOVER_SOCKET_MAX);
  peal_handover_link_encode(&body, offer);
  peal_err err = body.err;
  if (!err)
    err = peal_handover_send(home->handover, PEAL_HANDOVER_LINK,
                             peal_buf_slice(&body), offer->fd);
  peal_buf_deinit(&body);
  if (!err)
    atomic_fetch_add(&home->handover->figures.links_given, 1);
  return !err;
}

static void on_links(peal_worker *worker, peal_mail *mail) {
  peal_handover_home *home = PEAL_LIST_OF(mail, peal_handover_home, mail);
  home->gives = true;
  peal_http_give_links(home->handover->http, worker, give_link, home);
  if (is_last(home->handover))
    begin_step(home->handover, on_sessions);
}

void peal_handover_give_begin(peal_handover *handover) {
  for (unsigned i = 0; i < handover->worker_count; i++)
    peal_wheel_timer_init(&handover->homes[i].timer, on_again);
  atomic_store(&handover->left, 0);
  atomic_store(&handover->is_batched, false);
  atomic_store(&handover->over_sent, false);
  handover->is_stepping = true;
  begin_step(handover, on_links);
}

/* -- the end ----------------------------------------------------------------- */

/* What was handed to this worker before has been looked at. */
static void on_settle(peal_worker *worker, peal_mail *mail) {
  peal_handover *handover =
      PEAL_LIST_OF(mail, peal_handover_home, mail)->handover;
  (void)worker;
  if (is_last(handover))
    tell_first(handover, &handover->settled_mail);
}

void peal_handover_give_settle(peal_handover *handover) {
  handover->is_stepping = true;
  begin_step(handover, on_settle);
}

/* -- back ------------------------------------------------------------------ */

static void on_abort(peal_worker *worker, peal_mail *mail) {
  peal_handover_home *home = PEAL_LIST_OF(mail, peal_handover_home, mail);
  home->gives = false;
  home->left = 0;
  peal_wheel_stop(&worker->wheel, &home->timer);
  if (worker->phase == PEAL_WORKER_RUNNING)
    peal_http_give_resume(home->handover->http, worker);
  if (is_last(home->handover))
    tell_first(home->handover, &home->handover->ready_mail);
}

void peal_handover_give_abort(peal_handover *handover) {
  handover->is_stepping = true;
  begin_step(handover, on_abort);
}
