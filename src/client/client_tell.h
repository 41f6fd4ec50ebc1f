/* SPDX-License-Identifier: MIT */
#pragma once
/* client_tell: what has happened, to the handlers of the program. Each may free
 * the client: what comes behind it looks first. */
#include "client/client_impl.h"

void peal_client_tell_event(peal_client_nsp *nsp,
                            const peal_sio_client_event *event);
void peal_client_tell_outgoing(peal_client_nsp *nsp, peal_slice event,
                               peal_args args);
void peal_client_tell_connect(peal_client_nsp *nsp);
void peal_client_tell_connect_error(peal_client_nsp *nsp,
                                    const peal_client_problem *problem);
void peal_client_tell_disconnect(peal_client_nsp *nsp,
                                 peal_client_reason reason, peal_err err);
void peal_client_tell_notice(peal_client *client,
                             const peal_client_notice *notice);
/* The replies of a client come from this pool. */
void peal_client_tell_pool_init(peal_client *client,
                                const peal_ticket_pool_opts *opts);
