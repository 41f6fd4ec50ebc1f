/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_peers: the other nodes of Peal, by their names. Whoever says anything
 * lives; who is silent for silence_ms, or says BYE, is gone, and with it what it
 * had (presence) and what it owed (answers).
 *
 *   HELLO, ALIVE   arguments: [flags, number of the last CHANGES, rooms, sum]
 *
 * HELLO is answered by ALIVE. */
#include "proto/cluster_presence.h"
#include "proto/cluster_state.h"

enum {
  PEAL_CLUSTER_PEERS_CAN_RELAY = 1,
  PEAL_CLUSTER_PEERS_RELAYS = 2,
  PEAL_CLUSTER_PEERS_IS_WRONG = 4 /* its counts are not to be believed */
};

typedef struct peal_cluster_peer {
  peal_list at; /* machine->come, gone: to be told */
  uint64_t since_ms, heard_ms;

  bool is_told; /* JOINED was */
  bool can_relay, relays;
  peal_cluster_presence_of presence;
  char name[PEAL_CLUSTER_NAME_LEN];
} peal_cluster_peer;

static inline peal_slice peal_cluster_peers_name(
    const peal_cluster_peer *peer) {
  return (peal_slice){peer->name, sizeof peer->name};
}

void peal_cluster_peers_init(peal_cluster_machine *machine, uint32_t seed);
void peal_cluster_peers_deinit(peal_cluster_machine *machine);
/* NULL: there is none of this name. */
peal_cluster_peer *peal_cluster_peers_find(const peal_cluster_machine *machine,
                                           peal_slice name);
/* The next one, from *cursor = 0 on; NULL at the end. */
peal_cluster_peer *peal_cluster_peers_next(const peal_cluster_machine *machine,
                                           uint32_t *cursor);
/* It has said something. */
void peal_cluster_peers_heard(peal_cluster_machine *machine, peal_slice name);
/* HELLO or ALIVE. Returns: PEAL_OK, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
peal_err peal_cluster_peers_alive(peal_cluster_machine *machine,
                                  const peal_bus_msg *msg);
void peal_cluster_peers_bye(peal_cluster_machine *machine, peal_slice name);
/* The bus was away, or this process stood still: whoever was there may be, for
 * as long as a silence lasts. `doubt`: what they had may be old. */
void peal_cluster_peers_excuse(peal_cluster_machine *machine, bool doubt);
void peal_cluster_peers_tick(peal_cluster_machine *machine);
/* When the next one would be gone, or is to be asked; UINT64_MAX: never. */
uint64_t peal_cluster_peers_deadline(const peal_cluster_machine *machine);
/* JOINED, LEFT. */
bool peal_cluster_peers_next_news(peal_cluster_machine *machine,
                                  peal_arena *arena, peal_cluster_event *event);
/* The next one who is to be asked for all of its rooms. */
bool peal_cluster_peers_next_ask(peal_cluster_machine *machine,
                                 peal_bus_msg *out);
/* This node's HELLO or ALIVE. False: memory is out. */
bool peal_cluster_peers_say(peal_cluster_machine *machine, peal_bus_kind kind,
                            peal_arena *arena, peal_bus_msg *out);
bool peal_cluster_peers_check(const peal_cluster_machine *machine);
