/* SPDX-License-Identifier: MIT */
/* admin: a chat that can be looked at: by the page of @socket.io/admin-ui at
 * the namespace /admin, and on a status page at /_peal.
 *
 *   PEAL_ADMIN_PASSWORD=secret example-admin [port] [production] [read-only]
 *                                            [origin]
 *
 *   socket.emit("name", "Ann")           what others see of this socket
 *   socket.emit("enter", "kitchen")
 *   socket.emit("say", "kitchen", text)  everybody there gets "said", text
 *
 * The password may be the hash that `htpasswd -nbB admin secret` writes. Without
 * the variable, or with an empty one, anybody may look. */
#include <stdlib.h>
#include <string.h>

#include <peal/admin.h>
#include <peal/peal.h>

static void on_name(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_socket_set_data(socket, PEAL_OBJECT({"name", peal_event_arg(event, 0)}));
}

static void on_enter(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  if (peal_event_str(event, 0))
    peal_join(socket, peal_event_str(event, 0));
}

static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  const char *room = peal_event_str(event, 0);
  if (room && peal_socket_in(socket, room))
    peal_emit_to(socket,
                 &(peal_to){.rooms = PEAL_ROOMS(room), .with_self = true},
                 "said", PEAL_ARGS(peal_event_arg(event, 1)));
  peal_ack(event, PEAL_ARGS(peal_str("ok")));
}

static bool has_word(int argc, char **argv, const char *word) {
  for (int i = 2; i < argc; i++)
    if (strcmp(argv[i], word) == 0)
      return true;
  return false;
}

/* The page of the npm package may come from elsewhere. */
static const char *origin_of(int argc, char **argv) {
  const char *last = argc > 2 ? argv[argc - 1] : "";
  return strncmp(last, "http", 4) == 0 ? last : NULL;
}

int main(int argc, char **argv) {
  const char *password = getenv("PEAL_ADMIN_PASSWORD");
  if (password && !*password)
    password = NULL;
  const char *workers = getenv("PEAL_WORKERS");
  peal_server *server = peal_server_new(
      &(peal_server_opts){.port = argc > 1 ? atoi(argv[1]) : 3000,
                          .workers = workers ? (unsigned)atoi(workers) : 1,
                          .cors.origins = origin_of(argc, argv),
                          .cors.credentials = origin_of(argc, argv) != NULL});
  peal_admin *admin = peal_admin_new(
      server, &(peal_admin_opts){.username = password ? "admin" : NULL,
                                 .password = password,
                                 .no_auth = !password,
                                 .mode = has_word(argc, argv, "production")
                                             ? PEAL_ADMIN_PRODUCTION
                                             : PEAL_ADMIN_DEVELOPMENT,
                                 .read_only = has_word(argc, argv, "read-only"),
                                 .page = "/_peal"});
  if (!server || !admin)
    return 1;
  peal_nsp *chat = peal_server_of(server, "/");
  peal_on(chat, "name", on_name, NULL);
  peal_on(chat, "enter", on_enter, NULL);
  peal_on(chat, "say", on_say, NULL);
  int code = peal_server_run(server);
  peal_admin_free(admin);
  peal_server_free(server);
  return code;
}
