/* SPDX-License-Identifier: MIT */
#include "engine/handover_send.h"

#include "engine/engine_conn_impl.h"
#include "engine/handover_link.h"
#include "engine/sid.h"

peal_err peal_handover_send(peal_handover *handover, peal_handover_type type,
                            peal_slice body, int fd) {
  if (atomic_load(&handover->is_broken))
    return PEAL_ERR_CLOSED;
  uv_mutex_lock(&handover->sending);
  peal_err err = atomic_load(&handover->is_broken)
                     ? PEAL_ERR_CLOSED
                     : peal_handover_socket_send(handover->channel,
                                                 (uint8_t)type, body, fd);
  if (err)
    atomic_store(&handover->is_broken, true);
  uv_mutex_unlock(&handover->sending);
  return err;
}

/* There, and back: whoever gave a session away meanwhile has sent that first. */
#define MAX_HOPS 2u

static bool is_elsewhere(const peal_handover *handover, peal_http_req *req) {
  peal_slice sid;
  const peal_engine_local *local =
      peal_engine_local_of(handover->engine, peal_http_req_worker(req));
  return peal_http_req_param(req, "sid", &sid) && peal_sid_is_one(sid) &&
         !peal_engine_conn_find(local, sid);
}

/* Never waits: the other may be waiting for us. */
static peal_err try_link(peal_handover *handover, peal_slice body, int fd) {
  uv_mutex_lock(&handover->sending);
  peal_err err = atomic_load(&handover->is_broken)
                     ? PEAL_ERR_CLOSED
                     : peal_handover_socket_try(handover->channel,
                                                PEAL_HANDOVER_LINK, body, fd);
  uv_mutex_unlock(&handover->sending);
  return err;
}

bool peal_handover_send_request(peal_http_req *req, void *mounted,
                                const peal_http_link_offer *offer, void *user) {
  peal_handover *handover = user;
  if (!atomic_load_explicit(&handover->passes, memory_order_relaxed) ||
      mounted != handover->engine || offer->hops >= MAX_HOPS ||
      !is_elsewhere(handover, req))
    return false;
  peal_http_link_offer more = *offer;
  more.hops++;
  peal_buf body;
  peal_buf_init(&body, peal_http_req_worker(req)->mem, 0);
  peal_handover_link_encode(&body, &more);
  peal_err err = body.err;
  if (!err)
    err = try_link(handover, peal_buf_slice(&body), offer->fd);
  peal_buf_deinit(&body);
  return !err;
}
