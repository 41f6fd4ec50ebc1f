/* SPDX-License-Identifier: MIT */
#include "client/client_ws.h"

#include "base/mem.h"
#include "base/text.h"
#include "client/client_ws_ask.h"
#include "net/crypto.h"
#include "net/deflater.h"
#include "net/dial.h"
#include "net/stream.h"
#include "proto/ws_conn.h"

#define NEVER UINT64_MAX
/* Frames are made so far ahead of the stream. */
#define AHEAD_BYTES 65536u
#define DEFAULT_PAYLOAD_BYTES (16u << 20)
#define DEFAULT_CLOSE_MS 5000u
/* Keys of frames are drawn so many at a time. */
#define MASKS 8u

struct peal_client_ws {
  peal_worker *worker;
  const peal_client_engine_opts *opts;
  const peal_client_ws_callbacks *callbacks;
  void *user;
  peal_eio_session *session;
  peal_dial *dial;
  peal_stream *stream;
  peal_client_ws_ask *ask; /* the opening handshake is under way */
  peal_ws_conn *conn;      /* it is over */
  peal_account account;
  peal_ws_conn_opts conn_opts;
  peal_deflater deflater;
  peal_wheel_timer timer;
  peal_flush flush;
  char *target; /* until it is asked for */
  uint32_t dice[MASKS];
  unsigned dice_left;
  unsigned depth; /* of calls that look at it when they return */
  bool dead;
  bool told; /* on_close */
};

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms);
static void on_flush(peal_flush *flush);
static void run(peal_client_ws *ws);

/* -- life ------------------------------------------------------------------ */

static void on_orphan_pull(peal_stream *stream, peal_iovs *out, void *user) {
  (void)stream, (void)out, (void)user;
}

static void on_orphan_read(peal_stream *stream, char *data, size_t len,
                           void *user) {
  (void)stream, (void)data, (void)len, (void)user;
}

static void on_orphan_close(peal_stream *stream, peal_err err, void *user) {
  (void)stream, (void)err, (void)user;
}

/* Of a stream that ends without us. */
static const peal_stream_callbacks orphan = {.on_read = on_orphan_read,
                                             .on_pull = on_orphan_pull,
                                             .on_close = on_orphan_close};

/* A close frame that has been handed to the kernel should arrive: a plain
 * stream says FIN behind it and reads for a moment what still comes. One over
 * TLS counts in an account that may be gone by then. */
static void drop_stream(peal_client_ws *ws) {
  peal_stream *stream = ws->stream;
  ws->stream = NULL;
  if (!stream)
    return;
  peal_stream_set_owner(stream, &orphan, NULL);
  if (ws->conn && peal_ws_conn_is_done(ws->conn) &&
      !peal_stream_is_encrypted(stream))
    peal_stream_finish(stream);
  else
    peal_stream_close(stream, PEAL_OK);
}

static void drop_ask(peal_client_ws *ws) {
  if (!ws->ask)
    return;
  peal_client_ws_ask_end(ws->ask);
  peal_mem_free(ws->worker->mem, ws->ask);
  ws->ask = NULL;
}

static void destroy(peal_client_ws *ws) {
  peal_wheel_stop(&ws->worker->wheel, &ws->timer);
  peal_list_remove(&ws->flush.node);
  if (ws->dial)
    peal_dial_close(ws->dial);
  drop_stream(ws);
  drop_ask(ws);
  peal_ws_conn_free(ws->conn);
  peal_mem_free(ws->worker->mem, ws->target);
  peal_mem_free(ws->worker->mem, ws);
}

static void enter(peal_client_ws *ws) {
  ws->depth++;
}

/* Returns false if it is gone. */
static bool leave(peal_client_ws *ws) {
  if (--ws->depth || !ws->dead)
    return true;
  destroy(ws);
  return false;
}

void peal_client_ws_free(peal_client_ws *ws) {
  if (!ws)
    return;
  ws->dead = true;
  if (!ws->depth)
    destroy(ws);
}

/* -- telling ---------------------------------------------------------------- */

/* Called inside _enter and _leave only, as all that calls back. */
static void tell_close(peal_client_ws *ws,
                       const peal_eio_client_answer *answer) {
  if (ws->told || ws->dead)
    return;
  ws->told = true;
  ws->callbacks->on_close(ws->user, answer);
}

static void fail(peal_client_ws *ws, peal_err err, const char *text) {
  tell_close(ws, &(peal_eio_client_answer){.err = err ? err : PEAL_ERR_CLOSED,
                                           .text = text});
}

/* The server's: neither lines nor escapes get through. */
static void add_reason(peal_buf *words, peal_slice reason) {
  if (reason.len)
    peal_buf_add_str(words, ": ");
  for (size_t i = 0; i < reason.len; i++) {
    unsigned char c = (unsigned char)reason.ptr[i];
    peal_buf_add_char(words, c < ' ' || c == 0x7f ? ' ' : reason.ptr[i]);
  }
}

/* "the server has closed the WebSocket (1001: going away)" */
static void close_words(char *text, size_t room, const peal_ws_event *event) {
  peal_buf words;
  peal_buf_init(&words, NULL, room - 1);
  peal_buf_add_str(&words, event->code == 1006
                               ? "the connection was closed"
                               : "the server has closed the WebSocket");
  if (event->code != 1005 && event->code != 1006) {
    peal_buf_add_str(&words, " (");
    peal_buf_add_u64(&words, event->code);
    add_reason(&words, event->data);
    peal_buf_add_str(&words, ")");
  }
  size_t len = words.len;
  if (len)
    memcpy(text, words.ptr, len);
  text[len] = '\0';
  peal_buf_deinit(&words);
}

/* Our own close frame, if one waits, leaves before it is told. */
static void on_ws_close(peal_client_ws *ws, const peal_ws_event *event) {
  char text[PEAL_EIO_CLIENT_TEXT];
  close_words(text, sizeof text, event);
  if (ws->stream && peal_ws_conn_queued(ws->conn))
    peal_stream_flush_now(ws->stream);
  bool is_ours = event->err && event->err != PEAL_ERR_CLOSED;
  tell_close(ws, &(peal_eio_client_answer){
                     .err = event->err,
                     .text = is_ours ? peal_err_message(event->err) : text});
}

/* -- what comes ---------------------------------------------------------------- */

static void take_events(peal_client_ws *ws) {
  peal_ws_event event;
  while (!ws->dead && !ws->told && peal_ws_conn_next(ws->conn, &event)) {
    if (event.type == PEAL_WS_EVENT_CLOSE)
      on_ws_close(ws, &event);
    else
      ws->callbacks->on_message(ws->user, event.opcode == PEAL_WS_BINARY,
                                event.data);
  }
}

static void feed(peal_client_ws *ws, char *data, size_t len) {
  peal_ws_conn_feed(ws->conn, data, len, ws->worker->now_ms);
  take_events(ws);
}

/* RFC6455 10.3: nobody must be able to choose what is on the wire; without dice
 * the last ones serve again. */
static uint32_t mask(void *user) {
  peal_client_ws *ws = user;
  if (!ws->dice_left) {
    (void)!peal_crypto_random(ws->dice, sizeof ws->dice);
    ws->dice_left = MASKS;
  }
  return ws->dice[--ws->dice_left];
}

static peal_err make_conn(peal_client_ws *ws, const peal_deflate_terms *terms) {
  const peal_client_engine_opts *opts = ws->opts;
  peal_deflater_init(&ws->deflater, ws->worker, &opts->deflate);
  ws->conn_opts = (peal_ws_conn_opts){
      .client = true,
      .close_timeout_ms =
          opts->close_timeout_ms ? opts->close_timeout_ms : DEFAULT_CLOSE_MS,
      .max_message_bytes = opts->max_payload_bytes ? opts->max_payload_bytes
                                                   : DEFAULT_PAYLOAD_BYTES,
      .mem = ws->worker->mem,
      .deflate = &ws->deflater.verbs,
      .mask = mask,
      .mask_user = ws};
  peal_account_init(&ws->account, opts->account, 0);
  ws->conn =
      peal_ws_conn_new(&ws->conn_opts, &ws->account, (peal_slice){NULL, 0});
  if (!ws->conn)
    return PEAL_ERR_NOMEM;
  peal_ws_conn_agree(ws->conn, terms);
  return PEAL_OK;
}

/* Frames may have come behind the answer's head. */
static void accepted(peal_client_ws *ws) {
  peal_buf kept;
  peal_slice rest;
  const peal_deflate_terms terms = ws->ask->terms;
  peal_http_conn_upgrade(&ws->ask->conn, &kept, &rest);
  drop_ask(ws);
  peal_err err = make_conn(ws, &terms);
  if (err)
    fail(ws, err, NULL);
  else
    ws->callbacks->on_open(ws->user);
  /* What is fed is written to: it lies in the worker's buffer, or in ours. */
  if (!ws->dead && !ws->told && rest.len)
    feed(ws, (char *)(uintptr_t)rest.ptr, rest.len);
  peal_buf_deinit(&kept);
}

static void look_at_answer(peal_client_ws *ws) {
  switch (peal_client_ws_ask_look(ws->ask, ws->worker->now_ms)) {
  case PEAL_CLIENT_WS_ASK_ACCEPTED:
    accepted(ws);
    break;
  case PEAL_CLIENT_WS_ASK_REFUSED:
    tell_close(ws, &ws->ask->answer);
    break;
  case PEAL_CLIENT_WS_ASK_WAITS:
    break;
  }
}

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  peal_client_ws *ws = user;
  (void)stream;
  enter(ws);
  if (ws->ask) {
    peal_http_conn_feed(&ws->ask->conn, (peal_slice){data, len},
                        ws->worker->now_ms);
    look_at_answer(ws);
  } else {
    feed(ws, data, len);
  }
  run(ws);
}

static void on_end(peal_stream *stream, void *user) {
  peal_client_ws *ws = user;
  (void)stream;
  enter(ws);
  if (ws->ask) {
    peal_http_conn_end(&ws->ask->conn, ws->worker->now_ms);
    look_at_answer(ws);
  } else {
    fail(ws, PEAL_ERR_CLOSED, "the connection was closed");
  }
  run(ws);
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  peal_client_ws *ws = user;
  (void)stream;
  ws->stream = NULL; /* it is gone when this returns */
  enter(ws);
  fail(ws, err, ws->ask ? NULL : "the connection was lost");
  (void)leave(ws);
}

/* -- what leaves ------------------------------------------------------------- */

/* A client's frames are masked into a copy. */
static peal_err make_frames(peal_client_ws *ws) {
  while (peal_ws_conn_queued(ws->conn) < AHEAD_BYTES) {
    peal_eio_cursor cursor = {0};
    peal_eio_out packet;
    if (!peal_eio_out_peek(ws->session, PEAL_EIO_WEBSOCKET, &cursor, &packet))
      return PEAL_OK;
    peal_err err = peal_ws_conn_send_with(
        ws->conn, packet.binary ? PEAL_WS_BINARY : PEAL_WS_TEXT,
        peal_eio_out_prefix(ws->session, &packet), packet.data,
        packet.message && !packet.no_compress);
    if (err)
      return err;
    peal_eio_out_pop(ws->session, PEAL_EIO_WEBSOCKET, ws->worker->now_ms);
  }
  return PEAL_OK;
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  peal_client_ws *ws = user;
  if (!ws->ask && !ws->conn)
    return;
  if (ws->ask) {
    peal_http_conn_pull(&ws->ask->conn, out);
    return;
  }
  peal_err err = ws->told ? PEAL_OK : make_frames(ws);
  if (err && err != PEAL_ERR_CLOSED) { /* it is closing: what waits is lost */
    peal_stream_close(stream, err);
    return;
  }
  peal_ws_conn_pull(ws->conn, out);
  out->is_all = out->bytes == peal_ws_conn_queued(ws->conn) &&
                !peal_eio_out_wants(ws->session, PEAL_EIO_WEBSOCKET);
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  peal_client_ws *ws = user;
  (void)stream;
  enter(ws);
  if (ws->ask) {
    peal_http_conn_sent(&ws->ask->conn, len, ws->worker->now_ms);
  } else {
    (void)!peal_ws_conn_sent(ws->conn, len);
    if (!ws->told)
      ws->callbacks->on_sent(ws->user);
  }
  (void)leave(ws);
}

static const peal_stream_callbacks callbacks = {.on_read = on_read,
                                                .on_end = on_end,
                                                .on_pull = on_pull,
                                                .on_sent = on_sent,
                                                .on_close = on_close};

void peal_client_ws_flush(peal_client_ws *ws) {
  if (ws->conn && ws->stream)
    peal_stream_flush(ws->stream);
}

bool peal_client_ws_is_blocked(const peal_client_ws *ws) {
  return !ws->stream || peal_stream_is_blocked(ws->stream);
}

size_t peal_client_ws_queued_bytes(const peal_client_ws *ws) {
  return ws->conn ? peal_ws_conn_queued(ws->conn) : 0;
}

void peal_client_ws_shut(peal_client_ws *ws) {
  if (!ws->conn || !ws->stream)
    return;
  peal_ws_conn_close(ws->conn, 0, (peal_slice){NULL, 0}, ws->worker->now_ms);
  peal_stream_flush(ws->stream);
  peal_worker_impl_flush_later(ws->worker, &ws->flush); /* its deadline */
}

/* -- time, and the end of each call ------------------------------------------- */

static uint64_t deadline(const peal_client_ws *ws) {
  if (ws->told || !ws->stream)
    return NEVER;
  return ws->ask ? peal_http_conn_deadline(&ws->ask->conn)
                 : peal_ws_conn_deadline(ws->conn);
}

static void arm(peal_client_ws *ws) {
  peal_wheel *wheel = &ws->worker->wheel;
  uint64_t at = deadline(ws);
  if (at == NEVER)
    peal_wheel_stop(wheel, &ws->timer);
  else if (!peal_wheel_is_set(&ws->timer) || at < ws->timer.at_ms)
    peal_wheel_set(wheel, &ws->timer, at);
}

/* Ends what _enter began. */
static void run(peal_client_ws *ws) {
  if (!leave(ws))
    return;
  arm(ws);
  bool wants = false;
  if (ws->ask)
    wants = peal_http_conn_waiting(&ws->ask->conn) > 0;
  else if (ws->conn)
    wants = peal_ws_conn_queued(ws->conn) ||
            peal_eio_out_wants(ws->session, PEAL_EIO_WEBSOCKET);
  if (wants && ws->stream)
    peal_stream_flush(ws->stream);
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_client_ws *ws = PEAL_LIST_OF(timer, peal_client_ws, timer);
  if (!ws->stream)
    return;
  enter(ws);
  if (ws->ask) {
    peal_http_conn_tick(&ws->ask->conn, now_ms);
    look_at_answer(ws);
  } else {
    peal_ws_conn_tick(ws->conn, now_ms);
    take_events(ws);
  }
  run(ws);
}

/* -- opening -------------------------------------------------------------------- */

static void begin_ask(peal_client_ws *ws) {
  peal_err err = PEAL_ERR_NOMEM;
  ws->ask = peal_mem_alloc(ws->worker->mem, sizeof *ws->ask);
  if (ws->ask)
    err = peal_client_ws_ask_begin(ws->ask, ws->worker, ws->opts,
                                   peal_slice_of(ws->target));
  peal_mem_free(ws->worker->mem, ws->target);
  ws->target = NULL;
  if (err)
    fail(ws, err,
         err == PEAL_ERR_USAGE ? "the request cannot be written: its host or "
                                 "its path is none"
                               : NULL);
}

static void on_dialled(peal_dial *dial, const peal_dial_result *result,
                       void *user) {
  peal_client_ws *ws = user;
  (void)dial;
  ws->dial = NULL;
  enter(ws);
  if (result->err) {
    fail(ws, result->err, result->text);
  } else {
    ws->stream = peal_stream_adopt_parcel(ws->worker, &result->parcel,
                                          ws->opts->account, &callbacks, ws);
    if (ws->stream)
      begin_ask(ws);
    else
      fail(ws, PEAL_ERR_NOMEM, NULL);
  }
  run(ws);
}

/* Also after _shut, which sets another deadline. */
static void on_flush(peal_flush *flush) {
  peal_client_ws *ws = PEAL_LIST_OF(flush, peal_client_ws, flush);
  enter(ws);
  if (!ws->dial && !ws->stream)
    fail(ws, PEAL_ERR_NOMEM, NULL);
  run(ws);
}

static void dial(peal_client_ws *ws) {
  const peal_client_engine_opts *opts = ws->opts;
  peal_dial_opts how = {.host = opts->host,
                        .port = opts->port,
                        .tls = opts->tls,
                        .tls_name = opts->tls_name,
                        .proxy_tls = opts->proxy_tls,
                        .proxy = opts->proxy,
                        .timeout_ms = opts->timeout_ms,
                        .account = opts->account};
  ws->dial = peal_dial_open(ws->worker, &how, on_dialled, ws);
  if (!ws->dial)
    peal_worker_impl_flush_later(ws->worker, &ws->flush);
}

peal_client_ws *peal_client_ws_open(peal_worker *worker,
                                    const peal_client_engine_opts *opts,
                                    peal_eio_session *session,
                                    peal_slice target,
                                    const peal_client_ws_callbacks *told,
                                    void *user) {
  peal_client_ws *ws = peal_mem_zalloc(worker->mem, sizeof *ws);
  if (!ws)
    return NULL;
  ws->worker = worker;
  ws->opts = opts;
  ws->session = session;
  ws->callbacks = told;
  ws->user = user;
  ws->flush.fn = on_flush;
  peal_list_init(&ws->flush.node);
  peal_wheel_timer_init(&ws->timer, on_timer);
  ws->target = peal_mem_str(worker->mem, target);
  if (!ws->target) {
    peal_mem_free(worker->mem, ws);
    return NULL;
  }
  dial(ws);
  return ws;
}
