/* SPDX-License-Identifier: MIT */
#include "proto/sio_form.h"

#include "base/build.h"
#include "base/err_site.h"
#include "base/limits.h"
#include "base/mem.h"
#include "proto/parser.h"
#include "proto/proto_limits.h"
#include "wire/sio_check.h"
#include "wire/sio_msgpack.h"
#include "wire/utf8.h"

#define FEW_ITEMS 16u

/* -- encoding --------------------------------------------------------------- */

static peal_err made(peal_message *message, peal_message **out) {
  *out = message;
  return message ? PEAL_OK : PEAL_FAIL(PEAL_ERR_NOMEM);
}

/* One binary message. */
static peal_err finish_binary(peal_message **out, const peal_buf *scratch,
                              peal_sio_form_owner owner) {
  peal_slice data = peal_buf_slice(scratch);
  if (scratch->err)
    return scratch->err;
  return made(owner.crossing
                  ? peal_message_new_binary_crossing(data, owner.crossing)
                  : peal_message_new_binary(data, owner.mem),
              out);
}

static peal_err finish_parts(peal_message **out, const peal_parser_out *from,
                             peal_sio_form_owner owner) {
  peal_slice few[FEW_ITEMS], first = peal_parser_out_part(from, 0);
  size_t count = from->count - 1;
  const peal_mem *mem = from->bytes->mem;
  peal_slice *parts =
      count <= FEW_ITEMS ? few : peal_mem_alloc(mem, count * sizeof *parts);
  if (!parts)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  for (size_t i = 0; i < count; i++)
    parts[i] = peal_parser_out_part(from, i + 1);
  peal_message *message =
      owner.crossing
          ? peal_message_new_crossing(first, parts, count, owner.crossing)
          : peal_message_new(first, parts, count, owner.mem);
  if (parts != few)
    peal_mem_free(mem, parts);
  if (message && from->binary)
    peal_message_set_binary(message);
  return made(message, out);
}

static peal_err encode(peal_message **out, const peal_parser *parser,
                       peal_buf *scratch, peal_sio_form_owner owner,
                       const peal_parser_packet *packet) {
  peal_parser_out to;
  peal_parser_out_init(&to, scratch);
  peal_err err = parser->encode(packet, &to, parser->user);
  if (!err)
    err = peal_parser_out_err(&to);
  if (!err)
    err = finish_parts(out, &to, owner);
  peal_parser_out_deinit(&to);
  return err;
}

/* An application's parser sees one array, as the reference's does. */
static peal_err encode_data(peal_message **out, const peal_parser *parser,
                            peal_buf *scratch, peal_sio_form_owner owner,
                            peal_parser_packet *packet, peal_slice event,
                            peal_args args) {
  peal_val few[FEW_ITEMS];
  bool named = event.ptr;
  size_t count = args.count + named;
  for (size_t i = 0; i < args.count; i++) {
    peal_err err =
        peal_sio_check_value(args.items[i], PEAL_LIMIT_JSON_DEPTH - 1);
    if (err)
      return err;
  }
  peal_val *items = count <= FEW_ITEMS
                        ? few
                        : peal_mem_alloc(scratch->mem, count * sizeof *items);
  if (!items)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  if (named)
    items[0] = peal_str_slice(event);
  for (size_t i = 0; i < args.count; i++)
    items[i + named] = args.items[i];
  packet->data = peal_array(items, count);
  peal_err err = encode(out, parser, scratch, owner, packet);
  if (items != few)
    peal_mem_free(scratch->mem, items);
  return err;
}

peal_err peal_sio_form_event(peal_message **out, const peal_parser *parser,
                             peal_buf *scratch, peal_sio_form_owner owner,
                             peal_slice nsp, peal_slice event, peal_args args,
                             const uint64_t *id) {
  *out = NULL;
  peal_buf_reset(scratch);
  if (parser != peal_parser_msgpack()) {
    peal_parser_packet packet = {.nsp = nsp,
                                 .type = event.ptr ? PEAL_PARSER_EVENT
                                                   : PEAL_PARSER_ACK,
                                 .id = id ? *id : 0,
                                 .has_id = id != NULL};
    return encode_data(out, parser, scratch, owner, &packet, event, args);
  }
  if (event.ptr)
    peal_sio_msgpack_encode_event(scratch, nsp, event, args, id);
  else
    peal_sio_msgpack_encode_ack(scratch, nsp, *id, args);
  return finish_binary(out, scratch, owner);
}

peal_err peal_sio_form_control(peal_message **out, const peal_parser *parser,
                               peal_buf *scratch, peal_sio_form_owner owner,
                               peal_sio_type type, peal_slice nsp,
                               peal_val data) {
  *out = NULL;
  peal_buf_reset(scratch);
  if (parser == peal_parser_msgpack()) {
    peal_sio_msgpack_encode_control(scratch, type, nsp, data);
    return finish_binary(out, scratch, owner);
  }
  peal_err err = peal_sio_check_value(data, PEAL_LIMIT_JSON_DEPTH);
  if (err)
    return err;
  const peal_parser_packet packet = {
      .nsp = nsp, .data = data, .type = (uint8_t)type};
  return encode(out, parser, scratch, owner, &packet);
}

/* -- decoding --------------------------------------------------------------- */

/* What has a length has content. */
static bool points_somewhere(peal_val value) {
  switch ((peal_type)value.type) {
  case PEAL_UNDEFINED:
  case PEAL_NULL:
  case PEAL_BOOL:
  case PEAL_INT:
  case PEAL_DOUBLE:
    return true;
  case PEAL_STRING:
  case PEAL_BINARY:
    return value.as.bytes || !value.len;
  case PEAL_ARRAY:
    return value.as.items || !value.len;
  case PEAL_OBJECT:
    return value.as.pairs || !value.len;
  }
  return false;
}

/* `levels` bounds the recursion. */
static peal_err check_tree(peal_val value, unsigned levels) {
  bool is_array = peal_val_is(value, PEAL_ARRAY);
  peal_err err = points_somewhere(value) ? PEAL_OK : PEAL_ERR_SIO_PAYLOAD;
  if (err || (!is_array && !peal_val_is(value, PEAL_OBJECT)))
    return err;
  if (!levels)
    return PEAL_ERR_DEPTH;
  for (uint32_t i = 0; !err && i < value.len; i++)
    err = check_tree(is_array ? value.as.items[i] : value.as.pairs[i].value,
                     levels - 1);
  return err;
}

/* The name may have to be written anew, and is the parser's. */
static peal_err own_items(peal_sio_packet *packet, peal_arena *arena) {
  peal_val *data = &packet->data;
  if (packet->type != PEAL_SIO_EVENT || !peal_val_is(*data, PEAL_ARRAY) ||
      !data->len || !peal_val_is_number(data->as.items[0]))
    return PEAL_OK;
  peal_val *items = peal_arena_alloc(arena, data->len * sizeof *items);
  if (!items)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  for (uint32_t i = 0; i < data->len; i++)
    items[i] = data->as.items[i];
  data->as.items = items;
  return PEAL_OK;
}

static peal_err check_head(const peal_sio_packet *packet,
                           uint32_t max_attachments) {
  bool has_data =
      packet->type == PEAL_SIO_EVENT || packet->type == PEAL_SIO_ACK;
  if (packet->type > PEAL_SIO_CONNECT_ERROR || !packet->nsp.ptr ||
      !packet->nsp.len || !peal_utf8_is_valid(packet->nsp))
    return PEAL_FAIL(PEAL_ERR_SIO_PACKET);
  if (packet->attachments && !has_data)
    return PEAL_FAIL(PEAL_ERR_SIO_ATTACHMENTS);
  return packet->attachments > max_attachments
             ? PEAL_FAIL(PEAL_ERR_SIO_TOO_MANY)
             : PEAL_OK;
}

static peal_err check(peal_sio_packet *packet, const peal_parser_in *in,
                      uint32_t max_attachments, peal_arena *arena) {
  peal_err err = check_head(packet, max_attachments);
  if (err)
    return err;
  /* Of a message with all that belongs to it nothing more is to come. */
  if (packet->attachments)
    return in->attachment_count ? PEAL_FAIL(PEAL_ERR_SIO_ATTACHMENTS) : PEAL_OK;
  err = check_tree(packet->data, PEAL_LIMIT_JSON_DEPTH);
  if (!err)
    err = own_items(packet, arena);
  return err ? err : peal_sio_packet_check(packet, arena);
}

peal_err peal_sio_form_decode(peal_sio_packet *out, const peal_parser *parser,
                              const peal_parser_in *in,
                              uint32_t max_attachments, peal_arena *arena) {
  if (parser == peal_parser_msgpack())
    return in->binary ? peal_sio_msgpack_decode(out, in->data, arena)
                      : PEAL_FAIL(PEAL_ERR_SIO_PACKET);
  *out = (peal_sio_packet){.nsp = PEAL_S("/")};
  peal_build *build = peal_build_in(arena, PEAL_ERR_NOMEM);
  peal_err err = peal_build_err(build);
  if (!err)
    err = parser->decode(in, build, out, parser->user);
  if (!err)
    err = peal_build_err(build);
  return err ? err : check(out, in, max_attachments, arena);
}

peal_err peal_sio_form_values(peal_sio_packet *out, const peal_parser *parser,
                              const peal_message *message, peal_arena *arena) {
  size_t count = peal_message_count(message) - 1;
  peal_parser_in in = {.data = peal_message_part(message, 0),
                       .binary = peal_message_is_binary(message, 0),
                       .attachment_count = count};
  peal_slice *parts = peal_arena_alloc(arena, (count + 1) * sizeof *parts);
  if (!parts)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  for (size_t i = 0; i < count; i++)
    parts[i] = peal_message_part(message, i + 1);
  in.attachments = parts;
  return peal_sio_form_decode(out, parser, &in, UINT16_MAX, arena);
}
