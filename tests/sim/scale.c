/* SPDX-License-Identifier: MIT */
/* scale: a hundred nodes and ten million clients, in virtual time: messages
 * arrive by dice, wait for Redis, and at each node that hears them for its core;
 * costs are those measured (docs/cluster-scale.md). It says who is busy how much,
 * how long messages take, and at what rate the first one has no time left.
 *
 *   scale               the table
 *   scale --measure     what one message costs the code here, on this machine */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/bus_node.h"
#include "proto/cluster_machine.h"

#define NODES 100u
#define CLIENTS 10000000.0
#define SHARDS 16u
#define MESSAGES 100000u

/* Microseconds of one core. */
static const double publish_us = 0.45; /* Redis: a PUBLISH nobody hears */
static const double hear_us = 0.24;    /* and each who hears it, 300 bytes */
static const double add_us = 1.0;      /* XADD */
static const double decode_us = 4.0;   /* a node: read, decode, machine */
static const double deliver_us = 2.0;  /* a client: a send of its own */
static const double way_us = 200;      /* each way of the network */

typedef struct load {
  const char *name;
  double rate;      /* messages a second, all nodes together */
  double members;   /* clients that receive one */
  unsigned hearing; /* nodes that do; 0: those with members */
  unsigned shards;  /* servers of Redis by which it goes */
  bool stored;
} load;

static uint64_t dice = 88172645463325252u;

static double roll(void) {
  dice ^= dice << 13;
  dice ^= dice >> 7;
  dice ^= dice << 17;
  return (double)(dice >> 11) / 9007199254740992.0;
}

/* How many of the nodes have one of so many members? */
static double nodes_with(double members) {
  return NODES * (1 - pow(1 - 1.0 / NODES, members));
}

static double hearing_of(const load *it) {
  return it->hearing ? it->hearing : nodes_with(it->members);
}

static double redis_us(const load *it) {
  return (it->stored ? add_us : publish_us) + hear_us * hearing_of(it);
}

static double node_us(const load *it) {
  return hearing_of(it) / NODES * decode_us + it->members / NODES * deliver_us;
}

typedef struct outcome {
  double redis, node; /* parts of a core that are busy */
  double p50_ms, p99_ms, max_rate;
  const char *bottleneck;
} outcome;

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* One after another at each server: whoever comes waits for those before. */
static double serve(double *free_us, double at_us, double cost_us) {
  *free_us = (*free_us > at_us ? *free_us : at_us) + cost_us;
  return *free_us;
}

static double pass(const load *it, double at_us, double *redis, double *nodes) {
  double done = serve(&redis[(unsigned)(roll() * it->shards)], at_us + way_us,
                      redis_us(it));
  double hearing = hearing_of(it), last = 0;
  double deliveries = it->members / hearing * deliver_us;
  for (unsigned i = 0; i < NODES; i++) {
    if (roll() * NODES > hearing)
      continue;
    double ready = serve(&nodes[i], done + way_us, decode_us + deliveries);
    last = ready > last ? ready : last;
  }
  return last ? last - at_us : 2 * way_us;
}

static void run(const load *it, outcome *out) {
  static double times[MESSAGES];
  double redis[SHARDS] = {0}, nodes[NODES] = {0}, at_us = 0;
  for (size_t i = 0; i < MESSAGES; i++) {
    at_us -= log(1 - roll()) * 1e6 / it->rate;
    times[i] = pass(it, at_us, redis, nodes);
  }
  qsort(times, MESSAGES, sizeof *times, compare);
  out->redis = it->rate * redis_us(it) / 1e6 / it->shards;
  out->node = it->rate * node_us(it) / 1e6;
  out->p50_ms = times[MESSAGES / 2] / 1000;
  out->p99_ms = times[MESSAGES / 100 * 99] / 1000;
  out->bottleneck = out->redis > out->node ? "Redis" : "a node";
  out->max_rate = it->rate / (out->redis > out->node ? out->redis : out->node);
}

static void print(const load *it) {
  outcome out;
  run(it, &out);
  printf("| %s | %.0f | %.1f | %.0f %% | %.0f %% | ", it->name, it->rate,
         hearing_of(it), out.redis * 100, out.node * 100);
  if (out.redis < 1 && out.node < 1)
    printf("%.1f, %.1f", out.p50_ms, out.p99_ms);
  else
    printf("grows");
  printf(" | %s at %.0f |\n", out.bottleneck, out.max_rate);
}

static void table(void) {
  const double chat = CLIENTS / 600; /* each says something in ten minutes */
  const load loads[] = {
      {"rooms of 20, classic", chat, 20, NODES, 1, false},
      {"rooms of 20, dynamic", chat, 20, 0, 1, false},
      {"rooms of 20, dynamic, 16 shards", chat * 10, 20, 0, 16, false},
      {"one client each, classic", chat, 1, NODES, 1, false},
      {"one client each, dynamic, 16 shards", chat * 10, 1, 0, 16, false},
      {"rooms of 20, streams", chat, 20, NODES, 1, true},
      {"rooms of 20, 16 streams", chat, 20, NODES, 16, true},
      {"all ten million", 1, CLIENTS, NODES, 1, false},
      {"ten thousand", 500, 10000, NODES, 1, false}};
  puts("| load | messages/s | nodes that hear one | Redis busy | a node's core "
       "busy | p50, p99 ms | no time left |");
  puts("|---|---|---|---|---|---|---|");
  for (size_t i = 0; i < sizeof loads / sizeof *loads; i++)
    print(&loads[i]);
}

/* -- what it costs here ------------------------------------------------------------ */

static double cpu_us(void) {
  return (double)clock() * 1e6 / CLOCKS_PER_SEC;
}

static void hear(peal_cluster_machine *machine, peal_slice bytes,
                 peal_arena *arena) {
  peal_bus_msg msg = {0};
  peal_cluster_event event;
  if (!peal_bus_node_decode(&msg, bytes, arena))
    (void)peal_cluster_machine_feed(machine, PEAL_CLUSTER_OF_NODE, &msg, 1);
  while (peal_cluster_machine_next(machine, arena, &event))
    continue;
  peal_message_unref(msg.op.message);
  peal_arena_reset(arena);
}

static int measure(void) {
  static char word[200];
  char text[260];
  peal_cluster_machine machine;
  peal_arena arena;
  peal_buf bytes;
  memset(word, 'x', sizeof word - 1);
  snprintf(text, sizeof text, "2[\"message\",\"%s\"]", word);
  peal_arena_init(&arena, NULL, 0, 0);
  peal_buf_init(&bytes, NULL, 0);
  const peal_cluster_machine_opts opts = {.uid = PEAL_S("0123456789abcdef"),
                                          .node = true};
  peal_op op = {.kind = PEAL_OP_EMIT, .nsp = PEAL_S("/")};
  op.to.room_names = PEAL_NAMES(PEAL_S("room"));
  op.message = peal_message_new(peal_slice_of(text), NULL, 0, NULL);
  const peal_bus_msg msg = {
      .kind = PEAL_BUS_OP, .from = PEAL_S("node"), .nsp = op.nsp, .op = op};
  if (!op.message || peal_cluster_machine_init(&machine, &opts, 1, 1))
    return 1;
  peal_cluster_machine_up(&machine, 1);
  double begin = cpu_us();
  for (size_t i = 0; i < MESSAGES; i++) {
    peal_buf_reset(&bytes);
    peal_bus_node_encode(&bytes, &msg, PEAL_BUS_NODE_SHARDED, &arena);
    peal_arena_reset(&arena);
  }
  double encoded = cpu_us();
  for (size_t i = 0; i < MESSAGES; i++)
    hear(&machine, peal_buf_slice(&bytes), &arena);
  double heard = cpu_us();
  printf("%zu bytes: encode %.2f us, decode and machine %.2f us\n", bytes.len,
         (encoded - begin) / MESSAGES, (heard - encoded) / MESSAGES);
  peal_message_unref(op.message);
  peal_cluster_machine_deinit(&machine);
  peal_buf_deinit(&bytes);
  peal_arena_deinit(&arena);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && !strcmp(argv[1], "--measure"))
    return measure();
  table();
  return 0;
}
