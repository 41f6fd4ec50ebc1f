/* SPDX-License-Identifier: MIT */
/* Every function that belongs to a worker says so when it is called on another
 * thread, by its name, and ends the program: in builds with asserts. The calls
 * are made from the headers (tools/gen_promises.py); each is tried in a child of
 * this thread, while a worker stands still with all objects alive. */
#include <signal.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include <peal/handle.h>
#include <peal/peal.h>
#include <peal/ws.h>

#include "../server/server_fixture.h"

typedef enum stage { IN_EVENT, IN_HEADERS } stage;

typedef struct promise {
  const char *name;
  void (*call)(void);
  stage stage;
} promise;

static struct {
  peal_socket *peal_socket;
  const peal_event *peal_event;
  peal_next *peal_next;
  peal_http_req *peal_http_req;
  peal_timer *peal_timer;
  peal_watch *peal_watch;
  peal_worker *peal_worker;
  peal_allow *peal_allow;
  peal_headers *peal_headers;
  peal_engine_client *peal_engine_client;
  peal_cors_ask *peal_cors_ask;
  peal_ws_endpoint *peal_ws_endpoint;
  peal_ws *peal_ws;
  peal_ws_ask *peal_ws_ask;
  peal_socket_ref peal_socket_ref;
  peal_client_nsp *peal_client_nsp;
} held;

static void never(void) {
  abort();
}

#include "promised_thread_calls.h"

/* -- the worker stands still --------------------------------------------------------- */

static atomic_bool stands, may_go;

static void stand_still(void) {
  atomic_store(&stands, true);
  for (int i = 0; i < 60000 && !atomic_load(&may_go); i++)
    usleep(1000);
  atomic_store(&may_go, false);
}

static void wait_for_it(void) {
  for (int i = 0; i < 10000 && !atomic_load(&stands); i++)
    usleep(1000);
  assert_true(atomic_load(&stands));
  atomic_store(&stands, false);
}

static void on_hold(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  held.peal_socket = socket;
  held.peal_event = event;
  held.peal_socket_ref = peal_ref_of(socket);
  held.peal_worker = peal_socket_worker(socket);
  held.peal_timer =
      peal_timer_new(held.peal_worker, (peal_timer_fn)never, NULL);
  held.peal_watch =
      peal_watch_new(held.peal_worker, 0, (peal_watch_fn)never, NULL);
  peal_client *client;
  assert_int_equal(
      peal_client_new(&client,
                      &(peal_client_opts){.url = "http://127.0.0.1:1",
                                          .worker = held.peal_worker,
                                          .no_auto_connect = true},
                      NULL),
      PEAL_OK);
  held.peal_client_nsp = peal_client_of(client, NULL);
  stand_still();
  peal_client_free(client);
  peal_timer_free(held.peal_timer);
  peal_watch_free(held.peal_watch);
  peal_next_ok(held.peal_next);
  peal_allow_refuse(held.peal_allow, NULL);
  peal_cors_ask_refuse(held.peal_cors_ask);
  peal_ws_refuse(held.peal_ws_ask, 403, NULL);
}

static void hold_next(peal_socket *socket, peal_next *next, void *user) {
  (void)socket;
  (void)user;
  held.peal_next = next;
  trace_add("next");
}

static void hold_allow(peal_http_req *req, peal_allow *allow, void *user) {
  peal_slice wait;
  (void)user;
  if (!peal_http_req_param(req, "wait", &wait)) {
    peal_allow_accept(allow);
    return;
  }
  held.peal_allow = allow;
  held.peal_http_req = req;
  trace_add("allow");
}

static void hold_ask(const peal_http_req *req, peal_slice origin,
                     peal_cors_ask *ask, void *user) {
  (void)req;
  (void)origin;
  (void)user;
  held.peal_cors_ask = ask;
  trace_add("origin");
}

static void hold_headers(peal_http_req *req, const char *session, bool initial,
                         peal_headers *out, void *user) {
  peal_slice stop;
  (void)session;
  (void)initial;
  (void)user;
  if (!peal_http_req_param(req, "stop", &stop))
    return;
  held.peal_headers = out;
  stand_still();
}

/* -- one call ------------------------------------------------------------------------- */

/* What the child says; how it ends is *status. */
static void run_child(const promise *it, char *said, size_t size, int *status) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    signal(SIGABRT, SIG_DFL);
    alarm(20);
    dup2(ends[1], 2);
    it->call();
    _exit(0);
  }
  close(ends[1]);
  assert_true(child > 0);
  size_t len = 0;
  ssize_t got;
  while (len < size - 1 &&
         (got = read(ends[0], said + len, size - 1 - len)) > 0)
    len += (size_t)got;
  said[len] = 0;
  close(ends[0]);
  assert_int_equal(waitpid(child, status, 0), child);
}

static bool is_kept(const promise *it) {
  char said[4096], words[256];
  int status;
  run_child(it, said, sizeof said, &status);
  snprintf(words, sizeof words,
           "peal: %s was called on another thread than its worker's; use ",
           it->name);
  bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  if (aborted && strstr(said, words))
    return true;
  fprintf(stderr, "%s: status %x, \"%s\"\n", it->name, (unsigned)status, said);
  return false;
}

static void all_of(stage which) {
  size_t broken = 0;
  for (size_t i = 0; i < sizeof promises / sizeof *promises; i++)
    if (promises[i].stage == which)
      broken += !is_kept(&promises[i]);
  atomic_store(&may_go, true);
  assert_int_equal(broken, 0);
}

/* A client of a raw server on the same worker. */
static void hold_client(peal_engine_client *client, void *user) {
  (void)user;
  held.peal_engine_client = client;
  trace_add("client");
}

static peal_engine_server *make_raw(const server_fixture *it) {
  peal_engine_server *raw = peal_engine_server_new(
      &(peal_engine_server_opts){.http = peal_server_http(it->server),
                                 .path = "/raw",
                                 .on_open = hold_client});
  assert_non_null(raw);
  return raw;
}

/* Plain WebSockets there: the first is open, the second waits for an answer. */
static void hold_ws(peal_ws *ws, void *user) {
  (void)user;
  held.peal_ws = ws;
  trace_add("ws open");
}

static void hold_ws_ask(peal_http_req *req, peal_ws_ask *ask, void *user) {
  peal_slice wait;
  (void)user;
  if (!peal_http_req_param(req, "wait", &wait)) {
    peal_ws_accept(ask, NULL);
    return;
  }
  held.peal_ws_ask = ask;
  trace_add("ws asks");
}

static void make_ws(const server_fixture *it) {
  held.peal_ws_endpoint =
      peal_ws_on(peal_server_http(it->server), "/ws",
                 &(peal_ws_opts){.on_open = hold_ws, .allow = hold_ws_ask});
  assert_non_null(held.peal_ws_endpoint);
}

static int dial_ws(const server_fixture *it, const char *query) {
  char text[256];
  int fd = sio_client_dial(it->port);
  int len = snprintf(text, sizeof text,
                     "GET /ws%s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                     "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                     query);
  assert_true(fd >= 0 && sio_client_write(fd, text, (size_t)len));
  return fd;
}

/* A handshake over polling, on a connection of its own. */
static int ask_for(const server_fixture *it, const char *query,
                   const char *fields) {
  char text[256];
  int fd = sio_client_dial(it->port);
  int len = snprintf(text, sizeof text,
                     "GET /socket.io/?EIO=4&transport=polling%s HTTP/1.1\r\n"
                     "Host: a\r\n%s\r\n",
                     query, fields);
  assert_true(fd >= 0 && sio_client_write(fd, text, (size_t)len));
  return fd;
}

static void on_another_thread_a_function_names_itself(void **state) {
  (void)state;
#ifdef NDEBUG
  skip();
#endif
  peal_server_opts opts = server_opts();
  opts.allow_request = hold_allow;
  opts.on_headers = hold_headers;
  opts.cors.on_origin = hold_ask;
  server_fixture it = server_make(&opts);
  peal_nsp *slow = peal_server_of(it.server, "/slow");
  assert_int_equal(peal_use(slow, hold_next, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "hold", on_hold, NULL), PEAL_OK);
  peal_engine_server *raw = make_raw(&it);
  make_ws(&it);
  server_run(&it);
  sio_client client, raw_client = {.path = "/raw/"};
  assert_true(sio_client_open_with(&raw_client, it.port, SIO_WEBSOCKET));
  trace_await("client");
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "40/slow,"));
  trace_await("next");
  int ws = dial_ws(&it, "");
  trace_await("ws open");
  int ws_waiting = dial_ws(&it, "?wait");
  trace_await("ws asks");
  int waiting = ask_for(&it, "&wait", "");
  trace_await("allow");
  int foreign = ask_for(&it, "", "Origin: http://other.example\r\n");
  trace_await("origin");
  assert_true(sio_client_send(&client, "42[\"hold\"]"));
  wait_for_it();
  all_of(IN_EVENT);
  int stopped = ask_for(&it, "&stop", "");
  wait_for_it();
  all_of(IN_HEADERS);
  close(waiting);
  close(ws);
  close(ws_waiting);
  close(foreign);
  close(stopped);
  sio_client_close(&raw_client);
  sio_client_close(&client);
  peal_workers_stop(peal_server_workers(it.server), 200);
  server_join(&it);
  peal_engine_server_free(raw);
  server_free(&it);
}

/* -- before and behind the run every thread may ------------------------------------------ */

static void before_and_behind_the_run_every_thread_may(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_worker *worker = peal_workers_get(peal_server_workers(it.server), 0);
  peal_timer *timer = peal_timer_new(worker, (peal_timer_fn)never, NULL);
  assert_non_null(timer);
  peal_timer_start(timer, 600000, 0);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  sio_client_close(&client);
  assert_true(server_has_clients(&it, 0));
  peal_server_stop(it.server);
  server_join(&it);
  peal_timer_stop(timer);
  peal_timer_free(timer);
  server_free(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(on_another_thread_a_function_names_itself),
      cmocka_unit_test(before_and_behind_the_run_every_thread_may),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
