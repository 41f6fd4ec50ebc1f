/* SPDX-License-Identifier: MIT */
#pragma once
/* middleware: who may join a namespace: the functions of peal_use, one after
 * the other, each answering now or later. Behind the last one: accept. */
#include "server/candidate.h"

/* CONNECT has come: a socket is made, the first function called. If memory is
 * out or `auth` is too large, the link is refused. Takes a use of `nsp`. */
void peal_middleware_begin(peal_server_client *client, peal_nsp *nsp,
                           peal_sio_link link, peal_val auth);
/* The first half of it: a socket that waits. `name`: as peal_candidate_new. NULL:
 * it has been refused. */
PEAL_MUST_CHECK peal_candidate *peal_middleware_candidate(
    peal_server_client *client, peal_nsp *nsp, peal_sio_link link,
    peal_val auth, peal_slice name);
/* The second half. */
void peal_middleware_start(peal_candidate *candidate, peal_val auth);
/* Instead of both: there is no socket. */
void peal_middleware_refuse_link(peal_server_client *client, peal_sio_link link,
                                 const char *message);
/* Who has waited for this namespace to be opened goes on. */
void peal_middleware_open(peal_nsp_local *local);
