/* SPDX-License-Identifier: MIT */
#pragma once
/* live_socket: a socket's place among the sessions of live_sessions. */
#include "server/server_impl.h"

/* Its rooms or its data have changed. Nothing if it has no place. */
void peal_live_socket_changed(peal_socket *socket);
/* It goes: the block that its place begins is freed. */
void peal_live_socket_free(peal_socket *socket);
