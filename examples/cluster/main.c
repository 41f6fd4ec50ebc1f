/* SPDX-License-Identifier: MIT */
/* cluster: a chat on as many nodes as there are; whoever speaks is heard on all
 * of them, and everybody may ask who is there, on whatever node.
 *
 *   PEAL_REDIS_URL=redis://127.0.0.1 example-cluster [port]
 *
 *   socket.emit("name", "Ann", ack)      ack(this node's id)
 *   socket.emit("say", text)             everybody gets "said", name, text
 *   socket.emit("who", ack)              ack([names], nodes that are missing)
 *   socket.emit("near", ack)             ack(how many, as far as it is known)
 *
 * Without the variable it is one node alone; without a Redis at its place, too,
 * until it comes. */
#include <stdlib.h>

#include <peal/cluster.h>
#include <peal/peal.h>

static peal_cluster *cluster;

static void on_name(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_socket_set_data(socket, peal_event_arg(event, 0));
  peal_ack(event, PEAL_ARGS(peal_str(peal_cluster_id(cluster))));
}

static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_nsp_emit(peal_socket_nsp(socket), NULL, "said",
                PEAL_ARGS(peal_socket_data(socket), peal_event_arg(event, 0)));
}

/* From all nodes, or from all but those that are missing. */
static void on_fetched(const peal_fetched *fetched, void *user) {
  peal_build *build = peal_build_new();
  peal_items *names = peal_items_new(build);
  for (size_t i = 0; i < fetched->sockets.count; i++)
    peal_items_add(names, peal_val_get(fetched->sockets.items[i], "data"));
  bool unknown = fetched->missing == PEAL_MISSING_UNKNOWN;
  peal_reply_send(
      user,
      PEAL_ARGS(peal_items_val(names),
                unknown ? peal_null() : peal_int((int64_t)fetched->missing)));
  peal_build_free(build);
}

static void on_who(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_reply *reply = peal_ack_later(event);
  if (reply && peal_nsp_fetch(peal_socket_nsp(socket), NULL, on_fetched, reply))
    peal_reply_drop(reply);
}

/* Nobody is asked. */
static void on_near(peal_socket *socket, const peal_event *event, void *user) {
  peal_cluster_presence presence;
  (void)user;
  peal_cluster_presence_get(cluster, peal_socket_nsp(socket), NULL, &presence);
  peal_ack(event, PEAL_ARGS(peal_int((int64_t)presence.count)));
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(&(peal_server_opts){
      .port = argc > 1 ? atoi(argv[1]) : 3000, .cors.origins = "*"});
  peal_nsp *chat = peal_server_of(server, "/");
  cluster = peal_cluster_new(server, &(peal_cluster_opts){0});
  if (!server || !cluster)
    return 1;
  peal_on(chat, "name", on_name, NULL);
  peal_on(chat, "say", on_say, NULL);
  peal_on(chat, "who", on_who, NULL);
  peal_on(chat, "near", on_near, NULL);
  int code = peal_server_run(server);
  peal_cluster_free(cluster);
  peal_server_free(server);
  return code;
}
