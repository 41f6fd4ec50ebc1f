/* SPDX-License-Identifier: MIT */
/* What is kept while Redis is away, by option, and what of it arrives. */
#include "cluster_pair.h"

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

static void what_is_kept_is_sent_when_redis_is_back(void **state) {
  (void)state;
  char text[32];
  two_nodes(&(peal_cluster_opts){.queue_bytes = 1 << 20});
  cut("kept 0");
  for (int i = 1; i < 20; i++) {
    snprintf(text, sizeof text, "kept %d", i);
    say(0, text);
  }
  back();
  for (int i = 0; i < 20; i++) {
    snprintf(text, sizeof text, "42[\"kept %d\"]", i);
    assert_true(sio_client_await(&ann, text));
    assert_true(sio_client_expect(&bob, text));
  }
  assert_true(sio_client_silent(&bob, 50));
  all_gone();
}

/* Far beyond what is kept: the first of it is, the rest is counted. */
static void no_more_is_kept_than_was_said(void **state) {
  (void)state;

  enum { MANY = 400 };

  char text[32];
  two_nodes(&(peal_cluster_opts){.queue_bytes = 8192});
  cut("kept 0");
  for (int i = 1; i < MANY; i++) {
    snprintf(text, sizeof text, "kept %d", i);
    say(0, text);
  }
  snprintf(text, sizeof text, "42[\"kept %d\"]", MANY - 1);
  assert_true(sio_client_await(&ann, text));
  back();
  assert_true(sio_client_expect(&bob, "42[\"kept 0\"]"));
  assert_true(cluster_stats(&nodes[0]).dropped_out > MANY / 4);
  say(0, "end");
  both_hear("42[\"end\"]");
  all_gone();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_kept_is_sent_when_redis_is_back),
      cmocka_unit_test(no_more_is_kept_than_was_said)};
  return cmocka_run_group_tests(tests, cluster_group_up, cluster_group_down);
}
