/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_state: what a cluster_machine holds; its parts stand in files of their
 * own: cluster_say (what is to be sent), cluster_request, cluster_peers (who is
 * there), cluster_rooms (here), cluster_presence (there), cluster_log (own
 * operations on their way to a stream), cluster_places, cluster_relay. */
#include "base/due.h"
#include "base/list.h"
#include "base/map.h"
#include "proto/cluster_types.h"

#define PEAL_CLUSTER_STREAMS_MAX 16u
/* What one verb leaves to be told of what it was lent, at most, twice. */
#define PEAL_CLUSTER_SAID_MAX 8u
/* Ranges of own operations that ran without an offset, each of one outage, that
 * are remembered. */
#define PEAL_CLUSTER_PLAIN_MAX 32u

/* Numbers of own operations. */
typedef struct peal_cluster_range {
  uint64_t first, last;
  uint64_t rank; /* of the first; the others follow */
} peal_cluster_range;

typedef enum peal_cluster_stage {
  PEAL_CLUSTER_AT_DOWN,
  PEAL_CLUSTER_AT_JOINING,
  PEAL_CLUSTER_AT_UP,
  PEAL_CLUSTER_AT_LEAVING,
  PEAL_CLUSTER_AT_CLOSED
} peal_cluster_stage;

/* A message that was lent, on its way to the owner. */
typedef struct peal_cluster_said {
  peal_cluster_event event; /* msg is set when it is told */
  peal_bus_msg msg;
} peal_cluster_said;

/* A place in a stream. */
typedef struct peal_cluster_place {
  uint64_t ms, n;
} peal_cluster_place;

typedef struct peal_cluster_stream {
  peal_cluster_place last; /* read */
  bool is_known;           /* `last` is one */
  bool is_current;         /* read up to now, since it came up */
  bool reads;              /* READ is to be told */
  bool lost;               /* IS_LOST is to be told */
  char text[44];           /* `last` as told */
} peal_cluster_stream;

typedef struct peal_cluster_nsp {
  peal_list at; /* machine->nsps */
  bool is_told; /* subscribed to; of nsps_over: given up */
  size_t len;
  char name[];
} peal_cluster_nsp;

typedef struct peal_cluster_machine {
  peal_cluster_machine_opts opts; /* defaults filled in */
  peal_cluster_stage stage;
  uint64_t now_ms, dice;
  char uid[PEAL_CLUSTER_NAME_UID];
  char name[PEAL_CLUSTER_NAME_LEN], relay_name[PEAL_CLUSTER_NAME_LEN];
  char host[PEAL_CLUSTER_NAME_HOST_LEN], relay_host[PEAL_CLUSTER_NAME_HOST_LEN];

  peal_cluster_said said[PEAL_CLUSTER_SAID_MAX]; /* a ring, oldest first */
  unsigned said_first, said_count;
  peal_bus_msg out;       /* of the event just told */
  peal_message *borrowed; /* its message, until the next call of _next */

  peal_list nsps;
  peal_list nsps_over; /* those that have ended */
  size_t nsps_untold;
  bool tells_channels[PEAL_CLUSTER_DIALECTS]; /* SUBSCRIBE to those of all */
  bool says_bye;
  bool says_closed;

  /* Requests: by id; those that are over wait to be told. */
  peal_map requests;
  peal_list done;
  peal_due_heap due;
  size_t open;
  uint64_t last_number;

  /* Other nodes of Peal, by name; LEFT is to be told of those in `gone`. */
  peal_map peers;
  peal_map senders; /* by name, and in the order in which they were heard of */
  peal_list senders_used;
  peal_list gone, come;
  bool says_hello, says_alive;
  uint64_t alive_ms; /* when the next sign of life is due */
  uint64_t said_alive_ms;
  uint64_t starved_ms; /* memory was out: news are tried again then */
  bool relays;
  uint64_t relay_ms; /* it may from then on; UINT64_MAX: its HELLO has not come
                        back yet */

  /* Rooms here. */
  peal_map rooms;
  peal_list rooms_all;   /* the order of snapshots */
  peal_list rooms_dirty; /* whose count others do not know */
  peal_list rooms_subs;  /* whose subscription is to be changed */
  uint64_t rooms_seq;    /* of the last presence message */
  uint64_t rooms_sum;    /* of what others have been told */
  size_t rooms_told;     /* how many */
  uint64_t rooms_at_ms;  /* the next flush; UINT64_MAX: none */
  unsigned rooms_left;   /* messages that may be told before it */
  bool rooms_are_wrong;  /* memory was out */
  peal_list *shot_at;    /* the next one of a snapshot under way, or NULL */
  bool shot_begins, shot_again;
  uint64_t shot_piece;                   /* of the last one told */
  char shot_to[PEAL_CLUSTER_NAME_LEN];   /* whom it is for */
  char shot_next[PEAL_CLUSTER_NAME_LEN]; /* who asked meanwhile */
  bool shot_to_all, shot_next_all;

  /* Own operations on their way to a stream, in their order. */
  peal_list log;
  size_t log_bytes;
  uint64_t log_number;                              /* of the newest */
  peal_cluster_range plain[PEAL_CLUSTER_PLAIN_MAX]; /* a ring, oldest first */
  unsigned plain_first, plain_count;
  uint64_t plain_ranks;  /* given */
  size_t log_runs;       /* that are to be run without an offset */
  peal_list *log_waits;  /* the first one that is to be added; &log: none */
  uint64_t log_pause_ms; /* none is added before */
  peal_cluster_stream streams[PEAL_CLUSTER_STREAMS_MAX];

  peal_cluster_figures figures;
} peal_cluster_machine;

static inline const peal_mem *peal_cluster_state_mem(
    const peal_cluster_machine *machine) {
  return machine->opts.mem;
}

static inline bool peal_cluster_state_is_on(
    const peal_cluster_machine *machine) {
  return machine->stage == PEAL_CLUSTER_AT_JOINING ||
         machine->stage == PEAL_CLUSTER_AT_UP;
}

static inline bool peal_cluster_state_is_over(
    const peal_cluster_machine *machine) {
  return machine->stage >= PEAL_CLUSTER_AT_LEAVING;
}

/* Memory that is charged. NULL: memory is out, or the account's. */
void *peal_cluster_state_alloc(peal_cluster_machine *machine, size_t size);
void peal_cluster_state_free(peal_cluster_machine *machine, void *ptr,
                             size_t size);
/* Of a name (FNV-1a); not 0. */
uint64_t peal_cluster_state_hash(peal_slice name);
/* 64 random bits. */
uint64_t peal_cluster_state_roll(peal_cluster_machine *machine);
