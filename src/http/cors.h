/* SPDX-License-Identifier: MIT */
#pragma once
/* cors: the Fetch standard's cross-origin headers, as the npm package `cors`
 * sends them (the reference's forms: preflight 204 with Content-Length: 0,
 * Vary, reflected request headers). */
#include <peal/http.h>

typedef struct peal_cors peal_cors;

/* What on_origin has said about a request's origin. */
typedef enum peal_cors_verdict {
  PEAL_CORS_UNASKED,
  PEAL_CORS_ALLOWED,
  PEAL_CORS_REFUSED
} peal_cors_verdict;

/* Who calls, as far as it counts. */
typedef struct peal_cors_caller {
  peal_slice origin;    /* Origin field; NULL ptr: none */
  peal_slice host;      /* Host field */
  peal_slice forwarded; /* host that a trusted proxy says; or as `host` */
  bool is_browser;      /* it has fields that browsers send */
} peal_cors_caller;

/* NULL opts or {0}: same origin only, no headers are ever sent.
 * Returns: PEAL_OK, PEAL_ERR_OPTION ("*" with credentials, a pattern that is
 * none, a line break), PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_cors_new(peal_cors **out,
                                       const peal_cors_opts *opts,
                                       const peal_mem *mem);
void peal_cors_free(peal_cors *cors);
/* Do the rules allow it, without asking? Thread: pure. */
bool peal_cors_knows(const peal_cors *cors, const peal_cors_caller *caller);
/* May who sent this request use us? By the rules, or as on_origin said. */
bool peal_cors_allows(const peal_cors *cors, const peal_http_req *req);
/* Has on_origin to be asked? */
bool peal_cors_is_asking(const peal_cors *cors, const peal_http_req *req);
/* Ask it. */
void peal_cors_call(const peal_cors *cors, const peal_http_req *req,
                    peal_cors_ask *ask);
/* Note that this request's origin may, or may not. */
void peal_cors_note(peal_http_req *req, peal_cors_verdict verdict);
/* The name of the option that would allow an origin. */
const char *peal_cors_option(const peal_cors *cors);
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
