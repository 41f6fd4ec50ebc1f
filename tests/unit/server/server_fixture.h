/* SPDX-License-Identifier: MIT */
#pragma once
/* server_fixture: a server on a free port in a thread of its own, raw clients
 * (sio_client) on the other side, and a trace (trace.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <unistd.h>

#include <peal/server.h>

#include "sio_client.h"
#include "trace.h"

/* -- the server ------------------------------------------------------------------ */

typedef struct server_fixture {
  peal_server *server;
  peal_nsp *root;
  pthread_t thread;
  unsigned port;
} server_fixture;

static inline void server_quiet(const peal_log_record *record, void *user) {
  (void)user;
  if (getenv("PEAL_TEST_LOG"))
    fprintf(stderr, "%s: %.*s\n", record->area, PEAL_SFMT(record->text));
}

static inline peal_server_opts server_opts(void) {
  return (peal_server_opts){
      .host = "127.0.0.1",
      .port = PEAL_PORT_ANY,
      .no_client = true,
      .log = {.fn = server_quiet, .level = PEAL_LOG_DEBUG}};
}

static inline server_fixture server_make(const peal_server_opts *opts) {
  const peal_server_opts defaults = server_opts();
  server_fixture it = {.server = peal_server_new(opts ? opts : &defaults)};
  assert_non_null(it.server);
  it.root = peal_server_of(it.server, "/");
  assert_non_null(it.root);
  it.port = peal_http_server_port(peal_server_http(it.server));
  trace_clear();
  return it;
}

static inline void *server_main(void *user) {
  return peal_server_run(user) == 0 ? user : NULL;
}

static inline void server_run(server_fixture *it) {
  assert_int_equal(pthread_create(&it->thread, NULL, server_main, it->server),
                   0);
}

static inline void server_join(server_fixture *it) {
  void *result = NULL;
  pthread_join(it->thread, &result);
  assert_ptr_equal(result, it->server);
}

/* Nothing may be left of anybody. */
static inline void server_free(server_fixture *it) {
  peal_server_stats stats;
  peal_http_stats http;
  peal_server_stats_get(it->server, &stats);
  peal_http_server_stats(peal_server_http(it->server), &http);
  assert_int_equal(stats.clients, 0);
  assert_int_equal(stats.clients_polling, 0);
  assert_int_equal(stats.sockets, 0);
  assert_int_equal(http.connections_open, 0);
  peal_server_free(it->server);
  it->server = NULL;
}

/* Clients are gone or do not matter: the grace is not waited for. */
static inline void server_stop(server_fixture *it) {
  peal_workers_stop(peal_http_server_workers(peal_server_http(it->server)),
                    200);
  server_join(it);
  server_free(it);
}

/* Until as many sockets are connected, 10 s. */
static inline bool server_has_sockets(const server_fixture *it,
                                      uint64_t count) {
  peal_server_stats stats = {0};
  for (int i = 0; i < 10000; i++) {
    peal_server_stats_get(it->server, &stats);
    if (stats.sockets == count)
      return true;
    usleep(1000);
  }
  fprintf(stderr, "%llu sockets, expected %llu\n",
          (unsigned long long)stats.sockets, (unsigned long long)count);
  return false;
}

static inline bool server_has_clients(const server_fixture *it,
                                      uint64_t count) {
  peal_server_stats stats = {0};
  for (int i = 0; i < 10000; i++) {
    peal_server_stats_get(it->server, &stats);
    if (stats.clients == count)
      return true;
    usleep(1000);
  }
  fprintf(stderr, "%llu clients, expected %llu\n",
          (unsigned long long)stats.clients, (unsigned long long)count);
  return false;
}

/* -- handlers for many tests ------------------------------------------------------ */

static inline void server_on_disconnect(peal_socket *socket, peal_reason reason,
                                        peal_err err, void *user) {
  (void)socket;
  (void)err;
  trace_add("%s %s", user ? (const char *)user : "disconnect",
            peal_reason_text(reason));
}

static char server_disconnecting[] = "disconnecting";

/* Both ends of every socket go into the trace. */
static inline void server_trace_ends(peal_nsp *nsp) {
  assert_int_equal(
      peal_on_disconnecting(nsp, server_on_disconnect, server_disconnecting),
      PEAL_OK);
  assert_int_equal(peal_on_disconnect(nsp, server_on_disconnect, NULL),
                   PEAL_OK);
}
