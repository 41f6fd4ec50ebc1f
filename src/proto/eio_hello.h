/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_hello: the data of Engine.IO's `open` packet, to and from its text:
 * {"sid":…,"upgrades":[…],"pingInterval":…,"pingTimeout":…,"maxPayload":…} */
#include <peal/base.h>

#include "base/arena.h"
#include "base/buf.h"

/* A server may use ids of its own; ours have 20 characters. */
#define PEAL_EIO_HELLO_SID_MAX 64u

typedef struct peal_eio_hello {
  peal_slice sid; /* printable ASCII without spaces, at most SID_MAX */
  uint32_t ping_interval_ms, ping_timeout_ms;
  size_t max_payload;     /* of a polling body, in bytes */
  bool upgrade_websocket; /* an upgrade is offered */
} peal_eio_hello;

/* The key order is the reference's. */
void peal_eio_hello_encode(peal_buf *out, const peal_eio_hello *hello);
/* What is missing or out of range gets the protocol's defaults. `text` is
 * borrowed, the sid lies in the arena or in `text`.
 * Returns: PEAL_OK, PEAL_ERR_EIO_PACKET (no JSON, no usable sid),
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_eio_hello_decode(peal_eio_hello *out,
                                               peal_slice text,
                                               peal_arena *arena);
