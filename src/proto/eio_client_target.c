/* SPDX-License-Identifier: MIT */
#include "proto/eio_client_target.h"

#include "wire/percent.h"

#define STAMP_CHARS 8u

/* Reference: eight characters of base 36 (engine.io-client, randomString). */
static void add_stamp(peal_buf *out, uint64_t stamp) {
  static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  for (unsigned i = 0; i < STAMP_CHARS; i++, stamp /= 36)
    peal_buf_add_char(out, digits[stamp % 36]);
}

void peal_eio_client_target_write(peal_buf *out,
                                  const peal_eio_client_target *target) {
  peal_buf_add(out, target->path);
  peal_buf_add_char(out, '?');
  if (target->query.len) {
    peal_buf_add(out, target->query);
    peal_buf_add_char(out, '&');
  }
  peal_buf_add_str(out, target->eio3 ? "EIO=3&transport=" : "EIO=4&transport=");
  peal_buf_add_str(out,
                   target->via == PEAL_EIO_WEBSOCKET ? "websocket" : "polling");
  if (target->has_stamp && target->via == PEAL_EIO_POLLING) {
    peal_buf_add_str(out, "&t=");
    add_stamp(out, target->stamp);
  }
  if (target->sid.len) {
    peal_buf_add_str(out, "&sid=");
    peal_percent_encode(out, target->sid);
  }
}
