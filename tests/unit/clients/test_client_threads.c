/* SPDX-License-Identifier: MIT */
/* A client from many threads: emits in the order of each, blocking calls, all
 * functions that are for any thread. */
#include "client_fixture.h"

#define THREADS 4
#define EVENTS 500

static atomic_int next_of[THREADS];
static atomic_int wrong, came;

static void on_number(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)socket;
  (void)user;
  int64_t thread = peal_val_int(peal_event_arg(event, 0), 0);
  int64_t number = peal_val_int(peal_event_arg(event, 1), -1);
  if (atomic_fetch_add(&next_of[thread], 1) != number)
    atomic_fetch_add(&wrong, 1);
  atomic_fetch_add(&came, 1);
  (void)peal_ack(event, PEAL_ARGS(peal_int(number)));
}

typedef struct sender {
  peal_client_nsp *nsp;
  int index;
  pthread_t thread;
} sender;

static atomic_int answered;

static void on_answer(peal_client_nsp *nsp, peal_err err, peal_args args,
                      void *user) {
  (void)nsp;
  (void)args;
  (void)user;
  if (!err)
    atomic_fetch_add(&answered, 1);
}

static peal_err emit_one(const sender *it, int i) {
  peal_args args = PEAL_ARGS(peal_int(it->index), peal_int(i));
  if (i % 3 == 0)
    return peal_client_emit_ack(it->nsp, NULL, "number", args, on_answer, NULL);
  if (i % 50 != 1)
    return peal_client_emit(it->nsp, "number", args);
  peal_doc *doc;
  peal_err err = peal_client_call(it->nsp, "number", args, 0, &doc);
  if (!err && peal_val_int(peal_val_at(peal_doc_val(doc), 0), -1) != i)
    atomic_fetch_add(&wrong, 1);
  peal_doc_free(doc);
  return err;
}

static void ignore(peal_client_nsp *nsp, const peal_event *event, void *user) {
  (void)nsp;
  (void)event;
  (void)user;
}

static void *send_all(void *user) {
  sender *it = user;
  for (int i = 0; i < EVENTS; i++) {
    if (emit_one(it, i))
      atomic_fetch_add(&wrong, 1);
    if (i % 40 == 0) {
      (void)peal_client_on(it->nsp, "nothing", ignore, it);
      (void)peal_client_is_connected(it->nsp);
      (void)peal_client_is_active(it->nsp);
      (void)peal_client_queued_bytes(peal_client_nsp_client(it->nsp));
      (void)peal_client_transport(peal_client_nsp_client(it->nsp));
      (void)peal_client_of(peal_client_nsp_client(it->nsp), "/other");
      (void)peal_client_off(it->nsp, "nothing", ignore, it);
    }
  }
  return NULL;
}

static void each_threads_events_come_in_its_order(void **state) {
  (void)state;
  peal_server_opts server_options = server_opts();
  server_fixture server = server_make(&server_options);
  fixture_add_nsp(&server, "/other");
  assert_int_equal(peal_on(server.root, "number", on_number, NULL), PEAL_OK);
  fixture_run(&server);
  peal_client_opts opts = fixture_opts(&server);
  peal_client *client = fixture_start(&opts);
  sender senders[THREADS];
  for (int i = 0; i < THREADS; i++) {
    senders[i] = (sender){.nsp = peal_client_of(client, NULL), .index = i};
    assert_int_equal(
        pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
  }
  for (int i = 0; i < THREADS; i++)
    pthread_join(senders[i].thread, NULL);
  for (int i = 0; i < 10000 && (atomic_load(&came) < THREADS * EVENTS ||
                                atomic_load(&answered) < THREADS * 167);
       i++)
    usleep(1000);
  assert_int_equal(atomic_load(&came), THREADS * EVENTS);
  assert_int_equal(atomic_load(&answered), THREADS * 167);
  assert_int_equal(atomic_load(&wrong), 0);
  peal_client_stop(client);
  peal_client_free(client);
  fixture_end(&server);
}

/* Nothing else happens behind the last event: no turn of the client's would
 * count again. */
static void who_asks_from_another_thread_sees_that_all_has_left(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  for (int way = 0; way < 2; way++) {
    peal_client_opts opts = fixture_opts(&server);
    opts.transports =
        way ? PEAL_CLIENT_WEBSOCKET_ONLY : PEAL_CLIENT_POLLING_ONLY;
    peal_client *client = fixture_start(&opts);
    peal_client_nsp *nsp = peal_client_of(client, NULL);
    assert_int_equal(peal_client_call(nsp, "echo", PEAL_NO_ARGS, 0, NULL),
                     PEAL_OK);
    for (int round = 0; round < 20; round++) {
      assert_int_equal(peal_client_emit(nsp, "nobody listens", PEAL_NO_ARGS),
                       PEAL_OK);
      usleep(500);
      for (int i = 0; i < 10000 && peal_client_queued_bytes(client); i++)
        usleep(1000);
      assert_int_equal(peal_client_queued_bytes(client), 0);
    }
    peal_client_stop(client);
    peal_client_free(client);
  }
  fixture_end(&server);
}

/* -- calls that wait --------------------------------------------------------- */

static void call_here(peal_client_nsp *nsp, const peal_event *event,
                      void *user) {
  peal_doc *doc = (peal_doc *)user;
  (void)event;
  trace_add("here: %s", peal_err_name(peal_client_call(nsp, "echo",
                                                       PEAL_NO_ARGS, 0, &doc)));
  if (doc)
    trace_add("a document");
}

static void a_call_waits_but_not_for_itself(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  peal_client *client = fixture_client(&opts);
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  peal_doc *doc;
  /* It does not run. */
  assert_int_equal(peal_client_call(nsp, "echo", PEAL_NO_ARGS, 0, &doc),
                   PEAL_ERR_USAGE);
  assert_null(doc);
  assert_int_equal(peal_client_on(nsp, "echo", call_here, NULL), PEAL_OK);
  assert_int_equal(peal_client_start(client), PEAL_OK);
  assert_int_equal(peal_client_call(nsp, "echo",
                                    PEAL_ARGS(peal_int(5), peal_str("six")), 0,
                                    &doc),
                   PEAL_OK);
  assert_int_equal(peal_val_int(peal_val_at(peal_doc_val(doc), 0), 0), 5);
  peal_doc_free(doc);
  assert_int_equal(peal_client_call(nsp, "echo", PEAL_NO_ARGS, 0, NULL),
                   PEAL_OK);
  assert_int_equal(peal_client_call(nsp, "unknown", PEAL_NO_ARGS, 30, &doc),
                   PEAL_ERR_TIMEOUT);
  assert_int_equal(peal_client_call(nsp, "connect", PEAL_NO_ARGS, 30, &doc),
                   PEAL_ERR_RESERVED);
  assert_int_equal(peal_client_emit(nsp, "echo", PEAL_NO_ARGS), PEAL_OK);
  trace_await("here: PEAL_ERR_USAGE\n");
  assert_false(trace_has("a document"));
  peal_client_free(client);
  fixture_end(&server);
}

static void *stop_soon(void *user) {
  usleep(30000);
  peal_client_stop(user);
  return NULL;
}

static void a_call_ends_with_the_run(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  peal_client *client = fixture_start(&opts);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, stop_soon, client), 0);
  assert_int_equal(peal_client_call(peal_client_of(client, NULL), "unknown",
                                    PEAL_NO_ARGS, 0, NULL),
                   PEAL_ERR_CLOSED);
  pthread_join(thread, NULL);
  peal_client_free(client);
  fixture_end(&server);
}

static void the_looping_thread_cannot_wait_for_itself(void **state) {
  (void)state;
  server_fixture server = fixture_serve();
  peal_client_opts opts = fixture_opts(&server);
  peal_client *client = fixture_client(&opts);
  assert_int_equal(peal_workers_begin(peal_client_workers(client)), PEAL_OK);
  assert_int_equal(peal_client_call(peal_client_of(client, NULL), "echo",
                                    PEAL_NO_ARGS, 0, NULL),
                   PEAL_ERR_USAGE);
  peal_client_free(client);
  fixture_end(&server);
}

static void who_posts_too_fast_is_told(void **state) {
  (void)state;
  static char much[60000];
  peal_client_opts opts = {.url = "http://127.0.0.1:1",
                           .max_queue_bytes = 200000};
  peal_client *client;
  assert_int_equal(peal_client_new(&client, &opts, NULL), PEAL_OK);
  peal_client_nsp *nsp = peal_client_of(client, NULL);
  peal_err err = PEAL_OK;
  int sent = 0;
  for (; sent < 100 && !err; sent++)
    err = peal_client_emit(
        nsp, "x", PEAL_ARGS(peal_binary((peal_slice){much, sizeof much})));
  assert_int_equal(err, PEAL_ERR_QUEUE_FULL);
  assert_true(sent > 2 && sent < 10);
  peal_client_free(client);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_threads_events_come_in_its_order),
      cmocka_unit_test(who_asks_from_another_thread_sees_that_all_has_left),
      cmocka_unit_test(a_call_waits_but_not_for_itself),
      cmocka_unit_test(a_call_ends_with_the_run),
      cmocka_unit_test(the_looping_thread_cannot_wait_for_itself),
      cmocka_unit_test(who_posts_too_fast_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
