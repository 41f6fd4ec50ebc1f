/* SPDX-License-Identifier: MIT */
/* What docs/guide promises, with its own code: large transfers that pass any
 * client without delaying its neighbours, references, values, handlers of one
 * socket; and that everything runs where the guide says. */
#include <peal/handle.h>
#include <peal/peal.h>

#include "../server/server_fixture.h"

/* The guide's code names what it does not use, as a reader expects. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "promised_guides_calls.h"

#define LARGE (20u << 20)

static char *large;

static void read_pieces(sio_client *client, size_t *sum, size_t until) {
  while (*sum < until) {
    const sio_packet *packet = sio_client_next(client, 20000);
    if (!packet)
      break;
    *sum += packet->binary ? packet->len : 0;
  }
  assert_int_equal(*sum, until);
}

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  (void)user;
  assert_int_equal(peal_ack(event, peal_event_args(event)), PEAL_OK);
}

static void echo(sio_client *client) {
  assert_true(sio_client_send(client, "421[\"echo\",7]"));
  assert_true(sio_client_expect(client, "431[7]"));
}

/* -- a large transfer, paced by the queue ---------------------------------------------- */

static void on_get(peal_socket *socket, const peal_event *event, void *user) {
  static transfer it;
  (void)event;
  it = (transfer){.data = large, .len = LARGE};
  peal_socket_set_user(socket, &it);
  send_more(socket, user);
  assert_true(peal_socket_queued_bytes(socket) <= (1 << 20) + 70000);
}

static void a_large_transfer_never_meets_the_ceiling(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_server_stats stats;
  set_up(it.root);
  server_trace_ends(it.root);
  assert_int_equal(peal_on(it.root, "get", on_get, NULL), PEAL_OK);
  assert_int_equal(peal_on(it.root, "echo", on_echo, NULL), PEAL_OK);
  server_run(&it);
  sio_client slow, other;
  assert_true(sio_client_start(&slow, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_start(&other, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&slow, "42[\"get\"]"));
  size_t sum = 0;
  read_pieces(&slow, &sum, 65536 * 10);
  for (int i = 0; i < 20; i++) /* it does not read, the other is served */
    echo(&other);
  trace_expect(""); /* nobody has gone */
  read_pieces(&slow, &sum, LARGE);
  peal_server_stats_get(it.server, &stats);
  assert_int_equal(stats.queue_full, 0);
  sio_client_close(&slow);
  sio_client_close(&other);
  server_stop(&it);
}

/* -- paced by acknowledgements ----------------------------------------------------------- */

static void on_paced(peal_socket *socket, const peal_event *event, void *user) {
  static paced it;
  (void)event;
  (void)user;
  it = (paced){.data = large, .len = 200000};
  send_next(socket, PEAL_OK, PEAL_NO_ARGS, &it);
}

static void an_acknowledged_piece_brings_the_next(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on(it.root, "paced", on_paced, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "42[\"paced\"]"));
  size_t sum = 0;
  while (sum < 200000) {
    char answer[32];
    const sio_packet *packet = sio_client_next(&client, 5000);
    assert_true(packet && !strncmp(packet->data, "451-", 4));
    snprintf(answer, sizeof answer, "43%ld[]",
             strtol(packet->data + 4, NULL, 10));
    packet = sio_client_next(&client, 5000);
    assert_true(packet && packet->binary);
    sum += packet->len;
    if (sum < 200000)
      assert_true(sio_client_silent(&client, 20)); /* until it is asked */
    assert_true(sio_client_send(&client, answer));
  }
  assert_int_equal(sum, 200000);
  assert_true(sio_client_silent(&client, 20));
  sio_client_close(&client);
  server_stop(&it);
}

/* -- beyond a handler -------------------------------------------------------------------- */

static void a_result_reaches_its_socket_or_nobody(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on(it.root, "compute", on_compute, NULL), PEAL_OK);
  server_run(&it);
  for (int i = 0; i < 10; i++) {
    sio_client stays, goes;
    assert_true(sio_client_start(&stays, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_start(&goes, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_send(&goes, "42[\"compute\"]"));
    sio_client_reset(&goes);
    assert_true(sio_client_send(&stays, "42[\"compute\"]"));
    assert_true(sio_client_expect(&stays, "42[\"result\",42]"));
    sio_client_close(&stays);
  }
  server_stop(&it);
}

static void on_buy(peal_socket *socket, const peal_event *event, void *user) {
  cart *mine = cart_of(socket);
  (void)user;
  assert_non_null(mine);
  assert_int_equal(peal_ack(event, PEAL_ARGS(peal_int(++mine->items))),
                   PEAL_OK);
}

static void a_value_belongs_to_its_socket(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on(it.root, "buy", on_buy, NULL), PEAL_OK);
  server_run(&it);
  for (int i = 0; i < 2; i++) {
    sio_client client;
    assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_send(&client, "421[\"buy\"]"));
    assert_true(sio_client_expect(&client, "431[1]"));
    assert_true(sio_client_send(&client, "422[\"buy\"]"));
    assert_true(sio_client_expect(&client, "432[2]"));
    sio_client_close(&client);
  }
  server_stop(&it);
}

static void an_answer_is_heard_once_for_each_question(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on(it.root, "ask me", on_question, NULL), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  for (int i = 0; i < 2; i++) {
    assert_true(sio_client_send(&client, "42[\"ask me\"]"));
    assert_true(sio_client_expect(&client, "42[\"question\"]"));
    assert_true(sio_client_send(&client, "421[\"answer\",\"42\"]"));
    assert_true(sio_client_expect(&client, "431[true]"));
    assert_true(sio_client_send(&client, "422[\"answer\",\"42\"]"));
    assert_true(sio_client_silent(&client, 20));
  }
  sio_client_close(&client);
  server_stop(&it);
}

static void a_newcomer_is_greeted_with_the_others(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on_connect(it.root, greet, NULL), PEAL_OK);
  server_run(&it);
  sio_client ada, bob;
  char text[96];
  assert_true(sio_client_start(&ada, it.port, SIO_WEBSOCKET));
  assert_non_null(sio_client_next(&ada, 5000));
  assert_true(sio_client_start(&bob, it.port, SIO_WEBSOCKET));
  snprintf(text, sizeof text, "42[\"welcome\",\"%s\"]", bob.socket_id);
  assert_true(sio_client_expect(&ada, text));
  assert_true(sio_client_expect(&bob, text));
  sio_client_close(&ada);
  sio_client_close(&bob);
  server_stop(&it);
}

/* -- what runs where --------------------------------------------------------------------- */

static atomic_uint seen; /* bits of kinds */

static void here(peal_worker *worker, unsigned kind) {
  assert_non_null(worker);
  assert_ptr_equal(worker, peal_worker_self());
  atomic_fetch_or(&seen, 1u << kind);
}

static void at_use(peal_socket *socket, peal_next *next, void *user) {
  (void)user;
  here(peal_socket_worker(socket), 0);
  peal_next_ok(next);
}

static void at_end(void *value) {
  here(value, 1);
}

static const peal_socket_key end_key = {.free_fn = at_end};

static void at_time(peal_socket *socket, void *user) {
  (void)user;
  here(peal_socket_worker(socket), 2);
}

static peal_err at_connect(peal_socket *socket, void *user) {
  (void)user;
  peal_worker *worker = peal_socket_worker(socket);
  here(worker, 3);
  assert_int_equal(peal_socket_timer_start(socket, 0, 0, at_time, NULL),
                   PEAL_OK);
  return peal_socket_key_set(socket, &end_key, worker);
}

static void at_ack(peal_socket *socket, peal_err err, peal_args args,
                   void *user) {
  (void)err;
  (void)args;
  (void)user;
  here(peal_socket_worker(socket), 4);
}

static void in_pool(void *user) {
  (void)user;
  assert_null(peal_worker_self());
  atomic_fetch_or(&seen, 1u << 5);
}

static void at_done(peal_worker *worker, peal_err err, void *user) {
  (void)err;
  (void)user;
  here(worker, 6);
}

static void at_event(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  here(peal_socket_worker(socket), 7);
  assert_int_equal(peal_emit_ack(socket, "q", PEAL_NO_ARGS, 0, at_ack, NULL),
                   PEAL_OK);
  assert_int_equal(
      peal_task_run(peal_socket_worker(socket), in_pool, at_done, NULL),
      PEAL_OK);
}

static void at_post(peal_socket *socket, void *user) {
  (void)user;
  if (socket)
    here(peal_socket_worker(socket), 8);
}

static void at_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  (void)reason;
  (void)err;
  (void)user;
  here(peal_socket_worker(socket), 9);
}

static void at_any(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  assert_int_equal(peal_ref_post(peal_ref_of(socket), at_post, NULL), PEAL_OK);
}

static void at_allow(peal_http_req *req, peal_allow *allow, void *user) {
  (void)user;
  here(peal_http_req_worker(req), 10);
  peal_allow_accept(allow);
}

static void at_headers(peal_http_req *req, const char *session, bool initial,
                       peal_headers *out, void *user) {
  (void)session;
  (void)initial;
  (void)out;
  (void)user;
  here(peal_http_req_worker(req), 11);
}

static void everything_runs_where_the_guide_says(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.workers = 3;
  opts.allow_request = at_allow;
  opts.on_headers = at_headers;
  server_fixture it = server_make(&opts);
  peal_nsp *nsp = it.root;
  assert_int_equal(peal_use(nsp, at_use, NULL), PEAL_OK);
  assert_int_equal(peal_on_connect(nsp, at_connect, NULL), PEAL_OK);
  assert_int_equal(peal_on_any(nsp, at_any, NULL), PEAL_OK);
  assert_int_equal(peal_on(nsp, "x", at_event, NULL), PEAL_OK);
  assert_int_equal(peal_on_disconnect(nsp, at_disconnect, NULL), PEAL_OK);
  server_run(&it);
  atomic_store(&seen, 0);
  for (int i = 0; i < 12; i++) {
    sio_client client;
    assert_true(sio_client_start(&client, it.port, (sio_via)(i & 1)));
    assert_true(sio_client_send(&client, "42[\"x\"]"));
    const sio_packet *packet = sio_client_next(&client, 5000);
    assert_true(packet && !strncmp(packet->data, "42", 2));
    sio_client_close(&client);
  }
  for (int i = 0; i < 10000 && atomic_load(&seen) != 0xfff; i++)
    usleep(1000);
  assert_int_equal(atomic_load(&seen), 0xfff);
  server_stop(&it);
}

/* -- origins ----------------------------------------------------------------------------- */

static bool is_let_in(const server_fixture *it, const char *origin) {
  char field[128];
  snprintf(field, sizeof field, "Origin: %s\r\n", origin);
  sio_client client = {.fields = field};
  bool open = sio_client_open_with(&client, it->port, SIO_POLLING);
  sio_client_close(&client);
  return open;
}

/* The table and the function of the guide. */
static void origins_are_those_that_the_guide_says(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.cors = (peal_cors_opts){.origins = "https://*.example.com",
                               .on_origin = on_origin};
  server_fixture it = server_make(&opts);
  server_run(&it);
  assert_non_null(for_customers); /* it listens at a port of its own */
  assert_true(is_let_in(&it, "http://127.0.0.1"));
  assert_true(is_let_in(&it, "https://127.0.0.1:8443"));
  assert_true(is_let_in(&it, "ws://192.0.2.7:3000"));
  assert_true(is_let_in(&it, "file://"));
  assert_true(is_let_in(&it, "https://a.b.example.com"));
  assert_false(is_let_in(&it, "https://example.com"));
  assert_true(is_let_in(&it, "https://customer-7.example"));
  assert_false(is_let_in(&it, "https://visitor-7.example"));
  assert_false(is_let_in(&it, "null"));
  server_stop(&it);
}

static int make_large(void **state) {
  (void)state;
  large = calloc(1, LARGE);
  return large ? 0 : -1;
}

static int free_large(void **state) {
  (void)state;
  free(large);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_large_transfer_never_meets_the_ceiling),
      cmocka_unit_test(an_acknowledged_piece_brings_the_next),
      cmocka_unit_test(a_result_reaches_its_socket_or_nobody),
      cmocka_unit_test(a_value_belongs_to_its_socket),
      cmocka_unit_test(an_answer_is_heard_once_for_each_question),
      cmocka_unit_test(a_newcomer_is_greeted_with_the_others),
      cmocka_unit_test(everything_runs_where_the_guide_says),
      cmocka_unit_test(origins_are_those_that_the_guide_says),
  };
  return cmocka_run_group_tests(tests, make_large, free_large);
}
