/* SPDX-License-Identifier: MIT */
#include "cluster/redis_sentinel.h"

#include <stdio.h>

#include "base/decimal.h"
#include "base/mem.h"
#include "base/text.h"
#include "cluster/redis_types.h"
#include "cluster/redis_words.h"

/* One that was listened to has gone: another is asked after so long. */
#define AGAIN_MS 1000u
#define HOST_BYTES 256u
#define SWITCH "+switch-master"

static void open_next(peal_redis_sentinel *sentinel);

static void finish(peal_redis_sentinel *sentinel, peal_err err,
                   const char *words) {
  sentinel->asking = false;
  if (!sentinel->over)
    sentinel->events->on_none(err, words, sentinel->user);
}

static void fail(peal_redis_sentinel *sentinel, peal_err err,
                 const char *words) {
  char said[PEAL_REDIS_TEXT];
  const peal_redis_url_host *host = &sentinel->url->hosts[sentinel->at];
  snprintf(said, sizeof(said), "Sentinel %.100s:%u: %s", host->name, host->port,
           words);
  if (++sentinel->tried < sentinel->url->host_count)
    open_next(sentinel);
  else
    finish(sentinel, err, said);
}

/* -- what it says ---------------------------------------------------------- */

static bool tell(peal_redis_sentinel *sentinel, peal_slice host,
                 peal_slice port) {
  char name[HOST_BYTES];
  uint64_t number;
  if (!host.len || host.len >= sizeof(name) ||
      !peal_decimal_parse(port, 65535, &number) || !number)
    return false;
  memcpy(name, host.ptr, host.len);
  name[host.len] = 0;
  sentinel->asking = false;
  if (!sentinel->over)
    sentinel->events->on_master(name, (uint16_t)number, sentinel->user);
  return true;
}

static void on_answer(peal_redis_ask *ask, peal_err err,
                      const peal_redis_reply *reply) {
  peal_redis_sentinel *sentinel = ask->owner;
  peal_redis_guard *guard = sentinel->guard;
  char words[PEAL_REDIS_TEXT];
  peal_mem_free(sentinel->worker->mem, ask);
  if (!reply)
    return; /* the connection breaks, or is closed */
  peal_redis_guard_enter(guard);
  if (err)
    peal_redis_words_error(words, sizeof(words), reply);
  else
    snprintf(words, sizeof(words), "it knows no master \"%.100s\"",
             sentinel->url->service);
  if (err || !tell(sentinel, peal_redis_reply_text_at(reply, 0),
                   peal_redis_reply_text_at(reply, 1)))
    peal_redis_conn_fail(sentinel->conn, PEAL_ERR_HOST, words);
  peal_redis_guard_leave(guard);
}

static void on_listening(peal_redis_ask *ask, peal_err err,
                         const peal_redis_reply *reply) {
  const peal_redis_sentinel *sentinel = ask->owner;
  (void)err, (void)reply; /* without it the master is asked for all the same */
  peal_mem_free(sentinel->worker->mem, ask);
}

/* "name old-host old-port host port" */
static void on_push(peal_redis_conn *conn, const peal_redis_reply *reply,
                    void *user) {
  peal_redis_sentinel *sentinel = user;
  peal_redis_guard *guard = sentinel->guard;
  peal_slice rest = peal_redis_reply_text_at(reply, 2), words[5] = {{0}};
  (void)conn;
  for (int i = 0; i < 5; i++)
    peal_text_next(&rest, ' ', &words[i]);
  peal_redis_guard_enter(guard);
  if (peal_slice_is(words[0], sentinel->url->service))
    (void)tell(sentinel, words[3], words[4]);
  peal_redis_guard_leave(guard);
}

/* -- the connection -------------------------------------------------------- */

static bool say(peal_redis_sentinel *sentinel, const peal_slice *argv,
                size_t argc, peal_redis_ask_fn done) {
  peal_redis_ask *ask = peal_redis_ask_new(sentinel->worker->mem, argv, argc);
  if (!ask)
    return false;
  ask->done = done;
  ask->owner = sentinel;
  if (done == on_listening) {
    ask->kind = PEAL_REDIS_ASK_SUBSCRIBE;
    ask->channel = peal_redis_ask_last(ask, argv[1].len);
  }
  peal_redis_conn_send(sentinel->conn, ask);
  return true;
}

/* In one go: no switch falls in between. */
static void on_ready(peal_redis_conn *conn, void *user) {
  peal_redis_sentinel *sentinel = user;
  const peal_slice where[3] = {PEAL_S("SENTINEL"),
                               PEAL_S("get-master-addr-by-name"),
                               peal_slice_of(sentinel->url->service)};
  const peal_slice listen[2] = {PEAL_S("SUBSCRIBE"), PEAL_S(SWITCH)};
  if (!say(sentinel, where, 3, on_answer) ||
      !say(sentinel, listen, 2, on_listening))
    peal_redis_conn_fail(conn, PEAL_ERR_NOMEM, "out of memory");
}

static void on_close(peal_redis_conn *conn, peal_err err, const char *words,
                     void *user) {
  peal_redis_sentinel *sentinel = user;
  peal_redis_guard *guard = sentinel->guard;
  (void)conn;
  peal_redis_guard_enter(guard);
  sentinel->conn = NULL;
  if (sentinel->asking)
    fail(sentinel, err, words);
  else if (!sentinel->over)
    peal_wheel_set(&sentinel->worker->wheel, &sentinel->timer,
                   sentinel->worker->now_ms + AGAIN_MS);
  peal_redis_guard_leave(guard);
}

static const peal_redis_conn_events conn_events = {on_ready, on_push, on_close};

static void open_next(peal_redis_sentinel *sentinel) {
  sentinel->at = (sentinel->at + 1) % sentinel->url->host_count;
  const peal_redis_url_host *host = &sentinel->url->hosts[sentinel->at];
  sentinel->conn =
      peal_redis_conn_open(sentinel->worker, sentinel->how, host->name,
                           host->port, &conn_events, sentinel);
  if (!sentinel->conn) /* it is asked again by the timer */
    peal_wheel_set(&sentinel->worker->wheel, &sentinel->timer,
                   sentinel->worker->now_ms + AGAIN_MS);
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_redis_sentinel *sentinel =
      PEAL_LIST_OF(timer, peal_redis_sentinel, timer);
  (void)now_ms;
  if (!sentinel->conn)
    sentinel->asking = false;
  peal_redis_sentinel_ask(sentinel);
}

void peal_redis_sentinel_init(peal_redis_sentinel *sentinel,
                              peal_worker *worker, const peal_redis_how *how,
                              const peal_redis_url *url,
                              peal_redis_guard *guard,
                              const peal_redis_sentinel_events *events,
                              void *user) {
  *sentinel = (peal_redis_sentinel){.worker = worker,
                                    .how = how,
                                    .url = url,
                                    .guard = guard,
                                    .events = events,
                                    .user = user,
                                    .at = url->host_count - 1};
  peal_wheel_timer_init(&sentinel->timer, on_timer);
}

void peal_redis_sentinel_deinit(peal_redis_sentinel *sentinel) {
  peal_redis_conn *conn = sentinel->conn;
  sentinel->over = true;
  sentinel->conn = NULL;
  if (sentinel->worker)
    peal_wheel_stop(&sentinel->worker->wheel, &sentinel->timer);
  peal_redis_conn_close(conn);
}

void peal_redis_sentinel_ask(peal_redis_sentinel *sentinel) {
  peal_redis_conn *conn = sentinel->conn;
  if (sentinel->asking || sentinel->over)
    return;
  sentinel->asking = true;
  sentinel->tried = 0;
  sentinel->conn = NULL;
  peal_wheel_stop(&sentinel->worker->wheel, &sentinel->timer);
  peal_redis_conn_close(conn);
  open_next(sentinel);
}
