/* SPDX-License-Identifier: MIT */
#pragma once
/* auth: what a client sent with its CONNECT, kept as JSON text for the life of
 * the socket: values take up to nine times as much as their text. */
#include "server/server_impl.h"

/* Nothing is kept of undefined. Returns: PEAL_OK; PEAL_ERR_LIMIT (more than
 * max_auth_bytes, or than the client may hold); PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_auth_keep(peal_socket *socket, peal_val auth);
/* As text, borrowed; NULL ptr: there is none. */
peal_slice peal_auth_text(const peal_socket *socket);
/* Forget it; nothing if there is none. */
void peal_auth_drop(peal_socket *socket);
