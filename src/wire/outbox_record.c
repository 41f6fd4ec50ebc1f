/* SPDX-License-Identifier: MIT */
#include "wire/outbox_record.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "wire/crc32c.h"
#include "wire/sio_packet.h"

enum {
  MAGIC_0 = 0xf5, /* of no UTF-8 text */
  MAGIC_1 = 0x50,
  HEAD = PEAL_OUTBOX_RECORD_HEAD_BYTES,
  HEAD_CHECKED = HEAD - 4,
  MAX_BINARIES = UINT16_MAX
};

/* -- numbers --------------------------------------------------------------- */

static void put(char *to, uint64_t value, size_t bytes) {
  while (bytes--)
    *to++ = (char)(uint8_t)(value >> (8 * bytes));
}

static uint64_t get(const char *from, size_t bytes) {
  uint64_t value = 0;
  while (bytes--)
    value = value << 8 | (uint8_t)*from++;
  return value;
}

static uint32_t crc_of(peal_outbox_place place, peal_slice data) {
  char where[24];
  put(where, place.box, 8);
  put(where + 8, place.number, 8);
  put(where + 16, place.offset, 8);
  return peal_crc32c(peal_crc32c(0, (peal_slice){where, sizeof where}), data);
}

/* -- records --------------------------------------------------------------- */

void peal_outbox_record_encode(peal_buf *out, const peal_outbox_record *record,
                               peal_outbox_place place) {
  char head[HEAD] = {(char)MAGIC_0, MAGIC_1, (char)record->type, 0};
  if (record->body.len > UINT32_MAX && !out->err)
    out->err = PEAL_ERR_LIMIT;
  put(head + 4, record->body.len, 4);
  put(head + 8, record->seq, 8);
  put(head + 16, crc_of(place, record->body), 4);
  put(head + HEAD_CHECKED, crc_of(place, (peal_slice){head, HEAD_CHECKED}), 4);
  peal_buf_add(out, (peal_slice){head, HEAD});
  peal_buf_add(out, record->body);
}

static bool is_head(peal_slice in, peal_outbox_place place) {
  uint8_t type = (uint8_t)in.ptr[2];
  return (uint8_t)in.ptr[0] == MAGIC_0 && in.ptr[1] == MAGIC_1 &&
         in.ptr[3] == 0 &&
         (type == PEAL_OUTBOX_RECORD_EVENT ||
          type == PEAL_OUTBOX_RECORD_DONE) &&
         get(in.ptr + HEAD_CHECKED, 4) ==
             crc_of(place, (peal_slice){in.ptr, HEAD_CHECKED});
}

peal_err peal_outbox_record_decode(peal_outbox_record *out, peal_slice in,
                                   peal_outbox_place place, size_t *used) {
  *used = HEAD;
  if (in.len < HEAD)
    return PEAL_ERR_AGAIN;
  if (!is_head(in, place))
    return PEAL_ERR_IO;
  size_t len = (size_t)get(in.ptr + 4, 4);
  *used += len;
  if (in.len - HEAD < len)
    return PEAL_ERR_AGAIN;
  peal_slice body = {in.ptr + HEAD, len};
  if (get(in.ptr + 16, 4) != crc_of(place, body))
    return PEAL_ERR_IO;
  *out = (peal_outbox_record){(uint8_t)in.ptr[2], get(in.ptr + 8, 8), body};
  return PEAL_OK;
}

/* -- the body of an event, written ------------------------------------------ */

static void put_number(peal_buf *out, uint64_t value, size_t bytes) {
  char text[8];
  put(text, value, bytes);
  peal_buf_add(out, (peal_slice){text, bytes});
}

/* The object with `id` in it. NULL pairs: memory is out. */
static peal_val with_id(const peal_mem *mem, peal_val object, peal_slice id,
                        const char *id_name) {
  peal_pair *pairs = peal_mem_alloc(mem, (object.len + 1) * sizeof *pairs);
  size_t count = 0;
  for (size_t i = 0; pairs && i < object.len; i++)
    if (!peal_slice_is(peal_val_key(object, i), id_name))
      pairs[count++] = object.as.pairs[i];
  if (pairs)
    pairs[count++] = (peal_pair){id_name, peal_str_slice(id)};
  return peal_object(pairs, count);
}

static peal_slice *binaries_of(const peal_mem *mem, peal_args args,
                               size_t count) {
  peal_slice *binaries = peal_mem_alloc(mem, (count + 1) * sizeof *binaries);
  if (binaries)
    peal_sio_packet_binaries(args, binaries, count);
  return binaries;
}

static void put_binaries(peal_buf *out, size_t lens_at,
                         const peal_slice *binaries, size_t count) {
  for (size_t i = 0; i < count && !out->err; i++) {
    if (binaries[i].len > UINT32_MAX)
      out->err = PEAL_ERR_LIMIT;
    else
      put(out->ptr + lens_at + 4 * i, binaries[i].len, 4);
    peal_buf_add(out, binaries[i]);
  }
}

static void put_packet(peal_buf *out, peal_slice name, peal_args args) {
  size_t count = peal_sio_packet_binaries(args, NULL, 0), found = 0;
  if (count > MAX_BINARIES && !out->err)
    out->err = PEAL_ERR_LIMIT;
  peal_slice *binaries = out->err ? NULL : binaries_of(out->mem, args, count);
  if (!binaries) {
    if (!out->err)
      out->err = PEAL_ERR_NOMEM;
    return;
  }
  size_t at = out->len;
  put_number(out, 0, 4);
  put_number(out, count, 2);
  for (size_t i = 0; i < count; i++)
    put_number(out, 0, 4);
  size_t text_at = out->len;
  peal_sio_packet_encode_event(out, PEAL_S("/"), name, args, NULL, &found);
  if (!out->err)
    put(out->ptr + at, out->len - text_at, 4);
  put_binaries(out, at + 6, binaries, count);
  peal_mem_free(out->mem, binaries);
}

peal_err peal_outbox_record_put_event(peal_buf *out,
                                      const peal_outbox_event *event,
                                      const char *id_name) {
  if (peal_sio_packet_is_reserved(event->name))
    return PEAL_ERR_RESERVED;
  if (event->id.len > UINT16_MAX)
    return PEAL_ERR_LIMIT;
  put_number(out, event->id.len, 2);
  peal_buf_add(out, event->id);
  peal_args args = event->args;
  if (!id_name || !args.count || !peal_val_is(args.items[0], PEAL_OBJECT)) {
    put_packet(out, event->name, args);
    return out->err;
  }
  peal_val *items = peal_mem_alloc(out->mem, args.count * sizeof *items);
  if (!items)
    return PEAL_ERR_NOMEM;
  memcpy(items, args.items, args.count * sizeof *items);
  items[0] = with_id(out->mem, args.items[0], event->id, id_name);
  if (items[0].as.pairs)
    put_packet(out, event->name, (peal_args){items, args.count});
  else
    out->err = out->err ? out->err : PEAL_ERR_NOMEM;
  peal_mem_free(out->mem, (void *)(uintptr_t)items[0].as.pairs);
  peal_mem_free(out->mem, items);
  return out->err;
}

/* -- and read: after the first failure every call is a no-op ------------------ */

typedef struct reader {
  peal_slice in; /* what is left */
  bool failed;
} reader;

static peal_slice take(reader *r, size_t len) {
  if (len > r->in.len)
    r->failed = true;
  if (r->failed)
    return (peal_slice){"", 0};
  peal_slice taken = {r->in.ptr, len};
  r->in.ptr += len;
  r->in.len -= len;
  return taken;
}

static size_t take_number(reader *r, size_t bytes) {
  peal_slice taken = take(r, bytes);
  return (size_t)get(taken.ptr, taken.len);
}

peal_slice peal_outbox_record_id(peal_slice body) {
  reader r = {.in = body};
  return take(&r, take_number(&r, 2));
}

static peal_err decode_packet(peal_sio_packet *packet, reader *r,
                              peal_arena *arena) {
  size_t text_len = take_number(r, 4), count = take_number(r, 2);
  reader lens = {.in = take(r, 4 * count)};
  peal_slice text = take(r, text_len);
  if (r->failed)
    return PEAL_ERR_IO;
  peal_slice *parts = peal_arena_alloc(arena, (count + 1) * sizeof *parts);
  if (!parts)
    return PEAL_ERR_NOMEM;
  for (size_t i = 0; i < count; i++)
    parts[i] = take(r, take_number(&lens, 4));
  if (r->failed || r->in.len)
    return PEAL_ERR_IO;
  peal_err err =
      peal_sio_packet_decode(packet, text, MAX_BINARIES, arena, NULL);
  if (!err && packet->attachments != count)
    return PEAL_ERR_IO;
  if (!err && count)
    err = peal_sio_packet_attach(packet, parts, count, arena);
  return err;
}

static bool is_event(const peal_sio_packet *packet) {
  return (packet->type == PEAL_SIO_EVENT ||
          packet->type == PEAL_SIO_BINARY_EVENT) &&
         !packet->has_id && peal_slice_is(packet->nsp, "/") &&
         peal_val_is(packet->data.as.items[0], PEAL_STRING);
}

peal_err peal_outbox_record_get_event(peal_outbox_event *out, peal_slice body,
                                      peal_arena *arena) {
  reader r = {.in = body};
  peal_sio_packet packet;
  out->id = take(&r, take_number(&r, 2));
  peal_err err = decode_packet(&packet, &r, arena);
  if (err)
    return err == PEAL_ERR_NOMEM ? err : PEAL_ERR_IO;
  if (!is_event(&packet))
    return PEAL_ERR_IO;
  const peal_val *items = packet.data.as.items;
  out->name = peal_val_str(items[0]);
  out->args = (peal_args){items + 1, packet.data.len - 1};
  return PEAL_OK;
}
