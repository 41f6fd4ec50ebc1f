/* SPDX-License-Identifier: MIT */
#include "client/client_engine.h"

#include "base/mem.h"
#include "client/client_http.h"
#include "client/client_request.h"
#include "client/client_ws.h"
#include "proto/eio_client_target.h"

#define NEVER UINT64_MAX
#define DEFAULT_QUEUE_BYTES (8u << 20)
#define DEFAULT_REQUEST_MS 20000u
#define DEFAULT_CLOSE_MS 5000u

struct peal_client_engine {
  peal_worker *worker;
  const peal_client_engine_opts *opts;
  const peal_client_engine_callbacks *callbacks;
  void *user;
  peal_eio_client_opts machine_opts;
  peal_eio_client machine;
  peal_client_http *get, *post;
  peal_client_ws *ws;
  size_t posting; /* bytes of the POST under way */
  peal_wheel_timer timer;
  peal_flush flush;
  unsigned depth; /* of calls that look at it when they return */
  bool dead;
};

static void run(peal_client_engine *engine);

static uint64_t now_of(const peal_client_engine *engine) {
  return engine->worker->now_ms;
}

static uint32_t request_ms(const peal_client_engine *engine) {
  uint32_t given = engine->opts->request_timeout_ms;
  return given ? given : DEFAULT_REQUEST_MS;
}

/* -- life ------------------------------------------------------------------ */

static void drop_polling(peal_client_engine *engine) {
  peal_client_http_free(engine->get);
  peal_client_http_free(engine->post);
  engine->get = engine->post = NULL;
  engine->posting = 0;
}

static void drop_ws(peal_client_engine *engine) {
  peal_client_ws_free(engine->ws);
  engine->ws = NULL;
}

static void drop_all(peal_client_engine *engine) {
  drop_polling(engine);
  drop_ws(engine);
  peal_wheel_stop(&engine->worker->wheel, &engine->timer);
}

static void destroy(peal_client_engine *engine) {
  drop_all(engine);
  peal_list_remove(&engine->flush.node);
  peal_eio_client_deinit(&engine->machine);
  peal_account_worker_release(engine->opts->account, sizeof *engine);
  peal_mem_free(engine->worker->mem, engine);
}

static void enter(peal_client_engine *engine) {
  engine->depth++;
}

/* Returns false if it is gone. */
static bool leave(peal_client_engine *engine) {
  if (--engine->depth || !engine->dead)
    return true;
  destroy(engine);
  return false;
}

void peal_client_engine_free(peal_client_engine *engine) {
  if (!engine)
    return;
  engine->dead = true;
  if (!engine->depth)
    destroy(engine);
}

/* -- what is to be done -------------------------------------------------------- */

static peal_err write_target(peal_client_engine *engine, peal_eio_via via,
                             peal_buf *out) {
  const peal_client_engine_opts *opts = engine->opts;
  peal_eio_client_target target = {
      .path = peal_slice_of(opts->path),
      .query = opts->query ? peal_slice_of(opts->query) : (peal_slice){0},
      .sid = peal_slice_of(peal_eio_client_sid(&engine->machine)),
      .via = via,
      .eio3 = opts->eio3,
      .has_stamp = !opts->no_timestamp,
      .stamp = opts->no_timestamp ? 0 : peal_client_request_dice()};
  peal_buf_init(out, engine->worker->mem, 0);
  peal_eio_client_target_write(out, &target);
  return out->err;
}

static void on_got(peal_client_http *http, const peal_eio_client_answer *answer,
                   void *user) {
  peal_client_engine *engine = user;
  (void)http;
  enter(engine);
  peal_eio_client_got(&engine->machine, answer, now_of(engine));
  run(engine);
}

static void on_posted(peal_client_http *http,
                      const peal_eio_client_answer *answer, void *user) {
  peal_client_engine *engine = user;
  (void)http;
  enter(engine);
  engine->posting = 0;
  if (engine->callbacks->on_left)
    engine->callbacks->on_left(engine->user);
  peal_eio_client_posted(&engine->machine, answer, now_of(engine));
  run(engine);
}

/* Returns PEAL_ERR_NOMEM if it cannot be asked. */
static peal_err ask(peal_client_engine *engine, peal_client_http **http,
                    peal_client_http_fn fn, peal_bytes *body,
                    uint32_t total_ms) {
  peal_buf target;
  if (!*http)
    *http = peal_client_http_new(engine->worker, engine->opts, fn, engine);
  if (!*http)
    return PEAL_ERR_NOMEM;
  peal_err err = write_target(engine, PEAL_EIO_POLLING, &target);
  if (!err)
    peal_client_http_ask(
        *http, &(peal_client_http_request){.target = peal_buf_slice(&target),
                                           .body = body,
                                           .total_ms = total_ms});
  peal_buf_deinit(&target);
  return err;
}

/* A poll is answered when there is something, or by the heartbeat. */
static void get(peal_client_engine *engine) {
  bool is_open = peal_eio_client_is_open(&engine->machine);
  peal_err err =
      ask(engine, &engine->get, on_got, NULL, is_open ? 0 : request_ms(engine));
  if (err)
    peal_eio_client_got(&engine->machine, &(peal_eio_client_answer){.err = err},
                        now_of(engine));
}

static peal_err fill(peal_client_engine *engine, peal_bytes **body) {
  peal_buf buf;
  peal_buf_init(&buf, engine->worker->mem, 0);
  peal_err err = peal_eio_client_fill(&engine->machine, &buf, now_of(engine));
  *body = err ? NULL : peal_bytes_alloc(buf.len, engine->worker->mem);
  if (*body)
    memcpy(peal_bytes_data(*body), buf.ptr, buf.len);
  peal_buf_deinit(&buf);
  return err || *body ? err : PEAL_ERR_NOMEM;
}

static void post(peal_client_engine *engine) {
  peal_bytes *body;
  peal_err err = fill(engine, &body);
  if (!err) {
    engine->posting = peal_bytes_slice(body).len;
    err = ask(engine, &engine->post, on_posted, body, request_ms(engine));
  }
  peal_bytes_unref(body);
  if (err)
    peal_eio_client_posted(&engine->machine,
                           &(peal_eio_client_answer){.err = err},
                           now_of(engine));
}

static void on_ws_open(void *user) {
  peal_client_engine *engine = user;
  enter(engine);
  peal_eio_client_ws_opened(&engine->machine, now_of(engine));
  run(engine);
}

static void on_ws_message(void *user, bool binary, peal_slice data) {
  peal_client_engine *engine = user;
  enter(engine);
  peal_eio_client_ws_fed(&engine->machine, binary, data, now_of(engine));
  run(engine);
}

static void on_ws_sent(void *user) {
  peal_client_engine *engine = user;
  if (engine->callbacks->on_left)
    engine->callbacks->on_left(engine->user);
  if (peal_eio_session_has_news(&engine->machine.session) ||
      peal_eio_session_is_done(&engine->machine.session))
    peal_worker_impl_flush_later(engine->worker, &engine->flush);
}

static void on_ws_close(void *user, const peal_eio_client_answer *answer) {
  peal_client_engine *engine = user;
  enter(engine);
  drop_ws(engine);
  peal_eio_client_ws_closed(&engine->machine, answer, now_of(engine));
  run(engine);
}

static const peal_client_ws_callbacks ws_callbacks = {
    .on_open = on_ws_open,
    .on_message = on_ws_message,
    .on_sent = on_ws_sent,
    .on_close = on_ws_close,
};

static void dial(peal_client_engine *engine) {
  peal_buf target;
  peal_err err = write_target(engine, PEAL_EIO_WEBSOCKET, &target);
  if (!err)
    engine->ws = peal_client_ws_open(
        engine->worker, engine->opts, &engine->machine.session,
        peal_buf_slice(&target), &ws_callbacks, engine);
  peal_buf_deinit(&target);
  if (!engine->ws)
    peal_eio_client_ws_closed(&engine->machine,
                              &(peal_eio_client_answer){.err = PEAL_ERR_NOMEM},
                              now_of(engine));
}

/* -- what has happened ---------------------------------------------------------- */

static peal_client_reason reason_of(uint8_t reason) {
  switch ((peal_eio_reason)reason) {
  case PEAL_EIO_TRANSPORT_CLOSE:
    return PEAL_CLIENT_TRANSPORT_CLOSE;
  case PEAL_EIO_PARSE_ERROR:
    return PEAL_CLIENT_PARSE_ERROR;
  case PEAL_EIO_PING_TIMEOUT:
    return PEAL_CLIENT_PING_TIMEOUT;
  case PEAL_EIO_FORCED_CLOSE:
    return PEAL_CLIENT_LEFT;
  case PEAL_EIO_TRANSPORT_ERROR:
  case PEAL_EIO_SLOW_CONSUMER:
    break;
  }
  return PEAL_CLIENT_TRANSPORT_ERROR;
}

static void tell_open(peal_client_engine *engine) {
  const peal_eio_client *machine = &engine->machine;
  peal_client_engine_hello hello = {
      .sid = peal_eio_client_sid(machine),
      .is_websocket = peal_eio_client_via(machine) == PEAL_EIO_WEBSOCKET};
  engine->callbacks->on_open(engine->user, &hello);
}

static void tell(peal_client_engine *engine,
                 const peal_eio_client_event *event) {
  const peal_client_engine_callbacks *fns = engine->callbacks;
  switch ((peal_eio_client_kind)event->kind) {
  case PEAL_EIO_CLIENT_OPEN:
    tell_open(engine);
    break;
  case PEAL_EIO_CLIENT_MESSAGE:
    fns->on_message(engine->user, event->binary, event->data);
    break;
  case PEAL_EIO_CLIENT_PING:
    fns->on_ping(engine->user);
    break;
  case PEAL_EIO_CLIENT_UPGRADED:
    fns->on_upgrade(engine->user);
    break;
  case PEAL_EIO_CLIENT_DRAIN:
    fns->on_drain(engine->user);
    break;
  case PEAL_EIO_CLIENT_CLOSED:
    drop_all(engine);
    fns->on_close(engine->user, reason_of(event->reason), event->err,
                  event->text);
    break;
  case PEAL_EIO_CLIENT_GET:
  case PEAL_EIO_CLIENT_POST:
  case PEAL_EIO_CLIENT_DIAL:
  case PEAL_EIO_CLIENT_SHUT:
  case PEAL_EIO_CLIENT_DROP_WS:
  case PEAL_EIO_CLIENT_DROP_POLLING:
    break;
  }
}

static void act(peal_client_engine *engine,
                const peal_eio_client_event *event) {
  switch ((peal_eio_client_kind)event->kind) {
  case PEAL_EIO_CLIENT_GET:
    get(engine);
    break;
  case PEAL_EIO_CLIENT_POST:
    post(engine);
    break;
  case PEAL_EIO_CLIENT_DIAL:
    dial(engine);
    break;
  case PEAL_EIO_CLIENT_SHUT:
    peal_client_ws_shut(engine->ws);
    break;
  case PEAL_EIO_CLIENT_DROP_WS:
    drop_ws(engine);
    break;
  case PEAL_EIO_CLIENT_DROP_POLLING:
    drop_polling(engine);
    break;
  case PEAL_EIO_CLIENT_OPEN:
  case PEAL_EIO_CLIENT_MESSAGE:
  case PEAL_EIO_CLIENT_PING:
  case PEAL_EIO_CLIENT_UPGRADED:
  case PEAL_EIO_CLIENT_DRAIN:
  case PEAL_EIO_CLIENT_CLOSED:
    tell(engine, event);
    break;
  }
}

/* -- the loop -------------------------------------------------------------------- */

/* It changes with each ping and stands still between them, so that an idle
 * connection never wakes its worker by it. */
static void arm(peal_client_engine *engine) {
  peal_wheel *wheel = &engine->worker->wheel;
  uint64_t at = peal_eio_client_deadline(&engine->machine);
  if (at == NEVER)
    peal_wheel_stop(wheel, &engine->timer);
  else if (!peal_wheel_is_set(&engine->timer) || at != engine->timer.at_ms)
    peal_wheel_set(wheel, &engine->timer, at);
}

/* One event's memory is given back before the next is taken: a body may have
 * many binaries. */
static bool step(peal_client_engine *engine) {
  peal_arena *arena = &engine->worker->turn;
  peal_arena_mark mark = peal_arena_mark_get(arena);
  peal_eio_client_event event;
  bool found =
      peal_eio_client_next(&engine->machine, arena, now_of(engine), &event);
  if (found)
    act(engine, &event);
  peal_arena_mark_set(arena, mark);
  return found && !engine->dead;
}

/* Ends what _enter began. */
static void run(peal_client_engine *engine) {
  while (!engine->dead && step(engine))
    ;
  if (!leave(engine))
    return;
  arm(engine);
  if (engine->ws &&
      peal_eio_out_wants(&engine->machine.session, PEAL_EIO_WEBSOCKET))
    peal_client_ws_flush(engine->ws);
}

static void on_flush(peal_flush *flush) {
  peal_client_engine *engine = PEAL_LIST_OF(flush, peal_client_engine, flush);
  enter(engine);
  run(engine);
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_client_engine *engine = PEAL_LIST_OF(timer, peal_client_engine, timer);
  enter(engine);
  peal_eio_client_tick(&engine->machine, now_ms);
  run(engine);
}

static void look_later(peal_client_engine *engine) {
  peal_worker_impl_flush_later(engine->worker, &engine->flush);
}

/* -- from above -------------------------------------------------------------------- */

static peal_eio_client_ways ways_of(peal_client_transports transports) {
  switch (transports) {
  case PEAL_CLIENT_WEBSOCKET_FIRST:
    return PEAL_EIO_CLIENT_WEBSOCKET_FIRST;
  case PEAL_CLIENT_POLLING_ONLY:
    return PEAL_EIO_CLIENT_POLLING_ONLY;
  case PEAL_CLIENT_WEBSOCKET_ONLY:
    return PEAL_EIO_CLIENT_WEBSOCKET_ONLY;
  case PEAL_CLIENT_POLLING_FIRST:
    break;
  }
  return PEAL_EIO_CLIENT_POLLING_FIRST;
}

static void fill_opts(peal_client_engine *engine) {
  const peal_client_engine_opts *opts = engine->opts;
  engine->machine_opts = (peal_eio_client_opts){
      .session = {.client = true,
                  .eio3 = opts->eio3,
                  .close_timeout_ms = opts->close_timeout_ms
                                          ? opts->close_timeout_ms
                                          : DEFAULT_CLOSE_MS,
                  .max_queue_bytes = opts->max_queue_bytes
                                         ? opts->max_queue_bytes
                                         : DEFAULT_QUEUE_BYTES,
                  .mem = engine->worker->mem,
                  .account = opts->account},
      .ways = ways_of(opts->transports),
      .no_upgrade = opts->no_upgrade,
      .try_all = opts->try_all_transports};
}

peal_client_engine *peal_client_engine_open(
    peal_worker *worker, const peal_client_engine_opts *opts,
    const peal_client_engine_callbacks *callbacks, void *user) {
  if (peal_account_worker_charge(opts->account, sizeof(peal_client_engine)))
    return NULL;
  peal_client_engine *engine = peal_mem_zalloc(worker->mem, sizeof *engine);
  if (!engine) {
    peal_account_worker_release(opts->account, sizeof *engine);
    return NULL;
  }
  engine->worker = worker;
  engine->opts = opts;
  engine->callbacks = callbacks;
  engine->user = user;
  engine->flush.fn = on_flush;
  peal_list_init(&engine->flush.node);
  peal_wheel_timer_init(&engine->timer, on_timer);
  fill_opts(engine);
  peal_eio_client_init(&engine->machine, &engine->machine_opts,
                       opts->prefer_websocket, worker->now_ms);
  look_later(engine);
  return engine;
}

/* A WebSocket takes it by itself when the turn ends. */
peal_err peal_client_engine_send(peal_client_engine *engine,
                                 const peal_eio_item *item) {
  peal_err err = peal_eio_client_send(&engine->machine, item);
  if (err)
    return err;
  if (peal_eio_client_via(&engine->machine) == PEAL_EIO_WEBSOCKET && engine->ws)
    peal_client_ws_flush(engine->ws);
  else
    look_later(engine);
  return PEAL_OK;
}

bool peal_client_engine_is_writable(const peal_client_engine *engine) {
  return peal_eio_client_is_writable(&engine->machine) &&
         (peal_eio_client_via(&engine->machine) == PEAL_EIO_POLLING ||
          (engine->ws && !peal_client_ws_is_blocked(engine->ws)));
}

const char *peal_client_engine_transport(const peal_client_engine *engine) {
  if (!peal_eio_client_is_open(&engine->machine))
    return "";
  return peal_eio_client_via(&engine->machine) == PEAL_EIO_WEBSOCKET
             ? "websocket"
             : "polling";
}

const char *peal_client_engine_sid(const peal_client_engine *engine) {
  return peal_eio_client_sid(&engine->machine);
}

size_t peal_client_engine_queued_bytes(const peal_client_engine *engine) {
  return peal_eio_session_queued_bytes(&engine->machine.session) +
         engine->posting +
         (engine->ws ? peal_client_ws_queued_bytes(engine->ws) : 0);
}

bool peal_client_engine_has_ping_expired(peal_client_engine *engine,
                                         uint64_t now_ms) {
  if (!peal_eio_client_has_ping_expired(&engine->machine, now_ms))
    return false;
  peal_eio_client_tick(&engine->machine, now_ms);
  look_later(engine);
  return true;
}

void peal_client_engine_close(peal_client_engine *engine) {
  peal_eio_client_close(&engine->machine, false, now_of(engine));
  look_later(engine);
}
