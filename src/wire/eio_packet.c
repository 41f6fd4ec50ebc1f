/* SPDX-License-Identifier: MIT */
#include "wire/eio_packet.h"

#include <string.h>

#include "base/err_site.h"
#include "wire/base64.h"

static bool is_folded(peal_slice text) {
  return text.len &&
         (memchr(text.ptr, '\n', text.len) || memchr(text.ptr, '\r', text.len));
}

/* EIO4 packet encoding: a binary message in text is `b` and base64, without a
 * type digit. The official client for Java breaks its lines, as Node's decoder
 * lets pass. */
peal_err peal_eio_packet_decode_base64(peal_eio_packet *out, peal_slice text,
                                       peal_arena *arena) {
  bool folded = is_folded(text);
  char *data = peal_arena_alloc(
      arena, folded ? text.len : peal_base64_decode_max(text.len));
  if (!data)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  if (folded)
    text = (peal_slice){data, peal_base64_unfold(data, text)};
  size_t len = 0;
  if (peal_base64_decode(data, &len, text) != PEAL_OK)
    return PEAL_FAIL(PEAL_ERR_EIO_PACKET);
  *out = (peal_eio_packet){
      .data = {data, len}, .type = PEAL_EIO_MESSAGE, .binary = true};
  return PEAL_OK;
}

peal_err peal_eio_packet_decode(peal_eio_packet *out, peal_slice in,
                                peal_arena *arena) {
  if (in.len == 0)
    return PEAL_FAIL(PEAL_ERR_EIO_PACKET);
  char type = in.ptr[0];
  peal_slice data = {in.ptr + 1, in.len - 1};
  if (type == 'b')
    return peal_eio_packet_decode_base64(out, data, arena);
  if (type < '0' || type > '6')
    return PEAL_FAIL(PEAL_ERR_EIO_PACKET);
  *out = (peal_eio_packet){.data = data, .type = (uint8_t)(type - '0')};
  return PEAL_OK;
}
