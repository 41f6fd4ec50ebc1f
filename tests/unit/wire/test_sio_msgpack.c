/* SPDX-License-Identifier: MIT */
#include <math.h>
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
#include "wire/sio_msgpack.h"
#include "wire_case.h"

static const char *const type_names[] = {"connect", "disconnect", "event",
                                         "ack", "connect_error"};

static void log_data(wire_log *log, peal_val data) {
  peal_buf buf;
  if (peal_val_is(data, PEAL_UNDEFINED))
    return;
  peal_buf_init(&buf, NULL, 0);
  peal_json_encode(&buf, data, NULL);
  if (buf.len > 200 && buf.ptr[20] == '[')
    wire_log_add(log, "deep");
  else
    wire_log_add_bytes(log, "data", peal_buf_slice(&buf));
  peal_buf_deinit(&buf);
}

static void encode(peal_buf *out, const peal_sio_packet *packet) {
  peal_args all = {packet->data.as.items, packet->data.len};
  if (packet->type == PEAL_SIO_EVENT)
    peal_sio_msgpack_encode_event(out, packet->nsp, peal_val_str(all.items[0]),
                                  (peal_args){all.items + 1, all.count - 1},
                                  packet->has_id ? &packet->id : NULL);
  else if (packet->type == PEAL_SIO_ACK)
    peal_sio_msgpack_encode_ack(out, packet->nsp, packet->id, all);
  else
    peal_sio_msgpack_encode_control(out, (peal_sio_type)packet->type,
                                    packet->nsp, packet->data);
}

static void replay(const wire_case *test, wire_feed *feed, wire_log *log,
                   void *user) {
  (void)test;
  (void)user;
  peal_slice in;
  if (!wire_feed_next(feed, &in))
    return;
  peal_arena arena;
  peal_buf again;
  peal_sio_packet packet;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_buf_init(&again, NULL, 0);
  peal_err err = peal_sio_msgpack_decode(&packet, in, &arena);
  if (err) {
    wire_log_add(log, "%s", peal_err_name(err));
  } else {
    char id[24] = "none";
    if (packet.has_id)
      (void)snprintf(id, sizeof id, "%llu", (unsigned long long)packet.id);
    wire_log_add(log, "%s nsp=%.*s id=%s", type_names[packet.type],
                 PEAL_SFMT(packet.nsp), id);
    log_data(log, packet.data);
    encode(&again, &packet);
    assert_int_equal(again.err, PEAL_OK);
    bool same = peal_slice_eq(in, peal_buf_slice(&again));
    wire_log_add(log, same ? "same" : "ours differs");
  }
  peal_buf_deinit(&again);
  peal_arena_deinit(&arena);
}

static void cases_decode_as_expected(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("sio_msgpack", WIRE_CASE_WHOLE, replay, NULL),
                   0);
}

static void decoded(peal_sio_packet *packet, const peal_buf *buf,
                    peal_arena *arena) {
  assert_int_equal(buf->err, PEAL_OK);
  assert_int_equal(peal_sio_msgpack_decode(packet, peal_buf_slice(buf), arena),
                   PEAL_OK);
}

static void what_json_cannot_say_survives(void **state) {
  (void)state;
  peal_buf buf;
  peal_arena arena;
  peal_sio_packet packet;
  peal_buf_init(&buf, NULL, 0);
  peal_arena_init(&arena, NULL, 0, 0);
  peal_sio_msgpack_encode_event(
      &buf, PEAL_S("/"), PEAL_S("e"),
      PEAL_ARGS(peal_double(NAN), peal_double(-INFINITY), peal_undefined(),
                peal_int(INT64_MAX), peal_int(INT64_MIN),
                PEAL_OBJECT({"gone", peal_undefined()}, {"there", peal_null()}),
                peal_binary(PEAL_S("\0\xff"))),
      NULL);
  decoded(&packet, &buf, &arena);
  assert_int_equal(packet.data.len, 8);
  const peal_val *args = packet.data.as.items + 1;
  assert_true(isnan(peal_val_double(args[0], 0)));
  assert_true(isinf(peal_val_double(args[1], 0)));
  assert_true(peal_val_is(args[2], PEAL_UNDEFINED));
  assert_true(peal_val_int(args[3], 0) == INT64_MAX);
  assert_true(peal_val_int(args[4], 0) == INT64_MIN);
  assert_int_equal(args[5].len, 1);
  assert_true(peal_val_is(peal_val_get(args[5], "there"), PEAL_NULL));
  assert_true(peal_slice_eq(peal_val_binary(args[6]), PEAL_S("\0\xff")));
  peal_arena_deinit(&arena);
  peal_buf_deinit(&buf);
}

static void an_event_without_a_namespace_is_of_the_root(void **state) {
  (void)state;
  peal_buf a, b;
  peal_buf_init(&a, NULL, 0);
  peal_buf_init(&b, NULL, 0);
  peal_sio_msgpack_encode_event(&a, PEAL_S(""), PEAL_S("e"), PEAL_NO_ARGS,
                                NULL);
  peal_sio_msgpack_encode_event(&b, PEAL_S("/"), PEAL_S("e"), PEAL_NO_ARGS,
                                NULL);
  assert_true(peal_slice_eq(peal_buf_slice(&a), peal_buf_slice(&b)));
  peal_buf_deinit(&a);
  peal_buf_deinit(&b);
}

/* Names of every length that a head has another form for. */
static void an_id_is_added_and_the_data_ends_where_it_says(void **state) {
  (void)state;
  static const size_t lens[] = {1, 31, 32, 255, 256};
  char name[256];
  memset(name, 'n', sizeof name);
  name[0] = '/';
  for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
    peal_slice nsp = {name, lens[i]};
    peal_buf event, with;
    peal_arena arena;
    peal_sio_packet packet;
    peal_buf_init(&event, NULL, 0);
    peal_buf_init(&with, NULL, 0);
    peal_arena_init(&arena, NULL, 0, 0);
    peal_sio_msgpack_encode_event(&event, nsp, PEAL_S("e"),
                                  PEAL_ARGS(peal_str("12345678")), NULL);
    size_t end = event.len - peal_sio_msgpack_tail_len(nsp);
    assert_memory_equal(event.ptr + end - 8, "12345678", 8);
    peal_sio_msgpack_add_id(&with, peal_buf_slice(&event), 1u << 20);
    decoded(&packet, &with, &arena);
    assert_true(packet.has_id);
    assert_int_equal(packet.id, 1u << 20);
    assert_true(peal_slice_eq(packet.nsp, nsp));
    assert_int_equal(packet.data.len, 2);
    peal_arena_deinit(&arena);
    peal_buf_deinit(&with);
    peal_buf_deinit(&event);
  }
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
  peal_buf_init(&buf, NULL, 0);
  peal_sio_msgpack_encode_event(&buf, PEAL_S("/"), PEAL_S("e"),
                                PEAL_ARGS(value), NULL);
  assert_int_equal(buf.err, PEAL_ERR_DEPTH);
  peal_buf_reset(&buf);
  peal_sio_msgpack_encode_event(&buf, PEAL_S("/"), PEAL_S("e"),
                                PEAL_ARGS(levels[PEAL_LIMIT_JSON_DEPTH - 1]),
                                NULL);
  assert_int_equal(buf.err, PEAL_OK);
  peal_buf_deinit(&buf);
}

static peal_err packet_step(const peal_mem *mem, void *user) {
  (void)user;
  peal_arena arena;
  peal_buf buf;
  peal_sio_packet packet;
  uint64_t id = 5;
  peal_arena_init(&arena, mem, 16, 0);
  peal_buf_init(&buf, mem, 0);
  peal_sio_msgpack_encode_event(
      &buf, PEAL_S("/chat"), PEAL_S("m"),
      PEAL_ARGS(PEAL_OBJECT({"k", PEAL_ARRAY(peal_binary(PEAL_S("x")))})), &id);
  peal_err err = buf.err;
  if (!err)
    err = peal_sio_msgpack_decode(&packet, peal_buf_slice(&buf), &arena);
  if (!err)
    assert_int_equal(packet.data.len, 2);
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
      cmocka_unit_test(what_json_cannot_say_survives),
      cmocka_unit_test(an_event_without_a_namespace_is_of_the_root),
      cmocka_unit_test(an_id_is_added_and_the_data_ends_where_it_says),
      cmocka_unit_test(what_cannot_be_decoded_is_not_encoded),
      cmocka_unit_test(every_failing_allocation_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
