/* SPDX-License-Identifier: MIT */
#include "server/belongings.h"

#include "base/mem.h"
#include "server/socket_extra.h"

static peal_account *account_of(const peal_socket *socket) {
  return peal_engine_conn_account(socket->client->conn);
}

static peal_err charge(peal_socket *socket, size_t bytes) {
  if (!socket->client)
    return PEAL_ERR_CLOSED;
  return peal_account_charge(account_of(socket), bytes);
}

peal_belongings *peal_belongings_open(peal_socket *socket) {
  peal_socket_extra *extra = peal_socket_extra_open(socket);
  if (!extra || extra->belongings)
    return extra ? extra->belongings : NULL;
  size_t bytes = sizeof *extra->belongings;
  if (charge(socket, bytes))
    return NULL;
  extra->belongings = peal_mem_zalloc(socket->local->worker->mem, bytes);
  if (extra->belongings)
    extra->belongings->charged = bytes;
  else
    peal_account_release(account_of(socket), bytes);
  return extra->belongings;
}

peal_err peal_belongings_alloc(peal_socket *socket, size_t bytes, size_t also,
                               void **out) {
  if (!socket->client)
    return PEAL_ERR_CLOSED;
  peal_belongings *own = peal_belongings_open(socket);
  if (!own)
    return PEAL_ERR_NOMEM;
  peal_err err = charge(socket, bytes + also);
  if (err)
    return err;
  *out = peal_mem_zalloc(socket->local->worker->mem, bytes);
  if (*out) {
    own->charged += bytes + also;
    return PEAL_OK;
  }
  peal_account_release(account_of(socket), bytes + also);
  return PEAL_ERR_NOMEM;
}

void peal_belongings_release(peal_socket *socket, void *block, size_t bytes) {
  peal_belongings *own = peal_belongings_of(socket);
  if (socket->client) {
    own->charged -= bytes;
    peal_account_release(account_of(socket), bytes);
  }
  peal_mem_free(socket->local->worker->mem, block);
}

void peal_belongings_discharge(peal_socket *socket) {
  peal_belongings *own = peal_belongings_of(socket);
  if (!own || !socket->client)
    return;
  peal_account_release(account_of(socket), own->charged);
  own->charged = 0;
}
