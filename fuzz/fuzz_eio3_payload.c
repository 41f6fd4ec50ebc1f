/* SPDX-License-Identifier: MIT */
/* wire/eio3_payload and wire/eio3_packet, after a first byte that says which
 * kind of body: items lie in it, one behind the other; a packet that is accepted
 * is the same when it is written, in either kind, and read again. */
#include <stdlib.h>

#include "wire/eio3_packet.h"
#include "wire/eio3_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static peal_err decode(peal_eio_packet *out, const peal_eio3_payload_item *item,
                       peal_arena *arena) {
  return item->binary ? peal_eio3_packet_decode_binary(out, item->data)
                      : peal_eio3_packet_decode(out, item->data, arena);
}

static void check_packet(const peal_eio3_payload_item *item, bool octets,
                         peal_arena *arena) {
  peal_eio_packet packet, again;
  peal_eio3_payload_item back;
  if (decode(&packet, item, arena) != PEAL_OK)
    return;
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  peal_eio3_payload_add(&buf, octets, &packet);
  must(octets || buf.len <= peal_eio3_payload_len(&packet));
  peal_slice rest = peal_buf_slice(&buf);
  must(peal_eio3_payload_next(&rest, octets, &back) == PEAL_OK && !rest.len);
  must(decode(&again, &back, arena) == PEAL_OK);
  must(again.type == packet.type && again.binary == packet.binary);
  must(peal_slice_eq(again.data, packet.data));
  peal_buf_deinit(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (!len)
    return 0;
  bool octets = data[0] & 1;
  peal_slice body = {(const char *)data + 1, len - 1}, rest = body;
  peal_eio3_payload_item item;
  peal_arena arena;
  const char *at = body.ptr;
  peal_arena_init(&arena, NULL, 0, 0);
  while (rest.len && peal_eio3_payload_next(&rest, octets, &item) == PEAL_OK) {
    must(rest.ptr > at && rest.ptr + rest.len == body.ptr + body.len);
    must(!item.data.len ||
         (item.data.ptr > at && item.data.ptr + item.data.len == rest.ptr));
    at = rest.ptr;
    check_packet(&item, false, &arena);
    check_packet(&item, true, &arena);
  }
  peal_arena_deinit(&arena);
  return 0;
}
