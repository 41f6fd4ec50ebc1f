/* SPDX-License-Identifier: MIT */
#include "proto/proto_limits.h"
#include "ws_side.h"

/* -- memory ------------------------------------------------------------------- */

static void an_idle_connection_owns_no_buffers(void **state) {
  (void)state;
  side s = {0};
  torture mem;
  torture_init(&mem, 0);
  assert_non_null(open_conn(&s, false, 0, &mem.mem));
  size_t idle = mem.bytes;
  assert_true(idle < 200);
  assert_int_equal(FEED(&s, "\x01\x81\0\0\0\0a\x89\x81\0\0\0\0"), PEAL_OK);
  assert_int_equal(FEED(&s, "p\x80\x82\0\0\0\0b"), PEAL_OK);
  assert_true(mem.bytes > idle);
  assert_int_equal(FEED(&s, "c\x89\x81\0\0\0\0"), PEAL_OK);
  assert_int_equal(FEED(&s, "q"), PEAL_OK);
  for (int i = 0; i < 20; i++)
    send_text(&s, '4', "hello");
  char out[512];
  (void)pull_all(&s, out, sizeof(out));
  assert_int_equal(s.messages, 1);
  assert_int_equal(mem.live, 1);
  assert_int_equal(mem.bytes, idle);
  peal_ws_conn_free(s.conn);
  assert_int_equal(mem.live, 0);
}

static void whole_messages_are_neither_copied_nor_allocated_for(void **state) {
  (void)state;
  side s = {0};
  torture mem;
  char data[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
                "\x82\x83\x01\x02\x03\x04\x60\x60\x60";
  torture_init(&mem, 0);
  assert_non_null(open_conn(&s, false, 0, &mem.mem));
  size_t calls = mem.calls;
  assert_int_equal(feed_at(&s, data, sizeof(data) - 1, 0), PEAL_OK);
  assert_int_equal(s.messages, 2);
  assert_ptr_equal(s.ptr, data + 17);
  assert_memory_equal(s.text, "abc", 3);
  assert_int_equal(mem.calls, calls);
  peal_ws_conn_free(s.conn);
}

static void an_announced_length_reserves_little(void **state) {
  (void)state;
  side s = {0};
  torture mem;
  torture_init(&mem, 0);
  assert_non_null(open_conn(&s, false, 0, &mem.mem));
  assert_int_equal(FEED(&s, "\x82\xff\0\0\0\0\0\x0f\x42\x40\0\0\0\0x"),
                   PEAL_OK);
  assert_true(mem.bytes < 1024);
  peal_ws_conn_free(s.conn);
}

static void a_partial_message_never_holds_more_than_its_limit(void **state) {
  (void)state;

  enum { MAX = 100000 };

  side s = {0};
  torture mem;
  char *data = calloc(1, MAX + 14);
  assert_non_null(data);
  torture_init(&mem, 0);
  assert_non_null(open_conn(&s, false, MAX, &mem.mem));
  memcpy(data, "\x82\xff\0\0\0\0\0\x01\x86\xa0\0\0\0\0", 14);
  size_t calls = mem.calls;
  for (size_t at = 0; at < MAX + 14; at++) {
    char byte = data[at];
    assert_int_equal(feed_at(&s, &byte, 1, 0), PEAL_OK);
    assert_true(mem.bytes < MAX + 512);
  }
  assert_int_equal(s.messages, 1);
  assert_int_equal(s.len, MAX);
  assert_true(mem.calls - calls < 12); /* grows by doubling */
  peal_ws_conn_free(s.conn);
  free(data);
}

static void tiny_fragments_cost_as_many_bytes_as_they_have(void **state) {
  (void)state;
  side s = {0};
  torture mem;
  char fragment[] = {2, (char)0x81, 0, 0, 0, 0, 'x'};
  torture_init(&mem, 0);
  assert_non_null(open_conn(&s, false, 0, &mem.mem));
  size_t calls = mem.calls;
  /* 4096 frames, and one more for each 16 bytes that they bring. */
  for (unsigned i = 0; i < 4369; i++) {
    assert_int_equal(feed_at(&s, fragment, sizeof(fragment), 0), PEAL_OK);
    fragment[0] = 0;
    fragment[6] = 'x';
  }
  assert_true(mem.peak_bytes < 3 * PEAL_LIMIT_WS_FRAMES + 1024);
  assert_true(mem.calls - calls < 8);
  assert_int_equal(feed_at(&s, fragment, sizeof(fragment), 0), PEAL_ERR_LIMIT);
  assert_int_equal(s.closes, 1);
  peal_ws_conn_free(s.conn);
}

/* -- accounts ------------------------------------------------------------------ */

static void what_is_unfinished_is_charged_and_given_back(void **state) {
  (void)state;
  peal_account account = {0};
  side s = {0};
  s.conn = peal_ws_conn_new(NULL, &account, (peal_slice){NULL, 0});
  assert_non_null(s.conn);
  assert_int_equal(FEED(&s, "\x82\xfe\x10\x00\0\0\0\0x"), PEAL_OK);
  assert_int_equal(account.used, 4096);
  assert_int_equal(FEED(&s, "\x89\x81\0\0\0\0p"), PEAL_OK);
  peal_ws_conn_free(s.conn);
  assert_int_equal(account.used, 0);
}

static void an_account_refuses_before_anything_is_allocated(void **state) {
  (void)state;

  static const struct {
    size_t client, server;
    peal_err err;
    const char *answer;
  } cases[] = {
      {1000, 0, PEAL_ERR_LIMIT, "\x88\x02\x03\xf0"}, /* 1008 */
      {0, 1000, PEAL_ERR_NOMEM, "\x88\x02\x03\xf3"}, /* 1011 */
  };

  for (size_t i = 0; i < 2; i++) {
    peal_account_server all;
    peal_account_worker worker;
    peal_account account;
    torture mem;
    side s = {0};
    torture_init(&mem, 0);
    peal_account_server_init(&all, cases[i].server);
    peal_account_worker_init(&worker, &all);
    peal_account_init(&account, &worker, cases[i].client);
    s.opts.mem = &mem.mem;
    s.conn = peal_ws_conn_new(&s.opts, &account, (peal_slice){NULL, 0});
    assert_non_null(s.conn);
    assert_int_equal(FEED(&s, "\x82\xfe\x10\x00\0\0\0\0x"), cases[i].err);
    assert_int_equal(s.closes, 1);
    assert_true(mem.peak_bytes < 1000);
    expect_out(&s, cases[i].answer, 4);
    peal_ws_conn_free(s.conn);
    assert_int_equal(account.used, 0);
    peal_account_worker_deinit(&worker);
  }
}

static void pongs_that_wait_are_charged(void **state) {
  (void)state;
  peal_account account = {.max = 400};
  side s = {0};
  s.conn = peal_ws_conn_new(NULL, &account, (peal_slice){NULL, 0});
  assert_non_null(s.conn);
  peal_err err = PEAL_OK;
  for (int i = 0; i < 8 && !err; i++)
    err = FEED(&s, "\x89\x81\0\0\0\0p");
  assert_int_equal(err, PEAL_ERR_LIMIT);
  char out[64];
  (void)pull_all(&s, out, sizeof(out));
  assert_int_equal(account.used, 0);
  peal_ws_conn_free(s.conn);
}

/* Fragments of `len` bytes until one is refused or `most` have come. */
static unsigned take_fragments(uint32_t max_frames, size_t len, unsigned most) {
  static char fragment[4 + 16384];
  side s = {0};
  s.opts = (peal_ws_conn_opts){.client = true,
                               .mask = fixed_key,
                               .max_frames = max_frames,
                               .max_message_bytes = 200u << 20};
  s.conn = peal_ws_conn_new(&s.opts, NULL, (peal_slice){NULL, 0});
  assert_non_null(s.conn);
  peal_ws_frame head = {.len = len, .opcode = PEAL_WS_BINARY};
  unsigned count = 0;
  while (count < most) {
    size_t at = peal_ws_frame_encode(fragment, &head);
    if (feed_at(&s, fragment, at + len, 0))
      break;
    head.opcode = PEAL_WS_CONTINUATION;
    count++;
  }
  assert_true(count == most || s.err == PEAL_ERR_LIMIT);
  peal_ws_conn_free(s.conn);
  return count;
}

static void frames_are_allowed_in_proportion_to_their_bytes(void **state) {
  (void)state;
  assert_int_equal(take_fragments(0, 0, 100000), 4096);
  assert_int_equal(take_fragments(0, 1, 100000), 4369);
  assert_int_equal(take_fragments(0, 15, 100000), 65536);
  assert_int_equal(take_fragments(0, 16, 100000), 100000);
  /* 100 MB as some clients send it */
  assert_int_equal(take_fragments(0, 16384, 6400), 6400);
}

static void the_ceiling_of_frames_is_an_option(void **state) {
  (void)state;
  assert_int_equal(take_fragments(3, 100, 10), 3);
  assert_int_equal(take_fragments(10000, 0, 20000), 10000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_idle_connection_owns_no_buffers),
      cmocka_unit_test(whole_messages_are_neither_copied_nor_allocated_for),
      cmocka_unit_test(an_announced_length_reserves_little),
      cmocka_unit_test(a_partial_message_never_holds_more_than_its_limit),
      cmocka_unit_test(tiny_fragments_cost_as_many_bytes_as_they_have),
      cmocka_unit_test(what_is_unfinished_is_charged_and_given_back),
      cmocka_unit_test(an_account_refuses_before_anything_is_allocated),
      cmocka_unit_test(pongs_that_wait_are_charged),
      cmocka_unit_test(frames_are_allowed_in_proportion_to_their_bytes),
      cmocka_unit_test(the_ceiling_of_frames_is_an_option),
  };
  return cmocka_run_group_tests_name("ws_input", tests, NULL, NULL);
}
