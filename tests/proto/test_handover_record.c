/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/handover_record.h"
#include "torture.h"
#include "wire/msgpack.h"

#define TEXT(text)                                                             \
  { text, sizeof text - 1 }

static const peal_slice rooms[] = {TEXT("lobby"), TEXT("a\0b"), TEXT("\xff")};
static const peal_handover_field fields[] = {{TEXT("Host"), TEXT("x")},
                                             {TEXT("Cookie"), TEXT("a=\xe9")}};
static const peal_pair values[] = {
    {.key = "seen", .value = {.type = PEAL_INT, .as.integer = 3}}};
static const peal_handover_message messages[] = {
    {.data = TEXT("2[\"\xc3\xa9\"]")},
    {.data = TEXT("51-[{\"_placeholder\":true,\"num\":0}]"),
     .no_compress = true},
    {.data = TEXT("\0\xff"), .is_binary = true}};

/* With a value, which is made anew each time. */
static peal_handover_record whole(peal_handover_socket sockets[2]) {
  sockets[0] = (peal_handover_socket){.nsp = TEXT("/"),
                                      .id = TEXT("aaaabbbbccccddddeeee"),
                                      .pid = TEXT("0123456789012345678901"),
                                      .auth = TEXT("{\"token\":1}"),
                                      .data = peal_int(7),
                                      .session = peal_object(values, 1),
                                      .rooms = rooms,
                                      .room_count = 3};
  sockets[1] = (peal_handover_socket){.nsp = TEXT("/other"),
                                      .id = TEXT("aaaabbbbccccddddffff")};
  return (peal_handover_record){.sid = TEXT("AAAAbbbbCCCCddddEEEE"),
                                .is_websocket = true,
                                .is_pinged = true,
                                .beat_ms = 19999,
                                .queue_bytes = 4096,
                                .policy = 2,
                                .is_secure = true,
                                .since_ms = 1700000000123,
                                .url = TEXT("/socket.io/?EIO=4&x=%20"),
                                .address = TEXT("127.0.0.1"),
                                .deflate = {.on = true,
                                            .client_takeover = true,
                                            .server_bits = 9,
                                            .client_bits = 15},
                                .window = TEXT("so far\xff"),
                                .fields = fields,
                                .field_count = 2,
                                .messages = messages,
                                .message_count = 3,
                                .sockets = sockets,
                                .socket_count = 2};
}

static void same(peal_slice a, peal_slice b) {
  assert_int_equal(a.len, b.len);
  if (a.len)
    assert_memory_equal(a.ptr, b.ptr, a.len);
}

static void same_socket(const peal_handover_socket *a,
                        const peal_handover_socket *b) {
  same(a->nsp, b->nsp);
  same(a->id, b->id);
  same(a->pid, b->pid);
  same(a->auth, b->auth);
  assert_int_equal(a->auth.ptr != NULL, b->auth.ptr != NULL);
  assert_true(peal_val_eq(a->data, b->data));
  assert_true(peal_val_eq(a->session, b->session));
  assert_int_equal(a->room_count, b->room_count);
  for (size_t i = 0; i < a->room_count; i++)
    same(a->rooms[i], b->rooms[i]);
}

static void same_record(const peal_handover_record *a,
                        const peal_handover_record *b) {
  same(a->sid, b->sid);
  same(a->url, b->url);
  same(a->address, b->address);
  assert_int_equal(a->is_websocket, b->is_websocket);
  assert_int_equal(a->is_eio3, b->is_eio3);
  assert_int_equal(a->wants_base64, b->wants_base64);
  assert_int_equal(a->is_pinged, b->is_pinged);
  assert_int_equal(a->is_secure, b->is_secure);
  assert_int_equal(a->beat_ms, b->beat_ms);
  assert_int_equal(a->queue_bytes, b->queue_bytes);
  assert_int_equal(a->policy, b->policy);
  assert_int_equal(a->deflate.on, b->deflate.on);
  assert_int_equal(a->deflate.server_takeover, b->deflate.server_takeover);
  assert_int_equal(a->deflate.client_takeover, b->deflate.client_takeover);
  assert_int_equal(a->deflate.server_bits, b->deflate.server_bits);
  assert_int_equal(a->deflate.client_bits, b->deflate.client_bits);
  same(a->window, b->window);
  assert_int_equal(a->since_ms, b->since_ms);
  assert_int_equal(a->field_count, b->field_count);
  for (size_t i = 0; i < a->field_count; i++) {
    same(a->fields[i].name, b->fields[i].name);
    same(a->fields[i].value, b->fields[i].value);
  }
  assert_int_equal(a->message_count, b->message_count);
  for (size_t i = 0; i < a->message_count; i++) {
    same(a->messages[i].data, b->messages[i].data);
    assert_int_equal(a->messages[i].is_binary, b->messages[i].is_binary);
    assert_int_equal(a->messages[i].no_compress, b->messages[i].no_compress);
  }
  assert_int_equal(a->socket_count, b->socket_count);
  for (size_t i = 0; i < a->socket_count; i++)
    same_socket(&a->sockets[i], &b->sockets[i]);
}

static peal_err decode(peal_handover_record *out, peal_slice in,
                       peal_arena *arena) {
  /* In a block of its own size, so that a sanitizer sees what is outside. */
  char *copy = peal_arena_alloc(arena, in.len + 1);
  memcpy(copy, in.ptr, in.len);
  return peal_handover_record_decode(out, (peal_slice){copy, in.len}, arena);
}

static void what_is_written_is_read(void **state) {
  (void)state;
  peal_handover_socket sockets[2];
  for (unsigned bits = 0; bits < 64; bits++) {
    peal_handover_record record = whole(sockets), back;
    record.is_websocket = bits & 1;
    record.is_eio3 = bits & 2;
    record.wants_base64 = bits & 4;
    record.is_pinged = bits & 8;
    record.is_secure = bits & 16;
    if (bits & 32) {
      record.deflate = (peal_deflate_terms){.on = false};
      record.window = (peal_slice){0};
    }
    peal_arena arena;
    peal_buf buf;
    peal_arena_init(&arena, NULL, 0, 0);
    peal_buf_init(&buf, NULL, 0);
    peal_handover_record_encode(&buf, &record);
    assert_int_equal(buf.err, PEAL_OK);
    assert_int_equal(decode(&back, peal_buf_slice(&buf), &arena), PEAL_OK);
    same_record(&record, &back);
    peal_buf_deinit(&buf);
    peal_arena_deinit(&arena);
  }
}

/* Not whole, or with a byte that is another one: no crash, nothing that makes no
 * sense. */
static void what_is_broken_is_refused_or_makes_sense(void **state) {
  (void)state;
  peal_handover_socket sockets[2];
  peal_handover_record record = whole(sockets), back;
  peal_arena arena;
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  peal_handover_record_encode(&buf, &record);
  for (size_t len = 0; len < buf.len; len++) {
    peal_arena_init(&arena, NULL, 0, 0);
    assert_int_not_equal(decode(&back, (peal_slice){buf.ptr, len}, &arena),
                         PEAL_OK);
    peal_arena_deinit(&arena);
  }
  for (size_t at = 0; at < buf.len; at++) {
    for (unsigned flip = 1; flip < 256; flip <<= 1) {
      buf.ptr[at] = (char)(buf.ptr[at] ^ (char)flip);
      peal_arena_init(&arena, NULL, 0, 0);
      if (!decode(&back, peal_buf_slice(&buf), &arena)) {
        assert_int_equal(back.sid.len, PEAL_HANDOVER_RECORD_ID);
        assert_true(back.policy <= 2);
      }
      peal_arena_deinit(&arena);
      buf.ptr[at] = (char)(buf.ptr[at] ^ (char)flip);
    }
  }
  peal_buf_deinit(&buf);
}

static void refuse(const peal_handover_record *record) {
  peal_arena arena;
  peal_buf buf;
  peal_handover_record back;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_buf_init(&buf, NULL, 0);
  peal_handover_record_encode(&buf, record);
  assert_int_equal(decode(&back, peal_buf_slice(&buf), &arena),
                   PEAL_ERR_SIO_PACKET);
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
}

static void what_makes_no_sense_is_refused(void **state) {
  (void)state;
  static const peal_handover_field nameless[] = {{TEXT(""), TEXT("x")}};
  static const peal_handover_message no_text[] = {{.data = TEXT("\xff")}};
  static const peal_slice names[] = {TEXT(""), TEXT("x"), TEXT("/a,b"),
                                     TEXT("/\0"), TEXT("/\xff")};
  static const peal_slice ids[] = {TEXT(""), TEXT("short"),
                                   TEXT("aaaabbbbccccdddde\0ee"),
                                   TEXT("aaaabbbbccccddddeeeef")};
  peal_handover_socket sockets[2];
  peal_handover_record record = whole(sockets);
  record.fields = nameless;
  record.field_count = 1;
  refuse(&record);
  record = whole(sockets);
  record.messages = no_text;
  record.message_count = 1;
  refuse(&record);
  record = whole(sockets);
  record.policy = 3;
  refuse(&record);
  record = whole(sockets);
  record.deflate.server_bits = 8;
  refuse(&record);
  record = whole(sockets);
  record.since_ms = -1;
  refuse(&record);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    record = whole(sockets);
    sockets[1].nsp = names[i];
    refuse(&record);
  }
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    record = whole(sockets);
    record.sid = ids[i];
    refuse(&record);
    record = whole(sockets);
    sockets[0].id = ids[i];
    refuse(&record);
  }
}

/* What a later process adds is skipped. */
static void unknown_members_are_skipped(void **state) {
  (void)state;
  peal_handover_socket sockets[2];
  peal_handover_record record = whole(sockets), back;
  peal_arena arena;
  peal_buf buf;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_buf_init(&buf, NULL, 0);
  peal_handover_record_encode(&buf, &record);
  assert_int_equal((unsigned char)buf.ptr[0],
                   0xde); /* 16 members, as two bytes */
  peal_buf more;
  peal_buf_init(&more, NULL, 0);
  peal_buf_add(&more, (peal_slice){"\xde\x00\x11", 3}); /* 17 */
  peal_buf_add(&more, (peal_slice){buf.ptr + 3, buf.len - 3});
  peal_msgpack_add_str(&more, PEAL_S("new"));
  peal_msgpack_add_u64(&more, 1);
  assert_int_equal(decode(&back, peal_buf_slice(&more), &arena), PEAL_OK);
  same_record(&record, &back);
  peal_buf_deinit(&more);
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
}

static peal_err round_trip(const peal_mem *mem, void *user) {
  peal_handover_socket sockets[2];
  peal_handover_record record = whole(sockets), back;
  peal_arena arena;
  peal_buf buf;
  (void)user;
  peal_arena_init(&arena, mem, 64, 0);
  peal_buf_init(&buf, mem, 0);
  peal_handover_record_encode(&buf, &record);
  peal_err err = buf.err;
  if (!err)
    err = peal_handover_record_decode(&back, peal_buf_slice(&buf), &arena);
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
  return err;
}

static void no_memory_is_an_error(void **state) {
  (void)state;
  assert_true(torture_run(round_trip, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(what_is_broken_is_refused_or_makes_sense),
      cmocka_unit_test(what_makes_no_sense_is_refused),
      cmocka_unit_test(unknown_members_are_skipped),
      cmocka_unit_test(no_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
