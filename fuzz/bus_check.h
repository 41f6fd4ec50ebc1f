/* SPDX-License-Identifier: MIT */
#pragma once
/* bus_check: what is true of whatever a dialect of the bus has decoded, and that
 * it comes to rest: what was decoded and encoded is decoded to the same bytes
 * again. */
#include <stdlib.h>

#include "proto/bus.h"

/* Bytes of the arena for each of the input, besides its first blocks: JSON's
 * smallest values take the most. */
#define BUS_CHECK_FACTOR 64u
#define BUS_CHECK_BLOCKS 65536u

typedef peal_err (*bus_check_decode)(peal_bus_msg *out, peal_slice in,
                                     const void *user, peal_arena *arena);
typedef void (*bus_check_encode)(peal_buf *out, const peal_bus_msg *msg,
                                 const void *user, peal_arena *arena);

static void must(bool truth) {
  if (!truth)
    abort();
}

static void bus_check_event(const peal_op *op, peal_arena *arena) {
  peal_sio_packet packet;
  must(peal_op_id_at(op) > 0);
  if (peal_op_values(&packet, op, arena))
    return; /* it names attachments that are not there, or one of them twice */
  must(packet.data.len > 0 && !packet.has_id);
  must(packet.attachments == peal_message_count(op->message) - 1);
  must(peal_val_is(packet.data.as.items[0], PEAL_STRING));
  must(!peal_sio_packet_is_reserved(peal_val_str(packet.data.as.items[0])));
}

static void bus_check_msg(const peal_bus_msg *msg, peal_arena *arena) {
  bool events = msg->op.kind == PEAL_OP_EMIT || msg->op.kind == PEAL_OP_ASK;
  must(msg->kind >= PEAL_BUS_OP && msg->kind <= PEAL_BUS_COUNTED);
  must(!msg->nsp.len || msg->nsp.ptr[0] == '/');
  must(events == (msg->op.message != NULL));
  must(!msg->op.kind || peal_slice_eq(msg->op.nsp, msg->nsp));
  if (msg->op.message)
    bus_check_event(&msg->op, arena);
}

/* An answer without a value, which some forms spell as null. */
static bool says_nothing(const peal_bus_msg *msg) {
  return !msg->args.count &&
         (msg->kind == PEAL_BUS_ACKED || msg->kind == PEAL_BUS_RETURN);
}

/* Encode into `out`. False: the dialect cannot, or it is not decoded again. */
static bool bus_check_again(peal_buf *out, const peal_bus_msg *msg,
                            peal_bus_msg *back, bus_check_decode decode,
                            bus_check_encode encode, const void *user,
                            peal_arena *arena) {
  encode(out, msg, user, arena);
  return !out->err && !decode(back, peal_buf_slice(out), user, arena);
}

static inline void bus_check(peal_slice in, bus_check_decode decode,
                             bus_check_encode encode, const void *user) {
  peal_arena arena;
  peal_bus_msg msg, back = {0}, third = {0};
  peal_buf first, second;
  peal_arena_init(&arena, NULL, 0, 0);
  peal_buf_init(&first, NULL, 0);
  peal_buf_init(&second, NULL, 0);
  peal_err err = decode(&msg, in, user, &arena);
  must(!err || !msg.op.message);
  must(arena.total <= BUS_CHECK_FACTOR * in.len + BUS_CHECK_BLOCKS);
  if (!err)
    bus_check_msg(&msg, &arena);
  if (!err &&
      bus_check_again(&first, &msg, &back, decode, encode, user, &arena)) {
    must(back.kind == msg.kind && back.op.kind == msg.op.kind);
    must(peal_slice_eq(back.request, msg.request));
    must(back.args.count == msg.args.count || says_nothing(&msg));
    if (bus_check_again(&second, &back, &third, decode, encode, user, &arena))
      must(peal_slice_eq(peal_buf_slice(&first), peal_buf_slice(&second)));
  }
  peal_message_unref(msg.op.message);
  peal_message_unref(back.op.message);
  peal_message_unref(third.op.message);
  peal_buf_deinit(&first);
  peal_buf_deinit(&second);
  peal_arena_deinit(&arena);
}
