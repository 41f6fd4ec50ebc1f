/* SPDX-License-Identifier: MIT */
#include "ws/ws_link.h"

#include "base/mem.h"
#include "http/http_upgrade.h"
#include "net/net_limits.h"
#include "net/taken.h"
#include "ws/ws_end.h"
#include "ws/ws_limits.h"

#define NEVER UINT64_MAX
#define CODE_ABNORMAL 1006u /* RFC6455 7.4.1: no close frame came */
/* Frames that are made for one connection alone are made so far ahead of the
 * stream. */
#define AHEAD_BYTES 65536u

static void tell_lost(peal_ws *ws, peal_err err) {
  peal_ws_end_tell(ws, &(peal_ws_end){.code = CODE_ABNORMAL, .err = err});
}

/* -- time ------------------------------------------------------------------ */

static uint64_t earliest(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t deadline(const peal_ws *ws) {
  uint64_t at = earliest(peal_ws_conn_deadline(ws->conn),
                         peal_eio_heartbeat_deadline(&ws->beat));
  return ws->farewell ? earliest(at, ws->farewell->until_ms) : at;
}

/* A timer that fires too early is only set again; one that would fire too
 * late is moved. So a busy connection does not touch the wheel. */
static void rearm(peal_ws *ws) {
  peal_wheel *wheel = &ws->local->worker->wheel;
  uint64_t at = peal_stream_is_closing(ws->stream) ? NEVER : deadline(ws);
  if (at == NEVER)
    peal_wheel_stop(wheel, &ws->timer);
  else if (!peal_wheel_is_set(&ws->timer) || at < ws->timer.at_ms)
    peal_wheel_set(wheel, &ws->timer, at);
}

/* Something has come from it: it lives for one interval more. */
static void heard(peal_ws *ws) {
  uint32_t interval_ms = ws->local->endpoint->opts.ping_interval_ms;
  if (interval_ms != PEAL_OFF && peal_ws_can_send(ws))
    peal_eio_heartbeat_start(&ws->beat, peal_ws_now(ws) + interval_ms);
}

/* What waits, as far as the stream wants it; a stream with nothing left ends. */
static void react(peal_ws *ws) {
  if (!peal_stream_is_closing(ws->stream)) {
    if (peal_ws_conn_is_done(ws->conn))
      peal_stream_finish(ws->stream);
    else if (peal_ws_conn_queued(ws->conn) || peal_eio_queue_count(&ws->queue))
      peal_stream_flush(ws->stream);
  }
  rearm(ws);
}

/* -- what comes ------------------------------------------------------------ */

static void take_message(peal_ws *ws, const peal_ws_event *event) {
  peal_ws_local *local = ws->local;
  const peal_ws_opts *opts = &local->endpoint->opts;
  if (!peal_ws_can_send(ws)) /* nobody waits for it any more */
    return;
  peal_worker_impl_count(&local->stats.messages_in, 1);
  peal_worker_impl_count(&local->stats.bytes_in, event->data.len);
  if (opts->on_message)
    opts->on_message(ws, event->data, event->opcode == PEAL_WS_BINARY,
                     opts->user);
}

static void take_close(peal_ws *ws, const peal_ws_event *event) {
  peal_ws_end_tell(ws, &(peal_ws_end){.code = event->code,
                                      .reason = event->data,
                                      .err = event->err});
}

static void take_events(peal_ws *ws) {
  peal_ws_event event;
  while (peal_ws_conn_next(ws->conn, &event)) {
    if (event.type == PEAL_WS_EVENT_MESSAGE)
      take_message(ws, &event);
    else
      take_close(ws, &event);
  }
}

static void feed(peal_ws *ws, char *data, size_t len) {
  heard(ws);
  peal_ws_conn_feed(ws->conn, data, len, peal_ws_now(ws));
  take_events(ws);
  react(ws);
}

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  (void)stream;
  feed(user, data, len);
}

static void on_end(peal_stream *stream, void *user) {
  tell_lost(user, PEAL_ERR_CLOSED);
  peal_stream_finish(stream);
}

static void on_stream_close(peal_stream *stream, peal_err err, void *user) {
  peal_ws *ws = user;
  ws->stream = NULL;
  tell_lost(ws, err ? err : PEAL_ERR_CLOSED);
  peal_http_upgrade_closed(ws->local->endpoint->http, stream);
  peal_ws_end_free(ws);
}

/* -- what leaves ----------------------------------------------------------- */

static peal_ws_opcode opcode_of(const peal_eio_part *part) {
  return peal_message_is_binary(part->message, part->part) ? PEAL_WS_BINARY
                                                           : PEAL_WS_TEXT;
}

static peal_slice data_of(const peal_eio_part *part) {
  return peal_message_part(part->message, part->part);
}

/* `make`: for a pull; otherwise as the last pull has shown it. */
static peal_ws_shape shape_of(const peal_ws *ws, const peal_eio_part *part,
                              bool make) {
  peal_ws_shape shape = {.opcode = (uint8_t)opcode_of(part),
                         .body = data_of(part)};
  if (!part->no_compress && peal_ws_conn_deflates(ws->conn))
    peal_ws_conn_deflate(ws->conn, &shape, part->message, part->part, make);
  return shape;
}

/* What is deflated for it alone, as it refers to what was before, waits in the
 * machine. A connection that is closing makes no more of it. */
static peal_err stage(peal_ws *ws) {
  while (peal_ws_conn_queued(ws->conn) < AHEAD_BYTES) {
    peal_eio_queue_cursor cursor = {0};
    peal_eio_part part;
    if (!peal_eio_queue_walk(&ws->queue, &cursor, &part))
      return PEAL_OK;
    peal_err err = peal_ws_conn_send_with(ws->conn, opcode_of(&part), 0,
                                          data_of(&part), !part.no_compress);
    if (err)
      return err;
    peal_eio_queue_pop(&ws->queue);
  }
  return PEAL_OK;
}

/* Returns true if there are no more. */
static bool pull_messages(peal_ws *ws, peal_iovs *out) {
  peal_ws_shown *shown = &ws->local->shown;
  peal_eio_queue_cursor cursor = {0};
  peal_eio_part part;
  size_t before = out->bytes;
  bool more;
  *shown = (peal_ws_shown){0};
  while ((more = peal_eio_queue_walk(&ws->queue, &cursor, &part))) {
    peal_ws_shape shape = shape_of(ws, &part, true);
    if (!peal_ws_conn_pull_message(ws->conn, out, shape.opcode, 0, shape.body))
      break;
    shown->count++;
  }
  shown->bytes = out->bytes - before;
  return !more;
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  peal_ws *ws = user;
  peal_err err =
      peal_ws_conn_takes_over(ws->conn) ? stage(ws) : PEAL_ERR_CLOSED;
  if (err && err != PEAL_ERR_CLOSED) {
    peal_stream_close(stream, err);
    return;
  }
  peal_ws_conn_pull(ws->conn, out);
  if (err && peal_eio_queue_count(&ws->queue)) {
    bool no_more = pull_messages(ws, out);
    out->is_all = no_more && out->bytes - ws->local->shown.bytes ==
                                 peal_ws_conn_queued(ws->conn);
    return;
  }
  ws->local->shown = (peal_ws_shown){0};
  if (!peal_eio_queue_count(&ws->queue))
    peal_ws_conn_pull_close(ws->conn, out);
  out->is_all = out->bytes == peal_ws_conn_queued(ws->conn) &&
                !peal_eio_queue_count(&ws->queue);
}

/* `len` bytes of messages have left, not all that were shown: of the last one
 * the rest is the machine's. */
static peal_err pop_some(peal_ws *ws, size_t len) {
  peal_err err = PEAL_OK;
  while (len) {
    peal_eio_queue_cursor cursor = {0};
    peal_eio_part part;
    if (!peal_eio_queue_walk(&ws->queue, &cursor, &part))
      return PEAL_ERR_CLOSED;
    peal_ws_shape shape = shape_of(ws, &part, false);
    size_t whole = peal_ws_conn_message_len(ws->conn, 0, shape.body.len);
    if (len < whole)
      err = peal_ws_conn_keep(ws->conn, shape.opcode, 0, part.message,
                              shape.body, len);
    len -= len < whole ? len : whole;
    peal_eio_queue_pop(&ws->queue);
  }
  return err;
}

static peal_err pop_sent(peal_ws *ws, size_t len) {
  const peal_ws_shown *shown = &ws->local->shown;
  if (len != shown->bytes)
    return pop_some(ws, len);
  for (size_t i = 0; i < shown->count; i++)
    peal_eio_queue_pop(&ws->queue);
  return PEAL_OK;
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  peal_ws *ws = user;
  peal_err err = pop_sent(ws, peal_ws_conn_sent(ws->conn, len));
  if (err) {
    peal_stream_close(stream, err);
    return;
  }
  if (!peal_eio_queue_count(&ws->queue)) {
    if (ws->farewell)
      peal_ws_end_drained(ws);
    if (ws->drain_due || ws->is_leaving) /* its deadline is another one */
      peal_ws_look_later(ws);
  }
  if (peal_ws_conn_is_done(ws->conn))
    peal_stream_finish(stream);
}

static const peal_stream_callbacks plain_callbacks = {
    .on_read = on_read,
    .on_end = on_end,
    .on_pull = on_pull,
    .on_sent = on_sent,
    .on_close = on_stream_close,
};

static const peal_stream_callbacks deflated_callbacks = {
    .on_read = on_read,
    .on_end = on_end,
    .on_pull = on_pull,
    .on_sent = on_sent,
    .on_close = on_stream_close,
    .turn_bytes = PEAL_LIMIT_READ_DEFLATED_BYTES,
};

static const peal_stream_callbacks *callbacks_of(const peal_ws *ws) {
  return peal_ws_conn_deflates(ws->conn) ? &deflated_callbacks
                                         : &plain_callbacks;
}

/* RFC6455 4.1: a client waits for the answer before it sends more. */
static bool is_too_early(const peal_ws *ws, size_t len) {
  return peal_ws_conn_deflates(ws->conn) &&
         len > PEAL_LIMIT_READ_DEFLATED_BYTES;
}

/* -- what does not come ---------------------------------------------------- */

static void ping(peal_ws *ws, uint64_t now_ms) {
  ws->acked = peal_stream_acked(ws->stream);
  /* Without memory for it nobody is to blame. */
  if (peal_ws_conn_ping(ws->conn, (peal_slice){0}))
    peal_eio_heartbeat_start(
        &ws->beat, now_ms + ws->local->endpoint->opts.ping_interval_ms);
}

static void beat(peal_ws *ws, uint64_t now_ms) {
  uint32_t timeout_ms = ws->local->endpoint->opts.ping_timeout_ms;
  /* The pong may be stuck behind what the peer takes slowly. */
  if (ws->beat.is_pinged &&
      peal_taken_since(ws->stream, ws->acked, timeout_ms)) {
    ws->acked = peal_stream_acked(ws->stream);
    peal_eio_heartbeat_spare(&ws->beat, now_ms + timeout_ms);
    return;
  }
  switch (peal_eio_heartbeat_tick(&ws->beat, now_ms, timeout_ms)) {
  case PEAL_EIO_HEARTBEAT_NONE:
    break;
  case PEAL_EIO_HEARTBEAT_PING:
    ping(ws, now_ms);
    break;
  case PEAL_EIO_HEARTBEAT_OVER:
    tell_lost(ws, PEAL_ERR_TIMEOUT);
    peal_stream_close(ws->stream, PEAL_ERR_TIMEOUT);
    break;
  }
}

/* A close waits behind messages that the peer has to take. */
static void wait_for_queue(peal_ws *ws, uint64_t now_ms) {
  if (peal_taken_since(ws->stream, ws->acked, PEAL_LIMIT_WS_LEAVE_MS)) {
    ws->acked = peal_stream_acked(ws->stream);
    ws->farewell->until_ms = now_ms + PEAL_LIMIT_WS_LEAVE_MS;
  } else {
    peal_ws_end_drained(ws);
  }
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_ws *ws = PEAL_LIST_OF(timer, peal_ws, timer);
  if (peal_stream_is_closing(ws->stream))
    return;
  if (now_ms >= peal_ws_conn_deadline(ws->conn)) {
    peal_ws_conn_tick(ws->conn, now_ms);
    take_events(ws);
  }
  if (ws->farewell && now_ms >= ws->farewell->until_ms)
    wait_for_queue(ws, now_ms);
  if (now_ms >= peal_eio_heartbeat_deadline(&ws->beat))
    beat(ws, now_ms);
  react(ws);
}

/* -- the end of a turn ----------------------------------------------------- */

static void close_slow(peal_ws *ws) {
  peal_ws_end_shake(ws, peal_err_ws_code(PEAL_ERR_QUEUE_FULL),
                    PEAL_S("slow consumer"));
  tell_lost(ws, PEAL_ERR_QUEUE_FULL);
}

static void settle(peal_flush *flush) {
  peal_ws *ws = PEAL_LIST_OF(flush, peal_ws, flush);
  const peal_ws_opts *opts = &ws->local->endpoint->opts;
  if (!ws->stream || peal_stream_is_closing(ws->stream))
    return;
  if (ws->overflowed)
    close_slow(ws);
  if (ws->drain_due && peal_ws_can_send(ws) &&
      !peal_eio_queue_count(&ws->queue)) {
    ws->drain_due = false;
    if (opts->on_drain)
      opts->on_drain(ws, opts->user);
  }
  react(ws);
}

/* -- life ------------------------------------------------------------------ */

static peal_ws *alloc(peal_ws_local *local) {
  const size_t bytes = sizeof(peal_ws) + PEAL_WS_SLOTS_COST;
  if (peal_account_worker_charge(local->account, bytes))
    return NULL;
  peal_ws *ws = peal_mem_zalloc(local->worker->mem, sizeof *ws);
  if (!ws)
    peal_account_worker_release(local->account, bytes);
  return ws;
}

peal_ws *peal_ws_link_new(peal_ws_local *local, peal_slice answer,
                          const peal_deflate_terms *terms,
                          const char *protocol) {
  peal_ws *ws = alloc(local);
  if (!ws)
    return NULL;
  ws->local = local;
  ws->protocol = protocol;
  ws->flush.fn = settle;
  ws->serial = ++local->serial;
  peal_account_init(&ws->account, local->account, 0);
  peal_list_init(&ws->node);
  peal_list_init(&ws->flush.node);
  peal_wheel_timer_init(&ws->timer, on_timer);
  peal_eio_heartbeat_stop(&ws->beat);
  ws->conn = peal_ws_conn_new(&local->conn_opts, &ws->account, answer);
  if (ws->conn)
    peal_ws_conn_agree(ws->conn, terms);
  if (ws->conn && !peal_ws_slots_add(&local->slots, ws, &ws->slot))
    return ws;
  ws->told_close = true;
  peal_ws_end_free(ws);
  return NULL;
}

void peal_ws_link_drop(peal_ws *ws) {
  peal_ws_slots_remove(&ws->local->slots, ws->slot);
  ws->told_close = true;
  peal_ws_end_free(ws);
}

/* Whoever called us may still look at it, and so may the bytes behind it. */
static void release_request(peal_ws *ws) {
  if (ws->local->endpoint->opts.keep_request) {
    peal_http_upgrade_tell_done(ws->req);
    return;
  }
  peal_http_upgrade_free_later(ws->req);
  ws->req = NULL;
}

void peal_ws_link_begin(peal_ws *ws, peal_stream *stream, peal_http_req *req,
                        peal_slice rest) {
  peal_ws_local *local = ws->local;
  const peal_ws_opts *opts = &local->endpoint->opts;
  ws->stream = stream;
  ws->req = req;
  peal_list_push(&local->all, &ws->node);
  peal_worker_impl_count(&local->stats.open, 1);
  peal_worker_impl_count(&local->stats.total, 1);
  peal_stream_set_owner(stream, callbacks_of(ws), ws);
  peal_stream_flush(stream);
  heard(ws);
  if (opts->on_open)
    opts->on_open(ws, opts->user);
  release_request(ws);
  /* Frames that came behind the head; the feed writes to its input. */
  if (is_too_early(ws, rest.len))
    peal_stream_close(stream, PEAL_ERR_LIMIT);
  else if (rest.len)
    feed(ws, (char *)(uintptr_t)rest.ptr, rest.len);
  else
    react(ws);
}
