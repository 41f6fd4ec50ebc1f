/* SPDX-License-Identifier: MIT */
/* wire/sio_packet: what is accepted keeps its promises, survives attachments,
 * and comes back when it is encoded again. */
#include <stdlib.h>

#include "base/val_impl.h"
#include "proto/proto_limits.h"
#include "wire/json.h"
#include "wire/sio_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static void check_promises(const peal_sio_packet *packet) {
  bool binary = packet->type == PEAL_SIO_BINARY_EVENT ||
                packet->type == PEAL_SIO_BINARY_ACK;
  must(packet->type <= PEAL_SIO_BINARY_ACK);
  must(binary == (packet->attachments > 0));
  must(packet->attachments <= PEAL_LIMIT_SIO_ATTACHMENTS);
  must(packet->nsp.len > 0 && packet->nsp.ptr[0] == '/');
  if (packet->type == PEAL_SIO_EVENT || packet->type == PEAL_SIO_BINARY_EVENT) {
    peal_val name = peal_val_at(packet->data, 0);
    must(peal_val_is_number(name) || peal_val_is(name, PEAL_STRING));
    must(!peal_sio_packet_is_reserved(peal_val_str(name)));
  }
}

/* Returns false if there is no way to write it: a name that is a number, an
 * acknowledgement without id. */
static bool encode(peal_buf *out, const peal_sio_packet *packet,
                   size_t *attachments) {
  peal_args args = {packet->data.as.items, packet->data.len};
  switch ((peal_sio_type)packet->type) {
  case PEAL_SIO_CONNECT:
  case PEAL_SIO_DISCONNECT:
  case PEAL_SIO_CONNECT_ERROR:
    peal_sio_packet_encode_control(out, (peal_sio_type)packet->type,
                                   packet->nsp, packet->data);
    return true;
  case PEAL_SIO_EVENT:
  case PEAL_SIO_BINARY_EVENT:
    if (!peal_val_is(args.items[0], PEAL_STRING))
      return false;
    peal_sio_packet_encode_event(out, packet->nsp, peal_val_str(args.items[0]),
                                 (peal_args){args.items + 1, args.count - 1},
                                 packet->has_id ? &packet->id : NULL,
                                 attachments);
    return true;
  case PEAL_SIO_ACK:
  case PEAL_SIO_BINARY_ACK:
    break;
  }
  if (packet->has_id)
    peal_sio_packet_encode_ack(out, packet->nsp, packet->id, args, attachments);
  return packet->has_id;
}

/* Whatever attachments did to it: copying text is writing values. */
static void check_raw(const peal_sio_packet *packet, peal_arena *arena) {
  peal_buf raw, written;
  size_t first = 0, second = 0;
  peal_sio_packet copy = *packet;
  peal_buf_init(&raw, NULL, 0);
  peal_buf_init(&written, NULL, 0);
  must(peal_val_impl_copy(&copy.data, packet->data, arena) == PEAL_OK);
  must(encode(&raw, packet, &first) == encode(&written, &copy, &second));
  must(first == second);
  must(peal_slice_eq(peal_buf_slice(&raw), peal_buf_slice(&written)));
  peal_buf_deinit(&raw);
  peal_buf_deinit(&written);
}

static void check_round_trip(const peal_sio_packet *packet, peal_arena *arena) {
  peal_buf buf;
  peal_sio_packet again;
  size_t count = 0;
  peal_slice binaries[4];
  peal_buf_init(&buf, NULL, 0);
  if (encode(&buf, packet, &count)) {
    must(buf.err == PEAL_OK);
    must(peal_sio_packet_binaries((peal_args){&packet->data, 1}, binaries, 4) ==
         count);
    must(peal_sio_packet_decode(&again, peal_buf_slice(&buf), UINT32_MAX, arena,
                                NULL) == PEAL_OK);
    must(peal_slice_eq(again.nsp, packet->nsp));
    must(again.attachments == count && again.data.len == packet->data.len);
  }
  peal_buf_deinit(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const peal_slice attachments[PEAL_LIMIT_SIO_ATTACHMENTS] = {
      {"one", 3}, {"", 0}, {"three", 5}};
  peal_slice text = {len ? (const char *)data : "", len};
  peal_arena arena;
  peal_sio_packet packet;
  peal_err_info info = {0};
  peal_arena_init(&arena, NULL, 256, 0);
  peal_err err = peal_sio_packet_decode(
      &packet, text, PEAL_LIMIT_SIO_ATTACHMENTS, &arena, &info);
  if (err != PEAL_OK) {
    must(info.code == err && info.msg && info.pos <= len);
  } else {
    check_promises(&packet);
    if (packet.attachments == 0 ||
        peal_sio_packet_attach(&packet, attachments, packet.attachments,
                               &arena) == PEAL_OK) {
      check_raw(&packet, &arena);
      check_round_trip(&packet, &arena);
    }
  }
  peal_arena_deinit(&arena);
  return 0;
}
