/* SPDX-License-Identifier: MIT */
#pragma once
/* probe_words: what an answer means, and what to do about it. Pure: the tables
 * of the probe's experience. */
#include <stddef.h>

#include "probe_http.h"

typedef struct probe_words {
  char text[1024];
  const char *advice; /* NULL: none; may be in `more` */
  char more[768];
} probe_words;

typedef enum probe_verdict {
  PROBE_FINE,      /* an Engine.IO 4 handshake, or "ok" */
  PROBE_WRONG,     /* something else: the words say what */
  PROBE_REFUSED,   /* 401, 403: perhaps the origin */
  PROBE_ELSEWHERE, /* nothing of Socket.IO answers at this path */
  PROBE_NO_POLLING /* the server wants WebSocket only */
} probe_verdict;

/* Of a connection that could not be made. */
void probe_words_connect(probe_words *out, const probe_target *target,
                         const probe_answer *answer);
/* Of a certificate: words for X509_V_ERR_…, or for a name that does not
 * match. */
void probe_words_certificate(probe_words *out, const probe_target *target,
                             const probe_answer *answer);
/* Of the answer to a polling handshake. */
probe_verdict probe_words_handshake(probe_words *out,
                                    const probe_target *target,
                                    const probe_answer *answer);
/* Of a later polling request that failed. */
void probe_words_poll(probe_words *out, const probe_answer *answer);
/* Of a WebSocket that was answered by another status than 101; `text` is the
 * body. `does_polling_work` tells a proxy from a server. */
void probe_words_upgrade(probe_words *out, long status, const char *text,
                         bool does_polling_work);
