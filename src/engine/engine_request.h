/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_request: which requests the engine takes: the checks of the
 * reference in its order (1.3), the answers to the others, new sessions. */
#include "engine/engine.h"

/* Callbacks of the engine's mount; `user` is the engine. */
void peal_engine_request_plain(peal_http_req *req, void *user);
void peal_engine_request_upgrade(peal_http_req *req, void *user);
/* The worker that the session id names; -1: any. */
int peal_engine_request_worker(const peal_http_req *req, void *user);
