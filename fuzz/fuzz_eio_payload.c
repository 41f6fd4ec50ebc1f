/* SPDX-License-Identifier: MIT */
/* wire/eio_payload and wire/eio_packet: the packets of a body joined again are
 * the body; a packet that is accepted is written as it was read. */
#include <stdlib.h>

#include "wire/eio_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static void check_packet(peal_slice text, peal_arena *arena) {
  peal_eio_packet packet, again;
  if (peal_eio_packet_decode(&packet, text, arena) != PEAL_OK)
    return;
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  peal_eio_payload_add(&buf, 0, &packet);
  must(buf.len + 1 == peal_eio_payload_len(&packet));
  must(peal_eio_packet_decode(&again, peal_buf_slice(&buf), arena) == PEAL_OK);
  must(again.type == packet.type && again.binary == packet.binary);
  must(peal_slice_eq(again.data, packet.data));
  if (!packet.binary)
    must(peal_slice_eq(peal_buf_slice(&buf), text));
  peal_buf_deinit(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  peal_slice body = {len ? (const char *)data : "", len};
  peal_slice rest = body, text;
  peal_arena arena;
  bool more = true;
  size_t at = 0, count = 0;
  peal_arena_init(&arena, NULL, 0, 0);
  while (peal_eio_payload_next(&rest, &more, &text)) {
    if (count++ > 0)
      must(body.ptr[at++] == PEAL_EIO_PAYLOAD_SEPARATOR);
    must(text.len <= len - at);
    must(peal_slice_eq(text, (peal_slice){body.ptr + at, text.len}));
    at += text.len;
    check_packet(text, &arena);
  }
  must(at == len && count > 0);
  peal_arena_deinit(&arena);
  return 0;
}
