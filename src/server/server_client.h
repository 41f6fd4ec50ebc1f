/* SPDX-License-Identifier: MIT */
#pragma once
/* server_client: one engine connection and the sockets on it: what the machine
 * proto/sio_conn tells becomes connect, event, acknowledgement, disconnect. */
#include "server/server_impl.h"

/* What the engine calls. */
extern const peal_engine_callbacks peal_server_client_engine_callbacks;
