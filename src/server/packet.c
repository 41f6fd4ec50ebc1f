/* SPDX-License-Identifier: MIT */
#include "server/packet.h"

#include <string.h>

#include "base/mem.h"
#include "net/worker_impl.h"
#include "proto/sio_form.h"
#include "server/form.h"
#include "server/recovery.h"
#include "wire/sio_msgpack.h"

#define INLINE_PARTS 16u

static peal_sio_form_owner owner_of(const peal_nsp *nsp,
                                    const peal_worker *worker, bool crosses) {
  if (crosses || !worker)
    return (peal_sio_form_owner){peal_mem_libc(), nsp->server->load.account};
  return (peal_sio_form_owner){worker->mem, NULL};
}

static inline peal_message *message_of(peal_slice text,
                                       const peal_slice *attachments,
                                       size_t count, peal_sio_form_owner of) {
  return of.crossing
             ? peal_message_new_crossing(text, attachments, count, of.crossing)
             : peal_message_new(text, attachments, count, of.mem);
}

/* The text and a copy of each attachment. */
static peal_message *with_attachments(peal_slice text, peal_args args,
                                      size_t count, peal_sio_form_owner of) {
  peal_slice few[INLINE_PARTS];
  peal_slice *attachments = few;
  if (count > INLINE_PARTS)
    attachments = peal_mem_alloc(of.mem, count * sizeof *attachments);
  if (!attachments)
    return NULL;
  (void)peal_sio_packet_binaries(args, attachments, count);
  peal_message *message = message_of(text, attachments, count, of);
  if (attachments != few)
    peal_mem_free(of.mem, attachments);
  return message;
}

/* `args` are looked at for their attachments alone. */
static inline peal_err finish(peal_eio_item *out, const peal_buf *text,
                              const peal_args *args, size_t attachments,
                              peal_sio_form_owner of) {
  *out = (peal_eio_item){0};
  if (text->err)
    return text->err;
  if (attachments > UINT16_MAX)
    return PEAL_ERR_LIMIT;
  peal_slice data = peal_buf_slice(text);
  out->message = attachments ? with_attachments(data, *args, attachments, of)
                             : message_of(data, NULL, 0, of);
  return out->message ? PEAL_OK : PEAL_ERR_NOMEM;
}

static peal_slice path_of(const peal_nsp *nsp) {
  return (peal_slice){nsp->name, nsp->name_len};
}

/* Of another parser than the default one. `name` without a ptr: an ACK. */
static peal_err in_form(peal_eio_item *out, const peal_nsp *nsp,
                        const peal_worker *worker, peal_sio_form_owner of,
                        peal_slice name, peal_args args, const uint64_t *id) {
  peal_buf own, *buf = &own;
  *out = (peal_eio_item){0};
  peal_buf_init(&own, NULL, 0);
  if (worker)
    buf = &peal_server_local_of(nsp->server, worker)->encode;
  peal_err err = peal_sio_form_event(&out->message, nsp->server->parser, buf,
                                     of, path_of(nsp), name, args, id);
  peal_buf_deinit(&own);
  return err;
}

peal_err peal_packet_event(peal_eio_item *out, peal_nsp *nsp,
                           peal_worker *worker, bool crosses, peal_slice name,
                           peal_args args, const uint64_t *id) {
  peal_slice path = path_of(nsp);
  peal_sio_form_owner of = owner_of(nsp, worker, crosses);
  size_t attachments = 0;
  if (!name.ptr || peal_sio_packet_is_reserved(name))
    return PEAL_ERR_RESERVED;
  if (nsp->server->parser)
    return in_form(out, nsp, worker, of, name, args, id);
  if (worker) {
    peal_buf *buf = &peal_server_local_of(nsp->server, worker)->encode;
    peal_buf_reset(buf);
    peal_sio_packet_encode_event(buf, path, name, args, id, &attachments);
    return finish(out, buf, &args, attachments, of);
  }
  peal_buf own;
  peal_buf_init(&own, NULL, 0);
  peal_sio_packet_encode_event(&own, path, name, args, id, &attachments);
  peal_err err = finish(out, &own, &args, attachments, of);
  peal_buf_deinit(&own);
  return err;
}

/* The place is an argument more, and must be found again. */
static peal_err kept_in_form(peal_eio_item *out, const peal_nsp *nsp,
                             const peal_worker *worker, peal_slice name,
                             peal_args args) {
  peal_val few[INLINE_PARTS];
  peal_sio_form_owner of = owner_of(nsp, worker, true);
  peal_val *items = few;
  *out = (peal_eio_item){0};
  if (args.count >= INLINE_PARTS)
    items = peal_mem_alloc(of.mem, (args.count + 1) * sizeof *items);
  if (!items)
    return PEAL_ERR_NOMEM;
  for (size_t i = 0; i < args.count; i++)
    items[i] = args.items[i];
  items[args.count] = peal_str(PEAL_FORM_PLACE);
  peal_err err = in_form(out, nsp, worker, of, name,
                         (peal_args){items, args.count + 1}, NULL);
  if (!err &&
      peal_form_place(nsp->server, path_of(nsp), out->message) == SIZE_MAX) {
    peal_packet_release(out);
    err = PEAL_ERR_OPTION;
  }
  if (items != few)
    peal_mem_free(of.mem, items);
  return err;
}

peal_err peal_packet_kept(peal_eio_item *out, peal_nsp *nsp,
                          peal_worker *worker, peal_slice name,
                          peal_args args) {
  size_t attachments = 0;
  peal_buf own, *buf = &own;
  if (!name.ptr || peal_sio_packet_is_reserved(name))
    return PEAL_ERR_RESERVED;
  if (nsp->server->parser)
    return kept_in_form(out, nsp, worker, name, args);
  peal_buf_init(&own, NULL, 0);
  if (worker)
    buf = &peal_server_local_of(nsp->server, worker)->encode;
  peal_buf_reset(buf);
  peal_sio_packet_encode_event(buf, path_of(nsp), name, args, NULL,
                               &attachments);
  peal_recovery_make_place(buf);
  peal_err err =
      finish(out, buf, &args, attachments, owner_of(nsp, worker, true));
  peal_buf_deinit(&own);
  return err;
}

/* The values are made again; the default parser and MessagePack do without. */
static peal_err again_with_id(peal_eio_item *out, const peal_nsp *nsp,
                              peal_worker *worker, const peal_op *op,
                              uint64_t id) {
  peal_sio_packet packet;
  peal_arena_mark mark = peal_arena_mark_get(&worker->turn);
  peal_err err =
      peal_form_values(&packet, nsp->server, op->message, &worker->turn);
  if (!err && packet.type != PEAL_SIO_EVENT)
    err = PEAL_ERR_SIO_PACKET;
  if (!err)
    err = in_form(out, nsp, worker, owner_of(nsp, worker, false),
                  peal_val_str(packet.data.as.items[0]),
                  (peal_args){packet.data.as.items + 1, packet.data.len - 1},
                  &id);
  peal_arena_mark_set(&worker->turn, mark);
  return err;
}

static peal_err form_with_id(peal_eio_item *out, const peal_nsp *nsp,
                             peal_worker *worker, const peal_op *op,
                             uint64_t id) {
  if (nsp->server->parser != peal_parser_msgpack())
    return again_with_id(out, nsp, worker, op, id);
  peal_buf *buf = &peal_server_local_of(nsp->server, worker)->encode;
  peal_buf_reset(buf);
  peal_sio_msgpack_add_id(buf, peal_message_part(op->message, 0), id);
  if (!buf->err)
    out->message = peal_message_new_binary(peal_buf_slice(buf), worker->mem);
  return out->message ? PEAL_OK : PEAL_ERR_NOMEM;
}

peal_err peal_packet_with_id(peal_eio_item *out, peal_nsp *nsp,
                             peal_worker *worker, const peal_op *op,
                             uint64_t id) {
  *out = (peal_eio_item){0};
  if (nsp->server->parser)
    return form_with_id(out, nsp, worker, op, id);
  peal_buf *buf = &peal_server_local_of(nsp->server, worker)->encode;
  peal_slice text = peal_message_part(op->message, 0);
  size_t at = peal_op_id_at(op), count = peal_message_count(op->message) - 1;
  peal_buf_reset(buf);
  peal_buf_add(buf, (peal_slice){text.ptr, at});
  peal_buf_add_u64(buf, id);
  peal_buf_add(buf, (peal_slice){text.ptr + at, text.len - at});
  peal_slice *parts =
      peal_mem_alloc(worker->mem, (count + 1) * sizeof(peal_slice));
  for (size_t i = 0; parts && i < count; i++)
    parts[i] = peal_message_part(op->message, i + 1);
  if (parts && !buf->err)
    out->message =
        peal_message_new(peal_buf_slice(buf), parts, count, worker->mem);
  peal_mem_free(worker->mem, parts);
  return out->message ? PEAL_OK : PEAL_ERR_NOMEM;
}

peal_err peal_packet_ack(peal_eio_item *out, peal_socket *socket, uint64_t id,
                         peal_args args) {
  peal_nsp *nsp = socket->local->nsp;
  peal_worker *worker = socket->local->worker;
  peal_sio_form_owner of = owner_of(nsp, worker, false);
  peal_buf *buf = &peal_server_local_of(nsp->server, worker)->encode;
  size_t attachments = 0;
  if (nsp->server->parser)
    return in_form(out, nsp, worker, of, (peal_slice){NULL, 0}, args, &id);
  peal_buf_reset(buf);
  peal_sio_packet_encode_ack(buf, path_of(nsp), id, args, &attachments);
  return finish(out, buf, &args, attachments, of);
}

void peal_packet_release(peal_eio_item *item) {
  peal_message_unref(item->message);
  item->message = NULL;
}

/* Two keyed halves: equal keys of different names would replace one another,
 * so the hash is seeded and wide. */
uint64_t peal_packet_key(const peal_nsp *nsp, peal_slice name) {
  if (!name.ptr)
    return 0;
  uint64_t seed = nsp->server->key_seed ^ (uint64_t)(uintptr_t)nsp;
  uint64_t high = peal_map_hash(name, (uint32_t)(seed >> 32));
  uint64_t low = peal_map_hash(name, (uint32_t)seed);
  return (high << 32 | low) | 1;
}
