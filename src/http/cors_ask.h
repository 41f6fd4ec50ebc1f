/* SPDX-License-Identifier: MIT */
#pragma once
/* cors_ask: the question that on_origin was asked about one request's origin,
 * and what goes on behind its answer. */
#include "base/ticket_pool.h"
#include "http/cors.h"

struct peal_cors_ask {
  peal_ticket ticket;
  peal_http_req *req; /* NULL: answered */
  peal_ticket_pool *pool;
  peal_http_req_fn then;
  void *user;
  bool inside; /* on_origin has not returned */
};

/* Ask about the origin of `req`, if that is needed; `then` goes on with it, with
 * the verdict noted: inside this call, or when the answer comes. If the client
 * has gone by then, or memory is out, the request is at its end without it. */
void peal_cors_ask_begin(const peal_cors *cors, peal_http_req *req,
                         peal_http_req_fn then, void *user);
