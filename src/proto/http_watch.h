/* SPDX-License-Identifier: MIT */
#pragma once
/* http_watch: does a peer take what waits for it? Only what it has taken
 * counts: bytes in a kernel's buffer are no progress. It is looked at a few
 * times in a time limit, and must have the pace of http_pace.
 * In the flow: used by proto/http_conn. */
#include <stddef.h>

#include "proto/http_pace.h"

typedef struct peal_http_watch {
  peal_http_pace pace;
  uint64_t look_ms; /* the last look */
  uint64_t taken;   /* by the peer until then */
  size_t unacked;   /* of what has left: not taken yet, as last told */
  bool on;
  bool looked; /* since it is on */
} peal_http_watch;

/* Something waits from now on; a no-op while it is on. */
void peal_http_watch_start(peal_http_watch *watch, uint64_t now_ms);
/* Nothing waits. */
void peal_http_watch_stop(peal_http_watch *watch);
/* When to look next; UINT64_MAX: never (off, or no limit). */
uint64_t peal_http_watch_deadline(const peal_http_watch *watch,
                                  uint32_t limit_ms);
/* Look, if it is time. `total` bytes have left so far. */
bool peal_http_watch_is_late(peal_http_watch *watch, uint32_t limit_ms,
                             uint64_t total, uint64_t now_ms);
