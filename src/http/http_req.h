/* SPDX-License-Identifier: MIT */
#pragma once
/* http_req: one request with its answer: the head, the body's consumer, who
 * waits. It may outlive its connection while somebody has deferred it. */
#include "http/http_exchange.h"

/* One block with copies of the head's parts, charged, and room for what the
 * peer says if it is a trusted proxy (http_forwarded reads it). Returns NULL if
 * memory is out. */
peal_http_req *peal_http_req_new(peal_http_home *home, peal_http_link *link,
                                 const peal_address *address,
                                 const peal_http1_head *head, peal_slice raw);
void peal_http_req_free(peal_http_req *req);
/* Tell on_done once. */
void peal_http_req_tell_done(peal_http_req *req, peal_err err);
/* The connection has gone before the request was over. */
void peal_http_req_abort(peal_http_req *req, peal_err err);
