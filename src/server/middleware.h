/* SPDX-License-Identifier: MIT */
#pragma once
/* middleware: who may join a namespace: the functions of peal_use, one after
 * the other, each answering now or later. Behind the last one: accept. */
#include "server/server_impl.h"

/* CONNECT has come: a socket is made, the first function called. If memory is
 * out or `auth` is too large, the link is refused. */
void peal_middleware_begin(peal_server_client *client, peal_nsp *nsp,
                           peal_sio_link link, peal_val auth);
