/* SPDX-License-Identifier: MIT */
#pragma once
/* cors: the Fetch standard's cross-origin headers, as the npm package `cors`
 * sends them (the reference's forms: preflight 204 with Content-Length: 0,
 * Vary, reflected request headers). */
#include <peal/http.h>

typedef struct peal_cors peal_cors;

/* NULL opts or {0}: same origin only, no headers are ever sent.
 * Returns: PEAL_OK, PEAL_ERR_OPTION ("*" with credentials), PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_cors_new(peal_cors **out,
                                       const peal_cors_opts *opts,
                                       const peal_mem *mem);
void peal_cors_free(peal_cors *cors);
/* May a page of `origin` (header value; NULL ptr: no Origin header, always
 * allowed) use a server that was called as `host` (Host header)? Same origin
 * means: the origin's host and port are `host`. Thread: pure. */
bool peal_cors_allows(const peal_cors *cors, peal_slice origin,
                      peal_slice host);
/* Add the response headers for this request (none if not configured), for any
 * response including 101. An origin that is not allowed is not named in them,
 * but they vary by origin all the same. `add` is called per header. */
void peal_cors_headers(const peal_cors *cors, const peal_http_req *req,
                       void (*add)(const char *name, peal_slice value,
                                   void *user),
                       void *user);
/* peal_cors_headers as answer headers of `req`. */
void peal_cors_apply(const peal_cors *cors, peal_http_req *req);
/* Answer a preflight (OPTIONS). Returns false if CORS is not configured: the
 * caller answers. */
bool peal_cors_preflight(const peal_cors *cors, peal_http_req *req);
