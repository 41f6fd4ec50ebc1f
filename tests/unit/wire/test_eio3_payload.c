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
#include "wire/eio3_packet.h"
#include "wire/eio3_payload.h"
#include "wire_case.h"

static const char *const type_names[] = {"open",    "close",   "ping", "pong",
                                         "message", "upgrade", "noop"};

static void say(wire_log *log, const peal_eio3_payload_item *item,
                peal_arena *arena) {
  peal_eio_packet packet;
  if (!item->data.len && !item->binary) {
    wire_log_add(log, "nothing");
    return;
  }
  peal_err err = item->binary
                     ? peal_eio3_packet_decode_binary(&packet, item->data)
                     : peal_eio3_packet_decode(&packet, item->data, arena);
  if (err)
    wire_log_add(log, "%s", peal_err_name(err));
  else
    wire_log_add_bytes(log, packet.binary ? "binary" : type_names[packet.type],
                       packet.data);
}

/* Each packet of a payload in a line. */
static void replay(const wire_case *test, wire_feed *feed, wire_log *log,
                   void *user) {
  (void)user;
  bool octets = wire_case_opt(test, "octets") != NULL;
  peal_slice rest;
  if (!wire_feed_next(feed, &rest))
    return;
  peal_arena arena;
  peal_arena_init(&arena, NULL, 0, 0);
  do {
    peal_eio3_payload_item item;
    peal_err err = peal_eio3_payload_next(&rest, octets, &item);
    if (err) {
      wire_log_add(log, "%s", peal_err_name(err));
      break;
    }
    say(log, &item, &arena);
  } while (rest.len);
  peal_arena_deinit(&arena);
}

static void cases_give_their_packets(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("eio3_payload", WIRE_CASE_WHOLE, replay, NULL),
                   0);
}

static void comes_back(const peal_eio_packet *packets, size_t count,
                       bool octets) {
  peal_buf buf;
  peal_arena arena;
  peal_buf_init(&buf, NULL, 0);
  peal_arena_init(&arena, NULL, 0, 0);
  for (size_t i = 0; i < count; i++) {
    size_t before = buf.len;
    peal_eio3_payload_add(&buf, octets, &packets[i]);
    assert_true(octets ||
                buf.len - before <= peal_eio3_payload_len(&packets[i]));
  }
  peal_slice rest = peal_buf_slice(&buf);
  for (size_t i = 0; i < count; i++) {
    peal_eio3_payload_item item;
    peal_eio_packet got;
    assert_int_equal(peal_eio3_payload_next(&rest, octets, &item), PEAL_OK);
    assert_int_equal(item.binary, octets && packets[i].binary);
    assert_int_equal(item.binary
                         ? peal_eio3_packet_decode_binary(&got, item.data)
                         : peal_eio3_packet_decode(&got, item.data, &arena),
                     PEAL_OK);
    assert_true(peal_slice_eq(got.data, packets[i].data));
    assert_int_equal(got.type, packets[i].type);
    assert_int_equal(got.binary, packets[i].binary);
  }
  assert_int_equal(rest.len, 0);
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
}

static void what_is_added_comes_back(void **state) {
  (void)state;
  static char big[100000];
  memset(big, 'x', sizeof big);
  const peal_eio_packet packets[] = {
      {.data = PEAL_S("2[\"a\"]"), .type = PEAL_EIO_MESSAGE},
      {.data = PEAL_S("\1\2\3\4\0\377"),
       .type = PEAL_EIO_MESSAGE,
       .binary = true},
      {.type = PEAL_EIO_MESSAGE, .binary = true},
      {.type = PEAL_EIO_PING},
      {.data = PEAL_S("\xf0\x9f\x98\x80 \xe2\x82\xac \xc3\xa9"),
       .type = PEAL_EIO_MESSAGE},
      {.data = {big, sizeof big}, .type = PEAL_EIO_MESSAGE},
      {.data = {big, sizeof big}, .type = PEAL_EIO_MESSAGE, .binary = true},
  };
  comes_back(packets, sizeof packets / sizeof *packets, false);
  comes_back(packets, sizeof packets / sizeof *packets, true);
}

static peal_err decode_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_arena arena;
  peal_eio_packet packet;
  peal_arena_init(&arena, mem, 0, 0);
  peal_err err = peal_eio3_packet_decode(&packet, PEAL_S("b4AQID"), &arena);
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
      cmocka_unit_test(what_is_added_comes_back),
      cmocka_unit_test(a_failing_allocation_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
