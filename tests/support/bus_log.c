/* SPDX-License-Identifier: MIT */
#include "bus_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/names.h"
#include "torture.h"
#include "wire/json.h"

/* -- words --------------------------------------------------------------------------- */

static const char *const kinds[] = {
    "none",  "op",      "ask",   "asked",     "acked", "fetch",  "fetched",
    "ids",   "ids_are", "rooms", "rooms_are", "call",  "return", "callback",
    "hello", "alive",   "bye",   "presence",  "count", "counted"};

static const char *const ops[] = {"none",  "emit",       "ask",   "join",
                                  "leave", "disconnect", "count", "members"};

static void put_field(wire_log *log, const char *name, peal_slice text) {
  if (!text.len)
    return;
  wire_log_put_bytes(log, peal_slice_of(name));
  wire_log_put_bytes(log, text);
}

static void put_number(wire_log *log, const char *name, uint64_t number) {
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)number);
  if (number)
    put_field(log, name, peal_slice_of(text));
}

static void put_names(wire_log *log, const char *what, peal_names_walk names) {
  if (!peal_names_are_given(&names))
    return;
  wire_log_put_bytes(log, peal_slice_of(what));
  if (!peal_names_count(names))
    put_field(log, " ", PEAL_S("nobody"));
  for (peal_slice name; peal_names_next(&names, &name);) {
    wire_log_put_bytes(log, PEAL_S(" ["));
    wire_log_put_bytes(log, name);
    wire_log_put_bytes(log, PEAL_S("]"));
  }
  wire_log_end(log);
}

static void add_op(wire_log *log, const peal_op *op) {
  char timeout[32] = "";
  if (op->kind == PEAL_OP_ASK)
    snprintf(timeout, sizeof timeout, " timeout=%u", op->timeout_ms);
  wire_log_add(log, "op %s%s%s%s%s", ops[op->kind],
               op->to.is_volatile ? " volatile" : "",
               op->to.no_compress ? " no_compress" : "",
               op->close ? " close" : "", timeout);
  put_names(log, "rooms", peal_names_rooms(&op->to));
  put_names(log, "except", peal_names_except(&op->to));
  if (op->room.ptr)
    put_names(log, "room", (peal_names_walk){.slices = &op->room, .left = 1});
  for (size_t i = 0; op->message && i < peal_message_count(op->message); i++)
    wire_log_add_bytes(log, i ? "attachment" : "packet",
                       peal_message_part(op->message, i));
}

static void add_args(wire_log *log, peal_args args) {
  peal_slice parts[32];
  size_t placeholders = 0;
  peal_buf text;
  if (!args.count)
    return;
  peal_buf_init(&text, NULL, 0);
  peal_json_encode_args(&text, (peal_slice){NULL, 0}, args, &placeholders);
  wire_log_add_bytes(log, "args", peal_buf_slice(&text));
  peal_buf_deinit(&text);
  size_t count = peal_sio_packet_binaries(args, parts, 32);
  for (size_t i = 0; i < count && i < 32; i++)
    wire_log_add_bytes(log, "binary", parts[i]);
}

void bus_log_add(wire_log *log, const peal_bus_msg *msg) {
  wire_log_put_bytes(log, peal_slice_of(kinds[msg->kind]));
  put_field(log, " ", msg->nsp);
  put_field(log, " from=", msg->from);
  put_field(log, " to=", msg->to);
  put_field(log, " request=", msg->request);
  put_field(log, " room=", msg->room);
  put_number(log, " number=", msg->number);
  put_number(log, " count=", msg->count);
  wire_log_end(log);
  if (msg->op.kind)
    add_op(log, &msg->op);
  add_args(log, msg->args);
}

/* -- what is always true --------------------------------------------------------------- */

static void must(bool truth) {
  if (!truth)
    abort();
}

static void check_event(const peal_op *op, peal_arena *arena) {
  peal_sio_packet packet;
  must(peal_op_id_at(op) > 0);
  if (peal_op_values(&packet, op, arena))
    return; /* it names attachments that are not there, or one of them twice */
  must(packet.data.len > 0 && !packet.has_id);
  must(packet.attachments == peal_message_count(op->message) - 1);
  must(peal_val_is(packet.data.as.items[0], PEAL_STRING));
  must(!peal_sio_packet_is_reserved(peal_val_str(packet.data.as.items[0])));
}

void bus_log_check(const peal_bus_msg *msg, peal_arena *arena) {
  bool events = msg->op.kind == PEAL_OP_EMIT || msg->op.kind == PEAL_OP_ASK;
  must(msg->kind >= PEAL_BUS_OP && msg->kind <= PEAL_BUS_COUNTED);
  must(!msg->nsp.len || msg->nsp.ptr[0] == '/');
  must(events == (msg->op.message != NULL));
  if (!msg->op.kind)
    return;
  must(peal_slice_eq(msg->op.nsp, msg->nsp));
  if (msg->op.message)
    check_event(&msg->op, arena);
}

/* -- cases ----------------------------------------------------------------------------- */

typedef struct bus_case {
  const bus_dialect *dialect;
  const wire_case *test;
  peal_slice in;
} bus_case;

/* Each in a block of its own size: a sanitizer sees reading outside. */
static void decode_beginnings(const bus_case *c) {
  for (size_t len = 0; len < c->in.len; len++) {
    peal_arena arena;
    peal_bus_msg msg;
    char *copy = malloc(len ? len : 1);
    must(copy);
    memcpy(copy, c->in.ptr, len);
    peal_arena_init(&arena, NULL, 0, 0);
    if (!c->dialect->decode(&msg, c->test, (peal_slice){copy, len}, &arena))
      bus_log_check(&msg, &arena);
    peal_message_unref(msg.op.message);
    peal_arena_deinit(&arena);
    free(copy);
  }
}

/* Does what was decoded come to the same words when it is encoded? `mem` is of
 * the arenas and of the bytes. */
static peal_err there_and_back(const bus_case *c, const peal_mem *mem,
                               bool exact) {
  peal_arena arena;
  peal_buf again;
  peal_bus_msg msg, copy = {0};
  peal_arena_init(&arena, mem, 256, 0);
  peal_buf_init(&again, mem, 0);
  peal_err err = c->dialect->decode(&msg, c->test, c->in, &arena);
  if (!err && c->dialect->check)
    c->dialect->check(&msg, c->test);
  if (!err)
    c->dialect->encode(&again, &msg, c->test, &arena);
  if (!err)
    err = again.err;
  if (!err && exact && !peal_slice_eq(peal_buf_slice(&again), c->in)) {
    print_error("\n%s: encoded otherwise:\n%.*s\n", wire_case_name(c->test),
                PEAL_SFMT(peal_buf_slice(&again)));
    err = PEAL_ERR_SIO_PACKET;
  }
  if (!err)
    err = c->dialect->decode(&copy, c->test, peal_buf_slice(&again), &arena);
  if (!err)
    must(copy.kind == msg.kind && copy.op.kind == msg.op.kind &&
         copy.args.count == msg.args.count &&
         peal_slice_eq(copy.request, msg.request) &&
         peal_slice_eq(copy.nsp, msg.nsp));
  peal_message_unref(copy.op.message);
  peal_message_unref(msg.op.message);
  peal_buf_deinit(&again);
  peal_arena_deinit(&arena);
  return err;
}

static peal_err torture_step(const peal_mem *mem, void *user) {
  return there_and_back(user, mem, false);
}

static void replay(const wire_case *test, wire_feed *feed, wire_log *log,
                   void *user) {
  bus_case c = {.dialect = user, .test = test};
  peal_arena arena;
  peal_bus_msg msg;
  if (!wire_feed_next(feed, &c.in))
    return;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_err err = c.dialect->decode(&msg, test, c.in, &arena);
  if (err) {
    wire_log_add(log, "%s", peal_err_name(err));
  } else {
    bus_log_check(&msg, &arena);
    bus_log_add(log, &msg);
  }
  peal_message_unref(msg.op.message);
  peal_arena_deinit(&arena);
  decode_beginnings(&c);
  if (err || wire_case_opt(test, "once"))
    return;
  err = there_and_back(&c, NULL, wire_case_opt(test, "exact"));
  if (err)
    wire_log_add(log, "there and back: %s", peal_err_name(err));
  else
    must(torture_run(torture_step, &c, false, NULL));
}

int bus_log_run(const bus_dialect *dialect) {
  return wire_case_run(dialect->stem, WIRE_CASE_WHOLE, replay,
                       (void *)(uintptr_t)dialect);
}
