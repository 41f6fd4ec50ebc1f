/* SPDX-License-Identifier: MIT */
/* Namespaces that clients make, on nodes that share a Redis. */
#include <peal/namespaces.h>
#include <peal/rooms.h>

#include "cluster_fixture.h"

static peal_nsp *parents[2];

static void two_nodes_with_parents(const peal_cluster_opts *opts) {
  peal_server_opts server = server_opts();
  server.cleanup_empty_namespaces = true;
  node_count = 2;
  for (size_t i = 0; i < 2; i++) {
    cluster_make_with(&nodes[i], opts, 2, &server);
    parents[i] = peal_server_of_pattern(nodes[i].it.server, "^/d");
    assert_non_null(parents[i]);
    assert_int_equal(peal_on(parents[i], "enter", cluster_on_enter, NULL),
                     PEAL_OK);
  }
  cluster_start();
}

static void join(sio_client *client, size_t at, const char *nsp) {
  char text[64];
  assert_true(sio_client_open(client, nodes[at].it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(client, nsp, NULL));
  snprintf(text, sizeof text, "42%s,1[\"enter\",\"r\",\"x\"]", nsp);
  assert_true(sio_client_send(client, text));
  snprintf(text, sizeof text, "43%s,1[]", nsp);
  assert_true(sio_client_expect(client, text));
}

/* A namespace that is new on a node is subscribed to: from some time on what the
 * other one says comes. */
static void hears(sio_client *client, size_t from, const char *event,
                  const char *packet) {
  for (int i = 0; i < 500; i++) {
    assert_int_equal(peal_nsp_emit(parents[from], NULL, event, PEAL_NO_ARGS),
                     PEAL_OK);
    const sio_packet *got = sio_client_next(client, 20);
    if (got && strcmp(got->data, packet) == 0)
      return;
  }
  fail_msg("no %s", packet);
}

static void on_rooms(const peal_fetched *fetched, void *user) {
  (void)user;
  for (size_t i = 0; i < fetched->count; i++) {
    peal_val one = fetched->sockets.items[i];
    peal_slice name = peal_val_str(peal_val_get(one, "room"));
    trace_add("%.*s %lld", PEAL_SFMT(name),
              (long long)peal_val_int(peal_val_get(one, "count"), -1));
  }
  trace_add("%zu of %zu nodes more", fetched->nodes - fetched->missing,
            fetched->nodes);
}

static void children_come_and_go(const peal_cluster_opts *opts) {
  sio_client ann, bob;
  two_nodes_with_parents(opts);
  for (int i = 0; i < 3; i++) { /* they end, and come again */
    join(&ann, 0, "/d1");
    join(&bob, 1, "/d1");
    hears(&bob, 0, "hi", "42/d1,[\"hi\"]");
    hears(&ann, 1, "ho", "42/d1,[\"ho\"]");
    peal_nsp *d1 = peal_server_find(nodes[0].it.server, "/d1");
    assert_non_null(d1);
    trace_clear();
    assert_int_equal(peal_nsp_rooms(d1, NULL, on_rooms, NULL), PEAL_OK);
    trace_expect("r 2\n1 of 1 nodes more\n");
    assert_int_equal(
        peal_nsp_rooms(d1, &(peal_to){.is_local = true}, on_rooms, NULL),
        PEAL_OK);
    trace_expect("r 1\n0 of 0 nodes more\n");
    peal_nsp_unref(d1);
    sio_client_close(&ann);
    sio_client_close(&bob);
    for (size_t k = 0; k < 2; k++)
      for (int n = 0; n < 5000 && peal_nsp_child_count(parents[k]); n++)
        usleep(1000);
    assert_int_equal(peal_nsp_child_count(parents[0]), 0);
    assert_int_equal(peal_nsp_child_count(parents[1]), 0);
  }
  cluster_close();
}

static void children_are_heard_on_all_nodes(void **state) {
  (void)state;
  children_come_and_go(&(peal_cluster_opts){0});
}

static void the_same_with_channels_of_rooms(void **state) {
  (void)state;
  children_come_and_go(&(peal_cluster_opts){.mode = PEAL_CLUSTER_SHARDED});
}

/* reference 1.6: a parent reaches the children that its own node has. */
static void a_parent_reaches_its_own_nodes_children_alone(void **state) {
  (void)state;
  sio_client bob;
  two_nodes_with_parents(&(peal_cluster_opts){0});
  join(&bob, 1, "/d1");
  assert_int_equal(peal_nsp_emit(parents[0], NULL, "far", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_int_equal(peal_nsp_emit(parents[1], NULL, "near", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_true(sio_client_expect(&bob, "42/d1,[\"near\"]"));
  sio_client_close(&bob);
  cluster_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(children_are_heard_on_all_nodes),
      cmocka_unit_test(the_same_with_channels_of_rooms),
      cmocka_unit_test(a_parent_reaches_its_own_nodes_children_alone)};
  return cmocka_run_group_tests(tests, cluster_group_up, cluster_group_down);
}
