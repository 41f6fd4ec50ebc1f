/* SPDX-License-Identifier: MIT */
#pragma once
/* cors_ask: the question that on_origin was asked about one request's origin,
 * and what goes on behind its answer. */
#include "base/ticket_pool.h"
#include "http/cors.h"
#include "http/http_home.h"

/* At the beginning of a function that takes one (net/on_worker). */
#define PEAL_ON_ASK(ask, instead)                                              \
  PEAL_ON_WORKER((ask) && (ask)->req ? (ask)->req->home->worker : NULL, instead)

struct peal_cors_ask {
  peal_ticket ticket;
  peal_http_req *req; /* NULL: answered */
  peal_ticket_pool *pool;
  peal_http_req_fn then;
  void *user;
  bool inside; /* on_origin has not returned */
};

/* The pool of a worker's questions. */
void peal_cors_ask_init(peal_ticket_pool *pool, peal_http_home *home);
/* Ask about the origin of `req`, if that is needed; `then` goes on with it, with
 * the verdict noted: inside this call, or when the answer comes. If the client
 * has gone by then, or memory is out, the request is at its end without it. */
void peal_cors_ask_begin(const peal_cors *cors, peal_http_req *req,
                         peal_http_req_fn then, void *user);
