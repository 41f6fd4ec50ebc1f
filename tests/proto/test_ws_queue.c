/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "proto/proto_limits.h"
#include "ws_side.h"

/* -- sending ------------------------------------------------------------------ */

static void a_server_sends_prefix_and_bytes_in_one_frame(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  send_text(&s, '4', "hello");
  send_text(&s, 0, "hi");
  assert_int_equal(peal_ws_conn_queued(s.conn), 12);
  EXPECT_OUT(&s, "\x81\x06"
                 "4hello\x81\x02hi");
  peal_ws_conn_free(s.conn);
}

static void a_client_masks_prefix_and_bytes(void **state) {
  (void)state;
  side s;
  uint8_t key[4];
  uint32_t dice = KEY;
  char out[32];
  open_side(&s, true);
  send_text(&s, '4', "hello");
  assert_int_equal(pull_all(&s, out, sizeof(out)), 12);
  memcpy(key, &dice, sizeof(key));
  assert_memory_equal(out, "\x81\x86", 2);
  assert_memory_equal(out + 2, key, 4);
  peal_ws_frame_mask(out + 6, out + 6, 6, key, 0);
  assert_memory_equal(out + 6, "4hello", 6);
  peal_ws_conn_free(s.conn);
}

static void what_is_sent_is_copied_and_not_changed(void **state) {
  (void)state;
  side sides[2];
  char out[64];
  char text[] = "the same for all";
  for (size_t i = 0; i < 2; i++) {
    open_side(&sides[i], i == 1);
    assert_int_equal(peal_ws_conn_send(sides[i].conn, PEAL_WS_BINARY, 0,
                                       (peal_slice){text, sizeof(text) - 1}),
                     PEAL_OK);
  }
  assert_string_equal(text, "the same for all");
  memset(text, 'x', sizeof(text));
  assert_int_equal(pull_all(&sides[0], out, sizeof(out)), 18);
  assert_memory_equal(out, "\x82\x10the same for all", 18);
  for (size_t i = 0; i < 2; i++)
    peal_ws_conn_free(sides[i].conn);
}

static void what_was_pulled_and_not_sent_comes_again(void **state) {
  (void)state;
  side s;
  char first[64];
  char second[64];
  open_side(&s, false);
  send_text(&s, '4', "hello");
  send_text(&s, '4', "world");
  size_t len = pull_once(&s, first, sizeof(first));
  assert_int_equal(len, 16);
  for (size_t sent = 0; sent < len; sent++) {
    assert_int_equal(peal_ws_conn_queued(s.conn), len - sent);
    assert_int_equal(pull_once(&s, second, sizeof(second)), len - sent);
    assert_memory_equal(second, first + sent, len - sent);
    assert_int_equal(peal_ws_conn_sent(s.conn, 1), 0);
  }
  assert_int_equal(pull_once(&s, second, sizeof(second)), 0);
  peal_ws_conn_free(s.conn);
}

static void a_pong_overtakes_messages_but_cuts_no_frame(void **state) {
  (void)state;
  side s;
  char out[64];
  open_side(&s, false);
  send_text(&s, 0, "one");
  send_text(&s, 0, "two");
  assert_int_equal(pull_once(&s, out, sizeof(out)), 10);
  assert_int_equal(peal_ws_conn_sent(s.conn, 2), 0);
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0p\x89\x81\0\0\0\0q"), PEAL_OK);
  EXPECT_OUT(&s, "one\x8a\x01p\x8a\x01q\x81\x03two");
  peal_ws_conn_free(s.conn);
}

static void a_pong_between_pull_and_sent_changes_no_order(void **state) {
  (void)state;
  side s;
  char out[64];
  open_side(&s, false);
  send_text(&s, 0, "one");
  assert_int_equal(pull_once(&s, out, sizeof(out)), 5);
  assert_int_equal(FEED(&s, "\x89\x80\0\0\0\0"), PEAL_OK);
  assert_int_equal(peal_ws_conn_sent(s.conn, 5), 0);
  EXPECT_OUT(&s, "\x8a\0");
  peal_ws_conn_free(s.conn);
}

static void no_pong_follows_a_close(void **state) {
  (void)state;
  side s;
  char out[64];
  open_side(&s, false);
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0p"), PEAL_OK);
  assert_int_equal(pull_once(&s, out, sizeof(out)), 3);
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0q"), PEAL_OK);
  peal_ws_conn_close(s.conn, 0, PEAL_S(""), 0);
  EXPECT_OUT(&s, "\x8a\x01p\x8a\x01q\x88\0");
  peal_ws_conn_free(s.conn);
}

static void pings_nobody_reads_the_answers_of_are_bounded(void **state) {
  (void)state;
  side s = {0};
  torture mem;
  char out[8192];
  torture_init(&mem, 0);
  assert_non_null(open_conn(&s, false, 0, &mem.mem));
  char ping[6 + 125] = {(char)0x89, (char)0xfd};
  for (int i = 0; i < 10000; i++) {
    assert_int_equal(feed_at(&s, ping, sizeof(ping), 0), PEAL_OK);
    if (i % 3 == 0)
      (void)pull_once(&s, out, sizeof(out)); /* nothing leaves */
  }
  assert_true(mem.bytes < 16384);
  assert_true(peal_ws_conn_queued(s.conn) <= 2 * PEAL_LIMIT_WS_PONGS * 127);
  peal_ws_conn_free(s.conn);
  assert_int_equal(mem.live, 0);
}

static void a_ping_of_ours_is_sent_and_its_pong_ignored(void **state) {
  (void)state;
  side s;
  char big[126] = {0};
  open_side(&s, false);
  assert_int_equal(peal_ws_conn_ping(s.conn, PEAL_S("x")), PEAL_OK);
  assert_int_equal(peal_ws_conn_ping(s.conn, (peal_slice){big, 126}),
                   PEAL_ERR_USAGE);
  EXPECT_OUT(&s, "\x89\x01x");
  assert_int_equal(FEED(&s, "\x8a\x81\0\0\0\0x"), PEAL_OK);
  assert_int_equal(s.messages + s.closes, 0);
  peal_ws_conn_free(s.conn);
}

static void a_ping_of_ours_overtakes_messages(void **state) {
  (void)state;
  side s;
  open_side(&s, false);
  send_text(&s, 0, "one");
  assert_int_equal(peal_ws_conn_ping(s.conn, PEAL_S("x")), PEAL_OK);
  EXPECT_OUT(&s, "\x89\x01x\x81\x03one");
  peal_ws_conn_free(s.conn);
}

static void pongs_on_their_way_are_not_dropped_for_newer_ones(void **state) {
  (void)state;
  side s;
  char out[256];
  char ping[] = {(char)0x89, (char)0x81, 0, 0, 0, 0, 0};
  open_side(&s, false);
  for (char i = 0; i < 36; i++) {
    if (i == 16)
      assert_int_equal(pull_once(&s, out, sizeof(out)), 16 * 3);
    ping[6] = i;
    assert_int_equal(feed(&s, ping, sizeof(ping)), PEAL_OK);
  }
  assert_int_equal(peal_ws_conn_sent(s.conn, 16 * 3), 0);
  assert_int_equal(pull_all(&s, out, sizeof(out)), 16 * 3);
  for (int i = 0; i < 16; i++)
    assert_int_equal(out[3 * i + 2], 20 + i);
  peal_ws_conn_free(s.conn);
}

static void what_is_kept_was_in_no_pull_yet(void **state) {
  (void)state;
  side s;
  peal_message *message = peal_message_new(PEAL_S("text"), NULL, 0, NULL);
  assert_non_null(message);
  open_side(&s, false);
  assert_int_equal(peal_ws_conn_keep(s.conn, PEAL_WS_TEXT, 0, message,
                                     peal_message_part(message, 0), 2),
                   PEAL_OK);
  assert_int_equal(peal_ws_conn_sent(s.conn, 3), 3);
  EXPECT_OUT(&s, "text");
  peal_message_unref(message);
  peal_ws_conn_free(s.conn);
}

static void what_was_dropped_at_the_deadline_is_not_counted(void **state) {
  (void)state;
  side s;
  char out[64];
  open_side(&s, false);
  send_text(&s, 0, "never read");
  peal_ws_conn_close(s.conn, 0, PEAL_S(""), 0);
  assert_int_equal(pull_once(&s, out, sizeof(out)), 14);
  tick(&s, 5000);
  assert_int_equal(s.err, PEAL_ERR_TIMEOUT);
  assert_int_equal(peal_ws_conn_sent(s.conn, 14), 0);
  peal_ws_conn_free(s.conn);
}

static void many_messages_leave_in_order(void **state) {
  (void)state;
  side s;
  char out[8192];
  char expected[8192];
  size_t len = 0;
  open_side(&s, false);
  for (unsigned i = 0; i < 500; i++) {
    char text[4] = {(char)('a' + i % 26), (char)('a' + i / 26), 'x', 0};
    send_text(&s, 0, text);
    memcpy(expected + len, "\x81\x03", 2);
    memcpy(expected + len + 2, text, 3);
    len += 5;
  }
  assert_int_equal(pull_all(&s, out, sizeof(out)), len);
  assert_memory_equal(out, expected, len);
  peal_ws_conn_free(s.conn);
}

/* -- messages of the owner's queue --------------------------------------------- */

/* Pull what waits in the machine, then `text`; returns whether it fitted. */
static bool pull_with(side *s, peal_iovs *iovs, char prefix, const char *text) {
  peal_ws_conn_pull(s->conn, iovs);
  return peal_ws_conn_pull_message(s->conn, iovs, PEAL_WS_TEXT, prefix,
                                   peal_slice_of(text));
}

static void expect_iovs(const peal_iovs *iovs, const char *bytes, size_t len) {
  char out[512];
  size_t at = 0;
  assert_int_equal(iovs->bytes, len);
  for (size_t i = 0; i < iovs->count; i++) {
    memcpy(out + at, iovs->items[i].ptr, iovs->items[i].len);
    at += iovs->items[i].len;
  }
  assert_memory_equal(out, bytes, len);
}

#define EXPECT_IOVS(iovs, literal)                                             \
  expect_iovs(iovs, literal, sizeof(literal) - 1)

static void messages_are_pulled_behind_what_waits_here(void **state) {
  (void)state;
  char scratch[256];
  peal_iovs iovs;
  side s = {0};
  s.conn = peal_ws_conn_new(NULL, NULL, PEAL_S("head"));
  assert_non_null(s.conn);
  peal_iovs_init(&iovs, scratch, sizeof(scratch));
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0p"), PEAL_OK);
  assert_int_equal(peal_ws_conn_ping(s.conn, PEAL_S("q")), PEAL_OK);
  assert_true(pull_with(&s, &iovs, '4', "one"));
  assert_true(peal_ws_conn_pull_message(s.conn, &iovs, PEAL_WS_BINARY, 0,
                                        PEAL_S("two")));
  EXPECT_IOVS(&iovs, "head\x8a\x01p\x89\x01q\x81\x04"
                     "4one\x82\x03two");
  assert_int_equal(iovs.count, 1); /* short ones are copied in one step */
  assert_int_equal(peal_ws_conn_queued(s.conn), 10);
  assert_int_equal(peal_ws_conn_message_len(s.conn, '4', 3), 6);
  /* What is queued in between was not in the pull. */
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0r"), PEAL_OK);
  assert_int_equal(peal_ws_conn_sent(s.conn, 8), 0);
  assert_int_equal(peal_ws_conn_sent(s.conn, 9), 7);
  EXPECT_OUT(&s, "\x8a\x01r");
  peal_ws_conn_free(s.conn);
}

static void a_message_of_any_length_is_framed_as_its_length_says(void **state) {
  (void)state;
  static char body[70000];
  static const size_t lens[] = {0,   1,   124,   125,   126,   511,
                                512, 513, 65534, 65535, 65536, 70000};
  char scratch[1024];
  side s;
  open_side(&s, false);
  for (size_t i = 0; i < 2 * sizeof(lens) / sizeof(*lens); i++) {
    peal_slice data = {body, lens[i / 2]};
    char prefix = i % 2 ? '4' : 0;
    size_t used = 0;
    peal_iovs iovs;
    peal_ws_frame frame;
    peal_iovs_init(&iovs, scratch, sizeof(scratch));
    assert_true(
        peal_ws_conn_pull_message(s.conn, &iovs, PEAL_WS_TEXT, prefix, data));
    size_t len = peal_ws_conn_message_len(s.conn, prefix, data.len);
    assert_int_equal(iovs.bytes, len);
    assert_int_equal(peal_ws_frame_decode(&frame, iovs.items[0], &used),
                     PEAL_OK);
    assert_int_equal(frame.len, data.len + i % 2);
    assert_int_equal(used + frame.len, len);
    assert_int_equal(iovs.items[iovs.count - 1].ptr == body, data.len > 512);
    assert_int_equal(peal_ws_conn_sent(s.conn, len), len);
  }
  peal_ws_conn_free(s.conn);
}

static void a_message_is_in_the_pull_whole_or_not_at_all(void **state) {
  (void)state;
  static const char longer[600] = {'x'};
  char scratch[40];
  side s;
  peal_iovs iovs;
  open_side(&s, false);
  peal_iovs_init(&iovs, scratch, 16); /* an empty pull has room */
  assert_true(pull_with(&s, &iovs, '4', "a text that the scratch has not"));
  assert_int_equal(iovs.bytes, 34);
  peal_iovs_init(&iovs, scratch, sizeof(scratch));
  size_t bytes = 0;
  while (peal_ws_conn_pull_message(s.conn, &iovs, PEAL_WS_BINARY, 0,
                                   (peal_slice){longer, sizeof(longer)}))
    bytes += 604;
  assert_true(bytes >= 604);
  assert_int_equal(iovs.bytes, bytes);
  peal_ws_conn_free(s.conn);
}

static void what_left_in_part_goes_on_at_the_next_pull(void **state) {
  (void)state;
  peal_message *message = peal_message_new(
      PEAL_S("text"), (peal_slice[]){PEAL_S("bytes")}, 1, NULL);
  assert_non_null(message);
  for (size_t sent = 1; sent < 7; sent++) {
    char scratch[256];
    peal_iovs iovs;
    side s;
    open_side(&s, false);
    peal_iovs_init(&iovs, scratch, sizeof(scratch));
    assert_true(peal_ws_conn_pull_message(s.conn, &iovs, PEAL_WS_BINARY, 0,
                                          peal_message_part(message, 1)));
    assert_int_equal(peal_ws_conn_sent(s.conn, sent), sent);
    assert_int_equal(peal_ws_conn_keep(s.conn, PEAL_WS_BINARY, 0, message,
                                       peal_message_part(message, 1), sent),
                     PEAL_OK);
    assert_int_equal(peal_ws_conn_queued(s.conn), 7 - sent);
    /* Neither a pong nor our close cuts into it. */
    assert_int_equal(FEED(&s, "\x89\x80\0\0\0\0"), PEAL_OK);
    peal_ws_conn_close(s.conn, 0, PEAL_S(""), 0);
    char expected[] = "\x82\x05"
                      "bytes\x8a\0\x88";
    expect_out(&s, expected + sent, sizeof(expected) - sent);
    peal_ws_conn_free(s.conn);
  }
  peal_message_unref(message);
}

static void a_kept_message_is_given_back_when_the_machine_is_freed(
    void **state) {
  (void)state;
  torture mem;
  side s;
  torture_init(&mem, 0);
  peal_message *message = peal_message_new(PEAL_S("text"), NULL, 0, &mem.mem);
  assert_non_null(message);
  open_side(&s, false);
  assert_int_equal(peal_ws_conn_keep(s.conn, PEAL_WS_TEXT, '4', message,
                                     peal_message_part(message, 0), 1),
                   PEAL_OK);
  peal_message_unref(message);
  assert_int_equal(mem.live, 1);
  peal_ws_conn_free(s.conn);
  assert_int_equal(mem.live, 0);
}

static void no_message_is_pulled_behind_a_close(void **state) {
  (void)state;
  char scratch[256];
  peal_iovs iovs;
  side s;
  open_side(&s, false);
  peal_ws_conn_close(s.conn, 1000, PEAL_S(""), 0);
  peal_iovs_init(&iovs, scratch, sizeof(scratch));
  assert_false(pull_with(&s, &iovs, '4', "late"));
  EXPECT_IOVS(&iovs, "\x88\x02\x03\xe8");
  peal_ws_conn_free(s.conn);
}

static void no_message_overtakes_what_found_no_room(void **state) {
  (void)state;
  char scratch[256];
  peal_iovs iovs;
  side s;
  open_side(&s, false);
  send_text(&s, 0, "first");
  peal_iovs_init(&iovs, scratch, 0);
  while (iovs.count < PEAL_LIMIT_IOVECS) /* somebody filled it */
    assert_true(peal_iovs_add(&iovs, PEAL_S("x")));
  assert_false(pull_with(&s, &iovs, 0, "second"));
  assert_int_equal(iovs.bytes, PEAL_LIMIT_IOVECS);
  EXPECT_OUT(&s, "\x81\x05"
                 "first");
  peal_ws_conn_free(s.conn);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_server_sends_prefix_and_bytes_in_one_frame),
      cmocka_unit_test(a_client_masks_prefix_and_bytes),
      cmocka_unit_test(what_is_sent_is_copied_and_not_changed),
      cmocka_unit_test(what_was_pulled_and_not_sent_comes_again),
      cmocka_unit_test(a_pong_overtakes_messages_but_cuts_no_frame),
      cmocka_unit_test(a_pong_between_pull_and_sent_changes_no_order),
      cmocka_unit_test(no_pong_follows_a_close),
      cmocka_unit_test(pings_nobody_reads_the_answers_of_are_bounded),
      cmocka_unit_test(a_ping_of_ours_is_sent_and_its_pong_ignored),
      cmocka_unit_test(a_ping_of_ours_overtakes_messages),
      cmocka_unit_test(pongs_on_their_way_are_not_dropped_for_newer_ones),
      cmocka_unit_test(what_is_kept_was_in_no_pull_yet),
      cmocka_unit_test(what_was_dropped_at_the_deadline_is_not_counted),
      cmocka_unit_test(many_messages_leave_in_order),
      cmocka_unit_test(messages_are_pulled_behind_what_waits_here),
      cmocka_unit_test(a_message_of_any_length_is_framed_as_its_length_says),
      cmocka_unit_test(a_message_is_in_the_pull_whole_or_not_at_all),
      cmocka_unit_test(what_left_in_part_goes_on_at_the_next_pull),
      cmocka_unit_test(a_kept_message_is_given_back_when_the_machine_is_freed),
      cmocka_unit_test(no_message_is_pulled_behind_a_close),
      cmocka_unit_test(no_message_overtakes_what_found_no_room),
  };
  return cmocka_run_group_tests_name("ws_queue", tests, NULL, NULL);
}
