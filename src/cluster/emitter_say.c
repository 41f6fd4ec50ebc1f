/* SPDX-License-Identifier: MIT */
/* emitter_say: what an emitter says: an operation on the sockets of a
 * namespace, or an event to the servers. */
#include <string.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "cluster/emitter_encode.h"
#include "cluster/emitter_send.h"
#include "proto/names.h"
#include "wire/sio_check.h"

enum { NSP_MAX = 256, INLINE_PARTS = 16 };

/* -- whom -------------------------------------------------------------------- */

/* With its slash, in `out`, of NSP_MAX + 1 bytes. */
static peal_err set_nsp(peal_slice *out, char *text, const char *nsp) {
  size_t len = nsp ? strlen(nsp) : 0;
  size_t slash = len && nsp[0] == '/' ? 0 : 1;
  if (len + slash > NSP_MAX)
    return PEAL_ERR_LIMIT;
  text[0] = '/';
  if (len)
    memcpy(text + slash, nsp, len);
  *out = (peal_slice){text, len + slash};
  return peal_sio_check_nsp(*out) ? PEAL_OK : PEAL_ERR_USAGE;
}

static bool is_nobody(const peal_to *to) {
  peal_names_walk rooms = peal_names_rooms(to);
  return peal_names_are_given(&rooms) && !peal_names_count(rooms);
}

/* `msg` with all but what its kind wants. */
static peal_err begin(const peal_emitter *emitter, peal_bus_msg *msg,
                      char *text, const char *nsp, const peal_to *to) {
  *msg = (peal_bus_msg){.kind = PEAL_BUS_OP};
  if (!emitter)
    return PEAL_ERR_USAGE;
  if (to && (!PEAL_RESERVED_IS_KNOWN(to) || to->is_local))
    return PEAL_ERR_OPTION;
  peal_err err = set_nsp(&msg->nsp, text, nsp);
  msg->op.nsp = msg->nsp;
  if (to)
    msg->op.to = *to;
  return err;
}

static peal_err say(peal_emitter *emitter, peal_bus_msg *msg) {
  peal_emitter_job *job;
  if (msg->kind == PEAL_BUS_OP && is_nobody(&msg->op.to))
    return PEAL_OK;
  peal_err err = peal_emitter_encode(&job, emitter, msg);
  return err ? err : peal_emitter_send_job(emitter, job);
}

/* -- what -------------------------------------------------------------------- */

/* The text and a copy of each attachment; NULL if memory is out. */
static peal_message *message_of(peal_slice text, peal_args args, size_t count) {
  peal_slice few[INLINE_PARTS];
  peal_slice *parts = few;
  if (count > INLINE_PARTS)
    parts = peal_mem_alloc(peal_mem_libc(), count * sizeof *parts);
  if (!parts)
    return NULL;
  (void)peal_sio_packet_binaries(args, parts, count);
  peal_message *message = peal_message_new(text, parts, count, NULL);
  if (parts != few)
    peal_mem_free(peal_mem_libc(), parts);
  return message;
}

static peal_err set_message(peal_op *op, peal_slice event, peal_args args) {
  peal_buf text;
  size_t count = 0;
  if (!event.ptr || peal_sio_packet_is_reserved(event))
    return PEAL_ERR_RESERVED;
  peal_buf_init(&text, NULL, 0);
  peal_sio_packet_encode_event(&text, op->nsp, event, args, NULL, &count);
  peal_err err = text.err;
  if (!err && count > UINT16_MAX)
    err = PEAL_ERR_LIMIT;
  if (!err) {
    op->message = message_of(peal_buf_slice(&text), args, count);
    err = op->message ? PEAL_OK : PEAL_ERR_NOMEM;
  }
  peal_buf_deinit(&text);
  return err;
}

peal_err peal_emitter_emit(peal_emitter *emitter, const char *nsp,
                           const peal_to *to, const char *event,
                           peal_args args) {
  char text[NSP_MAX + 1];
  peal_bus_msg msg;
  peal_err err = begin(emitter, &msg, text, nsp, to);
  msg.op.kind = PEAL_OP_EMIT;
  if (!err)
    err = set_message(&msg.op, peal_slice_of(event), args);
  if (err)
    return err;
  err = say(emitter, &msg);
  peal_message_unref(msg.op.message);
  return err;
}

static peal_err move(peal_emitter *emitter, uint8_t kind, const char *nsp,
                     const peal_to *to, const char *room) {
  char text[NSP_MAX + 1];
  peal_bus_msg msg;
  peal_err err = begin(emitter, &msg, text, nsp, to);
  if (!err && !room)
    err = PEAL_ERR_USAGE;
  if (err)
    return err;
  msg.op.kind = kind;
  msg.op.room = peal_slice_of(room);
  return say(emitter, &msg);
}

peal_err peal_emitter_join(peal_emitter *emitter, const char *nsp,
                           const peal_to *to, const char *room) {
  return move(emitter, PEAL_OP_JOIN, nsp, to, room);
}

peal_err peal_emitter_leave(peal_emitter *emitter, const char *nsp,
                            const peal_to *to, const char *room) {
  return move(emitter, PEAL_OP_LEAVE, nsp, to, room);
}

peal_err peal_emitter_disconnect(peal_emitter *emitter, const char *nsp,
                                 const peal_to *to, bool close) {
  char text[NSP_MAX + 1];
  peal_bus_msg msg;
  peal_err err = begin(emitter, &msg, text, nsp, to);
  if (err)
    return err;
  msg.op.kind = PEAL_OP_DISCONNECT;
  msg.op.close = close;
  return say(emitter, &msg);
}

/* Names that mean something to the servers themselves. */
static bool is_servers_own(const char *event) {
  static const char *const names[] = {"connect", "connection", "new_namespace"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(event, names[i]) == 0)
      return true;
  return false;
}

/* The event and its arguments in one list. */
static peal_err call(peal_emitter *emitter, peal_bus_msg *msg,
                     const char *event, peal_args args) {
  peal_val *all =
      peal_mem_alloc(peal_mem_libc(), (args.count + 1) * sizeof *all);
  if (!all)
    return PEAL_ERR_NOMEM;
  all[0] = peal_str(event);
  if (args.count)
    memcpy(all + 1, args.items, args.count * sizeof *all);
  msg->kind = PEAL_BUS_CALL;
  msg->args = (peal_args){all, args.count + 1};
  peal_err err = peal_sio_check_event(peal_slice_of(event), args);
  if (!err)
    err = say(emitter, msg);
  peal_mem_free(peal_mem_libc(), all);
  return err;
}

peal_err peal_emitter_server_emit(peal_emitter *emitter, const char *nsp,
                                  const char *event, peal_args args) {
  char text[NSP_MAX + 1];
  peal_bus_msg msg;
  peal_err err = begin(emitter, &msg, text, nsp, NULL);
  if (err)
    return err;
  if (!event || is_servers_own(event))
    return PEAL_ERR_RESERVED;
  return call(emitter, &msg, event, args);
}
