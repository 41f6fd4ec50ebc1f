/* SPDX-License-Identifier: MIT */
/* A server with an adapter: what goes to other nodes, what does not, and how
 * their answers come together with its own. */
#include <peal/events.h>

#include "near_bus.h"

/* -- what clients do -------------------------------------------------------------- */

static void on_enter(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  assert_int_equal(peal_join(socket, peal_event_str(event, 0)), PEAL_OK);
  (void)peal_socket_set_data(socket,
                             PEAL_OBJECT({"name", peal_event_arg(event, 1)}));
  (void)peal_ack(event, PEAL_NO_ARGS);
}

static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  const char *room = peal_event_str(event, 0);
  (void)user;
  assert_int_equal(peal_emit_to(socket, PEAL_TO(room), "said",
                                PEAL_ARGS(peal_event_arg(event, 1))),
                   PEAL_OK);
}

static void set_up(unsigned workers) {
  near_make(workers);
  peal_nsp *roots[] = {near_a.it.root, near_b.it.root};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(peal_on(roots[i], "enter", on_enter, NULL), PEAL_OK);
    assert_int_equal(peal_on(roots[i], "say", on_say, NULL), PEAL_OK);
  }
}

static sio_client on_a, on_b;

/* One client on each, in one room. */
static void both_enter(void) {
  sio_client *clients[] = {&on_a, &on_b};
  near_node *nodes[] = {&near_a, &near_b};
  for (int i = 0; i < 2; i++) {
    assert_true(sio_client_start(clients[i], nodes[i]->it.port, SIO_WEBSOCKET));
    assert_true(
        sio_client_send(clients[i], i ? "421[\"enter\",\"room\",\"Bob\"]"
                                      : "421[\"enter\",\"room\",\"Ann\"]"));
    assert_true(sio_client_expect(clients[i], "431[]"));
  }
}

static void both_leave(void) {
  sio_client_close(&on_a);
  sio_client_close(&on_b);
  assert_true(server_has_sockets(&near_a.it, 0));
  assert_true(server_has_sockets(&near_b.it, 0));
  near_stop();
}

static void run_both(unsigned workers) {
  set_up(workers);
  near_start();
  both_enter();
}

/* -- operations ---------------------------------------------------------------------- */

static void everybody_hears_a_broadcast(unsigned workers) {
  run_both(workers);
  assert_int_equal(
      peal_nsp_emit(near_a.it.root, NULL, "news", PEAL_ARGS(peal_int(1))),
      PEAL_OK);
  assert_true(sio_client_expect(&on_a, "42[\"news\",1]"));
  assert_true(sio_client_expect(&on_b, "42[\"news\",1]"));
  /* To others: not to who says it. */
  assert_true(sio_client_send(&on_b, "42[\"say\",\"room\",2]"));
  assert_true(sio_client_expect(&on_a, "42[\"said\",2]"));
  assert_true(sio_client_send(&on_a, "42[\"say\",\"room\",3]"));
  assert_true(sio_client_expect(&on_b, "42[\"said\",3]"));
  assert_true(sio_client_silent(&on_a, 50));
  both_leave();
}

static void a_broadcast_reaches_clients_of_all_nodes_once(void **state) {
  (void)state;
  everybody_hears_a_broadcast(1);
}

static void a_broadcast_crosses_nodes_and_workers(void **state) {
  (void)state;
  everybody_hears_a_broadcast(4);
}

static void what_is_local_stays(void **state) {
  (void)state;
  run_both(1);
  assert_int_equal(peal_nsp_emit(near_a.it.root, &(peal_to){.is_local = true},
                                 "here", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_int_equal(near_a.published, 0);
  assert_true(sio_client_expect(&on_a, "42[\"here\"]"));
  assert_true(sio_client_silent(&on_b, 50));
  both_leave();
}

static void on_nobody(const peal_fetched *fetched, void *user) {
  assert_int_equal(fetched->err, PEAL_OK);
  assert_int_equal(fetched->count, 0);
  atomic_fetch_add((atomic_int *)user, 1);
}

/* No dialect of Node can say "nobody": who asked would wait for its answer. */
static void nobody_is_not_asked_elsewhere(void **state) {
  (void)state;
  static const char *const none[] = {NULL};
  const peal_slice unused = PEAL_S("room");
  const peal_to to[] = {{.rooms = none}, {.room_names = {&unused, 0}}};
  atomic_int told = 0;
  run_both(1);
  for (int i = 0; i < 2; i++) {
    peal_nsp *root = near_a.it.root;
    assert_int_equal(peal_nsp_emit(root, &to[i], "x", PEAL_NO_ARGS), PEAL_OK);
    assert_int_equal(peal_nsp_fetch(root, &to[i], on_nobody, &told), PEAL_OK);
    assert_int_equal(peal_nsp_fetch_ids(root, &to[i], on_nobody, &told),
                     PEAL_OK);
  }
  for (int i = 0; i < 500 && atomic_load(&told) < 4; i++)
    usleep(10000);
  assert_int_equal(atomic_load(&told), 4);
  assert_int_equal(near_a.published, 0);
  assert_int_equal(near_a.questions, 0);
  both_leave();
}

static void attachments_cross(void **state) {
  (void)state;
  run_both(2);
  assert_int_equal(peal_nsp_emit(near_a.it.root, PEAL_TO("room"), "file",
                                 PEAL_ARGS(peal_binary(PEAL_S("bytes")))),
                   PEAL_OK);
  const sio_packet *packet;
  assert_true(sio_client_expect(
      &on_b, "451-[\"file\",{\"_placeholder\":true,\"num\":0}]"));
  packet = sio_client_next(&on_b, 5000);
  assert_non_null(packet);
  assert_true(packet->binary);
  assert_memory_equal(packet->data, "bytes", 5);
  both_leave();
}

static void sockets_of_other_nodes_join_leave_and_go(void **state) {
  (void)state;
  run_both(1);
  peal_nsp *root = near_a.it.root;
  const peal_to *bob = PEAL_TO(on_b.socket_id);
  assert_int_equal(peal_nsp_join(root, bob, "far"), PEAL_OK);
  assert_int_equal(peal_nsp_emit(root, PEAL_TO("far"), "x", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_true(sio_client_expect(&on_b, "42[\"x\"]"));
  assert_int_equal(peal_nsp_leave(root, bob, "far"), PEAL_OK);
  assert_int_equal(peal_nsp_emit(root, PEAL_TO("far"), "y", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_int_equal(peal_nsp_disconnect(root, bob, false), PEAL_OK);
  assert_true(sio_client_expect(&on_b, "41"));
  both_leave();
}

/* -- asking -------------------------------------------------------------------------- */

/* Whose half comes first is nobody's promise. */
static void trace_sorted(const peal_slice *names, size_t count) {
  static const char *const all[] = {"Ann", "Bob", "fine", "late"};
  for (size_t i = 0; i < 4; i++)
    for (size_t j = 0; j < count; j++)
      if (peal_slice_is(names[j], all[i]))
        trace_add("%s", all[i]);
}

static void on_fetched(const peal_fetched *fetched, void *user) {
  (void)user;
  trace_add("err %d count %zu nodes %zu missing %zu list %zu", fetched->err,
            fetched->count, fetched->nodes, fetched->missing,
            fetched->sockets.count);
  peal_slice names[2];
  size_t named = 0;
  for (size_t i = 0; i < fetched->sockets.count; i++) {
    peal_val socket = fetched->sockets.items[i];
    peal_val shake = peal_val_get(socket, "handshake");
    if (!peal_val_is(socket, PEAL_OBJECT))
      continue;
    assert_int_equal(peal_val_str(peal_val_get(socket, "id")).len, 20);
    assert_true(peal_slice_is(peal_val_str(peal_val_get(shake, "address")),
                              "127.0.0.1"));
    assert_true(peal_val_is(peal_val_get(shake, "headers"), PEAL_OBJECT));
    assert_true(peal_slice_is(
        peal_val_str(peal_val_get(peal_val_get(shake, "query"), "EIO")), "4"));
    assert_false(peal_val_bool(peal_val_get(shake, "secure"), true));
    assert_true(peal_val_int(peal_val_get(shake, "issued"), 0) > 0);
    assert_int_equal(peal_val_get(socket, "rooms").len, 2);
    assert_true(named < 2);
    names[named++] =
        peal_val_str(peal_val_get(peal_val_get(socket, "data"), "name"));
  }
  trace_sorted(names, named);
}

static void on_members(peal_err err, size_t count, peal_args ids, void *user) {
  (void)user;
  trace_add("err %d count %zu ids %zu", err, count, ids.count);
}

static void counting_and_fetching(unsigned workers) {
  run_both(workers);
  peal_nsp *root = near_a.it.root;
  assert_int_equal(peal_nsp_count(root, NULL, on_members, NULL), PEAL_OK);
  trace_expect("err 0 count 2 ids 0\n");
  assert_int_equal(peal_nsp_members(root, PEAL_TO("room"), on_members, NULL),
                   PEAL_OK);
  trace_expect("err 0 count 2 ids 2\n");
  assert_int_equal(peal_nsp_fetch_count(root, NULL, on_fetched, NULL), PEAL_OK);
  trace_expect("err 0 count 2 nodes 1 missing 0 list 0\n");
  assert_int_equal(peal_nsp_fetch_ids(root, NULL, on_fetched, NULL), PEAL_OK);
  trace_expect("err 0 count 2 nodes 1 missing 0 list 2\n");
  assert_int_equal(peal_nsp_fetch(root, PEAL_TO("room"), on_fetched, NULL),
                   PEAL_OK);
  trace_expect("err 0 count 2 nodes 1 missing 0 list 2\nAnn\nBob\n");
  assert_int_equal(peal_nsp_fetch(root, PEAL_TO("empty"), on_fetched, NULL),
                   PEAL_OK);
  trace_expect("err 0 count 0 nodes 1 missing 0 list 0\n");
  assert_int_equal(
      peal_nsp_fetch(root, &(peal_to){.is_local = true}, on_fetched, NULL),
      PEAL_OK);
  trace_expect("err 0 count 1 nodes 0 missing 0 list 1\nAnn\n");
  both_leave();
}

static void sockets_of_all_nodes_are_counted_and_fetched(void **state) {
  (void)state;
  counting_and_fetching(1);
  counting_and_fetching(4);
}

static void who_is_missing_is_said(void **state) {
  (void)state;
  run_both(1);
  near_b.silent = true;
  char text[100];
  snprintf(text, sizeof text, "err %d count 1 nodes 1 missing 1 list 0\n",
           PEAL_ERR_TIMEOUT);
  assert_int_equal(peal_nsp_fetch_count(near_a.it.root, NULL, on_fetched, NULL),
                   PEAL_OK);
  trace_expect(text);
  snprintf(text, sizeof text, "err %d count 1 ids 1\n", PEAL_ERR_TIMEOUT);
  assert_int_equal(peal_nsp_members(near_a.it.root, NULL, on_members, NULL),
                   PEAL_OK);
  trace_expect(text);
  near_b.silent = false;
  both_leave();
}

static void on_acks(const peal_acks *acks, void *user) {
  (void)user;
  trace_add("err %d expected %zu missing %zu", acks->err, acks->expected,
            acks->missing);
  peal_slice names[2];
  assert_true(acks->responses.count <= 2);
  for (size_t i = 0; i < acks->responses.count; i++)
    names[i] = peal_val_str(acks->responses.items[i]);
  trace_sorted(names, acks->responses.count);
}

static void acknowledgements_come_from_all_nodes(void **state) {
  (void)state;
  for (unsigned workers = 1; workers <= 4; workers += 3) {
    run_both(workers);
    assert_int_equal(peal_nsp_emit_ack(near_a.it.root, NULL, "who",
                                       PEAL_NO_ARGS, 5000, on_acks, NULL),
                     PEAL_OK);
    const sio_packet *packet = sio_client_next(&on_a, 5000);
    assert_non_null(packet);
    assert_true(sio_client_send(&on_a, "430[\"Ann\"]"));
    packet = sio_client_next(&on_b, 5000);
    assert_non_null(packet);
    assert_true(sio_client_send(&on_b, "430[\"Bob\",\"and more\"]"));
    trace_expect("err 0 expected 2 missing 0\nAnn\nBob\n");
    both_leave();
  }
}

/* A thread of A waits for a client of B, and for nobody. */
typedef struct waiter {
  const char *id;
  peal_err err;
  peal_doc *answer;
} waiter;

static void *wait_for(void *user) {
  waiter *it = user;
  it->err = peal_nsp_call(near_a.it.root, it->id, "who", PEAL_NO_ARGS, 5000,
                          &it->answer);
  return NULL;
}

static void a_thread_calls_a_client_of_another_node(void **state) {
  (void)state;
  for (unsigned workers = 1; workers <= 4; workers += 3) {
    pthread_t thread;
    run_both(workers);
    waiter bob = {.id = on_b.socket_id}, nobody = {.id = "nobody"};
    assert_int_equal(pthread_create(&thread, NULL, wait_for, &bob), 0);
    assert_non_null(sio_client_next(&on_b, 5000));
    assert_true(sio_client_send(&on_b, "430[\"Bob\",\"and more\"]"));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(bob.err, PEAL_OK);
    peal_val all = peal_doc_val(bob.answer);
    assert_int_equal(all.len, 1); /* the first alone crosses */
    assert_true(peal_slice_is(peal_val_str(peal_val_at(all, 0)), "Bob"));
    peal_doc_free(bob.answer);
    (void)wait_for(&nobody);
    assert_int_equal(nobody.err, PEAL_ERR_CLOSED);
    assert_null(nobody.answer);
    both_leave();
  }
}

/* -- between servers ------------------------------------------------------------------- */

static void on_call(peal_nsp *nsp, const peal_event *event, void *user) {
  (void)user;
  assert_ptr_equal(nsp, near_b.it.root);
  /* No error handler is for those of other nodes. */
  assert_int_equal(peal_event_fail(event, PEAL_ERR_IO, NULL), PEAL_ERR_USAGE);
  trace_add("%.*s %zu %d", PEAL_SFMT(peal_event_name(event)),
            peal_event_args(event).count, peal_event_wants_ack(event));
  (void)peal_ack(event, PEAL_ARGS(peal_str("fine")));
}

static void on_call_later(peal_nsp *nsp, const peal_event *event, void *user) {
  (void)nsp;
  (void)user;
  assert_int_equal(
      peal_reply_send(peal_ack_later(event), PEAL_ARGS(peal_str("late"))),
      PEAL_OK);
}

static void servers_speak_to_one_another(void **state) {
  (void)state;
  set_up(2);
  peal_nsp *root = near_a.it.root, *far = near_b.it.root;
  assert_int_equal(peal_on_server_event(far, "ask", on_call, NULL), PEAL_OK);
  assert_int_equal(peal_on_server_event(far, "later", on_call_later, NULL),
                   PEAL_OK);
  near_start();
  assert_int_equal(
      peal_nsp_server_emit(root, "ask", PEAL_ARGS(peal_int(1), peal_int(2))),
      PEAL_OK);
  trace_expect("ask 2 0\n");
  assert_int_equal(
      peal_nsp_server_emit_ack(root, "ask", PEAL_NO_ARGS, 0, on_acks, NULL),
      PEAL_OK);
  trace_expect("ask 0 1\nerr 0 expected 1 missing 0\nfine\n");
  assert_int_equal(
      peal_nsp_server_emit_ack(root, "later", PEAL_NO_ARGS, 0, on_acks, NULL),
      PEAL_OK);
  trace_expect("err 0 expected 1 missing 0\nlate\n");
  assert_int_equal(peal_off_server_event(far, "ask", on_call, NULL), PEAL_OK);
  assert_int_equal(peal_nsp_server_emit(root, "ask", PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(peal_nsp_server_emit(root, "connection", PEAL_NO_ARGS),
                   PEAL_ERR_RESERVED);
  near_stop();
  trace_expect("");
}

/* -- an adapter that says when ------------------------------------------------------------ */

static peal_err greet(peal_socket *socket, void *user) {
  (void)user;
  return peal_emit_to(socket, &(peal_to){.with_self = true}, "welcome",
                      PEAL_NO_ARGS);
}

static void operations_run_when_the_adapter_says_so(void **state) {
  (void)state;
  set_up(1);
  near_a.adapter.orders = near_b.adapter.orders = true;
  assert_int_equal(peal_on_connect(near_a.it.root, greet, NULL), PEAL_OK);
  near_start();
  assert_true(sio_client_start(&on_b, near_b.it.port, SIO_WEBSOCKET));
  assert_true(sio_client_start(&on_a, near_a.it.port, SIO_WEBSOCKET));
  assert_true(sio_client_expect(&on_a, "42[\"welcome\"]"));
  assert_true(sio_client_expect(&on_b, "42[\"welcome\"]"));
  assert_int_equal(peal_nsp_emit(near_a.it.root, NULL, "x", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_true(sio_client_expect(&on_a, "42[\"x\"]"));
  assert_true(sio_client_expect(&on_b, "42[\"x\"]"));
  assert_int_equal(peal_nsp_disconnect(near_b.it.root, NULL, false), PEAL_OK);
  assert_true(sio_client_expect(&on_a, "41"));
  assert_true(sio_client_expect(&on_b, "41"));
  both_leave();
}

/* -- alone --------------------------------------------------------------------------------- */

static void without_an_adapter_there_is_nobody_else(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_int_equal(peal_on(it.root, "enter", on_enter, NULL), PEAL_OK);
  server_run(&it);
  assert_true(sio_client_start(&on_a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&on_a, "421[\"enter\",\"room\",\"Ann\"]"));
  assert_true(sio_client_expect(&on_a, "431[]"));
  assert_int_equal(peal_nsp_fetch(it.root, NULL, on_fetched, NULL), PEAL_OK);
  trace_expect("err 0 count 1 nodes 0 missing 0 list 1\nAnn\n");
  assert_int_equal(peal_nsp_server_emit(it.root, "x", PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(
      peal_nsp_server_emit_ack(it.root, "x", PEAL_NO_ARGS, 0, on_acks, NULL),
      PEAL_OK);
  trace_expect("err 0 expected 0 missing 0\n");
  sio_client_close(&on_a);
  assert_true(server_has_sockets(&it, 0));
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_broadcast_reaches_clients_of_all_nodes_once),
      cmocka_unit_test(a_broadcast_crosses_nodes_and_workers),
      cmocka_unit_test(what_is_local_stays),
      cmocka_unit_test(nobody_is_not_asked_elsewhere),
      cmocka_unit_test(attachments_cross),
      cmocka_unit_test(sockets_of_other_nodes_join_leave_and_go),
      cmocka_unit_test(sockets_of_all_nodes_are_counted_and_fetched),
      cmocka_unit_test(who_is_missing_is_said),
      cmocka_unit_test(acknowledgements_come_from_all_nodes),
      cmocka_unit_test(a_thread_calls_a_client_of_another_node),
      cmocka_unit_test(servers_speak_to_one_another),
      cmocka_unit_test(operations_run_when_the_adapter_says_so),
      cmocka_unit_test(without_an_adapter_there_is_nobody_else)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
