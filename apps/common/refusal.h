/* SPDX-License-Identifier: MIT */
#pragma once
/* refusal: why something is not done, for who asked by HTTP or by an event. */
#include <peal/server.h>
#include <peal/web.h>

/* Why not, in words for the sender. */
typedef struct refusal {
  unsigned status;   /* of HTTP */
  uint64_t retry_ms; /* 429: when to try again */
  const char *field; /* static text, or NULL */
  char message[160];
} refusal;

PEAL_PRINTF(4, 5)
void refusal_set(refusal *out, unsigned status, const char *field,
                 const char *format, ...);
/* The answer of HTTP. */
void refusal_answer(peal_http_req *req, const refusal *why);
/* The answer to an event. */
void refusal_ack(const peal_event *event, const refusal *why);
