/* SPDX-License-Identifier: MIT */
#pragma once
/* client_spaces: the namespaces of a client by name: made on any thread, known
 * to the machine from the first time on that the worker needs them. */
#include "client/client_impl.h"

/* The machine's namespace of this one; NULL: memory is out. */
PEAL_MUST_CHECK peal_sio_client_nsp *peal_client_spaces_state(
    peal_client_nsp *nsp);
/* This namespace, made if new; as peal_client_of. Thread: any. */
PEAL_MUST_CHECK peal_client_nsp *peal_client_spaces_find(peal_client *client,
                                                         peal_slice name,
                                                         bool *is_new);
/* What the machine says of it, for other threads. On the worker. */
void peal_client_spaces_note(peal_client_nsp *nsp);
/* The server's id for it, or none. On the worker. */
void peal_client_spaces_note_id(peal_client_nsp *nsp);
