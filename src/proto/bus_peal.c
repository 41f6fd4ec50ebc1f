/* SPDX-License-Identifier: MIT */
#include "proto/bus_peal.h"

#include <string.h>

#include "proto/bus_values.h"
#include "wire/msgpack.h"

#define MARK 0xc1u
#define VERSION 1u

/* -- writing --------------------------------------------------------------------- */

static void put(peal_buf *out, uint64_t value, size_t bytes) {
  while (bytes--)
    peal_buf_add_char(out, (char)(uint8_t)(value >> (8 * bytes)));
}

static void put_text(peal_buf *out, peal_slice text) {
  if (text.len > UINT16_MAX && !out->err)
    out->err = PEAL_ERR_LIMIT;
  put(out, text.len, 2);
  peal_buf_add(out, text);
}

/* Its length is known behind it. */
static void put_op(peal_buf *out, const peal_op *op) {
  size_t at = out->len;
  put(out, 0, 4);
  if (!op->kind)
    return;
  peal_op_encode(out, op);
  size_t len = out->len - at - 4;
  if (len > UINT32_MAX && !out->err)
    out->err = PEAL_ERR_LIMIT;
  for (size_t i = 0; i < 4 && !out->err; i++)
    out->ptr[at + i] = (char)(uint8_t)(len >> (24 - 8 * i));
}

void peal_bus_peal_encode(peal_buf *out, const peal_bus_msg *msg) {
  put(out, MARK, 1);
  put(out, VERSION, 1);
  put(out, msg->kind, 1);
  put_text(out, msg->from);
  put_text(out, msg->to);
  put_text(out, msg->nsp);
  put_text(out, msg->request);
  put_text(out, msg->room);
  put(out, msg->number, 8);
  put(out, msg->count, 8);
  put_op(out, &msg->op);
  peal_msgpack_encode(out, peal_array(msg->args.items, msg->args.count),
                      PEAL_MSGPACK_NOTEPACK);
}

/* -- reading: after the first failure every call is a no-op ----------------------- */

typedef struct reader {
  peal_slice in; /* what is left */
  peal_err err;
} reader;

static peal_slice take(reader *r, size_t len) {
  if (!r->err && len > r->in.len)
    r->err = PEAL_ERR_SIO_PACKET;
  if (r->err)
    return (peal_slice){"", 0};
  peal_slice taken = {r->in.ptr, len};
  r->in.ptr += len;
  r->in.len -= len;
  return taken;
}

static uint64_t get(reader *r, size_t bytes) {
  peal_slice taken = take(r, bytes);
  uint64_t value = 0;
  for (size_t i = 0; i < taken.len; i++)
    value = value << 8 | (uint8_t)taken.ptr[i];
  return value;
}

static peal_slice get_text(reader *r) {
  return take(r, (size_t)get(r, 2));
}

static void get_op(reader *r, peal_bus_msg *out, peal_arena *arena) {
  peal_slice op = take(r, (size_t)get(r, 4));
  if (!r->err && op.len)
    r->err = peal_op_decode(&out->op, op, arena);
  if (!r->err && op.len && !peal_slice_eq(out->op.nsp, out->nsp))
    r->err = PEAL_ERR_SIO_PACKET;
}

static void get_head(reader *r, peal_bus_msg *out) {
  if (get(r, 1) != MARK || get(r, 1) != VERSION)
    r->err = PEAL_ERR_SIO_PACKET;
  out->kind = (uint8_t)get(r, 1);
  if (!r->err && (out->kind < PEAL_BUS_OP || out->kind > PEAL_BUS_COUNTED))
    r->err = PEAL_ERR_SIO_PACKET;
  out->from = get_text(r);
  out->to = get_text(r);
  out->nsp = get_text(r);
  out->request = get_text(r);
  out->room = get_text(r);
  out->number = get(r, 8);
  out->count = (size_t)get(r, 8);
  if (!r->err && out->nsp.len && !peal_bus_values_is_nsp(out->nsp))
    r->err = PEAL_ERR_SIO_PACKET;
}

static void get_args(reader *r, peal_bus_msg *out, peal_arena *arena) {
  peal_val args;
  if (r->err)
    return;
  r->err = peal_msgpack_decode(&args, r->in, arena);
  if (!r->err && args.type != PEAL_ARRAY)
    r->err = PEAL_ERR_SIO_PACKET;
  if (!r->err)
    out->args = peal_bus_values_args(args);
}

peal_err peal_bus_peal_decode(peal_bus_msg *out, peal_slice in,
                              peal_arena *arena) {
  reader r = {.in = in};
  *out = (peal_bus_msg){0};
  get_head(&r, out);
  get_op(&r, out, arena);
  get_args(&r, out, arena);
  if (!r.err)
    return PEAL_OK;
  peal_message_unref(out->op.message);
  *out = (peal_bus_msg){0};
  return r.err;
}
