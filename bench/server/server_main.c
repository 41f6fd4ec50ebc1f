/* SPDX-License-Identifier: MIT */
/* peal-bench-server: the benchmark's two events on Peal.
 *
 *   echo       acknowledges with its arguments if the client asked for it,
 *              otherwise the same event and arguments go back to the sender
 *   broadcast  the event and its arguments go to everyone in the namespace
 *
 * GET /turns answers with the turns that all workers have made. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/peal.h>

/* An error here means that the client has gone: its disconnect says so. */
static void on_echo(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  if (peal_event_wants_ack(event))
    (void)peal_ack(event, peal_event_args(event));
  else
    (void)peal_emit(socket, "echo", peal_event_args(event));
}

static void on_broadcast(peal_socket *socket, const peal_event *event,
                         void *user) {
  (void)user;
  (void)peal_nsp_emit(peal_socket_nsp(socket), NULL, "broadcast",
                      peal_event_args(event));
}

static void on_turns(peal_http_req *req, void *user) {
  peal_workers *workers = peal_server_workers(*(peal_server **)user);
  uint64_t turns = 0;
  char text[24];
  for (unsigned i = 0; i < peal_workers_count(workers); i++) {
    peal_worker_stats stats = {0};
    peal_worker_stats_get(peal_workers_get(workers, i), &stats);
    turns += stats.turns;
  }
  int len = snprintf(text, sizeof text, "%" PRIu64, turns);
  peal_http_answer(req, 200, "text/plain", (peal_slice){text, (size_t)len});
}

static bool set_up(peal_server **server) {
  peal_http_mount turns = {
      .path = "/turns", .on_request = on_turns, .user = server};
  peal_nsp *nsp = *server != NULL ? peal_server_of(*server, "/") : NULL;
  return nsp != NULL && peal_on(nsp, "echo", on_echo, NULL) == PEAL_OK &&
         peal_on(nsp, "broadcast", on_broadcast, NULL) == PEAL_OK &&
         peal_http_server_mount(peal_server_http(*server), &turns) == PEAL_OK;
}

static bool option(peal_server_opts *opts, const char *name,
                   const char *value) {
  char *end = NULL;
  if (strcmp(name, "--parser") == 0) {
    opts->parser = peal_parser_msgpack();
    return strcmp(value, "msgpack") == 0;
  }
  unsigned long number = strtoul(value, &end, 10);
  if (end == value || *end != '\0' || number > 65535)
    return false;
  if (strcmp(name, "--port") == 0)
    opts->port = (int)number;
  else if (strcmp(name, "--workers") == 0)
    opts->workers = (unsigned)number;
  else if (strcmp(name, "--deflate") == 0 && number <= 2)
    opts->deflate = (peal_deflate_opts){.on = number > 0,
                                        .server_context_takeover = number == 2,
                                        .client_context_takeover = number == 2};
  else
    return false;
  return true;
}

int main(int argc, char **argv) {
  peal_server_opts opts = {.host = "127.0.0.1", .log.level = PEAL_LOG_WARN};
  bool right = argc % 2 == 1;
  for (int i = 1; right && i < argc; i += 2)
    right = option(&opts, argv[i], argv[i + 1]);
  if (!right) {
    fputs("usage: peal-bench-server [--port P] [--workers N] "
          "[--parser msgpack] [--deflate 0|1|2]\n"
          "deflate 1: messages are deflated; 2: and refer to those before\n",
          stderr);
    return 2;
  }
  peal_server *server = peal_server_new(&opts);
  int status = 1;
  if (set_up(&server))
    status = peal_server_run(server);
  peal_server_free(server);
  return status;
}
