/* SPDX-License-Identifier: MIT */
/* Clients that come back on another node: sessions and events are in Redis. */
#include "../server/comer.h"
#include "cluster_fixture.h"

static const peal_cluster_opts streams = {.mode = PEAL_CLUSTER_STREAMS,
                                          .heartbeat_ms = 300};

static void on_who(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_ack(event, PEAL_ARGS(peal_bool(peal_socket_is_recovered(socket)),
                                  peal_bool(peal_socket_in(socket, "news")),
                                  peal_socket_data(socket)));
}

static void open_nodes(size_t count, unsigned workers, bool run_middlewares) {
  peal_server_opts opts = server_opts();
  opts.recovery.window_ms = 60000;
  opts.recovery.run_middlewares = run_middlewares;
  node_count = count;
  for (size_t i = 0; i < count; i++) {
    cluster_make_with(&nodes[i], &streams, workers, &opts);
    assert_int_equal(peal_on(nodes[i].it.root, "who", on_who, NULL), PEAL_OK);
  }
  cluster_start();
}

static void emit(size_t at, const peal_to *to, const char *text) {
  assert_int_equal(
      peal_nsp_emit(nodes[at].it.root, to, "say", PEAL_ARGS(peal_str(text))),
      PEAL_OK);
}

static void enter(comer *who) {
  assert_true(sio_client_send(&who->io, "421[\"enter\",\"news\",\"Ann\"]"));
  assert_true(sio_client_expect(&who->io, "431[]"));
}

static void lose(size_t at, comer *who) {
  sio_client_reset(&who->io);
  assert_true(server_has_sockets(&nodes[at].it, 0));
}

static void who_comes_back_elsewhere_gets_what_was_missed(void **state) {
  (void)state;
  for (unsigned workers = 1; workers <= 4; workers += 3) {
    open_nodes(2, workers, workers > 1);
    comer a = {0};
    char sid[40];
    assert_true(comer_open(&a, nodes[0].it.port, SIO_WEBSOCKET, NULL, NULL));
    memcpy(sid, a.sid, sizeof sid);
    enter(&a);
    emit(1, NULL, "1");
    expect_event(&a, "[\"say\",\"1\"");
    for (size_t i = 0; i < 6; i++) {
      size_t here = i % 2, there = (i + 1) % 2;
      lose(here, &a);
      emit(0, PEAL_TO("news"), "2");
      emit(0, PEAL_TO("other"), "not for it");
      emit(0, &(peal_to){.except = PEAL_ROOMS("news")}, "nor this");
      emit(0, PEAL_TO(sid), "3");
      emit(0, NULL, "4");
      trace_clear();
      assert_true(
          comer_open(&a, nodes[there].it.port, SIO_WEBSOCKET, to_trace, NULL));
      assert_true(a.recovered);
      assert_string_equal(a.sid, sid);
      emit(0, PEAL_TO("news"), "5");
      /* What Redis had when it was asked came before CONNECT, the rest after. */
      const char *const order[] = {"2", "3", "4", "5"};
      for (int k = 0; k < 4; k++) {
        char line[40];
        snprintf(line, sizeof line, "[\"say\",\"%s\"", order[k]);
        if (!trace_has(line))
          expect_event(&a, line);
      }
      assert_true(sio_client_send(&a.io, "427[\"who\"]"));
      assert_true(
          sio_client_expect(&a.io, "437[true,true,{\"name\":\"Ann\"}]"));
    }
    sio_client_close(&a.io);
    cluster_close();
  }
}

static void without_an_offset_all_since_the_beginning_is_missed(void **state) {
  (void)state;
  open_nodes(2, 1, false);
  comer a = {0}, b = {0};
  assert_true(comer_open(&b, nodes[0].it.port, SIO_WEBSOCKET, NULL, NULL));
  emit(0, NULL, "before");
  expect_event(&b, "[\"say\",\"before\"");
  assert_true(comer_open(&a, nodes[0].it.port, SIO_WEBSOCKET, NULL, NULL));
  sio_client_reset(&a.io);
  assert_true(server_has_sockets(&nodes[0].it, 1));
  emit(1, NULL, "x");
  expect_event(&b, "[\"say\",\"x\"");
  trace_clear();
  assert_true(comer_open(&a, nodes[1].it.port, SIO_WEBSOCKET, to_trace, NULL));
  assert_true(a.recovered);
  if (!trace_has("x"))
    expect_event(&a, "[\"say\",\"x\"");
  sio_client_close(&a.io);
  sio_client_close(&b.io);
  cluster_close();
}

static void count_one(const char *packet, void *user) {
  (void)packet;
  ++*(int *)user;
}

/* Together they are longer than an answer of Redis may be: the node stays in its
 * cluster. */
static void much_was_missed(void **state) {
  (void)state;

  enum { MANY = 80 };

  static char text[20001];
  peal_cluster_opts own = streams;
  own.max_message_bytes = 1 << 20;
  peal_server_opts opts = server_opts();
  opts.recovery.window_ms = 60000;
  opts.max_queue_bytes = 8u << 20;
  node_count = 2;
  for (size_t i = 0; i < 2; i++)
    cluster_make_with(&nodes[i], &own, 1, &opts);
  cluster_start();
  comer a = {0};
  assert_true(comer_open(&a, nodes[0].it.port, SIO_WEBSOCKET, NULL, NULL));
  emit(1, NULL, "first");
  expect_event(&a, "[\"say\",\"first\"");
  lose(0, &a);
  memset(text, 'x', sizeof text - 1);
  uint64_t before = cluster_stats(&nodes[1]).received;
  for (int i = 0; i < MANY; i++)
    emit(0, NULL, text);
  for (int i = 0; i < 10000; i++)
    if (cluster_stats(&nodes[1]).received >= before + MANY)
      break;
    else
      usleep(1000);
  int missed = 0;
  assert_true(
      comer_open(&a, nodes[1].it.port, SIO_WEBSOCKET, count_one, &missed));
  assert_true(a.recovered);
  assert_int_equal(missed, MANY);
  for (size_t i = 0; i < 2; i++)
    assert_int_equal(cluster_stats(&nodes[i]).reconnects, 0);
  sio_client_close(&a.io);
  cluster_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_comes_back_elsewhere_gets_what_was_missed),
      cmocka_unit_test(without_an_offset_all_since_the_beginning_is_missed),
      cmocka_unit_test(much_was_missed),
  };
  return cmocka_run_group_tests(tests, cluster_group_up, cluster_group_down);
}
