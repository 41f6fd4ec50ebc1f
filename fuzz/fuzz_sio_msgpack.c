/* SPDX-License-Identifier: MIT */
/* wire/sio_msgpack: what is accepted keeps its promises, lies in the input or
 * the arena, comes back when it is encoded again, and takes memory in
 * proportion. */
#include <stdlib.h>

#include "wire/msgpack.h"
#include "wire/sio_msgpack.h"
#include "wire/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static void check_promises(const peal_sio_packet *packet) {
  bool object = peal_val_is(packet->data, PEAL_OBJECT);
  bool none = peal_val_is(packet->data, PEAL_UNDEFINED);
  must(packet->attachments == 0 && packet->type <= PEAL_SIO_CONNECT_ERROR);
  must(packet->nsp.ptr && peal_utf8_is_valid(packet->nsp));
  must(!packet->has_id || packet->id <= INT64_MAX);
  if (packet->type == PEAL_SIO_CONNECT)
    must(none || object);
  else if (packet->type == PEAL_SIO_DISCONNECT)
    must(none);
  else if (packet->type == PEAL_SIO_CONNECT_ERROR)
    must(object || peal_val_is(packet->data, PEAL_STRING));
  else
    must(peal_val_is(packet->data, PEAL_ARRAY));
  if (packet->type != PEAL_SIO_EVENT)
    return;
  must(packet->data.len > 0);
  must(peal_val_is(packet->data.as.items[0], PEAL_STRING));
  must(!peal_sio_packet_is_reserved(peal_val_str(packet->data.as.items[0])));
}

static void encode(peal_buf *out, const peal_sio_packet *packet) {
  peal_args all = {packet->data.as.items, packet->data.len};
  if (packet->type == PEAL_SIO_EVENT)
    peal_sio_msgpack_encode_event(out, packet->nsp, peal_val_str(all.items[0]),
                                  (peal_args){all.items + 1, all.count - 1},
                                  packet->has_id ? &packet->id : NULL);
  else if (packet->type == PEAL_SIO_ACK)
    peal_sio_msgpack_encode_ack(out, packet->nsp, packet->id, all);
  else
    peal_sio_msgpack_encode_control(out, (peal_sio_type)packet->type,
                                    packet->nsp, packet->data);
}

/* With an id it is another event, and the same but for that. */
static void check_id(peal_slice event, peal_arena *arena) {
  peal_buf with;
  peal_sio_packet packet;
  peal_buf_init(&with, NULL, 0);
  peal_sio_msgpack_add_id(&with, event, 300);
  must(!with.err);
  must(!peal_sio_msgpack_decode(&packet, peal_buf_slice(&with), arena));
  must(packet.has_id && packet.id == 300);
  peal_buf_deinit(&with);
}

static void check_round_trip(const peal_sio_packet *packet, peal_arena *arena) {
  peal_buf first, second;
  peal_sio_packet again;
  peal_buf_init(&first, NULL, 0);
  peal_buf_init(&second, NULL, 0);
  encode(&first, packet);
  must(!first.err);
  must(!peal_sio_msgpack_decode(&again, peal_buf_slice(&first), arena));
  check_promises(&again);
  encode(&second, &again);
  must(peal_slice_eq(peal_buf_slice(&first), peal_buf_slice(&second)));
  if (again.type == PEAL_SIO_EVENT && !again.has_id) {
    peal_slice nsp = again.nsp.len ? again.nsp : PEAL_S("/");
    must(first.len > peal_sio_msgpack_tail_len(nsp));
    check_id(peal_buf_slice(&first), arena);
  }
  peal_buf_deinit(&first);
  peal_buf_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_slice in = {(const char *)data, len};
  peal_arena arena;
  peal_sio_packet packet;
  peal_arena_init(&arena, NULL, 1024, 0);
  peal_err err = peal_sio_msgpack_decode(&packet, in, &arena);
  must(err != PEAL_ERR_NOMEM);
  /* Of equal keys each is decoded; a number's name is some 30 bytes more. */
  must(arena.total <= 2 * (PEAL_MSGPACK_FACTOR * len + 4096));
  if (!err) {
    check_promises(&packet);
    check_round_trip(&packet, &arena);
  }
  peal_arena_deinit(&arena);
  return 0;
}
