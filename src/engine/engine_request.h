/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_request: where requests to the engine come in, and who gets them. */
#include <peal/http.h>

/* Callbacks of the engine's mount; `user` is the engine. */
void peal_engine_request_plain(peal_http_req *req, void *user);
void peal_engine_request_upgrade(peal_http_req *req, void *user);
/* The worker that the session id names; -1: any. */
int peal_engine_request_worker(const peal_http_req *req, void *user);
