/* SPDX-License-Identifier: MIT */
#pragma once
/* http1_body: where the content of a message begins and ends: by length, by
 * chunks, until the stream closes.
 * In the flow: net/stream -> [http1_body] -> http/. No memory of its own. */
#include <peal/base.h>

typedef enum peal_http1_framing {
  PEAL_HTTP1_NO_BODY,
  PEAL_HTTP1_LENGTH, /* content_length bytes */
  PEAL_HTTP1_CHUNKED,
  PEAL_HTTP1_UNTIL_CLOSE /* responses only */
} peal_http1_framing;

/* A body in the making; initialise from the head. */
typedef struct peal_http1_body {
  uint64_t left;   /* of the length, or of the chunk */
  uint32_t line;   /* bytes of the current chunk line or trailers */
  uint8_t framing; /* peal_http1_framing */
  uint8_t state;
} peal_http1_body;

/* `content_length` counts for PEAL_HTTP1_LENGTH only. From a head:
 * peal_http1_body_init in wire/http1.h. */
void peal_http1_body_begin(peal_http1_body *body, peal_http1_framing framing,
                           uint64_t content_length);
/* Take bytes from `in`: *used says how many, *data is the piece of content
 * among them (borrowed, may be empty). Call again with the rest.
 * Returns: PEAL_OK when the body is complete (bytes behind it are not used),
 * PEAL_ERR_AGAIN while it is not, PEAL_ERR_HTTP_SYNTAX (sticky).
 * Trailers are checked and dropped. Thread: pure. Spec: RFC9112 6, 7.1. */
PEAL_MUST_CHECK peal_err peal_http1_body_feed(peal_http1_body *body,
                                              peal_slice in, size_t *used,
                                              peal_slice *data);
bool peal_http1_body_is_done(const peal_http1_body *body);
