/* SPDX-License-Identifier: MIT */
#pragma once
/* accept: the middleware has let a socket pass: the connect handlers run, then
 * it is a member and its client told, or it is refused. */
#include "server/candidate.h"

void peal_accept_run(peal_candidate *candidate);
/* CONNECT_ERROR with `data`; socket and `candidate` end with the turn. */
void peal_accept_refuse(peal_candidate *candidate, peal_val data);
/* {"message":…,"data":…} without data if it is undefined; lies in `pairs`. */
peal_val peal_accept_refusal(const peal_server_client *client,
                             const char *message, peal_val data,
                             peal_pair pairs[2]);
