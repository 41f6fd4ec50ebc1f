/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "torture.h"
#include "wire/eio_packet.h"
#include "wire/eio_payload.h"
#include "wire_case.h"

static const char *const type_names[] = {"open",    "close",   "ping", "pong",
                                         "message", "upgrade", "noop"};

/* Each packet of a payload in a line. */
static void replay(const wire_case *test, wire_feed *feed, wire_log *log,
                   void *user) {
  (void)test;
  (void)user;
  peal_slice rest, text;
  if (!wire_feed_next(feed, &rest))
    return;
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  bool more = true;
  while (peal_eio_payload_next(&rest, &more, &text)) {
    peal_eio_packet packet;
    peal_err err = peal_eio_packet_decode(&packet, text, &arena);
    if (err != PEAL_OK)
      wire_log_add(log, "%s", peal_err_name(err));
    else
      wire_log_add_bytes(
          log, packet.binary ? "binary" : type_names[packet.type], packet.data);
  }
  peal_arena_deinit(&arena);
}

static void cases_give_their_packets(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("eio_payload", WIRE_CASE_WHOLE, replay, NULL),
                   0);
}

static void what_is_added_is_counted_and_comes_back(void **state) {
  (void)state;
  static const peal_eio_packet packets[] = {
      {.data = {"2[\"a\"]", 6}, .type = PEAL_EIO_MESSAGE},
      {.data = {"\1\2\3\4", 4}, .type = PEAL_EIO_MESSAGE, .binary = true},
      {.type = PEAL_EIO_PING},
  };
  peal_buf buf;
  peal_arena arena;
  peal_buf_init(&buf, NULL, 0);
  peal_arena_init(&arena, NULL, 0, 0);
  peal_buf_add_str(&buf, "head:");
  size_t sum = 0;
  for (size_t i = 0; i < 3; i++) {
    peal_eio_payload_add(&buf, 5, &packets[i]);
    sum += peal_eio_payload_len(&packets[i]);
  }
  assert_int_equal(buf.len - 5, sum - 1); /* no separator before the first */
  peal_slice rest = {buf.ptr + 5, buf.len - 5}, text;
  bool more = true;
  for (size_t i = 0; i < 3; i++) {
    peal_eio_packet got;
    assert_true(peal_eio_payload_next(&rest, &more, &text));
    assert_int_equal(peal_eio_packet_decode(&got, text, &arena), PEAL_OK);
    assert_true(peal_slice_eq(got.data, packets[i].data));
    assert_int_equal(got.type, packets[i].type);
    assert_int_equal(got.binary, packets[i].binary);
  }
  assert_false(peal_eio_payload_next(&rest, &more, &text));
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
}

static peal_err decode_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_arena arena;
  peal_eio_packet packet;
  peal_arena_init(&arena, mem, 0, 0);
  peal_err err = peal_eio_packet_decode(&packet, PEAL_S("bAQID"), &arena);
  peal_arena_deinit(&arena);
  return err;
}

static void a_failing_allocation_is_reported(void **state) {
  (void)state;
  assert_true(torture_run(decode_step, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cases_give_their_packets),
      cmocka_unit_test(what_is_added_is_counted_and_comes_back),
      cmocka_unit_test(a_failing_allocation_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
