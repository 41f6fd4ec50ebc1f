/* SPDX-License-Identifier: MIT */
/* namespaces: a board for each name that somebody asks for. A board is a
 * namespace of its own, made when its first visitor comes and gone with its
 * last; all boards have the handlers of one parent.
 *
 *   example-namespaces [port]
 *
 *   io("/board/lunch", {auth: {name: "Ann"}})   refused without a name
 *   socket.emit("pin", text, ack)                everybody on that board
 *   socket.emit("name", text, ack)               kept for this connection
 *   io("/").emit("all", text, ack)               everybody on every board
 *   io("/").emit("boards", ack)                  ack(how many there are)
 *
 * On the terminal: boards that come and go, and who was turned away. */
#include <stdio.h>
#include <stdlib.h>

#include <peal/engine_use.h>
#include <peal/namespaces.h>
#include <peal/peal.h>
#include <peal/session.h>

/* -- a board ---------------------------------------------------------------- */

/* Who comes back to a board on the same connection keeps the name it took. */
static void need_name(peal_socket *socket, peal_next *next, void *user) {
  (void)user;
  peal_val name = peal_val_get(peal_socket_auth(socket), "name");
  if (peal_val_is(peal_session_get(socket, "name"), PEAL_UNDEFINED) &&
      peal_val_str(name).len && peal_session_set(socket, "name", name))
    peal_next_refuse(next, "no room for a name", peal_undefined());
  else if (peal_val_is(peal_session_get(socket, "name"), PEAL_UNDEFINED))
    peal_next_refuse(next, "who are you?", peal_undefined());
  else
    peal_next_ok(next);
}

static void on_name(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_err err = peal_session_set(socket, "name", peal_event_arg(event, 0));
  peal_ack(event, PEAL_ARGS(peal_str(err ? peal_err_message(err) : "ok")));
}

static void on_pin(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_nsp_emit(
      peal_socket_nsp(socket), NULL, "pinned",
      PEAL_ARGS(peal_session_get(socket, "name"), peal_event_arg(event, 0)));
  peal_ack(event, PEAL_NO_ARGS);
}

/* -- all of them ------------------------------------------------------------ */

/* `user` is the parent: what is said to it reaches all its children. */
static void on_all(peal_socket *socket, const peal_event *event, void *user) {
  (void)socket;
  peal_nsp_emit(user, NULL, "pinned",
                PEAL_ARGS(peal_str("everybody"), peal_event_arg(event, 0)));
  peal_ack(event, PEAL_NO_ARGS);
}

static void on_boards(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)socket;
  peal_ack(event, PEAL_ARGS(peal_int((int64_t)peal_nsp_child_count(user))));
}

static void on_made(peal_nsp *nsp, void *user) {
  (void)user;
  printf("%s is there\n", peal_nsp_name(nsp));
}

static void on_ended(peal_nsp *nsp, void *user) {
  (void)user;
  printf("%s is gone\n", peal_nsp_name(nsp));
}

static void on_refused(const peal_connection_error *error, void *user) {
  (void)user;
  printf("a request was refused: %u %s\n", error->code, error->message);
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(
      &(peal_server_opts){.port = argc > 1 ? atoi(argv[1]) : 3000,
                          .cors.origins = "*",
                          .cleanup_empty_namespaces = true});
  peal_nsp *boards = peal_server_of_pattern(server, "^/board/[a-z0-9-]+$");
  peal_nsp *root = peal_server_of(server, "/");
  peal_on_namespace(server, on_made, on_ended, NULL);
  peal_server_on_connection_error(server, on_refused, NULL);
  peal_use(boards, need_name, NULL);
  peal_on(boards, "name", on_name, NULL);
  peal_on(boards, "pin", on_pin, NULL);
  peal_on(root, "all", on_all, boards);
  peal_on(root, "boards", on_boards, boards);
  int code = peal_server_run(server);
  peal_server_free(server);
  return code;
}
