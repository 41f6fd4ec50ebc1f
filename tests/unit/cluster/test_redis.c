/* SPDX-License-Identifier: MIT */
#include "redis_fixture.h"

static redis_server server;

/* What was published on a channel comes to who subscribes to it. */
static void expect(redis_scene *it, int count, const char *got) {
  assert_true(net_wait(&it->messages, count));
  net_sync(it->worker);
  assert_string_equal(it->got, got);
}

/* Confirmed by the server: it counts them. */
static void await_count(redis_scene *it, peal_redis_way way,
                        const char *channel, int64_t count) {
  int64_t is = -2;
  for (int i = 0; i < 2000 && is != count; i++)
    is = redis_count(it, way, channel);
  assert_int_equal(is, count);
}

static void what_is_published_comes_to_who_subscribes(void **state) {
  redis_scene it;
  (void)state;
  redis_scene_open(&it, &server);
  assert_true(redis_look(&it).version >= 70000);
  redis_subscribe(&it, PEAL_REDIS_CHANNEL, "a");
  redis_subscribe(&it, PEAL_REDIS_PATTERN, "b#*");
  redis_subscribe(&it, PEAL_REDIS_SHARD, "c");
  await_count(&it, PEAL_REDIS_CHANNEL, "a", 1);
  await_count(&it, PEAL_REDIS_SHARD, "c", 1);
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "a", "one"), PEAL_OK);
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "b#1", ""), PEAL_OK);
  assert_int_equal(redis_publish(&it, PEAL_REDIS_SHARD, "c", "3"), PEAL_OK);
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "d", "4"), PEAL_OK);
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "a", "5"), PEAL_OK);
  expect(&it, 4, "C  a one\nP b#* b#1 \nS  c 3\nC  a 5\n");
  redis_scene_close(&it);
}

static void a_channel_is_counted_as_often_as_it_is_wanted(void **state) {
  redis_scene it;
  (void)state;
  redis_scene_open(&it, &server);
  for (int i = 0; i < 3; i++)
    redis_subscribe(&it, PEAL_REDIS_CHANNEL, "n");
  await_count(&it, PEAL_REDIS_CHANNEL, "n", 1);
  redis_unsubscribe(&it, PEAL_REDIS_CHANNEL, "n");
  redis_unsubscribe(&it, PEAL_REDIS_CHANNEL, "n");
  redis_unsubscribe(&it, PEAL_REDIS_CHANNEL, "other");
  assert_int_equal(redis_count(&it, PEAL_REDIS_CHANNEL, "n"), 1);
  redis_unsubscribe(&it, PEAL_REDIS_CHANNEL, "n");
  await_count(&it, PEAL_REDIS_CHANNEL, "n", 0);
  redis_unsubscribe(&it, PEAL_REDIS_CHANNEL, "n");
  /* To and fro, faster than it is answered. */
  for (int i = 0; i < 101; i++) {
    redis_subscribe(&it, PEAL_REDIS_SHARD, "n");
    if (i < 100)
      redis_unsubscribe(&it, PEAL_REDIS_SHARD, "n");
  }
  await_count(&it, PEAL_REDIS_SHARD, "n", 1);
  redis_unsubscribe(&it, PEAL_REDIS_SHARD, "n");
  await_count(&it, PEAL_REDIS_SHARD, "n", 0);
  redis_scene_close(&it);
}

static void thousands_of_channels_are_taken_in_turn(void **state) {
  redis_scene it;
  char name[16];
  (void)state;
  redis_scene_open(&it, &server);
  for (int i = 0; i < 3000; i++) {
    snprintf(name, sizeof(name), "many%d", i);
    redis_subscribe(&it, PEAL_REDIS_SHARD, name);
  }
  await_count(&it, PEAL_REDIS_SHARD, "many2999", 1);
  for (int i = 0; i < 3000; i++) {
    snprintf(name, sizeof(name), "many%d", i);
    redis_unsubscribe(&it, PEAL_REDIS_SHARD, name);
  }
  await_count(&it, PEAL_REDIS_SHARD, "many2999", 0);
  redis_scene_close(&it);
}

static void commands_are_answered(void **state) {
  redis_scene it;
  (void)state;
  redis_scene_open(&it, &server);
  assert_int_equal(redis_command(&it, NULL, "SET k v EX 60"), PEAL_OK);
  assert_string_equal(it.answer, "OK");
  assert_int_equal(redis_command(&it, "k", "GETDEL k"), PEAL_OK);
  assert_string_equal(it.answer, "v");
  assert_int_equal(redis_command(&it, "k", "GET k"), PEAL_OK);
  assert_string_equal(it.answer, "");
  assert_int_equal(redis_command(&it, "k", "SET k"), PEAL_ERR_REFUSED);
  assert_non_null(strstr(it.answer, "wrong number of arguments"));
  assert_int_equal(redis_command(&it, NULL, "CLIENT GETNAME"), PEAL_OK);
  assert_string_equal(it.answer, "peal");
  redis_scene_close(&it);
}

/* What waits does so beside the others. */
static void a_command_that_waits_holds_up_no_other(void **state) {
  redis_scene it;
  (void)state;
  redis_scene_open(&it, &server);
  it.wait_ms = 20000;
  assert_int_equal(
      redis_begin_command(&it, "s", "XREAD BLOCK 20000 STREAMS s $"), PEAL_OK);
  assert_int_equal(
      redis_begin_command(&it, "t", "XREAD BLOCK 20000 STREAMS t $"), PEAL_OK);
  redis_await(&server, "INFO clients", "blocked_clients:2");
  it.wait_ms = 0;
  assert_int_equal(redis_command(&it, NULL, "XADD s * a b"), PEAL_OK);
  assert_true(net_wait(&it.answers, 2));
  redis_await(&server, "INFO clients", "blocked_clients:1");
  /* The connection is used again, and no more than 16 are made. */
  it.wait_ms = 20000;
  for (int i = 0; i < 15; i++)
    assert_int_equal(
        redis_begin_command(&it, "u", "XREAD BLOCK 20000 STREAMS u $"),
        PEAL_OK);
  redis_await(&server, "INFO clients", "blocked_clients:16");
  assert_int_equal(
      redis_begin_command(&it, "u", "XREAD BLOCK 20000 STREAMS u $"),
      PEAL_ERR_LIMIT);
  assert_int_equal(atomic_load(&it.answers), 2);
  redis_scene_close(&it); /* those that wait end */
  assert_int_equal(atomic_load(&it.answers), 18);
  assert_int_equal(it.answer_err, PEAL_ERR_CLOSED);
}

static void a_socket_and_a_database_are_used(void **state) {
  redis_scene it;
  (void)state;
  redis_scene_set(&it);
  snprintf(it.url, sizeof(it.url), "unix:%s/socket?db=3&client_name=me",
           server.folder);
  redis_scene_connect(&it);
  redis_scene_await_up(&it, 1);
  assert_int_equal(redis_command(&it, NULL, "CLIENT INFO"), PEAL_OK);
  assert_non_null(strstr(it.answer, " db=3 "));
  assert_non_null(strstr(it.answer, " name=me "));
  redis_scene_close(&it);
}

static void a_database_that_is_not_there_is_said(void **state) {
  redis_scene it;
  (void)state;
  redis_scene_set(&it);
  snprintf(it.url, sizeof(it.url), "redis://127.0.0.1:%u/99", server.port);
  redis_scene_connect(&it);
  assert_true(net_wait(&it.lines, 1));
  assert_true(redis_log_has(&it, "DB index is out of range"));
  redis_scene_close(&it);
}

static void what_is_wrong_with_the_url_is_said_at_once(void **state) {
  redis_scene it;
  (void)state;
  redis_scene_set(&it);
  snprintf(it.url, sizeof(it.url), "http://:secret@h");
  net_on_worker(it.worker, redis_new_on, &it);
  assert_int_equal(it.err, PEAL_ERR_OPTION);
  assert_null(it.redis);
  assert_non_null(strstr(it.why, "the scheme must be redis"));
  assert_null(strstr(it.why, "secret"));
  snprintf(it.url, sizeof(it.url), "rediss://h?ssl_ca_certs=/no/such");
  net_on_worker(it.worker, redis_new_on, &it);
  assert_int_equal(it.err, PEAL_ERR_TLS);
  assert_non_null(strstr(it.why, "/no/such"));
  redis_scene_close(&it);
}

/* Of a run that ends: what was published just before is published. */
static void finish_on(peal_worker *worker, void *user) {
  redis_scene *it = user;
  (void)worker;
  for (int i = 0; i < 100; i++)
    assert_int_equal(peal_redis_publish(it->redis, PEAL_REDIS_CHANNEL,
                                        PEAL_S("last"), PEAL_S("words")),
                     PEAL_OK);
  peal_redis_finish(it->redis);
  assert_int_equal(peal_redis_publish(it->redis, PEAL_REDIS_CHANNEL,
                                      PEAL_S("last"), PEAL_S("more")),
                   PEAL_ERR_CLOSED);
  peal_redis_finish(it->redis);
}

static void what_waits_is_sent_before_the_end(void **state) {
  redis_scene it, other;
  (void)state;
  redis_scene_open(&it, &server);
  redis_scene_open(&other, &server);
  redis_subscribe(&other, PEAL_REDIS_CHANNEL, "last");
  await_count(&it, PEAL_REDIS_CHANNEL, "last", 1);
  net_on_worker(it.worker, finish_on, &it);
  assert_true(net_wait(&other.messages, 100));
  redis_scene_close(&it);
  redis_scene_close(&other);
}

static void free_in_message(redis_scene *it) {
  it->free_in_message = true;
  redis_subscribe(it, PEAL_REDIS_CHANNEL, "f");
  await_count(it, PEAL_REDIS_CHANNEL, "f", 1);
  redis_say(&server, "PUBLISH f x\r\nPUBLISH f y", ":1");
  assert_true(net_wait(&it->messages, 1));
}

static void free_in_answer(redis_scene *it) {
  it->free_in_answer = true;
  (void)redis_command(it, NULL, "PING");
}

static void it_may_be_freed_in_each_of_its_callbacks(void **state) {
  redis_scene it;
  (void)state;
  redis_scene_open(&it, &server);
  free_in_message(&it);
  net_sync(it.worker);
  assert_int_equal(atomic_load(&it.messages), 1);
  redis_scene_close(&it);
  redis_scene_open(&it, &server);
  free_in_answer(&it);
  redis_scene_close(&it);
  redis_scene_set(&it);
  snprintf(it.url, sizeof(it.url), "redis://127.0.0.1:%u", server.port);
  it.free_in_state = true;
  redis_scene_connect(&it);
  redis_scene_await_up(&it, 1);
  redis_scene_close(&it);
  /* At once, before anything has been connected. */
  redis_scene_set(&it);
  snprintf(it.url, sizeof(it.url), "redis://127.0.0.1:%u", server.port);
  redis_scene_connect(&it);
  redis_scene_close(&it);
}

static int open_server(void **state) {
  (void)state;
  redis_server_open(&server);
  return 0;
}

static int close_server(void **state) {
  (void)state;
  redis_server_close(&server);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_published_comes_to_who_subscribes),
      cmocka_unit_test(a_channel_is_counted_as_often_as_it_is_wanted),
      cmocka_unit_test(thousands_of_channels_are_taken_in_turn),
      cmocka_unit_test(commands_are_answered),
      cmocka_unit_test(a_command_that_waits_holds_up_no_other),
      cmocka_unit_test(a_socket_and_a_database_are_used),
      cmocka_unit_test(a_database_that_is_not_there_is_said),
      cmocka_unit_test(what_is_wrong_with_the_url_is_said_at_once),
      cmocka_unit_test(what_waits_is_sent_before_the_end),
      cmocka_unit_test(it_may_be_freed_in_each_of_its_callbacks),
  };
  return cmocka_run_group_tests(tests, open_server, close_server);
}
