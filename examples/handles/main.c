/* SPDX-License-Identifier: MIT */
/* handles: what outlives a handler, and what hangs on a socket.
 *
 *   example-handles [port]
 *
 *   socket.emit("brew", "tea", ack)   ack("1 cups"), and later "ready", "tea":
 *                                     a thread of the pool has the reference of
 *                                     the socket, and emits to it
 *   socket.emit("hello")              "welcome", the first time only
 *   silent for a second               "idle", then it is disconnected */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <peal/peal.h>

#define IDLE_MS 1000

/* -- work elsewhere: the socket may go meanwhile --------------------------- */

typedef struct order {
  peal_socket_ref ref;
  char what[32];
} order;

static void brew(void *user) { /* on a thread of the pool */
  order *it = user;
  usleep(50000);
  peal_ref_emit(it->ref, "ready", PEAL_ARGS(peal_str(it->what)));
  free(it);
}

/* -- a value of this module for each socket -------------------------------- */

typedef struct tab {
  int cups;
} tab;

static const peal_socket_key tab_key = {.free_fn = free};

static tab *tab_of(peal_socket *socket) {
  tab *it = peal_socket_key_get(socket, &tab_key);
  if (it || !(it = calloc(1, sizeof *it)))
    return it;
  if (!peal_socket_key_set(socket, &tab_key, it))
    return it;
  free(it);
  return NULL;
}

static void on_brew(peal_socket *socket, const peal_event *event, void *user) {
  const char *what = peal_event_str(event, 0);
  tab *mine = tab_of(socket);
  order *it = what && mine ? malloc(sizeof *it) : NULL;
  char text[32];
  (void)user;
  if (!it)
    return;
  it->ref = peal_ref_of(socket);
  snprintf(it->what, sizeof it->what, "%s", what);
  if (peal_task_run(peal_socket_worker(socket), brew, NULL, it)) {
    free(it);
    return;
  }
  snprintf(text, sizeof text, "%d cups", ++mine->cups);
  peal_ack(event, PEAL_ARGS(peal_str(text)));
}

/* -- a timer of each socket: who says nothing goes -------------------------- */

static void on_idle(peal_socket *socket, void *user) {
  (void)user;
  peal_emit(socket, "idle", PEAL_NO_ARGS);
  peal_disconnect(socket, false);
}

static void on_any(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  peal_socket_timer_start(socket, IDLE_MS, 0, on_idle, NULL); /* anew */
}

static void on_hello(peal_socket *socket, const peal_event *event, void *user) {
  (void)event;
  (void)user;
  peal_emit(socket, "welcome", PEAL_NO_ARGS);
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  peal_err err = peal_socket_once(socket, "hello", on_hello, NULL);
  return err ? err : peal_socket_timer_start(socket, IDLE_MS, 0, on_idle, NULL);
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(&(peal_server_opts){
      .port = argc > 1 ? atoi(argv[1]) : 3000, .cors.origins = "*"});
  peal_nsp *nsp = peal_server_of(server, "/");
  peal_on_connect(nsp, on_connect, NULL);
  peal_on_any(nsp, on_any, NULL);
  peal_on(nsp, "brew", on_brew, NULL);
  int code = peal_server_run(server);
  peal_server_free(server);
  return code;
}
