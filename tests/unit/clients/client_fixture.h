/* SPDX-License-Identifier: MIT */
#pragma once
/* client_fixture: Peal's own server on a free port in a thread of its own, and
 * clients against it; both write into the trace (trace.h). */
#include <peal/client.h>

#include "../server/server_fixture.h"

/* -- the server -------------------------------------------------------------- */

static inline void fixture_on_echo(peal_socket *socket, const peal_event *event,
                                   void *user) {
  (void)user;
  peal_args args = peal_event_args(event);
  assert_int_equal(peal_ack(event, args), PEAL_OK);
  if (!peal_event_wants_ack(event))
    assert_int_equal(peal_emit(socket, "echo", args), PEAL_OK);
}

/* Ask the client, and say what came back. */
static inline void fixture_on_answer(peal_socket *socket, peal_err err,
                                     peal_args args, void *user) {
  (void)user;
  (void)socket;
  trace_add("client answers %s %lld", peal_err_name(err),
            (long long)(args.count ? peal_val_int(args.items[0], -1) : -1));
}

static inline void fixture_on_ask(peal_socket *socket, const peal_event *event,
                                  void *user) {
  (void)user;
  assert_int_equal(peal_emit_ack(socket, "question", peal_event_args(event),
                                 5000, fixture_on_answer, NULL),
                   PEAL_OK);
}

static inline void fixture_on_bye(peal_socket *socket, const peal_event *event,
                                  void *user) {
  (void)user;
  peal_disconnect(socket, peal_val_bool(peal_event_arg(event, 0), false));
}

static inline peal_err fixture_on_connection(peal_socket *socket, void *user) {
  (void)user;
  char text[64] = "none";
  peal_val auth = peal_val_get(peal_socket_auth(socket), "name");
  if (peal_val_is(auth, PEAL_STRING))
    snprintf(text, sizeof text, "%.*s", PEAL_SFMT(peal_val_str(auth)));
  trace_add("server connect %s auth %s", peal_nsp_name(peal_socket_nsp(socket)),
            text);
  return PEAL_OK;
}

static inline void fixture_add_nsp(server_fixture *it, const char *name) {
  peal_nsp *nsp = peal_server_of(it->server, name);
  assert_non_null(nsp);
  assert_int_equal(peal_on_connect(nsp, fixture_on_connection, NULL), PEAL_OK);
  assert_int_equal(peal_on(nsp, "echo", fixture_on_echo, NULL), PEAL_OK);
  assert_int_equal(peal_on(nsp, "ask", fixture_on_ask, NULL), PEAL_OK);
  assert_int_equal(peal_on(nsp, "bye", fixture_on_bye, NULL), PEAL_OK);
}

static inline void fixture_note_run(peal_worker *worker, void *user) {
  (void)worker;
  atomic_store((atomic_bool *)user, true);
}

/* Its thread is in its turns: what it opens at the beginning is open. */
static inline void fixture_run(server_fixture *it) {
  atomic_bool runs;
  atomic_init(&runs, false);
  peal_worker *worker = peal_workers_get(peal_server_workers(it->server), 0);
  assert_int_equal(peal_worker_post(worker, fixture_note_run, &runs), PEAL_OK);
  server_run(it);
  for (int i = 0; i < 100000 && !atomic_load(&runs); i++)
    usleep(100);
  assert_true(atomic_load(&runs));
}

static inline server_fixture fixture_serve_at(int port) {
  peal_server_opts opts = server_opts();
  if (port)
    opts.port = port;
  server_fixture it = server_make(&opts);
  fixture_add_nsp(&it, "/");
  fixture_add_nsp(&it, "/other");
  fixture_run(&it);
  return it;
}

static inline server_fixture fixture_serve(void) {
  return fixture_serve_at(0);
}

/* Clients that went without a word are there still. */
static inline void fixture_end(server_fixture *it) {
  peal_workers_stop(peal_server_workers(it->server), 0);
  server_join(it);
  server_free(it);
}

/* -- clients ----------------------------------------------------------------- */

static inline const char *fixture_url(const server_fixture *it,
                                      const char *path) {
  static char url[256];
  snprintf(url, sizeof url, "http://127.0.0.1:%u%s", it->port, path);
  return url;
}

static inline peal_client_opts fixture_opts(const server_fixture *it) {
  return (peal_client_opts){
      .url = fixture_url(it, ""),
      .reconnection_delay_ms = 20,
      .reconnection_delay_max_ms = 100,
      .proxy = "",
      .log = {.fn = server_quiet, .level = PEAL_LOG_DEBUG}};
}

static inline void fixture_on_connect(peal_client_nsp *nsp, void *user) {
  (void)user;
  trace_add("connect %s", peal_client_nsp_name(nsp));
}

static inline void fixture_on_connect_error(peal_client_nsp *nsp,
                                            const peal_client_problem *problem,
                                            void *user) {
  (void)user;
  trace_add("connect_error %s %s: %s", peal_client_nsp_name(nsp),
            peal_err_name(problem->err), problem->text);
}

static inline void fixture_on_disconnect(peal_client_nsp *nsp,
                                         peal_client_reason reason,
                                         peal_err err, void *user) {
  (void)user;
  (void)err;
  trace_add("disconnect %s %s", peal_client_nsp_name(nsp),
            peal_client_reason_text(reason));
}

static inline void fixture_on_any(peal_client_nsp *nsp, const peal_event *event,
                                  void *user) {
  (void)user;
  trace_add("event %s %.*s %lld", peal_client_nsp_name(nsp),
            PEAL_SFMT(peal_event_name(event)),
            (long long)peal_val_int(peal_event_arg(event, 0), -1));
}

static inline void fixture_on_ack(peal_client_nsp *nsp, peal_err err,
                                  peal_args args, void *user) {
  (void)user;
  trace_add("ack %s %s %lld", nsp ? peal_client_nsp_name(nsp) : "NULL",
            peal_err_name(err),
            (long long)(args.count ? peal_val_int(args.items[0], -1) : -1));
}

static inline void fixture_watch(peal_client_nsp *nsp) {
  assert_non_null(nsp);
  assert_int_equal(peal_client_on_connect(nsp, fixture_on_connect, NULL),
                   PEAL_OK);
  assert_int_equal(
      peal_client_on_connect_error(nsp, fixture_on_connect_error, NULL),
      PEAL_OK);
  assert_int_equal(peal_client_on_disconnect(nsp, fixture_on_disconnect, NULL),
                   PEAL_OK);
  assert_int_equal(peal_client_on_any(nsp, fixture_on_any, NULL), PEAL_OK);
}

/* Watched in its first namespace; on no thread yet. */
static inline peal_client *fixture_client(const peal_client_opts *opts) {
  peal_client *client;
  peal_client_problem why = {.err = PEAL_OK};
  peal_err err = peal_client_new(&client, opts, &why);
  if (err)
    fprintf(stderr, "%s: %s\n", peal_err_name(err), why.text);
  assert_int_equal(err, PEAL_OK);
  fixture_watch(peal_client_of(client, NULL));
  return client;
}

static inline peal_client *fixture_start(const peal_client_opts *opts) {
  peal_client *client = fixture_client(opts);
  assert_int_equal(peal_client_start(client), PEAL_OK);
  return client;
}
