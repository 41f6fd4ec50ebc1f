/* SPDX-License-Identifier: MIT */
#include "proto/bus_node.h"

#include "base/decimal.h"
#include "base/val_impl.h"
#include "proto/bus_event.h"
#include "proto/bus_tree.h"
#include "proto/bus_values.h"
#include "wire/base64.h"
#include "wire/json.h"

/* socket.io-adapter lib/cluster-adapter.ts MessageType. */
enum {
  INITIAL_HEARTBEAT = 1,
  HEARTBEAT = 2,
  BROADCAST = 3,
  SOCKETS_JOIN = 4,
  SOCKETS_LEAVE = 5,
  DISCONNECT_SOCKETS = 6,
  FETCH_SOCKETS = 7,
  FETCH_SOCKETS_RESPONSE = 8,
  SERVER_SIDE_EMIT = 9,
  SERVER_SIDE_EMIT_RESPONSE = 10,
  BROADCAST_CLIENT_COUNT = 11,
  BROADCAST_ACK = 12,
  ADAPTER_CLOSE = 13
};

/* -- writing --------------------------------------------------------------------- */

static int type_of_op(const peal_op *op) {
  if (!peal_bus_tree_has_receivers(op))
    return 0;
  switch ((peal_op_kind)op->kind) {
  case PEAL_OP_EMIT:
  case PEAL_OP_ASK:
    return BROADCAST;
  case PEAL_OP_JOIN:
    return SOCKETS_JOIN;
  case PEAL_OP_LEAVE:
    return SOCKETS_LEAVE;
  case PEAL_OP_DISCONNECT:
    return DISCONNECT_SOCKETS;
  case PEAL_OP_COUNT:
  case PEAL_OP_MEMBERS:
  case PEAL_OP_FETCH:
  case PEAL_OP_ROOMS:
  case PEAL_OP_SEATS:
    break;
  }
  return 0;
}

/* 0: the dialect has none. */
static int type_of(const peal_bus_msg *msg) {
  switch ((peal_bus_kind)msg->kind) {
  case PEAL_BUS_OP:
  case PEAL_BUS_ASK:
    return type_of_op(&msg->op);
  case PEAL_BUS_FETCH:
    return peal_bus_tree_has_receivers(&msg->op) ? FETCH_SOCKETS : 0;
  case PEAL_BUS_FETCHED:
    return FETCH_SOCKETS_RESPONSE;
  case PEAL_BUS_CALL:
    return SERVER_SIDE_EMIT;
  case PEAL_BUS_RETURN:
    return SERVER_SIDE_EMIT_RESPONSE;
  case PEAL_BUS_ASKED:
    return BROADCAST_CLIENT_COUNT;
  case PEAL_BUS_ACKED:
    return BROADCAST_ACK;
  case PEAL_BUS_HELLO:
    return INITIAL_HEARTBEAT;
  case PEAL_BUS_ALIVE:
    return HEARTBEAT;
  case PEAL_BUS_BYE:
    return ADAPTER_CLOSE;
  case PEAL_BUS_IDS:
  case PEAL_BUS_IDS_ARE:
  case PEAL_BUS_ROOMS:
  case PEAL_BUS_ROOMS_ARE:
  case PEAL_BUS_CALLBACK:
  case PEAL_BUS_PRESENCE:
  case PEAL_BUS_COUNT:
  case PEAL_BUS_COUNTED:
    break;
  }
  return 0;
}

static peal_val opts_val(peal_bus_tree *tree, const peal_op *op) {
  return peal_bus_tree_keep(
      tree, PEAL_OBJECT({"rooms", peal_bus_tree_rooms(tree, op)},
                        {"except", peal_bus_tree_except(tree, op)},
                        {"flags", peal_bus_tree_flags(tree, op)}));
}

/* Events that ask have an id for it between packet and options. */
static peal_val broadcast_val(peal_bus_tree *tree, const peal_bus_msg *msg) {
  peal_val packet = peal_bus_tree_keep(
      tree, PEAL_OBJECT({"type", peal_int(PEAL_SIO_EVENT)},
                        {"data", peal_bus_tree_event(tree, &msg->op)}));
  return peal_bus_tree_keep(
      tree, PEAL_OBJECT({"packet", packet},
                        {"requestId", peal_bus_tree_text(msg->request)},
                        {"opts", opts_val(tree, &msg->op)}));
}

/* {requestId, <key>} */
static peal_val answer_val(peal_bus_tree *tree, const peal_bus_msg *msg,
                           const char *key, peal_val value) {
  return peal_bus_tree_keep(
      tree, PEAL_OBJECT({"requestId", peal_bus_tree_text(msg->request)},
                        {key, value}));
}

/* An answer of nothing: undefined, which plain msgpack writes as nil. */
static peal_val value_of(const peal_bus_msg *msg, bool plain) {
  peal_val value = peal_bus_tree_first(msg->args);
  return value.type == PEAL_UNDEFINED && plain ? peal_null() : value;
}

static peal_val data_val(peal_bus_tree *tree, const peal_bus_msg *msg, int type,
                         bool plain) {
  const peal_op *op = &msg->op;
  peal_val list = peal_array(msg->args.items, msg->args.count);
  switch (type) {
  case BROADCAST:
    return broadcast_val(tree, msg);
  case SOCKETS_JOIN:
  case SOCKETS_LEAVE:
    return peal_bus_tree_keep(
        tree, PEAL_OBJECT({"opts", opts_val(tree, op)},
                          {"rooms", peal_bus_tree_targets(tree, msg)}));
  case DISCONNECT_SOCKETS:
    return peal_bus_tree_keep(tree,
                              PEAL_OBJECT({"opts", opts_val(tree, op)},
                                          {"close", peal_bool(op->close)}));
  case FETCH_SOCKETS:
    return peal_bus_tree_keep(
        tree, PEAL_OBJECT({"opts", opts_val(tree, op)},
                          {"requestId", peal_bus_tree_text(msg->request)}));
  case FETCH_SOCKETS_RESPONSE:
    return answer_val(tree, msg, "sockets", list);
  case SERVER_SIDE_EMIT:
    return answer_val(tree, msg, "packet", list);
  case BROADCAST_CLIENT_COUNT:
    return answer_val(tree, msg, "clientCount", peal_int((int64_t)msg->count));
  case SERVER_SIDE_EMIT_RESPONSE:
  case BROADCAST_ACK:
    return answer_val(tree, msg, "packet", value_of(msg, plain));
  default:
    return peal_undefined();
  }
}

/* Types of which Node looks into the data. */
static bool may_have_binary(int type) {
  return type == BROADCAST || type == FETCH_SOCKETS_RESPONSE ||
         type == SERVER_SIDE_EMIT || type == SERVER_SIDE_EMIT_RESPONSE ||
         type == BROADCAST_ACK;
}

static bool has_binary(const peal_bus_msg *msg, int type) {
  size_t count = 0, binaries = 0;
  if (type == BROADCAST)
    return peal_bus_event_has_binary(&msg->op);
  for (size_t i = 0; may_have_binary(type) && i < msg->args.count; i++) {
    (void)peal_val_impl_binaries(msg->args.items[i], &binaries);
    count += binaries;
  }
  return count > 0;
}

/* The data of an event as text: its packet's JSON as it is. */
static void add_broadcast_json(peal_buf *out, peal_bus_tree *tree,
                               const peal_bus_msg *msg) {
  peal_buf_add(out, PEAL_S("{\"packet\":{\"type\":2,\"data\":"));
  peal_buf_add(out, peal_bus_event_json(&msg->op));
  peal_buf_add_char(out, '}');
  if (msg->request.len) {
    peal_buf_add(out, PEAL_S(",\"requestId\":"));
    peal_json_encode_str(out, msg->request);
  }
  peal_buf_add(out, PEAL_S(",\"opts\":"));
  peal_bus_tree_json(out, tree, opts_val(tree, &msg->op));
  peal_buf_add_char(out, '}');
}

static void add_data_json(peal_buf *out, peal_bus_tree *tree,
                          const peal_bus_msg *msg, int type) {
  if (type == BROADCAST)
    add_broadcast_json(out, tree, msg);
  else
    peal_bus_tree_json(out, tree, data_val(tree, msg, type, false));
}

static bool has_data(int type) {
  return type != INITIAL_HEARTBEAT && type != HEARTBEAT &&
         type != ADAPTER_CLOSE;
}

static void add_json(peal_buf *out, peal_bus_tree *tree,
                     const peal_bus_msg *msg, int type) {
  peal_buf_add(out, PEAL_S("{\"type\":"));
  peal_buf_add_u64(out, (uint64_t)type);
  if (has_data(type)) {
    peal_buf_add(out, PEAL_S(",\"data\":"));
    add_data_json(out, tree, msg, type);
  }
  peal_buf_add(out, PEAL_S(",\"uid\":"));
  peal_json_encode_str(out, msg->from);
  peal_buf_add(out, PEAL_S(",\"nsp\":"));
  peal_json_encode_str(out, msg->nsp);
  peal_buf_add_char(out, '}');
}

/* False: the dialect has no such message. */
static bool begin(peal_buf *out, const peal_bus_msg *msg, int *type) {
  *type = type_of(msg);
  if (!*type && !out->err)
    out->err = PEAL_ERR_USAGE;
  return !out->err;
}

void peal_bus_node_encode(peal_buf *out, const peal_bus_msg *msg,
                          peal_bus_node_form form, peal_arena *arena) {
  peal_bus_tree tree = {.arena = arena};
  bool plain = form == PEAL_BUS_NODE_PLAIN;
  int type;
  if (!begin(out, msg, &type))
    return;
  if (!plain && !has_binary(msg, type)) {
    add_json(out, &tree, msg, type);
    return;
  }
  peal_val value = peal_bus_tree_keep(
      &tree, PEAL_OBJECT({"type", peal_int(type)},
                         {"data", data_val(&tree, msg, type, plain)},
                         {"uid", peal_str_slice(msg->from)},
                         {"nsp", peal_str_slice(msg->nsp)}));
  peal_bus_tree_msgpack(out, &tree, value,
                        plain ? PEAL_MSGPACK_PLAIN : PEAL_MSGPACK_NOTEPACK);
}

static void add_base64(peal_buf *out, peal_bus_tree *tree, peal_val value) {
  peal_buf bytes;
  peal_buf_init(&bytes, tree->arena->mem, 0);
  peal_bus_tree_msgpack(&bytes, tree, value, PEAL_MSGPACK_PLAIN);
  if (bytes.err && !out->err)
    out->err = bytes.err;
  peal_base64_encode(out, peal_buf_slice(&bytes));
  peal_buf_deinit(&bytes);
}

static peal_slice digits_of(int type) {
  static const char *const digits[] = {"",  "1", "2", "3",  "4",  "5",  "6",
                                       "7", "8", "9", "10", "11", "12", "13"};
  return peal_slice_of(digits[type]);
}

void peal_bus_node_encode_entry(peal_bus_entry *out, peal_buf *data,
                                const peal_bus_msg *msg, peal_arena *arena) {
  peal_bus_tree tree = {.arena = arena};
  size_t begin_at = data->len;
  int type;
  *out = (peal_bus_entry){0};
  if (!begin(data, msg, &type))
    return;
  *out = (peal_bus_entry){
      .uid = msg->from, .nsp = msg->nsp, .type = digits_of(type)};
  if (!has_data(type))
    return;
  if (has_binary(msg, type))
    add_base64(data, &tree, data_val(&tree, msg, type, true));
  else
    add_data_json(data, &tree, msg, type);
  if (!data->err)
    out->data = (peal_slice){data->ptr + begin_at, data->len - begin_at};
}

/* -- reading --------------------------------------------------------------------- */

/* An envelope of which the parts are known. */
typedef struct envelope {
  int64_t type;
  peal_val data;
  bool held; /* the event in it is a PEAL_BINARY of msgpack */
} envelope;

static peal_err read_event(peal_bus_msg *out, const envelope *in,
                           peal_arena *arena) {
  peal_val packet = peal_val_get(in->data, "packet");
  peal_val event = peal_val_get(packet, "data");
  if (peal_val_int(peal_val_get(packet, "type"), 0) != PEAL_SIO_EVENT)
    return PEAL_ERR_SIO_PACKET;
  if (!in->held)
    return peal_bus_event_of_values(&out->op, peal_bus_values_args(event),
                                    arena);
  return event.type == PEAL_BINARY
             ? peal_bus_event_of_msgpack(&out->op, peal_val_binary(event),
                                         arena)
             : PEAL_ERR_SIO_PACKET;
}

static peal_err read_broadcast(peal_bus_msg *out, const envelope *in,
                               peal_arena *arena) {
  bool asks = out->request.len;
  out->kind = asks ? PEAL_BUS_ASK : PEAL_BUS_OP;
  out->op.kind = asks ? PEAL_OP_ASK : PEAL_OP_EMIT;
  peal_err err =
      peal_bus_values_opts(&out->op, peal_val_get(in->data, "opts"), arena);
  if (!asks)
    out->op.timeout_ms = 0;
  return err ? err : read_event(out, in, arena);
}

static peal_err read_op(peal_bus_msg *out, const envelope *in,
                        peal_arena *arena) {
  out->request = (peal_slice){0}; /* nobody answers */
  out->kind = PEAL_BUS_OP;
  out->op.kind = in->type == SOCKETS_JOIN    ? PEAL_OP_JOIN
                 : in->type == SOCKETS_LEAVE ? PEAL_OP_LEAVE
                                             : PEAL_OP_DISCONNECT;
  peal_err err =
      peal_bus_values_opts(&out->op, peal_val_get(in->data, "opts"), arena);
  out->op.timeout_ms = 0;
  if (in->type == DISCONNECT_SOCKETS)
    out->op.close = peal_val_bool(peal_val_get(in->data, "close"), false);
  else if (!err)
    err = peal_bus_values_rooms(out, peal_val_get(in->data, "rooms"), arena);
  return err;
}

/* What names a request. */
static peal_err read_request(peal_bus_msg *out, const envelope *in,
                             peal_arena *arena) {
  if (in->type != FETCH_SOCKETS)
    return PEAL_ERR_SIO_PACKET;
  out->kind = PEAL_BUS_FETCH;
  out->op.kind = PEAL_OP_MEMBERS;
  return out->request.len ? peal_bus_values_opts(
                                &out->op, peal_val_get(in->data, "opts"), arena)
                          : PEAL_ERR_SIO_PACKET;
}

static peal_err read_call(peal_bus_msg *out, const envelope *in) {
  out->kind = PEAL_BUS_CALL;
  out->args = peal_bus_values_args(peal_val_get(in->data, "packet"));
  return out->args.count && out->args.items[0].type == PEAL_STRING
             ? PEAL_OK
             : PEAL_ERR_SIO_PACKET;
}

static peal_err read_answer(peal_bus_msg *out, const envelope *in,
                            peal_arena *arena) {
  peal_val sockets = peal_val_get(in->data, "sockets");
  peal_val packet = peal_val_get(in->data, "packet");
  int64_t count = peal_val_int(peal_val_get(in->data, "clientCount"), -1);
  if (!out->request.len)
    return PEAL_ERR_SIO_PACKET;
  if (in->type == FETCH_SOCKETS_RESPONSE) {
    out->kind = PEAL_BUS_FETCHED;
    out->args = peal_bus_values_args(sockets);
    return sockets.type == PEAL_ARRAY ? PEAL_OK : PEAL_ERR_SIO_PACKET;
  }
  if (in->type == BROADCAST_CLIENT_COUNT) {
    out->kind = PEAL_BUS_ASKED;
    out->count = count > 0 ? (size_t)count : 0;
    return count < 0 ? PEAL_ERR_SIO_PACKET : PEAL_OK;
  }
  out->kind = in->type == BROADCAST_ACK ? PEAL_BUS_ACKED : PEAL_BUS_RETURN;
  if (packet.type != PEAL_UNDEFINED) {
    out->args = peal_bus_values_one(packet, arena);
    if (!out->args.count)
      return PEAL_ERR_NOMEM;
  }
  return PEAL_OK;
}

static peal_err read_alone(peal_bus_msg *out, int64_t type) {
  out->request = (peal_slice){0};
  out->kind = type == INITIAL_HEARTBEAT ? PEAL_BUS_HELLO
              : type == HEARTBEAT       ? PEAL_BUS_ALIVE
                                        : PEAL_BUS_BYE;
  return PEAL_OK;
}

static peal_err read_by_type(peal_bus_msg *out, const envelope *in,
                             peal_arena *arena) {
  switch (in->type) {
  case BROADCAST:
    return read_broadcast(out, in, arena);
  case SOCKETS_JOIN:
  case SOCKETS_LEAVE:
  case DISCONNECT_SOCKETS:
    return read_op(out, in, arena);
  case SERVER_SIDE_EMIT:
    return read_call(out, in);
  case FETCH_SOCKETS_RESPONSE:
  case SERVER_SIDE_EMIT_RESPONSE:
  case BROADCAST_CLIENT_COUNT:
  case BROADCAST_ACK:
    return read_answer(out, in, arena);
  case INITIAL_HEARTBEAT:
  case HEARTBEAT:
  case ADAPTER_CLOSE:
    return read_alone(out, in->type);
  default:
    return read_request(out, in, arena);
  }
}

/* out->from and out->nsp are known. */
static peal_err read_envelope(peal_bus_msg *out, const envelope *in,
                              peal_arena *arena) {
  out->op.nsp = out->nsp;
  out->request = peal_val_str(peal_val_get(in->data, "requestId"));
  peal_err err = peal_bus_values_is_nsp(out->nsp) && out->from.len
                     ? read_by_type(out, in, arena)
                     : PEAL_ERR_SIO_PACKET;
  if (err) {
    peal_message_unref(out->op.message);
    *out = (peal_bus_msg){0};
  }
  return err;
}

static bool is_json(peal_slice in) {
  return in.len && in.ptr[0] == '{';
}

/* `depth`: of the packet, of which the data is held back. Elsewhere a member
 * may be called so, and have any value: then it is all decoded. */
static peal_err read_value(peal_val *out, bool *held, peal_slice in,
                           int64_t type, size_t depth, peal_arena *arena) {
  *held = false;
  if (is_json(in))
    return peal_json_decode(out, in, arena, NULL);
  peal_err err =
      peal_msgpack_decode_held(out, in, arena, depth, PEAL_S("data"));
  *held = !err && (type ? type : peal_val_int(peal_val_get(*out, "type"), 0)) ==
                      BROADCAST;
  return err || *held ? err : peal_msgpack_decode(out, in, arena);
}

peal_err peal_bus_node_decode(peal_bus_msg *out, peal_slice in,
                              peal_arena *arena) {
  peal_val message;
  envelope parts = {0};
  *out = (peal_bus_msg){0};
  peal_err err = read_value(&message, &parts.held, in, 0, 3, arena);
  if (err)
    return err;
  parts.type = peal_val_int(peal_val_get(message, "type"), 0);
  parts.data = peal_val_get(message, "data");
  out->from = peal_val_str(peal_val_get(message, "uid"));
  out->nsp = peal_val_str(peal_val_get(message, "nsp"));
  return read_envelope(out, &parts, arena);
}

/* The data of an entry as bytes. */
static peal_err open_data(peal_slice *out, peal_slice data, peal_arena *arena) {
  *out = data;
  if (!data.len || is_json(data))
    return PEAL_OK;
  size_t len = 0;
  char *bytes = peal_arena_alloc(arena, peal_base64_decode_max(data.len) + 1);
  if (!bytes)
    return PEAL_ERR_NOMEM;
  peal_err err = peal_base64_decode(bytes, &len, data);
  *out = (peal_slice){bytes, len};
  return err;
}

peal_err peal_bus_node_decode_entry(peal_bus_msg *out,
                                    const peal_bus_entry *entry,
                                    peal_arena *arena) {
  envelope parts = {.data = peal_undefined()};
  uint64_t type = 0;
  peal_slice data;
  *out = (peal_bus_msg){0};
  if (!peal_decimal_parse(entry->type, ADAPTER_CLOSE, &type) || !type)
    return PEAL_ERR_SIO_PACKET;
  parts.type = (int64_t)type;
  peal_err err = open_data(&data, entry->data, arena);
  if (!err && data.len)
    err = read_value(&parts.data, &parts.held, data, parts.type, 2, arena);
  if (err)
    return err;
  out->from = entry->uid;
  out->nsp = entry->nsp;
  return read_envelope(out, &parts, arena);
}
