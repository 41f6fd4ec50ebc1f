/* SPDX-License-Identifier: MIT */
#pragma once
/* client_auth: what a namespace is connected with: a value, or a question to
 * the program that may be answered later, from any thread. */
#include "client/client_impl.h"

/* The machine asks. Returns: PEAL_OK; PEAL_ERR_NOMEM: nobody was asked. */
PEAL_MUST_CHECK peal_err peal_client_auth_ask(peal_client_nsp *nsp,
                                              uint32_t ask);
void peal_client_auth_pool_init(peal_client *client,
                                const peal_ticket_pool_opts *opts);
