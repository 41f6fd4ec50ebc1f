/* SPDX-License-Identifier: MIT */
#pragma once
/* nsp_ask: a client asks for a namespace that is not there: the parents are
 * asked in the order of their registration, patterns by matching, functions by a
 * question that they may answer later. The first one makes a child; the client
 * goes on in its middleware.
 *
 *   name ──> parent ──> parent ──> … ──> "Invalid namespace"
 *              └────────┴── yes: child ──> middleware
 */
#include "server/server_impl.h"

void peal_nsp_ask_begin(peal_server_client *client, peal_server *server,
                        peal_sio_link link, peal_slice name, peal_val auth);
