/* SPDX-License-Identifier: MIT */
#include "server/socket_extra.h"

#include "base/mem.h"
#include "net/worker_impl.h"

peal_socket_extra *peal_socket_extra_open(peal_socket *socket) {
  if (!socket->extra)
    socket->extra =
        peal_mem_zalloc(socket->local->worker->mem, sizeof *socket->extra);
  return socket->extra;
}

void peal_socket_extra_trim(peal_socket *socket) {
  peal_socket_extra *extra = socket->extra;
  if (!extra || extra->user_free || extra->candidate || extra->acks.first ||
      extra->auth || extra->belongings || extra->recovery || extra->name)
    return;
  socket->extra = NULL;
  peal_mem_free(socket->local->worker->mem, extra);
}
