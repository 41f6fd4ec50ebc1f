/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_describe: a socket as the admin page knows it (reference: SerializedSocket):
 * {id, clientId, transport, nsp, data, handshake, rooms}. The handshake has no
 * auth. Its address is the one that Peal believes (`proxies`), and not what a
 * field says that any client may send. */
#include "admin/admin_impl.h"

/* Of what was fetched: {id, handshake, rooms, data}; it is borrowed. */
peal_val peal_admin_describe(peal_build *build, peal_val fetched,
                             peal_slice nsp);
/* Of a socket of this worker. */
peal_val peal_admin_describe_socket(peal_socket *socket);
/* Its `data` alone. */
peal_val peal_admin_describe_data(peal_build *build, peal_val data);
