/* SPDX-License-Identifier: MIT */
/* Memory runs out at every single allocation of what a node says and is asked:
 * others may miss it, but what was asked is answered once, the node goes on, and
 * everything is given back. */
#include "cluster_fixture.h"
#include "shared_torture.h"

static shared_torture torn;
static atomic_int expected, told;

static void on_fetched(const peal_fetched *fetched, void *user) {
  (void)fetched;
  (void)user;
  atomic_fetch_add(&told, 1);
}

static void on_acks(const peal_acks *acks, void *user) {
  (void)acks;
  (void)user;
  atomic_fetch_add(&told, 1);
}

static void expect(peal_err err) {
  if (!err)
    atomic_fetch_add(&expected, 1);
  else
    assert_true(err == PEAL_ERR_NOMEM);
}

static void on_call(peal_nsp *nsp, const peal_event *event, void *user) {
  (void)nsp;
  (void)user;
  (void)peal_ack(event, PEAL_ARGS(peal_str("fine")));
}

/* A node that asks, and one that is asked: the first is torn. */
static void speak(peal_nsp *root) {
  (void)peal_nsp_emit(root, PEAL_TO("room"), "x",
                      PEAL_ARGS(peal_binary(PEAL_S("bytes")), peal_int(1)));
  (void)peal_nsp_join(root, PEAL_TO("room"), "other");
  (void)peal_nsp_leave(root, PEAL_TO("room"), "other");
  (void)peal_nsp_server_emit(root, "call", PEAL_ARGS(peal_int(1)));
  /* Answered when the others have had what stands before it. */
  expect(peal_nsp_fetch_count(root, NULL, on_fetched, NULL));
}

static void ask(peal_nsp *root) {
  expect(peal_nsp_fetch(root, NULL, on_fetched, NULL));
  expect(peal_nsp_fetch_ids(root, NULL, on_fetched, NULL));
  expect(peal_nsp_fetch_count(root, NULL, on_fetched, NULL));
  expect(
      peal_nsp_server_emit_ack(root, "call", PEAL_NO_ARGS, 100, on_acks, NULL));
  expect(peal_nsp_emit_ack(root, PEAL_TO("none"), "q", PEAL_NO_ARGS, 100,
                           on_acks, NULL));
}

/* All that was asked has been answered. */
static void all_told(size_t n) {
  for (int i = 0; i < 10000 && told != expected; i++)
    usleep(1000);
  if (told != expected)
    fail_msg("allocation %zu failing: %d of %d answers", n, told, expected);
}

static bool try_one(void (*step)(peal_nsp *), size_t at, size_t n) {
  arm(&torn, n);
  step(nodes[at].it.root);
  all_told(n);
  bool failed = disarm(&torn);
  for (size_t i = 0; i < 2; i++)
    assert_true(cluster_is(&nodes[i], PEAL_CLUSTER_UP, 1));
  return failed;
}

/* It still says what it has to say. */
static void is_heard(void) {
  sio_client client;
  cluster_enter(&client, 1, "heard", "Eve");
  for (int i = 0; i < 2; i++)
    assert_int_equal(peal_nsp_emit(nodes[(size_t)i].it.root, PEAL_TO("heard"),
                                   "h", PEAL_NO_ARGS),
                     PEAL_OK);
  assert_true(sio_client_await(&client, "42[\"h\"]"));
  assert_true(sio_client_await(&client, "42[\"h\"]"));
  sio_client_close(&client);
}

static void run(void (*step)(peal_nsp *), size_t at) {
  size_t n = 1;
  while (n < 400 && try_one(step, at, n))
    n++;
  print_message("%zu allocations\n", n - 1);
  assert_in_range(n, 2, 399);
  is_heard();
}

static void nobody_is_left_without_an_answer(void **state) {
  (void)state;
  sio_client ann, bob;
  shared_init(&torn);
  peal_server_opts opts = server_opts();
  opts.mem = &torn.mem;
  opts.log.level = PEAL_LOG_ERROR;
  node_count = 2;
  cluster_make_with(&nodes[0], &(peal_cluster_opts){.request_timeout_ms = 100},
                    1, &opts);
  cluster_make(&nodes[1], &(peal_cluster_opts){.request_timeout_ms = 100}, 1);
  for (size_t i = 0; i < 2; i++)
    assert_int_equal(
        peal_on_server_event(nodes[i].it.root, "call", on_call, NULL), PEAL_OK);
  cluster_start();
  cluster_enter(&ann, 0, "room", "Ann");
  cluster_enter(&bob, 1, "room", "Bob");
  run(speak, 0);
  run(ask, 0);
  run(speak, 1);
  run(ask, 1);
  sio_client_close(&ann);
  sio_client_close(&bob);
  cluster_close();
  assert_int_equal(torn.torture.live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nobody_is_left_without_an_answer)};
  return cmocka_run_group_tests(tests, cluster_group_up, cluster_group_down);
}
