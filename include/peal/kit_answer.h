/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_answer: why something is not done, in the same words for who asked by
 * HTTP and for who asked by an event. */
#include <peal/server.h>
#include <peal/web.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why not, in words for the sender. */
typedef struct peal_kit_refusal {
  unsigned status;   /* of HTTP */
  uint64_t retry_ms; /* 429: when to try again */
  const char *field; /* static text, or NULL */
  char message[160];
} peal_kit_refusal;

PEAL_PRINTF(4, 5)
PEAL_API void peal_kit_refusal_set(peal_kit_refusal *out, unsigned status,
                                   const char *field, const char *format, ...);
/* The answer of HTTP. */
PEAL_API void peal_kit_refusal_answer(peal_http_req *req,
                                      const peal_kit_refusal *why);
/* The answer to an event. */
PEAL_API void peal_kit_refusal_ack(const peal_event *event,
                                   const peal_kit_refusal *why);

#ifdef __cplusplus
}
#endif
