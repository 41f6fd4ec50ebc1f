/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/bus_classic.h"
#include "proto/bus_event.h"
#include "proto/bus_node.h"
#include "proto/bus_peal.h"
#include "proto/bus_python.h"

/* -- random events ----------------------------------------------------------------------- */

static uint64_t dice_state;

static uint32_t dice(uint32_t sides) {
  dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(dice_state >> 33) % sides;
}

static peal_val make_val(peal_arena *arena, size_t depth);

static peal_slice make_text(peal_arena *arena) {
  static const char *const pieces[] = {"a",  "\xc3\xa9", "\xf0\x9f\x98\x80",
                                       "\"", "\\",       "\n",
                                       ",",  ": ",       "_placeholder"};
  peal_buf text;
  peal_buf_init(&text, NULL, 0);
  for (uint32_t n = dice(9); n > 0; n--)
    peal_buf_add_str(&text, pieces[dice(9)]);
  peal_slice made = {peal_arena_str(arena, peal_buf_slice(&text)), text.len};
  assert_non_null(made.ptr);
  peal_buf_deinit(&text);
  return made;
}

/* Within what all dialects keep digit by digit. */
static peal_val make_number(void) {
  int64_t whole = ((int64_t)dice(1u << 31) << 22 | dice(1u << 22)) >> dice(52);
  double number = (double)dice(1u << 20) / 1024.0 + 1.0 / 2048.0;
  if (dice(2))
    return peal_int(dice(2) ? whole : -whole - 1);
  return peal_double(dice(2) ? number : -number);
}

static peal_val make_container(peal_arena *arena, size_t depth) {
  uint32_t count = dice(dice(8) ? 4 : 20);
  peal_val *items = peal_arena_alloc(arena, 20 * sizeof *items);
  peal_pair *pairs = peal_arena_alloc(arena, 20 * sizeof *pairs);
  assert_true(items && pairs);
  for (uint32_t i = 0; i < count; i++) {
    items[i] = make_val(arena, depth + 1);
    /* Not the name that makes an object a placeholder. */
    peal_slice key = make_text(arena);
    pairs[i] = (peal_pair){key.len ? key.ptr : "k", items[i]};
    if (!strcmp(pairs[i].key, "_placeholder"))
      pairs[i].key = "k";
  }
  return dice(2) ? peal_array(items, count) : peal_object(pairs, count);
}

static peal_val make_val(peal_arena *arena, size_t depth) {
  switch (dice(depth < 4 ? 8 : 6)) {
  case 0:
    return peal_null();
  case 1:
    return peal_bool(dice(2));
  case 2:
    return make_number();
  case 3:
    return peal_binary(make_text(arena));
  case 4:
  case 5:
    return peal_str_slice(make_text(arena));
  default:
    return make_container(arena, depth);
  }
}

static peal_names make_names(peal_arena *arena) {
  uint32_t count = dice(4);
  peal_slice *names = peal_arena_alloc(arena, 4 * sizeof *names);
  assert_non_null(names);
  for (uint32_t i = 0; i < count; i++)
    names[i] = make_text(arena);
  return (peal_names){count ? names : NULL, count};
}

/* An event as a server hands it on. */
static peal_bus_msg make_msg(peal_arena *arena) {
  peal_bus_msg msg = {.kind = PEAL_BUS_OP, .from = PEAL_S("u")};
  peal_val *data = peal_arena_alloc(arena, 5 * sizeof *data);
  size_t count = 1 + dice(5);
  assert_non_null(data);
  data[0] = peal_str_slice(make_text(arena));
  for (size_t i = 1; i < count; i++)
    data[i] = make_val(arena, 0);
  /* Null alone is no argument to Python. */
  if (count == 2 && data[1].type == PEAL_NULL)
    data[1] = peal_int(1);
  msg.nsp = dice(2) ? PEAL_S("/") : PEAL_S("/chat");
  msg.op = (peal_op){.kind = PEAL_OP_EMIT, .nsp = msg.nsp};
  msg.op.to.room_names = make_names(arena);
  msg.op.to.except_names = make_names(arena);
  msg.op.to.is_volatile = dice(2);
  msg.op.to.no_compress = dice(2);
  assert_int_equal(
      peal_bus_event_of_values(&msg.op, (peal_args){data, count}, arena),
      PEAL_OK);
  return msg;
}

/* -- the dialects -------------------------------------------------------------------------- */

typedef peal_err (*through_fn)(peal_bus_msg *out, const peal_bus_msg *msg,
                               peal_buf *buf, peal_arena *arena);

static peal_err through_classic(peal_bus_msg *out, const peal_bus_msg *msg,
                                peal_buf *buf, peal_arena *arena) {
  peal_buf name;
  peal_bus_channel where;
  peal_buf_init(&name, NULL, 0);
  peal_bus_channel_classic(&name, PEAL_BUS_PREFIX, msg, false);
  assert_true(peal_bus_channel_parse(&where, PEAL_BUS_PREFIX, PEAL_S("me"),
                                     peal_buf_slice(&name)));
  peal_bus_classic_encode(buf, msg, arena);
  peal_err err =
      peal_bus_classic_decode(out, &where, peal_buf_slice(buf), arena);
  peal_buf_deinit(&name);
  return err;
}

static peal_err through_sharded(peal_bus_msg *out, const peal_bus_msg *msg,
                                peal_buf *buf, peal_arena *arena) {
  peal_bus_node_encode(buf, msg, PEAL_BUS_NODE_SHARDED, arena);
  return peal_bus_node_decode(out, peal_buf_slice(buf), arena);
}

static peal_err through_plain(peal_bus_msg *out, const peal_bus_msg *msg,
                              peal_buf *buf, peal_arena *arena) {
  peal_bus_node_encode(buf, msg, PEAL_BUS_NODE_PLAIN, arena);
  return peal_bus_node_decode(out, peal_buf_slice(buf), arena);
}

static peal_err through_stream(peal_bus_msg *out, const peal_bus_msg *msg,
                               peal_buf *buf, peal_arena *arena) {
  peal_bus_entry entry;
  peal_bus_node_encode_entry(&entry, buf, msg, arena);
  return peal_bus_node_decode_entry(out, &entry, arena);
}

static peal_err through_python(peal_bus_msg *out, const peal_bus_msg *msg,
                               peal_buf *buf, peal_arena *arena) {
  peal_bus_python_encode(buf, msg, arena);
  return peal_bus_python_decode(out, peal_buf_slice(buf), arena);
}

static peal_err through_peal(peal_bus_msg *out, const peal_bus_msg *msg,
                             peal_buf *buf, peal_arena *arena) {
  peal_bus_peal_encode(buf, msg);
  return peal_bus_peal_decode(out, peal_buf_slice(buf), arena);
}

static void assert_same_names(peal_names a, peal_names b) {
  assert_int_equal(a.count, b.count);
  for (size_t i = 0; i < a.count; i++)
    assert_true(peal_slice_eq(a.items[i], b.items[i]));
}

static void assert_same(const peal_bus_msg *a, const peal_bus_msg *b) {
  assert_int_equal(a->kind, b->kind);
  assert_int_equal(a->op.kind, b->op.kind);
  assert_true(peal_slice_eq(a->from, b->from));
  assert_true(peal_slice_eq(a->nsp, b->nsp));
  assert_same_names(a->op.to.room_names, b->op.to.room_names);
  assert_same_names(a->op.to.except_names, b->op.to.except_names);
  size_t count = peal_message_count(a->op.message);
  assert_int_equal(count, peal_message_count(b->op.message));
  for (size_t i = 0; i < count; i++)
    if (!peal_slice_eq(peal_message_part(a->op.message, i),
                       peal_message_part(b->op.message, i)))
      fail_msg("%.*s\nbecame\n%.*s",
               PEAL_SFMT(peal_message_part(a->op.message, i)),
               PEAL_SFMT(peal_message_part(b->op.message, i)));
}

/* One event through one dialect, to the same packet byte for byte. */
static void try_one(uint64_t seed, through_fn through, bool has_flags) {
  peal_arena arena;
  peal_buf buf;
  peal_bus_msg back;
  dice_state = seed * 0x9e3779b97f4a7c15u;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_buf_init(&buf, NULL, 0);
  peal_bus_msg msg = make_msg(&arena);
  peal_err err = through(&back, &msg, &buf, &arena);
  if (err || buf.err)
    fail_msg("seed %llu: %s, %s", (unsigned long long)seed,
             peal_err_name(buf.err), peal_err_name(err));
  assert_same(&msg, &back);
  if (has_flags) {
    assert_int_equal(msg.op.to.is_volatile, back.op.to.is_volatile);
    assert_int_equal(msg.op.to.no_compress, back.op.to.no_compress);
  }
  peal_message_unref(msg.op.message);
  peal_message_unref(back.op.message);
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
}

static void random_events_cross_every_dialect_unchanged(void **state) {
  static const struct {
    through_fn through;
    bool has_flags;
  } all[] = {{through_classic, true}, {through_sharded, true},
             {through_plain, true},   {through_stream, true},
             {through_python, false}, {through_peal, true}};

  (void)state;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    for (uint64_t seed = 1; seed <= 1000; seed++)
      try_one(seed, all[i].through, all[i].has_flags);
}

/* -- what leaves and what comes ---------------------------------------------------------- */

static void the_sender_is_an_exception_to_node(void **state) {
  const peal_slice names[] = {{"r", 1}};
  peal_arena arena;
  peal_buf out;
  peal_bus_msg msg = {
      .kind = PEAL_BUS_OP, .from = PEAL_S("u"), .nsp = PEAL_S("/")};
  (void)state;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_buf_init(&out, NULL, 0);
  msg.op = (peal_op){.kind = PEAL_OP_EMIT, .nsp = msg.nsp, .without = "sid"};
  msg.op.to.except_names = (peal_names){names, 1};
  peal_val event = peal_str("e");
  assert_int_equal(
      peal_bus_event_of_values(&msg.op, (peal_args){&event, 1}, &arena),
      PEAL_OK);
  peal_bus_node_encode(&out, &msg, PEAL_BUS_NODE_SHARDED, &arena);
  peal_buf_add_char(&out, 0);
  assert_string_equal(out.ptr,
                      "{\"type\":3,\"data\":{\"packet\":{\"type\":2,\"data\":"
                      "[\"e\"]},\"opts\":{\"rooms\":[],\"except\":[\"sid\","
                      "\"r\"],\"flags\":{}}},\"uid\":\"u\",\"nsp\":\"/\"}");
  peal_message_unref(msg.op.message);
  peal_buf_deinit(&out);
  peal_arena_deinit(&arena);
}

static void reserved_names_and_no_name_are_no_events(void **state) {
  static const char *const reserved[] = {"connect",     "connect_error",
                                         "disconnect",  "disconnecting",
                                         "newListener", "removeListener"};
  peal_arena arena;
  peal_op op = {.kind = PEAL_OP_EMIT, .nsp = PEAL_S("/")};
  (void)state;
  peal_arena_init(&arena, NULL, 0, 0);
  for (size_t i = 0; i < 6; i++) {
    peal_val event = peal_str(reserved[i]);
    assert_int_equal(
        peal_bus_event_of_values(&op, (peal_args){&event, 1}, &arena),
        PEAL_ERR_SIO_RESERVED);
  }
  assert_int_equal(peal_bus_event_of_values(&op, PEAL_NO_ARGS, &arena),
                   PEAL_ERR_SIO_PAYLOAD);
  assert_null(op.message);
  peal_arena_deinit(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_events_cross_every_dialect_unchanged),
      cmocka_unit_test(the_sender_is_an_exception_to_node),
      cmocka_unit_test(reserved_names_and_no_name_are_no_events),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
