/* SPDX-License-Identifier: MIT */
#include "server/form.h"

#include <string.h>

#include "base/mem.h"
#include "proto/op.h"
#include "proto/proto_limits.h"
#include "proto/sio_form.h"
#include "server/recovery_store.h"
#include "wire/sio_msgpack.h"

#define PLACE_BYTES (sizeof PEAL_FORM_PLACE - 1)
#define ARENA_BYTES 4096u

static peal_err values_of(peal_sio_packet *packet, const peal_parser *parser,
                          peal_message *message, peal_arena *arena) {
  const peal_op op = {.message = message};
  return parser ? peal_sio_form_values(packet, parser, message, arena)
                : peal_op_values(packet, &op, arena);
}

peal_err peal_form_values(peal_sio_packet *packet, const peal_server *server,
                          peal_message *message, peal_arena *arena) {
  return values_of(packet, server->parser, message, arena);
}

/* -- from one form to another ------------------------------------------------ */

/* The default parser's. */
static peal_message *as_text(const peal_server *server, peal_buf *buf,
                             peal_slice nsp, peal_args data,
                             peal_arena *arena) {
  size_t count = 0;
  peal_buf_reset(buf);
  peal_sio_packet_encode_event(buf, nsp, peal_val_str(data.items[0]),
                               (peal_args){data.items + 1, data.count - 1},
                               NULL, &count);
  if (buf->err || count > PEAL_LIMIT_SIO_BINARIES)
    return NULL;
  peal_slice *parts = peal_arena_alloc(arena, (count + 1) * sizeof *parts);
  if (!parts)
    return NULL;
  (void)peal_sio_packet_binaries(data, parts, count);
  return peal_message_new_crossing(peal_buf_slice(buf), parts, count,
                                   server->load.account);
}

static peal_message *as_form(const peal_server *server,
                             const peal_parser *parser, peal_buf *buf,
                             peal_slice nsp, peal_args data) {
  peal_message *out = NULL;
  peal_err err = peal_sio_form_event(
      &out, parser, buf,
      (peal_sio_form_owner){peal_mem_libc(), server->load.account}, nsp,
      peal_val_str(data.items[0]), (peal_args){data.items + 1, data.count - 1},
      NULL);
  return err ? NULL : out;
}

static bool is_event(const peal_sio_packet *packet) {
  return packet->type == PEAL_SIO_EVENT ||
         packet->type == PEAL_SIO_BINARY_EVENT;
}

/* NULL is the default parser. `last`: an argument more, unless its ptr is
 * NULL. */
static peal_message *translate(const peal_server *server,
                               const peal_parser *from, const peal_parser *to,
                               peal_slice nsp, peal_message *message,
                               peal_slice last) {
  peal_arena arena;
  peal_buf buf;
  peal_sio_packet packet;
  peal_message *out = NULL;
  peal_arena_init(&arena, NULL, ARENA_BYTES, 0);
  peal_buf_init(&buf, NULL, 0);
  peal_val *items = NULL;
  if (!values_of(&packet, from, message, &arena) && is_event(&packet))
    items = peal_arena_alloc(&arena, (packet.data.len + 1) * sizeof *items);
  if (items) {
    peal_args data = {items, packet.data.len};
    memcpy(items, packet.data.as.items, data.count * sizeof *items);
    if (last.ptr)
      items[data.count++] = peal_str_slice(last);
    out = to ? as_form(server, to, &buf, nsp, data)
             : as_text(server, &buf, nsp, data, &arena);
  }
  peal_buf_deinit(&buf);
  peal_arena_deinit(&arena);
  return out;
}

peal_message *peal_form_for_bus(const peal_server *server, peal_slice nsp,
                                peal_message *message) {
  return server->parser ? translate(server, server->parser, NULL, nsp, message,
                                    (peal_slice){NULL, 0})
                        : peal_message_ref(message);
}

peal_message *peal_form_from_bus(const peal_server *server, peal_slice nsp,
                                 peal_message *message) {
  return server->parser ? translate(server, NULL, server->parser, nsp, message,
                                    (peal_slice){NULL, 0})
                        : peal_message_ref(message);
}

/* -- the last argument --------------------------------------------------------- */

peal_message *peal_form_stamp(const peal_server *server, peal_slice nsp,
                              peal_message *message, peal_slice last) {
  return server->parser ? translate(server, server->parser, server->parser, nsp,
                                    message, last)
                        : peal_recovery_store_stamp(server, message, last);
}

/* The last one there is. */
static size_t find_place(peal_slice in) {
  for (size_t at = in.len; at-- > 0;)
    if (in.len - at >= PLACE_BYTES &&
        !memcmp(in.ptr + at, PEAL_FORM_PLACE, PLACE_BYTES))
      return at;
  return SIZE_MAX;
}

size_t peal_form_place(const peal_server *server, peal_slice nsp,
                       const peal_message *message) {
  peal_slice first = peal_message_part(message, 0);
  if (!server->parser) /* in front of the last quote and the array's end */
    return first.len - 2 - PLACE_BYTES;
  return server->parser == peal_parser_msgpack()
             ? first.len - peal_sio_msgpack_tail_len(nsp) - PLACE_BYTES
             : find_place(first);
}

peal_slice peal_form_last(const peal_server *server, peal_message *message,
                          peal_arena *arena) {
  peal_sio_packet packet;
  if (!server->parser)
    return peal_recovery_store_offset(message);
  if (peal_form_values(&packet, server, message, arena) || !packet.data.len)
    return (peal_slice){"", 0};
  return peal_val_str(packet.data.as.items[packet.data.len - 1]);
}
