/* SPDX-License-Identifier: MIT */
#include "net/lookup.h"

#include <stdio.h>

#include <sys/socket.h>

#include "base/mem.h"
#include "net/worker.h"

struct peal_lookup {
  uv_getaddrinfo_t req;
  peal_list node; /* worker->lookups */
  peal_worker *worker;
  peal_lookup_fn fn; /* NULL: nobody listens any more */
  void *user;
};

static void on_addresses(uv_getaddrinfo_t *req, int status,
                         struct addrinfo *list) {
  peal_lookup *lookup = req->data;
  peal_worker *worker = lookup->worker;
  peal_worker_wake(worker);
  peal_list_remove(&lookup->node);
  if (lookup->fn)
    lookup->fn(lookup, status, list, lookup->user);
  uv_freeaddrinfo(list);
  peal_mem_free(worker->mem, lookup);
}

peal_lookup *peal_lookup_open(peal_worker *worker, const char *host,
                              uint16_t port, peal_lookup_fn fn, void *user,
                              int *status) {
  char service[8];
  const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                 .ai_socktype = SOCK_STREAM};
  peal_lookup *lookup = peal_mem_alloc(worker->mem, sizeof(*lookup));
  *status = UV_ENOMEM;
  if (!lookup)
    return NULL;
  *lookup = (peal_lookup){.worker = worker, .fn = fn, .user = user};
  lookup->req.data = lookup;
  snprintf(service, sizeof(service), "%u", (unsigned)port);
  *status = uv_getaddrinfo(&worker->loop, &lookup->req, on_addresses, host,
                           service, &hints);
  if (*status) {
    peal_mem_free(worker->mem, lookup);
    return NULL;
  }
  peal_list_push(&worker->lookups, &lookup->node);
  return lookup;
}

void peal_lookup_close(peal_lookup *lookup) {
  if (!lookup)
    return;
  lookup->fn = NULL;
  /* If it has not begun it comes back at once, with UV_ECANCELED. */
  (void)uv_cancel((uv_req_t *)&lookup->req);
}
