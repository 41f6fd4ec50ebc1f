/* SPDX-License-Identifier: MIT */
#include "http/cors_ask.h"

#include "http/http_exchange.h"
#include "http/http_limits.h"

void peal_cors_ask_init(peal_ticket_pool *pool, peal_http_home *home) {
  peal_ticket_pool_init(
      pool, &(peal_ticket_pool_opts){.ticket_bytes = sizeof(peal_cors_ask),
                                     .max_kept = PEAL_LIMIT_HTTP_ORIGINS_KEPT,
                                     .now_ms = &home->worker->now_ms,
                                     .account = &home->account,
                                     .mem = home->worker->mem});
}

static void go_on(peal_http_req *req, peal_http_req_fn then, void *user) {
  if (peal_http_req_is_aborted(req))
    peal_http_answer_bytes(req, 503, NULL, NULL); /* goes nowhere */
  else
    then(req, user);
}

static void answer(peal_cors_ask *ask, peal_cors_verdict verdict) {
  if (!ask || !ask->req)
    return;
  peal_http_req *req = ask->req;
  peal_http_req_fn then = ask->then;
  void *user = ask->user;
  bool inside = ask->inside;
  ask->req = NULL;
  peal_cors_note(req, verdict);
  peal_ticket_pool_close(ask->pool, &ask->ticket);
  if (!inside)
    go_on(req, then, user);
}

void peal_cors_ask_allow(peal_cors_ask *ask) {
  PEAL_ON_ASK(ask, "peal_worker_post");
  answer(ask, PEAL_CORS_ALLOWED);
}

void peal_cors_ask_refuse(peal_cors_ask *ask) {
  PEAL_ON_ASK(ask, "peal_worker_post");
  answer(ask, PEAL_CORS_REFUSED);
}

void peal_cors_ask_begin(const peal_cors *cors, peal_http_req *req,
                         peal_http_req_fn then, void *user) {
  if (!peal_cors_is_asking(cors, req)) {
    then(req, user);
    return;
  }
  peal_ticket_pool *pool = &req->home->origins;
  peal_cors_ask *ask = peal_ticket_pool_open(pool);
  if (!ask) {
    peal_http_answer_bytes(req, 503, NULL, NULL);
    return;
  }
  ask->req = req;
  ask->pool = pool;
  ask->then = then;
  ask->user = user;
  ask->inside = true;
  peal_cors_call(cors, req, ask);
  if (ask->req) {
    ask->inside = false;
    peal_http_defer(req);
  } else {
    then(req, user);
  }
}
