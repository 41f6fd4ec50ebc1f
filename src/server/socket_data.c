/* SPDX-License-Identifier: MIT */
/* socket_data: the one value of a socket that other nodes may see: a document
 * under a key of the library's own (socket_key). */
#include <peal/handle.h>

#include "server/live_socket.h"
#include "server/onlooker.h"
#include "server/server_impl.h"

static void free_data(void *doc) {
  peal_doc_free(doc);
}

static const peal_socket_key data_key = {.free_fn = free_data};

static void tell(peal_socket *socket) {
  peal_onlooker *onlooker = socket->local->nsp->server->onlooker;
  if (onlooker && socket->is_member)
    onlooker->verbs->data(onlooker, socket);
}

peal_err peal_socket_set_data(peal_socket *socket, peal_val data) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket)
    return PEAL_ERR_USAGE;
  peal_live_socket_changed(socket);
  if (peal_val_is(data, PEAL_UNDEFINED)) {
    peal_err none = peal_socket_key_set(socket, &data_key, NULL);
    tell(socket);
    return none;
  }
  peal_doc *doc = peal_doc_new(data);
  if (!doc)
    return PEAL_ERR_NOMEM;
  peal_err err = peal_socket_key_set(socket, &data_key, doc);
  if (err)
    peal_doc_free(doc);
  else
    tell(socket);
  return err;
}

peal_val peal_socket_data(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  return peal_doc_val(peal_socket_key_get(socket, &data_key));
}
