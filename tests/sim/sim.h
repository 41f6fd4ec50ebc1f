/* SPDX-License-Identifier: MIT */
#pragma once
/* sim: hours of a cluster's life in one process: machines, operations and
 * dialects are the real ones; Redis, the network, the nodes' sockets and their
 * clients are simulated, under one virtual clock with seeded dice.
 *
 *   sim_main    the command: seeds, steps, trace
 *   sim_world   what happens when, and what has to hold in the end
 *   sim_redis   Redis and the links to it: Pub/Sub, streams, restarts
 *   sim_node    a process: the machine with its glue, and others' servers
 *   sim_client  clients: their rooms, what they get, how they come back
 *
 * A seed replays exactly: all that happens goes into a hash. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/cluster_machine.h"
#include "proto/cluster_places.h"
#include "torture.h"

#define SIM_NODES 5u
#define SIM_LINKS (SIM_NODES + 2u) /* and a server of Python's, one of Node's */
#define SIM_PYTHON SIM_NODES
#define SIM_NODE (SIM_NODES + 1u)
#define SIM_CLIENTS 10u
#define SIM_ROOMS 4u
#define SIM_MOVED 3u /* the room that others let sockets join and leave */
#define SIM_EVENTS 8192u
#define SIM_HAD 64u
#define SIM_BEGIN_MS 1000000u /* of the clock */
#define SIM_NEVER UINT64_MAX

typedef struct sim_opts {
  uint64_t seed;
  unsigned steps;
  bool trace;
} sim_opts;

/* What a seed chooses. */
typedef struct sim_config {
  unsigned nodes, clients;
  bool streams, python, relay, keep, persists, dynamic, faults;
  unsigned max_len; /* of the stream */
} sim_config;

/* One event that was emitted; its number is its argument. */
typedef struct sim_event {
  unsigned origin; /* link */
  uint64_t at_ms;
  unsigned rooms, except; /* masks; rooms 0: all */
  unsigned life;          /* of a node of Peal, its origin */
  bool acked;             /* XADD was answered */
  unsigned stored;    /* so often: it stands in the stream, or stood there */
  bool refused;       /* Redis was full: it may come late */
  bool has_run;       /* at its origin */
  uint8_t foreign[2]; /* how often others' servers had it */
} sim_event;

typedef enum sim_kind {
  SIM_PUBLISH = 1,
  SIM_SUBSCRIBE,
  SIM_UNSUBSCRIBE,
  SIM_ADD,
  SIM_READ,
  SIM_NUMSUB,
  SIM_SAVE,
  SIM_RESTORE,
  SIM_MESSAGE,
  SIM_ADDED,
  SIM_ENTRY,
  SIM_CURRENT,
  SIM_TRIMMED,
  SIM_COUNTED,
  SIM_RESTORED,
  SIM_UP
} sim_kind;

/* What travels on a link. */
typedef struct sim_packet {
  struct sim_packet *next;
  uint64_t at_ms;
  sim_kind kind;
  char channel[160];
  char *data;
  size_t len;
  uint64_t number;
  unsigned client, generation, of;
  peal_cluster_place place;
  bool has_place, ok;
  size_t first, end; /* ENTRY, RESTORED: of the stream's entries */
  peal_err err;
} sim_packet;

typedef struct sim_link {
  bool is_up;             /* as Redis sees it */
  bool reads;             /* its XREAD waits */
  sim_packet *out, *in;   /* to Redis, to the node */
  uint64_t out_ms, in_ms; /* of the last one: TCP keeps the order */
  char *channels[256];
  unsigned channel_count;
} sim_link;

typedef struct sim_entry {
  peal_cluster_place place;
  char *uid, *nsp, *type, *data;
  uint64_t number;
} sim_entry;

/* Of a session: own operations of one node that a client has had. */
typedef struct sim_had {
  unsigned node, life;
  uint64_t first, last;
} sim_had;

typedef struct sim_session {
  bool is_there;
  unsigned of; /* the client's generation: its pid */
  unsigned rooms, had_count;
  sim_had had[SIM_HAD];
} sim_session;

typedef struct sim_delivery {
  unsigned event;
  peal_cluster_place place;
  bool has_place;
  bool is_late; /* stored after others that it ran before: IS_STORED */
  char from[PEAL_CLUSTER_NAME_LEN]; /* of a node of Peal, whose number it is */
  uint64_t number;
} sim_delivery;

typedef struct sim_client {
  int node; /* -1: none */
  bool is_recovering;
  unsigned generation; /* of its session: what came before is not owed */
  uint64_t since_ms;   /* of this connection */
  uint64_t session_ms; /* of this session */
  unsigned rooms;
  char id[21];
  peal_cluster_place offset, replayed;
  bool has_offset, was_recovered;
  uint64_t start; /* what had run plain at its node when it came */
  unsigned had_count;
  sim_had had[SIM_HAD];
  sim_delivery inbox[SIM_EVENTS];
  unsigned inbox_first, inbox_end;
  sim_delivery later[SIM_EVENTS]; /* while it is recovering */
  unsigned later_count;
  uint8_t received[SIM_EVENTS];
  bool lost_plain[SIM_EVENTS]; /* given without an offset, and not read */
  unsigned last_from[SIM_LINKS];
  unsigned counts[2]; /* recovered, new */
} sim_client;

typedef struct sim_request {
  bool is_open, is_done;
  unsigned node, life, kind, parts;
  uint64_t begun_ms, until_ms;
  bool is_calm; /* nothing went wrong since it was asked */
} sim_request;

typedef struct sim_node {
  bool is_alive, is_up, wants_up, says_frozen;
  unsigned life;
  torture memory;
  peal_account account;
  peal_arena told, decoded;
  peal_cluster_machine machine;
  uint64_t frozen_ms, retry_ms, cut_ms; /* until then */
  uint64_t detects_ms;                  /* a cut link is noticed then */
  uint64_t trouble_ms; /* the last time that anything went wrong */
  uint64_t adds[4096]; /* unanswered commands: their numbers */
  unsigned add_first, add_end;
  uint64_t counts[256];
  unsigned count_count, spins;
  uint64_t up_ms; /* its subscriptions are confirmed then */
  bool is_closed, has_lost, has_read, has_room[SIM_ROOMS];
} sim_node;

typedef struct sim_world {
  sim_opts opts;
  sim_config config;
  uint64_t now_ms, dice, hash;
  sim_link links[SIM_LINKS];
  sim_node nodes[SIM_NODES];
  sim_client clients[SIM_CLIENTS];
  sim_session sessions[SIM_CLIENTS];
  sim_event events[SIM_EVENTS];
  unsigned event_count;
  sim_request requests[4096];
  unsigned request_count;
  bool redis_is_up, redis_is_full;
  uint64_t redis_slow_ms, redis_back_ms, full_ms;
  sim_entry *entries;
  size_t entry_first, entry_count, entry_cap;
  peal_cluster_place deleted, last_place;
  bool has_deleted;
  bool is_calm; /* the end: nothing goes wrong any more */
  uint64_t calm_ms;
  char failure[400];

  struct {
    unsigned delivered, recovered, fresh, cuts, crashes, restarts, freezes;
    unsigned requests, timeouts, relayed, lost, stored;
  } totals;
} sim_world;

extern sim_world w;

/* -- dice, trace --------------------------------------------------------------- */

unsigned sim_roll(unsigned sides);
bool sim_chance(unsigned percent);
void sim_trace(const char *format, ...) PEAL_PRINTF(1, 2);
void sim_fail(const char *format, ...) PEAL_PRINTF(1, 2);

/* -- Redis and the network --------------------------------------------------------- */

sim_packet *sim_packet_new(sim_kind kind);
/* Taken. */
void sim_redis_send(unsigned link, sim_packet *packet);
/* The link breaks: of what is on its way, some is still done. */
void sim_redis_cut(unsigned link);
void sim_redis_connect(unsigned link);
void sim_redis_stop(uint64_t back_ms);
void sim_redis_start(void);
/* When the next packet arrives, at whom; SIM_NEVER: none. */
uint64_t sim_redis_next_ms(unsigned *link, bool *inward);
void sim_redis_step(unsigned link, bool inward);
void sim_redis_deinit(void);

/* -- nodes -------------------------------------------------------------------------- */

void sim_node_start(unsigned node);
void sim_node_crash(unsigned node);
void sim_node_leave(unsigned node);
void sim_node_take(unsigned link, sim_packet *packet); /* borrowed */
uint64_t sim_node_next_ms(unsigned *node);
void sim_node_step(unsigned node);
void sim_node_emit(unsigned node);
void sim_node_move(unsigned node, bool joins);
void sim_node_ask(unsigned node);
void sim_node_tell_rooms(unsigned node);
void sim_foreign_start(unsigned link);
void sim_foreign_emit(unsigned link);
void sim_node_check(unsigned node);

/* -- clients --------------------------------------------------------------------------- */

void sim_client_connect(unsigned client, unsigned node);
void sim_client_drop(unsigned client, bool saves);
/* What asked for its session is a new one: the bus is gone. */
void sim_client_renew(unsigned client);
void sim_client_restored(unsigned client, const sim_packet *packet);
/* RUN on this node: an event to whom it concerns. */
void sim_client_run(unsigned node, unsigned event, const peal_bus_msg *msg,
                    peal_slice offset);
/* An operation that ran here without an offset is stored. */
void sim_client_stored(unsigned node, unsigned event, uint64_t number,
                       uint64_t rank, peal_slice offset);
void sim_client_move(unsigned node, const peal_op *op);
unsigned sim_client_count(unsigned node, const peal_op *op);
void sim_client_read(unsigned client); /* one of what has arrived */
bool sim_client_names(const peal_op *op, const sim_client *client);
/* A stored event that it missed. */
void sim_client_missed(sim_client *client, unsigned event,
                       peal_cluster_place place);
void sim_client_check_all(void);

/* The number that an EVENT carries. */
/* An entry as the client's node replays it. */
void sim_node_replay(sim_client *client, const sim_entry *entry);
bool sim_event_of(const peal_op *op, peal_arena *arena, unsigned *out);
unsigned sim_event_new(unsigned origin, unsigned rooms, unsigned except);
peal_message *sim_event_message(unsigned event);

/* -- the world --------------------------------------------------------------------------- */

/* Run one life; false: something did not hold (w.failure). */
bool sim_world_run(const sim_opts *opts);
