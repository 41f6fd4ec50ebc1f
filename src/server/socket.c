/* SPDX-License-Identifier: MIT */
#include "server/socket.h"

#include "base/mem.h"
#include "net/crypto.h"
#include "net/worker_impl.h"
#include "server/auth.h"
#include "server/event_bucket.h"
#include "server/event_chain.h"
#include "server/live_socket.h"
#include "server/nsp_life.h"
#include "server/ref.h"
#include "server/socket_extra.h"
#include "server/socket_hook.h"
#include "server/socket_key.h"
#include "server/socket_name.h"
#include "server/socket_timer.h"

/* -- memory ------------------------------------------------------------------------ */

/* Not that of its session, which is a secret (reference 1.7); but a client of
 * Socket.IO 2 knows no other. */
static peal_err set_id(peal_socket *socket) {
  return peal_sio_conn_is_sio2(&socket->client->sio)
             ? peal_socket_name_set(socket)
             : peal_crypto_id(socket->id);
}

peal_socket *peal_socket_new(peal_server_client *client, peal_nsp *nsp) {
  peal_worker *worker = peal_engine_conn_worker(client->conn);
  peal_socket *socket = peal_mem_zalloc(worker->mem, sizeof *socket);
  if (!socket)
    return NULL;
  socket->local = peal_nsp_local_of(nsp, worker);
  socket->client = client;
  socket->state = PEAL_SOCKET_PENDING;
  if (set_id(socket)) {
    peal_mem_free(worker->mem, socket->extra);
    peal_mem_free(worker->mem, socket);
    return NULL;
  }
  peal_list_push(&socket->local->pending, &socket->node);
  return socket;
}

/* What must not come any more, and is charged to its client. */
static void let_go(peal_socket *socket) {
  peal_socket_name_discharge(socket);
  peal_auth_drop(socket);
  peal_socket_timer_end(socket);
  peal_socket_hook_end(socket);
  peal_event_chain_end(socket);
  peal_event_bucket_end(socket);
  peal_belongings_discharge(socket);
}

void peal_socket_detach(peal_socket *socket) {
  let_go(socket);
  socket->client = NULL;
  socket->state = PEAL_SOCKET_GONE;
}

void peal_socket_free(peal_socket *socket) {
  peal_socket_extra *extra = socket->extra;
  const peal_mem *mem = socket->local->worker->mem;
  peal_nsp *nsp = socket->local->nsp;
  peal_list_remove(&socket->node);
  let_go(socket);
  peal_ref_end(socket);
  socket->client = NULL;
  peal_socket_key_end(socket);
  if (extra && extra->user_free && socket->user)
    extra->user_free(socket->user);
  peal_live_socket_free(socket);
  if (extra) {
    peal_mem_free(mem, extra->belongings);
    peal_mem_free(mem, extra->name);
  }
  peal_mem_free(mem, extra);
  peal_mem_free(mem, socket);
  peal_nsp_life_leave(nsp);
}

/* -- the application's pointer ------------------------------------------------------- */

void peal_socket_set_user(peal_socket *socket, void *user) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (socket)
    socket->user = user;
}

void *peal_socket_user(const peal_socket *socket) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  return socket ? socket->user : NULL;
}

peal_err peal_socket_set_user_free(peal_socket *socket, peal_user_free_fn fn) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket)
    return PEAL_ERR_USAGE;
  if (!fn && !socket->extra)
    return PEAL_OK;
  peal_socket_extra *extra = peal_socket_extra_open(socket);
  if (!extra)
    return PEAL_ERR_NOMEM;
  extra->user_free = fn;
  return PEAL_OK;
}
