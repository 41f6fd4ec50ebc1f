/* SPDX-License-Identifier: MIT */
/* Threads that are no workers call clients and wait: for an answer, for the end
 * of the socket, of the run, of their patience. */
#include <peal/events.h>
#include <peal/namespaces.h>

#include "server_fixture.h"

#define CALLERS 8
#define CALLS 25

static peal_socket_ref last_ref;
static char last_id[32];
static atomic_int connected;

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  last_ref = peal_ref_of(socket);
  snprintf(last_id, sizeof last_id, "%s", peal_socket_id(socket));
  atomic_fetch_add(&connected, 1);
  return PEAL_OK;
}

static server_fixture make(unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.workers = workers;
  atomic_store(&connected, 0);
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on_connect(it.root, on_connect, NULL), PEAL_OK);
  return it;
}

/* The id behind "42N[", of the next event; it is answered with `answer`. */
static void answer_next(sio_client *client, const char *answer) {
  const sio_packet *got = sio_client_next(client, 10000);
  assert_non_null(got);
  assert_memory_equal(got->data, "42", 2);
  char packet[256];
  size_t digits = strspn(got->data + 2, "0123456789");
  snprintf(packet, sizeof packet, "43%.*s%s", (int)digits, got->data + 2,
           answer);
  assert_true(sio_client_send(client, packet));
}

/* -- one caller ---------------------------------------------------------------------- */

typedef struct caller {
  peal_nsp *nsp;
  peal_socket_ref ref;
  const char *id; /* NULL: by the reference */
  uint32_t timeout_ms;
  int64_t number; /* what is asked */
  peal_err err;
  int64_t got, count;
  pthread_t thread;
} caller;

static void run_call(caller *it) {
  peal_doc *answer = (peal_doc *)(void *)it;
  peal_args args = PEAL_ARGS(peal_int(it->number), peal_str("x"));
  it->err =
      it->id
          ? peal_nsp_call(it->nsp, it->id, "sum", args, it->timeout_ms, &answer)
          : peal_ref_call(it->ref, "sum", args, it->timeout_ms, &answer);
  peal_val all = peal_doc_val(answer);
  it->count = answer ? (int64_t)all.len : -1;
  it->got = answer ? peal_val_int(peal_val_at(all, 0), -1) : -1;
  peal_doc_free(answer);
}

static void *call_once(void *user) {
  run_call(user);
  return NULL;
}

static void begin(caller *it) {
  assert_int_equal(pthread_create(&it->thread, NULL, call_once, it), 0);
}

static peal_err end(caller *it) {
  assert_int_equal(pthread_join(it->thread, NULL), 0);
  return it->err;
}

static void a_thread_waits_for_all_that_a_client_answers(void **state) {
  (void)state;
  for (unsigned workers = 1; workers < 4; workers += 2)
    for (int by_id = 0; by_id < 2; by_id++) {
      server_fixture it = make(workers);
      sio_client client;
      server_run(&it);
      assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
      caller one = {.nsp = it.root,
                    .ref = last_ref,
                    .id = by_id ? last_id : NULL,
                    .number = 4};
      begin(&one);
      answer_next(&client, "[5,\"b\",null]");
      assert_int_equal(end(&one), PEAL_OK);
      assert_int_equal(one.got, 5);
      assert_int_equal(one.count, 3);
      begin(&one);
      answer_next(&client, "[]");
      assert_int_equal(end(&one), PEAL_OK);
      assert_int_equal(one.count, 0);
      sio_client_close(&client);
      server_stop(&it);
    }
}

static void patience_ends(void **state) {
  (void)state;
  for (int by_id = 0; by_id < 2; by_id++) {
    server_fixture it = make(1);
    sio_client client;
    server_run(&it);
    assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
    caller one = {.nsp = it.root,
                  .ref = last_ref,
                  .id = by_id ? last_id : NULL,
                  .timeout_ms = 20};
    begin(&one);
    assert_int_equal(end(&one), PEAL_ERR_TIMEOUT);
    answer_next(&client, "[1]"); /* too late */
    one.timeout_ms = 10000;
    begin(&one);
    answer_next(&client, "[2]");
    assert_int_equal(end(&one), PEAL_OK);
    assert_int_equal(one.got, 2);
    sio_client_close(&client);
    server_stop(&it);
  }
}

/* An hour of patience, and the test takes no time. */
static void it_ends_when_the_socket_or_the_run_does(void **state) {
  (void)state;
  for (int stops = 0; stops < 2; stops++)
    for (int by_id = 0; by_id < 2; by_id++) {
      server_fixture it = make(1);
      sio_client client;
      server_run(&it);
      assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
      caller one = {.nsp = it.root,
                    .ref = last_ref,
                    .id = by_id ? last_id : NULL,
                    .timeout_ms = 3600000};
      begin(&one);
      assert_non_null(sio_client_next(&client, 10000));
      if (stops)
        peal_workers_stop(peal_server_workers(it.server), 200);
      else
        sio_client_close(&client);
      assert_int_equal(end(&one), PEAL_ERR_CLOSED);
      if (!stops)
        peal_workers_stop(peal_server_workers(it.server), 200);
      server_join(&it);
      begin(&one); /* behind the run */
      assert_int_equal(end(&one), PEAL_ERR_CLOSED);
      if (stops)
        sio_client_close(&client);
      server_free(&it);
    }
}

static void what_cannot_be_asked_is_said_at_once(void **state) {
  (void)state;
  server_fixture it = make(2);
  sio_client client;
  peal_doc *answer = NULL;
  server_run(&it);
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_int_equal(
      peal_ref_call((peal_socket_ref){0}, "x", PEAL_NO_ARGS, 0, &answer),
      PEAL_ERR_USAGE);
  assert_int_equal(peal_ref_call(last_ref, NULL, PEAL_NO_ARGS, 0, &answer),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_ref_call(last_ref, "x", PEAL_NO_ARGS, 0, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_call(NULL, last_id, "x", PEAL_NO_ARGS, 0, &answer),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_call(it.root, NULL, "x", PEAL_NO_ARGS, 0, &answer),
                   PEAL_ERR_USAGE);
  assert_int_equal(
      peal_nsp_call(it.root, last_id, "connect", PEAL_NO_ARGS, 0, &answer),
      PEAL_ERR_RESERVED);
  assert_int_equal(
      peal_nsp_call(it.root, "nobody", "x", PEAL_NO_ARGS, 0, &answer),
      PEAL_ERR_CLOSED);
  char longer[100] = "";
  memset(longer, 'x', sizeof longer - 1);
  assert_int_equal(
      peal_nsp_call(it.root, longer, "x", PEAL_NO_ARGS, 0, &answer),
      PEAL_ERR_CLOSED);
  assert_null(answer);
  assert_true(sio_client_silent(&client, 20));
  sio_client_close(&client);
  server_stop(&it);
}

static void on_call(peal_socket *socket, const peal_event *event, void *user) {
  peal_doc *answer;
  (void)user;
  assert_int_equal(
      peal_ref_call(peal_ref_of(socket), "x", PEAL_NO_ARGS, 0, &answer),
      PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_call(peal_socket_nsp(socket),
                                 peal_socket_id(socket), "x", PEAL_NO_ARGS, 0,
                                 &answer),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_ack(event, PEAL_NO_ARGS), PEAL_OK);
}

static void a_worker_does_not_wait_for_itself(void **state) {
  (void)state;
  server_fixture it = make(1);
  assert_int_equal(peal_on(it.root, "call", on_call, NULL), PEAL_OK);
  sio_client client;
  server_run(&it);
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "421[\"call\"]"));
  assert_true(sio_client_expect(&client, "431[]"));
  sio_client_close(&client);
  server_stop(&it);
}

/* A child of a pattern, which ends with its last socket, while a thread waits
 * for that: its id is asked for until it has gone. */
static void a_namespace_may_end_meanwhile(void **state) {
  (void)state;
  for (unsigned workers = 1; workers < 4; workers += 2) {
    peal_server_opts opts = server_opts();
    opts.workers = workers;
    opts.cleanup_empty_namespaces = true;
    server_fixture it = server_make(&opts);
    peal_nsp *parent = peal_server_of_pattern(it.server, "^/room-[0-9]$");
    assert_int_equal(peal_on_connect(parent, on_connect, NULL), PEAL_OK);
    sio_client client;
    server_run(&it);
    assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_join(&client, "/room-1", NULL));
    caller one = {.ref = last_ref, .timeout_ms = 3600000};
    begin(&one);
    assert_non_null(sio_client_next(&client, 10000));
    assert_true(sio_client_send(&client, "41/room-1,"));
    assert_int_equal(end(&one), PEAL_ERR_CLOSED);
    begin(&one); /* it has ended, or nobody is in it */
    assert_int_equal(end(&one), PEAL_ERR_CLOSED);
    peal_doc *answer;
    assert_int_equal(
        peal_nsp_call(parent, last_id, "x", PEAL_NO_ARGS, 0, &answer),
        PEAL_ERR_USAGE); /* no socket is in a parent */
    sio_client_close(&client);
    server_stop(&it);
  }
}

/* Nobody has told the worker yet: the event is not sent later either. */
static void before_the_run_patience_ends_too(void **state) {
  (void)state;
  server_fixture it = make(1);
  caller one = {.nsp = it.root, .id = "nobody", .timeout_ms = 10};
  begin(&one);
  assert_int_equal(end(&one), PEAL_ERR_TIMEOUT);
  server_run(&it);
  server_stop(&it);
}

/* -- many ----------------------------------------------------------------------------- */

static void *call_often(void *user) {
  caller *it = user;
  for (int i = 0; i < CALLS && !it->err; i++) {
    it->number++;
    run_call(it);
    if (!it->err && it->got != it->number + 1)
      it->err = PEAL_ERR_ANSWER;
  }
  return NULL;
}

static void many_threads_wait_each_for_its_own_answer(void **state) {
  (void)state;
  server_fixture it = make(3);
  sio_client client;
  server_run(&it);
  assert_true(sio_client_start(&client, it.port, SIO_WEBSOCKET));
  caller all[CALLERS];
  for (int i = 0; i < CALLERS; i++) {
    all[i] = (caller){.nsp = it.root,
                      .ref = last_ref,
                      .id = i % 2 ? last_id : NULL,
                      .number = i * 1000};
    assert_int_equal(pthread_create(&all[i].thread, NULL, call_often, &all[i]),
                     0);
  }
  for (int i = 0; i < CALLERS * CALLS; i++) {
    const sio_packet *got = sio_client_next(&client, 10000);
    assert_non_null(got);
    unsigned long id, number;
    assert_int_equal(sscanf(got->data, "42%lu[\"sum\",%lu,", &id, &number), 2);
    char packet[64];
    snprintf(packet, sizeof packet, "43%lu[%lu]", id, number + 1);
    assert_true(sio_client_send(&client, packet));
  }
  for (int i = 0; i < CALLERS; i++) {
    assert_int_equal(pthread_join(all[i].thread, NULL), 0);
    assert_int_equal(all[i].err, PEAL_OK);
  }
  sio_client_close(&client);
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_thread_waits_for_all_that_a_client_answers),
      cmocka_unit_test(patience_ends),
      cmocka_unit_test(it_ends_when_the_socket_or_the_run_does),
      cmocka_unit_test(what_cannot_be_asked_is_said_at_once),
      cmocka_unit_test(a_worker_does_not_wait_for_itself),
      cmocka_unit_test(a_namespace_may_end_meanwhile),
      cmocka_unit_test(before_the_run_patience_ends_too),
      cmocka_unit_test(many_threads_wait_each_for_its_own_answer),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
