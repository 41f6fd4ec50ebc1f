/* SPDX-License-Identifier: MIT */
#include <dirent.h>

#include "redis_fixture.h"

/* What goes wrong with a server, and that it is got over. */

static unsigned open_files(void) {
  unsigned count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (readdir(folder))
    count++;
  closedir(folder);
  return count;
}

static unsigned log_count(redis_scene *it, const char *words) {
  unsigned count = 0;
  pthread_mutex_lock(&it->lock);
  for (const char *at = it->log; (at = strstr(at, words)); at++)
    count++;
  pthread_mutex_unlock(&it->lock);
  return count;
}

static void set_url(redis_scene *it, const redis_server *server,
                    const char *user) {
  snprintf(it->url, sizeof(it->url), "redis://%s127.0.0.1:%u", user,
           server->port);
}

static void it_starts_without_redis_and_joins_when_it_comes(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  redis_server_set(&server);
  redis_scene_set(&it);
  set_url(&it, &server, "");
  redis_scene_connect(&it);
  redis_subscribe(&it, PEAL_REDIS_CHANNEL, "early");
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "early", "lost"),
                   PEAL_ERR_CLOSED);
  assert_int_equal(redis_command(&it, NULL, "PING"), PEAL_ERR_CLOSED);
  assert_true(net_wait(&it.lines, 1));
  uv_sleep(200); /* it tries some times more, and says nothing of them */
  redis_server_run(&server);
  redis_scene_await_up(&it, 1);
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "early", "got"),
                   PEAL_OK);
  assert_true(net_wait(&it.messages, 1));
  net_sync(it.worker);
  assert_string_equal(it.got, "C  early got\n");
  assert_int_equal(log_count(&it, "tried again"), 1);
  assert_true(redis_log_has(&it, "connected to redis://127.0.0.1:"));
  assert_int_equal(atomic_load(&it.downs), 0);
  redis_scene_close(&it);
  redis_server_close(&server);
}

/* It is subscribed to again before it is said to be up. */
static void a_server_that_is_killed_is_found_again(void **state) {
  redis_server server;
  redis_scene it;
  unsigned files;
  (void)state;
  redis_server_open(&server);
  redis_scene_open(&it, &server);
  redis_subscribe(&it, PEAL_REDIS_CHANNEL, "a");
  redis_subscribe(&it, PEAL_REDIS_PATTERN, "p*");
  redis_subscribe(&it, PEAL_REDIS_SHARD, "s");
  files = open_files();
  for (int i = 1; i <= 3; i++) {
    redis_server_kill(&server);
    assert_true(net_wait(&it.downs, i));
    redis_server_run(&server);
    redis_scene_await_up(&it, i + 1);
    assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "a", "x"), PEAL_OK);
    assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "p1", "x"),
                     PEAL_OK);
    assert_int_equal(redis_publish(&it, PEAL_REDIS_SHARD, "s", "x"), PEAL_OK);
    assert_true(net_wait(&it.messages, 3 * i));
  }
  net_sync(it.worker);
  assert_string_equal(it.got, "C  a x\nP p* p1 x\nS  s x\n"
                              "C  a x\nP p* p1 x\nS  s x\n"
                              "C  a x\nP p* p1 x\nS  s x\n");
  assert_int_equal(open_files(), files);
  assert_true(it.words[0]);
  redis_scene_close(&it);
  redis_server_close(&server);
}

static void what_was_asked_ends_once_when_it_is_killed(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  redis_server_open(&server);
  redis_scene_open(&it, &server);
  kill(server.pid, SIGSTOP);
  for (int i = 0; i < 50; i++)
    assert_int_equal(redis_begin_command(&it, NULL, "PING"), PEAL_OK);
  redis_server_kill(&server);
  assert_true(net_wait(&it.answers, 50));
  assert_true(net_wait(&it.downs, 1));
  net_sync(it.worker);
  assert_int_equal(atomic_load(&it.answers), 50);
  assert_int_equal(it.answer_err, PEAL_ERR_CLOSED);
  redis_scene_close(&it);
  assert_int_equal(atomic_load(&it.answers), 50);
  redis_server_close(&server);
}

static void await_published(redis_scene *it, uint64_t count) {
  peal_redis_figures figures = {0};
  for (int i = 0; i < 10000 && figures.published < count; i++) {
    figures = redis_look(it).figures;
    uv_sleep(1);
  }
  assert_int_equal(figures.published, count);
  assert_int_equal(figures.waiting_bytes, 0);
}

/* While it is away, up to the ceiling. */
static void what_is_kept_is_sent_when_it_is_back(void **state) {
  redis_server server;
  redis_scene it;
  peal_redis_figures figures;
  unsigned kept = 0;
  (void)state;
  redis_server_open(&server);
  redis_scene_set(&it);
  it.opts.keep = true;
  it.opts.max_queue_bytes = 20000;
  set_url(&it, &server, "");
  redis_scene_connect(&it);
  redis_scene_await_up(&it, 1);
  redis_server_kill(&server);
  assert_true(net_wait(&it.downs, 1));
  while (kept < 1000 &&
         redis_publish(&it, PEAL_REDIS_CHANNEL, "k", "text") == PEAL_OK)
    kept++;
  assert_int_equal(it.err, PEAL_ERR_QUEUE_FULL);
  assert_in_range(kept, 50, 200);
  redis_server_run(&server);
  redis_scene_await_up(&it, 2);
  await_published(&it, kept);
  figures = redis_look(&it).figures;
  assert_int_equal(figures.dropped, 1);
  assert_int_equal(figures.outages, 1);
  redis_scene_close(&it);
  redis_server_close(&server);
}

/* Nothing is told by its end: only silence. */
static void a_server_that_is_frozen_is_noticed_and_found_again(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  redis_server_open(&server);
  redis_scene_set(&it);
  it.opts.idle_ms = 100;
  it.opts.connect_ms = 200;
  set_url(&it, &server, "");
  redis_scene_connect(&it);
  redis_scene_await_up(&it, 1);
  redis_subscribe(&it, PEAL_REDIS_CHANNEL, "a");
  kill(server.pid, SIGSTOP);
  assert_true(net_wait(&it.downs, 1));
  net_sync(it.worker);
  assert_non_null(strstr(it.words, "has not answered"));
  kill(server.pid, SIGCONT);
  redis_scene_await_up(&it, 2);
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "a", "x"), PEAL_OK);
  assert_true(net_wait(&it.messages, 1));
  redis_scene_close(&it);
  redis_server_close(&server);
}

/* A live one is asked now and then, and stays. */
static void silence_alone_cuts_nothing(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  redis_server_open(&server);
  redis_scene_set(&it);
  it.opts.idle_ms = 50;
  set_url(&it, &server, "");
  redis_scene_connect(&it);
  redis_scene_await_up(&it, 1);
  redis_await(&server, "INFO commandstats", "cmdstat_ping:calls=4");
  assert_int_equal(redis_command(&it, NULL, "ECHO x"), PEAL_OK);
  it.wait_ms = 300; /* longer than silence is borne otherwise */
  assert_int_equal(redis_command(&it, "s", "XREAD BLOCK 300 STREAMS s $"),
                   PEAL_OK);
  assert_int_equal(atomic_load(&it.downs), 0);
  redis_scene_close(&it);
  redis_server_close(&server);
}

static void publish_until_full(peal_worker *worker, void *user) {
  static char large[100000];
  redis_scene *it = user;
  (void)worker;
  memset(large, 'x', sizeof(large));
  it->count = 0;
  do {
    it->err = peal_redis_publish(it->redis, PEAL_REDIS_CHANNEL, PEAL_S("slow"),
                                 (peal_slice){large, sizeof(large)});
    it->count++;
  } while (!it->err);
}

/* What it does not take is bounded, and what has no room is counted. */
static void a_slow_server_fills_a_queue_and_no_memory(void **state) {
  redis_server server;
  redis_scene it;
  peal_redis_figures figures;
  (void)state;
  redis_server_open(&server);
  redis_scene_set(&it);
  it.opts.max_queue_bytes = 3000000;
  set_url(&it, &server, "");
  redis_scene_connect(&it);
  redis_scene_await_up(&it, 1);
  kill(server.pid, SIGSTOP);
  net_on_worker(it.worker, publish_until_full, &it);
  assert_int_equal(it.err, PEAL_ERR_QUEUE_FULL);
  assert_int_equal(it.count, 30);
  figures = redis_look(&it).figures;
  assert_int_equal(figures.dropped, 1);
  assert_in_range(figures.waiting_bytes, 2900000, 3010000);
  kill(server.pid, SIGCONT);
  await_published(&it, 29);
  assert_int_equal(atomic_load(&it.downs), 0);
  redis_scene_close(&it);
  redis_server_close(&server);
}

/* Redis cuts a subscriber whose output grows too long. */
static void a_slow_subscriber_is_cut_and_subscribes_again(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  redis_server_open(&server);
  redis_scene_open(&it, &server);
  redis_subscribe(&it, PEAL_REDIS_CHANNEL, "a");
  assert_int_equal(redis_count(&it, PEAL_REDIS_CHANNEL, "a"), 1);
  redis_say(&server, "CLIENT KILL TYPE pubsub", ":1");
  assert_true(net_wait(&it.downs, 1));
  redis_scene_await_up(&it, 2);
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "a", "x"), PEAL_OK);
  assert_true(net_wait(&it.messages, 1));
  redis_say(&server, "CONFIG SET client-output-buffer-limit \"pubsub 1 0 0\"",
            "OK");
  char command[20100];
  memset(command, 'y', sizeof(command));
  memcpy(command, "PUBLISH a ", 10);
  command[20050] = 0;
  redis_say(&server, command, ":");
  assert_true(net_wait(&it.downs, 2));
  redis_say(&server,
            "CONFIG SET client-output-buffer-limit \"pubsub 32mb 8mb 60\"",
            "OK");
  redis_scene_await_up(&it, 3);
  redis_scene_close(&it);
  redis_server_close(&server);
}

static void a_full_server_says_so(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  redis_server_open(&server);
  redis_scene_open(&it, &server);
  redis_subscribe(&it, PEAL_REDIS_CHANNEL, "a");
  redis_say(&server, "CONFIG SET maxmemory 1", "OK");
  assert_int_equal(redis_command(&it, "s", "XADD s * a b"), PEAL_ERR_REFUSED);
  assert_non_null(strstr(it.answer, "OOM"));
  /* Messages need no memory that is counted. */
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "a", "x"), PEAL_OK);
  assert_true(net_wait(&it.messages, 1));
  assert_int_equal(atomic_load(&it.downs), 0);
  redis_scene_close(&it);
  redis_server_close(&server);
}

static void a_master_that_becomes_a_replica_is_left(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  redis_server_open(&server);
  redis_scene_open(&it, &server);
  redis_say(&server, "REPLICAOF 127.0.0.1 1", "OK");
  assert_int_equal(redis_command(&it, "k", "SET k v"), PEAL_ERR_REFUSED);
  assert_non_null(strstr(it.answer, "READONLY"));
  assert_true(net_wait(&it.downs, 1));
  net_sync(it.worker);
  assert_non_null(strstr(it.words, "replica"));
  redis_say(&server, "REPLICAOF NO ONE", "OK");
  redis_scene_await_up(&it, 2);
  assert_int_equal(redis_command(&it, "k", "SET k v"), PEAL_OK);
  redis_scene_close(&it);
  redis_server_close(&server);
}

static void a_server_that_lets_nobody_in_is_said_and_tried_again(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  redis_server_open(&server);
  redis_say(&server, "CONFIG SET maxclients 1", "OK");
  int holder = net_connect(server.port);
  net_send_str(holder, "PING\r\n");
  assert_true(net_readable(holder, 5000));
  redis_scene_set(&it);
  set_url(&it, &server, "");
  redis_scene_connect(&it);
  assert_true(net_wait(&it.lines, 1));
  assert_true(redis_log_has(&it, "max number of clients"));
  close(holder);
  redis_await(&server, "CONFIG SET maxclients 100", "OK");
  redis_scene_await_up(&it, 1);
  redis_scene_close(&it);
  redis_server_close(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_starts_without_redis_and_joins_when_it_comes),
      cmocka_unit_test(a_server_that_is_killed_is_found_again),
      cmocka_unit_test(what_was_asked_ends_once_when_it_is_killed),
      cmocka_unit_test(what_is_kept_is_sent_when_it_is_back),
      cmocka_unit_test(a_server_that_is_frozen_is_noticed_and_found_again),
      cmocka_unit_test(silence_alone_cuts_nothing),
      cmocka_unit_test(a_slow_server_fills_a_queue_and_no_memory),
      cmocka_unit_test(a_slow_subscriber_is_cut_and_subscribes_again),
      cmocka_unit_test(a_full_server_says_so),
      cmocka_unit_test(a_master_that_becomes_a_replica_is_left),
      cmocka_unit_test(a_server_that_lets_nobody_in_is_said_and_tried_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
