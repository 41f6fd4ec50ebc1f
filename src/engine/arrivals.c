/* SPDX-License-Identifier: MIT */
#include "engine/arrivals.h"

#include <string.h>

#include "engine/engine_limits.h"
#include "engine/sid.h"

/* In its request's memory. */
typedef struct arrival {
  peal_list node; /* local->arrivals */
  peal_engine_local *local;
  peal_http_req *req;
  peal_http_req_fn then;
  void *user;
  char sid[PEAL_SID_LEN];
} arrival;

static void take(arrival *it) {
  peal_list_remove(&it->node);
  it->local->arrival_count--;
  peal_http_req_on_abort(it->req, NULL, NULL);
}

/* A deferred request is given back by its answer, though nobody reads it. */
static void on_abort(peal_http_req *req, void *user) {
  take(user);
  peal_http_answer(req, 400, NULL, (peal_slice){0});
}

static bool may_wait(const peal_engine_local *local,
                     const peal_incoming *incoming, peal_slice sid) {
  peal_http_req *req = incoming->req;
  return local->arriving && !local->stopping &&
         local->arrival_count < PEAL_LIMIT_ARRIVALS && peal_sid_is_one(sid) &&
         (incoming->is_upgrade || peal_http_req_is_method(req, "GET") ||
          peal_http_req_is_method(req, "POST"));
}

void peal_arrivals_begin(peal_engine_local *local) {
  local->arriving = true;
}

bool peal_arrivals_wait(const peal_incoming *incoming, peal_http_req_fn then,
                        void *user) {
  peal_http_req *req = incoming->req;
  peal_engine_local *local =
      peal_engine_local_of(incoming->engine, peal_http_req_worker(req));
  peal_slice sid;
  if (!local->arriving || !peal_http_req_param(req, "sid", &sid) ||
      !may_wait(local, incoming, sid))
    return false;
  arrival *it = peal_http_req_alloc(req, sizeof *it);
  if (!it)
    return false;
  *it = (arrival){.local = local, .req = req, .then = then, .user = user};
  memcpy(it->sid, sid.ptr, sizeof it->sid);
  peal_list_init(&it->node);
  peal_list_push(&local->arrivals, &it->node);
  local->arrival_count++;
  peal_http_defer(req);
  peal_http_req_on_abort(req, on_abort, it);
  return true;
}

static void go_on(arrival *it) {
  take(it);
  it->then(it->req, it->user);
}

static arrival *find(const peal_engine_local *local, peal_slice sid) {
  for (peal_list *node = local->arrivals.next; node != &local->arrivals;
       node = node->next) {
    arrival *it = PEAL_LIST_OF(node, arrival, node);
    if (!memcmp(it->sid, sid.ptr, sizeof it->sid))
      return it;
  }
  return NULL;
}

/* It is there now, so that none of them waits again. */
void peal_arrivals_came(peal_engine_local *local, peal_slice sid) {
  arrival *it;
  while ((it = find(local, sid)))
    go_on(it);
}

void peal_arrivals_end(peal_engine_local *local) {
  local->arriving = false;
  while (!peal_list_is_empty(&local->arrivals))
    go_on(PEAL_LIST_OF(local->arrivals.next, arrival, node));
}
