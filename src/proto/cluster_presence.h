/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_presence: how many sit where on another node, as that has told it.
 *
 *   PRESENCE, arguments: [what, number, nsp, room or null, count, nsp, …]
 *
 *   CHANGES   number: of the node, one more than that of its last CHANGES
 *   BEGIN     number: of its last CHANGES; what follows is all it has
 *   PIECE     number: 1, 2, … of this telling
 *   END       number: one more than that of the last piece
 *   nothing   `to` a node: tell me all
 *
 * Counts are what they are, not by how much they change: so what a piece and a
 * change say of the same room agrees when both have come. */
#include "proto/cluster_state.h"

enum {
  PEAL_CLUSTER_PRESENCE_CHANGES,
  PEAL_CLUSTER_PRESENCE_BEGIN,
  PEAL_CLUSTER_PRESENCE_PIECE,
  PEAL_CLUSTER_PRESENCE_END
};

/* What one other node has told. {0} before _init. */
typedef struct peal_cluster_presence_of {
  peal_map rooms;     /* cluster_tally by key */
  size_t bytes;       /* charged for them */
  uint64_t sum;       /* of all of them */
  uint64_t seq;       /* of the last CHANGES */
  uint64_t piece;     /* the next one */
  bool is_known;      /* all of it is here */
  bool is_filling;    /* between BEGIN and END */
  bool is_too_much;   /* more than max_presence_bytes */
  uint64_t ask_at_ms; /* when to ask for all of it; UINT64_MAX: not */
} peal_cluster_presence_of;

void peal_cluster_presence_init(peal_cluster_presence_of *of,
                                const peal_mem *mem, uint32_t seed);
void peal_cluster_presence_deinit(peal_cluster_machine *machine,
                                  peal_cluster_presence_of *of);
/* What is here may be old: it is known again when a sign of life agrees. */
void peal_cluster_presence_doubt(peal_cluster_presence_of *of);
void peal_cluster_presence_take(peal_cluster_machine *machine,
                                peal_cluster_presence_of *of,
                                const peal_bus_msg *msg);
/* A sign of life says what there is: the number of the last CHANGES, how many
 * rooms, their sum. */
void peal_cluster_presence_compare(peal_cluster_machine *machine,
                                   peal_cluster_presence_of *of, uint64_t seq,
                                   uint64_t count, uint64_t sum);
/* Is it to be asked for now? Then it is not again for a while. */
bool peal_cluster_presence_asks(peal_cluster_machine *machine,
                                peal_cluster_presence_of *of);
size_t peal_cluster_presence_count(const peal_cluster_presence_of *of,
                                   peal_slice key);
/* A room's place in sums: they are the same in whatever order. */
uint64_t peal_cluster_presence_hash(peal_slice key, size_t count);
bool peal_cluster_presence_check(const peal_cluster_presence_of *of);
