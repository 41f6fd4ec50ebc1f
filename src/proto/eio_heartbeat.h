/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_heartbeat: the clock of a session: when a server pings and how long it
 * waits for the pong, how long a client waits for a ping (EIO4 heartbeat), and
 * how long a session that closes may take. */
#include <peal/base.h>

typedef struct peal_eio_heartbeat {
  uint64_t at_ms : 63; /* all ones: it stands still */
  uint64_t is_pinged : 1;
} peal_eio_heartbeat;

typedef enum peal_eio_heartbeat_beat {
  PEAL_EIO_HEARTBEAT_NONE, /* not yet */
  PEAL_EIO_HEARTBEAT_PING, /* send one; the pong is awaited */
  PEAL_EIO_HEARTBEAT_OVER  /* it did not come */
} peal_eio_heartbeat_beat;

void peal_eio_heartbeat_stop(peal_eio_heartbeat *beat);
/* At this time something is due: a ping, or the end. */
void peal_eio_heartbeat_start(peal_eio_heartbeat *beat, uint64_t at_ms);
/* A server's: at its time it pings, then waits for `timeout_ms`. */
peal_eio_heartbeat_beat peal_eio_heartbeat_tick(peal_eio_heartbeat *beat,
                                                uint64_t now_ms,
                                                uint32_t timeout_ms);
/* The pong has come. One that nobody asked for changes nothing. */
void peal_eio_heartbeat_pong(peal_eio_heartbeat *beat, uint64_t next_ms);
/* The peer lives, as is known otherwise: a pong that is awaited has time until
 * then. */
void peal_eio_heartbeat_spare(peal_eio_heartbeat *beat, uint64_t until_ms);
/* UINT64_MAX: never. */
uint64_t peal_eio_heartbeat_deadline(const peal_eio_heartbeat *beat);
