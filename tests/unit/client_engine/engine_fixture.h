/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_fixture: an engine on a worker that the test turns itself, and what
 * it has told. */
#include <time.h>

#include "../server/server_fixture.h"
#include "base/account.h"
#include "client/client_engine.h"
#include "net/dial.h"

#define WAIT_MS 20000

/* Run it, and come back when it does: what a thread opens at its beginning and
 * what a loop of ours closes may have the same number, which a sanitizer takes
 * for a race. */
static inline void engine_serve(server_fixture *server) {
  server_run(server);
  free(sio_client_http(server->port, "GET", "/", NULL, NULL, NULL));
}

typedef struct engine_fixture {
  peal_workers *workers;
  peal_worker *worker;
  peal_account_server total;
  peal_account_worker account;
  peal_cookie_jar jar;
  peal_client_engine_opts opts;
  char authority[32];
  peal_client_engine *engine;
  unsigned opens, upgrades, pings, drains, closes, messages, binaries;
  bool opened_by_websocket;
  size_t message_bytes;
  char last[256]; /* the last text */
  char sid[80];
  peal_client_reason reason;
  peal_err err;
  char text[PEAL_EIO_CLIENT_TEXT];
  unsigned free_at; /* free the engine at this callback, counted from 1 */
  unsigned calls;
  bool free_in_close;
} engine_fixture;

static inline void engine_called(engine_fixture *it) {
  if (++it->calls != it->free_at && !(it->free_in_close && it->closes))
    return;
  peal_client_engine_free(it->engine);
  it->engine = NULL;
}

static inline void engine_on_open(void *user,
                                  const peal_client_engine_hello *hello) {
  engine_fixture *it = user;
  assert_int_equal(it->opens, 0);
  it->opens++;
  it->opened_by_websocket = hello->is_websocket;
  snprintf(it->sid, sizeof it->sid, "%s", hello->sid);
  engine_called(it);
}

static inline void engine_on_message(void *user, bool binary, peal_slice data) {
  engine_fixture *it = user;
  assert_int_equal(it->opens, 1);
  assert_int_equal(it->closes, 0);
  it->messages++;
  it->binaries += binary;
  it->message_bytes += data.len;
  if (!binary)
    snprintf(it->last, sizeof it->last, "%.*s", PEAL_SFMT(data));
  engine_called(it);
}

static inline void engine_on_upgrade(void *user) {
  engine_fixture *it = user;
  it->upgrades++;
  engine_called(it);
}

static inline void engine_on_ping(void *user) {
  engine_fixture *it = user;
  it->pings++;
  engine_called(it);
}

static inline void engine_on_drain(void *user) {
  engine_fixture *it = user;
  it->drains++;
  engine_called(it);
}

static inline void engine_on_close(void *user, peal_client_reason reason,
                                   peal_err err, const char *text) {
  engine_fixture *it = user;
  assert_int_equal(it->closes, 0);
  it->closes++;
  it->reason = reason;
  it->err = err;
  snprintf(it->text, sizeof it->text, "%s", text);
  engine_called(it);
}

static const peal_client_engine_callbacks engine_callbacks = {
    .on_open = engine_on_open,
    .on_message = engine_on_message,
    .on_upgrade = engine_on_upgrade,
    .on_ping = engine_on_ping,
    .on_drain = engine_on_drain,
    .on_close = engine_on_close};

static inline void engine_begin_with(engine_fixture *it, unsigned port,
                                     const peal_mem *mem, size_t max) {
  memset(it, 0, sizeof *it);
  it->workers = peal_workers_new(&(peal_workers_opts){
      .count = 1, .mem = mem, .log = {.fn = server_quiet}});
  assert_non_null(it->workers);
  it->worker = peal_workers_get(it->workers, 0);
  assert_int_equal(peal_workers_begin(it->workers), PEAL_OK);
  peal_account_server_init(&it->total, max);
  peal_account_worker_init(&it->account, &it->total);
  peal_cookie_jar_init(&it->jar, NULL);
  snprintf(it->authority, sizeof it->authority, "127.0.0.1:%u", port);
  it->opts = (peal_client_engine_opts){.host = "127.0.0.1",
                                       .port = (uint16_t)port,
                                       .authority = it->authority,
                                       .path = "/socket.io/",
                                       .cookies = &it->jar,
                                       .account = &it->account};
}

static inline void engine_begin(engine_fixture *it, unsigned port) {
  engine_begin_with(it, port, NULL, 0);
}

static inline void engine_open(engine_fixture *it) {
  it->opens = it->upgrades = it->pings = it->drains = it->closes = 0;
  it->messages = it->binaries = it->calls = 0;
  it->message_bytes = 0;
  it->engine =
      peal_client_engine_open(it->worker, &it->opts, &engine_callbacks, it);
  assert_non_null(it->engine);
}

static inline void engine_turn(engine_fixture *it, int ms) {
  assert_int_equal(peal_workers_step(it->workers, ms), PEAL_OK);
}

/* Turns until it is so; fails the test if it takes too long. */
#define ENGINE_AWAIT(it, condition)                                            \
  do {                                                                         \
    for (int left_ = WAIT_MS; !(condition); left_ -= 10) {                     \
      if (left_ <= 0)                                                          \
        fail_msg("never: %s (closed %u: %s)", #condition, (it)->closes,        \
                 (it)->text);                                                  \
      engine_turn(it, 10);                                                     \
    }                                                                          \
  } while (0)

static inline peal_err engine_try(engine_fixture *it, const char *text,
                                  const peal_slice *attached, size_t count) {
  peal_message *message =
      peal_message_new(peal_slice_of(text), attached, count, NULL);
  assert_non_null(message);
  peal_err err =
      peal_client_engine_send(it->engine, &(peal_eio_item){.message = message});
  peal_message_unref(message);
  return err;
}

static inline void engine_say(engine_fixture *it, const char *text) {
  assert_int_equal(engine_try(it, text, NULL, 0), PEAL_OK);
}

/* Nothing may be left of it. */
static inline void engine_end(engine_fixture *it) {
  peal_client_engine_free(it->engine);
  it->engine = NULL;
  for (int i = 0; i < 3; i++) /* closed streams say so */
    engine_turn(it, 0);
  assert_int_equal(it->account.used, 0);
  peal_workers_stop(it->workers, 0);
  while (peal_workers_step(it->workers, 100) == PEAL_OK)
    ;
  assert_int_equal(peal_workers_end(it->workers), 0);
  peal_workers_free(it->workers);
  peal_account_worker_deinit(&it->account);
  peal_cookie_jar_deinit(&it->jar);
}
