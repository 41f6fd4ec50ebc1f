/* SPDX-License-Identifier: MIT */
#include "proto/op.h"

#include <string.h>

#include "proto/names.h"
#include "proto/proto_limits.h"

#define VERSION 1u

enum {
  HAS_ROOMS = 1,
  HAS_EXCEPT = 2,
  HAS_WITHOUT = 4,
  HAS_CONFLATE = 8,
  IS_VOLATILE = 16,
  NO_COMPRESS = 32,
  CLOSES = 64
};

/* What a kind may have. */
static unsigned flags_of_kind(unsigned kind) {
  switch (kind) {
  case PEAL_OP_EMIT:
    return HAS_ROOMS | HAS_EXCEPT | HAS_WITHOUT | HAS_CONFLATE | IS_VOLATILE |
           NO_COMPRESS;
  case PEAL_OP_DISCONNECT:
    return HAS_ROOMS | HAS_EXCEPT | CLOSES;
  default:
    return HAS_ROOMS | HAS_EXCEPT;
  }
}

static bool has_room(unsigned kind) {
  return kind == PEAL_OP_JOIN || kind == PEAL_OP_LEAVE;
}

static bool has_message(unsigned kind) {
  return kind == PEAL_OP_EMIT || kind == PEAL_OP_ASK;
}

/* -- writing --------------------------------------------------------------------- */

static void put(peal_buf *out, uint64_t value, size_t bytes) {
  while (bytes--)
    peal_buf_add_char(out, (char)(uint8_t)(value >> (8 * bytes)));
}

/* A number that must fit. */
static void put_checked(peal_buf *out, size_t value, size_t bytes) {
  if (value >> (8 * bytes) && !out->err)
    out->err = PEAL_ERR_LIMIT;
  put(out, value, bytes);
}

static void put_text(peal_buf *out, peal_slice text) {
  put_checked(out, text.len, 2);
  peal_buf_add(out, text);
}

static void put_names(peal_buf *out, peal_names_walk names) {
  put_checked(out, peal_names_count(names), 2);
  for (peal_slice name; peal_names_next(&names, &name);)
    put_text(out, name);
}

static void put_message(peal_buf *out, const peal_message *message) {
  size_t count = peal_message_count(message);
  put_checked(out, peal_message_part(message, 0).len, 4);
  put_checked(out, count - 1, 2);
  for (size_t i = 1; i < count; i++)
    put_checked(out, peal_message_part(message, i).len, 4);
  for (size_t i = 0; i < count; i++)
    peal_buf_add(out, peal_message_part(message, i));
}

static unsigned flags_of(const peal_op *op) {
  peal_names_walk rooms = peal_names_rooms(&op->to);
  unsigned flags =
      (peal_names_are_given(&rooms) ? HAS_ROOMS : 0u) |
      (peal_names_count(peal_names_except(&op->to)) ? HAS_EXCEPT : 0u) |
      (op->without ? HAS_WITHOUT : 0u) |
      (peal_names_key(&op->to).ptr ? HAS_CONFLATE : 0u) |
      (op->to.is_volatile ? IS_VOLATILE : 0u) |
      (op->to.no_compress ? NO_COMPRESS : 0u) | (op->close ? CLOSES : 0u);
  return flags & flags_of_kind(op->kind);
}

void peal_op_encode(peal_buf *out, const peal_op *op) {
  unsigned flags = flags_of(op);
  put(out, VERSION, 1);
  put(out, op->kind, 1);
  put(out, flags, 1);
  put_text(out, op->nsp);
  if (flags & HAS_ROOMS)
    put_names(out, peal_names_rooms(&op->to));
  if (flags & HAS_EXCEPT)
    put_names(out, peal_names_except(&op->to));
  if (flags & HAS_WITHOUT)
    put_text(out, peal_slice_of(op->without));
  if (flags & HAS_CONFLATE)
    put_text(out, peal_names_key(&op->to));
  if (has_room(op->kind))
    put_text(out, op->room);
  if (op->kind == PEAL_OP_ASK)
    put(out, op->timeout_ms, 4);
  if (has_message(op->kind))
    put_message(out, op->message);
}

/* -- reading: after the first failure every call is a no-op -------------------------- */

typedef struct reader {
  peal_slice in; /* what is left */
  peal_arena *arena;
  peal_err err;
} reader;

static peal_slice take(reader *r, size_t len) {
  if (!r->err && len > r->in.len)
    r->err = PEAL_ERR_SIO_PACKET;
  if (r->err)
    return (peal_slice){0};
  peal_slice taken = {r->in.ptr, len};
  r->in.ptr += len;
  r->in.len -= len;
  return taken;
}

static uint32_t get(reader *r, size_t bytes) {
  peal_slice taken = take(r, bytes);
  uint32_t value = 0;
  for (size_t i = 0; i < taken.len; i++)
    value = value << 8 | (uint8_t)taken.ptr[i];
  return value;
}

static void *get_memory(reader *r, size_t size) {
  void *ptr = r->err ? NULL : peal_arena_alloc(r->arena, size);
  if (!ptr && !r->err)
    r->err = PEAL_ERR_NOMEM;
  return ptr;
}

/* A copy, terminated. */
static peal_slice get_text(reader *r) {
  peal_slice text = take(r, get(r, 2));
  char *copy = get_memory(r, text.len + 1);
  if (!copy)
    return (peal_slice){"", 0};
  if (text.len)
    memcpy(copy, text.ptr, text.len);
  copy[text.len] = 0;
  return (peal_slice){copy, text.len};
}

/* A text without NUL. */
static const char *get_str(reader *r) {
  peal_slice text = get_text(r);
  if (!r->err && memchr(text.ptr, 0, text.len))
    r->err = PEAL_ERR_SIO_PACKET;
  return text.ptr;
}

/* The count is believed only as far as the input reaches. */
static peal_names get_names(reader *r) {
  size_t count = get(r, 2);
  if (!r->err && count * 2 > r->in.len)
    r->err = PEAL_ERR_SIO_PACKET;
  peal_slice *names = get_memory(r, (count + 1) * sizeof *names);
  for (size_t i = 0; names && i < count; i++)
    names[i] = get_text(r);
  return (peal_names){names, names ? count : 0};
}

static peal_message *get_message(reader *r) {
  size_t text_len = get(r, 4), count = get(r, 2);
  peal_slice lens = take(r, count * 4);
  peal_slice text = take(r, text_len);
  peal_slice *parts = get_memory(r, (count + 1) * sizeof *parts);
  reader len = {.in = lens};
  for (size_t i = 0; parts && i < count; i++)
    parts[i] = take(r, get(&len, 4));
  if (r->err)
    return NULL;
  peal_message *message = peal_message_new(text, parts, count, NULL);
  if (!message)
    r->err = PEAL_ERR_NOMEM;
  return message;
}

/* -- checking ------------------------------------------------------------------------ */

static bool is_nsp(peal_slice name) {
  return name.len && name.len <= PEAL_LIMIT_SIO_NSP_BYTES &&
         name.ptr[0] == '/' && !memchr(name.ptr, ',', name.len);
}

peal_err peal_op_values(peal_sio_packet *packet, const peal_op *op,
                        peal_arena *arena) {
  size_t count = peal_message_count(op->message) - 1;
  peal_err err = peal_sio_packet_decode(
      packet, peal_message_part(op->message, 0), UINT16_MAX, arena, NULL);
  if (err || !count)
    return err;
  peal_slice *parts = peal_arena_alloc(arena, count * sizeof *parts);
  if (!parts)
    return PEAL_ERR_NOMEM;
  for (size_t i = 0; i < count; i++)
    parts[i] = peal_message_part(op->message, i + 1);
  return peal_sio_packet_attach(packet, parts, count, arena);
}

static size_t digits_of(size_t number) {
  size_t digits = 1;
  while (number >= 10) {
    number /= 10;
    digits++;
  }
  return digits;
}

size_t peal_op_id_at(const peal_op *op) {
  peal_slice text = peal_message_part(op->message, 0);
  size_t count = peal_message_count(op->message) - 1;
  size_t at = 1 + (count ? digits_of(count) + 1 : 0) +
              (op->nsp.len > 1 ? op->nsp.len + 1 : 0);
  return at < text.len && text.ptr[at] == '[' ? at : 0;
}

/* An event of this namespace that asks for nothing, with its attachments. */
static peal_err check_message(const peal_op *op, peal_arena *arena) {
  peal_sio_packet packet;
  size_t count = peal_message_count(op->message) - 1;
  peal_err err = peal_sio_packet_decode(
      &packet, peal_message_part(op->message, 0), UINT16_MAX, arena, NULL);
  if (err)
    return err;
  peal_sio_type type = count ? PEAL_SIO_BINARY_EVENT : PEAL_SIO_EVENT;
  bool right = packet.type == type && !packet.has_id &&
               peal_val_is(packet.data.as.items[0], PEAL_STRING) &&
               packet.attachments == count &&
               peal_slice_eq(packet.nsp, op->nsp);
  return right && peal_op_id_at(op) ? PEAL_OK : PEAL_ERR_SIO_PACKET;
}

static void get_head(reader *r, peal_op *op) {
  if (get(r, 1) != VERSION && !r->err)
    r->err = PEAL_ERR_SIO_PACKET;
  op->kind = (uint8_t)get(r, 1);
  unsigned flags = get(r, 1);
  op->nsp = peal_slice_of(get_str(r));
  if (!r->err && (op->kind < PEAL_OP_EMIT || op->kind > PEAL_OP_MEMBERS ||
                  flags & ~flags_of_kind(op->kind) || !is_nsp(op->nsp)))
    r->err = PEAL_ERR_SIO_PACKET;
  if (flags & HAS_ROOMS)
    op->to.room_names = get_names(r);
  if (flags & HAS_EXCEPT)
    op->to.except_names = get_names(r);
  if (flags & HAS_EXCEPT && !r->err && !op->to.except_names.count)
    r->err = PEAL_ERR_SIO_PACKET;
  if (flags & HAS_WITHOUT)
    op->without = get_str(r);
  if (flags & HAS_CONFLATE)
    op->to.conflate_name = get_text(r);
  op->to.is_volatile = flags & IS_VOLATILE;
  op->to.no_compress = flags & NO_COMPRESS;
  op->close = flags & CLOSES;
}

peal_err peal_op_decode(peal_op *out, peal_slice in, peal_arena *arena) {
  reader r = {.in = in, .arena = arena};
  *out = (peal_op){0};
  get_head(&r, out);
  if (has_room(out->kind))
    out->room = get_text(&r);
  if (out->kind == PEAL_OP_ASK)
    out->timeout_ms = get(&r, 4);
  if (has_message(out->kind))
    out->message = get_message(&r);
  if (!r.err && r.in.len)
    r.err = PEAL_ERR_SIO_PACKET;
  if (!r.err && out->message)
    r.err = check_message(out, arena);
  if (!r.err)
    return PEAL_OK;
  peal_message_unref(out->message);
  *out = (peal_op){0};
  return r.err;
}
