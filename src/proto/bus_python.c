/* SPDX-License-Identifier: MIT */
#include "proto/bus_python.h"

#include "proto/bus_event.h"
#include "proto/bus_tree.h"
#include "proto/bus_values.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/python_json.h"

/* -- writing --------------------------------------------------------------------- */

/* Python's None, one text, or a list. */
static peal_val one_or_list(peal_val list) {
  if (!list.len)
    return peal_null();
  return list.len == 1 ? list.as.items[0] : list;
}

/* The only name; empty if there are none or several. */
static peal_slice only_name(const peal_op *op) {
  peal_names_walk rooms = peal_names_rooms(&op->to);
  peal_slice name = {"", 0};
  if (peal_names_count(rooms) == 1)
    (void)peal_names_next(&rooms, &name);
  return name;
}

static peal_val base64_val(peal_bus_tree *tree, peal_slice data) {
  size_t len = peal_base64_encode_len(data.len);
  char *text = tree->err ? NULL : peal_arena_alloc(tree->arena, len + 1);
  if (!text) {
    tree->err = tree->err ? tree->err : PEAL_ERR_NOMEM;
    return peal_null();
  }
  peal_base64_encode_to(text, data);
  return peal_str_slice((peal_slice){text, len});
}

/* Event and arguments of the packet with its placeholders. */
static peal_val packet_val(peal_bus_tree *tree, const peal_op *op) {
  peal_val data = peal_null();
  if (!tree->err)
    tree->err =
        peal_json_decode(&data, peal_bus_event_json(op), tree->arena, NULL);
  return data;
}

/* The arguments; none are [null]. */
static peal_val args_val(peal_bus_tree *tree, peal_val packet) {
  peal_val nothing = peal_null();
  if (packet.type != PEAL_ARRAY || packet.len < 2)
    return peal_bus_tree_keep(tree, peal_array(&nothing, 1));
  return peal_array(packet.as.items + 1, packet.len - 1);
}

/* [arguments, "base64", …] */
static peal_val binary_val(peal_bus_tree *tree, const peal_op *op,
                           peal_val packet) {
  size_t count = peal_message_count(op->message);
  peal_val *items = peal_arena_alloc(tree->arena, count * sizeof *items);
  if (!items) {
    tree->err = PEAL_ERR_NOMEM;
    return peal_null();
  }
  items[0] = args_val(tree, packet);
  for (size_t i = 1; i < count; i++)
    items[i] = base64_val(tree, peal_message_part(op->message, i));
  return peal_array(items, count);
}

/* [room, namespace, id], of ASK. */
static peal_val callback_val(peal_bus_tree *tree, const peal_bus_msg *msg) {
  if (msg->kind != PEAL_BUS_ASK)
    return peal_null();
  return peal_bus_tree_keep(tree, PEAL_ARRAY(peal_str_slice(msg->room),
                                             peal_str_slice(msg->nsp),
                                             peal_int((int64_t)msg->number)));
}

static peal_val emit_val(peal_bus_tree *tree, const peal_bus_msg *msg) {
  const peal_op *op = &msg->op;
  bool binary = peal_bus_event_has_binary(op);
  peal_val packet = packet_val(tree, op);
  peal_val data =
      binary ? binary_val(tree, op, packet) : args_val(tree, packet);
  return peal_bus_tree_keep(
      tree, PEAL_OBJECT(
                {"method", peal_str("emit")}, {"event", peal_val_at(packet, 0)},
                {"data", data}, {"binary", peal_bool(binary)},
                {"namespace", peal_str_slice(msg->nsp)},
                {"room", one_or_list(peal_bus_tree_rooms(tree, op))},
                {"skip_sid", one_or_list(peal_bus_tree_except(tree, op))},
                {"callback", callback_val(tree, msg)},
                {"host_id", peal_str_slice(msg->from)}));
}

static peal_val callback_answer(peal_bus_tree *tree, const peal_bus_msg *msg) {
  peal_args args = msg->args;
  if (peal_sio_packet_binaries(args, NULL, 0))
    tree->err = PEAL_ERR_USAGE;
  return peal_bus_tree_keep(
      tree, PEAL_OBJECT({"method", peal_str("callback")},
                        {"host_id", peal_str_slice(msg->to)},
                        {"sid", peal_str_slice(msg->room)},
                        {"namespace", peal_str_slice(msg->nsp)},
                        {"id", peal_int((int64_t)msg->number)},
                        {"args", peal_array(args.items, args.count)}));
}

/* Of one socket, or of everybody in the room that it is about. */
static peal_val room_val(peal_bus_tree *tree, const peal_bus_msg *msg) {
  const peal_op *op = &msg->op;
  peal_slice who = only_name(op);
  bool joins = op->kind == PEAL_OP_JOIN;
  bool closes = !joins && peal_slice_eq(who, op->room);
  return peal_bus_tree_keep(
      tree,
      PEAL_OBJECT({"method", peal_str(joins    ? "enter_room"
                                      : closes ? "close_room"
                                               : "leave_room")},
                  {"sid", closes ? peal_undefined() : peal_str_slice(who)},
                  {"room", peal_str_slice(op->room)},
                  {"namespace", peal_str_slice(msg->nsp)},
                  {"host_id", peal_str_slice(msg->from)}));
}

static peal_val disconnect_val(peal_bus_tree *tree, const peal_bus_msg *msg) {
  return peal_bus_tree_keep(
      tree, PEAL_OBJECT({"method", peal_str("disconnect")},
                        {"sid", peal_str_slice(only_name(&msg->op))},
                        {"namespace", peal_str_slice(msg->nsp)},
                        {"host_id", peal_str_slice(msg->from)}));
}

static bool is_emit(const peal_bus_msg *msg) {
  return msg->kind == PEAL_BUS_ASK ||
         (msg->kind == PEAL_BUS_OP && msg->op.kind == PEAL_OP_EMIT);
}

static bool has_form(const peal_bus_msg *msg) {
  const peal_op *op = &msg->op;
  if (is_emit(msg))
    return peal_bus_tree_has_receivers(op);
  if (msg->kind != PEAL_BUS_OP)
    return msg->kind == PEAL_BUS_CALLBACK;
  bool moves = op->kind == PEAL_OP_JOIN || op->kind == PEAL_OP_LEAVE;
  return only_name(op).len && msg->args.count < 2 &&
         (moves || op->kind == PEAL_OP_DISCONNECT);
}

void peal_bus_python_encode(peal_buf *out, const peal_bus_msg *msg,
                            peal_arena *arena) {
  peal_bus_tree tree = {.arena = arena};
  peal_val value = peal_null();
  if (!has_form(msg))
    tree.err = PEAL_ERR_USAGE;
  else if (is_emit(msg))
    value = emit_val(&tree, msg);
  else if (msg->kind == PEAL_BUS_CALLBACK)
    value = callback_answer(&tree, msg);
  else if (msg->op.kind == PEAL_OP_DISCONNECT)
    value = disconnect_val(&tree, msg);
  else
    value = room_val(&tree, msg);
  if (tree.err && !out->err)
    out->err = tree.err;
  else
    peal_python_json_encode(out, value, arena->mem);
}

/* -- reading --------------------------------------------------------------------- */

/* What a message is, and what takes it. */
typedef peal_err (*read_fn)(peal_bus_msg *out, peal_val message,
                            peal_arena *arena);

/* [arguments, "base64", …]: the arguments with the binaries in their places. */
static peal_err read_binary(peal_val *out, peal_val data, peal_arena *arena) {
  if (data.type != PEAL_ARRAY || !data.len)
    return PEAL_ERR_SIO_PACKET;
  size_t count = data.len - 1;
  peal_sio_packet packet = {.data = data.as.items[0]};
  peal_slice *parts = peal_arena_alloc(arena, (count + 1) * sizeof *parts);
  if (!parts)
    return PEAL_ERR_NOMEM;
  for (size_t i = 0; i < count; i++) {
    peal_val text = data.as.items[i + 1];
    peal_slice in = peal_val_str(text);
    char *bytes = peal_arena_alloc(arena, peal_base64_decode_max(in.len) + 1);
    if (!bytes)
      return PEAL_ERR_NOMEM;
    peal_err err = text.type == PEAL_STRING
                       ? peal_base64_decode(bytes, &parts[i].len, in)
                       : PEAL_ERR_SIO_PACKET;
    if (err)
      return err;
    parts[i].ptr = bytes;
  }
  peal_err err = peal_sio_packet_attach(&packet, parts, count, arena);
  *out = packet.data;
  return err;
}

/* Event and arguments in one list. [null] is none; what is no list is one. */
static peal_err read_event(peal_bus_msg *out, peal_val event, peal_val data,
                           peal_arena *arena) {
  bool list = data.type == PEAL_ARRAY;
  size_t count = list ? data.len : 1;
  const peal_val *items = list ? data.as.items : &data;
  if (count == 1 && items[0].type == PEAL_NULL)
    count = 0;
  peal_val *all = peal_arena_alloc(arena, (count + 1) * sizeof *all);
  if (!all)
    return PEAL_ERR_NOMEM;
  all[0] = event;
  for (size_t i = 0; i < count; i++)
    all[i + 1] = items[i];
  return peal_bus_event_of_values(&out->op, (peal_args){all, count + 1}, arena);
}

/* [room, namespace, id]: whoever has one asks. */
static peal_err read_callback_of(peal_bus_msg *out, peal_val callback,
                                 peal_arena *arena) {
  peal_val room = peal_val_at(callback, 0), id = peal_val_at(callback, 2);
  int64_t number = peal_val_int(id, -1);
  out->kind = PEAL_BUS_OP;
  out->op.kind = PEAL_OP_EMIT;
  if (callback.type == PEAL_NULL || callback.type == PEAL_UNDEFINED)
    return PEAL_OK;
  out->kind = PEAL_BUS_ASK;
  out->op.kind = PEAL_OP_ASK;
  out->number = number > 0 ? (uint64_t)number : 0;
  if (peal_val_at(callback, 3).type != PEAL_UNDEFINED || number < 0)
    return PEAL_ERR_SIO_PACKET;
  peal_err err = peal_bus_values_name(&out->room, room, arena);
  return err ? err : peal_bus_values_name(&out->request, id, arena);
}

static peal_err read_emit(peal_bus_msg *out, peal_val message,
                          peal_arena *arena) {
  peal_val data = peal_val_get(message, "data");
  peal_err err =
      read_callback_of(out, peal_val_get(message, "callback"), arena);
  if (!err)
    err = peal_bus_values_names(&out->op.to.room_names,
                                peal_val_get(message, "room"), arena);
  if (!err)
    err = peal_bus_values_names(&out->op.to.except_names,
                                peal_val_get(message, "skip_sid"), arena);
  if (!err && data.type == PEAL_UNDEFINED)
    err = PEAL_ERR_SIO_PACKET;
  if (!err && peal_val_bool(peal_val_get(message, "binary"), false))
    err = read_binary(&data, data, arena);
  return err ? err
             : read_event(out, peal_val_get(message, "event"), data, arena);
}

static peal_err read_callback(peal_bus_msg *out, peal_val message,
                              peal_arena *arena) {
  int64_t number = peal_val_int(peal_val_get(message, "id"), -1);
  peal_val args = peal_val_get(message, "args");
  out->kind = PEAL_BUS_CALLBACK;
  out->to = out->from;
  out->from = (peal_slice){"", 0};
  if (number < 0 || !out->to.len || args.type != PEAL_ARRAY)
    return PEAL_ERR_SIO_PACKET;
  out->number = (uint64_t)number;
  out->args = peal_bus_values_args(args);
  return peal_bus_values_name(&out->room, peal_val_get(message, "sid"), arena);
}

/* Whom it is about: `key` is "sid", or "room" for everybody in it. */
static peal_err read_who(peal_bus_msg *out, peal_op_kind kind, const char *key,
                         peal_val message, peal_arena *arena) {
  out->kind = PEAL_BUS_OP;
  out->op.kind = (uint8_t)kind;
  peal_err err = peal_bus_values_names(&out->op.to.room_names,
                                       peal_val_get(message, key), arena);
  if (!err && out->op.to.room_names.count != 1)
    err = PEAL_ERR_SIO_PACKET;
  if (!err && kind != PEAL_OP_DISCONNECT)
    err = peal_bus_values_rooms(out, peal_val_get(message, "room"), arena);
  return err;
}

static peal_err read_enter(peal_bus_msg *out, peal_val message,
                           peal_arena *arena) {
  return read_who(out, PEAL_OP_JOIN, "sid", message, arena);
}

static peal_err read_leave(peal_bus_msg *out, peal_val message,
                           peal_arena *arena) {
  return read_who(out, PEAL_OP_LEAVE, "sid", message, arena);
}

static peal_err read_close(peal_bus_msg *out, peal_val message,
                           peal_arena *arena) {
  return read_who(out, PEAL_OP_LEAVE, "room", message, arena);
}

static peal_err read_disconnect(peal_bus_msg *out, peal_val message,
                                peal_arena *arena) {
  return read_who(out, PEAL_OP_DISCONNECT, "sid", message, arena);
}

static read_fn reader_of(peal_slice method) {
  static const struct {
    const char *name;
    read_fn read;
  } readers[] = {{"emit", read_emit},        {"callback", read_callback},
                 {"enter_room", read_enter}, {"leave_room", read_leave},
                 {"close_room", read_close}, {"disconnect", read_disconnect}};

  for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
    if (peal_slice_is(method, readers[i].name))
      return readers[i].read;
  return NULL;
}

static peal_err read_message(peal_bus_msg *out, peal_slice in,
                             peal_arena *arena) {
  peal_val message;
  peal_err err = peal_json_decode(&message, in, arena, NULL);
  if (err)
    return err;
  peal_val nsp = peal_val_get(message, "namespace");
  read_fn read = reader_of(peal_val_str(peal_val_get(message, "method")));
  out->from = peal_val_str(peal_val_get(message, "host_id"));
  out->nsp = nsp.type == PEAL_STRING ? peal_val_str(nsp) : PEAL_S("/");
  out->op.nsp = out->nsp;
  if (!read || !peal_bus_values_is_nsp(out->nsp))
    return PEAL_ERR_SIO_PACKET;
  return read(out, message, arena);
}

peal_err peal_bus_python_decode(peal_bus_msg *out, peal_slice in,
                                peal_arena *arena) {
  *out = (peal_bus_msg){0};
  peal_err err = read_message(out, in, arena);
  if (err) {
    peal_message_unref(out->op.message);
    *out = (peal_bus_msg){0};
  }
  return err;
}
