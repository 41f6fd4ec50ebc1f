/* SPDX-License-Identifier: MIT */
/* The server of deflate.js: an endpoint that echoes for each set of options of
 * permessage-deflate, /ws/<takeovers>/<server bits>/<client bits>, one with a
 * threshold, /ws/threshold, one that tells all, /ws/all, and servers of
 * Socket.IO that echo and tell all, /sio/<takeovers>/. Takeovers: s, c, sc, or
 * none.
 *
 *   peal-e2e-deflate [--workers N] --port N; it prints "ready <port>" */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/peal.h>

#define MESSAGE_BYTES (1u << 20)

static const char *const takeovers[] = {"none", "s", "c", "sc"};
static const uint8_t server_bits[] = {9, 12, 15};
static const uint8_t client_bits[] = {9, 15};

/* What begins with "-" goes as it is. */
static void echo(peal_ws *ws, peal_slice data, bool is_binary, void *user) {
  (void)user;
  (void)peal_ws_send_with(
      ws,
      &(peal_ws_how){.is_binary = is_binary,
                     .no_compress = data.len && data.ptr[0] == '-'},
      data);
}

static void tell_all(peal_ws *ws, peal_slice data, bool is_binary, void *user) {
  (void)user;
  (void)peal_ws_group_send(peal_ws_endpoint_of(ws), (peal_slice){NULL, 0}, data,
                           is_binary);
}

static peal_deflate_opts opts_of(unsigned which, uint8_t server,
                                 uint8_t client) {
  return (peal_deflate_opts){.on = true,
                             .server_context_takeover = (which & 1u) != 0,
                             .client_context_takeover = (which & 2u) != 0,
                             .server_max_window_bits = server,
                             .client_max_window_bits = client,
                             .threshold_bytes = 1};
}

static bool add_endpoint(peal_http_server *http, const char *path,
                         peal_ws_message_fn fn,
                         const peal_deflate_opts *deflate) {
  return peal_ws_on(http, path,
                    &(peal_ws_opts){.on_message = fn,
                                    .max_message_bytes = MESSAGE_BYTES,
                                    .deflate = *deflate}) != NULL;
}

static bool add_endpoints(peal_http_server *http, unsigned which) {
  bool ok = true;
  for (size_t s = 0; s < sizeof server_bits; s++) {
    for (size_t c = 0; c < sizeof client_bits; c++) {
      char path[64];
      peal_deflate_opts deflate =
          opts_of(which, server_bits[s], client_bits[c]);
      (void)snprintf(path, sizeof path, "/ws/%s/%u/%u", takeovers[which],
                     server_bits[s], client_bits[c]);
      ok = ok && add_endpoint(http, path, echo, &deflate);
    }
  }
  return ok;
}

static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_emit(socket, "echo", peal_event_args(event));
}

static void on_tell(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  (void)peal_nsp_emit(peal_socket_nsp(socket), NULL, "told",
                      peal_event_args(event));
}

static peal_server *add_server(peal_http_server *http, unsigned which) {
  char path[64];
  (void)snprintf(path, sizeof path, "/sio/%s", takeovers[which]);
  peal_server *server =
      peal_server_new(&(peal_server_opts){.http = http,
                                          .path = path,
                                          .log = {.level = PEAL_LOG_WARN},
                                          .deflate = opts_of(which, 15, 15)});
  if (!server)
    return NULL;
  peal_nsp *nsp = peal_server_of(server, "/");
  (void)peal_on(nsp, "echo", on_echo, NULL);
  (void)peal_on(nsp, "tell", on_tell, NULL);
  return server;
}

static int serve(peal_http_server *http) {
  peal_server *servers[4] = {NULL};
  bool ok = true;
  for (unsigned which = 0; which < 4; which++) {
    servers[which] = add_server(http, which);
    ok = ok && servers[which] && add_endpoints(http, which);
  }
  peal_deflate_opts plain = {.on = true};
  ok = ok && add_endpoint(http, "/ws/threshold", echo, &plain) &&
       add_endpoint(http, "/ws/all", tell_all, &plain);
  if (ok) {
    (void)printf("ready %u\n", peal_http_server_port(http));
    (void)fflush(stdout);
  }
  int code = ok ? peal_http_server_run(http) : 1;
  for (unsigned which = 0; which < 4; which++)
    peal_server_free(servers[which]);
  return code;
}

static int number(int argc, char **argv, const char *name) {
  for (int i = 1; i + 1 < argc; i++)
    if (strcmp(argv[i], name) == 0)
      return atoi(argv[i + 1]);
  return 0;
}

int main(int argc, char **argv) {
  peal_http_server *http = NULL;
  int port = number(argc, argv, "--port");
  int workers = number(argc, argv, "--workers");
  if (peal_http_server_new(&http,
                           &(peal_http_server_opts){
                               .host = "127.0.0.1",
                               .port = port ? port : PEAL_PORT_ANY,
                               .workers = workers > 0 ? (unsigned)workers : 1,
                               .log = {.level = PEAL_LOG_WARN}}))
    return 1;
  int code = serve(http);
  peal_http_server_free(http);
  return code;
}
