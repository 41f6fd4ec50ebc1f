/* SPDX-License-Identifier: MIT */
/* One server at several places: ports, addresses, Unix sockets, and what
 * systemd has opened for it. Event echo(x)+ack(x, where the client comes from).
 * Stops on SIGTERM and SIGINT.
 *
 *   example-listeners [PORT | ADDRESS:PORT | unix:PATH]... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <peal/server.h>

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_ack(event, PEAL_ARGS(peal_event_arg(event, 0),
                            peal_str_slice(peal_socket_address(socket))));
}

/* "3000", "127.0.0.1:3000", "::1:3000", "unix:/run/it.sock". */
static peal_err listen_at(peal_http_server *http, const char *place) {
  char host[64];
  if (strncmp(place, "unix:", 5) == 0)
    return peal_http_listen(
        http, &(peal_http_listen_opts){.path = place + 5, .mode = 0660}, NULL);
  const char *colon = strrchr(place, ':');
  if (!colon)
    return peal_http_listen(http, &(peal_http_listen_opts){.port = atoi(place)},
                            NULL);
  snprintf(host, sizeof(host), "%.*s", (int)(colon - place), place);
  return peal_http_listen(
      http, &(peal_http_listen_opts){.host = host, .port = atoi(colon + 1)},
      NULL);
}

/* sd_listen_fds(3): if LISTEN_PID is this process, its descriptors from 3 on
 * are sockets that listen, LISTEN_FDS of them. Returns how many, or -1. */
static int listen_at_inherited(peal_http_server *http) {
  const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
  if (!pid || !fds || strtol(pid, NULL, 10) != (long)getpid())
    return 0;
  int count = atoi(fds);
  for (int i = 0; i < count; i++)
    if (peal_http_listen(http, &(peal_http_listen_opts){.fd = 3 + i}, NULL))
      return -1;
  return count;
}

static peal_err open_all(peal_http_server *http, int argc, char **argv) {
  int inherited = listen_at_inherited(http);
  if (inherited < 0)
    return PEAL_ERR_SYSTEM;
  if (argc < 2 && inherited == 0)
    return peal_http_listen(http, NULL, NULL); /* port 3000 */
  for (int i = 1; i < argc; i++) {
    peal_err err = listen_at(http, argv[i]);
    if (err)
      return err;
  }
  return PEAL_OK;
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(&(peal_server_opts){.no_listen = true});
  if (!server)
    return 1;
  peal_nsp *root = peal_server_of(server, "/");
  peal_err err = open_all(peal_server_http(server), argc, argv);
  if (!err)
    err = peal_on(root, "echo", on_echo, NULL);
  int result = err ? 1 : peal_server_run(server);
  peal_server_free(server);
  return result;
}
