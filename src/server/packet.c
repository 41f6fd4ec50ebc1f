/* SPDX-License-Identifier: MIT */
#include "server/packet.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "wire/sio_packet.h"

#define INLINE_PARTS 16u

static peal_bytes *bytes_of(peal_slice data, const peal_mem *mem) {
  peal_bytes *bytes = peal_bytes_alloc(data.len, mem);
  if (bytes && data.len)
    memcpy(peal_bytes_data(bytes), data.ptr, data.len);
  return bytes;
}

static void unref_all(peal_bytes **parts, size_t count) {
  for (size_t i = 0; i < count; i++)
    peal_bytes_unref(parts[i]);
}

/* The text and a copy of each attachment. */
static peal_err fill_parts(peal_bytes **parts, peal_slice text,
                           const peal_slice *attachments, size_t count,
                           const peal_mem *mem) {
  for (size_t i = 0; i <= count; i++) {
    parts[i] = bytes_of(i ? attachments[i - 1] : text, mem);
    if (parts[i])
      continue;
    unref_all(parts, i);
    return PEAL_ERR_NOMEM;
  }
  return PEAL_OK;
}

static peal_err make_group(peal_eio_message *out, peal_slice text,
                           peal_args args, size_t count, const peal_mem *mem) {
  peal_slice few[INLINE_PARTS];
  peal_bytes *few_parts[INLINE_PARTS + 1];
  peal_slice *attachments = few;
  peal_bytes **parts = few_parts;
  peal_err err = PEAL_ERR_NOMEM;
  void *many = NULL;
  if (count > INLINE_PARTS) {
    many = peal_mem_alloc(mem, count * sizeof *attachments +
                                   (count + 1) * sizeof(peal_bytes *));
    if (!many)
      return PEAL_ERR_NOMEM;
    attachments = many;
    parts = (peal_bytes **)(void *)(attachments + count);
  }
  (void)peal_sio_packet_binaries(args, attachments, count);
  if (!fill_parts(parts, text, attachments, count, mem)) {
    out->group = peal_eio_group_new(parts, count + 1, mem);
    if (out->group)
      err = PEAL_OK;
    else
      unref_all(parts, count + 1);
  }
  peal_mem_free(mem, many);
  return err;
}

static peal_err finish(peal_eio_message *out, const peal_buf *text,
                       peal_args args, size_t attachments,
                       const peal_mem *mem) {
  *out = (peal_eio_message){0};
  if (text->err)
    return text->err;
  if (attachments > UINT16_MAX)
    return PEAL_ERR_LIMIT;
  if (attachments)
    return make_group(out, peal_buf_slice(text), args, attachments, mem);
  out->bytes = bytes_of(peal_buf_slice(text), mem);
  return out->bytes ? PEAL_OK : PEAL_ERR_NOMEM;
}

peal_err peal_packet_event(peal_eio_message *out, peal_nsp *nsp,
                           peal_worker *worker, bool crosses, const char *event,
                           peal_args args, const uint64_t *id) {
  peal_slice name = peal_slice_of(event);
  peal_slice path = {nsp->name, nsp->name_len};
  size_t attachments = 0;
  if (!event || peal_sio_packet_is_reserved(name))
    return PEAL_ERR_RESERVED;
  if (worker) {
    peal_buf *buf = &peal_server_local_of(nsp->server, worker)->encode;
    peal_buf_reset(buf);
    peal_sio_packet_encode_event(buf, path, name, args, id, &attachments);
    return finish(out, buf, args, attachments,
                  crosses ? peal_mem_libc() : worker->mem);
  }
  peal_buf own;
  peal_buf_init(&own, NULL, 0);
  peal_sio_packet_encode_event(&own, path, name, args, id, &attachments);
  peal_err err = finish(out, &own, args, attachments, peal_mem_libc());
  peal_buf_deinit(&own);
  return err;
}

peal_err peal_packet_ack(peal_eio_message *out, peal_socket *socket,
                         uint64_t id, peal_args args) {
  peal_buf *buf =
      &peal_server_local_of(socket->nsp->server, socket->worker)->encode;
  size_t attachments = 0;
  peal_buf_reset(buf);
  peal_sio_packet_encode_ack(
      buf, (peal_slice){socket->nsp->name, socket->nsp->name_len}, id, args,
      &attachments);
  return finish(out, buf, args, attachments, socket->worker->mem);
}

void peal_packet_release(peal_eio_message *message) {
  peal_bytes_unref(message->bytes);
  peal_eio_group_unref(message->group);
  message->bytes = NULL;
  message->group = NULL;
}

size_t peal_packet_len(const peal_eio_message *message) {
  if (!message->group)
    return peal_bytes_slice(message->bytes).len;
  size_t len = 0;
  for (size_t i = 0; i < peal_eio_group_count(message->group); i++)
    len += peal_bytes_slice(peal_eio_group_part(message->group, i)).len;
  return len;
}

/* Two keyed halves: equal keys of different names would replace one another,
 * so the hash is seeded and wide. */
uint64_t peal_packet_key(const peal_nsp *nsp, const char *name) {
  if (!name)
    return 0;
  uint64_t seed = nsp->server->key_seed ^ (uint64_t)(uintptr_t)nsp;
  uint64_t high = peal_map_hash(peal_slice_of(name), (uint32_t)(seed >> 32));
  uint64_t low = peal_map_hash(peal_slice_of(name), (uint32_t)seed);
  return (high << 32 | low) | 1;
}
