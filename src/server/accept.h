/* SPDX-License-Identifier: MIT */
#pragma once
/* accept: the middleware has let a socket pass: the connect handlers run, then
 * it is a member and its client told, or it is refused. */
#include "server/candidate.h"

void peal_accept_run(peal_candidate *candidate);
/* CONNECT_ERROR with `data`; socket and `candidate` end with the turn. */
void peal_accept_refuse(peal_candidate *candidate, peal_val data);
/* {"message":…}, what the server says by itself, to clients of every version;
 * lies in `pair`. Reference 3.6. */
peal_val peal_accept_words(const char *message, peal_pair *pair);
/* {"message":…,"data":…} without data if it is undefined; lies in `pairs`. */
peal_val peal_accept_refusal(const peal_server_client *client,
                             const char *message, peal_val data,
                             peal_pair pairs[2]);
