/* SPDX-License-Identifier: MIT */
#include "engine/away_socket.h"

#include "base/buf.h"
#include "engine/admission.h"
#include "engine/away_entry.h"
#include "engine/away_send.h"
#include "engine/engine_limits.h"
#include "engine/refusal.h"
#include "http/http_upgrade.h"
#include "http/ws_accept.h"
#include "net/taken.h"
#include "wire/base64.h"
#include "wire/eio3_packet.h"

/* So much has to be taken before the home is told: a quarter of the window. */
#define CREDIT_BYTES (PEAL_LIMIT_AWAY_WINDOW_BYTES / 4)

static uint64_t now_of(const peal_away_entry *entry) {
  return entry->away->local->worker->now_ms;
}

/* -- to the home ------------------------------------------------------------------------ */

void peal_away_socket_tell(peal_away_entry *entry, bool success) {
  peal_eio_away msg = {.type = PEAL_EIO_AWAY_UPGRADE,
                       .recipient = peal_slice_of(entry->home),
                       .request = entry->request,
                       .sid = peal_slice_of(entry->sid),
                       .success = success};
  if (peal_away_send(entry->away, &msg, 0, NULL) && success)
    entry->failed = true;
}

/* The WebSocket is over: once. */
static void tell_end(peal_away_entry *entry, const char *reason) {
  if (entry->ending)
    return;
  entry->ending = true;
  if (entry->state == PEAL_AWAY_PROBES)
    peal_away_socket_tell(entry, false);
  else
    peal_away_send_close(entry, reason);
}

static void begin_close(peal_away_entry *entry, const char *reason) {
  tell_end(entry, reason);
  if (!entry->ws)
    return;
  peal_ws_conn_close(entry->ws, 0, (peal_slice){0}, now_of(entry));
  if (entry->stream && !peal_stream_is_closing(entry->stream))
    peal_stream_flush(entry->stream);
}

static void pace(peal_away_entry *entry) {
  bool full = entry->unheard >= PEAL_LIMIT_AWAY_WINDOW_BYTES;
  if (!entry->stream || full == entry->paused)
    return;
  entry->paused = full;
  if (full)
    peal_stream_pause(entry->stream);
  else
    peal_stream_resume(entry->stream);
}

static void on_heard(peal_away_post *post) {
  peal_away_entry *entry = peal_away_entry_find(post->away, post->number);
  bool is_lost = post->err || !post->heard;
  size_t load = post->load;
  peal_away_send_end(post);
  if (!entry)
    return;
  entry->unheard -= load;
  if (is_lost)
    begin_close(entry, "transport close");
  pace(entry);
}

static void send_packet(peal_away_entry *entry, const peal_eio_packet *packet) {
  peal_eio_away msg = {.type = PEAL_EIO_AWAY_PACKET,
                       .recipient = peal_slice_of(entry->home),
                       .sid = peal_slice_of(entry->sid),
                       .packets = packet,
                       .packet_count = 1};
  if (peal_away_send(entry->away, &msg, entry->request, on_heard)) {
    begin_close(entry, "transport close");
    return;
  }
  entry->unheard += peal_away_send_load(&msg);
  pace(entry);
}

/* -- from the client ---------------------------------------------------------------------- */

static void say(peal_away_entry *entry, peal_ws_opcode opcode, char prefix,
                peal_slice data) {
  if (peal_ws_conn_send(entry->ws, opcode, prefix, data) && entry->stream)
    peal_stream_close(entry->stream, PEAL_ERR_NOMEM);
  else if (entry->stream)
    peal_stream_flush(entry->stream);
}

static void take_probe(peal_away_entry *entry, const peal_ws_event *event) {
  bool is_text = event->opcode == PEAL_WS_TEXT;
  if (is_text && peal_slice_is(event->data, "2probe")) {
    say(entry, PEAL_WS_TEXT, '3', PEAL_S("probe"));
  } else if (is_text && peal_slice_is(event->data, "5")) {
    peal_away_entry_set(entry, PEAL_AWAY_SWITCHES, PEAL_LIMIT_AWAY_TAKE_MS);
    peal_away_socket_tell(entry, true);
    if (entry->failed)
      begin_close(entry, "transport error");
  } else {
    begin_close(entry, "transport error");
  }
}

static peal_err decode(const peal_away_entry *entry, peal_eio_packet *packet,
                       const peal_ws_event *event) {
  peal_arena *turn = &entry->away->local->worker->turn;
  if (event->opcode == PEAL_WS_TEXT)
    return entry->eio3 ? peal_eio3_packet_decode(packet, event->data, turn)
                       : peal_eio_packet_decode(packet, event->data, turn);
  if (entry->eio3)
    return peal_eio3_packet_decode_binary(packet, event->data);
  *packet = (peal_eio_packet){event->data, PEAL_EIO_MESSAGE, true};
  return PEAL_OK;
}

static void take_packet(peal_away_entry *entry, const peal_ws_event *event) {
  peal_eio_packet packet;
  if (decode(entry, &packet, event))
    packet = (peal_eio_packet){.type = PEAL_EIO_AWAY_UNREADABLE};
  send_packet(entry, &packet);
}

static void take_events(peal_away_entry *entry) {
  peal_ws_event event;
  while (peal_ws_conn_next(entry->ws, &event)) {
    if (event.type == PEAL_WS_EVENT_CLOSE) {
      bool is_clean = event.err == PEAL_OK || event.err == PEAL_ERR_TIMEOUT;
      tell_end(entry, is_clean ? "transport close" : "transport error");
    } else if (entry->ending) {
      continue;
    } else if (entry->state == PEAL_AWAY_PROBES) {
      take_probe(entry, &event);
    } else {
      take_packet(entry, &event);
    }
  }
}

/* When the timer is wanted: the state's limit, or the WebSocket's. */
static void rearm(peal_away_entry *entry) {
  uint64_t at = entry->limit_at_ms, ws = peal_ws_conn_deadline(entry->ws);
  peal_wheel *wheel = &entry->away->local->worker->wheel;
  at = ws < at ? ws : at;
  if (at == UINT64_MAX)
    peal_wheel_stop(wheel, &entry->timer);
  else
    peal_wheel_set(wheel, &entry->timer, at);
}

static void settle(peal_away_entry *entry) {
  if (!entry->stream)
    return;
  if (peal_ws_conn_is_done(entry->ws))
    peal_stream_finish(entry->stream);
  else if (peal_ws_conn_queued(entry->ws))
    peal_stream_flush(entry->stream);
  rearm(entry);
}

static void feed(peal_away_entry *entry, char *data, size_t len) {
  peal_ws_conn_feed(entry->ws, data, len, now_of(entry));
  take_events(entry);
  settle(entry);
}

/* -- the stream ---------------------------------------------------------------------------- */

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  (void)stream;
  feed(user, data, len);
}

static void on_end(peal_stream *stream, void *user) {
  tell_end(user, "transport close");
  peal_stream_finish(stream);
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  const peal_away_entry *entry = user;
  (void)stream;
  peal_ws_conn_pull(entry->ws, out);
  out->is_all = out->bytes == peal_ws_conn_queued(entry->ws);
}

/* What the client has taken is told from time to time, and when nothing
 * waits. */
static void give_credit(peal_away_entry *entry) {
  uint64_t queued = peal_ws_conn_queued(entry->ws);
  uint64_t taken = entry->drained > queued ? entry->drained - queued : 0;
  if (taken < entry->credited + CREDIT_BYTES || entry->ending)
    return;
  peal_eio_away msg = {.type = PEAL_EIO_AWAY_CREDIT,
                       .recipient = peal_slice_of(entry->home),
                       .sid = peal_slice_of(entry->sid),
                       .bytes = taken - entry->credited};
  entry->credited = taken;
  if (peal_away_send(entry->away, &msg, 0, NULL))
    begin_close(entry, "transport close");
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  peal_away_entry *entry = user;
  (void)peal_ws_conn_sent(entry->ws, len);
  give_credit(entry);
  if (peal_ws_conn_is_done(entry->ws))
    peal_stream_finish(stream);
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  peal_away_entry *entry = user;
  (void)err;
  entry->stream = NULL;
  tell_end(entry, "transport close");
  peal_http_upgrade_closed(entry->away->local->engine->http, stream);
  peal_away_entry_free(entry);
}

static const peal_stream_callbacks stream_callbacks = {.on_read = on_read,
                                                       .on_end = on_end,
                                                       .on_pull = on_pull,
                                                       .on_sent = on_sent,
                                                       .on_close = on_close};

/* -- the beginning -------------------------------------------------------------------------- */

static peal_err prepare(peal_away_entry *entry) {
  const peal_engine_local *local = entry->away->local;
  peal_deflate_terms terms;
  peal_buf lines, answer;
  peal_buf_init(&lines, local->worker->mem, 0);
  peal_buf_init(&answer, local->worker->mem, 0);
  peal_admission_lines(&entry->incoming, entry->sid, false, &lines, &terms);
  peal_err err = lines.err;
  if (!err)
    err = peal_ws_accept_answer(
        &answer, peal_http_req_header(entry->req, "sec-websocket-key"),
        peal_buf_slice(&lines));
  if (!err) {
    entry->ws = peal_ws_conn_new(&local->ws_opts, &entry->account,
                                 peal_buf_slice(&answer));
    err = entry->ws ? PEAL_OK : PEAL_ERR_NOMEM;
  }
  if (!err)
    peal_ws_conn_agree(entry->ws, &terms);
  peal_buf_deinit(&lines);
  peal_buf_deinit(&answer);
  return err;
}

static uint32_t probe_ms(const peal_away_entry *entry) {
  uint32_t ms = entry->away->local->session_opts.upgrade_timeout_ms;
  return ms ? ms : 10000;
}

static bool is_first_of_its_sid(peal_away_entry *entry) {
  return !peal_map_add(&entry->away->sockets, peal_slice_of(entry->sid), entry);
}

/* Not to be opened: the client stays on polling. */
static void refuse(peal_away_entry *entry) {
  peal_away_socket_tell(entry, false);
  peal_away_entry_refuse(entry);
  peal_away_entry_free(entry);
}

/* Frames that came behind the head; the feed writes to its input. */
static void begin(peal_away_entry *entry, peal_stream *stream,
                  peal_slice rest) {
  entry->stream = stream;
  peal_stream_set_owner(stream, &stream_callbacks, entry);
  peal_away_entry_set(entry, PEAL_AWAY_PROBES, probe_ms(entry));
  peal_stream_flush(stream);
  if (rest.len)
    feed(entry, (char *)(uintptr_t)rest.ptr, rest.len);
  else
    settle(entry);
}

void peal_away_socket_begin(peal_away_entry *entry) {
  peal_http_req *req = entry->req;
  peal_slice rest = {0};
  if (!is_first_of_its_sid(entry) || prepare(entry)) {
    refuse(entry);
    return;
  }
  entry->base64 = peal_incoming_wants_base64(&entry->incoming);
  peal_stream *stream = peal_http_upgrade_take(req, &rest);
  if (stream) {
    entry->req = NULL;
    entry->incoming.req = NULL;
    begin(entry, stream, rest);
    peal_http_upgrade_free(req);
  } else {
    refuse(entry);
  }
}

/* -- from the home --------------------------------------------------------------------------- */

void peal_away_socket_switched(peal_away_entry *entry,
                               const peal_eio_away *msg) {
  if (entry->state != PEAL_AWAY_SWITCHES || entry->ending)
    return;
  peal_away_entry_set(entry, PEAL_AWAY_OPEN, 0);
  /* That all of it comes here is for sessions of the reference that have not
   * begun. */
  if (msg->take_over)
    begin_close(entry, "transport error");
  settle(entry);
}

static void say_base64(peal_away_entry *entry, peal_slice data) {
  const peal_engine_local *local = entry->away->local;
  peal_buf text;
  peal_buf_init(&text, local->worker->mem, 0);
  if (entry->eio3)
    peal_buf_add_char(&text, '4');
  peal_base64_encode(&text, data);
  if (!text.err) {
    say(entry, PEAL_WS_TEXT, 'b', peal_buf_slice(&text));
  } else if (entry->stream) {
    peal_stream_close(entry->stream, PEAL_ERR_NOMEM);
  }
  peal_buf_deinit(&text);
}

static void say_packet(peal_away_entry *entry, const peal_eio_packet *packet) {
  if (packet->binary && entry->base64)
    say_base64(entry, packet->data);
  else if (packet->binary)
    say(entry, PEAL_WS_BINARY, entry->eio3 ? PEAL_EIO3_PACKET_BINARY : 0,
        packet->data);
  else
    say(entry, PEAL_WS_TEXT, (char)('0' + packet->type), packet->data);
}

void peal_away_socket_drain(peal_away_entry *entry, const peal_eio_away *msg) {
  for (size_t i = 0; i < msg->packet_count && !entry->ending; i++) {
    const peal_eio_packet *packet = &msg->packets[i];
    entry->drained += packet->data.len;
    if (packet->type == PEAL_EIO_CLOSE) {
      entry->ending = true; /* the home knows */
      begin_close(entry, "");
    } else if (packet->type <= PEAL_EIO_NOOP) {
      say_packet(entry, packet);
    }
  }
  settle(entry);
}

/* -- time --------------------------------------------------------------------------------------- */

void peal_away_socket_tick(peal_away_entry *entry, uint64_t now_ms) {
  if (now_ms >= entry->limit_at_ms) {
    entry->limit_at_ms = UINT64_MAX;
    begin_close(entry, "transport close");
  }
  peal_ws_conn_tick(entry->ws, now_ms);
  take_events(entry);
  settle(entry);
}

void peal_away_socket_lost(peal_away_entry *entry) {
  entry->ending = true;
  begin_close(entry, "");
  settle(entry);
}
