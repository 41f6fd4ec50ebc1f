/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_due: the control packets of a session that wait to be sent, one bit
 * each, and the order in which they leave around its messages:
 *
 *   on a probe      probe ping | probe pong
 *   current way     open, upgrade, pong, ping, MESSAGES, no-op, close */
#include <peal/base.h>

#include "wire/eio_packet.h"

typedef enum peal_eio_due {
  PEAL_EIO_DUE_OPEN = 1,
  PEAL_EIO_DUE_PING = 2,
  PEAL_EIO_DUE_PONG = 4,
  PEAL_EIO_DUE_NOOP = 8,
  PEAL_EIO_DUE_CLOSE = 16,
  PEAL_EIO_DUE_PROBE_PING = 32, /* on a WebSocket that is being tried */
  PEAL_EIO_DUE_PROBE_PONG = 64,
  PEAL_EIO_DUE_UPGRADE = 128,
  PEAL_EIO_DUE_PROBE = PEAL_EIO_DUE_PROBE_PING | PEAL_EIO_DUE_PROBE_PONG,
  PEAL_EIO_DUE_FIRST = PEAL_EIO_DUE_OPEN | PEAL_EIO_DUE_UPGRADE |
                       PEAL_EIO_DUE_PONG | PEAL_EIO_DUE_PING,
  PEAL_EIO_DUE_LAST = PEAL_EIO_DUE_NOOP | PEAL_EIO_DUE_CLOSE
} peal_eio_due;

/* The bit among `due` whose packet goes first, 0 if there is none. */
uint8_t peal_eio_due_first(uint8_t due);
/* What its packet is called on the wire. */
peal_eio_type peal_eio_due_type(uint8_t bit);
