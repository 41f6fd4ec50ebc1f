/* SPDX-License-Identifier: MIT */
/* A Socket.IO server in a loop of the program's own: clients are served, the
 * waiting ones wake nobody, and the stop comes from anywhere. */
#include <poll.h>
#include <uv.h>

#include "server_fixture.h"

typedef struct own_loop {
  server_fixture it;
  bool as_guest;
  atomic_uint wakes;
  int code;
} own_loop;

static void run_steps(own_loop *loop, peal_workers *workers) {
  assert_int_equal(peal_workers_begin(workers), PEAL_OK);
  struct pollfd fd = {.fd = peal_workers_fd(workers), .events = POLLIN};
  do {
    poll(&fd, 1, peal_workers_timeout_ms(workers));
    atomic_fetch_add(&loop->wakes, 1);
  } while (peal_workers_step(workers, 0) == PEAL_OK);
  loop->code = peal_workers_end(workers);
}

static void on_prepare(uv_prepare_t *prepare) {
  own_loop *loop = prepare->data;
  atomic_fetch_add(&loop->wakes, 1);
}

static uv_prepare_t counter;

static void on_end(peal_workers *workers, int code, void *user) {
  own_loop *loop = user;
  (void)workers;
  loop->code = code;
  uv_close((uv_handle_t *)&counter, NULL);
}

static void run_guest(own_loop *loop, peal_workers *workers) {
  uv_loop_t uv;
  uv_loop_init(&uv);
  uv_prepare_init(&uv, &counter);
  counter.data = loop;
  uv_prepare_start(&counter, on_prepare);
  assert_int_equal(peal_workers_attach(workers, &uv, on_end, loop), PEAL_OK);
  uv_run(&uv, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&uv), 0);
}

static void *loop_main(void *user) {
  own_loop *loop = user;
  peal_workers *workers = peal_server_workers(loop->it.server);
  (loop->as_guest ? run_guest : run_steps)(loop, workers);
  return NULL;
}

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_emit(socket, "echo", peal_event_args(event));
}

static void start(own_loop *loop, bool as_guest, unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.workers = workers;
  *loop = (own_loop){.it = server_make(&opts), .as_guest = as_guest};
  assert_int_equal(peal_on(loop->it.root, "echo", on_echo, NULL), PEAL_OK);
  server_trace_ends(loop->it.root);
  assert_int_equal(pthread_create(&loop->it.thread, NULL, loop_main, loop), 0);
}

static void stop(own_loop *loop) {
  peal_workers_stop(peal_server_workers(loop->it.server), 200);
  pthread_join(loop->it.thread, NULL);
  assert_int_equal(loop->code, 0);
  server_free(&loop->it);
}

static void clients_are_served_by_turns_of_the_programs(void **state) {
  (void)state;
  for (unsigned n = 0; n < 4; n++) {
    own_loop loop;
    start(&loop, n & 1, n & 2 ? 3 : 1);
    for (int via = 0; via < 2; via++) {
      sio_client client;
      assert_true(sio_client_start(&client, loop.it.port, (sio_via)via));
      assert_true(sio_client_send(&client, "42[\"echo\",1]"));
      assert_true(sio_client_expect(&client, "42[\"echo\",1]"));
      /* From this thread, which is none of the server's. */
      assert_int_equal(peal_nsp_emit(loop.it.root, NULL, "all", PEAL_NO_ARGS),
                       PEAL_OK);
      assert_true(sio_client_expect(&client, "42[\"all\"]"));
      sio_client_close(&client);
    }
    stop(&loop);
  }
}

static void waiting_clients_wake_no_loop(void **state) {
  enum { EACH = 5 };

  (void)state;
  for (int as_guest = 0; as_guest < 2; as_guest++) {
    own_loop loop;
    sio_client polling[EACH], websocket[EACH];
    start(&loop, as_guest, 1);
    for (int i = 0; i < EACH; i++) {
      assert_true(sio_client_start(&polling[i], loop.it.port, SIO_POLLING));
      assert_null(sio_client_next(&polling[i], 5)); /* its GET is there */
      assert_true(sio_client_start(&websocket[i], loop.it.port, SIO_WEBSOCKET));
    }
    usleep(300000);
    unsigned before = atomic_load(&loop.wakes);
    usleep(300000);
    /* A timer may be found to be early. */
    assert_true(atomic_load(&loop.wakes) - before <= 2 * EACH);
    for (int i = 0; i < EACH; i++) {
      sio_client_close(&polling[i]);
      sio_client_close(&websocket[i]);
    }
    stop(&loop);
  }
}

static void a_stop_tells_the_clients(void **state) {
  (void)state;
  for (int as_guest = 0; as_guest < 2; as_guest++) {
    own_loop loop;
    sio_client client;
    start(&loop, as_guest, 1);
    assert_true(sio_client_start(&client, loop.it.port, SIO_WEBSOCKET));
    peal_server_stop(loop.it.server);
    trace_expect("disconnecting server shutting down\n"
                 "disconnect server shutting down\n");
    assert_true(sio_client_ends(&client, 10000));
    sio_client_close(&client);
    stop(&loop);
  }
}

int main(void) {
  setenv("PEAL_POLLER", "epoll", 1); /* the other one has no descriptor */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clients_are_served_by_turns_of_the_programs),
      cmocka_unit_test(waiting_clients_wake_no_loop),
      cmocka_unit_test(a_stop_tells_the_clients),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
