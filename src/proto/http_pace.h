/* SPDX-License-Identifier: MIT */
#pragma once
/* http_pace: is what moves fast enough? Trickling is no progress: over each
 * window of one time limit a number of bytes per second must have moved, and
 * something in any stretch of that length.
 * In the flow: used by proto/http_conn for bodies and for answers, by
 * proto/ws_conn for messages that have come in part. */
#include <stdbool.h>
#include <stdint.h>

typedef struct peal_http_pace {
  uint64_t since_ms; /* the window's begin */
  uint64_t last_ms;  /* something moved */
  uint64_t bytes;    /* in this window */
} peal_http_pace;

void peal_http_pace_start(peal_http_pace *pace, uint64_t now_ms);
void peal_http_pace_add(peal_http_pace *pace, uint64_t bytes, uint64_t now_ms);
/* When _is_late can say something new. */
uint64_t peal_http_pace_deadline(const peal_http_pace *pace, uint32_t limit_ms);
/* Too slow? A window that is over begins anew. */
bool peal_http_pace_is_late(peal_http_pace *pace, uint32_t limit_ms,
                            uint32_t bytes_per_s, uint64_t now_ms);
