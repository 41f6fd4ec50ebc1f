/* SPDX-License-Identifier: MIT */
/* Memory runs out at every single allocation of an event's way: middleware that
 * answers later, rates, wildcards, errors, traces, a call that waits. An event
 * may be lost, or its client; the server lives on and gives everything back, and
 * who was promised an answer has one. */
#include <peal/events.h>
#include <peal/trace.h>

#include "server_fixture.h"
#include "shared_torture.h"

static char last_id[32];

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  (void)peal_ack(event, peal_event_args(event));
}

static void on_time(peal_socket *socket, void *user) {
  (void)socket;
  peal_event_next_ok(user);
}

/* At once, or in a moment. */
static void on_use(peal_socket *socket, const peal_event *event,
                   peal_event_next *next, void *user) {
  (void)user;
  if (!peal_slice_is(peal_event_name(event), "wait"))
    peal_event_next_ok(next);
  else if (peal_socket_timer_start(socket, 1, 0, on_time, next))
    peal_event_next_refuse(next, "no timer");
}

static void on_error(peal_socket *socket, const peal_event *event, peal_err err,
                     const char *message, void *user) {
  (void)socket;
  (void)err;
  (void)user;
  if (event)
    (void)peal_ack(event, PEAL_ARGS(peal_str(message)));
}

static void on_fail(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  assert_int_equal(peal_event_fail(event, PEAL_ERR_IO, NULL), PEAL_OK);
}

static void on_record(const peal_trace_record *record, void *user) {
  (void)record;
  (void)user;
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  snprintf(last_id, sizeof last_id, "%s", peal_socket_id(socket));
  (void)peal_socket_use(socket, on_use, NULL);
  (void)peal_socket_set_event_rate(socket, &(peal_event_rate){.per_s = 1000});
  return PEAL_OK;
}

static void set_up(const server_fixture *it) {
  peal_nsp *all = peal_server_wildcard(it->server);
  assert_int_equal(peal_use_event(it->root, on_use, NULL), PEAL_OK);
  assert_int_equal(peal_on_connect(it->root, on_connect, NULL), PEAL_OK);
  assert_int_equal(peal_on(it->root, "fail", on_fail, NULL), PEAL_OK);
  assert_int_equal(peal_on_wildcard(it->root, on_echo, NULL), PEAL_OK);
  assert_int_equal(peal_on_error(all, on_error, NULL), PEAL_OK);
}

/* -- scenes -------------------------------------------------------------------------- */

static bool talk(sio_client *client, const char *packet, int ms) {
  return sio_client_send(client, packet) && sio_client_next(client, ms);
}

static void events_scene(const server_fixture *it) {
  sio_client client;
  (void)peal_server_trace(it->server,
                          &(peal_trace_opts){.fn = on_record, .log = "all"});
  (void)peal_on_wildcard(it->root, on_echo, &client);
  (void)peal_off_wildcard(it->root, on_echo, &client);
  if (sio_client_start(&client, it->port, SIO_WEBSOCKET)) {
    (void)talk(&client, "421[\"a\",1]", 100);
    if (sio_client_send(&client, "422[\"wait\",{\"b\":[1,2,3]}]") &&
        sio_client_send(&client, "423[\"c\"]")) {
      (void)sio_client_next(&client, 100);
      (void)sio_client_next(&client, 20);
    }
    (void)talk(&client, "424[\"fail\"]", 100);
  }
  sio_client_close(&client);
}

typedef struct caller {
  const server_fixture *it;
  peal_err err;
} caller;

static void *call_one(void *user) {
  caller *mine = user;
  peal_doc *answer;
  mine->err = peal_nsp_call(mine->it->root, last_id, "sum",
                            PEAL_ARGS(peal_int(1)), 100, &answer);
  assert_int_equal(answer != NULL, mine->err == PEAL_OK);
  peal_doc_free(answer);
  return NULL;
}

static void call_scene(const server_fixture *it) {
  sio_client client;
  caller mine = {.it = it, .err = PEAL_ERR_AGAIN};
  pthread_t thread;
  if (sio_client_start(&client, it->port, SIO_WEBSOCKET)) {
    assert_int_equal(pthread_create(&thread, NULL, call_one, &mine), 0);
    if (sio_client_next(&client, 100))
      (void)sio_client_send(&client, "430[2]");
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_not_equal(mine.err, PEAL_ERR_AGAIN);
  }
  sio_client_close(&client);
}

static bool is_served(unsigned port) {
  sio_client client;
  bool ok = sio_client_start(&client, port, SIO_WEBSOCKET) &&
            sio_client_send(&client, "428[\"wait\",1]") &&
            sio_client_await(&client, "438[1]") &&
            sio_client_send(&client, "429[\"fail\",1]") &&
            sio_client_await(&client, "439[\"input or output failed\"]");
  sio_client_close(&client);
  return ok;
}

/* -- every allocation ------------------------------------------------------------------ */

static bool run_one(void (*scene)(const server_fixture *it), size_t n) {
  shared_torture s;
  shared_init(&s);
  peal_server_opts opts = server_opts();
  opts.mem = &s.mem;
  opts.log.level = PEAL_LOG_ERROR;
  server_fixture it = server_make(&opts);
  set_up(&it);
  server_run(&it);
  arm(&s, n);
  scene(&it);
  bool failed = disarm(&s);
  if (!is_served(it.port))
    fail_msg("after allocation %zu failed nobody is served", n);
  server_stop(&it);
  if (s.torture.live)
    fail_msg("allocation %zu failing leaks %zu blocks", n, s.torture.live);
  pthread_mutex_destroy(&s.lock);
  return failed;
}

static void run_all(void (*scene)(const server_fixture *it)) {
  size_t n = 1;
  while (n < 300 && run_one(scene, n))
    n++;
  print_message("%zu allocations\n", n - 1);
  assert_in_range(n, 2, 299);
}

static void events_on_their_way(void **state) {
  (void)state;
  run_all(events_scene);
}

static void a_call_that_waits(void **state) {
  (void)state;
  run_all(call_scene);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_on_their_way),
      cmocka_unit_test(a_call_that_waits),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
