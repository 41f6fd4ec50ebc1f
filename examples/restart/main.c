/* SPDX-License-Identifier: MIT */
/* restart: a server that is replaced while its clients stay.
 *
 *   example-restart [port [path [workers]]]
 *
 * Start it, and again: the second process takes over the port and the clients of
 * the first, which ends. `path` (default: restart.sock) is where they meet.
 *
 *   socket.emit("name", "ada")           kept through all restarts
 *   socket.emit("process", ack)          ack(pid, "ada"): who serves me now?
 *   socket.emit("echo", value)           "echo", value
 *   socket.emit("join", "lobby")
 *   socket.emit("say", "lobby", value)   "said", value to all in the lobby
 *   "/other" has the same events */
#include <stdio.h>
#include <stdlib.h>

#include <unistd.h>

#include <peal/handover.h>
#include <peal/peal.h>

static void on_name(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_socket_set_data(socket, PEAL_OBJECT({"name", peal_event_arg(event, 0)}));
}

static void on_process(peal_socket *socket, const peal_event *event,
                       void *user) {
  (void)user;
  peal_val name = peal_val_get(peal_socket_data(socket), "name");
  peal_ack(event,
           PEAL_ARGS(peal_int(getpid()),
                     peal_val_is(name, PEAL_UNDEFINED) ? peal_null() : name));
}

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_emit(socket, "echo", PEAL_ARGS(peal_event_arg(event, 0)));
}

static void on_join(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_join_n(socket, peal_val_str(peal_event_arg(event, 0)));
  peal_ack(event, PEAL_ARGS(peal_int(getpid())));
}

static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_nsp_emit(peal_socket_nsp(socket),
                &(peal_to){.room_names = PEAL_NAMES(
                               peal_val_str(peal_event_arg(event, 0)))},
                "said", PEAL_ARGS(peal_event_arg(event, 1)));
}

/* In the new process, instead of the connect handlers. */
static void on_adopted(peal_socket *socket, void *user) {
  (void)user;
  if (getenv("RESTART_VERBOSE"))
    printf("%s is here now\n", peal_socket_id(socket));
}

static void on_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  (void)err;
  (void)user;
  if (getenv("RESTART_VERBOSE"))
    printf("%s has gone: %s\n", peal_socket_id(socket),
           peal_reason_text(reason));
}

static void serve(peal_nsp *nsp) {
  peal_on(nsp, "name", on_name, NULL);
  peal_on(nsp, "process", on_process, NULL);
  peal_on(nsp, "echo", on_echo, NULL);
  peal_on(nsp, "join", on_join, NULL);
  peal_on(nsp, "say", on_say, NULL);
  peal_on_adopted(nsp, on_adopted, NULL);
  peal_on_disconnect(nsp, on_disconnect, NULL);
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(
      &(peal_server_opts){.host = "127.0.0.1",
                          .port = argc > 1 ? atoi(argv[1]) : 3000,
                          .handover = argc > 2 ? argv[2] : "restart.sock",
                          .workers = argc > 3 ? (unsigned)atoi(argv[3]) : 1,
                          .allow_eio3 = true,
                          .deflate = {.on = true,
                                      .server_context_takeover = true,
                                      .client_context_takeover = true,
                                      .threshold_bytes = 1},
                          .recovery = {.window_ms = 60000}});
  serve(peal_server_of(server, "/"));
  serve(peal_server_of(server, "/other"));
  int code = peal_server_run(server);
  peal_server_free(server);
  return code;
}
