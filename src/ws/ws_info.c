/* SPDX-License-Identifier: MIT */
/* ws_info: what a connection is asked about itself. */
#include "ws/ws_impl.h"

void peal_ws_set_user(peal_ws *ws, void *user, void (*fn)(void *user)) {
  PEAL_ON_WS(ws, "peal_worker_post and peal_ws_ref_get");
  if (!ws)
    return;
  ws->user = user;
  ws->user_free = fn;
}

void *peal_ws_user(const peal_ws *ws) {
  PEAL_ON_WS(ws, "peal_worker_post and peal_ws_ref_get");
  return ws ? ws->user : NULL;
}

peal_http_req *peal_ws_req(const peal_ws *ws) {
  PEAL_ON_WS(ws, "peal_worker_post and peal_ws_ref_get");
  return ws ? ws->req : NULL;
}

const char *peal_ws_protocol(const peal_ws *ws) {
  PEAL_ON_WS(ws, "peal_worker_post and peal_ws_ref_get");
  return ws ? ws->protocol : "";
}

peal_ws_endpoint *peal_ws_endpoint_of(const peal_ws *ws) {
  return ws ? ws->local->endpoint : NULL;
}

peal_worker *peal_ws_worker(const peal_ws *ws) {
  return ws ? ws->local->worker : NULL;
}

bool peal_ws_is_open(const peal_ws *ws) {
  PEAL_ON_WS(ws, "peal_worker_post and peal_ws_ref_get");
  return ws && peal_ws_can_send(ws);
}

size_t peal_ws_queued_bytes(const peal_ws *ws) {
  PEAL_ON_WS(ws, "peal_worker_post and peal_ws_ref_get");
  return ws ? peal_eio_queue_bytes(&ws->queue) : 0;
}
