/* SPDX-License-Identifier: MIT */
#include "client/client_http.h"

#include <assert.h>

#include "base/mem.h"
#include "client/client_request.h"
#include "net/dial.h"
#include "net/stream.h"
#include "proto/http_ask.h"
#include "proto/http_write.h"

#define NEVER UINT64_MAX
/* Of what an answer's head says, this much of each field is kept. */
#define SAID_BYTES 256u
/* The first piece of a body in several. */
#define BODY_STEP_BYTES 4096u
#define DEFAULT_BODY_BYTES (16u << 20)
/* A connection nobody uses is left after so long: before the usual server
 * closes it (Node's after 5 s), which a POST must not meet. */
#define IDLE_MS 4000u
/* An answer's body has to bring something over each of these. */
#define BODY_MS 30000u

/* What is kept of a head while its body comes. */
typedef struct said {
  char text[SAID_BYTES];
  size_t len;
} said;

typedef struct heard {
  unsigned status; /* 0: no head yet */
  said reason, type, coding, location;
} heard;

struct peal_client_http {
  peal_worker *worker;
  const peal_client_engine_opts *opts;
  peal_client_http_fn fn;
  void *user;
  peal_dial *dial;
  peal_stream *stream; /* NULL: not connected; else `conn` is alive */
  peal_http_conn_opts conn_opts;
  peal_http_conn conn;
  peal_wheel_timer timer;
  peal_flush flush;
  /* The request: */
  peal_buf target;
  peal_bytes *body;
  uint64_t until_ms; /* NEVER: no limit */
  size_t sent;       /* of it, on this connection */
  /* Its answer: */
  heard head;
  peal_buf in;
  size_t charged; /* for `in` */
  unsigned depth; /* of calls that look at it when they return */
  bool dead;
  bool asked;    /* it is to be told */
  bool begun;    /* it is on the connection */
  bool is_heard; /* something of its answer has come */
  bool reused;   /* the connection has served before */
  bool retried;
};

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms);
static void on_flush(peal_flush *flush);
static void go_on(peal_client_http *http);

/* -- life ------------------------------------------------------------------ */

static void drop_body(peal_client_http *http) {
  peal_buf_deinit(&http->in);
  if (http->charged)
    peal_account_worker_release(http->opts->account, http->charged);
  http->charged = 0;
}

static void on_orphan_close(peal_stream *stream, peal_err err, void *user) {
  (void)stream, (void)err, (void)user;
}

/* Of a stream that is closed and has yet to say so. */
static const peal_stream_callbacks orphan = {.on_close = on_orphan_close};

static void drop_stream(peal_client_http *http) {
  if (!http->stream)
    return;
  peal_stream_set_owner(http->stream, &orphan, NULL);
  peal_stream_close(http->stream, PEAL_OK);
  http->stream = NULL;
  peal_http_conn_deinit(&http->conn);
}

static void destroy(peal_client_http *http) {
  const peal_mem *mem = http->worker->mem;
  peal_wheel_stop(&http->worker->wheel, &http->timer);
  peal_list_remove(&http->flush.node);
  if (http->dial)
    peal_dial_close(http->dial);
  drop_stream(http);
  drop_body(http);
  peal_bytes_unref(http->body);
  peal_buf_deinit(&http->target);
  peal_mem_free(mem, http);
}

static void enter(peal_client_http *http) {
  http->depth++;
}

/* Returns false if it is gone. */
static bool leave(peal_client_http *http) {
  if (--http->depth || !http->dead)
    return true;
  destroy(http);
  return false;
}

void peal_client_http_free(peal_client_http *http) {
  if (!http)
    return;
  http->dead = true;
  if (!http->depth)
    destroy(http);
}

peal_client_http *peal_client_http_new(peal_worker *worker,
                                       const peal_client_engine_opts *opts,
                                       peal_client_http_fn fn, void *user) {
  peal_client_http *http = peal_mem_zalloc(worker->mem, sizeof *http);
  if (!http)
    return NULL;
  http->worker = worker;
  http->opts = opts;
  http->fn = fn;
  http->user = user;
  http->until_ms = NEVER;
  http->conn_opts = (peal_http_conn_opts){.client = true,
                                          .body_ms = BODY_MS,
                                          .idle_ms = IDLE_MS,
                                          .write_ms = BODY_MS,
                                          .mem = worker->mem,
                                          .account = opts->account};
  peal_buf_init(&http->target, worker->mem, 0);
  peal_buf_init(&http->in, worker->mem, 0);
  peal_list_init(&http->flush.node);
  http->flush.fn = on_flush;
  peal_wheel_timer_init(&http->timer, on_timer);
  return http;
}

/* -- telling ---------------------------------------------------------------- */

static peal_slice slice_of(const said *it) {
  return (peal_slice){it->text, it->len};
}

/* Called inside _enter and _leave only. */
static void tell(peal_client_http *http, const peal_eio_client_answer *answer) {
  if (!http->asked || http->dead)
    return;
  http->asked = http->begun = false;
  http->until_ms = NEVER;
  http->fn(http, answer, http->user);
  drop_body(http);
}

static void fail(peal_client_http *http, peal_err err, const char *text) {
  drop_stream(http);
  tell(http, &(peal_eio_client_answer){.err = err ? err : PEAL_ERR_CLOSED,
                                       .text = text});
}

static void deliver(peal_client_http *http, peal_slice body) {
  const heard *head = &http->head;
  peal_eio_client_answer answer = {.status = head->status,
                                   .reason = slice_of(&head->reason),
                                   .type = slice_of(&head->type),
                                   .coding = slice_of(&head->coding),
                                   .location = slice_of(&head->location),
                                   .body = body};
  tell(http, &answer);
}

/* RFC9112 9.3.1: what may have been applied is not asked again by itself. A
 * server that closed a connection before has acknowledged nothing of it. */
static bool may_repeat(const peal_client_http *http) {
  return !http->body || !http->sent ||
         (http->stream && peal_stream_unacked(http->stream) >= http->sent);
}

/* A connection that was kept and is dead was closed by the server in
 * silence. */
static void lose(peal_client_http *http, peal_err err, const char *text) {
  bool again = http->reused && !http->is_heard && !http->retried &&
               err != PEAL_ERR_TIMEOUT && err != PEAL_ERR_NOMEM &&
               may_repeat(http);
  drop_stream(http);
  if (!http->begun)
    return;
  http->begun = false;
  if (again)
    http->retried = true; /* go_on dials */
  else
    fail(http, err, text);
}

/* -- the answer -------------------------------------------------------------- */

static void keep(said *into, peal_slice text) {
  into->len = text.len > SAID_BYTES ? SAID_BYTES : text.len;
  if (into->len)
    memcpy(into->text, text.ptr, into->len);
}

static void on_head(peal_client_http *http, const peal_http1_head *head) {
  heard *it = &http->head;
  if (head->status < 200)
    return;
  it->status = head->status;
  keep(&it->reason, head->reason);
  keep(&it->type, peal_http1_field_get(head, "Content-Type"));
  keep(&it->coding, peal_http1_field_get(head, "Content-Encoding"));
  keep(&it->location, peal_http1_field_get(head, "Location"));
  peal_client_request_keep(http->opts, head, http->worker->now_ms);
}

static size_t max_body(const peal_client_http *http) {
  return http->opts->max_payload_bytes ? http->opts->max_payload_bytes
                                       : DEFAULT_BODY_BYTES;
}

/* Room in steps that double, each charged before it is taken. */
static peal_err make_room(peal_client_http *http, size_t more) {
  size_t need = http->in.len + more, step = http->charged;
  if (need <= http->charged)
    return PEAL_OK;
  step = step < BODY_STEP_BYTES ? BODY_STEP_BYTES : step;
  if (http->charged + step < need)
    step = need - http->charged;
  if (peal_account_worker_charge(http->opts->account, step))
    return PEAL_ERR_NOMEM;
  http->charged += step;
  return peal_buf_reserve(&http->in, http->charged - http->in.len)
             ? PEAL_OK
             : PEAL_ERR_NOMEM;
}

static void on_body(peal_client_http *http, const peal_http_conn_event *event) {
  if (!http->asked || !http->begun)
    return;
  if (http->in.len + event->data.len > max_body(http)) {
    fail(http, PEAL_ERR_LIMIT, "the server's answer is too large");
    return;
  }
  if (event->last && !http->in.len) {
    deliver(http, event->data);
    return;
  }
  peal_err err = make_room(http, event->data.len);
  if (err) {
    fail(http, err, NULL);
    return;
  }
  peal_buf_add(&http->in, event->data);
  if (event->last)
    deliver(http, peal_buf_slice(&http->in));
}

static void act(peal_client_http *http, const peal_http_conn_event *event) {
  switch (event->kind) {
  case PEAL_HTTP_CONN_HEAD:
    on_head(http, &event->head);
    break;
  case PEAL_HTTP_CONN_BODY:
    on_body(http, event);
    break;
  case PEAL_HTTP_CONN_OVER:
    if (http->begun && http->head.status) /* it had no body */
      deliver(http, (peal_slice){NULL, 0});
    http->reused = true;
    break;
  case PEAL_HTTP_CONN_LOST:
    fail(http, event->err,
         event->err == PEAL_ERR_TIMEOUT
             ? "the server's answer came too slowly"
             : "the server's answer ended in the middle");
    break;
  case PEAL_HTTP_CONN_BAD:
    fail(http, event->err,
         event->msg ? event->msg : "what the server answers is no HTTP");
    break;
  case PEAL_HTTP_CONN_CLOSE:
    lose(http, event->err, NULL);
    break;
  }
}

/* -- the connection ------------------------------------------------------------ */

static void run(peal_client_http *http) {
  peal_http_conn_event event;
  enter(http);
  while (!http->dead && http->stream &&
         peal_http_conn_next(&http->conn, &event))
    act(http, &event);
  if (leave(http))
    go_on(http);
}

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  peal_client_http *http = user;
  (void)stream;
  http->is_heard = http->begun;
  peal_http_conn_feed(&http->conn, (peal_slice){data, len},
                      http->worker->now_ms);
  run(http);
}

/* RFC9112 9.8: what ends with the connection is whole only if the server has
 * said that this is the end. */
static bool is_cut(const peal_client_http *http) {
  return http->begun && http->head.status &&
         http->conn.recv.body.framing == PEAL_HTTP1_UNTIL_CLOSE &&
         peal_stream_is_unfinished(http->stream);
}

static void on_end(peal_stream *stream, void *user) {
  peal_client_http *http = user;
  (void)stream;
  enter(http);
  if (is_cut(http))
    fail(http, PEAL_ERR_CLOSED, "the server's answer ended in the middle");
  else
    peal_http_conn_end(&http->conn, http->worker->now_ms);
  if (leave(http))
    run(http);
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  peal_client_http *http = user;
  (void)stream;
  peal_http_conn_pull(&http->conn, out);
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  peal_client_http *http = user;
  (void)stream;
  http->sent += len;
  peal_http_conn_sent(&http->conn, len, http->worker->now_ms);
  run(http);
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  peal_client_http *http = user;
  (void)stream;
  bool was_answering = http->begun && http->head.status;
  enter(http);
  http->stream = NULL; /* it is gone when this returns */
  peal_http_conn_deinit(&http->conn);
  if (was_answering)
    fail(http, err, "the server's answer ended in the middle");
  else
    lose(http, err ? err : PEAL_ERR_CLOSED, NULL);
  if (leave(http))
    go_on(http);
}

static const peal_stream_callbacks callbacks = {.on_read = on_read,
                                                .on_end = on_end,
                                                .on_pull = on_pull,
                                                .on_sent = on_sent,
                                                .on_close = on_close};

static void on_dialled(peal_dial *dial, const peal_dial_result *result,
                       void *user) {
  peal_client_http *http = user;
  (void)dial;
  http->dial = NULL;
  enter(http);
  if (result->err) {
    fail(http, result->err, result->text);
  } else {
    http->stream = peal_stream_adopt_parcel(
        http->worker, &result->parcel, http->opts->account, &callbacks, http);
    if (http->stream)
      peal_http_conn_init(&http->conn, &http->conn_opts, http->worker->now_ms);
    else
      fail(http, PEAL_ERR_NOMEM, NULL);
    http->reused = false;
  }
  if (leave(http))
    go_on(http);
}

static void dial(peal_client_http *http) {
  const peal_client_engine_opts *opts = http->opts;
  peal_dial_opts how = {.host = opts->host,
                        .port = opts->port,
                        .tls = opts->tls,
                        .tls_name = opts->tls_name,
                        .proxy_tls = opts->proxy_tls,
                        .proxy = opts->proxy,
                        .timeout_ms = opts->timeout_ms,
                        .account = opts->account};
  http->dial = peal_dial_open(http->worker, &how, on_dialled, http);
}

/* -- asking -------------------------------------------------------------------- */

static peal_err begin(peal_client_http *http) {
  peal_buf lines;
  uint64_t now_ms = http->worker->now_ms;
  size_t len = http->body ? peal_bytes_slice(http->body).len : 0;
  peal_buf_init(&lines, http->worker->mem, 0);
  peal_client_request_lines(&lines, http->opts, now_ms);
  peal_http_ask ask = {.method = http->body ? PEAL_S("POST") : PEAL_S("GET"),
                       .target = peal_buf_slice(&http->target),
                       .host = peal_client_request_host(http->opts),
                       .lines = peal_buf_slice(&lines),
                       .length = len};
  if (http->body)
    ask.type = PEAL_S("text/plain;charset=UTF-8");
  peal_err err = lines.err ? lines.err : http->target.err;
  if (!err)
    err = peal_http_ask_with(&http->conn, &ask, now_ms);
  if (!err && len)
    err = peal_http_write_share(&http->conn, http->body, len, now_ms);
  if (!err && len)
    err = peal_http_write_end(&http->conn, now_ms);
  peal_buf_deinit(&lines);
  return err;
}

static void begin_if_idle(peal_client_http *http) {
  if (http->conn.phase != PEAL_HTTP_CONN_IDLE || http->conn.due)
    return; /* its last exchange, or its close, is still to be told */
  http->head.status = 0;
  http->is_heard = false;
  http->sent = 0;
  drop_body(http);
  peal_err err = begin(http);
  http->begun = true;
  if (err)
    fail(http, err,
         err == PEAL_ERR_USAGE
             ? "the request cannot be written: its host or its path "
               "is none"
             : NULL);
}

/* What is asked and not on its way. */
static void start(peal_client_http *http) {
  if (!http->asked || http->begun || http->dial)
    return;
  if (http->stream && !peal_stream_is_closing(http->stream)) {
    begin_if_idle(http);
    return;
  }
  drop_stream(http);
  dial(http);
  if (!http->dial)
    fail(http, PEAL_ERR_NOMEM, NULL);
}

static uint64_t deadline(const peal_client_http *http) {
  uint64_t at = http->stream ? peal_http_conn_deadline(&http->conn) : NEVER;
  return at < http->until_ms ? at : http->until_ms;
}

/* A timer that fires too early only looks. */
static void arm(peal_client_http *http) {
  peal_wheel *wheel = &http->worker->wheel;
  uint64_t at = deadline(http);
  if (at == NEVER)
    peal_wheel_stop(wheel, &http->timer);
  else if (!peal_wheel_is_set(&http->timer) || at < http->timer.at_ms)
    peal_wheel_set(wheel, &http->timer, at);
}

static void go_on(peal_client_http *http) {
  enter(http);
  start(http);
  if (!leave(http))
    return;
  arm(http);
  if (http->stream && peal_http_conn_waiting(&http->conn) > 0)
    peal_stream_flush(http->stream);
}

static void on_flush(peal_flush *flush) {
  go_on(PEAL_LIST_OF(flush, peal_client_http, flush));
}

static void on_late(peal_client_http *http) {
  enter(http);
  if (http->dial)
    peal_dial_close(http->dial);
  http->dial = NULL;
  fail(http, PEAL_ERR_TIMEOUT, NULL);
  if (leave(http))
    go_on(http);
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_client_http *http = PEAL_LIST_OF(timer, peal_client_http, timer);
  if (now_ms >= http->until_ms) {
    on_late(http);
    return;
  }
  if (!http->stream) {
    arm(http);
    return;
  }
  if (peal_http_conn_waiting(&http->conn) > 0)
    peal_http_conn_set_unacked(&http->conn, peal_stream_unacked(http->stream));
  peal_http_conn_tick(&http->conn, now_ms);
  run(http);
}

void peal_client_http_ask(peal_client_http *http,
                          const peal_client_http_request *request) {
  assert(!http->asked);
  peal_buf_reset(&http->target);
  peal_buf_add(&http->target, request->target);
  peal_bytes_unref(http->body);
  http->body = request->body ? peal_bytes_ref(request->body) : NULL;
  http->asked = true;
  http->begun = http->retried = false;
  http->until_ms =
      request->total_ms ? http->worker->now_ms + request->total_ms : NEVER;
  peal_worker_impl_flush_later(http->worker, &http->flush);
}
