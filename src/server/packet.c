/* SPDX-License-Identifier: MIT */
#include "server/packet.h"

#include <string.h>

#include "base/mem.h"
#include "net/worker_impl.h"
#include "server/recovery.h"
#include "wire/sio_packet.h"

#define INLINE_PARTS 16u

/* Whose memory a message is: a worker's own, or, if it crosses, the server's
 * account. */
typedef struct owner {
  const peal_mem *mem;
  peal_account_server *crossing; /* NULL: it stays on its worker */
} owner;

static owner owner_of(const peal_nsp *nsp, const peal_worker *worker,
                      bool crosses) {
  if (crosses || !worker)
    return (owner){peal_mem_libc(), nsp->server->load.account};
  return (owner){worker->mem, NULL};
}

static inline peal_message *message_of(peal_slice text,
                                       const peal_slice *attachments,
                                       size_t count, owner of) {
  return of.crossing
             ? peal_message_new_crossing(text, attachments, count, of.crossing)
             : peal_message_new(text, attachments, count, of.mem);
}

/* The text and a copy of each attachment. */
static peal_message *with_attachments(peal_slice text, peal_args args,
                                      size_t count, owner of) {
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
                              owner of) {
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

peal_err peal_packet_event(peal_eio_item *out, peal_nsp *nsp,
                           peal_worker *worker, bool crosses, peal_slice name,
                           peal_args args, const uint64_t *id) {
  peal_slice path = {nsp->name, nsp->name_len};
  owner of = owner_of(nsp, worker, crosses);
  size_t attachments = 0;
  if (!name.ptr || peal_sio_packet_is_reserved(name))
    return PEAL_ERR_RESERVED;
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

peal_err peal_packet_kept(peal_eio_item *out, peal_nsp *nsp,
                          peal_worker *worker, peal_slice name,
                          peal_args args) {
  size_t attachments = 0;
  peal_buf own, *buf = &own;
  if (!name.ptr || peal_sio_packet_is_reserved(name))
    return PEAL_ERR_RESERVED;
  peal_buf_init(&own, NULL, 0);
  if (worker)
    buf = &peal_server_local_of(nsp->server, worker)->encode;
  peal_buf_reset(buf);
  peal_sio_packet_encode_event(buf, (peal_slice){nsp->name, nsp->name_len},
                               name, args, NULL, &attachments);
  peal_recovery_make_place(buf);
  peal_err err =
      finish(out, buf, &args, attachments, owner_of(nsp, worker, true));
  peal_buf_deinit(&own);
  return err;
}

peal_err peal_packet_with_id(peal_eio_item *out, peal_nsp *nsp,
                             peal_worker *worker, const peal_op *op,
                             uint64_t id) {
  peal_buf *buf = &peal_server_local_of(nsp->server, worker)->encode;
  peal_slice text = peal_message_part(op->message, 0);
  size_t at = peal_op_id_at(op), count = peal_message_count(op->message) - 1;
  *out = (peal_eio_item){0};
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
  peal_buf *buf =
      &peal_server_local_of(socket->local->nsp->server, socket->local->worker)
           ->encode;
  size_t attachments = 0;
  peal_buf_reset(buf);
  peal_sio_packet_encode_ack(
      buf, (peal_slice){socket->local->nsp->name, socket->local->nsp->name_len},
      id, args, &attachments);
  return finish(out, buf, &args, attachments,
                owner_of(socket->local->nsp, socket->local->worker, false));
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
