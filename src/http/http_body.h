/* SPDX-License-Identifier: MIT */
#pragma once
/* http_body: a request's body on its way to the handler: collected, charged
 * as it comes, or piece by piece. The public functions stand in
 * <peal/http.h>. */
#include "http/http_req.h"

/* Hand over a piece; `last`: the body ends with it; else `left` bytes of what
 * was announced (the length, or a chunk) follow. */
void peal_http_body_deliver(peal_http_req *req, peal_slice data, bool last,
                            uint64_t left);
/* It will not be: answer if that is still possible, tell the consumer. */
void peal_http_body_fail(peal_http_req *req, peal_err err);
/* Tell the consumer without an answer. */
void peal_http_body_cancel(peal_http_req *req, peal_err err);
/* Charge so many bytes of a body that is collected, by whomever; false if one of
 * the ceilings is reached. */
PEAL_MUST_CHECK bool peal_http_body_charge(peal_http_req *req, size_t bytes);
/* Give back what was collected, and all that was charged. */
void peal_http_body_release(peal_http_req *req);
