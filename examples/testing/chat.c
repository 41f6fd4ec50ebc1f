/* SPDX-License-Identifier: MIT */
#include "chat.h"

#include <peal/handle.h>

/* Who says nothing for so long has left. */
#define PATIENCE_MS (5 * 60 * 1000)

static peal_val name_of(peal_socket *socket) {
  return peal_val_get(peal_socket_auth(socket), "name");
}

static void check_name(peal_socket *socket, peal_next *next, void *user) {
  (void)user;
  if (peal_val_str(name_of(socket)).len)
    peal_next_ok(next);
  else
    peal_next_refuse(next, "who are you?",
                     PEAL_OBJECT({"missing", peal_str("name")}));
}

static void on_patience_over(peal_socket *socket, void *user) {
  (void)user;
  peal_disconnect(socket, true);
}

static void be_patient(peal_socket *socket) {
  (void)peal_socket_timer_start(socket, PATIENCE_MS, 0, on_patience_over, NULL);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  be_patient(socket);
  return peal_join(socket, "lobby");
}

static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  be_patient(socket);
  peal_emit_to(socket, &(peal_to){.rooms = PEAL_ROOMS("lobby")}, "said",
               PEAL_ARGS(name_of(socket), peal_event_arg(event, 0)));
  peal_ack(event, PEAL_ARGS(peal_str("ok")));
}

bool chat_set_up(peal_server *server) {
  peal_nsp *nsp = peal_server_of(server, "/");
  return !peal_use(nsp, check_name, NULL) &&
         !peal_on_connect(nsp, on_connect, NULL) &&
         !peal_on(nsp, "say", on_say, NULL);
}
