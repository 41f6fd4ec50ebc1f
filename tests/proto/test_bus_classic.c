/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bus_log.h"
#include "proto/bus_classic.h"

#define OWN_UID PEAL_S("ownuid")

static peal_err decode(peal_bus_msg *out, const wire_case *test, peal_slice in,
                       peal_arena *arena) {
  peal_bus_channel where;
  peal_slice channel = peal_slice_of(wire_case_opt(test, "channel"));
  assert_true(
      peal_bus_channel_parse(&where, PEAL_BUS_PREFIX, OWN_UID, channel));
  return peal_bus_classic_decode(out, &where, in, arena);
}

static void encode(peal_buf *out, const peal_bus_msg *msg,
                   const wire_case *test, peal_arena *arena) {
  (void)test;
  peal_bus_classic_encode(out, msg, arena);
}

/* It would be published where it came from. */
static void check(const peal_bus_msg *msg, const wire_case *test) {
  peal_buf channel;
  if (wire_case_opt(test, "elsewhere"))
    return;
  peal_buf_init(&channel, NULL, 0);
  peal_bus_channel_classic(&channel, PEAL_BUS_PREFIX, msg, false);
  peal_buf_add_char(&channel, 0);
  assert_int_equal(channel.err, PEAL_OK);
  assert_string_equal(channel.ptr, wire_case_opt(test, "channel"));
  peal_buf_deinit(&channel);
}

static void messages_of_nodes_adapter_are_read_and_written(void **state) {
  (void)state;
  bus_dialect dialect = {"bus_classic", decode, encode, check};
  assert_int_equal(bus_log_run(&dialect), 0);
}

static void what_the_dialect_has_no_words_for_is_refused(void **state) {
  const uint8_t kinds[] = {PEAL_BUS_HELLO,    PEAL_BUS_ALIVE, PEAL_BUS_BYE,
                           PEAL_BUS_PRESENCE, PEAL_BUS_COUNT, PEAL_BUS_COUNTED,
                           PEAL_BUS_CALLBACK};
  peal_arena arena;
  peal_buf out;
  (void)state;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_buf_init(&out, NULL, 0);
  for (size_t i = 0; i < sizeof kinds; i++) {
    peal_bus_msg msg = {.kind = kinds[i], .nsp = PEAL_S("/")};
    peal_buf_reset(&out);
    peal_bus_classic_encode(&out, &msg, &arena);
    assert_int_equal(out.err, PEAL_ERR_USAGE);
    assert_int_equal(out.len, 0);
  }
  /* An empty list of rooms is everybody there, and nobody here. */
  peal_slice none = {"", 0};
  peal_bus_msg msg = {.kind = PEAL_BUS_OP, .nsp = PEAL_S("/")};
  msg.op = (peal_op){.kind = PEAL_OP_JOIN,
                     .nsp = PEAL_S("/"),
                     .room = PEAL_S("r"),
                     .to = {.room_names = {&none, 0}}};
  peal_buf_reset(&out);
  peal_bus_classic_encode(&out, &msg, &arena);
  assert_int_equal(out.err, PEAL_ERR_USAGE);
  peal_buf_deinit(&out);
  peal_arena_deinit(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_of_nodes_adapter_are_read_and_written),
      cmocka_unit_test(what_the_dialect_has_no_words_for_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
