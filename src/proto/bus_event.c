/* SPDX-License-Identifier: MIT */
#include "proto/bus_event.h"

#include "proto/proto_limits.h"
#include "wire/json.h"
#include "wire/msgpack.h"
#include "wire/msgpack_read.h"

/* <type>[<n>-][<nsp>,] */
static void add_head(peal_buf *out, peal_slice nsp, size_t parts) {
  peal_buf_add_char(out, parts ? '5' : '2');
  if (parts) {
    peal_buf_add_u64(out, parts);
    peal_buf_add_char(out, '-');
  }
  if (nsp.len > 1) {
    peal_buf_add(out, nsp);
    peal_buf_add_char(out, ',');
  }
}

static peal_err check_name(peal_val name) {
  if (name.type != PEAL_STRING)
    return PEAL_ERR_SIO_PAYLOAD;
  return peal_sio_packet_is_reserved(peal_val_str(name)) ? PEAL_ERR_SIO_RESERVED
                                                         : PEAL_OK;
}

/* The text is ready. */
static peal_err make_message(peal_op *op, const peal_buf *text,
                             const peal_slice *parts, size_t count) {
  if (text->err)
    return text->err;
  op->message = peal_message_new(peal_buf_slice(text), parts, count, NULL);
  return op->message ? PEAL_OK : PEAL_ERR_NOMEM;
}

/* -- of msgpack --------------------------------------------------------------------- */

/* It is an array that begins with a name. */
static peal_err check_data(peal_slice data, size_t *binaries) {
  peal_msgpack_read read = peal_msgpack_read_of(data);
  peal_msgpack_token token;
  if (!peal_msgpack_read_next(&read, &token) ||
      token.value.type != PEAL_ARRAY || !peal_msgpack_read_next(&read, &token))
    return read.err ? read.err : PEAL_ERR_SIO_PAYLOAD;
  peal_err err = check_name(token.value);
  if (!err)
    err = peal_msgpack_binaries(data, binaries);
  if (!err && *binaries > PEAL_LIMIT_SIO_BINARIES)
    err = PEAL_ERR_SIO_TOO_MANY;
  return err;
}

peal_err peal_bus_event_of_msgpack(peal_op *op, peal_slice data,
                                   peal_arena *arena) {
  size_t count = 0;
  peal_err err = check_data(data, &count);
  if (err)
    return err;
  peal_slice *parts = peal_arena_alloc(arena, (count + 1) * sizeof *parts);
  if (!parts)
    return PEAL_ERR_NOMEM;
  peal_buf text;
  peal_buf_init(&text, arena->mem, 0);
  (void)peal_buf_reserve(&text, data.len + op->nsp.len + 16);
  add_head(&text, op->nsp, count);
  err = peal_msgpack_to_json(&text, data, 0, parts);
  if (!err)
    err = make_message(op, &text, parts, count);
  peal_buf_deinit(&text);
  return err;
}

/* -- of values ---------------------------------------------------------------------- */

peal_err peal_bus_event_of_values(peal_op *op, peal_args data,
                                  peal_arena *arena) {
  peal_err err = data.count ? check_name(data.items[0]) : PEAL_ERR_SIO_PAYLOAD;
  size_t count = peal_sio_packet_binaries(data, NULL, 0), written = 0;
  if (!err && count > PEAL_LIMIT_SIO_BINARIES)
    err = PEAL_ERR_SIO_TOO_MANY;
  if (err)
    return err;
  peal_slice *parts = peal_arena_alloc(arena, (count + 1) * sizeof *parts);
  if (!parts)
    return PEAL_ERR_NOMEM;
  peal_sio_packet_binaries(data, parts, count);
  peal_buf text;
  peal_buf_init(&text, arena->mem, 0);
  peal_sio_packet_encode_event(&text, op->nsp, peal_val_str(data.items[0]),
                               (peal_args){data.items + 1, data.count - 1},
                               NULL, &written);
  err = make_message(op, &text, parts, count);
  peal_buf_deinit(&text);
  return err;
}

/* -- to ----------------------------------------------------------------------------- */

bool peal_bus_event_has_binary(const peal_op *op) {
  return peal_message_count(op->message) > 1;
}

peal_err peal_bus_event_values(peal_args *out, const peal_op *op,
                               peal_arena *arena) {
  peal_sio_packet packet;
  peal_err err = peal_op_values(&packet, op, arena);
  if (!err)
    *out = (peal_args){packet.data.as.items, packet.data.len};
  return err;
}

peal_slice peal_bus_event_json(const peal_op *op) {
  peal_slice text = peal_message_part(op->message, 0);
  size_t at = peal_op_id_at(op);
  return at ? (peal_slice){text.ptr + at, text.len - at} : (peal_slice){"", 0};
}
