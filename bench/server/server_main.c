/* SPDX-License-Identifier: MIT */
/* peal-bench-server: the benchmark's two events on Peal.
 *
 *   echo       acknowledges with its arguments if the client asked for it,
 *              otherwise the same event and arguments go back to the sender
 *   broadcast  the event and its arguments go to everyone in the namespace;
 *              with --rooms N to N rooms, each client in two of them (in the
 *              one, if there is one): everyone gets it once as well
 *
 * GET /turns answers with the turns that all workers have made. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/peal.h>

enum { MAX_ROOMS = 64, ROOM_NAME = 16 };

/* Where broadcasts go, and who joins what next; workers share the counter. */
typedef struct room_list {
  char text[MAX_ROOMS][ROOM_NAME];
  const char *names[MAX_ROOMS + 1]; /* NULL behind the last */
  unsigned count;                   /* 0: no rooms */
  atomic_uint next;
} room_list;

static void rooms_init(room_list *rooms, unsigned count) {
  rooms->count = count;
  for (unsigned i = 0; i < count; i++) {
    snprintf(rooms->text[i], ROOM_NAME, "room%u", i);
    rooms->names[i] = rooms->text[i];
  }
}

static peal_err on_connect(peal_socket *socket, void *user) {
  room_list *rooms = user;
  if (rooms->count == 0)
    return PEAL_OK;
  unsigned i = atomic_fetch_add(&rooms->next, 1);
  peal_err err = peal_join(socket, rooms->names[i % rooms->count]);
  return err != PEAL_OK
             ? err
             : peal_join(socket, rooms->names[(i + 1) % rooms->count]);
}

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
  const room_list *rooms = user;
  peal_to to = {.rooms = rooms->count > 0 ? rooms->names : NULL};
  (void)peal_nsp_emit(peal_socket_nsp(socket), &to, "broadcast",
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

static bool set_up(peal_server **server, room_list *rooms) {
  peal_http_mount turns = {
      .path = "/turns", .on_request = on_turns, .user = server};
  peal_nsp *nsp = *server != NULL ? peal_server_of(*server, "/") : NULL;
  return nsp != NULL && peal_on(nsp, "echo", on_echo, NULL) == PEAL_OK &&
         peal_on(nsp, "broadcast", on_broadcast, rooms) == PEAL_OK &&
         peal_on_connect(nsp, on_connect, rooms) == PEAL_OK &&
         peal_http_server_mount(peal_server_http(*server), &turns) == PEAL_OK;
}

static bool option(peal_server_opts *opts, room_list *rooms, const char *name,
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
  else if (strcmp(name, "--rooms") == 0 && number <= MAX_ROOMS)
    rooms_init(rooms, (unsigned)number);
  else if (strcmp(name, "--recovery") == 0)
    opts->recovery.window_ms = (uint32_t)number * 1000;
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
  static room_list rooms;
  bool right = argc % 2 == 1;
  for (int i = 1; right && i < argc; i += 2)
    right = option(&opts, &rooms, argv[i], argv[i + 1]);
  if (!right) {
    fputs("usage: peal-bench-server [--port P] [--workers N] "
          "[--parser msgpack] [--deflate 0|1|2] [--rooms N] "
          "[--recovery SECONDS]\n"
          "deflate 1: messages are deflated; 2: and refer to those before\n",
          stderr);
    return 2;
  }
  peal_server *server = peal_server_new(&opts);
  int status = 1;
  if (set_up(&server, &rooms))
    status = peal_server_run(server);
  peal_server_free(server);
  return status;
}
