/* SPDX-License-Identifier: MIT */
#pragma once
/* traceparent: the ids of a request that goes through several services, to and
 * from the text of the header of that name (W3C Trace Context 3.2). */
#include <peal/base.h>

#define PEAL_TRACEPARENT_BYTES 56u /* with the end */

typedef struct peal_traceparent {
  char trace_id[33]; /* lower-case hex, terminated */
  char span_id[17];
} peal_traceparent;

/* False: the text is none. Thread: pure. */
bool peal_traceparent_decode(peal_traceparent *out, peal_slice text);
/* Version 00, sampled. Thread: pure. */
void peal_traceparent_encode(char out[PEAL_TRACEPARENT_BYTES],
                             const peal_traceparent *from);
