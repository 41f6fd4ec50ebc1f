/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_resume: a server's Socket.IO connection that goes on in another process:
 * when it may go, and how its namespaces are there again. */
#include "proto/sio_conn.h"

/* It is in a namespace, and every one that it is in or asked for is open;
 * nothing has come in part, nothing is held. */
bool peal_sio_resume_may(const peal_sio_conn *conn);
/* A namespace that it was in elsewhere: open, without a word to the client.
 * Returns: PEAL_OK and *link; PEAL_ERR_EXISTS, PEAL_ERR_TOO_LONG, PEAL_ERR_LIMIT,
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_resume_add(peal_sio_conn *conn,
                                             peal_slice nsp, void *user,
                                             peal_sio_link *link);
