/* SPDX-License-Identifier: MIT */
/* Closing from this side, peers that say nothing, and peers that do not read. */
#include "ws_fixture.h"

static ws_fixture it;
static atomic_int freed, drains;

static void on_user_free(void *user) {
  assert_ptr_equal(user, &freed);
  atomic_fetch_add(&freed, 1);
}

/* A word is a command. */
static void on_command(peal_ws *ws, peal_slice data, bool is_binary,
                       void *user) {
  (void)is_binary;
  (void)user;
  if (peal_slice_is(data, "close")) {
    assert_true(peal_ws_is_open(ws));
    peal_ws_close(ws, 4000, PEAL_S("that is all"));
    peal_ws_close(ws, 4001, PEAL_S("again"));
    assert_false(peal_ws_is_open(ws));
    assert_int_equal(peal_ws_send(ws, data, false), PEAL_ERR_CLOSED);
  } else if (peal_slice_is(data, "much, then close")) {
    static char big[300000];
    memset(big, 'x', sizeof big);
    for (int i = 0; i < 20; i++)
      assert_int_equal(peal_ws_send(ws, (peal_slice){big, sizeof big}, true),
                       PEAL_OK);
    assert_true(peal_ws_queued_bytes(ws) >= 20 * sizeof big);
    peal_ws_close(ws, 1000, PEAL_S("done"));
  } else if (peal_slice_is(data, "user")) {
    peal_ws_set_user(ws, &freed, on_user_free);
    assert_ptr_equal(peal_ws_user(ws), &freed);
    (void)peal_ws_send(ws, data, false);
  } else {
    trace_add("message %.*s", PEAL_SFMT(data));
  }
}

static void on_close_again(peal_ws *ws, const peal_ws_end *end, void *user) {
  ws_on_close(ws, end, user);
  peal_ws_close(ws, 1000, (peal_slice){0});
  assert_int_equal(peal_ws_send(ws, PEAL_S("x"), false), PEAL_ERR_CLOSED);
  assert_int_equal(peal_ws_join(ws, PEAL_S("x")), PEAL_ERR_CLOSED);
  assert_null(peal_ws_ref_get(peal_ws_ref_of(ws)));
}

static void start(peal_ws_opts opts) {
  atomic_store(&freed, 0);
  atomic_store(&drains, 0);
  if (!opts.on_message)
    opts.on_message = on_command;
  opts.on_close = on_close_again;
  ws_run(&it, 1, &opts);
}

static void a_close_has_code_and_reason_and_is_answered(void **state) {
  (void)state;
  start((peal_ws_opts){0});
  int fd = ws_open(&it);
  ws_text(fd, "close");
  ws_text(fd, "not heard any more");
  ws_expect_close(fd, 4000, "that is all");
  trace_expect("");
  ws_say_close(fd, 4000, "yes");
  trace_expect("close 4000 yes PEAL_OK\n");
  assert_true(net_closed(fd, 10000));
  close(fd);
  ws_stop(&it);
}

static void what_was_sent_before_goes_out_first(void **state) {
  (void)state;
  start((peal_ws_opts){0});
  int fd = ws_open(&it);
  ws_text(fd, "much, then close");
  for (int i = 0; i < 20; i++) {
    ws_frame frame = ws_get(fd);
    assert_int_equal(frame.first, WS_BINARY);
    assert_int_equal(frame.len, 300000);
    free(frame.data);
  }
  ws_expect_close(fd, 1000, "done");
  ws_put(fd, WS_CLOSE, "", 0);
  trace_expect("close 1005  PEAL_OK\n");
  close(fd);
  ws_stop(&it);
}

static void a_peer_that_does_not_answer_is_not_waited_for(void **state) {
  (void)state;
  start((peal_ws_opts){0});
  int fd = ws_open(&it);
  ws_text(fd, "close");
  ws_expect_close(fd, 4000, "that is all");
  trace_expect("close 1006  PEAL_ERR_TIMEOUT\n");
  close(fd);
  ws_stop(&it);
}

static void user_data_is_freed_behind_the_close(void **state) {
  (void)state;
  start((peal_ws_opts){0});
  int fd = ws_open(&it);
  ws_text(fd, "user");
  ws_expect(fd, "user");
  assert_int_equal(atomic_load(&freed), 0);
  close(fd);
  assert_true(net_wait(&freed, 1));
  ws_stop(&it);
  assert_int_equal(atomic_load(&freed), 1);
}

/* -- the heartbeat ----------------------------------------------------------- */

static void who_answers_pings_lives(void **state) {
  (void)state;
  start((peal_ws_opts){.ping_interval_ms = 20, .ping_timeout_ms = 5000});
  int fd = ws_open(&it);
  for (int i = 0; i < 5; i++) {
    ws_expect_frame(fd, WS_PING, "", 0);
    /* Whatever comes is a sign of life. */
    if (i & 1)
      ws_put(fd, WS_PONG, "", 0);
    else
      ws_text(fd, "still here");
  }
  assert_int_equal(ws_stats(&it).open, 1);
  close(fd);
  ws_stop(&it);
}

static void who_says_nothing_is_gone(void **state) {
  (void)state;
  start((peal_ws_opts){.ping_interval_ms = 20, .ping_timeout_ms = 50});
  int fd = ws_open(&it);
  ws_expect_frame(fd, WS_PING, "", 0);
  trace_expect("close 1006  PEAL_ERR_TIMEOUT\n");
  close(fd);
  ws_stop(&it);
}

static void without_a_heartbeat_nobody_is_pinged(void **state) {
  (void)state;
  start((peal_ws_opts){.ping_interval_ms = PEAL_OFF, .ping_timeout_ms = 20});
  int fd = ws_open(&it);
  assert_false(net_readable(fd, 200));
  close(fd);
  ws_stop(&it);
}

/* -- peers that do not read -------------------------------------------------- */

static char big[1 << 20];

static void on_flood(peal_ws *ws, peal_slice data, bool is_binary, void *user) {
  (void)data;
  (void)is_binary;
  (void)user;
  unsigned full = 0;
  for (int i = 0; i < 64; i++) {
    big[0] = (char)i;
    peal_err err = peal_ws_send(ws, (peal_slice){big, sizeof big}, true);
    assert_true(!err || err == PEAL_ERR_QUEUE_FULL ||
                (full && err == PEAL_ERR_CLOSED));
    full += err == PEAL_ERR_QUEUE_FULL;
  }
  trace_add("full %s", full ? "yes" : "no");
}

static void on_drain(peal_ws *ws, void *user) {
  (void)user;
  assert_int_equal(peal_ws_queued_bytes(ws), 0);
  atomic_fetch_add(&drains, 1);
}

static void a_slow_consumer_is_closed(void **state) {
  (void)state;
  start((peal_ws_opts){.on_message = on_flood, .max_queue_bytes = 4 << 20});
  int fd = ws_open(&it);
  ws_text(fd, "now");
  trace_expect("full yes\nclose 1006  PEAL_ERR_QUEUE_FULL\n");
  unsigned binaries = 0;
  ws_frame frame;
  while ((frame = ws_get(fd)).first == WS_BINARY) {
    binaries++;
    free(frame.data);
  }
  assert_int_equal(frame.first, WS_CLOSE);
  assert_string_equal(frame.data + 2, "slow consumer");
  free(frame.data);
  assert_true(binaries < 64);
  close(fd);
  ws_await_open(&it, 0);
  assert_int_equal(ws_stats(&it).errors_peer, 1);
  ws_stop(&it);
}

/* What comes of the flood's 64, by number. */
static void read_flood(int fd, uint64_t *seen, int count) {
  *seen = 0;
  for (int i = 0; i < count; i++) {
    ws_frame frame = ws_get(fd);
    assert_int_equal(frame.first, WS_BINARY);
    *seen |= UINT64_C(1) << frame.data[0];
    free(frame.data);
  }
}

static void the_newest_are_dropped(void **state) {
  (void)state;
  uint64_t seen;
  start((peal_ws_opts){.on_message = on_flood,
                       .on_drain = on_drain,
                       .queue_policy = PEAL_QUEUE_DROP_NEWEST,
                       .max_queue_bytes = 4 << 20});
  int fd = ws_open(&it);
  ws_text(fd, "now");
  trace_expect("full yes\n");
  peal_ws_stats stats = ws_stats(&it);
  read_flood(fd, &seen, (int)stats.messages_out);
  assert_true(stats.messages_out < 64);
  assert_int_equal(stats.queue_full, 64 - stats.messages_out);
  assert_true(seen & 1); /* the first one came */
  assert_true(net_wait(&drains, 1));
  close(fd);
  ws_stop(&it);
}

static void the_oldest_are_dropped(void **state) {
  (void)state;
  uint64_t seen;
  start((peal_ws_opts){.on_message = on_flood,
                       .queue_policy = PEAL_QUEUE_DROP_OLDEST,
                       .max_queue_bytes = 4 << 20});
  int fd = ws_open(&it);
  ws_text(fd, "now");
  trace_expect("full no\n");
  peal_ws_stats stats = ws_stats(&it);
  assert_int_equal(stats.messages_out, 64);
  assert_true(stats.queue_full > 0);
  do
    read_flood(fd, &seen, 1);
  while (!(seen >> 63)); /* the last one comes */
  close(fd);
  ws_stop(&it);
}

static void on_pictures(peal_ws *ws, peal_slice data, bool is_binary,
                        void *user) {
  const peal_ws_how how = {.is_binary = true, .conflate = PEAL_S("picture")};
  (void)data;
  (void)is_binary;
  (void)user;
  for (int i = 0; i < 64; i++) {
    big[0] = (char)i;
    assert_int_equal(peal_ws_send_with(ws, &how, (peal_slice){big, sizeof big}),
                     PEAL_OK);
    assert_true(peal_ws_queued_bytes(ws) < 2 * sizeof big);
  }
  (void)peal_ws_send(ws, PEAL_S("end"), false);
}

static void of_a_key_the_newest_waits(void **state) {
  (void)state;
  start((peal_ws_opts){.on_message = on_pictures});
  int fd = ws_open(&it);
  ws_text(fd, "now");
  ws_frame frame = ws_get(fd);
  assert_int_equal(frame.len, sizeof big);
  assert_int_equal(frame.data[0], 63);
  free(frame.data);
  ws_expect(fd, "end");
  close(fd);
  ws_stop(&it);
}

static peal_bytes *shared;

static void on_shared(peal_ws *ws, peal_slice data, bool is_binary,
                      void *user) {
  const peal_ws_how how = {.is_binary = true, .is_volatile = true};
  (void)data;
  (void)is_binary;
  (void)user;
  assert_int_equal(peal_ws_send_bytes(ws, NULL, NULL), PEAL_ERR_NOMEM);
  assert_int_equal(peal_ws_send_bytes(ws, NULL, shared), PEAL_OK);
  assert_int_equal(peal_ws_send_bytes(ws, NULL, shared), PEAL_OK);
  /* More than the soft ceiling waits: it may be dropped, and is. */
  uint64_t before = ws_stats(&it).messages_out;
  assert_int_equal(peal_ws_send_bytes(ws, &how, shared), PEAL_OK);
  assert_int_equal(ws_stats(&it).messages_out, before);
}

static void shared_bytes_are_not_copied(void **state) {
  (void)state;
  memset(big, 'b', sizeof big);
  shared = peal_bytes_new((peal_slice){big, sizeof big});
  assert_non_null(shared);
  start((peal_ws_opts){.on_message = on_shared,
                       .max_queue_soft_bytes = sizeof big});
  int fd = ws_open(&it);
  ws_text(fd, "now");
  ws_expect_frame(fd, WS_TEXT, big, sizeof big);
  ws_expect_frame(fd, WS_TEXT, big, sizeof big);
  ws_text(fd, "now"); /* left waiting */
  usleep(10000);
  close(fd);
  ws_stop(&it);
  peal_bytes_unref(shared);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_close_has_code_and_reason_and_is_answered),
      cmocka_unit_test(what_was_sent_before_goes_out_first),
      cmocka_unit_test(a_peer_that_does_not_answer_is_not_waited_for),
      cmocka_unit_test(user_data_is_freed_behind_the_close),
      cmocka_unit_test(who_answers_pings_lives),
      cmocka_unit_test(who_says_nothing_is_gone),
      cmocka_unit_test(without_a_heartbeat_nobody_is_pinged),
      cmocka_unit_test(a_slow_consumer_is_closed),
      cmocka_unit_test(the_newest_are_dropped),
      cmocka_unit_test(the_oldest_are_dropped),
      cmocka_unit_test(of_a_key_the_newest_waits),
      cmocka_unit_test(shared_bytes_are_not_copied),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
