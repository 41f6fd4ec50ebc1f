/* SPDX-License-Identifier: MIT */
#include "engine/handover_link.h"

#include <string.h>

/* Both processes are on one machine: numbers are as it has them. */
typedef struct head {
  uint8_t ip[16];
  uint16_t port;
  uint16_t redirect;
  uint8_t is_known;
  uint8_t hops;
  uint8_t nothing[2];
} head;

void peal_handover_link_encode(peal_buf *out,
                               const peal_http_link_offer *offer) {
  head it = {.port = offer->address.port,
             .redirect = offer->redirect,
             .is_known = offer->address.known,
             .hops = offer->hops};
  memcpy(it.ip, offer->address.ip, sizeof it.ip);
  peal_buf_add(out, (peal_slice){(const char *)&it, sizeof it});
  peal_buf_add(out, offer->data);
}

bool peal_handover_link_decode(peal_http_link_offer *out, peal_slice in) {
  head it;
  if (in.len < sizeof it)
    return false;
  memcpy(&it, in.ptr, sizeof it);
  *out = (peal_http_link_offer){
      .address = {.port = it.port, .known = it.is_known == 1},
      .redirect = it.redirect,
      .hops = it.hops,
      .fd = -1,
      .data = {in.ptr + sizeof it, in.len - sizeof it}};
  memcpy(out->address.ip, it.ip, sizeof it.ip);
  return it.is_known <= 1;
}
