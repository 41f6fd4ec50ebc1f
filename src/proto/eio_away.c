/* SPDX-License-Identifier: MIT */
#include "proto/eio_away.h"

#include "proto/proto_limits.h"
#include "wire/msgpack.h"
#include "wire/utf8.h"

#define SOURCE "_eio"
#define MAX_REQUEST ((uint64_t)1 << 53)

static const char *const type_names[] = {"open",    "close",   "ping", "pong",
                                         "message", "upgrade", "noop", "error"};

/* -- out ---------------------------------------------------------------------------- */

static void add_value(peal_buf *out, const char *key, peal_val value) {
  peal_msgpack_add_str(out, peal_slice_of(key));
  peal_msgpack_encode(out, value, PEAL_MSGPACK_PLAIN);
}

static void add_text(peal_buf *out, const char *key, peal_slice text) {
  peal_msgpack_add_str(out, peal_slice_of(key));
  peal_msgpack_add_str(out, text);
}

static void add_number(peal_buf *out, const char *key, uint64_t number) {
  peal_msgpack_add_str(out, peal_slice_of(key));
  peal_msgpack_add_u64(out, number);
}

/* What is no UTF-8 is not readable, as it is not where it came from. */
static void add_packet(peal_buf *out, const peal_eio_packet *packet) {
  bool has_data = packet->data.len || packet->binary;
  uint8_t type = packet->type;
  peal_slice data = packet->data;
  if (type > PEAL_EIO_NOOP || (!packet->binary && !peal_utf8_is_valid(data))) {
    type = PEAL_EIO_AWAY_UNREADABLE;
    data = PEAL_S("parser error");
    has_data = true;
  }
  peal_msgpack_add_map(out, has_data ? 2 : 1);
  add_text(out, "type", peal_slice_of(type_names[type]));
  if (!has_data)
    return;
  if (packet->binary)
    add_value(out, "data", peal_binary(data));
  else
    add_text(out, "data", data);
}

static void add_packets(peal_buf *out, const peal_eio_away *msg) {
  peal_msgpack_add_str(out, PEAL_S("packets"));
  peal_msgpack_add_array(out, msg->packet_count);
  for (size_t i = 0; i < msg->packet_count; i++)
    add_packet(out, &msg->packets[i]);
}

static void add_lock(peal_buf *out, const peal_eio_away *msg) {
  peal_msgpack_add_map(out, 3);
  add_text(out, "sid", msg->sid);
  add_text(out, "transportName",
           msg->is_websocket ? PEAL_S("websocket") : PEAL_S("polling"));
  add_text(out, "type", msg->writes ? PEAL_S("write") : PEAL_S("read"));
}

static void add_data(peal_buf *out, const peal_eio_away *msg) {
  peal_eio_away_type type = (peal_eio_away_type)msg->type;
  peal_msgpack_add_str(out, PEAL_S("data"));
  if (type == PEAL_EIO_AWAY_LOCK) {
    add_lock(out, msg);
    return;
  }
  peal_msgpack_add_map(out, type == PEAL_EIO_AWAY_LOCK_ANSWER ? 1 : 2);
  if (type != PEAL_EIO_AWAY_LOCK_ANSWER && type != PEAL_EIO_AWAY_UPGRADE_ANSWER)
    add_text(out, "sid", msg->sid);
  if (type == PEAL_EIO_AWAY_LOCK_ANSWER || type == PEAL_EIO_AWAY_UPGRADE)
    add_value(out, "success", peal_bool(msg->success));
  if (type == PEAL_EIO_AWAY_UPGRADE_ANSWER)
    add_value(out, "takeOver", peal_bool(msg->take_over));
  bool is_one = type == PEAL_EIO_AWAY_PACKET && msg->packet_count == 1;
  if (type == PEAL_EIO_AWAY_DRAIN || type == PEAL_EIO_AWAY_UPGRADE_ANSWER ||
      (type == PEAL_EIO_AWAY_PACKET && !is_one))
    add_packets(out, msg);
  if (is_one) {
    peal_msgpack_add_str(out, PEAL_S("packet"));
    add_packet(out, msg->packets);
  }
  if (type == PEAL_EIO_AWAY_CLOSE)
    add_text(out, "reason", msg->reason);
  if (type == PEAL_EIO_AWAY_CREDIT)
    add_number(out, "bytes", msg->bytes);
}

static bool has_request(const peal_eio_away *msg) {
  switch ((peal_eio_away_type)msg->type) {
  case PEAL_EIO_AWAY_LOCK:
  case PEAL_EIO_AWAY_LOCK_ANSWER:
  case PEAL_EIO_AWAY_UPGRADE:
  case PEAL_EIO_AWAY_UPGRADE_ANSWER:
    return true;
  case PEAL_EIO_AWAY_PACKET:
    return msg->request != 0;
  case PEAL_EIO_AWAY_DRAIN:
  case PEAL_EIO_AWAY_CLOSE:
  case PEAL_EIO_AWAY_CREDIT:
    break;
  }
  return false;
}

void peal_eio_away_encode(peal_buf *out, const peal_eio_away *msg) {
  bool is_to_one = msg->type != PEAL_EIO_AWAY_LOCK;
  peal_msgpack_add_map(out, 4u + is_to_one + has_request(msg));
  if (has_request(msg))
    add_number(out, "requestId", msg->request);
  add_text(out, "senderId", msg->sender);
  if (is_to_one)
    add_text(out, "recipientId", msg->recipient);
  add_number(out, "type", msg->type);
  add_data(out, msg);
  add_text(out, "_source", PEAL_S(SOURCE));
}

/* -- in ----------------------------------------------------------------------------- */

static peal_eio_packet packet_of(peal_val value) {
  peal_slice name = peal_val_str(peal_val_get(value, "type"));
  peal_val data = peal_val_get(value, "data");
  peal_eio_packet packet = {.type = PEAL_EIO_AWAY_UNREADABLE};
  for (uint8_t i = 0; i < PEAL_EIO_AWAY_UNREADABLE; i++)
    if (peal_slice_is(name, type_names[i]))
      packet.type = i;
  packet.binary = peal_val_is(data, PEAL_BINARY);
  packet.data = packet.binary ? peal_val_binary(data) : peal_val_str(data);
  if (packet.binary && packet.type != PEAL_EIO_MESSAGE)
    packet.type = PEAL_EIO_AWAY_UNREADABLE;
  return packet;
}

static peal_err take_packets(peal_eio_away *out, const peal_val *items,
                             size_t count, peal_arena *arena) {
  if (count > PEAL_EIO_AWAY_PACKETS)
    return PEAL_ERR_SIO_PACKET;
  peal_eio_packet *packets =
      peal_arena_alloc(arena, (count ? count : 1) * sizeof *packets);
  if (!packets)
    return PEAL_ERR_NOMEM;
  for (size_t i = 0; i < count; i++)
    packets[i] = packet_of(items[i]);
  out->packets = packets;
  out->packet_count = count;
  return PEAL_OK;
}

static peal_err take_list(peal_eio_away *out, peal_val list,
                          peal_arena *arena) {
  size_t count = peal_val_is(list, PEAL_ARRAY) ? list.len : 0;
  return take_packets(out, count ? list.as.items : NULL, count, arena);
}

static void take_lock(peal_eio_away *out, peal_val data) {
  out->is_websocket = !peal_slice_is(
      peal_val_str(peal_val_get(data, "transportName")), "polling");
  out->writes =
      peal_slice_is(peal_val_str(peal_val_get(data, "type")), "write");
}

static peal_err take_data(peal_eio_away *out, peal_val data,
                          peal_arena *arena) {
  peal_val packet = peal_val_get(data, "packet");
  out->sid = peal_val_str(peal_val_get(data, "sid"));
  out->success = peal_val_bool(peal_val_get(data, "success"), false);
  out->take_over = peal_val_bool(peal_val_get(data, "takeOver"), false);
  out->reason = peal_val_str(peal_val_get(data, "reason"));
  int64_t bytes = peal_val_int(peal_val_get(data, "bytes"), 0);
  out->bytes = bytes > 0 ? (uint64_t)bytes : 0;
  if (out->type == PEAL_EIO_AWAY_LOCK)
    take_lock(out, data);
  peal_val list = peal_val_get(data, "packets");
  bool is_packet = out->type == PEAL_EIO_AWAY_PACKET;
  if (is_packet && !(peal_val_is(list, PEAL_ARRAY) && list.len > 1))
    return take_packets(out, &packet, 1, arena);
  return take_list(out, list, arena);
}

static bool is_node(peal_slice name) {
  return name.len == PEAL_EIO_AWAY_NODE;
}

static bool is_whole(const peal_eio_away *msg) {
  bool is_answer = msg->type == PEAL_EIO_AWAY_LOCK_ANSWER ||
                   msg->type == PEAL_EIO_AWAY_UPGRADE_ANSWER;
  return is_node(msg->sender) && msg->request < MAX_REQUEST &&
         (msg->type == PEAL_EIO_AWAY_LOCK || is_node(msg->recipient)) &&
         (is_answer || msg->sid.len == 20);
}

peal_err peal_eio_away_decode(peal_eio_away *out, peal_slice in,
                              peal_arena *arena) {
  peal_val root;
  *out = (peal_eio_away){0};
  peal_err err = peal_msgpack_decode(&root, in, arena);
  if (err)
    return err;
  int64_t type = peal_val_int(peal_val_get(root, "type"), -1);
  int64_t request = peal_val_int(peal_val_get(root, "requestId"), 0);
  if (!peal_slice_is(peal_val_str(peal_val_get(root, "_source")), SOURCE) ||
      type < 0 || type > PEAL_EIO_AWAY_CREDIT || request < 0)
    return PEAL_ERR_SIO_PACKET;
  out->type = (uint8_t)type;
  out->request = (uint64_t)request;
  out->sender = peal_val_str(peal_val_get(root, "senderId"));
  out->recipient = peal_val_str(peal_val_get(root, "recipientId"));
  err = take_data(out, peal_val_get(root, "data"), arena);
  if (!err && !is_whole(out))
    err = PEAL_ERR_SIO_PACKET;
  return err;
}
