/* SPDX-License-Identifier: MIT */
/* chat: the whole of a Socket.IO server. Whoever speaks is in the lobby and is
 * heard by everyone there. The README prints this file. */
#include <peal/peal.h>

static void on_chat(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_join(socket, "lobby");
  peal_emit_to(socket, &(peal_to){.rooms = PEAL_ROOMS("lobby")}, "chat",
               PEAL_ARGS(PEAL_OBJECT({"from", peal_str(peal_socket_id(socket))},
                                     {"text", peal_event_arg(event, 0)})));
  peal_ack(event, PEAL_ARGS(peal_str("ok")));
}

int main(void) {
  peal_server *server =
      peal_server_new(&(peal_server_opts){.port = 3000, .cors.origins = "*"});
  peal_on(peal_server_of(server, "/"), "chat", on_chat, NULL);
  return peal_server_run(server);
}
