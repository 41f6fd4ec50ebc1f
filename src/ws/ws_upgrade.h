/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_upgrade: a request becomes a connection of an endpoint, or is refused:
 * the handshake, the origin, the application (allow), memory (RFC6455 4.2). */
#include "ws/ws_impl.h"

/* A question that `allow` was asked. */
struct peal_ws_ask {
  peal_ticket ticket;
  peal_http_req *req; /* NULL: answered */
  peal_ws_local *local;
};

/* For http/http_mount; `user` is the endpoint. */
void peal_ws_upgrade_request(peal_http_req *req, void *user);
