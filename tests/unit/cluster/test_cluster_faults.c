/* SPDX-License-Identifier: MIT */
/* Nodes whose Redis is not there, goes, and comes back; what anybody may write
 * into it. */
#include "cluster_pair.h"
#include "server/server_impl.h"

static void on_fetched(const peal_fetched *fetched, void *user) {
  (void)user;
  trace_add("err %d count %zu known %d", fetched->err, fetched->count,
            fetched->missing != PEAL_MISSING_UNKNOWN);
}

/* What is here, and that it is not all. */
static void questions_answer_at_once(void) {
  char text[64];
  snprintf(text, sizeof text, "err %d count 1 known 0\n", PEAL_ERR_CLOSED);
  assert_int_equal(
      peal_nsp_fetch_count(nodes[0].it.root, NULL, on_fetched, NULL), PEAL_OK);
  trace_expect(text);
  assert_int_equal(peal_nsp_fetch(nodes[0].it.root, NULL, on_fetched, NULL),
                   PEAL_OK);
  trace_expect(text);
}

static void a_node_begins_without_redis_and_joins_when_it_comes(void **state) {
  (void)state;
  redis_server_kill(&cluster_redis);
  cluster_open(2, &(peal_cluster_opts){0}, 2);
  for (size_t i = 0; i < 2; i++)
    server_run(&nodes[i].it);
  cluster_enter(&ann, 0, "room", "Ann");
  say(0, "alone");
  assert_true(sio_client_await(&ann, "42[\"alone\"]"));
  questions_answer_at_once();
  assert_int_equal(cluster_stats(&nodes[0]).state, PEAL_CLUSTER_DOWN);
  redis_server_run(&cluster_redis);
  for (size_t i = 0; i < 2; i++)
    assert_true(cluster_is(&nodes[i], PEAL_CLUSTER_UP, 1));
  cluster_enter(&bob, 1, "room", "Bob");
  say(1, "together");
  both_hear("42[\"together\"]");
  assert_int_equal(cluster_stats(&nodes[0]).reconnects, 0);
  all_gone();
}

/* Another cut, behind which both are in it again. */
static void cut(const char *event) {
  redis_server_kill(&cluster_redis);
  for (size_t i = 0; i < 2; i++)
    assert_true(cluster_is(&nodes[i], PEAL_CLUSTER_DOWN,
                           (size_t)cluster_stats(&nodes[i]).nodes));
  say(0, event);
}

static void back(void) {
  redis_server_run(&cluster_redis);
  for (size_t i = 0; i < 2; i++)
    assert_true(cluster_is(&nodes[i], PEAL_CLUSTER_UP, 1));
}

static void without_redis_everything_goes_on_here(void **state) {
  (void)state;
  two_nodes(&(peal_cluster_opts){0});
  say(0, "before");
  both_hear("42[\"before\"]");
  cut("meanwhile");
  assert_true(sio_client_await(&ann, "42[\"meanwhile\"]"));
  questions_answer_at_once();
  back();
  assert_true(cluster_stats(&nodes[0]).dropped_out > 0);
  assert_int_equal(cluster_stats(&nodes[0]).reconnects, 1);
  say(0, "after");
  assert_true(sio_client_expect(&ann, "42[\"after\"]"));
  assert_true(sio_client_expect(&bob, "42[\"after\"]"));
  all_gone();
}

static void on_node(peal_cluster *cluster, const peal_cluster_node *node,
                    bool joined, void *user) {
  (void)cluster;
  (void)user;
  assert_int_equal(strlen(node->id), 16);
  assert_true(node->since_ms >= node->heard_ms);
  assert_true(joined || node->since_ms > 0);
  trace_add("%s", joined ? "joined" : "left");
}

static void each(const peal_cluster_node *node, void *user) {
  assert_int_equal(strlen(node->id), 16);
  assert_string_equal(node->id, user);
}

static void a_node_that_ends_says_so(void **state) {
  (void)state;
  char id[32];
  node_count = 2;
  cluster_make(&nodes[0], &(peal_cluster_opts){.on_node = on_node}, 1);
  cluster_make(&nodes[1], &(peal_cluster_opts){0}, 1);
  cluster_start();
  trace_expect("joined\n");
  snprintf(id, sizeof id, "%s", peal_cluster_id(nodes[1].cluster));
  assert_int_equal(peal_cluster_nodes(nodes[0].cluster, each, id), 1);
  cluster_end(&nodes[1]);
  assert_true(cluster_is(&nodes[0], PEAL_CLUSTER_UP, 0));
  trace_expect("left\n");
  cluster_end(&nodes[0]);
}

/* Every channel that a node hears, and words of no form. */
static void what_anybody_writes_is_dropped(void **state) {
  (void)state;
  static const char *const lines[] = {
      "PUBLISH socket.io#/# garbage",
      "PUBLISH socket.io#/#room# \"\\x93\"",
      "PUBLISH socket.io-request#/# \"{\\\"type\\\":5}\"",
      "PUBLISH socket.io-request#/# {}",
      "PUBLISH socket.io-request#/# "
      "\"{\\\"type\\\":99,\\\"uid\\\":\\\"x\\\"}\"",
      "PUBLISH socket.io-response#/# \"{\\\"requestId\\\":\\\"none\\\"}\"",
      "PUBLISH socket.io-response#/# [",
      "PUBLISH socket.io-peal# garbage",
      "PUBLISH flask-socketio \"{\\\"method\\\":\\\"emit\\\"}\"",
      "PUBLISH flask-socketio null"};
  two_nodes(&(peal_cluster_opts){.python = true});
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
    redis_say(&cluster_redis, lines[i], ":2");
  say(0, "still");
  both_hear("42[\"still\"]");
  assert_true(cluster_stats(&nodes[1]).dropped_in >= 5);
  all_gone();
}

static void what_makes_no_sense_is_refused(void **state) {
  (void)state;
  static const peal_cluster_opts none[] = {
      {.url = "http://x"},
      {.url = "redis://x", .no_node = true},
      {.url = "redis://x", .relay = true},
      {.url = "redis://x",
       .relay = true,
       .python = true,
       .mode = PEAL_CLUSTER_SHARDED},
      {.url = "redis://x", .stream_count = 17},
      {.url = "redis://x", .reserved = {1}}};
  server_fixture it = server_make(NULL);
  for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
    assert_null(peal_cluster_new(it.server, &none[i]));
  assert_null(peal_cluster_new(NULL, NULL));
  unsetenv("PEAL_REDIS_URL");
  peal_cluster *local = peal_cluster_new(it.server, NULL);
  peal_cluster_stats stats;
  assert_non_null(local);
  peal_cluster_stats_get(local, &stats);
  assert_int_equal(stats.state, PEAL_CLUSTER_LOCAL);
  assert_null(it.server->adapter);
  peal_cluster_free(local);
  peal_cluster_free(NULL);
  /* Made, and never run. */
  peal_cluster *never = peal_cluster_new(
      it.server, &(peal_cluster_opts){.url = "redis://127.0.0.1:1"});
  assert_non_null(never);
  assert_null(peal_cluster_new(
      it.server, &(peal_cluster_opts){.url = "redis://127.0.0.1:1"}));
  assert_int_equal(peal_nsp_emit(it.root, NULL, "x", PEAL_NO_ARGS), PEAL_OK);
  peal_cluster_free(never);
  server_free(&it);
}

/* Nobody is left to say goodbye to. */
static void a_node_ends_though_redis_is_gone(void **state) {
  (void)state;
  struct timespec before, after;
  two_nodes(&(peal_cluster_opts){.queue_bytes = 4096});
  cut("kept");
  assert_true(sio_client_await(&ann, "42[\"kept\"]"));
  clock_gettime(CLOCK_MONOTONIC, &before);
  all_gone();
  clock_gettime(CLOCK_MONOTONIC, &after);
  assert_true(after.tv_sec - before.tv_sec < 6);
  redis_server_run(&cluster_redis);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_makes_no_sense_is_refused),
      cmocka_unit_test(a_node_begins_without_redis_and_joins_when_it_comes),
      cmocka_unit_test(without_redis_everything_goes_on_here),
      cmocka_unit_test(a_node_that_ends_says_so),
      cmocka_unit_test(what_anybody_writes_is_dropped),
      cmocka_unit_test(a_node_ends_though_redis_is_gone)};
  return cmocka_run_group_tests(tests, cluster_group_up, cluster_group_down);
}
