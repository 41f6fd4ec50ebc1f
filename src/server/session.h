/* SPDX-License-Identifier: MIT */
#pragma once
/* session: named values of a client in a namespace (<peal/session.h>): a list of
 * its connection, one for each namespace that has some; it passes to what recovery
 * keeps, and back. */
#include <peal/session.h>

#include "server/server_impl.h"

struct peal_recovery_session;

/* The connection is over. */
void peal_session_end(peal_server_client *client, peal_server *server);
/* The socket is lost, and may come back: a copy of its values goes with `kept`,
 * charged there. False: there is no room for it. */
PEAL_MUST_CHECK bool peal_session_keep(const peal_socket *socket,
                                       struct peal_recovery_session *kept,
                                       peal_account_server *account);
/* It has come back: what was kept is its own again, instead of what it may have.
 * Returns: PEAL_OK, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM: they stay there. */
PEAL_MUST_CHECK peal_err
peal_session_restore(peal_socket *socket, struct peal_recovery_session *kept,
                     peal_account_server *account);
