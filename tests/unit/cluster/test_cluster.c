/* SPDX-License-Identifier: MIT */
/* Nodes of Peal over a real Redis: every verb, text and binary, in each mode. */
#include "cluster_fixture.h"

static sio_client ann, bob;

static void on_call(peal_nsp *nsp, const peal_event *event, void *user) {
  (void)nsp;
  (void)user;
  trace_add("%.*s %zu", PEAL_SFMT(peal_event_name(event)),
            peal_event_args(event).count);
  (void)peal_ack(event, PEAL_ARGS(peal_str("fine")));
}

static void two_nodes(const peal_cluster_opts *opts, unsigned workers) {
  cluster_open(2, opts, workers);
  assert_int_equal(
      peal_on_server_event(nodes[1].it.root, "call", on_call, NULL), PEAL_OK);
  cluster_start();
  cluster_enter(&ann, 0, "room", "Ann");
  cluster_enter(&bob, 1, "room", "Bob");
  /* Until rooms have channels where they are dynamic: nothing may be lost. */
  for (int i = 0; i < 100; i++) {
    assert_int_equal(
        peal_nsp_emit(nodes[0].it.root, PEAL_TO("room"), "ready", PEAL_NO_ARGS),
        PEAL_OK);
    const sio_packet *packet = sio_client_next(&bob, 50);
    if (packet)
      break;
  }
  assert_int_equal(peal_nsp_emit(nodes[0].it.root, NULL, "begin", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_true(sio_client_await(&ann, "42[\"begin\"]"));
  assert_true(sio_client_await(&bob, "42[\"begin\"]"));
}

static void all_gone(void) {
  sio_client_close(&ann);
  sio_client_close(&bob);
  cluster_close();
}

/* -- operations ---------------------------------------------------------------------- */

static void emits_reach_all_once(void) {
  peal_nsp *root = nodes[0].it.root;
  assert_int_equal(peal_nsp_emit(root, NULL, "n",
                                 PEAL_ARGS(peal_int(1), peal_str("\u00fc"))),
                   PEAL_OK);
  assert_true(sio_client_expect(&ann, "42[\"n\",1,\"\u00fc\"]"));
  assert_true(sio_client_expect(&bob, "42[\"n\",1,\"\u00fc\"]"));
  assert_true(sio_client_send(&bob, "42[\"say\",\"room\",{\"a\":[1.5,null]}]"));
  assert_true(sio_client_expect(&ann, "42[\"said\",{\"a\":[1.5,null]}]"));
  assert_true(sio_client_send(&ann, "42[\"say\",\"room\",2]"));
  assert_true(sio_client_expect(&bob, "42[\"said\",2]"));
  assert_int_equal(
      peal_nsp_emit(root,
                    &(peal_to){.rooms = PEAL_ROOMS("room"),
                               .except = PEAL_ROOMS(bob.socket_id)},
                    "not bob", PEAL_NO_ARGS),
      PEAL_OK);
  assert_true(sio_client_expect(&ann, "42[\"not bob\"]"));
  assert_int_equal(
      peal_nsp_emit(root, &(peal_to){.is_local = true}, "here", PEAL_NO_ARGS),
      PEAL_OK);
  assert_true(sio_client_expect(&ann, "42[\"here\"]"));
}

static void binaries_cross(void) {
  static const char bytes[] = "\0\1\2\377";
  peal_val data = peal_binary((peal_slice){bytes, 4});
  assert_int_equal(
      peal_nsp_emit(nodes[0].it.root, PEAL_TO("room"), "bin",
                    PEAL_ARGS(PEAL_OBJECT({"data", data}), peal_int(7))),
      PEAL_OK);
  sio_client *both[] = {&ann, &bob};
  for (int i = 0; i < 2; i++) {
    assert_true(sio_client_expect(
        both[i],
        "451-[\"bin\",{\"data\":{\"_placeholder\":true,\"num\":0}},7]"));
    const sio_packet *packet = sio_client_next(both[i], 5000);
    assert_non_null(packet);
    assert_true(packet->binary);
    assert_int_equal(packet->len, 4);
    assert_memory_equal(packet->data, bytes, 4);
  }
}

static void order_is_kept(void) {
  enum { MANY = 300 };

  char text[32];
  for (int i = 0; i < MANY; i++)
    assert_int_equal(
        peal_nsp_emit(nodes[1].it.root, NULL, "i", PEAL_ARGS(peal_int(i))),
        PEAL_OK);
  for (int i = 0; i < MANY; i++) {
    snprintf(text, sizeof text, "42[\"i\",%d]", i);
    assert_true(sio_client_expect(&ann, text));
    assert_true(sio_client_expect(&bob, text));
  }
}

static void sockets_are_moved(void) {
  peal_nsp *root = nodes[0].it.root;
  const peal_to *far = PEAL_TO(bob.socket_id);
  assert_int_equal(peal_nsp_join(root, far, "moved"), PEAL_OK);
  bool heard = false;
  for (int i = 0; i < 100 && !heard; i++) {
    assert_int_equal(peal_nsp_emit(root, PEAL_TO("moved"), "m", PEAL_NO_ARGS),
                     PEAL_OK);
    heard = sio_client_next(&bob, 50) != NULL;
  }
  assert_true(heard);
  assert_int_equal(peal_nsp_leave(root, far, "moved"), PEAL_OK);
  assert_int_equal(peal_nsp_emit(root, NULL, "left", PEAL_NO_ARGS), PEAL_OK);
  assert_true(sio_client_await(&bob, "42[\"left\"]"));
  assert_true(sio_client_await(&ann, "42[\"left\"]"));
  assert_int_equal(peal_nsp_emit(root, PEAL_TO("moved"), "m", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_true(sio_client_silent(&bob, 50));
}

/* -- questions ------------------------------------------------------------------------ */

static void on_fetched(const peal_fetched *fetched, void *user) {
  (void)user;
  size_t names = 0;
  for (size_t i = 0; i < fetched->sockets.count; i++) {
    peal_val socket = fetched->sockets.items[i];
    names +=
        peal_val_str(peal_val_get(peal_val_get(socket, "data"), "name")).len ==
        3;
  }
  trace_add("err %d count %zu nodes %zu missing %zu list %zu names %zu",
            fetched->err, fetched->count, fetched->nodes, fetched->missing,
            fetched->sockets.count, names);
}

static void everybody_is_counted(void) {
  peal_nsp *root = nodes[0].it.root;
  assert_int_equal(peal_nsp_fetch_count(root, NULL, on_fetched, NULL), PEAL_OK);
  trace_expect("err 0 count 2 nodes 1 missing 0 list 0 names 0\n");
  assert_int_equal(peal_nsp_fetch_ids(root, PEAL_TO("room"), on_fetched, NULL),
                   PEAL_OK);
  trace_expect("err 0 count 2 nodes 1 missing 0 list 2 names 0\n");
  assert_int_equal(peal_nsp_fetch(root, NULL, on_fetched, NULL), PEAL_OK);
  trace_expect("err 0 count 2 nodes 1 missing 0 list 2 names 2\n");
}

static void on_acks(const peal_acks *acks, void *user) {
  (void)user;
  size_t len = 0;
  for (size_t i = 0; i < acks->responses.count; i++)
    len += peal_val_str(acks->responses.items[i]).len;
  trace_add("err %d expected %zu missing %zu of %zu: %zu", acks->err,
            acks->expected, acks->missing, acks->responses.count, len);
}

/* Whatever number it has there. */
static void answer(sio_client *client, const char *text) {
  char reply[64];
  const sio_packet *packet = sio_client_next(client, 5000);
  assert_non_null(packet);
  int digits = (int)strspn(packet->data + 2, "0123456789");
  assert_true(digits > 0);
  snprintf(reply, sizeof reply, "43%.*s[\"%s\"]", digits, packet->data + 2,
           text);
  assert_true(sio_client_send(client, reply));
}

static void acknowledgements_are_gathered(void) {
  assert_int_equal(peal_nsp_emit_ack(nodes[0].it.root, PEAL_TO("room"), "who",
                                     PEAL_NO_ARGS, 8000, on_acks, NULL),
                   PEAL_OK);
  answer(&ann, "Ann");
  answer(&bob, "Bobby");
  trace_expect("err 0 expected 2 missing 0 of 2: 8\n");
}

static void servers_call_one_another(void) {
  assert_int_equal(
      peal_nsp_server_emit(nodes[0].it.root, "call", PEAL_ARGS(peal_int(1))),
      PEAL_OK);
  trace_expect("call 1\n");
  assert_int_equal(peal_nsp_server_emit_ack(nodes[0].it.root, "call",
                                            PEAL_NO_ARGS, 0, on_acks, NULL),
                   PEAL_OK);
  trace_expect("call 0\nerr 0 expected 1 missing 0 of 1: 4\n");
}

/* What `at` knows of a room, or of the namespace, in the end. */
static void expect_presence(size_t at, const char *room, size_t count) {
  peal_cluster_presence presence = {0};
  for (int i = 0; i < 5000; i++) {
    peal_cluster_presence_get(nodes[at].cluster, nodes[at].it.root, room,
                              &presence);
    if (presence.count == count)
      break;
    usleep(1000);
  }
  assert_int_equal(presence.count, count);
  assert_int_equal(presence.nodes, 1);
  assert_int_equal(presence.unknown, 0);
}

static void presence_is_known(void) {
  expect_presence(0, "room", 2);
  expect_presence(1, NULL, 2);
}

static void sockets_of_others_go(void) {
  assert_int_equal(
      peal_nsp_disconnect(nodes[0].it.root, PEAL_TO(bob.socket_id), false),
      PEAL_OK);
  assert_true(sio_client_await(&bob, "41"));
  peal_cluster_stats stats = cluster_stats(&nodes[0]);
  assert_int_equal(stats.dropped_in, 0);
  assert_int_equal(stats.dropped_out, 0);
  assert_int_equal(stats.timeouts, 0);
}

static void every_verb(const peal_cluster_opts *opts, unsigned workers) {
  two_nodes(opts, workers);
  emits_reach_all_once();
  binaries_cross();
  order_is_kept();
  sockets_are_moved();
  everybody_is_counted();
  acknowledgements_are_gathered();
  servers_call_one_another();
  presence_is_known();
  sockets_of_others_go();
  all_gone();
}

static void every_verb_works_in_the_classic_mode(void **state) {
  (void)state;
  every_verb(&(peal_cluster_opts){0}, 1);
}

static void every_verb_works_with_answers_on_channels_of_their_own(
    void **state) {
  (void)state;
  every_verb(&(peal_cluster_opts){.specific_responses = true}, 1);
}

static void every_verb_works_with_several_workers(void **state) {
  (void)state;
  every_verb(&(peal_cluster_opts){0}, 4);
}

static void every_verb_works_in_the_sharded_mode(void **state) {
  (void)state;
  static const peal_cluster_subscriptions all[] = {
      PEAL_CLUSTER_DYNAMIC, PEAL_CLUSTER_STATIC, PEAL_CLUSTER_DYNAMIC_PRIVATE};
  for (int i = 0; i < 3; i++)
    every_verb(&(peal_cluster_opts){.mode = PEAL_CLUSTER_SHARDED,
                                    .subscriptions = all[i]},
               1);
}

static void every_verb_works_over_streams(void **state) {
  (void)state;
  every_verb(&(peal_cluster_opts){.mode = PEAL_CLUSTER_STREAMS}, 1);
  every_verb(&(peal_cluster_opts){.mode = PEAL_CLUSTER_STREAMS}, 2);
}

static void every_verb_works_beside_python(void **state) {
  (void)state;
  every_verb(&(peal_cluster_opts){.python = true}, 1);
  every_verb(&(peal_cluster_opts){.python = true, .relay = true}, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_verb_works_in_the_classic_mode),
      cmocka_unit_test(every_verb_works_with_answers_on_channels_of_their_own),
      cmocka_unit_test(every_verb_works_with_several_workers),
      cmocka_unit_test(every_verb_works_in_the_sharded_mode),
      cmocka_unit_test(every_verb_works_over_streams),
      cmocka_unit_test(every_verb_works_beside_python)};
  return cmocka_run_group_tests(tests, cluster_group_up, cluster_group_down);
}
