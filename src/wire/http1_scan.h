/* SPDX-License-Identifier: MIT */
#pragma once
/* http1_scan: where does a head end? A scan that remembers where it stood
 * makes slow senders cost linear work and notices trouble at the first wrong
 * byte.
 * In the flow: net/stream -> [http1_scan] -> wire/http1. No memory of its own. */
#include <peal/base.h>

typedef struct peal_http1_limits {
  size_t head_bytes;   /* 0: PEAL_LIMIT_HTTP_HEAD_BYTES */
  size_t target_bytes; /* 0: PEAL_LIMIT_HTTP_TARGET_BYTES */
} peal_http1_limits;

/* How far a head has been scanned; {0} before a head's first byte. */
typedef struct peal_http1_scan {
  size_t pos;
  size_t word; /* where the word that is being scanned began */
  uint8_t state;
} peal_http1_scan;

/* Look for the end of the head (of a request or a response) at the start of
 * `in`, which holds everything from the head's first byte on and grows from
 * call to call. One empty line before it is allowed (RFC9112 2.2).
 * Returns: PEAL_OK and *len = bytes of the head with its empty line;
 * PEAL_ERR_AGAIN; PEAL_ERR_HTTP_SYNTAX (a bare CR or LF, a control
 * character, a folded line, a blank in or behind a name; noticed at once),
 * PEAL_ERR_HTTP_URI_LEN, PEAL_ERR_HTTP_HEAD_LEN; errors are sticky.
 * Thread: pure. */
PEAL_MUST_CHECK peal_err peal_http1_scan_feed(peal_http1_scan *scan,
                                              peal_slice in,
                                              const peal_http1_limits *limits,
                                              size_t *len);
