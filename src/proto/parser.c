/* SPDX-License-Identifier: MIT */
#include "proto/parser.h"

#include <string.h>

#include "base/build.h"
#include "base/err_site.h"
#include "base/mem.h"
#include "base/reserved.h"
#include "base/val_impl.h"
#include "proto/proto_limits.h"
#include "wire/json.h"
#include "wire/msgpack.h"
#include "wire/sio_msgpack.h"
#include "wire/sio_packet.h"
#include "wire/utf8.h"

/* -- what is written -------------------------------------------------------- */

void peal_parser_out_init(peal_parser_out *out, peal_buf *bytes) {
  out->bytes = bytes;
  out->begun = 0;
  out->count = 0;
  out->binary = false;
  out->err = PEAL_OK;
  out->ends = out->few_ends;
  out->cap = PEAL_PARSER_FEW;
}

void peal_parser_out_deinit(peal_parser_out *out) {
  if (out->ends != out->few_ends)
    peal_mem_free(out->bytes->mem, out->ends);
}

peal_slice peal_parser_out_part(const peal_parser_out *out, size_t index) {
  size_t begin = index ? out->ends[index - 1] : 0;
  return (peal_slice){out->bytes->ptr + begin, out->ends[index] - begin};
}

peal_err peal_parser_out_err(const peal_parser_out *out) {
  if (out->err || out->bytes->err)
    return out->err ? out->err : out->bytes->err;
  bool whole = out->count && out->begun == out->bytes->len;
  return whole ? PEAL_OK : PEAL_FAIL(PEAL_ERR_USAGE);
}

static void fail(peal_parser_out *out, peal_err err) {
  if (!out->err)
    out->err = err;
}

static bool goes_on(const peal_parser_out *out) {
  return out && !out->err && !out->bytes->err;
}

static bool has_place(peal_parser_out *out) {
  if (out->count < out->cap)
    return true;
  const peal_mem *mem = out->bytes->mem;
  size_t *old = out->ends == out->few_ends ? NULL : out->ends;
  size_t *ends = peal_mem_resize(mem, old, out->cap * 2 * sizeof *ends);
  if (!ends)
    return false;
  if (!old)
    memcpy(ends, out->few_ends, sizeof out->few_ends);
  out->ends = ends;
  out->cap *= 2;
  return true;
}

/* Polling separates its packets by U+001E. */
static peal_err check_text(const peal_parser_out *out, peal_slice text) {
  if (out->count)
    return PEAL_FAIL(PEAL_ERR_USAGE);
  bool is_text = peal_utf8_is_valid(text) &&
                 !(text.len && memchr(text.ptr, 0x1e, text.len));
  return is_text ? PEAL_OK : PEAL_FAIL(PEAL_ERR_UTF8);
}

void peal_parser_write(peal_parser_out *out, peal_slice bytes) {
  if (goes_on(out))
    peal_buf_add(out->bytes, bytes);
}

void peal_parser_write_json(peal_parser_out *out, peal_val value) {
  if (goes_on(out))
    peal_json_encode(out->bytes, value, NULL);
}

void peal_parser_write_msgpack(peal_parser_out *out, peal_val value) {
  if (goes_on(out))
    peal_msgpack_encode(out->bytes, value, PEAL_MSGPACK_NOTEPACK2);
}

void peal_parser_end(peal_parser_out *out, bool binary) {
  if (!goes_on(out))
    return;
  peal_slice message = {out->bytes->ptr + out->begun,
                        out->bytes->len - out->begun};
  peal_err err = binary ? PEAL_OK : check_text(out, message);
  if (!err && out->count > PEAL_LIMIT_SIO_BINARIES)
    err = PEAL_FAIL(PEAL_ERR_LIMIT);
  if (!err && !has_place(out))
    err = PEAL_FAIL(PEAL_ERR_NOMEM);
  if (err) {
    fail(out, err);
    return;
  }
  if (!out->count)
    out->binary = binary;
  out->begun = out->bytes->len;
  out->ends[out->count++] = out->begun;
}

/* -- what is read ----------------------------------------------------------- */

peal_val peal_parser_read_msgpack(peal_build *build, peal_slice data) {
  peal_val value = peal_undefined();
  if (!build)
    return peal_val_impl_lost(PEAL_ERR_USAGE);
  if (!build->err)
    build->err = peal_msgpack_decode(&value, data, build->arena);
  return build->err ? peal_val_impl_lost(build->err) : value;
}

/* -- JSON ------------------------------------------------------------------- */

typedef struct event {
  peal_slice name; /* NULL ptr: it is an ACK */
  peal_args args;
} event;

static bool is_data(const peal_parser_packet *packet) {
  return packet->type == PEAL_PARSER_EVENT || packet->type == PEAL_PARSER_ACK;
}

/* What EVENT and ACK have. */
static peal_err event_of(event *out, const peal_parser_packet *packet) {
  peal_args all = {packet->data.as.items, packet->data.len};
  if (!peal_val_is(packet->data, PEAL_ARRAY))
    return PEAL_FAIL(PEAL_ERR_USAGE);
  *out = (event){.args = all};
  if (packet->type == PEAL_PARSER_ACK)
    return packet->has_id ? PEAL_OK : PEAL_FAIL(PEAL_ERR_USAGE);
  if (!all.count || !peal_val_is(all.items[0], PEAL_STRING))
    return PEAL_FAIL(PEAL_ERR_USAGE);
  out->name = peal_val_str(all.items[0]);
  out->args = (peal_args){all.items + 1, all.count - 1};
  return PEAL_OK;
}

static bool is_control(const peal_parser_packet *packet) {
  return packet->type == PEAL_PARSER_CONNECT ||
         packet->type == PEAL_PARSER_DISCONNECT ||
         packet->type == PEAL_PARSER_CONNECT_ERROR;
}

static void add_attachments(peal_parser_out *out, peal_args args,
                            size_t count) {
  const peal_mem *mem = out->bytes->mem;
  peal_slice *parts = peal_mem_alloc(mem, count * sizeof *parts);
  if (!parts) {
    fail(out, PEAL_FAIL(PEAL_ERR_NOMEM));
    return;
  }
  (void)peal_sio_packet_binaries(args, parts, count);
  for (size_t i = 0; i < count; i++) {
    peal_parser_write(out, parts[i]);
    peal_parser_end(out, true);
  }
  peal_mem_free(mem, parts);
}

static peal_err json_encode(const peal_parser_packet *packet,
                            peal_parser_out *out, void *user) {
  event it;
  size_t count = 0;
  (void)user;
  if (is_control(packet)) {
    peal_sio_packet_encode_control(out->bytes, (peal_sio_type)packet->type,
                                   packet->nsp, packet->data);
    peal_parser_end(out, false);
    return PEAL_OK;
  }
  peal_err err = is_data(packet) ? event_of(&it, packet) : PEAL_ERR_USAGE;
  if (err)
    return err;
  if (it.name.ptr)
    peal_sio_packet_encode_event(out->bytes, packet->nsp, it.name, it.args,
                                 packet->has_id ? &packet->id : NULL, &count);
  else
    peal_sio_packet_encode_ack(out->bytes, packet->nsp, packet->id, it.args,
                               &count);
  peal_parser_end(out, false);
  if (count)
    add_attachments(out, it.args, count);
  return PEAL_OK;
}

static uint8_t plain_type(uint8_t type) {
  return type == PEAL_SIO_BINARY_EVENT ? PEAL_SIO_EVENT
         : type == PEAL_SIO_BINARY_ACK ? PEAL_SIO_ACK
                                       : type;
}

static peal_err json_decode(const peal_parser_in *in, peal_build *build,
                            peal_parser_packet *out, void *user) {
  (void)user;
  if (in->binary)
    return PEAL_FAIL(PEAL_ERR_SIO_ATTACHMENTS);
  if (build->err)
    return build->err;
  peal_err err =
      peal_sio_packet_decode(out, in->data, UINT32_MAX, build->arena, NULL);
  out->type = plain_type(out->type);
  if (err || !in->attachment_count)
    return err;
  out->attachments = 0;
  return peal_sio_packet_attach(out, in->attachments, in->attachment_count,
                                build->arena);
}

/* -- MessagePack ------------------------------------------------------------ */

static peal_err msgpack_encode(const peal_parser_packet *packet,
                               peal_parser_out *out, void *user) {
  event it;
  (void)user;
  peal_err err = PEAL_OK;
  if (is_control(packet))
    peal_sio_msgpack_encode_control(out->bytes, (peal_sio_type)packet->type,
                                    packet->nsp, packet->data);
  else
    err = is_data(packet) ? event_of(&it, packet) : PEAL_ERR_USAGE;
  if (err)
    return err;
  if (is_data(packet) && it.name.ptr)
    peal_sio_msgpack_encode_event(out->bytes, packet->nsp, it.name, it.args,
                                  packet->has_id ? &packet->id : NULL);
  else if (is_data(packet))
    peal_sio_msgpack_encode_ack(out->bytes, packet->nsp, packet->id, it.args);
  peal_parser_end(out, true);
  return PEAL_OK;
}

static peal_err msgpack_decode(const peal_parser_in *in, peal_build *build,
                               peal_parser_packet *out, void *user) {
  (void)user;
  if (!in->binary)
    return PEAL_FAIL(PEAL_ERR_SIO_PACKET);
  return build->err ? build->err
                    : peal_sio_msgpack_decode(out, in->data, build->arena);
}

/* -- which ------------------------------------------------------------------ */

static const peal_parser json = {.encode = json_encode, .decode = json_decode};
static const peal_parser msgpack = {.encode = msgpack_encode,
                                    .decode = msgpack_decode};

const peal_parser *peal_parser_json(void) {
  return &json;
}

const peal_parser *peal_parser_msgpack(void) {
  return &msgpack;
}

const peal_parser *peal_parser_other(const peal_parser *parser) {
  return parser == &json ? NULL : parser;
}

bool peal_parser_is_whole(const peal_parser *parser) {
  return !parser ||
         (parser->encode && parser->decode && PEAL_RESERVED_IS_KNOWN(parser));
}
