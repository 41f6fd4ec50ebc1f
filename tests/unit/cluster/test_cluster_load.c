/* SPDX-License-Identifier: MIT */
/* More than fits at once: of questions, of what was kept, of what a stream has;
 * and a reader whose own connection breaks. */
#include "cluster_fixture.h"

static _Atomic unsigned answered, wrong;

static void on_acks(const peal_acks *acks, void *user) {
  (void)user;
  wrong += acks->err != PEAL_OK;
  answered++;
}

static void until(_Atomic unsigned *figure, unsigned value) {
  for (int i = 0; i < 20000 && *figure < value; i++)
    usleep(1000);
  assert_int_equal(*figure, value);
}

/* More than a node keeps open, in less time than it keeps what is open. */
static void questions_that_are_answered_are_not_kept(void **state) {
  (void)state;

  enum { AT_ONCE = 250, ALL = 5000 };

  cluster_open(2, &(peal_cluster_opts){0}, 1);
  cluster_start();
  for (unsigned asked = 0; asked < ALL; asked += AT_ONCE) {
    for (unsigned i = 0; i < AT_ONCE; i++)
      assert_int_equal(peal_nsp_emit_ack(nodes[0].it.root, NULL, "who",
                                         PEAL_NO_ARGS, 2000, on_acks, NULL),
                       PEAL_OK);
    until(&answered, asked + AT_ONCE);
  }
  assert_int_equal(wrong, 0);
  assert_int_equal(cluster_stats(&nodes[1]).dropped_in, 0);
  cluster_close();
}

static void on_silence(const peal_acks *acks, void *user) {
  (void)user;
  wrong += acks->err != PEAL_ERR_TIMEOUT;
  answered++;
}

static void on_count(const peal_fetched *fetched, void *user) {
  (void)user;
  wrong += fetched->err != PEAL_OK;
  answered++;
}

static void questions_that_nobody_answers_are_not_kept(void **state) {
  (void)state;

  enum { AT_ONCE = 1000, ALL = 5000 };

  answered = wrong = 0;
  cluster_open(2, &(peal_cluster_opts){0}, 1);
  cluster_start();
  for (unsigned asked = 0; asked < ALL; asked += AT_ONCE) {
    for (unsigned i = 0; i < AT_ONCE; i++)
      assert_int_equal(peal_nsp_server_emit_ack(nodes[0].it.root, "nobody",
                                                PEAL_NO_ARGS, 300, on_silence,
                                                NULL),
                       PEAL_OK);
    until(&answered, asked + AT_ONCE);
  }
  assert_int_equal(peal_nsp_fetch_count(nodes[0].it.root, NULL, on_count, NULL),
                   PEAL_OK);
  until(&answered, ALL + 1);
  assert_int_equal(wrong, 0);
  assert_int_equal(cluster_stats(&nodes[1]).dropped_in, 0);
  cluster_close();
}

static char *long_text(size_t bytes) {
  char *text = malloc(bytes + 1);
  assert_non_null(text);
  memset(text, 'x', bytes);
  text[bytes] = 0;
  return text;
}

static void say(size_t at, const char *event, const char *text) {
  assert_int_equal(
      peal_nsp_emit(nodes[at].it.root, NULL, event, PEAL_ARGS(peal_str(text))),
      PEAL_OK);
}

static uint64_t received_of(size_t at, uint64_t least) {
  for (int i = 0; i < 20000 && cluster_stats(&nodes[at]).received < least; i++)
    usleep(1000);
  return cluster_stats(&nodes[at]).received;
}

/* What the way to Redis takes at once is less than what may be kept. */
static void all_that_was_kept_is_sent(void **state) {
  (void)state;

  enum { KEPT = 24 };

  char *text = long_text(1 << 20);
  cluster_open(2, &(peal_cluster_opts){.queue_bytes = 64u << 20}, 1);
  cluster_start();
  redis_server_kill(&cluster_redis);
  for (size_t i = 0; i < 2; i++)
    assert_true(cluster_is(&nodes[i], PEAL_CLUSTER_DOWN,
                           (size_t)cluster_stats(&nodes[i]).nodes));
  for (int i = 0; i < KEPT; i++)
    say(0, "kept", text);
  for (int i = 0; i < 10000; i++)
    if (cluster_stats(&nodes[0]).queued_bytes > (uint64_t)KEPT << 20)
      break;
    else
      usleep(1000);
  uint64_t dropped = cluster_stats(&nodes[0]).dropped_out;
  uint64_t received = cluster_stats(&nodes[1]).received;
  redis_server_run(&cluster_redis);
  for (size_t i = 0; i < 2; i++)
    assert_true(cluster_is(&nodes[i], PEAL_CLUSTER_UP, 1));
  assert_true(received_of(1, received + KEPT) >= received + KEPT);
  assert_int_equal(cluster_stats(&nodes[0]).dropped_out, dropped);
  assert_int_equal(cluster_stats(&nodes[0]).queued_bytes, 0);
  free(text);
  cluster_close();
}

/* -- streams --------------------------------------------------------------------------- */

static const peal_cluster_opts streams = {.mode = PEAL_CLUSTER_STREAMS};
static sio_client ann;

/* "id=12 addr=… cmd=xread …" */
static void cut_readers(void) {
  char list[16384], line[64];
  redis_await(&cluster_redis, "CLIENT LIST", "cmd=xread");
  assert_true(
      redis_ask_port(cluster_redis.port, "CLIENT LIST", list, sizeof list));
  for (char *at = list; (at = strstr(at, "id=")); at++) {
    const char *end = strchr(at, '\n');
    const char *word = strstr(at, "cmd=xread");
    if ((at != list && at[-1] != '\n') || !word || !end || word > end)
      continue;
    snprintf(line, sizeof line, "CLIENT KILL ID %ld", strtol(at + 3, NULL, 10));
    redis_say(&cluster_redis, line, ":1");
  }
}

static void a_reader_whose_connection_breaks_reads_on(void **state) {
  (void)state;
  cluster_open(2, &streams, 1);
  cluster_start();
  cluster_enter(&ann, 1, "room", "Ann");
  for (int i = 0; i < 3; i++) {
    cut_readers();
    say(0, "again", "x");
    assert_true(sio_client_expect(&ann, "42[\"again\",\"x\"]"));
    say(1, "own", "x");
    assert_true(sio_client_expect(&ann, "42[\"own\",\"x\"]"));
  }
  assert_int_equal(cluster_stats(&nodes[0]).reconnects, 0);
  sio_client_close(&ann);
  cluster_close();
}

/* Together they are longer than one answer may be, each is not. */
static void long_entries_are_read_by_fewer(void **state) {
  (void)state;

  enum { MANY = 60 };

  char *text = long_text(40000);
  peal_cluster_opts opts = streams;
  opts.max_message_bytes = 1 << 20;
  node_count = 2;
  cluster_make(&nodes[0], &streams, 1);
  cluster_make(&nodes[1], &opts, 1);
  cluster_start();
  redis_say(&cluster_redis, "CLIENT PAUSE 300", "+OK");
  uint64_t received = cluster_stats(&nodes[1]).received;
  for (int i = 0; i < MANY; i++)
    say(0, "long", text);
  assert_true(received_of(1, received + MANY) >= received + MANY);
  assert_int_equal(cluster_stats(&nodes[1]).reconnects, 0);
  free(text);
  cluster_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(questions_that_are_answered_are_not_kept),
      cmocka_unit_test(questions_that_nobody_answers_are_not_kept),
      cmocka_unit_test(all_that_was_kept_is_sent),
      cmocka_unit_test(a_reader_whose_connection_breaks_reads_on),
      cmocka_unit_test(long_entries_are_read_by_fewer)};
  return cmocka_run_group_tests(tests, cluster_group_up, cluster_group_down);
}
