/* SPDX-License-Identifier: MIT */
/* An emitter at a real Redis: what it takes it delivers, or says that it does
 * not, through outages and ceilings, from any thread. */
#include <stdatomic.h>

#include <peal/emitter.h>

#include "redis_fixture.h"

static redis_server redis;
static char url[64];

static int begin(void **state) {
  (void)state;
  redis_server_open(&redis);
  snprintf(url, sizeof url, "redis://127.0.0.1:%u", redis.port);
  return 0;
}

static int end(void **state) {
  (void)state;
  redis_server_close(&redis);
  return 0;
}

/* What an emitter told. */
typedef struct told {
  atomic_int fine, closed, refused, other;
  atomic_bool frees;
  char text[320]; /* of the last one that was refused */
} told;

static void on_problem(peal_emitter *emitter,
                       const peal_emitter_problem *problem, void *user) {
  told *it = user;
  if (problem->err == PEAL_ERR_REFUSED)
    snprintf(it->text, sizeof it->text, "%s", problem->text);
  atomic_fetch_add(problem->err == PEAL_OK            ? &it->fine
                   : problem->err == PEAL_ERR_CLOSED  ? &it->closed
                   : problem->err == PEAL_ERR_REFUSED ? &it->refused
                                                      : &it->other,
                   1);
  assert_int_equal(peal_emitter_flush(emitter, 1000), PEAL_ERR_USAGE);
  if (atomic_exchange(&it->frees, false))
    peal_emitter_free(emitter);
}

static peal_emitter *make(peal_emitter_opts opts, told *user) {
  peal_emitter *emitter = NULL;
  peal_emitter_problem why = {0};
  opts.url = opts.url ? opts.url : url;
  if (user) {
    opts.on_problem = on_problem;
    opts.user = user;
  }
  if (peal_emitter_new(&emitter, &opts, &why))
    fail_msg("%s", why.text);
  return emitter;
}

static const peal_emitter_opts streams = {.dialect = PEAL_EMITTER_STREAMS};

static peal_emitter_stats stats_of(peal_emitter *emitter) {
  peal_emitter_stats stats;
  peal_emitter_stats_get(emitter, &stats);
  return stats;
}

static peal_err emit(peal_emitter *emitter, int64_t n) {
  return peal_emitter_emit(emitter, "/", NULL, "n", PEAL_ARGS(peal_int(n)));
}

static void assert_stored(const char *count) {
  redis_say(&redis, "XLEN socket.io", count);
  redis_say(&redis, "DEL socket.io", ":");
}

/* -- options ------------------------------------------------------------------ */

static void assert_refused(const peal_emitter_opts *opts, const char *words) {
  peal_emitter *emitter = (peal_emitter *)&redis;
  peal_emitter_problem why = {0};
  assert_int_equal(peal_emitter_new(&emitter, opts, &why), PEAL_ERR_OPTION);
  assert_null(emitter);
  assert_int_equal(why.err, PEAL_ERR_OPTION);
  if (!strstr(why.text, words))
    fail_msg("\"%s\" says nothing of \"%s\"", why.text, words);
  assert_null(strstr(why.text, "secret"));
}

static void options_that_cannot_be_are_refused_in_words(void **state) {
  (void)state;
  unsetenv("PEAL_REDIS_URL");
  assert_refused(NULL, "PEAL_REDIS_URL");
  assert_refused(&(peal_emitter_opts){.url = ""}, "PEAL_REDIS_URL");
  assert_refused(&(peal_emitter_opts){.url = "http://:secret@a"}, "");
  assert_refused(&(peal_emitter_opts){.url = "redis://:secret@a:b"}, "");
  assert_refused(&(peal_emitter_opts){.url = url, .dialect = 9}, "dialect");
  assert_refused(&(peal_emitter_opts){.url = url, .rooms = 9}, "rooms");
  assert_refused(&(peal_emitter_opts){.url = url, .stream_count = 17}, "16");
  assert_refused(
      &(peal_emitter_opts){.url = url, .ca_file = "a", .tls_insecure = true},
      "ca_file");
  assert_refused(&(peal_emitter_opts){.url = url, .reserved = {1}},
                 "does not know");
  assert_int_equal(peal_emitter_new(NULL, &streams, NULL), PEAL_ERR_USAGE);
}

static void the_environment_says_where(void **state) {
  (void)state;
  peal_emitter *emitter = NULL;
  setenv("PEAL_REDIS_URL", url, 1);
  assert_int_equal(peal_emitter_new(&emitter, &streams, NULL), PEAL_OK);
  unsetenv("PEAL_REDIS_URL");
  assert_int_equal(emit(emitter, 1), PEAL_OK);
  assert_int_equal(peal_emitter_flush(emitter, 10000), PEAL_OK);
  peal_emitter_free(emitter);
  assert_stored(":1\r");
}

static void what_cannot_be_said_is_refused(void **state) {
  (void)state;
  peal_emitter *emitter = make((peal_emitter_opts){0}, NULL);
  const peal_to local = {.is_local = true}, unknown = {.reserved = {1}};
  const peal_to nobody = {.rooms = PEAL_ROOMS(NULL)};
  char name[300];
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  assert_int_equal(emit(NULL, 1), PEAL_ERR_USAGE);
  assert_int_equal(peal_emitter_flush(NULL, 1), PEAL_ERR_USAGE);
  assert_int_equal(
      peal_emitter_emit(emitter, "/", NULL, "connect", PEAL_NO_ARGS),
      PEAL_ERR_RESERVED);
  assert_int_equal(peal_emitter_emit(emitter, "/", NULL, NULL, PEAL_NO_ARGS),
                   PEAL_ERR_RESERVED);
  assert_int_equal(
      peal_emitter_server_emit(emitter, "/", "connection", PEAL_NO_ARGS),
      PEAL_ERR_RESERVED);
  assert_int_equal(peal_emitter_emit(emitter, "/", &local, "e", PEAL_NO_ARGS),
                   PEAL_ERR_OPTION);
  assert_int_equal(peal_emitter_emit(emitter, "/", &unknown, "e", PEAL_NO_ARGS),
                   PEAL_ERR_OPTION);
  assert_int_equal(peal_emitter_emit(emitter, name, NULL, "e", PEAL_NO_ARGS),
                   PEAL_ERR_LIMIT);
  assert_int_equal(peal_emitter_emit(emitter, "a,b", NULL, "e", PEAL_NO_ARGS),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_emitter_join(emitter, "/", NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_emitter_emit(emitter, "/", &nobody, "e", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_int_equal(stats_of(emitter).sent + stats_of(emitter).waiting, 0);
  peal_emitter_free(emitter);
  peal_emitter_free(NULL);
}

/* -- threads ------------------------------------------------------------------ */

enum { THREADS = 4, EACH = 250 };

static void *emit_some(void *user) {
  for (int i = 0; i < EACH; i++)
    if (emit(user, i))
      return user;
  return NULL;
}

static void what_many_threads_emit_is_all_there(void **state) {
  (void)state;
  peal_emitter *emitter = make(streams, NULL);
  pthread_t threads[THREADS];
  void *failed;
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, emit_some, emitter), 0);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], &failed);
    assert_null(failed);
  }
  assert_int_equal(peal_emitter_flush(emitter, 10000), PEAL_OK);
  peal_emitter_stats stats = stats_of(emitter);
  assert_int_equal(stats.sent, THREADS * EACH);
  assert_int_equal(stats.waiting + stats.waiting_bytes + stats.failed, 0);
  peal_emitter_free(emitter);
  assert_stored(":1000\r");
}

static void nobody_who_hears_is_counted(void **state) {
  (void)state;
  peal_emitter *emitter = make((peal_emitter_opts){0}, NULL);
  for (int i = 0; i < 5; i++)
    assert_int_equal(emit(emitter, i), PEAL_OK);
  assert_int_equal(peal_emitter_flush(emitter, 10000), PEAL_OK);
  assert_int_equal(stats_of(emitter).sent, 5);
  assert_int_equal(stats_of(emitter).unheard, 5);
  peal_emitter_free(emitter);
}

/* -- outages ------------------------------------------------------------------ */

static void await_told(const atomic_int *count) {
  for (int i = 0; i < 20000 && !atomic_load(count); i++)
    uv_sleep(1);
  assert_true(atomic_load(count) > 0);
}

static void it_waits_for_a_redis_that_is_away(void **state) {
  (void)state;
  told it = {0};
  redis_server_kill(&redis);
  peal_emitter *emitter = make(streams, &it);
  for (int i = 0; i < 10; i++)
    assert_int_equal(emit(emitter, i), PEAL_OK);
  await_told(&it.closed);
  assert_int_equal(peal_emitter_flush(emitter, 20), PEAL_ERR_TIMEOUT);
  assert_int_equal(stats_of(emitter).waiting, 10);
  redis_server_run(&redis);
  assert_int_equal(peal_emitter_flush(emitter, 20000), PEAL_OK);
  assert_int_equal(atomic_load(&it.closed), 1);
  assert_int_equal(atomic_load(&it.fine), 1);
  peal_emitter_free(emitter);
  assert_stored(":10\r");
}

static void what_waits_has_a_ceiling(void **state) {
  (void)state;
  peal_emitter_opts opts = streams;
  redis_server_kill(&redis);
  opts.queue_bytes = 20000;
  peal_emitter *emitter = make(opts, NULL);
  int taken = 0;
  while (!emit(emitter, taken))
    taken++;
  assert_int_equal(emit(emitter, taken), PEAL_ERR_QUEUE_FULL);
  assert_true(taken > 5 && stats_of(emitter).waiting_bytes <= 20000);
  assert_int_equal(stats_of(emitter).waiting, taken);
  redis_server_run(&redis);
  assert_int_equal(peal_emitter_flush(emitter, 20000), PEAL_OK);
  assert_int_equal(emit(emitter, 0), PEAL_OK);
  assert_int_equal(peal_emitter_flush(emitter, 20000), PEAL_OK);
  assert_int_equal(stats_of(emitter).sent, taken + 1);
  peal_emitter_free(emitter);
  redis_say(&redis, "DEL socket.io", ":1");
}

static void who_does_not_want_to_wait_is_told_at_once(void **state) {
  (void)state;
  told it = {0};
  peal_emitter_opts opts = streams;
  redis_server_kill(&redis);
  opts.no_wait = true;
  peal_emitter *emitter = make(opts, &it);
  peal_err first = emit(emitter, 1);
  await_told(&it.closed);
  assert_int_equal(emit(emitter, 2), PEAL_ERR_CLOSED);
  assert_int_equal(peal_emitter_flush(emitter, 10000),
                   first ? PEAL_OK : PEAL_ERR_CLOSED);
  assert_int_equal(peal_emitter_flush(emitter, 10000), PEAL_OK);
  redis_server_run(&redis);
  await_told(&it.fine);
  assert_int_equal(emit(emitter, 3), PEAL_OK);
  assert_int_equal(peal_emitter_flush(emitter, 10000), PEAL_OK);
  peal_emitter_free(emitter);
  assert_stored(":1\r");
}

/* Each is sent or said to have failed, and none is both or lost. */
static void a_redis_that_is_killed_leaves_nothing_unsaid(void **state) {
  (void)state;
  peal_emitter *emitter = make(streams, NULL);
  uint64_t taken = 0;
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 200; i++)
      taken += emit(emitter, i) == PEAL_OK;
    redis_server_kill(&redis);
    for (int i = 0; i < 200; i++)
      taken += emit(emitter, i) == PEAL_OK;
    redis_server_run(&redis);
    peal_err err = peal_emitter_flush(emitter, 20000);
    assert_true(err == PEAL_OK || err == PEAL_ERR_CLOSED);
  }
  peal_emitter_stats stats = stats_of(emitter);
  assert_int_equal(taken, 1200);
  assert_int_equal(stats.sent + stats.failed, taken);
  assert_int_equal(stats.waiting + stats.waiting_bytes, 0);
  peal_emitter_free(emitter);
  redis_say(&redis, "DEL socket.io", ":");
}

static void a_redis_that_is_full_says_so(void **state) {
  (void)state;
  told it = {0};
  peal_emitter *emitter = make(streams, &it);
  redis_say(&redis, "CONFIG SET maxmemory 1", "OK");
  assert_int_equal(emit(emitter, 1), PEAL_OK);
  assert_int_equal(peal_emitter_flush(emitter, 10000), PEAL_ERR_REFUSED);
  await_told(&it.refused);
  redis_say(&redis, "CONFIG SET maxmemory 0", "OK");
  assert_int_equal(emit(emitter, 2), PEAL_OK);
  assert_int_equal(peal_emitter_flush(emitter, 10000), PEAL_OK);
  peal_emitter_free(emitter);
  assert_non_null(strstr(it.text, "OOM"));
  assert_stored(":1\r");
}

/* -- its end ------------------------------------------------------------------ */

static void it_may_be_freed_while_something_waits(void **state) {
  (void)state;
  for (int i = 0; i < 20; i++) {
    peal_emitter *emitter = make(streams, NULL);
    for (int k = 0; k < i; k++)
      assert_int_equal(emit(emitter, k), PEAL_OK);
    peal_emitter_free(emitter);
  }
  redis_say(&redis, "DEL socket.io", ":");
}

static void it_may_be_freed_by_its_own_callback(void **state) {
  (void)state;
  told it = {.frees = true};
  redis_server_kill(&redis);
  peal_emitter *emitter = make(streams, &it);
  (void)emitter;
  await_told(&it.closed);
  for (int i = 0; i < 2000 && atomic_load(&it.frees); i++)
    uv_sleep(1);
  assert_false(atomic_load(&it.frees));
  redis_server_run(&redis);
  uv_sleep(20); /* its thread has ended by now, or leaks */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_that_cannot_be_are_refused_in_words),
      cmocka_unit_test(the_environment_says_where),
      cmocka_unit_test(what_cannot_be_said_is_refused),
      cmocka_unit_test(what_many_threads_emit_is_all_there),
      cmocka_unit_test(nobody_who_hears_is_counted),
      cmocka_unit_test(it_waits_for_a_redis_that_is_away),
      cmocka_unit_test(what_waits_has_a_ceiling),
      cmocka_unit_test(who_does_not_want_to_wait_is_told_at_once),
      cmocka_unit_test(a_redis_that_is_killed_leaves_nothing_unsaid),
      cmocka_unit_test(a_redis_that_is_full_says_so),
      cmocka_unit_test(it_may_be_freed_while_something_waits),
      cmocka_unit_test(it_may_be_freed_by_its_own_callback),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
