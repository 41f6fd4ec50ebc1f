/* SPDX-License-Identifier: MIT */
/* What hangs on a socket ends with it, exactly once, however it ends: values
 * of several modules, timers. */
#include <peal/handle.h>

#include "server_fixture.h"

static void end_a(void *value) {
  trace_add("a ends %s", (char *)value);
  free(value);
}

static void end_b(void *value) {
  trace_add("b ends %s", (char *)value);
  free(value);
}

static const peal_socket_key key_a = {.free_fn = end_a};
static const peal_socket_key key_b = {.free_fn = end_b};
static const peal_socket_key no_end = {0};

static void set(peal_socket *socket, const peal_socket_key *key,
                const char *value) {
  char *copy = strdup(value);
  assert_int_equal(peal_socket_key_set(socket, key, copy), PEAL_OK);
  assert_ptr_equal(peal_socket_key_get(socket, key), copy);
}

static char mine[] = "mine";

static void set_all(peal_socket *socket) {
  assert_null(peal_socket_key_get(socket, &key_a));
  assert_int_equal(peal_socket_key_set(socket, &key_a, NULL), PEAL_OK);
  set(socket, &key_a, "1");
  set(socket, &key_b, "2");
  assert_int_equal(peal_socket_key_set(socket, &no_end, mine), PEAL_OK);
  assert_string_equal(peal_socket_key_get(socket, &key_a), "1");
  assert_string_equal(peal_socket_key_get(socket, &key_b), "2");
  assert_ptr_equal(peal_socket_key_get(socket, &no_end), mine);
  assert_null(peal_socket_user(socket)); /* a place of its own */
}

static peal_err accept_it(peal_socket *socket, void *user) {
  (void)user;
  set_all(socket);
  return PEAL_OK;
}

static peal_err refuse_it(peal_socket *socket, void *user) {
  (void)user;
  set_all(socket);
  return PEAL_ERR_LIMIT;
}

static void values_end_with_their_socket(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  server_trace_ends(it.root);
  assert_int_equal(peal_on_connect(it.root, accept_it, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  trace_expect("");
  assert_true(sio_client_send(&client, "41"));
  trace_expect("disconnecting client namespace disconnect\n"
               "disconnect client namespace disconnect\n"
               "b ends 2\na ends 1\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void values_of_a_refused_socket_end(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on_connect(it.root, refuse_it, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_false(sio_client_join(&client, "/", NULL));
  trace_expect("b ends 2\na ends 1\n");
  sio_client_close(&client);
  server_stop(&it);
}

/* -- the middleware -------------------------------------------------------------------- */

static peal_next *asked;
static peal_socket *candidate;

static void on_tick(peal_socket *socket, void *user) {
  (void)socket;
  (void)user;
  trace_add("tick");
}

static void wait_for_it(peal_socket *socket, peal_next *next, void *user) {
  (void)user;
  set_all(socket);
  assert_int_equal(peal_socket_timer_start(socket, 0, 1, on_tick, NULL),
                   PEAL_OK);
  asked = next;
  candidate = socket;
  trace_add("asked");
}

static void answer(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  char *late = strdup("late");
  assert_int_equal(peal_socket_timer_start(candidate, 0, 0, on_tick, NULL),
                   PEAL_ERR_CLOSED);
  assert_int_equal(peal_socket_key_set(candidate, &(peal_socket_key){0}, late),
                   PEAL_ERR_CLOSED);
  free(late);
  /* What is there can be changed still. */
  assert_int_equal(peal_socket_key_set(candidate, &key_b, strdup("3")),
                   PEAL_OK);
  peal_next_ok(asked);
}

static void note(peal_worker *worker, void *user) {
  (void)worker;
  trace_add("%s", (const char *)user);
}

static char noted[] = "noted";

/* Timers end at once, values when the middleware has answered. */
static void a_client_that_leaves_in_the_middleware_ends_all(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_use(it.root, wait_for_it, NULL), PEAL_OK);
  server_run(&it);
  peal_worker *worker = peal_workers_get(peal_server_workers(it.server), 0);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "40"));
  trace_await("tick\ntick\n");
  sio_client_close(&client);
  assert_true(server_has_clients(&it, 0));
  assert_int_equal(peal_worker_post(worker, note, noted), PEAL_OK);
  trace_await("noted\n");
  trace_clear();
  usleep(20000);
  trace_expect("");
  assert_int_equal(peal_worker_post(worker, answer, NULL), PEAL_OK);
  trace_expect("b ends 2\nb ends 3\na ends 1\n");
  server_stop(&it);
}

static void the_server_ends_what_nobody_answered(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_use(it.root, wait_for_it, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "40"));
  trace_await("asked\n");
  sio_client_close(&client);
  assert_true(server_has_clients(&it, 0));
  trace_clear();
  server_stop(&it);
  trace_expect("b ends 2\na ends 1\n");
}

/* -- replacing ------------------------------------------------------------------------- */

static void on_replace(peal_socket *socket, const peal_event *event,
                       void *user) {
  (void)event;
  (void)user;
  set(socket, &key_a, "new");
  void *now = peal_socket_key_get(socket, &key_a);
  assert_int_equal(peal_socket_key_set(socket, &key_a, now), PEAL_OK);
  assert_int_equal(peal_socket_key_set(socket, &key_b, NULL), PEAL_OK);
  assert_null(peal_socket_key_get(socket, &key_b));
  assert_int_equal(peal_socket_key_set(socket, NULL, now), PEAL_ERR_USAGE);
  assert_null(peal_socket_key_get(socket, NULL));
  assert_int_equal(peal_socket_key_set(NULL, &key_a, now), PEAL_ERR_USAGE);
  assert_null(peal_socket_key_get(NULL, &key_a));
  trace_add("done");
}

static void a_value_that_is_replaced_ends(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on_connect(it.root, accept_it, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "replace", on_replace, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "42[\"replace\"]"));
  trace_expect("a ends 1\nb ends 2\ndone\n");
  sio_client_close(&client);
  trace_expect("a ends new\n");
  server_stop(&it);
}

/* -- timers ---------------------------------------------------------------------------- */

static atomic_int count;
static char one[] = "one", two[] = "two";

static void on_time(peal_socket *socket, void *user) {
  assert_true(peal_socket_is_connected(socket));
  assert_ptr_equal(peal_worker_self(), peal_socket_worker(socket));
  trace_add("%s", (const char *)user);
}

/* One that comes once sets itself again, with other times. */
static void on_again(peal_socket *socket, void *user) {
  (void)user;
  if (atomic_fetch_add(&count, 1) < 2)
    assert_int_equal(peal_socket_timer_start(socket, 1, 0, on_again, NULL),
                     PEAL_OK);
  else
    trace_add("three times");
}

static void on_stop_self(peal_socket *socket, void *user) {
  (void)user;
  if (atomic_fetch_add(&count, 1) == 3) {
    peal_socket_timer_stop(socket, on_stop_self, NULL);
    trace_add("stopped");
  }
}

static void on_slow_down(peal_socket *socket, void *user) {
  (void)user;
  trace_add("slower");
  assert_int_equal(
      peal_socket_timer_start(socket, 600000, 600000, on_slow_down, NULL),
      PEAL_OK);
}

static void on_leave(peal_socket *socket, void *user) {
  peal_disconnect(socket, user != NULL);
  assert_int_equal(peal_socket_timer_start(socket, 0, 0, on_leave, NULL),
                   PEAL_ERR_CLOSED);
  trace_add("leaves");
}

static void on_timers(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)user;
  const char *what = peal_event_str(event, 0);
  atomic_store(&count, 0);
  peal_err err = PEAL_ERR_USAGE;
  if (!strcmp(what, "pair")) {
    /* Two of one function, and one that is replaced. */
    err = peal_socket_timer_start(socket, 600000, 0, on_time, one);
    err = err ? err : peal_socket_timer_start(socket, 0, 0, on_time, one);
    err = err ? err : peal_socket_timer_start(socket, 5, 0, on_time, two);
  } else if (!strcmp(what, "stop")) {
    err = peal_socket_timer_start(socket, 0, 1, on_time, one);
    peal_socket_timer_stop(socket, on_time, two); /* there is none */
    peal_socket_timer_stop(socket, on_time, one);
    peal_socket_timer_stop(socket, on_time, one);
    trace_add("none");
  } else if (!strcmp(what, "again")) {
    err = peal_socket_timer_start(socket, 0, 0, on_again, NULL);
  } else if (!strcmp(what, "stop self")) {
    err = peal_socket_timer_start(socket, 0, 1, on_stop_self, NULL);
  } else if (!strcmp(what, "slow down")) {
    err = peal_socket_timer_start(socket, 0, 1, on_slow_down, NULL);
  } else if (!strcmp(what, "leave")) {
    err = peal_socket_timer_start(socket, 0, 1, on_leave, NULL);
  } else if (!strcmp(what, "close")) {
    err = peal_socket_timer_start(socket, 0, 1, on_leave, one);
  }
  assert_int_equal(err, PEAL_OK);
}

static void timers_come_stop_and_start_anywhere(void **state) {
  static const struct {
    const char *what, *log;
    bool ends;
  } cases[] = {
      {"pair", "one\ntwo\n", false},     {"stop", "none\n", false},
      {"again", "three times\n", false}, {"stop self", "stopped\n", false},
      {"slow down", "slower\n", false},  {"leave", "leaves\n", true},
      {"close", "leaves\n", true}};

  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    server_fixture it = server_make(NULL);
    assert_int_equal(peal_on(it.root, "timers", on_timers, NULL), PEAL_OK);
    server_run(&it);
    sio_client client;
    char text[64];
    assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
    snprintf(text, sizeof text, "42[\"timers\",\"%s\"]", cases[i].what);
    assert_true(sio_client_send(&client, text));
    trace_await(cases[i].log);
    if (cases[i].ends)
      assert_true(server_has_sockets(&it, 0));
    usleep(20000);
    trace_expect(cases[i].log);
    sio_client_close(&client);
    server_stop(&it);
  }
}

static peal_err tick_on(peal_socket *socket, void *user) {
  (void)user;
  return peal_socket_timer_start(socket, 0, 1, on_tick, NULL);
}

static void timers_of_a_client_that_went_are_gone(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on_connect(it.root, tick_on, NULL), PEAL_OK);
  server_run(&it);
  for (int i = 0; i < 10; i++) {
    sio_client client;
    assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
    trace_await("tick\n");
    sio_client_reset(&client);
    assert_true(server_has_clients(&it, 0));
    trace_clear();
    usleep(5000);
    trace_expect("");
  }
  assert_int_equal(peal_socket_timer_start(NULL, 0, 0, on_tick, NULL),
                   PEAL_ERR_USAGE);
  peal_socket_timer_stop(NULL, on_tick, NULL);
  server_stop(&it);
}

/* -- what it costs ----------------------------------------------------------------------- */

static unsigned hung;

static peal_err hang_until_refused(peal_socket *socket, void *user) {
  static peal_socket_key keys[40000];
  static char users[40000];
  peal_err err = PEAL_OK;
  unsigned at = 0;
  (void)user;
  for (; !err && at < 40000; at++)
    switch (at % 3) {
    case 0:
      err = peal_socket_key_set(socket, &keys[at], mine);
      break;
    case 1:
      err = peal_socket_timer_start(socket, 600000, 0, on_tick, &users[at]);
      break;
    default:
      err = peal_socket_on(socket, "some event", on_replace, &users[at]);
    }
  assert_true(err == PEAL_ERR_LIMIT || err == PEAL_ERR_NOMEM);
  hung = at;
  trace_add("refused");
  return PEAL_OK;
}

/* It is counted with what clients make the server hold, and given back. */
static void what_hangs_on_sockets_is_bounded(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.max_held_bytes = 1u << 20;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on_connect(it.root, hang_until_refused, NULL), PEAL_OK);
  server_run(&it);
  unsigned first = 0;
  for (int i = 0; i < 5; i++) {
    sio_client client;
    (void)sio_client_start(&client, it.port, SIO_WEBSOCKET);
    trace_expect("refused\n");
    first = first ? first : hung;
    assert_true(hung > 1000 && hung >= first - 100 && hung <= first + 100);
    sio_client_close(&client);
    assert_true(server_has_clients(&it, 0));
  }
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_end_with_their_socket),
      cmocka_unit_test(values_of_a_refused_socket_end),
      cmocka_unit_test(a_client_that_leaves_in_the_middleware_ends_all),
      cmocka_unit_test(the_server_ends_what_nobody_answered),
      cmocka_unit_test(a_value_that_is_replaced_ends),
      cmocka_unit_test(timers_come_stop_and_start_anywhere),
      cmocka_unit_test(timers_of_a_client_that_went_are_gone),
      cmocka_unit_test(what_hangs_on_sockets_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
