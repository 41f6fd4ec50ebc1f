/* SPDX-License-Identifier: MIT */
/* auth: a middleware lets in who brings the right token and hangs on the socket
 * who it is; the handlers rely on it.
 *
 *   TOKEN=secret example-auth [port]
 *
 *   io(url, {auth: {name: "ada", token: "secret"}})
 *   socket.emit("who am i", ack)                ack("ada") */
#include <stdio.h>
#include <stdlib.h>

#include <peal/peal.h>

typedef struct person {
  char name[32];
} person;

/* Equal, in a time that does not tell where the first difference is. */
static bool is_secret(peal_slice given, peal_slice secret) {
  unsigned difference = given.len != secret.len;
  for (size_t i = 0; i < secret.len; i++)
    difference |=
        (unsigned)(secret.ptr[i] ^ (i < given.len ? given.ptr[i] : 0));
  return difference == 0;
}

static void refuse(peal_next *next, const char *code) {
  peal_next_refuse(next, "Authentication failed",
                   PEAL_OBJECT({"code", peal_str(code)}));
}

/* What is known of the client hangs on its socket, and goes with it however it
 * ends: also if it leaves before the middleware has answered. */
static bool remember(peal_socket *socket, peal_slice name) {
  person *who = calloc(1, sizeof *who);
  if (!who || peal_socket_set_user_free(socket, free)) {
    free(who);
    return false;
  }
  (void)snprintf(who->name, sizeof who->name, "%.*s", PEAL_SFMT(name));
  peal_socket_set_user(socket, who);
  return true;
}

/* Runs for every CONNECT; the socket is no member of anything yet. A database
 * could be asked here: peal_next_ok may be called later. */
static void check_token(peal_socket *socket, peal_next *next, void *user) {
  peal_val auth = peal_socket_auth(socket);
  peal_slice token = peal_val_str(peal_val_get(auth, "token"));
  peal_slice name = peal_val_str(peal_val_get(auth, "name"));
  if (!token.len)
    refuse(next, "token_missing");
  else if (!is_secret(token, peal_slice_of(user)) || !name.len)
    refuse(next, "token_invalid");
  else if (!remember(socket, name))
    refuse(next, "try_again_later");
  else
    peal_next_ok(next);
}

static void on_who_am_i(peal_socket *socket, const peal_event *event,
                        void *user) {
  (void)user;
  const person *who = peal_socket_user(socket);
  peal_ack(event, PEAL_ARGS(peal_str(who->name)));
}

int main(int argc, char **argv) {
  char *token = getenv("TOKEN");
  if (!token || !*token) {
    fputs("example-auth: TOKEN is not set\n", stderr);
    return 1;
  }
  peal_server *server = peal_server_new(&(peal_server_opts){
      .port = argc > 1 ? atoi(argv[1]) : 3000, .cors.origins = "*"});
  peal_nsp *nsp = peal_server_of(server, "/");
  peal_use(nsp, check_token, token);
  peal_on(nsp, "who am i", on_who_am_i, NULL);
  int code = peal_server_run(server);
  peal_server_free(server);
  return code;
}
