/* SPDX-License-Identifier: MIT */
#pragma once
/* arrivals: while sessions come from another process, a request may be here
 * before its session is: it waits until that has come, or no more do. */
#include "engine/incoming.h"

/* Before the run: they are to come. */
void peal_arrivals_begin(peal_engine_local *local);
/* Is the request, of a session that nobody knows, to wait? Then `then` is called
 * with it and `user` again. */
bool peal_arrivals_wait(const peal_incoming *incoming, peal_http_req_fn then,
                        void *user);
/* A session has come. */
void peal_arrivals_came(peal_engine_local *local, peal_slice sid);
/* No more come. */
void peal_arrivals_end(peal_engine_local *local);
