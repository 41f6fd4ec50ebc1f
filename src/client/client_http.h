/* SPDX-License-Identifier: MIT */
#pragma once
/* client_http: requests of one kind to one server, one at a time, on a
 * connection that is kept for the next one. A kept one that turns out to be
 * dead before anything of an answer has come is replaced once (RFC9112 9.3.1).
 * In the flow: client/client_engine -> [client_http] -> net/dial, net/stream,
 * proto/http_conn; answers go back. */
#include "client/client_engine_opts.h"
#include "net/worker_impl.h"
#include "proto/eio_client_answer.h"

typedef struct peal_client_http peal_client_http;

typedef struct peal_client_http_request {
  peal_slice target; /* copied */
  peal_bytes *body;  /* a POST with it (a reference is taken); NULL: a GET */
  uint32_t total_ms; /* the answer has to be whole by then; 0: no limit */
} peal_client_http_request;

/* Once for each request, never inside a call of the owner's: an answer, or why
 * there is none. What it points to is gone when the call returns. Inside it the
 * next may be asked, and _free be called. */
typedef void (*peal_client_http_fn)(peal_client_http *http,
                                    const peal_eio_client_answer *answer,
                                    void *user);

/* `opts` is borrowed for life. Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_client_http *peal_client_http_new(
    peal_worker *worker, const peal_client_engine_opts *opts,
    peal_client_http_fn fn, void *user);
/* Only when the last request has been answered. */
void peal_client_http_ask(peal_client_http *http,
                          const peal_client_http_request *request);
/* At once; nothing is told any more. NULL is a no-op. */
void peal_client_http_free(peal_client_http *http);
