/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_fixture: nodes of a cluster in one process, each a server with a thread
 * of its own, over a real Redis. */
#include <peal/cluster.h>

#include "../server/server_fixture.h"
#include "redis_fixture.h"

#define NODES 3

typedef struct cluster_node {
  server_fixture it;
  peal_cluster *cluster;
} cluster_node;

static redis_server cluster_redis;
static cluster_node nodes[NODES];
static size_t node_count;

static inline void cluster_on_enter(peal_socket *socket,
                                    const peal_event *event, void *user) {
  (void)user;
  assert_int_equal(peal_join(socket, peal_event_str(event, 0)), PEAL_OK);
  (void)peal_socket_set_data(socket,
                             PEAL_OBJECT({"name", peal_event_arg(event, 1)}));
  (void)peal_ack(event, PEAL_NO_ARGS);
}

/* To others in the room, whoever says it. */
static inline void cluster_on_say(peal_socket *socket, const peal_event *event,
                                  void *user) {
  const char *room = peal_event_str(event, 0);
  (void)user;
  assert_int_equal(peal_emit_to(socket, PEAL_TO(room), "said",
                                PEAL_ARGS(peal_event_arg(event, 1))),
                   PEAL_OK);
}

static inline void cluster_make_with(cluster_node *node,
                                     const peal_cluster_opts *like,
                                     unsigned workers,
                                     const peal_server_opts *server) {
  char url[64];
  peal_server_opts opts = *server;
  peal_cluster_opts own = *like;
  opts.workers = workers;
  snprintf(url, sizeof url, "redis://127.0.0.1:%u", cluster_redis.port);
  own.url = own.url ? own.url : url;
  node->it = server_make(&opts);
  assert_int_equal(peal_on(node->it.root, "enter", cluster_on_enter, NULL),
                   PEAL_OK);
  assert_int_equal(peal_on(node->it.root, "say", cluster_on_say, NULL),
                   PEAL_OK);
  node->cluster = peal_cluster_new(node->it.server, &own);
  assert_non_null(node->cluster);
}

static inline void cluster_make(cluster_node *node,
                                const peal_cluster_opts *like,
                                unsigned workers) {
  const peal_server_opts opts = server_opts();
  cluster_make_with(node, like, workers, &opts);
}

static inline peal_cluster_stats cluster_stats(const cluster_node *node) {
  peal_cluster_stats stats;
  peal_cluster_stats_get(node->cluster, &stats);
  return stats;
}

static inline bool cluster_is(const cluster_node *node, int64_t state,
                              size_t others) {
  for (int i = 0; i < 10000; i++) {
    peal_cluster_stats stats = cluster_stats(node);
    if (stats.state == state && stats.nodes == others)
      return true;
    usleep(1000);
  }
  peal_cluster_stats stats = cluster_stats(node);
  fprintf(stderr, "state %d, %llu nodes\n", (int)stats.state,
          (unsigned long long)stats.nodes);
  return false;
}

/* All run, and know of each other. */
static inline void cluster_start(void) {
  for (size_t i = 0; i < node_count; i++)
    server_run(&nodes[i].it);
  for (size_t i = 0; i < node_count; i++)
    assert_true(cluster_is(&nodes[i], PEAL_CLUSTER_UP, node_count - 1));
}

static inline void cluster_open(size_t count, const peal_cluster_opts *opts,
                                unsigned workers) {
  node_count = count;
  for (size_t i = 0; i < count; i++)
    cluster_make(&nodes[i], opts, workers);
}

static inline void cluster_end(cluster_node *node) {
  peal_workers_stop(peal_server_workers(node->it.server), 4000);
  server_join(&node->it);
  peal_cluster_free(node->cluster);
  server_free(&node->it);
}

static inline void cluster_close(void) {
  for (size_t i = 0; i < node_count; i++)
    cluster_end(&nodes[i]);
}

/* A client of node `at` in a room. */
static inline void cluster_enter(sio_client *client, size_t at,
                                 const char *room, const char *name) {
  char text[256];
  assert_true(sio_client_start(client, nodes[at].it.port, SIO_WEBSOCKET));
  snprintf(text, sizeof text, "421[\"enter\",\"%s\",\"%s\"]", room, name);
  assert_true(sio_client_send(client, text));
  assert_true(sio_client_expect(client, "431[]"));
}

static inline int cluster_group_up(void **state) {
  (void)state;
  redis_server_open(&cluster_redis);
  return 0;
}

static inline int cluster_group_down(void **state) {
  (void)state;
  redis_server_close(&cluster_redis);
  return 0;
}
