/* SPDX-License-Identifier: MIT */
#include "wire/eio3_packet.h"

#include "base/err_site.h"

peal_err peal_eio3_packet_decode(peal_eio_packet *out, peal_slice in,
                                 peal_arena *arena) {
  if (!in.len || in.ptr[0] != 'b')
    return peal_eio_packet_decode(out, in, arena);
  if (in.len < 2 || in.ptr[1] != '0' + PEAL_EIO_MESSAGE)
    return PEAL_FAIL(PEAL_ERR_EIO_PACKET);
  return peal_eio_packet_decode_base64(
      out, (peal_slice){in.ptr + 2, in.len - 2}, arena);
}

peal_err peal_eio3_packet_decode_binary(peal_eio_packet *out, peal_slice in) {
  if (!in.len || in.ptr[0] != PEAL_EIO3_PACKET_BINARY)
    return PEAL_FAIL(PEAL_ERR_EIO_PACKET);
  *out = (peal_eio_packet){.data = {in.ptr + 1, in.len - 1},
                           .type = PEAL_EIO_MESSAGE,
                           .binary = true};
  return PEAL_OK;
}
