/* SPDX-License-Identifier: MIT */
#include "proto/bus_classic.h"

#include <string.h>

#include "proto/bus_event.h"
#include "proto/bus_tree.h"
#include "proto/bus_values.h"
#include "wire/json.h"

/* redis-adapter lib/index.ts RequestType. */
enum {
  SOCKETS = 0,
  ALL_ROOMS = 1,
  REMOTE_JOIN = 2,
  REMOTE_LEAVE = 3,
  REMOTE_DISCONNECT = 4,
  REMOTE_FETCH = 5,
  SERVER_SIDE_EMIT = 6,
  BROADCAST = 7,
  BROADCAST_CLIENT_COUNT = 8,
  BROADCAST_ACK = 9,
  NONE = -1
};

/* -- writing --------------------------------------------------------------------- */

static peal_val packet_val(peal_bus_tree *tree, const peal_bus_msg *msg) {
  return peal_bus_tree_keep(
      tree, PEAL_OBJECT({"type", peal_int(PEAL_SIO_EVENT)},
                        {"data", peal_bus_tree_event(tree, &msg->op)},
                        {"nsp", peal_str_slice(msg->nsp)}));
}

/* Requests have no flags. */
static peal_val opts_val(peal_bus_tree *tree, const peal_op *op, bool flags) {
  return peal_bus_tree_keep(
      tree, PEAL_OBJECT({"rooms", peal_bus_tree_rooms(tree, op)},
                        {"except", peal_bus_tree_except(tree, op)},
                        {"flags", flags ? peal_bus_tree_flags(tree, op)
                                        : peal_undefined()}));
}

static void add_broadcast(peal_buf *out, peal_bus_tree *tree,
                          const peal_bus_msg *msg) {
  peal_val value = peal_bus_tree_keep(
      tree, PEAL_ARRAY(peal_str_slice(msg->from), packet_val(tree, msg),
                       opts_val(tree, &msg->op, true)));
  peal_bus_tree_msgpack(out, tree, value, PEAL_MSGPACK_NOTEPACK);
}

static void add_ask(peal_buf *out, peal_bus_tree *tree,
                    const peal_bus_msg *msg) {
  peal_val value = PEAL_OBJECT({"uid", peal_str_slice(msg->from)},
                               {"requestId", peal_str_slice(msg->request)},
                               {"type", peal_int(BROADCAST)},
                               {"packet", packet_val(tree, msg)},
                               {"opts", opts_val(tree, &msg->op, true)});
  peal_bus_tree_msgpack(out, tree, value, PEAL_MSGPACK_NOTEPACK);
}

/* {uid, requestId, type, opts, …}: what is undefined is left out. */
static void add_request(peal_buf *out, peal_bus_tree *tree,
                        const peal_bus_msg *msg, int type, peal_val opts,
                        const char *key, peal_val more) {
  peal_bus_tree_json(
      out, tree,
      PEAL_OBJECT({"uid", peal_bus_tree_text(msg->from)},
                  {"requestId", peal_bus_tree_text(msg->request)},
                  {"type", peal_int(type)}, {"opts", opts}, {key, more}));
}

static void add_op(peal_buf *out, peal_bus_tree *tree,
                   const peal_bus_msg *msg) {
  const peal_op *op = &msg->op;
  if (op->kind == PEAL_OP_EMIT)
    add_broadcast(out, tree, msg);
  else if (op->kind == PEAL_OP_DISCONNECT)
    add_request(out, tree, msg, REMOTE_DISCONNECT, opts_val(tree, op, false),
                "close", peal_bool(op->close));
  else
    add_request(
        out, tree, msg, op->kind == PEAL_OP_JOIN ? REMOTE_JOIN : REMOTE_LEAVE,
        opts_val(tree, op, false), "rooms", peal_bus_tree_targets(tree, msg));
}

/* {requestId, <key>} */
static void add_answer(peal_buf *out, peal_bus_tree *tree,
                       const peal_bus_msg *msg, const char *key) {
  peal_val list = peal_array(msg->args.items, msg->args.count);
  peal_bus_tree_json(
      out, tree,
      PEAL_OBJECT({"requestId", peal_str_slice(msg->request)}, {key, list}));
}

static void add_typed_answer(peal_buf *out, peal_bus_tree *tree,
                             const peal_bus_msg *msg, int type, const char *key,
                             peal_val more) {
  peal_val value =
      PEAL_OBJECT({"type", peal_int(type)},
                  {"requestId", peal_str_slice(msg->request)}, {key, more});
  if (type == BROADCAST_ACK)
    peal_bus_tree_msgpack(out, tree, value, PEAL_MSGPACK_NOTEPACK);
  else
    peal_bus_tree_json(out, tree, value);
}

static bool has_form(const peal_bus_msg *msg) {
  switch ((peal_bus_kind)msg->kind) {
  case PEAL_BUS_OP:
    return peal_bus_tree_has_receivers(&msg->op) &&
           (msg->op.kind == PEAL_OP_EMIT || msg->op.kind == PEAL_OP_JOIN ||
            msg->op.kind == PEAL_OP_LEAVE ||
            msg->op.kind == PEAL_OP_DISCONNECT);
  case PEAL_BUS_ASK:
  case PEAL_BUS_FETCH:
  case PEAL_BUS_IDS:
    return peal_bus_tree_has_receivers(&msg->op);
  case PEAL_BUS_ASKED:
  case PEAL_BUS_ACKED:
  case PEAL_BUS_FETCHED:
  case PEAL_BUS_IDS_ARE:
  case PEAL_BUS_ROOMS:
  case PEAL_BUS_ROOMS_ARE:
  case PEAL_BUS_CALL:
  case PEAL_BUS_RETURN:
    return true;
  case PEAL_BUS_CALLBACK:
  case PEAL_BUS_HELLO:
  case PEAL_BUS_ALIVE:
  case PEAL_BUS_BYE:
  case PEAL_BUS_PRESENCE:
  case PEAL_BUS_COUNT:
  case PEAL_BUS_COUNTED:
    break;
  }
  return false;
}

/* What is no operation. */
static void add_other(peal_buf *out, peal_bus_tree *tree,
                      const peal_bus_msg *msg) {
  peal_val none = peal_undefined();
  peal_args args = msg->args;
  peal_val list = peal_array(args.items, args.count);
  if (msg->kind == PEAL_BUS_ASKED)
    add_typed_answer(out, tree, msg, BROADCAST_CLIENT_COUNT, "clientCount",
                     peal_int((int64_t)msg->count));
  else if (msg->kind == PEAL_BUS_ACKED)
    add_typed_answer(out, tree, msg, BROADCAST_ACK, "packet",
                     peal_bus_tree_first(args));
  else if (msg->kind == PEAL_BUS_RETURN)
    add_typed_answer(out, tree, msg, SERVER_SIDE_EMIT, "data",
                     peal_bus_tree_first(args));
  else if (msg->kind == PEAL_BUS_FETCH)
    add_request(out, tree, msg, REMOTE_FETCH, opts_val(tree, &msg->op, false),
                "", none);
  else if (msg->kind == PEAL_BUS_IDS)
    add_request(out, tree, msg, SOCKETS, none, "rooms",
                peal_bus_tree_rooms(tree, &msg->op));
  else if (msg->kind == PEAL_BUS_ROOMS)
    add_request(out, tree, msg, ALL_ROOMS, none, "", none);
  else if (msg->kind == PEAL_BUS_CALL)
    add_request(out, tree, msg, SERVER_SIDE_EMIT, none, "data", list);
  else
    add_answer(out, tree, msg,
               msg->kind == PEAL_BUS_ROOMS_ARE ? "rooms" : "sockets");
}

void peal_bus_classic_encode(peal_buf *out, const peal_bus_msg *msg,
                             peal_arena *arena) {
  peal_bus_tree tree = {.arena = arena};
  if (!has_form(msg))
    tree.err = PEAL_ERR_USAGE;
  if (tree.err && !out->err)
    out->err = tree.err;
  else if (msg->kind == PEAL_BUS_OP)
    add_op(out, &tree, msg);
  else if (msg->kind == PEAL_BUS_ASK)
    add_ask(out, &tree, msg);
  else
    add_other(out, &tree, msg);
}

/* -- reading --------------------------------------------------------------------- */

static int64_t type_of(peal_val message) {
  return peal_val_int(peal_val_get(message, "type"), NONE);
}

static peal_err get_text(peal_slice *out, peal_val message, const char *key) {
  peal_val value = peal_val_get(message, key);
  *out = peal_val_str(value);
  return value.type == PEAL_STRING ? PEAL_OK : PEAL_ERR_SIO_PACKET;
}

/* A packet of which `data` was held back: an event, or what redis-emitter 3 and
 * older made of one with binaries. */
static peal_err read_packet(peal_bus_msg *out, peal_val packet,
                            peal_arena *arena) {
  int64_t type = type_of(packet);
  peal_val data = peal_val_get(packet, "data");
  if ((type != PEAL_SIO_EVENT && type != PEAL_SIO_BINARY_EVENT) ||
      data.type != PEAL_BINARY)
    return PEAL_ERR_SIO_PACKET;
  return peal_bus_event_of_msgpack(&out->op, peal_val_binary(data), arena);
}

/* `channel` is N# or N#room#. */
static bool is_channel_of(peal_slice channel, peal_slice nsp) {
  return channel.len > nsp.len && channel.ptr[nsp.len] == '#' &&
         memcmp(channel.ptr, nsp.ptr, nsp.len) == 0;
}

/* [uid, packet, opts] */
static peal_err read_broadcast(peal_bus_msg *out, const peal_bus_channel *where,
                               peal_slice in, peal_arena *arena) {
  peal_val message;
  peal_err err =
      peal_msgpack_decode_held(&message, in, arena, 2, PEAL_S("data"));
  if (err)
    return err;
  peal_val packet = peal_val_at(message, 1);
  peal_val nsp = peal_val_get(packet, "nsp");
  if (message.type != PEAL_ARRAY || packet.type != PEAL_OBJECT)
    return PEAL_ERR_SIO_PACKET;
  out->kind = PEAL_BUS_OP;
  out->op.kind = PEAL_OP_EMIT;
  out->from = peal_val_str(peal_val_at(message, 0));
  out->nsp = nsp.type == PEAL_UNDEFINED ? PEAL_S("/") : peal_val_str(nsp);
  if (!peal_bus_values_is_nsp(out->nsp) || !is_channel_of(where->nsp, out->nsp))
    return PEAL_ERR_SIO_PACKET;
  out->op.nsp = out->nsp;
  err = peal_bus_values_opts(&out->op, peal_val_at(message, 2), arena);
  out->op.timeout_ms = 0;
  return err ? err : read_packet(out, packet, arena);
}

/* JSON, or msgpack with the data of a packet held back. */
static peal_err read_any(peal_val *out, peal_slice in, peal_arena *arena) {
  if (in.len && in.ptr[0] == '{')
    return peal_json_decode(out, in, arena, NULL);
  peal_err err = peal_msgpack_decode_held(out, in, arena, 2, PEAL_S("data"));
  /* Elsewhere a member may be called so, and have any value. */
  if (!err && type_of(*out) != BROADCAST)
    err = peal_msgpack_decode(out, in, arena);
  return err;
}

/* Of adapters before version 6 (of Socket.IO 3): one socket, by its id, and one
 * room; they do not wait for the answer. */
static peal_err read_legacy_target(peal_bus_msg *out, peal_val message,
                                   peal_arena *arena) {
  peal_val sid = peal_val_get(message, "sid");
  peal_err err = sid.type == PEAL_STRING
                     ? peal_bus_values_names(&out->op.to.room_names, sid, arena)
                     : PEAL_ERR_SIO_PACKET;
  if (!err && out->op.kind != PEAL_OP_DISCONNECT)
    err = peal_bus_values_rooms(out, peal_val_get(message, "room"), arena);
  return err;
}

static peal_err read_op(peal_bus_msg *out, peal_val message, int64_t type,
                        peal_arena *arena) {
  peal_val opts = peal_val_get(message, "opts");
  out->kind = PEAL_BUS_OP;
  out->op.kind = type == REMOTE_JOIN    ? PEAL_OP_JOIN
                 : type == REMOTE_LEAVE ? PEAL_OP_LEAVE
                                        : PEAL_OP_DISCONNECT;
  out->op.close = type == REMOTE_DISCONNECT &&
                  peal_val_bool(peal_val_get(message, "close"), false);
  if (opts.type == PEAL_UNDEFINED)
    return read_legacy_target(out, message, arena);
  peal_err err = peal_bus_values_opts(&out->op, opts, arena);
  out->op.timeout_ms = 0;
  if (!err && type != REMOTE_DISCONNECT)
    err = peal_bus_values_rooms(out, peal_val_get(message, "rooms"), arena);
  return err;
}

static peal_err read_ask(peal_bus_msg *out, peal_val message,
                         peal_arena *arena) {
  out->kind = PEAL_BUS_ASK;
  out->op.kind = PEAL_OP_ASK;
  peal_err err = get_text(&out->request, message, "requestId");
  if (!err)
    err = peal_bus_values_opts(&out->op, peal_val_get(message, "opts"), arena);
  return err ? err : read_packet(out, peal_val_get(message, "packet"), arena);
}

/* 0, 1, 5: what is there? */
static peal_err read_query(peal_bus_msg *out, peal_val message, int64_t type,
                           peal_arena *arena) {
  peal_err err = get_text(&out->request, message, "requestId");
  out->kind = type == SOCKETS     ? PEAL_BUS_IDS
              : type == ALL_ROOMS ? PEAL_BUS_ROOMS
                                  : PEAL_BUS_FETCH;
  out->op.kind = type == ALL_ROOMS ? 0 : PEAL_OP_MEMBERS;
  if (!err && type == REMOTE_FETCH)
    err = peal_bus_values_opts(&out->op, peal_val_get(message, "opts"), arena);
  else if (!err && type == SOCKETS)
    err = peal_bus_values_opts(&out->op, message, arena);
  return err;
}

static peal_err read_call(peal_bus_msg *out, peal_val message) {
  peal_val data = peal_val_get(message, "data");
  out->kind = PEAL_BUS_CALL;
  out->request = peal_val_str(peal_val_get(message, "requestId"));
  out->args = peal_bus_values_args(data);
  return out->args.count && out->args.items[0].type == PEAL_STRING
             ? PEAL_OK
             : PEAL_ERR_SIO_PACKET;
}

static peal_err read_request(peal_bus_msg *out, peal_val message,
                             peal_arena *arena) {
  int64_t type = type_of(message);
  out->from = peal_val_str(peal_val_get(message, "uid"));
  switch (type) {
  case SOCKETS:
  case ALL_ROOMS:
  case REMOTE_FETCH:
    return read_query(out, message, type, arena);
  case REMOTE_JOIN:
  case REMOTE_LEAVE:
  case REMOTE_DISCONNECT:
    return read_op(out, message, type, arena);
  case SERVER_SIDE_EMIT:
    return read_call(out, message);
  case BROADCAST:
    return read_ask(out, message, arena);
  default:
    return PEAL_ERR_SIO_PACKET;
  }
}

/* The answer's one value under `key`, if it is there. */
static peal_err read_value(peal_bus_msg *out, peal_bus_kind kind,
                           peal_val message, const char *key,
                           peal_arena *arena) {
  peal_val value = peal_val_get(message, key);
  out->kind = (uint8_t)kind;
  if (value.type == PEAL_UNDEFINED)
    return PEAL_OK;
  out->args = peal_bus_values_one(value, arena);
  return out->args.count ? PEAL_OK : PEAL_ERR_NOMEM;
}

static peal_err read_list(peal_bus_msg *out, peal_val message) {
  peal_val sockets = peal_val_get(message, "sockets");
  peal_val rooms = peal_val_get(message, "rooms");
  peal_val list = sockets.type == PEAL_ARRAY ? sockets : rooms;
  if (list.type != PEAL_ARRAY)
    return PEAL_ERR_SIO_PACKET;
  out->args = peal_bus_values_args(list);
  if (sockets.type != PEAL_ARRAY)
    out->kind = PEAL_BUS_ROOMS_ARE;
  else
    out->kind = list.len && list.as.items[0].type != PEAL_OBJECT
                    ? PEAL_BUS_IDS_ARE
                    : PEAL_BUS_FETCHED;
  return PEAL_OK;
}

static peal_err read_response(peal_bus_msg *out, peal_val message,
                              peal_arena *arena) {
  peal_err err = get_text(&out->request, message, "requestId");
  int64_t count = peal_val_int(peal_val_get(message, "clientCount"), -1);
  if (err)
    return err;
  switch (type_of(message)) {
  case BROADCAST_CLIENT_COUNT:
    out->kind = PEAL_BUS_ASKED;
    out->count = count > 0 ? (size_t)count : 0;
    return count < 0 ? PEAL_ERR_SIO_PACKET : PEAL_OK;
  case BROADCAST_ACK:
    return read_value(out, PEAL_BUS_ACKED, message, "packet", arena);
  case SERVER_SIDE_EMIT:
    return read_value(out, PEAL_BUS_RETURN, message, "data", arena);
  default:
    return read_list(out, message);
  }
}

static peal_err read_message(peal_bus_msg *out, const peal_bus_channel *where,
                             peal_slice in, peal_arena *arena) {
  peal_val message;
  if (where->where == PEAL_BUS_BROADCASTS)
    return read_broadcast(out, where, in, arena);
  if (!peal_bus_values_is_nsp(where->nsp))
    return PEAL_ERR_SIO_PACKET;
  out->nsp = out->op.nsp = where->nsp;
  peal_err err = read_any(&message, in, arena);
  if (!err && message.type != PEAL_OBJECT)
    err = PEAL_ERR_SIO_PACKET;
  if (err)
    return err;
  return where->where == PEAL_BUS_REQUESTS ? read_request(out, message, arena)
                                           : read_response(out, message, arena);
}

peal_err peal_bus_classic_decode(peal_bus_msg *out,
                                 const peal_bus_channel *where, peal_slice in,
                                 peal_arena *arena) {
  *out = (peal_bus_msg){0};
  peal_err err = read_message(out, where, in, arena);
  if (err) {
    peal_message_unref(out->op.message);
    *out = (peal_bus_msg){0};
  }
  return err;
}
