/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "torture.h"
#include "wire/json.h"
#include "wire/sio_packet.h"
#include "wire_case.h"

static const char *const type_names[] = {
    "connect",       "disconnect",   "event",     "ack",
    "connect_error", "binary_event", "binary_ack"};

static void log_packet(wire_log *log, const peal_sio_packet *packet) {
  char id[32] = "none";
  if (packet->has_id)
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)packet->id);
  wire_log_add(log, "%s nsp=%.*s id=%s attachments=%u",
               type_names[packet->type], PEAL_SFMT(packet->nsp), id,
               packet->attachments);
  if (peal_val_is(packet->data, PEAL_UNDEFINED))
    return;
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  peal_json_encode(&buf, packet->data, NULL);
  wire_log_add_bytes(log, "data", peal_buf_slice(&buf));
  peal_buf_deinit(&buf);
}

/* Option max=N: attachments allowed; attach=N: N attachments of one byte are
 * put in their places. */
static void replay(const wire_case *test, wire_feed *feed, wire_log *log,
                   void *user) {
  (void)user;
  peal_slice text;
  if (!wire_feed_next(feed, &text))
    return;
  static const peal_slice attachments[] = {
      {"A", 1}, {"B", 1}, {"C", 1}, {"D", 1}};
  size_t attach = (size_t)wire_case_opt_u64(test, "attach", 0);
  assert_true(attach <= 4);
  peal_arena arena;
  peal_sio_packet packet;
  peal_err_info info = {0};
  peal_arena_init(&arena, NULL, 0, 0);
  peal_err err = peal_sio_packet_decode(
      &packet, text, (uint32_t)wire_case_opt_u64(test, "max", 10), &arena,
      &info);
  if (err != PEAL_OK) {
    assert_int_equal(info.code, err);
    wire_log_add(log, "%s at %zu: %s", peal_err_name(err), info.pos, info.msg);
  } else if (wire_case_opt(test, "attach") &&
             (err = peal_sio_packet_attach(&packet, attachments, attach,
                                           &arena)) != PEAL_OK) {
    wire_log_add(log, "attach: %s", peal_err_name(err));
  } else {
    log_packet(log, &packet);
  }
  peal_arena_deinit(&arena);
}

static void cases_decode_as_expected(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("sio_packet", WIRE_CASE_WHOLE, replay, NULL),
                   0);
}

static void assert_event(peal_slice nsp, const char *name, peal_args args,
                         const uint64_t *id, const char *text, size_t count) {
  peal_buf buf;
  size_t attachments = 99;
  peal_buf_init(&buf, NULL, 0);
  peal_sio_packet_encode_event(&buf, nsp, peal_slice_of(name), args, id,
                               &attachments);
  peal_buf_add_char(&buf, '\0');
  assert_int_equal(buf.err, PEAL_OK);
  assert_string_equal(buf.ptr, text);
  assert_int_equal(attachments, count);
  peal_buf_deinit(&buf);
}

static void events_are_written_with_what_they_need_only(void **state) {
  (void)state;
  uint64_t id = 17;
  peal_val bin = peal_binary(PEAL_S("\1"));
  assert_event(PEAL_S("/"), "hi", PEAL_NO_ARGS, NULL, "2[\"hi\"]", 0);
  assert_event(PEAL_S(""), "hi", PEAL_ARGS(peal_int(1), peal_null()), NULL,
               "2[\"hi\",1,null]", 0);
  assert_event(PEAL_S("/chat"), "m", PEAL_ARGS(peal_str("x")), &id,
               "2/chat,17[\"m\",\"x\"]", 0);
  assert_event(PEAL_S("/"), "", PEAL_NO_ARGS, NULL, "2[\"\"]", 0);
  assert_event(PEAL_S("/c"), "b",
               PEAL_ARGS(bin, PEAL_OBJECT({"x", PEAL_ARRAY(bin)})), &id,
               "52-/c,17[\"b\",{\"_placeholder\":true,\"num\":0},"
               "{\"x\":[{\"_placeholder\":true,\"num\":1}]}]",
               2);
}

static void acknowledgements_are_arrays_with_an_id(void **state) {
  (void)state;
  peal_buf buf;
  size_t count = 0;
  peal_buf_init(&buf, NULL, 0);
  peal_sio_packet_encode_ack(&buf, PEAL_S("/"), 0, PEAL_NO_ARGS, &count);
  peal_buf_add_char(&buf, ' ');
  peal_sio_packet_encode_ack(&buf, PEAL_S("/a"), UINT64_MAX,
                             PEAL_ARGS(peal_binary(PEAL_S("x"))), &count);
  assert_int_equal(count, 1);
  assert_true(peal_slice_is(peal_buf_slice(&buf),
                            "30[] 61-/a,18446744073709551615"
                            "[{\"_placeholder\":true,\"num\":0}]"));
  peal_buf_deinit(&buf);
}

static void control_packets_end_their_namespace_with_a_comma(void **state) {
  (void)state;
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  peal_sio_packet_encode_control(&buf, PEAL_SIO_CONNECT, PEAL_S("/"),
                                 PEAL_OBJECT({"sid", peal_str("abc")}));
  peal_buf_add_char(&buf, ' ');
  peal_sio_packet_encode_control(&buf, PEAL_SIO_DISCONNECT, PEAL_S("/foo"),
                                 peal_undefined());
  peal_buf_add_char(&buf, ' ');
  peal_sio_packet_encode_control(
      &buf, PEAL_SIO_CONNECT_ERROR, PEAL_S("/zzz"),
      PEAL_OBJECT({"message", peal_str("Invalid namespace")}));
  assert_true(peal_slice_is(peal_buf_slice(&buf),
                            "0{\"sid\":\"abc\"} 1/foo, "
                            "4/zzz,{\"message\":\"Invalid namespace\"}"));
  peal_buf_deinit(&buf);
}

static void binaries_come_in_the_order_of_their_placeholders(void **state) {
  (void)state;
  peal_args args = PEAL_ARGS(
      PEAL_OBJECT(
          {"x", PEAL_ARRAY(peal_binary(PEAL_S("1")), peal_int(0),
                           PEAL_OBJECT({"y", peal_binary(PEAL_S("2"))}))},
          {"z", peal_binary(PEAL_S("3"))}),
      peal_str("no"), peal_binary(PEAL_S("4")));
  peal_slice found[4] = {{NULL, 0}};
  assert_int_equal(peal_sio_packet_binaries(args, found, 4), 4);
  for (size_t i = 0; i < 4; i++)
    assert_int_equal(found[i].ptr[0], '1' + (int)i);
  found[2] = (peal_slice){"kept", 4};
  assert_int_equal(peal_sio_packet_binaries(args, found, 2), 4);
  assert_true(peal_slice_is(found[2], "kept"));
  assert_int_equal(peal_sio_packet_binaries(PEAL_NO_ARGS, NULL, 0), 0);
}

/* What one side sends the other gets, also through attachments. */
static void an_event_with_binaries_comes_back_equal(void **state) {
  (void)state;
  peal_args args =
      PEAL_ARGS(peal_binary(PEAL_S("\0\xff")), peal_str("é"),
                PEAL_ARRAY(PEAL_OBJECT({"b", peal_binary(PEAL_S("bytes"))})));
  peal_buf buf;
  peal_arena arena;
  peal_sio_packet packet;
  peal_slice attachments[2];
  size_t count = 0;
  peal_buf_init(&buf, NULL, 0);
  peal_arena_init(&arena, NULL, 0, 0);
  peal_sio_packet_encode_event(&buf, PEAL_S("/"), PEAL_S("e"), args, NULL,
                               &count);
  assert_int_equal(peal_sio_packet_binaries(args, attachments, 2), count);
  assert_int_equal(
      peal_sio_packet_decode(&packet, peal_buf_slice(&buf), 10, &arena, NULL),
      PEAL_OK);
  assert_int_equal(packet.attachments, 2);
  assert_int_equal(peal_sio_packet_attach(&packet, attachments, 2, &arena),
                   PEAL_OK);
  for (size_t i = 0; i < args.count; i++)
    assert_true(peal_val_eq(peal_val_at(packet.data, i + 1), args.items[i]));
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
}

static void what_cannot_be_decoded_is_not_encoded(void **state) {
  (void)state;
  static peal_val levels[PEAL_LIMIT_JSON_DEPTH];
  peal_val value = peal_null();
  for (size_t i = 0; i < PEAL_LIMIT_JSON_DEPTH; i++) {
    levels[i] = value;
    value = peal_array(&levels[i], 1);
  }
  peal_buf buf;
  size_t count = 0;
  peal_buf_init(&buf, NULL, 0);
  /* With the array of the arguments around it, it is one too deep. */
  peal_sio_packet_encode_event(&buf, PEAL_S("/"), PEAL_S("e"), PEAL_ARGS(value),
                               NULL, &count);
  assert_int_equal(buf.err, PEAL_ERR_DEPTH);
  peal_buf_deinit(&buf);
}

static void six_names_are_reserved(void **state) {
  (void)state;
  static const char *const names[] = {"connect",     "connect_error",
                                      "disconnect",  "disconnecting",
                                      "newListener", "removeListener"};
  for (size_t i = 0; i < 6; i++)
    assert_true(peal_sio_packet_is_reserved(peal_slice_of(names[i])));
  assert_false(peal_sio_packet_is_reserved(PEAL_S("connection")));
  assert_false(peal_sio_packet_is_reserved(PEAL_S("Connect")));
  assert_false(peal_sio_packet_is_reserved(PEAL_S("connect ")));
  assert_false(peal_sio_packet_is_reserved((peal_slice){NULL, 0}));
}

static peal_err packet_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_arena arena;
  peal_buf buf;
  peal_sio_packet packet;
  size_t count = 0;
  peal_arena_init(&arena, mem, 16, 0);
  peal_buf_init(&buf, mem, 0);
  peal_err err = peal_sio_packet_decode(
      &packet,
      PEAL_S("51-/chat,5[\"m\",[{\"_placeholder\":true,\"num\":0}],\"\\n\"]"),
      10, &arena, NULL);
  if (err == PEAL_OK)
    err = peal_sio_packet_attach(&packet, &(peal_slice){"x", 1}, 1, &arena);
  if (err == PEAL_OK) {
    peal_sio_packet_encode_event(
        &buf, packet.nsp, PEAL_S("m"),
        (peal_args){packet.data.as.items, packet.data.len}, &packet.id, &count);
    err = buf.err;
  }
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
  return err;
}

static void every_failing_allocation_is_reported(void **state) {
  (void)state;
  assert_true(torture_run(packet_step, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cases_decode_as_expected),
      cmocka_unit_test(events_are_written_with_what_they_need_only),
      cmocka_unit_test(acknowledgements_are_arrays_with_an_id),
      cmocka_unit_test(control_packets_end_their_namespace_with_a_comma),
      cmocka_unit_test(binaries_come_in_the_order_of_their_placeholders),
      cmocka_unit_test(an_event_with_binaries_comes_back_equal),
      cmocka_unit_test(what_cannot_be_decoded_is_not_encoded),
      cmocka_unit_test(six_names_are_reserved),
      cmocka_unit_test(every_failing_allocation_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
