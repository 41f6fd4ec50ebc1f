/* SPDX-License-Identifier: MIT */
/* Handlers come and go during the run: from handlers, from other threads, on
 * several workers; and those of one socket alone. */
#include <peal/handle.h>

#include "server_fixture.h"
#include "shared_torture.h"

static char first[] = "first", second[] = "second", third[] = "third";

static void on_note(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  trace_add("%s %.*s", (const char *)user, PEAL_SFMT(peal_event_name(event)));
}

static server_fixture make(unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.workers = workers;
  return server_make(&opts);
}

static void ask(sio_client *client, const char *event, const char *log) {
  char text[64];
  snprintf(text, sizeof text, "421[\"%s\"]", event);
  assert_true(sio_client_send(client, text));
  assert_true(sio_client_expect(client, "431[]"));
  trace_expect(log);
}

/* Behind all others: the client knows when they have run. */
static void on_ack(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  assert_int_equal(peal_ack(event, PEAL_NO_ARGS), PEAL_OK);
}

/* -- inside handlers ----------------------------------------------------------------- */

static void on_remove_self(peal_socket *socket, const peal_event *event,
                           void *user) {
  on_note(socket, event, user);
  assert_int_equal(peal_off(peal_socket_nsp(socket), "x", on_remove_self, user),
                   PEAL_OK);
}

static void on_remove_next(peal_socket *socket, const peal_event *event,
                           void *user) {
  on_note(socket, event, user);
  assert_int_equal(peal_off(peal_socket_nsp(socket), "x", on_note, second),
                   PEAL_OK);
}

static void on_add_behind(peal_socket *socket, const peal_event *event,
                          void *user) {
  on_note(socket, event, user);
  assert_int_equal(peal_on(peal_socket_nsp(socket), "x", on_note, third),
                   PEAL_OK);
  assert_int_equal(peal_off(peal_socket_nsp(socket), "x", on_add_behind, user),
                   PEAL_OK);
}

static void a_handler_changes_the_chain_that_it_is_in(void **state) {
  static const struct {
    peal_event_fn fn;
    const char *logs[2];
  } cases[] = {{on_remove_self, {"first x\nsecond x\n", "second x\n"}},
               {on_remove_next, {"first x\n", "first x\n"}},
               {on_add_behind, {"first x\nsecond x\n", "second x\nthird x\n"}}};

  (void)state;
  for (unsigned workers = 1; workers < 4; workers += 2)
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      server_fixture it = make(workers);
      assert_int_equal(peal_on(it.root, "x", cases[i].fn, first), PEAL_OK);
      assert_int_equal(peal_on(it.root, "x", on_note, second), PEAL_OK);
      assert_int_equal(peal_on_any(it.root, on_ack, NULL), PEAL_OK);
      server_run(&it);
      sio_client client;
      assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
      ask(&client, "x", cases[i].logs[0]);
      ask(&client, "x", cases[i].logs[1]);
      sio_client_close(&client);
      server_stop(&it);
    }
}

/* -- every kind ------------------------------------------------------------------------ */

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)socket;
  trace_add("%s connect", (const char *)user);
  return PEAL_OK;
}

static void on_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  (void)socket;
  (void)reason;
  (void)err;
  trace_add("%s", (const char *)user);
}

static void on_outgoing(peal_socket *socket, peal_slice event, peal_args args,
                        void *user) {
  (void)socket;
  (void)args;
  trace_add("%s out %.*s", (const char *)user, PEAL_SFMT(event));
}

static void on_drain(peal_socket *socket, void *user) {
  (void)socket;
  (void)user;
}

static void on_use(peal_socket *socket, peal_next *next, void *user) {
  (void)socket;
  trace_add("%s use", (const char *)user);
  peal_next_ok(next);
}

static void add_all(peal_nsp *nsp) {
  assert_int_equal(peal_on_connect(nsp, on_connect, first), PEAL_OK);
  assert_int_equal(peal_on_disconnect(nsp, on_disconnect, first), PEAL_OK);
  assert_int_equal(peal_on_disconnecting(nsp, on_disconnect, second), PEAL_OK);
  assert_int_equal(peal_on_any(nsp, on_note, first), PEAL_OK);
  assert_int_equal(peal_on_any_outgoing(nsp, on_outgoing, first), PEAL_OK);
  assert_int_equal(peal_on_drain(nsp, on_drain, first), PEAL_OK);
  assert_int_equal(peal_on(nsp, "x", on_note, second), PEAL_OK);
}

static void remove_all(peal_nsp *nsp) {
  assert_int_equal(peal_off_connect(nsp, on_connect, first), PEAL_OK);
  assert_int_equal(peal_off_disconnect(nsp, on_disconnect, first), PEAL_OK);
  assert_int_equal(peal_off_disconnecting(nsp, on_disconnect, second), PEAL_OK);
  assert_int_equal(peal_off_any(nsp, on_note, first), PEAL_OK);
  assert_int_equal(peal_off_any_outgoing(nsp, on_outgoing, first), PEAL_OK);
  assert_int_equal(peal_off_drain(nsp, on_drain, first), PEAL_OK);
  assert_int_equal(peal_off(nsp, "x", on_note, second), PEAL_OK);
}

static atomic_uint arrived;

static void count_arrival(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
  atomic_fetch_add(&arrived, 1);
}

/* Behind every change of this thread, on every worker. */
static void settle(const server_fixture *it) {
  peal_workers *workers = peal_server_workers(it->server);
  unsigned count = peal_workers_count(workers);
  atomic_store(&arrived, 0);
  for (unsigned i = 0; i < count; i++)
    assert_int_equal(
        peal_worker_post(peal_workers_get(workers, i), count_arrival, NULL),
        PEAL_OK);
  while (atomic_load(&arrived) < count)
    usleep(1000);
}

static void one_life(const server_fixture *it, const char *log) {
  sio_client client;
  assert_true(sio_client_start(&client, it->port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "421[\"x\"]"));
  assert_true(sio_client_expect(&client, "42[\"seen\"]"));
  sio_client_close(&client);
  assert_true(server_has_clients(it, 0));
  trace_expect(log);
}

static void on_seen(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  assert_int_equal(peal_emit(socket, "seen", PEAL_NO_ARGS), PEAL_OK);
}

static const char full_life[] = "first connect\nfirst x\nfirst out seen\n"
                                "second x\nsecond\nfirst\n";

/* From this thread, which is no worker. */
static void every_kind_comes_and_goes_during_the_run(void **state) {
  (void)state;
  for (unsigned workers = 1; workers < 4; workers += 2) {
    server_fixture it = make(workers);
    assert_int_equal(peal_on(it.root, "x", on_seen, NULL), PEAL_OK);
    server_run(&it);
    one_life(&it, "");
    for (int i = 0; i < 3; i++) {
      add_all(it.root);
      settle(&it);
      for (int n = 0; n < 5; n++) /* on whatever worker */
        one_life(&it, full_life);
      remove_all(it.root);
      remove_all(it.root); /* there are none */
      settle(&it);
      for (int n = 0; n < 5; n++)
        one_life(&it, "");
    }
    assert_int_equal(peal_use(it.root, on_use, first), PEAL_OK);
    settle(&it);
    one_life(&it, "first use\n");
    server_stop(&it);
  }
}

static void before_the_run_they_come_and_go_too(void **state) {
  (void)state;
  server_fixture it = make(3);
  add_all(it.root);
  remove_all(it.root);
  assert_int_equal(peal_on(it.root, "x", on_seen, NULL), PEAL_OK);
  server_run(&it);
  for (int n = 0; n < 5; n++)
    one_life(&it, "");
  server_stop(&it);
}

/* -- once ------------------------------------------------------------------------------- */

static void on_once(peal_socket *socket, const peal_event *event, void *user) {
  on_note(socket, event, user);
  /* It is removed already: this one is another. */
  if (user == first)
    assert_int_equal(peal_once(peal_socket_nsp(socket), "x", on_once, second),
                     PEAL_OK);
}

static void once_is_for_one_event_in_all(void **state) {
  (void)state;
  for (unsigned workers = 1; workers < 4; workers += 2) {
    server_fixture it = make(workers);
    assert_int_equal(peal_once(it.root, "x", on_once, first), PEAL_OK);
    assert_int_equal(peal_once(it.root, "y", on_once, third), PEAL_OK);
    assert_int_equal(peal_off(it.root, "y", on_once, third), PEAL_OK);
    assert_int_equal(peal_once(it.root, "connect", on_once, third),
                     PEAL_ERR_RESERVED);
    assert_int_equal(peal_on_any(it.root, on_ack, NULL), PEAL_OK);
    server_run(&it);
    sio_client clients[4];
    for (int i = 0; i < 4; i++)
      assert_true(sio_client_start(&clients[i], it.port, SIO_WEBSOCKET));
    ask(&clients[0], "x", "first x\n");
    settle(&it);
    ask(&clients[1], "x", "second x\n");
    for (int i = 0; i < 4; i++) {
      ask(&clients[i], "x", "");
      ask(&clients[i], "y", "");
      sio_client_close(&clients[i]);
    }
    server_stop(&it);
  }
}

/* -- what a removed handler pointed to ---------------------------------------------------- */

typedef struct module {
  atomic_bool alive;
  atomic_uint calls;
} module;

static void on_module(peal_socket *socket, const peal_event *event,
                      void *user) {
  module *it = user;
  (void)socket;
  (void)event;
  assert_true(atomic_load(&it->alive));
  atomic_fetch_add(&it->calls, 1);
}

typedef struct flood {
  unsigned port;
  atomic_bool stop;
  pthread_t thread;
} flood;

static void *flood_main(void *user) {
  flood *it = user;
  sio_client client;
  bool ok = sio_client_start(&client, it->port, SIO_WEBSOCKET);
  while (ok && !atomic_load(&it->stop)) {
    for (int i = 0; ok && i < 20; i++)
      ok = sio_client_send(&client, "42[\"x\"]");
    ok = ok && sio_client_send(&client, "421[\"done\"]") &&
         sio_client_await(&client, "431[]");
  }
  sio_client_close(&client);
  return ok ? user : NULL;
}

/* While events come on all workers: behind the removal and a post to each
 * worker nobody calls it any more. */
static void its_user_may_be_freed_behind_a_post(void **state) {
  (void)state;
  server_fixture it = make(3);
  assert_int_equal(peal_on(it.root, "done", on_ack, NULL), PEAL_OK);
  server_run(&it);
  settle(&it); // before the run has begun, handlers are changed by one thread
  flood floods[3];
  for (int i = 0; i < 3; i++) {
    floods[i] = (flood){.port = it.port};
    assert_int_equal(
        pthread_create(&floods[i].thread, NULL, flood_main, &floods[i]), 0);
  }
  for (int i = 0; i < 30; i++) {
    module *one = calloc(1, sizeof *one);
    assert_non_null(one);
    atomic_store(&one->alive, true);
    assert_int_equal(peal_on(it.root, "x", on_module, one), PEAL_OK);
    for (int wait = 0; wait < 10000 && !atomic_load(&one->calls); wait++)
      usleep(1000);
    assert_true(atomic_load(&one->calls) > 0);
    assert_int_equal(peal_off(it.root, "x", on_module, one), PEAL_OK);
    settle(&it);
    atomic_store(&one->alive, false);
    free(one);
  }
  for (int i = 0; i < 3; i++) {
    void *result;
    atomic_store(&floods[i].stop, true);
    pthread_join(floods[i].thread, &result);
    assert_non_null(result);
  }
  server_stop(&it);
}

/* -- without memory nothing is changed ------------------------------------------------------ */

static peal_err change(peal_nsp *nsp, int what) {
  switch (what) {
  case 0:
    return peal_on(nsp, "x", on_note, first);
  case 1:
    return peal_once(nsp, "x", on_note, first);
  case 2:
    return peal_on_any(nsp, on_note, first);
  default: /* what is there stays */
    return peal_off(nsp, "x", on_note, second);
  }
}

static void every_allocation_of_a_change_may_fail(void **state) {
  (void)state;
  shared_torture s;
  shared_init(&s);
  peal_server_opts opts = server_opts();
  opts.workers = 3;
  opts.mem = &s.mem;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "x", on_note, second), PEAL_OK);
  assert_int_equal(peal_on(it.root, "end", on_ack, NULL), PEAL_OK);
  for (int what = 0; what < 4; what++) {
    size_t live = s.torture.live, n = 1;
    for (bool failed = true; failed; n++) {
      arm(&s, n);
      peal_err err = change(it.root, what);
      failed = disarm(&s);
      assert_int_equal(err, failed ? PEAL_ERR_NOMEM : PEAL_OK);
      if (failed)
        assert_int_equal(s.torture.live, live);
    }
    assert_true(n > 6); /* a change and a hook for each worker */
    if (what < 2)
      assert_int_equal(peal_off(it.root, "x", on_note, first), PEAL_OK);
    if (what == 2)
      assert_int_equal(peal_off_any(it.root, on_note, first), PEAL_OK);
    if (what < 3)
      assert_int_equal(s.torture.live, live);
  }
  server_free(&it);
  assert_int_equal(s.torture.live, 0);
  pthread_mutex_destroy(&s.lock);
}

/* -- of one socket ------------------------------------------------------------------------- */

static void on_own_once_again(peal_socket *socket, const peal_event *event,
                              void *user) {
  on_note(socket, event, user);
  assert_int_equal(peal_socket_once(socket, "x", on_note, third), PEAL_OK);
}

static void on_own_remove_all(peal_socket *socket, const peal_event *event,
                              void *user) {
  on_note(socket, event, user);
  peal_socket_off(socket, "x", on_own_remove_all, user);
  peal_socket_off(socket, "x", on_note, second);
  peal_socket_off(socket, "x", on_note, second);
}

static peal_err on_connect_own(peal_socket *socket, void *user) {
  (void)user;
  assert_int_equal(peal_socket_on(socket, "connect", on_note, first),
                   PEAL_ERR_RESERVED);
  assert_int_equal(peal_socket_on(socket, "x", NULL, first), PEAL_ERR_USAGE);
  assert_int_equal(peal_socket_once(socket, NULL, on_note, first),
                   PEAL_ERR_USAGE);
  peal_socket_off(socket, "x", on_note, first); /* there is none */
  assert_int_equal(peal_socket_once(socket, "x", on_own_once_again, first),
                   PEAL_OK);
  assert_int_equal(peal_socket_on(socket, "y", on_note, first), PEAL_OK);
  assert_int_equal(peal_socket_on(socket, "x", on_note, second), PEAL_OK);
  return PEAL_OK;
}

static void on_turn_off(peal_socket *socket, const peal_event *event,
                        void *user) {
  (void)event;
  (void)user;
  assert_int_equal(peal_socket_on(socket, "x", on_own_remove_all, first),
                   PEAL_OK);
}

static void a_socket_has_handlers_of_its_own(void **state) {
  (void)state;
  server_fixture it = make(1);
  assert_int_equal(peal_on_any(it.root, on_ack, NULL), PEAL_OK);
  assert_int_equal(peal_on_connect(it.root, on_connect_own, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "turn off", on_turn_off, NULL), PEAL_OK);
  server_run(&it);
  sio_client client, other;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_start(&other, it.port, SIO_WEBSOCKET));
  ask(&client, "x", "first x\nsecond x\n"); /* third comes from now on */
  ask(&client, "x", "second x\nthird x\n");
  ask(&client, "x", "second x\n");
  ask(&client, "y", "first y\n");
  ask(&client, "turn off", "");
  ask(&client, "x", "second x\nfirst x\n");
  ask(&client, "x", "");
  ask(&other, "x", "first x\nsecond x\n"); /* it has its own */
  sio_client_close(&client);
  sio_client_close(&other);
  server_stop(&it);
}

static void on_add_own(peal_socket *socket, const peal_event *event,
                       void *user) {
  (void)event;
  assert_int_equal(peal_socket_once(socket, "x", on_note, user), PEAL_OK);
  trace_add("%s adds", (const char *)user);
}

/* From the next event on, whoever registers it. */
static void of_handlers_of_the_namespace_they_hear_the_next(void **state) {
  (void)state;
  server_fixture it = make(1);
  assert_int_equal(peal_on_any(it.root, on_add_own, first), PEAL_OK);
  assert_int_equal(peal_on(it.root, "x", on_add_own, second), PEAL_OK);
  assert_int_equal(peal_on_any(it.root, on_ack, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  ask(&client, "x", "first adds\nsecond adds\n");
  ask(&client, "x", "first adds\nsecond adds\nfirst x\nsecond x\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void on_leave(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  peal_disconnect(socket, false);
  assert_int_equal(peal_socket_on(socket, "x", on_note, first),
                   PEAL_ERR_CLOSED);
  trace_add("leaves");
}

static peal_err on_connect_leave(peal_socket *socket, void *user) {
  (void)user;
  assert_int_equal(peal_socket_on(socket, "x", on_leave, first), PEAL_OK);
  assert_int_equal(peal_socket_on(socket, "x", on_note, second), PEAL_OK);
  return PEAL_OK;
}

static void behind_a_disconnect_none_is_called(void **state) {
  (void)state;
  server_fixture it = make(1);
  assert_int_equal(peal_on_connect(it.root, on_connect_leave, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "42[\"x\"]"));
  assert_true(sio_client_expect(&client, "41"));
  trace_expect("leaves\n");
  sio_client_close(&client);
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_handler_changes_the_chain_that_it_is_in),
      cmocka_unit_test(every_kind_comes_and_goes_during_the_run),
      cmocka_unit_test(before_the_run_they_come_and_go_too),
      cmocka_unit_test(once_is_for_one_event_in_all),
      cmocka_unit_test(its_user_may_be_freed_behind_a_post),
      cmocka_unit_test(every_allocation_of_a_change_may_fail),
      cmocka_unit_test(a_socket_has_handlers_of_its_own),
      cmocka_unit_test(of_handlers_of_the_namespace_they_hear_the_next),
      cmocka_unit_test(behind_a_disconnect_none_is_called),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
