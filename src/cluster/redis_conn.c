/* SPDX-License-Identifier: MIT */
#include "cluster/redis_conn.h"

#include <stdio.h>

#include "base/mem.h"
#include "cluster/redis_login.h"
#include "cluster/redis_queue.h"
#include "cluster/redis_read.h"
#include "net/dial.h"
#include "net/stream.h"

#define WORDS_BYTES 320u

struct peal_redis_conn {
  peal_worker *worker;
  const peal_redis_how *how;
  const peal_redis_conn_events *events;
  void *user;
  peal_dial *dial;
  peal_stream *stream;
  peal_redis_read *read;
  peal_redis_login login;
  peal_redis_queue queue;
  peal_wheel_timer timer;
  uint64_t heard_ms; /* the last bytes, or the first command in silence */
  uint32_t wait_ms;  /* that the server may be silent for, beyond idle_ms */
  bool ready, pinged;
  bool finishing; /* the owner has gone */
  bool dead;      /* it goes when nobody is inside */
  bool lost;      /* on_close is due */
  unsigned depth;
  peal_err err; /* why it is lost */
  char words[WORDS_BYTES];
};

/* -- life ------------------------------------------------------------------ */

static void on_orphan_close(peal_stream *stream, peal_err err, void *user) {
  (void)stream, (void)err, (void)user;
}

/* Of a stream that is closed and has yet to say so. */
static const peal_stream_callbacks orphan = {.on_close = on_orphan_close};

static void drop_stream(peal_redis_conn *conn) {
  if (conn->dial)
    peal_dial_close(conn->dial);
  conn->dial = NULL;
  if (!conn->stream)
    return;
  peal_stream_set_owner(conn->stream, &orphan, NULL);
  peal_stream_close(conn->stream, PEAL_OK);
  conn->stream = NULL;
}

static void enter(peal_redis_conn *conn) {
  conn->depth++;
}

static void destroy(peal_redis_conn *conn) {
  const peal_mem *mem = conn->worker->mem;
  peal_wheel_stop(&conn->worker->wheel, &conn->timer);
  drop_stream(conn);
  peal_redis_read_free(conn->read);
  peal_redis_queue_deinit(&conn->queue);
  peal_mem_free(mem, conn);
}

/* Whoever asked may do something about these. */
static peal_err why_asks_end(const peal_redis_conn *conn) {
  return conn->err == PEAL_ERR_TIMEOUT || conn->err == PEAL_ERR_TOO_LONG
             ? conn->err
             : PEAL_ERR_CLOSED;
}

/* The last thing that a callback does. */
static void leave(peal_redis_conn *conn) {
  if (conn->depth == 1 && conn->lost && !conn->dead) {
    peal_redis_queue_end(&conn->queue, why_asks_end(conn));
    if (!conn->dead && !conn->finishing)
      conn->events->on_close(conn, conn->err, conn->words, conn->user);
    conn->dead = true;
  }
  if (--conn->depth == 0 && conn->dead)
    destroy(conn);
}

static void lose(peal_redis_conn *conn, peal_err err, const char *words) {
  if (conn->lost || conn->dead)
    return;
  conn->lost = true;
  conn->ready = false;
  conn->err = err;
  snprintf(conn->words, sizeof(conn->words), "%s",
           words && words[0] ? words : peal_err_message(err));
  drop_stream(conn);
}

void peal_redis_conn_close(peal_redis_conn *conn) {
  if (!conn || conn->dead)
    return;
  conn->dead = true;
  conn->ready = false;
  conn->depth++;
  drop_stream(conn);
  peal_redis_queue_end(&conn->queue, PEAL_ERR_CLOSED);
  if (--conn->depth == 0)
    destroy(conn);
}

/* -- the timer ------------------------------------------------------------- */

static void arm(peal_redis_conn *conn) {
  peal_wheel_set(&conn->worker->wheel, &conn->timer,
                 conn->heard_ms + conn->how->idle_ms + conn->wait_ms);
}

static void on_pong(peal_redis_ask *ask, peal_err err,
                    const peal_redis_reply *reply) {
  (void)err, (void)reply;
  const peal_redis_conn *conn = ask->owner;
  peal_mem_free(conn->worker->mem, ask);
}

static bool ping(peal_redis_conn *conn) {
  const peal_slice word = PEAL_S("PING");
  peal_redis_ask *ask = peal_redis_ask_new(conn->worker->mem, &word, 1);
  if (!ask)
    return false;
  ask->done = on_pong;
  ask->owner = conn;
  peal_redis_conn_send(conn, ask);
  return true;
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_redis_conn *conn = PEAL_LIST_OF(timer, peal_redis_conn, timer);
  uint64_t idle_ms = conn->how->idle_ms;
  enter(conn);
  if (conn->lost) {
    /* It is told here, by peal_redis_conn_fail. */
  } else if (now_ms < conn->heard_ms + idle_ms + conn->wait_ms) {
    arm(conn);
  } else if (conn->pinged) {
    lose(conn, PEAL_ERR_TIMEOUT, "it has not answered for too long");
  } else {
    /* A timer that finds no memory cuts what it could not ask. */
    conn->pinged = true;
    (void)ping(conn);
    peal_wheel_set(&conn->worker->wheel, timer, now_ms + idle_ms);
  }
  leave(conn);
}

/* -- answers --------------------------------------------------------------- */

/* Does this confirm what was asked first? ["ssubscribe", channel, count] */
static bool confirms(const peal_redis_ask *ask, const peal_redis_reply *reply,
                     bool unsubscribes) {
  return ask &&
         ask->kind == (unsubscribes ? PEAL_REDIS_ASK_UNSUBSCRIBE
                                    : PEAL_REDIS_ASK_SUBSCRIBE) &&
         peal_slice_eq(ask->channel, peal_redis_reply_text_at(reply, 1));
}

static bool is_unsubscribe(peal_slice word) {
  return peal_slice_is(word, "unsubscribe") ||
         peal_slice_is(word, "punsubscribe") ||
         peal_slice_is(word, "sunsubscribe");
}

/* A server says messages in between, and "sunsubscribe" by itself where a slot
 * has gone elsewhere. */
static bool is_push(const peal_redis_conn *conn,
                    const peal_redis_reply *reply) {
  peal_slice word = peal_redis_reply_text_at(reply, 0);
  if (!conn->events->on_push || !word.ptr)
    return false;
  if (is_unsubscribe(word))
    return !confirms(peal_redis_queue_first(&conn->queue), reply, true);
  return peal_slice_is(word, "message") || peal_slice_is(word, "pmessage") ||
         peal_slice_is(word, "smessage");
}

static void answer(peal_redis_conn *conn, const peal_redis_reply *reply) {
  peal_redis_ask *ask = peal_redis_queue_shift(&conn->queue);
  if (!ask) {
    char words[WORDS_BYTES];
    snprintf(words, sizeof(words), "it has said what nobody asked for: %.*s",
             reply->text.len > 100 ? 100 : PEAL_SFMT(reply->text));
    lose(conn, PEAL_ERR_ANSWER, words);
    return;
  }
  conn->wait_ms = 0;
  ask->done(ask, reply->kind == PEAL_REDIS_ERROR ? PEAL_ERR_REFUSED : PEAL_OK,
            reply);
}

static void hear(peal_redis_conn *conn) {
  const peal_redis_reply *reply;
  while (!conn->dead && !conn->lost) {
    peal_err err = peal_redis_read_next(conn->read, &reply);
    if (err == PEAL_ERR_AGAIN)
      return;
    if (err)
      lose(conn, err,
           err == PEAL_ERR_TOO_LONG ? "its answer is too long"
           : err == PEAL_ERR_ANSWER ? "what it says is not Redis's protocol"
                                    : NULL);
    else if (is_push(conn, reply))
      conn->events->on_push(conn, reply, conn->user);
    else
      answer(conn, reply);
  }
}

/* -- login ----------------------------------------------------------------- */

static void login_on(peal_redis_conn *conn);

static void on_login(peal_redis_ask *ask, peal_err err,
                     const peal_redis_reply *reply) {
  peal_redis_conn *conn = ask->owner;
  char words[WORDS_BYTES] = "";
  if (reply) {
    err = peal_redis_login_heard(&conn->login, conn->how, ask, reply, words,
                                 sizeof(words));
    if (err)
      lose(conn, err, words);
    else
      login_on(conn);
  }
  peal_mem_free(conn->worker->mem, ask);
}

/* One step behind the answer to the last. */
static void login_on(peal_redis_conn *conn) {
  peal_redis_ask *ask;
  peal_err err =
      peal_redis_login_next(&conn->login, conn->how, conn->worker->mem, &ask);
  if (err) {
    lose(conn, err, NULL);
  } else if (ask) {
    ask->done = on_login;
    ask->owner = conn;
    peal_redis_conn_send(conn, ask);
  } else {
    conn->ready = true;
    conn->events->on_ready(conn, conn->user);
  }
}

/* -- the stream ------------------------------------------------------------ */

static void on_read(peal_stream *stream, char *data, size_t len, void *user) {
  peal_redis_conn *conn = user;
  (void)stream;
  enter(conn);
  conn->heard_ms = conn->worker->now_ms;
  conn->pinged = false;
  peal_err err = peal_redis_read_feed(conn->read, (peal_slice){data, len});
  if (err)
    lose(conn, err, NULL);
  hear(conn);
  leave(conn);
}

static void on_pull(peal_stream *stream, peal_iovs *out, void *user) {
  const peal_redis_conn *conn = user;
  (void)stream;
  peal_redis_queue_pull(&conn->queue, out);
}

static void on_sent(peal_stream *stream, size_t len, void *user) {
  peal_redis_conn *conn = user;
  (void)stream;
  peal_redis_queue_sent(&conn->queue, len);
}

static void on_close(peal_stream *stream, peal_err err, void *user) {
  peal_redis_conn *conn = user;
  (void)stream;
  enter(conn);
  conn->stream = NULL; /* it is gone when this returns */
  lose(conn, err ? err : PEAL_ERR_CLOSED, "it has closed the connection");
  leave(conn);
}

static const peal_stream_callbacks callbacks = {.on_read = on_read,
                                                .on_pull = on_pull,
                                                .on_sent = on_sent,
                                                .on_close = on_close};

static void on_dialled(peal_dial *dial, const peal_dial_result *result,
                       void *user) {
  peal_redis_conn *conn = user;
  (void)dial;
  conn->dial = NULL;
  enter(conn);
  if (result->err) {
    lose(conn, result->err, result->text);
  } else {
    conn->stream = peal_stream_adopt_parcel(conn->worker, &result->parcel, NULL,
                                            &callbacks, conn);
    conn->heard_ms = conn->worker->now_ms;
    if (conn->stream)
      login_on(conn);
    else
      lose(conn, PEAL_ERR_NOMEM, NULL);
    arm(conn);
  }
  leave(conn);
}

/* -- verbs ----------------------------------------------------------------- */

peal_redis_conn *peal_redis_conn_open(peal_worker *worker,
                                      const peal_redis_how *how,
                                      const char *host, uint16_t port,
                                      const peal_redis_conn_events *events,
                                      void *user) {
  const peal_dial_opts where = {.host = host,
                                .port = port,
                                .tls = how->tls,
                                .timeout_ms = how->connect_ms};
  peal_redis_conn *conn = peal_mem_zalloc(worker->mem, sizeof(*conn));
  if (!conn)
    return NULL;
  conn->worker = worker;
  conn->how = how;
  conn->events = events;
  conn->user = user;
  peal_redis_queue_init(&conn->queue, worker->mem);
  peal_wheel_timer_init(&conn->timer, on_timer);
  conn->read = peal_redis_read_new(worker->mem, how->max_reply_bytes);
  if (conn->read)
    conn->dial = peal_dial_open(worker, &where, on_dialled, conn);
  if (!conn->dial) {
    peal_redis_read_free(conn->read);
    peal_mem_free(worker->mem, conn);
    return NULL;
  }
  return conn;
}

void peal_redis_conn_finish(peal_redis_conn *conn) {
  if (!conn || conn->dead)
    return;
  if (!conn->ready || !conn->stream || conn->depth ||
      !peal_redis_queue_keep(&conn->queue)) {
    peal_redis_conn_close(conn);
    return;
  }
  conn->finishing = true;
  conn->ready = false;
  peal_wheel_stop(&conn->worker->wheel, &conn->timer);
  peal_stream_finish(conn->stream);
  peal_redis_queue_end(&conn->queue, PEAL_ERR_CLOSED);
}

bool peal_redis_conn_is_ready(const peal_redis_conn *conn) {
  return conn && conn->ready;
}

unsigned peal_redis_conn_version(const peal_redis_conn *conn) {
  return conn->login.version;
}

void peal_redis_conn_send(peal_redis_conn *conn, peal_redis_ask *ask) {
  if (conn->dead || conn->lost || conn->finishing || !conn->stream) {
    ask->done(ask, PEAL_ERR_CLOSED, NULL);
    return;
  }
  if (!conn->queue.count) /* the silence begins now */
    conn->heard_ms = conn->worker->now_ms;
  if (ask->wait_ms) {
    conn->wait_ms = ask->wait_ms;
    arm(conn);
  }
  peal_redis_queue_push(&conn->queue, ask);
  peal_stream_flush(conn->stream);
}

void peal_redis_conn_fail(peal_redis_conn *conn, peal_err err,
                          const char *words) {
  lose(conn, err, words);
  if (!conn->depth && !conn->dead)
    peal_wheel_set(&conn->worker->wheel, &conn->timer, conn->worker->now_ms);
}

bool peal_redis_conn_is_idle(const peal_redis_conn *conn) {
  return peal_redis_conn_is_ready(conn) && !conn->wait_ms;
}
