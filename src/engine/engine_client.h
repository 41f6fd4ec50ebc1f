/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_client: one session of a raw server: what the engine tells becomes
 * calls of the application's functions. */
#include "engine/engine_server_impl.h"

/* What the engine calls. */
extern const peal_engine_callbacks peal_engine_client_callbacks;
/* The client of this id on a worker, which is the calling one; NULL if it has
 * gone. */
peal_engine_client *peal_engine_client_get(const peal_engine_server *server,
                                           const peal_worker *worker,
                                           const char *id);
