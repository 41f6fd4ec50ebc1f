/* SPDX-License-Identifier: MIT */
#pragma once
/* client_core: what the machine of a client asks for is done, and what it tells
 * is told; what its connection brings is fed to it.
 * In the flow: client/client_engine -> proto/sio_client -> [client_core] ->
 * handlers, and back. On the worker. */
#include "client/client_op.h"

/* The machine and all that stands on the worker; nothing happens yet. `setup` is
 * needed no longer, but for its strings. */
void peal_client_core_init(peal_client *client, const peal_client_setup *setup);
/* Connect: the namespaces that there are, or the URL's if there are none.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM, PEAL_ERR_CLOSED. */
peal_err peal_client_core_open(peal_client *client);
/* In order: all is left, what was emitted leaves, then it is over. */
void peal_client_core_stop(peal_client *client);
/* At once: acknowledgements are told, and nothing behind them. The worker is
 * this thread, or has ended. */
void peal_client_core_free(peal_client *client);
/* Bytes that wait. */
size_t peal_client_core_queued(const peal_client *client);
