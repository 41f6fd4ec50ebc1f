/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/names.h"
#include "proto/op.h"
#include "torture.h"
#include "wire_case.h"

/* -- decoding: tests/wire/op -------------------------------------------------------- */

static void log_names(wire_log *log, const char *what, peal_names_walk names) {
  char text[400] = "";
  if (!peal_names_are_given(&names))
    return;
  for (peal_slice name; peal_names_next(&names, &name);)
    snprintf(text + strlen(text), sizeof text - strlen(text), " [%.*s]",
             PEAL_SFMT(name));
  wire_log_add(log, "%s%s", what, *text ? text : " nobody");
}

static void log_op(wire_log *log, const peal_op *op) {
  static const char *const kinds[] = {
      "", "emit", "ask", "join", "leave", "disconnect", "count", "members"};
  wire_log_add(log, "%s %.*s%s%s%s", kinds[op->kind], PEAL_SFMT(op->nsp),
               op->to.is_volatile ? " volatile" : "",
               op->to.no_compress ? " no_compress" : "",
               op->close ? " close" : "");
  log_names(log, "rooms", peal_names_rooms(&op->to));
  log_names(log, "except", peal_names_except(&op->to));
  if (op->without)
    wire_log_add(log, "without [%s]", op->without);
  if (peal_names_key(&op->to).ptr)
    wire_log_add(log, "conflate [%.*s]", PEAL_SFMT(peal_names_key(&op->to)));
  if (op->room.ptr)
    wire_log_add(log, "room [%.*s]", PEAL_SFMT(op->room));
  if (op->kind == PEAL_OP_ASK)
    wire_log_add(log, "within %u ms, id at %zu", op->timeout_ms,
                 peal_op_id_at(op));
  for (size_t i = 0; op->message && i < peal_message_count(op->message); i++)
    wire_log_add_bytes(log, i ? "attachment" : "packet",
                       peal_message_part(op->message, i));
}

static void replay(const wire_case *test, wire_feed *feed, wire_log *log,
                   void *user) {
  peal_slice in;
  (void)test;
  (void)user;
  if (!wire_feed_next(feed, &in))
    return;
  peal_arena arena;
  peal_op op;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_err err = peal_op_decode(&op, in, &arena);
  if (err) {
    wire_log_add(log, "%s", peal_err_name(err));
  } else {
    peal_buf again;
    log_op(log, &op);
    peal_buf_init(&again, NULL, 0);
    peal_op_encode(&again, &op);
    assert_true(peal_slice_eq(peal_buf_slice(&again), in));
    peal_buf_deinit(&again);
  }
  peal_message_unref(op.message);
  peal_arena_deinit(&arena);
}

static void cases_decode_as_expected(void **state) {
  (void)state;
  assert_int_equal(wire_case_run("op", WIRE_CASE_WHOLE, replay, NULL), 0);
}

/* -- there and back ------------------------------------------------------------------- */

static bool same_names(peal_names_walk a, peal_names_walk b) {
  if (!peal_names_are_given(&a) || !peal_names_are_given(&b))
    return !peal_names_are_given(&a) && !peal_names_are_given(&b);
  peal_slice x, y;
  while (peal_names_next(&a, &x))
    if (!peal_names_next(&b, &y) || !peal_slice_eq(x, y))
      return false;
  return !peal_names_next(&b, &y);
}

static bool same_slice(peal_slice a, peal_slice b) {
  return !a.ptr == !b.ptr && peal_slice_eq(a, b);
}

static bool same_str(const char *a, const char *b) {
  return a && b ? !strcmp(a, b) : !a && !b;
}

static bool same_message(const peal_message *a, const peal_message *b) {
  if (!a || !b)
    return !a && !b;
  if (peal_message_count(a) != peal_message_count(b))
    return false;
  for (size_t i = 0; i < peal_message_count(a); i++)
    if (!peal_slice_eq(peal_message_part(a, i), peal_message_part(b, i)))
      return false;
  return true;
}

static void assert_same(const peal_op *a, const peal_op *b) {
  assert_int_equal(a->kind, b->kind);
  assert_int_equal(a->close, b->close);
  assert_int_equal(a->timeout_ms, b->timeout_ms);
  assert_true(peal_slice_eq(a->nsp, b->nsp));
  assert_true(same_names(peal_names_rooms(&a->to), peal_names_rooms(&b->to)));
  assert_true(same_names(peal_names_except(&a->to), peal_names_except(&b->to)));
  assert_true(same_slice(peal_names_key(&a->to), peal_names_key(&b->to)));
  assert_int_equal(a->to.is_volatile, b->to.is_volatile);
  assert_int_equal(a->to.no_compress, b->to.no_compress);
  assert_true(same_str(a->without, b->without));
  assert_true(same_slice(a->room, b->room));
  assert_true(same_message(a->message, b->message));
}

static peal_message *packet(const char *text, const char *attachment) {
  peal_slice part = peal_slice_of(attachment ? attachment : "");
  peal_message *message =
      peal_message_new(peal_slice_of(text), &part, attachment ? 1 : 0, NULL);
  assert_non_null(message);
  return message;
}

#define NSP(name)                                                              \
  { name, sizeof(name) - 1 }

static peal_op ops[12];
static size_t op_count;

static int make_ops(void **state) {
  (void)state;
  static const char *const nobody[] = {NULL};
  static const char *const two[] = {"a", "", NULL};
  static const char *const one[] = {"room of \xc3\xa4", NULL};
  const peal_op all[] = {
      {.kind = PEAL_OP_EMIT, .nsp = NSP("/"), .message = packet("2[\"x\"]", 0)},
      {.kind = PEAL_OP_EMIT,
       .nsp = NSP("/a[b"),
       .to = {.rooms = two,
              .except = one,
              .is_volatile = true,
              .conflate = "key",
              .no_compress = true},
       .without = "id",
       .message = packet("51-/a[b,[\"x\",{\"_placeholder\":true,\"num\":0}]",
                         "bytes")},
      {.kind = PEAL_OP_EMIT,
       .nsp = NSP("/"),
       .to = {.rooms = nobody, .conflate = ""},
       .message = packet("2[\"\",1,2]", NULL)},
      {.kind = PEAL_OP_ASK,
       .nsp = NSP("/n"),
       .timeout_ms = 0xfffffffe,
       .message = packet("2/n,[\"x\",{\"a\":[]}]", NULL)},
      {.kind = PEAL_OP_JOIN,
       .nsp = NSP("/"),
       .to = {.rooms = one},
       .room = {"", 0}},
      {.kind = PEAL_OP_LEAVE,
       .nsp = NSP("/"),
       .to = {.except = two},
       .room = {"r", 1}},
      {.kind = PEAL_OP_DISCONNECT, .nsp = NSP("/"), .close = true},
      {.kind = PEAL_OP_DISCONNECT, .nsp = NSP("/")},
      {.kind = PEAL_OP_COUNT, .nsp = NSP("/")},
      {.kind = PEAL_OP_MEMBERS, .nsp = NSP("/"), .to = {.rooms = two}},
  };
  op_count = sizeof all / sizeof *all;
  memcpy(ops, all, sizeof all);
  return 0;
}

static int free_ops(void **state) {
  (void)state;
  for (size_t i = 0; i < op_count; i++)
    peal_message_unref(ops[i].message);
  return 0;
}

static void what_is_encoded_decodes_to_the_same(void **state) {
  (void)state;
  for (size_t i = 0; i < op_count; i++) {
    peal_buf buf;
    peal_arena arena;
    peal_op op;
    peal_buf_init(&buf, NULL, 0);
    peal_arena_init(&arena, NULL, 0, 0);
    peal_op_encode(&buf, &ops[i]);
    assert_int_equal(buf.err, PEAL_OK);
    assert_int_equal(peal_op_decode(&op, peal_buf_slice(&buf), &arena),
                     PEAL_OK);
    assert_same(&op, &ops[i]);
    peal_message_unref(op.message);
    peal_arena_deinit(&arena);
    peal_buf_deinit(&buf);
  }
}

/* Every beginning of it, and every one with a byte more. */
static void anything_shorter_or_longer_is_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < op_count; i++) {
    peal_buf buf;
    peal_arena arena;
    peal_op op;
    peal_buf_init(&buf, NULL, 0);
    peal_arena_init(&arena, NULL, 0, 0);
    peal_op_encode(&buf, &ops[i]);
    size_t whole = buf.len;
    peal_buf_add_char(&buf, 0);
    for (size_t len = 0; len <= whole + 1; len++) {
      char *copy = malloc(len + 1);
      assert_non_null(copy);
      memcpy(copy, buf.ptr, len);
      if (len != whole)
        assert_int_not_equal(
            peal_op_decode(&op, (peal_slice){copy, len}, &arena), PEAL_OK);
      free(copy);
    }
    peal_arena_deinit(&arena);
    peal_buf_deinit(&buf);
  }
}

static void what_does_not_fit_is_not_encoded(void **state) {
  (void)state;
  static char name[70000];
  memset(name, 'x', sizeof name - 1);
  const char *const rooms[] = {name, NULL};
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  peal_op_encode(&buf, &(peal_op){.kind = PEAL_OP_COUNT,
                                  .nsp = NSP("/"),
                                  .to = {.rooms = rooms}});
  assert_int_equal(buf.err, PEAL_ERR_LIMIT);
  peal_buf_deinit(&buf);
}

static void values_come_back_with_their_attachments(void **state) {
  (void)state;
  peal_arena arena;
  peal_sio_packet values;
  peal_arena_init(&arena, NULL, 0, 0);
  assert_int_equal(peal_op_values(&values, &ops[1], &arena), PEAL_OK);
  assert_int_equal(values.data.len, 2);
  assert_true(
      peal_slice_is(peal_val_binary(peal_val_at(values.data, 1)), "bytes"));
  peal_arena_deinit(&arena);
}

static peal_err decode_all(const peal_mem *mem, void *user) {
  peal_err err = PEAL_OK;
  (void)user;
  for (size_t i = 0; i < op_count && !err; i++) {
    peal_buf buf;
    peal_arena arena;
    peal_op op = {0};
    peal_buf_init(&buf, mem, 0);
    peal_arena_init(&arena, mem, 64, 0);
    peal_op_encode(&buf, &ops[i]);
    err = buf.err;
    if (!err)
      err = peal_op_decode(&op, peal_buf_slice(&buf), &arena);
    peal_message_unref(op.message);
    peal_arena_deinit(&arena);
    peal_buf_deinit(&buf);
  }
  return err;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  assert_true(torture_run(decode_all, NULL, false, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cases_decode_as_expected),
      cmocka_unit_test(what_is_encoded_decodes_to_the_same),
      cmocka_unit_test(anything_shorter_or_longer_is_refused),
      cmocka_unit_test(what_does_not_fit_is_not_encoded),
      cmocka_unit_test(values_come_back_with_their_attachments),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, make_ops, free_ops);
}
