/* SPDX-License-Identifier: MIT */
#include "proto/bus_channel.h"

#include <string.h>

#include "proto/names.h"

/* What Node takes for the id of a socket (sharded-adapter). */
#define SOCKET_ID_BYTES 20

void peal_bus_channel_add(peal_buf *out, peal_slice prefix, const char *kind,
                          peal_slice nsp, peal_slice tail) {
  peal_buf_add(out, prefix);
  peal_buf_add_str(out, kind);
  peal_buf_add_char(out, '#');
  peal_buf_add(out, nsp);
  peal_buf_add_char(out, '#');
  if (!tail.ptr)
    return;
  peal_buf_add(out, tail);
  peal_buf_add_char(out, '#');
}

/* Redis: what a backslash precedes means itself. */
static void add_escaped(peal_buf *out, peal_slice text) {
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] && strchr("*?[]\\", text.ptr[i]))
      peal_buf_add_char(out, '\\');
    peal_buf_add_char(out, text.ptr[i]);
  }
}

void peal_bus_channel_add_pattern(peal_buf *out, peal_slice prefix,
                                  peal_slice nsp) {
  add_escaped(out, prefix);
  peal_buf_add_char(out, '#');
  add_escaped(out, nsp);
  peal_buf_add(out, PEAL_S("#*"));
}

/* The one room that a broadcast is for, otherwise its ptr is NULL. */
static peal_slice only_room(const peal_op *op) {
  peal_names_walk rooms = peal_names_rooms(&op->to);
  peal_slice room = {NULL, 0};
  if (peal_names_count(rooms) == 1)
    (void)peal_names_next(&rooms, &room);
  return room;
}

static bool is_emit(const peal_bus_msg *msg) {
  return msg->kind == PEAL_BUS_OP && msg->op.kind == PEAL_OP_EMIT;
}

static bool is_answer(const peal_bus_msg *msg) {
  switch ((peal_bus_kind)msg->kind) {
  case PEAL_BUS_ASKED:
  case PEAL_BUS_ACKED:
  case PEAL_BUS_FETCHED:
  case PEAL_BUS_IDS_ARE:
  case PEAL_BUS_ROOMS_ARE:
  case PEAL_BUS_RETURN:
  case PEAL_BUS_CALLBACK:
  case PEAL_BUS_COUNTED:
    return true;
  case PEAL_BUS_OP:
  case PEAL_BUS_ASK:
  case PEAL_BUS_FETCH:
  case PEAL_BUS_IDS:
  case PEAL_BUS_ROOMS:
  case PEAL_BUS_CALL:
  case PEAL_BUS_HELLO:
  case PEAL_BUS_ALIVE:
  case PEAL_BUS_BYE:
  case PEAL_BUS_PRESENCE:
  case PEAL_BUS_COUNT:
    break;
  }
  return false;
}

void peal_bus_channel_classic(peal_buf *out, peal_slice prefix,
                              const peal_bus_msg *msg, bool own_responses) {
  peal_slice none = {NULL, 0};
  if (is_emit(msg))
    peal_bus_channel_add(out, prefix, "", msg->nsp, only_room(&msg->op));
  else if (!is_answer(msg))
    peal_bus_channel_add(out, prefix, "-request", msg->nsp, none);
  else if (own_responses && msg->kind != PEAL_BUS_RETURN && msg->to.len)
    peal_bus_channel_add(out, prefix, "-response", msg->nsp, msg->to);
  else
    peal_bus_channel_add(out, prefix, "-response", msg->nsp, none);
}

bool peal_bus_channel_is_dynamic(peal_bus_rooms rooms, bool is_socket) {
  return rooms == PEAL_BUS_ROOMS_DYNAMIC_PRIVATE ||
         (rooms == PEAL_BUS_ROOMS_DYNAMIC && !is_socket);
}

void peal_bus_channel_node(peal_buf *out, peal_slice prefix,
                           const peal_bus_msg *msg, peal_bus_rooms rooms) {
  peal_slice tail = {NULL, 0};
  if (is_answer(msg)) {
    tail = msg->to;
  } else if (is_emit(msg)) {
    peal_slice room = only_room(&msg->op);
    if (peal_bus_channel_is_dynamic(rooms, room.len == SOCKET_ID_BYTES))
      tail = room;
  }
  peal_bus_channel_add(out, prefix, "", msg->nsp, tail);
}

/* -- reading ----------------------------------------------------------------- */

/* Cut `head` off; false if it does not begin so. */
static bool cut_front(peal_slice *text, peal_slice head) {
  if (text->len < head.len ||
      (head.len && memcmp(text->ptr, head.ptr, head.len) != 0))
    return false;
  text->ptr += head.len;
  text->len -= head.len;
  return true;
}

/* Cut #uid off the end of N#uid, if it is there. */
static peal_slice cut_uid(peal_slice nsp, peal_slice uid) {
  if (!uid.len || nsp.len < uid.len + 2)
    return nsp;
  size_t at = nsp.len - uid.len;
  if (nsp.ptr[at - 1] != '#' || memcmp(nsp.ptr + at, uid.ptr, uid.len) != 0)
    return nsp;
  return (peal_slice){nsp.ptr, at - 1};
}

bool peal_bus_channel_parse(peal_bus_channel *out, peal_slice prefix,
                            peal_slice uid, peal_slice channel) {
  peal_slice rest = channel;
  *out = (peal_bus_channel){0};
  if (!cut_front(&rest, prefix) || !rest.len || rest.ptr[rest.len - 1] != '#')
    return false;
  if (cut_front(&rest, PEAL_S("-request#/")))
    out->where = PEAL_BUS_REQUESTS;
  else if (cut_front(&rest, PEAL_S("-response#/")))
    out->where = PEAL_BUS_RESPONSES;
  else if (cut_front(&rest, PEAL_S("#/")))
    out->where = PEAL_BUS_BROADCASTS;
  else
    return false;
  /* With its slash, and for broadcasts with the last #. */
  out->nsp = (peal_slice){rest.ptr - 1, rest.len + 1};
  if (out->where != PEAL_BUS_BROADCASTS)
    out->nsp.len--;
  if (out->where == PEAL_BUS_RESPONSES)
    out->nsp = cut_uid(out->nsp, uid);
  return true;
}
