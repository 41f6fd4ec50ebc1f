/* SPDX-License-Identifier: MIT */
#include "client/client_link.h"

#include "base/mem.h"

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

void peal_client_link_hang_up(peal_client *client) {
  peal_client_link *link = client->link;
  if (!link)
    return;
  client->link = NULL;
  peal_client_link_note_transport(client);
  if (link->is_open)
    peal_client_engine_close(link->engine);
  else
    peal_client_link_free(link);
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
    peal_client_link_free(
        PEAL_LIST_OF(client->links.next, peal_client_link, node));
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
