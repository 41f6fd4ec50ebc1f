/* SPDX-License-Identifier: MIT */
#include "server/socket_end.h"

#include "server/acks.h"
#include "server/candidate.h"
#include "server/members.h"
#include "server/onlooker.h"
#include "server/rooms.h"
#include "server/server_client_turn.h"
#include "server/slow_handler.h"
#include "server/socket.h"
#include "server/socket_recovery.h"
#include "server/wildcard.h"

static void run_disconnect_handlers(peal_socket *socket, peal_hook_kind kind,
                                    peal_reason reason, peal_err err) {
  peal_slow_handler_begin(socket);
  const peal_hooks *hooks = &peal_wildcard_local(socket->local, kind)->hooks;
  uint64_t age = hooks->age;
  for (peal_hook *hook = peal_hook_live(hooks->chains[kind], age); hook;
       hook = peal_hook_live(hook->next, age))
    hook->fn.disconnect(socket, reason, err, hook->user);
  peal_slow_handler_end(socket, PEAL_S("disconnect"));
}

void peal_socket_end(peal_socket *socket, peal_reason reason, peal_err err) {
  peal_socket_recovery_settle(socket);
  if (!socket->is_member) {
    peal_socket_recovery_give_back(socket->extra->candidate);
    peal_candidate_orphan(socket->extra->candidate);
    return;
  }
  bool was_in = socket->state == PEAL_SOCKET_CONNECTED;
  socket->state = PEAL_SOCKET_GONE;
  peal_figures_add(&peal_figures_of(socket)->sockets, UINT64_MAX);
  run_disconnect_handlers(socket, PEAL_HOOK_DISCONNECTING, reason, err);
  peal_socket_recovery_save(socket, reason, was_in);
  peal_rooms_leave_all(socket);
  peal_members_remove(socket);
  peal_acks_close(socket);
  peal_onlooker *onlooker = socket->local->nsp->server->onlooker;
  if (onlooker)
    onlooker->verbs->went(onlooker, socket, reason);
  run_disconnect_handlers(socket, PEAL_HOOK_DISCONNECT, reason, err);
  peal_socket_free(socket);
}

void peal_disconnect(peal_socket *socket, bool close) {
  PEAL_ON_SOCKET(socket, "peal_ref_disconnect or peal_nsp_disconnect");
  if (!socket || !socket->client || socket->state == PEAL_SOCKET_GONE)
    return;
  if (close)
    socket->client->close_asked = true;
  if (socket->state == PEAL_SOCKET_CONNECTED ||
      socket->state == PEAL_SOCKET_ACCEPTING)
    socket->state = PEAL_SOCKET_LEAVING;
  peal_server_client_turn_leave(socket->client);
}
