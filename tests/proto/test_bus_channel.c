/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/bus_channel.h"

#define UID PEAL_S("AAAAAA")

static void assert_name(peal_buf *name, const char *want) {
  peal_buf_add_char(name, 0);
  assert_int_equal(name->err, PEAL_OK);
  assert_string_equal(name->ptr, want);
  peal_buf_deinit(name);
}

static peal_bus_msg emit_to(const peal_slice *rooms, size_t count) {
  peal_bus_msg msg = {.kind = PEAL_BUS_OP, .nsp = PEAL_S("/n")};
  msg.op.kind = PEAL_OP_EMIT;
  msg.op.to.room_names = (peal_names){count ? rooms : NULL, count};
  return msg;
}

static void assert_classic(const peal_bus_msg *msg, bool own,
                           const char *want) {
  peal_buf name;
  peal_buf_init(&name, NULL, 0);
  peal_bus_channel_classic(&name, PEAL_BUS_PREFIX, msg, own);
  assert_name(&name, want);
}

static void assert_node(const peal_bus_msg *msg, peal_bus_rooms rooms,
                        const char *want) {
  peal_buf name;
  peal_buf_init(&name, NULL, 0);
  peal_bus_channel_node(&name, PEAL_S("p"), msg, rooms);
  assert_name(&name, want);
}

static void broadcasts_to_one_room_have_its_channel(void **state) {
  const peal_slice rooms[] = {{"a", 1}, {"b", 1}};
  peal_bus_msg none = emit_to(rooms, 0), one = emit_to(rooms, 1),
               two = emit_to(rooms, 2);
  (void)state;
  assert_classic(&none, false, "socket.io#/n#");
  assert_classic(&one, false, "socket.io#/n#a#");
  assert_classic(&two, false, "socket.io#/n#");
  assert_node(&none, PEAL_BUS_ROOMS_DYNAMIC, "p#/n#");
  assert_node(&one, PEAL_BUS_ROOMS_DYNAMIC, "p#/n#a#");
  assert_node(&one, PEAL_BUS_ROOMS_STATIC, "p#/n#");
  assert_node(&two, PEAL_BUS_ROOMS_DYNAMIC_PRIVATE, "p#/n#");
}

static void what_looks_like_a_socket_has_one_in_private_mode_only(
    void **state) {
  const peal_slice id = {"0123456789abcdefghij", 20};
  peal_bus_msg msg = emit_to(&id, 1);
  (void)state;
  assert_node(&msg, PEAL_BUS_ROOMS_DYNAMIC, "p#/n#");
  assert_node(&msg, PEAL_BUS_ROOMS_DYNAMIC_PRIVATE,
              "p#/n#0123456789abcdefghij#");
  assert_true(peal_bus_channel_is_dynamic(PEAL_BUS_ROOMS_DYNAMIC, false));
  assert_false(peal_bus_channel_is_dynamic(PEAL_BUS_ROOMS_DYNAMIC, true));
  assert_true(
      peal_bus_channel_is_dynamic(PEAL_BUS_ROOMS_DYNAMIC_PRIVATE, true));
  assert_false(peal_bus_channel_is_dynamic(PEAL_BUS_ROOMS_STATIC, false));
}

static void events_that_ask_go_to_everybody(void **state) {
  const peal_slice room = {"a", 1};
  peal_bus_msg msg = emit_to(&room, 1);
  (void)state;
  msg.kind = PEAL_BUS_ASK;
  msg.op.kind = PEAL_OP_ASK;
  assert_classic(&msg, false, "socket.io-request#/n#");
  assert_node(&msg, PEAL_BUS_ROOMS_DYNAMIC_PRIVATE, "p#/n#");
}

static void answers_go_to_whoever_asked(void **state) {
  peal_bus_msg msg = {
      .kind = PEAL_BUS_FETCHED, .nsp = PEAL_S("/"), .to = PEAL_S("BBBBBB")};
  (void)state;
  assert_classic(&msg, false, "socket.io-response#/#");
  assert_classic(&msg, true, "socket.io-response#/#BBBBBB#");
  assert_node(&msg, PEAL_BUS_ROOMS_STATIC, "p#/#BBBBBB#");
  msg.kind = PEAL_BUS_RETURN; /* always to all, as the adapter does it */
  assert_classic(&msg, true, "socket.io-response#/#");
}

static void patterns_mean_what_they_say(void **state) {
  peal_buf name;
  (void)state;
  peal_buf_init(&name, NULL, 0);
  peal_bus_channel_add_pattern(&name, PEAL_S("a*b"), PEAL_S("/[x]?\\"));
  assert_name(&name, "a\\*b#/\\[x\\]\\?\\\\#*");
}

static void names_are_taken_apart(void **state) {
  static const struct {
    const char *channel;
    int where;
    const char *nsp;
  } all[] = {
      {"socket.io#/#", PEAL_BUS_BROADCASTS, "/#"},
      {"socket.io#/n#room#", PEAL_BUS_BROADCASTS, "/n#room#"},
      {"socket.io-request#/#", PEAL_BUS_REQUESTS, "/"},
      {"socket.io-request#/a#b#", PEAL_BUS_REQUESTS, "/a#b"},
      {"socket.io-response#/#", PEAL_BUS_RESPONSES, "/"},
      {"socket.io-response#/#AAAAAA#", PEAL_BUS_RESPONSES, "/"},
      {"socket.io-response#/n#BBBBBB#", PEAL_BUS_RESPONSES, "/n#BBBBBB"},
      {"socket.io-response#/nAAAAAA#", PEAL_BUS_RESPONSES, "/nAAAAAA"},
      {"", 0, ""},
      {"socket.io", 0, ""},
      {"socket.io#", 0, ""},
      {"socket.io#/", 0, ""},
      {"socket.io#n#", 0, ""},
      {"socket.iox#/#", 0, ""},
      {"socket.io-request#/", 0, ""},
      {"other#/#", 0, ""},
  };

  (void)state;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    peal_bus_channel got;
    bool is = peal_bus_channel_parse(&got, PEAL_BUS_PREFIX, UID,
                                     peal_slice_of(all[i].channel));
    assert_int_equal(is, all[i].where != 0);
    assert_int_equal(got.where, all[i].where);
    assert_true(peal_slice_is(got.nsp, all[i].nsp));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(broadcasts_to_one_room_have_its_channel),
      cmocka_unit_test(what_looks_like_a_socket_has_one_in_private_mode_only),
      cmocka_unit_test(events_that_ask_go_to_everybody),
      cmocka_unit_test(answers_go_to_whoever_asked),
      cmocka_unit_test(patterns_mean_what_they_say),
      cmocka_unit_test(names_are_taken_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
