/* SPDX-License-Identifier: MIT */
#include "server/live_socket.h"

#include "base/mem.h"

/* The first member of what a socket has for recovery. */
static peal_live_session *live_of(const peal_socket *socket) {
  return socket->extra ? (peal_live_session *)socket->extra->recovery : NULL;
}

void peal_live_socket_changed(peal_socket *socket) {
  peal_live_session *one = live_of(socket);
  if (one)
    peal_live_sessions_touch(
        &peal_server_local_of(socket->local->nsp->server, socket->local->worker)
             ->live,
        one);
}

void peal_live_socket_free(peal_socket *socket) {
  peal_live_session *one = live_of(socket);
  if (!one)
    return;
  peal_live_sessions_end(one);
  peal_mem_free(socket->local->worker->mem, one);
  socket->extra->recovery = NULL;
}
