/* SPDX-License-Identifier: MIT */
#include "redis_fixture.h"

/* A master, its replica, and one Sentinel that watches over them. */
typedef struct guarded {
  redis_server master, replica, sentinel;
  char port[16], replicates[32];
} guarded;

static void write_conf(const guarded *it, const char *password) {
  char path[96];
  snprintf(path, sizeof(path), "%s/conf", it->sentinel.folder);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fprintf(file,
          "port %u\nbind 127.0.0.1\ndir %s\nlogfile %s/log\n%s%s\n"
          "sentinel monitor orders 127.0.0.1 %u 1\n"
          "sentinel down-after-milliseconds orders 200\n"
          "sentinel failover-timeout orders 5000\n",
          it->sentinel.port, it->sentinel.folder, it->sentinel.folder,
          password ? "requirepass " : "", password ? password : "",
          it->master.port);
  fclose(file);
}

static void open_guarded(guarded *it, const char *password) {
  redis_server_set(&it->master);
  it->master.args[0] = "--repl-diskless-sync-delay";
  it->master.args[1] = "0";
  redis_server_run(&it->master);
  redis_server_set(&it->replica);
  snprintf(it->replicates, sizeof(it->replicates), "127.0.0.1 %u",
           it->master.port);
  it->replica.args[0] = "--replicaof";
  it->replica.args[1] = it->replicates;
  redis_server_run(&it->replica);
  redis_await(&it->master, "INFO replication", "state=online");
  redis_server_set(&it->sentinel);
  it->sentinel.is_sentinel = true;
  write_conf(it, password);
  redis_server_run(&it->sentinel);
}

static void close_guarded(guarded *it) {
  redis_server_close(&it->sentinel);
  redis_server_close(&it->replica);
  redis_server_close(&it->master);
}

static void connect_by(redis_scene *it, const char *format, unsigned a,
                       unsigned b) {
  redis_scene_set(it);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(it->url, sizeof(it->url), format, a, b);
#pragma GCC diagnostic pop
  redis_scene_connect(it);
}

/* Who is the master may change while nobody looks: it is followed, and what was
 * subscribed to is there. */
static void a_failover_is_followed(void **state) {
  guarded g;
  redis_scene it;
  (void)state;
  open_guarded(&g, NULL);
  /* The first that is named is not there. */
  connect_by(&it, "redis+sentinel://127.0.0.1:%u,127.0.0.1:%u/orders",
             redis_free_port(), g.sentinel.port);
  redis_scene_await_up(&it, 1);
  assert_int_equal(redis_command(&it, NULL, "SET k v"), PEAL_OK);
  redis_subscribe(&it, PEAL_REDIS_CHANNEL, "a");
  redis_await(&g.sentinel, "SENTINEL replicas orders", "127.0.0.1");
  redis_await(&g.replica, "GET k", "v");
  redis_server_kill(&g.master);
  assert_true(net_wait(&it.downs, 1));
  redis_scene_await_up(&it, 2);
  redis_say(&g.replica, "ROLE", "master");
  assert_int_equal(redis_command(&it, NULL, "GET k"), PEAL_OK);
  assert_string_equal(it.answer, "v");
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "a", "x"), PEAL_OK);
  assert_true(net_wait(&it.messages, 1));
  redis_scene_close(&it);
  close_guarded(&g);
}

/* The old master lives on as a replica: a switch that was ordered. */
static void a_switch_that_is_told_is_followed_at_once(void **state) {
  guarded g;
  redis_scene it;
  (void)state;
  open_guarded(&g, "word");
  connect_by(&it, "redis+sentinel://127.0.0.1:%u/orders?sentinel_password=word",
             g.sentinel.port, 0);
  redis_scene_await_up(&it, 1);
  redis_subscribe(&it, PEAL_REDIS_CHANNEL, "a");
  redis_await(&g.sentinel, "AUTH word\r\nSENTINEL failover orders",
              "+OK\r\n+OK");
  redis_await(&g.replica, "PUBSUB NUMSUB a", ":1");
  redis_scene_await_up(&it, 2);
  assert_int_equal(redis_command(&it, NULL, "SET here 1"), PEAL_OK);
  redis_say(&g.replica, "GET here", "$1\r\n1");
  redis_scene_close(&it);
  close_guarded(&g);
}

static void what_sentinels_do_not_know_is_said(void **state) {
  guarded g;
  redis_scene it;
  (void)state;
  open_guarded(&g, NULL);
  connect_by(&it, "redis+sentinel://127.0.0.1:%u/pizza", g.sentinel.port, 0);
  assert_true(net_wait(&it.lines, 1));
  assert_true(redis_log_has(&it, "it knows no master \"pizza\""));
  redis_scene_close(&it);
  connect_by(&it, "redis+sentinel://127.0.0.1:%u,127.0.0.1:%u/pizza",
             redis_free_port(), redis_free_port());
  assert_true(net_wait(&it.lines, 1));
  assert_true(redis_log_has(&it, "Sentinel 127.0.0.1:"));
  redis_scene_close(&it);
  close_guarded(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_failover_is_followed),
      cmocka_unit_test(a_switch_that_is_told_is_followed_at_once),
      cmocka_unit_test(what_sentinels_do_not_know_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
