/* SPDX-License-Identifier: MIT */
#pragma once
/* http_limits: ceilings of the HTTP server, with unit and reason.
 * What an option overrides says so; the rest are fixed. */

/* Bodies being collected, of all requests of a server together. Option. */
#define PEAL_LIMIT_HTTP_COLLECTED_BYTES (256u << 20)
/* What peers may make a server hold, everything together: heads, early input,
 * collected bodies, answers that wait, and what engine/ charges. Option. */
#define PEAL_LIMIT_HTTP_HELD_BYTES (1u << 30)
/* Milliseconds for the whole head, for progress of a body, between requests.
 * Options. */
#define PEAL_LIMIT_HTTP_HEAD_MS 10000u
#define PEAL_LIMIT_HTTP_BODY_MS 30000u
#define PEAL_LIMIT_HTTP_IDLE_MS 5000u
/* Questions about origins that were answered and are remembered, so that a
 * second answer meets no stranger's; every request may bring one. */
#define PEAL_LIMIT_HTTP_ORIGINS_KEPT 10000u
/* A response that the peer does not read: milliseconds without progress. */
#define PEAL_LIMIT_HTTP_WRITE_MS 30000u
/* A streamed answer: bytes that wait for the peer. Above the first the writer
 * is asked to wait, below the second to go on, above the third it is
 * refused. */
#define PEAL_LIMIT_HTTP_STREAM_HIGH_BYTES (256u << 10)
#define PEAL_LIMIT_HTTP_STREAM_LOW_BYTES (64u << 10)
#define PEAL_LIMIT_HTTP_STREAM_BYTES (8u << 20)
/* Memory of a request for its handler (peal_http_req_alloc), in bytes. */
#define PEAL_LIMIT_HTTP_REQ_BYTES (16u << 20)
