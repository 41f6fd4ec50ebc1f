/* SPDX-License-Identifier: MIT */
/* people: accounts with passwords, in one file. Who has registered may speak in
 * the room of everybody, and hears it until signing out.
 *
 *   DATA=folder example-people [port]
 *
 *   POST /api/register {"username","password"}      {"access_token",…}
 *   io(url, {auth: {token}})
 *   socket.emit("say", "hello", ack)                everybody: "said", who, what
 *   POST /api/logout                                its sockets are gone */
#include <stdio.h>
#include <stdlib.h>

#include <peal/kit.h>
#include <peal/peal.h>

static const char *const tables[] = {PEAL_KIT_PEOPLE_TABLES, NULL};

typedef struct app {
  peal_server *server;
  peal_web *web;
  peal_store *store;
  peal_kit_people *people;
  peal_timer *second;
} app;

/* No middleware has to be asked again here: the socket is somebody's. */
static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  const peal_kit_person *who = peal_kit_people_may(socket, event, UINT32_MAX);
  if (!who)
    return;
  peal_err err = peal_nsp_emit(
      peal_socket_nsp(socket), NULL, "said",
      PEAL_ARGS(peal_str(who->username), peal_event_arg(event, 0)));
  peal_ack(event, PEAL_ARGS(peal_bool(err == PEAL_OK)));
}

static void on_second(peal_timer *timer, void *user) {
  (void)timer;
  peal_kit_people_tick(((app *)user)->people);
}

/* The data folder has to be there. */
static bool make(app *a, const char *data, int port) {
  char path[1024];
  (void)snprintf(path, sizeof path, "%s/people.db", data);
  a->server = peal_server_new(&(peal_server_opts){.port = port});
  peal_workers *workers = peal_server_workers(a->server);
  a->web = peal_web_new(peal_server_http(a->server), NULL);
  if (!a->web ||
      peal_store_open(&a->store, &(peal_store_opts){.path = path,
                                                    .migrations = tables,
                                                    .workers = workers}))
    return false;
  a->people =
      peal_kit_people_new(&(peal_kit_people_opts){.issuer = "example-people",
                                                  .data_dir = data,
                                                  .store = a->store,
                                                  .workers = workers,
                                                  .web = a->web});
  peal_nsp *nsp = peal_server_of(a->server, "/");
  if (!a->people || peal_kit_people_routes(a->people) ||
      peal_kit_people_nsp_only(a->people, nsp) ||
      peal_on(nsp, "say", on_say, NULL))
    return false;
  a->second = peal_timer_new(peal_workers_get(workers, 0), on_second, a);
  peal_timer_start(a->second, 1000, 1000);
  return true;
}

int main(int argc, char **argv) {
  app a = {0};
  const char *data = getenv("DATA");
  int code = 1;
  if (!data || !*data)
    fputs("example-people: DATA, a folder, is not set\n", stderr);
  else if (make(&a, data, argc > 1 ? atoi(argv[1]) : 3000))
    code = peal_server_run(a.server);
  peal_timer_free(a.second);
  peal_store_close(a.store);
  peal_web_free(a.web);
  peal_server_free(a.server);
  peal_kit_people_free(a.people);
  return code;
}
