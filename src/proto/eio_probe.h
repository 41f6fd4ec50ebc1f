/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_probe: the trial of a WebSocket while a session is on polling, either
 * role (reference 3.3):
 *
 *   client            server
 *   2probe  --------->            the question
 *           <---------  3probe    answered; a waiting GET is released with
 *                                 a no-op every 100 ms
 *   5       --------->            the WebSocket is the session's way
 *
 * It exists only while one is tried. */
#include <peal/base.h>

#include "wire/eio_packet.h"

typedef struct peal_eio_probe {
  uint64_t limit_at_ms;
  uint64_t noop_at_ms; /* server; UINT64_MAX: none */
  const peal_mem *mem;
  bool is_client;
  bool is_answered;
} peal_eio_probe;

typedef enum peal_eio_probe_step {
  PEAL_EIO_PROBE_BROKEN,   /* the packet has no place here */
  PEAL_EIO_PROBE_ASKED,    /* server: `3probe` is due */
  PEAL_EIO_PROBE_ANSWERED, /* client: it may be switched to */
  PEAL_EIO_PROBE_UPGRADE   /* server: `5` has come */
} peal_eio_probe_step;

/* Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_eio_probe *peal_eio_probe_new(const peal_mem *mem,
                                                   bool is_client,
                                                   uint64_t limit_at_ms);
void peal_eio_probe_free(peal_eio_probe *probe);
/* A text frame has come on the WebSocket. `is_asked`: the client's question
 * has left. */
peal_eio_probe_step peal_eio_probe_feed(peal_eio_probe *probe, peal_slice text,
                                        bool is_asked, uint64_t now_ms);
/* Server: a GET waits now. */
void peal_eio_probe_get(peal_eio_probe *probe, uint64_t now_ms);
/* Is a no-op due? `waits`: a GET does. */
bool peal_eio_probe_tick(peal_eio_probe *probe, bool waits, uint64_t now_ms);
bool peal_eio_probe_is_late(const peal_eio_probe *probe, uint64_t now_ms);
/* Nothing is left for it but its end: it has only the time that a `5` may be
 * on the way. */
void peal_eio_probe_hurry(peal_eio_probe *probe, uint64_t now_ms);
uint64_t peal_eio_probe_deadline(const peal_eio_probe *probe);
