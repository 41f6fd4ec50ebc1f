/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/eio_away.h"
#include "torture.h"

#define SID                                                                    \
  { "AAAAbbbbCCCCddddEEEE", 20 }
#define ENTRY                                                                  \
  { "a1b2c3", 6 }
#define HOME                                                                   \
  { "d4e5f6", 6 }

static const peal_eio_packet drained[] = {
    {.data = {"0{}", 3}, .type = PEAL_EIO_MESSAGE},
    {.type = PEAL_EIO_PING},
    {.data = {"\0\xff", 2}, .type = PEAL_EIO_MESSAGE, .binary = true}};
static const peal_eio_packet said = {.data = {"2[\"\xc3\xa9\"]", 7},
                                     .type = PEAL_EIO_MESSAGE};
static const peal_eio_packet unreadable = {.type = PEAL_EIO_AWAY_UNREADABLE};

/* The bytes are those of the reference's encoder, @msgpack/msgpack, for the
 * objects that cluster-engine 0.1 makes. */
static const struct {
  peal_eio_away msg;
  const char *hex;
} cases[] = {
    {{.type = PEAL_EIO_AWAY_LOCK, .request = 7, .sender = ENTRY, .sid = SID},
     "85a972657175657374496407a873656e6465724964a6613162326333a4747970"
     "6500a46461746183a3736964b441414141626262624343434364646464454545"
     "45ad7472616e73706f72744e616d65a7706f6c6c696e67a474797065a4726561"
     "64a75f736f75726365a45f65696f"},
    {{.type = PEAL_EIO_AWAY_LOCK,
      .request = 300,
      .sender = ENTRY,
      .sid = SID,
      .writes = true},
     "85a9726571756573744964cd012ca873656e6465724964a6613162326333a474"
     "79706500a46461746183a3736964b44141414162626262434343436464646445"
     "454545ad7472616e73706f72744e616d65a7706f6c6c696e67a474797065a577"
     "72697465a75f736f75726365a45f65696f"},
    {{.type = PEAL_EIO_AWAY_LOCK,
      .request = (uint64_t)1 << 32,
      .sender = ENTRY,
      .sid = SID,
      .is_websocket = true},
     "85a9726571756573744964cf0000000100000000a873656e6465724964a66131"
     "62326333a47479706500a46461746183a3736964b44141414162626262434343"
     "436464646445454545ad7472616e73706f72744e616d65a9776562736f636b65"
     "74a474797065a472656164a75f736f75726365a45f65696f"},
    {{.type = PEAL_EIO_AWAY_LOCK_ANSWER,
      .request = 7,
      .sender = HOME,
      .recipient = ENTRY,
      .success = true},
     "86a972657175657374496407a873656e6465724964a6643465356636ab726563"
     "697069656e744964a6613162326333a47479706501a46461746181a773756363"
     "657373c3a75f736f75726365a45f65696f"},
    {{.type = PEAL_EIO_AWAY_DRAIN,
      .sender = HOME,
      .recipient = ENTRY,
      .sid = SID,
      .packets = drained,
      .packet_count = 3},
     "85a873656e6465724964a6643465356636ab726563697069656e744964a66131"
     "62326333a47479706502a46461746182a3736964b44141414162626262434343"
     "436464646445454545a77061636b6574739382a474797065a76d657373616765"
     "a464617461a3307b7d81a474797065a470696e6782a474797065a76d65737361"
     "6765a464617461c40200ffa75f736f75726365a45f65696f"},
    {{.type = PEAL_EIO_AWAY_PACKET,
      .sender = ENTRY,
      .recipient = HOME,
      .sid = SID,
      .packets = &said,
      .packet_count = 1},
     "85a873656e6465724964a6613162326333ab726563697069656e744964a66434"
     "65356636a47479706503a46461746182a3736964b44141414162626262434343"
     "436464646445454545a67061636b657482a474797065a76d657373616765a464"
     "617461a7325b22c3a9225da75f736f75726365a45f65696f"},
    {{.type = PEAL_EIO_AWAY_PACKET,
      .sender = ENTRY,
      .recipient = HOME,
      .sid = SID,
      .packets = &unreadable,
      .packet_count = 1},
     "85a873656e6465724964a6613162326333ab726563697069656e744964a66434"
     "65356636a47479706503a46461746182a3736964b44141414162626262434343"
     "436464646445454545a67061636b657482a474797065a56572726f72a4646174"
     "61ac706172736572206572726f72a75f736f75726365a45f65696f"},
    {{.type = PEAL_EIO_AWAY_UPGRADE,
      .request = 8,
      .sender = ENTRY,
      .recipient = HOME,
      .sid = SID,
      .success = true},
     "86a972657175657374496408a873656e6465724964a6613162326333ab726563"
     "697069656e744964a6643465356636a47479706504a46461746182a3736964b4"
     "4141414162626262434343436464646445454545a773756363657373c3a75f73"
     "6f75726365a45f65696f"},
    {{.type = PEAL_EIO_AWAY_UPGRADE_ANSWER,
      .request = 8,
      .sender = HOME,
      .recipient = ENTRY},
     "86a972657175657374496408a873656e6465724964a6643465356636ab726563"
     "697069656e744964a6613162326333a47479706505a46461746182a874616b65"
     "4f766572c2a77061636b65747390a75f736f75726365a45f65696f"},
    {{.type = PEAL_EIO_AWAY_CLOSE,
      .sender = ENTRY,
      .recipient = HOME,
      .sid = SID,
      .reason = {"transport close", 15}},
     "85a873656e6465724964a6613162326333ab726563697069656e744964a66434"
     "65356636a47479706506a46461746182a3736964b44141414162626262434343"
     "436464646445454545a6726561736f6eaf7472616e73706f727420636c6f7365"
     "a75f736f75726365a45f65696f"},
};

enum { CASES = sizeof cases / sizeof *cases };

static unsigned digit(char c) {
  return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t unhex(char *out, const char *hex) {
  size_t len = strlen(hex) / 2;
  for (size_t i = 0; i < len; i++)
    out[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  return len;
}

static void assert_text(peal_slice is, peal_slice want) {
  assert_int_equal(is.len, want.len);
  if (want.len)
    assert_memory_equal(is.ptr, want.ptr, want.len);
}

static void assert_same(const peal_eio_away *is, const peal_eio_away *want) {
  assert_int_equal(is->type, want->type);
  assert_int_equal(is->success, want->success);
  assert_int_equal(is->take_over, want->take_over);
  assert_int_equal(is->writes, want->writes);
  assert_int_equal(is->is_websocket, want->is_websocket);
  assert_int_equal(is->request, want->request);
  assert_int_equal(is->bytes, want->bytes);
  assert_text(is->sender, want->sender);
  assert_text(is->recipient, want->recipient);
  assert_text(is->sid, want->sid);
  assert_text(is->reason, want->reason);
  assert_int_equal(is->packet_count, want->packet_count);
  for (size_t i = 0; i < want->packet_count; i++) {
    const peal_eio_packet *a = &is->packets[i], *b = &want->packets[i];
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->binary, b->binary);
    if (b->type != PEAL_EIO_AWAY_UNREADABLE)
      assert_text(a->data, b->data);
  }
}

static void messages_are_written_as_the_reference_does(void **state) {
  char want[1024];
  (void)state;
  for (size_t i = 0; i < CASES; i++) {
    peal_buf out;
    peal_buf_init(&out, NULL, 0);
    peal_eio_away_encode(&out, &cases[i].msg);
    assert_int_equal(out.err, PEAL_OK);
    size_t len = unhex(want, cases[i].hex);
    assert_text(peal_buf_slice(&out), (peal_slice){want, len});
    peal_buf_deinit(&out);
  }
}

static void messages_of_the_reference_are_read(void **state) {
  char in[1024];
  peal_arena arena;
  (void)state;
  peal_arena_init(&arena, NULL, 0, 0);
  for (size_t i = 0; i < CASES; i++) {
    peal_eio_away msg;
    size_t len = unhex(in, cases[i].hex);
    assert_int_equal(peal_eio_away_decode(&msg, (peal_slice){in, len}, &arena),
                     PEAL_OK);
    assert_same(&msg, &cases[i].msg);
    peal_arena_reset(&arena);
  }
  peal_arena_deinit(&arena);
}

/* What of it is cut off is never read beyond its end. */
static void what_is_cut_off_is_refused(void **state) {
  char in[1024];
  peal_arena arena;
  (void)state;
  peal_arena_init(&arena, NULL, 0, 0);
  for (size_t i = 0; i < CASES; i++) {
    size_t len = unhex(in, cases[i].hex);
    for (size_t cut = 0; cut < len; cut++) {
      peal_eio_away msg;
      char *part = malloc(cut ? cut : 1);
      assert_non_null(part);
      memcpy(part, in, cut);
      assert_int_not_equal(
          peal_eio_away_decode(&msg, (peal_slice){part, cut}, &arena), PEAL_OK);
      peal_arena_reset(&arena);
      free(part);
    }
  }
  peal_arena_deinit(&arena);
}

static peal_err round_trip(peal_eio_away *out, const peal_eio_away *msg,
                           peal_buf *buf, peal_arena *arena) {
  peal_eio_away_encode(buf, msg);
  return buf->err ? buf->err
                  : peal_eio_away_decode(out, peal_buf_slice(buf), arena);
}

static peal_err decode_of(peal_eio_away msg) {
  peal_buf buf;
  peal_arena arena;
  peal_eio_away out;
  peal_buf_init(&buf, NULL, 0);
  peal_arena_init(&arena, NULL, 0, 0);
  peal_err err = round_trip(&out, &msg, &buf, &arena);
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
  return err;
}

static void names_and_numbers_that_cannot_be_are_refused(void **state) {
  peal_eio_away msg = cases[0].msg;
  (void)state;
  assert_int_equal(decode_of(msg), PEAL_OK);
  msg.sid = PEAL_S("short");
  assert_int_equal(decode_of(msg), PEAL_ERR_SIO_PACKET);
  msg = cases[0].msg;
  msg.sender = PEAL_S("a1b2c");
  assert_int_equal(decode_of(msg), PEAL_ERR_SIO_PACKET);
  msg = cases[0].msg;
  msg.request = (uint64_t)1 << 53;
  assert_int_equal(decode_of(msg), PEAL_ERR_SIO_PACKET);
  msg = cases[3].msg;
  msg.recipient = (peal_slice){0};
  assert_int_equal(decode_of(msg), PEAL_ERR_SIO_PACKET);
  msg = cases[9].msg;
  msg.type = PEAL_EIO_AWAY_CREDIT + 1;
  assert_int_not_equal(decode_of(msg), PEAL_OK);
}

static void what_is_ours_comes_back_as_well(void **state) {
  const peal_eio_away credit = {.type = PEAL_EIO_AWAY_CREDIT,
                                .sender = ENTRY,
                                .recipient = HOME,
                                .sid = SID,
                                .bytes = 65536};
  peal_buf buf;
  peal_arena arena;
  peal_eio_away out;
  (void)state;
  peal_buf_init(&buf, NULL, 0);
  peal_arena_init(&arena, NULL, 0, 0);
  assert_int_equal(round_trip(&out, &credit, &buf, &arena), PEAL_OK);
  assert_same(&out, &credit);
  peal_eio_away last = cases[5].msg;
  last.request = 9;
  peal_buf_reset(&buf);
  assert_int_equal(round_trip(&out, &last, &buf, &arena), PEAL_OK);
  assert_same(&out, &last);
  last.packets = drained;
  last.packet_count = 3;
  peal_buf_reset(&buf);
  assert_int_equal(round_trip(&out, &last, &buf, &arena), PEAL_OK);
  assert_same(&out, &last);
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
}

static void text_that_is_none_is_an_unreadable_packet(void **state) {
  const peal_eio_packet broken = {.data = {"\xff", 1},
                                  .type = PEAL_EIO_MESSAGE};
  peal_eio_away msg = cases[5].msg, out;
  peal_buf buf;
  peal_arena arena;
  (void)state;
  msg.packets = &broken;
  peal_buf_init(&buf, NULL, 0);
  peal_arena_init(&arena, NULL, 0, 0);
  assert_int_equal(round_trip(&out, &msg, &buf, &arena), PEAL_OK);
  assert_int_equal(out.packets[0].type, PEAL_EIO_AWAY_UNREADABLE);
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
}

static peal_err step(const peal_mem *mem, void *user) {
  peal_buf buf;
  peal_arena arena;
  peal_eio_away out;
  (void)user;
  peal_buf_init(&buf, mem, 0);
  peal_arena_init(&arena, mem, 0, 0);
  peal_err err = round_trip(&out, &cases[4].msg, &buf, &arena);
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
  return err;
}

static void without_memory_nothing_leaks(void **state) {
  (void)state;
  assert_true(torture_run(step, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_are_written_as_the_reference_does),
      cmocka_unit_test(messages_of_the_reference_are_read),
      cmocka_unit_test(what_is_cut_off_is_refused),
      cmocka_unit_test(names_and_numbers_that_cannot_be_are_refused),
      cmocka_unit_test(what_is_ours_comes_back_as_well),
      cmocka_unit_test(text_that_is_none_is_an_unreadable_packet),
      cmocka_unit_test(without_memory_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
