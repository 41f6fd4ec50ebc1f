/* SPDX-License-Identifier: MIT */
#include "client/client_link.h"

#include "base/mem.h"

static peal_client_link *link_of(peal_list *node) {
  return PEAL_LIST_OF(node, peal_client_link, node);
}

peal_err peal_client_link_open(peal_client *client,
                               const peal_client_engine_callbacks *callbacks) {
  peal_client_link *link = peal_mem_zalloc(client->worker->mem, sizeof *link);
  if (!link)
    return PEAL_ERR_NOMEM;
  link->client = client;
  client->engine_opts.prefer_websocket =
      client->remember_upgrade && client->has_websocket;
  link->engine = peal_client_engine_open(client->worker, &client->engine_opts,
                                         callbacks, link);
  if (!link->engine) {
    peal_mem_free(client->worker->mem, link);
    return PEAL_ERR_NOMEM;
  }
  peal_list_push(&client->links, &link->node);
  client->link = link;
  return PEAL_OK;
}

/* Those that are closing share one ceiling, or a server that takes nothing and
 * makes us connect again and again would have us hold it many times: the oldest
 * goes, the youngest may stay. Called with no current one. */
static void bound_closing(peal_client *client) {
  size_t bytes = 0;
  for (peal_list *at = client->links.next; at != &client->links; at = at->next)
    bytes += peal_client_engine_queued_bytes(link_of(at)->engine);
  while (bytes > peal_client_link_max_queue(client) &&
         client->links.next != client->links.prev) {
    peal_client_link *oldest = link_of(client->links.next);
    bytes -= peal_client_engine_queued_bytes(oldest->engine);
    peal_client_link_free(oldest);
  }
}

void peal_client_link_hang_up(peal_client *client) {
  peal_client_link *link = client->link;
  if (!link)
    return;
  client->link = NULL;
  peal_client_link_note_transport(client);
  if (!link->is_open) {
    peal_client_link_free(link);
    return;
  }
  peal_client_engine_close(link->engine);
  bound_closing(client);
}

void peal_client_link_free(peal_client_link *link) {
  peal_client *client = link->client;
  if (client->link == link)
    client->link = NULL;
  peal_list_remove(&link->node);
  peal_client_engine_free(link->engine);
  peal_mem_free(client->worker->mem, link);
  peal_client_link_note_transport(client);
}

void peal_client_link_free_all(peal_client *client) {
  while (!peal_list_is_empty(&client->links))
    peal_client_link_free(link_of(client->links.next));
}

void peal_client_link_note_transport(peal_client *client) {
  const char *text =
      client->link ? peal_client_engine_transport(client->link->engine) : "";
  atomic_store_explicit(&client->transport, text, memory_order_relaxed);
}

size_t peal_client_link_max_queue(const peal_client *client) {
  return client->max_queue_bytes ? client->max_queue_bytes
                                 : PEAL_LIMIT_CLIENT_QUEUE_BYTES;
}

bool peal_client_link_is_full(const peal_client *client) {
  return client->link &&
         peal_client_engine_queued_bytes(client->link->engine) +
                 peal_sio_client_sending_bytes(&client->machine) >=
             peal_client_link_max_queue(client);
}
