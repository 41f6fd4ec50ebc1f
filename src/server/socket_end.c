/* SPDX-License-Identifier: MIT */
#include "server/socket_end.h"

#include "server/acks.h"
#include "server/adapter.h"
#include "server/candidate.h"
#include "server/client_turn.h"
#include "server/rooms.h"
#include "server/socket.h"

static void run_disconnect_handlers(peal_socket *socket, const peal_hook *hook,
                                    peal_reason reason, peal_err err) {
  for (; hook; hook = hook->next)
    hook->fn.disconnect(socket, reason, err, hook->user);
}

void peal_socket_end(peal_socket *socket, peal_reason reason, peal_err err) {
  if (!socket->is_member) {
    peal_candidate_orphan(socket->extra->candidate);
    return;
  }
  socket->state = PEAL_SOCKET_GONE;
  peal_figures_add(&peal_figures_of(socket)->sockets, UINT64_MAX);
  run_disconnect_handlers(socket, socket->local->nsp->disconnecting, reason,
                          err);
  peal_rooms_leave_all(socket);
  peal_adapter_remove(socket);
  peal_acks_close(socket);
  run_disconnect_handlers(socket, socket->local->nsp->disconnect, reason, err);
  peal_socket_free(socket);
}

void peal_disconnect(peal_socket *socket, bool close) {
  if (!socket || !socket->client || socket->state == PEAL_SOCKET_GONE)
    return;
  if (close)
    socket->client->close_asked = true;
  if (socket->state == PEAL_SOCKET_CONNECTED ||
      socket->state == PEAL_SOCKET_ACCEPTING)
    socket->state = PEAL_SOCKET_LEAVING;
  peal_client_turn_leave(socket->client);
}
