/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_client_nsp: what a client's namespaces are asked.
 * In the flow: a part of proto/sio_client. */
#include "proto/sio_client_types.h"

/* A walk in order of their making: the one behind `nsp` (NULL: the first), or
 * NULL. */
peal_sio_client_nsp *peal_sio_client_nsp_next(const peal_sio_client *client,
                                              const peal_sio_client_nsp *nsp);
peal_slice peal_sio_client_nsp_name(const peal_sio_client_nsp *nsp);
peal_sio_client *peal_sio_client_nsp_client(const peal_sio_client_nsp *nsp);
/* Given by the server; empty while it is not connected. Borrowed until it is
 * connected anew. */
peal_slice peal_sio_client_nsp_sid(const peal_sio_client_nsp *nsp);
bool peal_sio_client_nsp_is_connected(const peal_sio_client_nsp *nsp);
/* Connected, or it will be by itself. */
bool peal_sio_client_nsp_is_active(const peal_sio_client_nsp *nsp);
/* Has the last CONNECT brought back what was missed? */
bool peal_sio_client_nsp_is_recovered(const peal_sio_client_nsp *nsp);
void *peal_sio_client_nsp_user(const peal_sio_client_nsp *nsp);
void peal_sio_client_nsp_set_user(peal_sio_client_nsp *nsp, void *user);
