/* SPDX-License-Identifier: MIT */
#include "wire/eio_payload.h"

#include <string.h>

#include "wire/base64.h"

bool peal_eio_payload_next(peal_slice *rest, bool *more, peal_slice *packet) {
  if (!*more)
    return false;
  const char *end =
      rest->len > 0 ? memchr(rest->ptr, PEAL_EIO_PAYLOAD_SEPARATOR, rest->len)
                    : NULL;
  if (!end) {
    *packet = *rest;
    *more = false;
    *rest = (peal_slice){NULL, 0};
    return true;
  }
  size_t len = (size_t)(end - rest->ptr);
  *packet = (peal_slice){rest->ptr, len};
  *rest = (peal_slice){end + 1, rest->len - len - 1};
  return true;
}

void peal_eio_payload_add(peal_buf *out, size_t begin,
                          const peal_eio_packet *packet) {
  if (out->len > begin)
    peal_buf_add_char(out, PEAL_EIO_PAYLOAD_SEPARATOR);
  if (packet->binary) {
    peal_buf_add_char(out, 'b');
    peal_base64_encode(out, packet->data);
    return;
  }
  peal_buf_add_char(out, (char)('0' + packet->type));
  peal_buf_add(out, packet->data);
}

size_t peal_eio_payload_len(const peal_eio_packet *packet) {
  /* The separator and the type digit or `b`. */
  return 2 + (packet->binary ? peal_base64_encode_len(packet->data.len)
                             : packet->data.len);
}
