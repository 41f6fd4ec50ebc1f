/* SPDX-License-Identifier: MIT */
#include "proto/cluster_peers.h"

#include <string.h>

#include "base/mem.h"
#include "proto/cluster_request.h"

#define NEVER UINT64_MAX

/* -- life ---------------------------------------------------------------------------- */

void peal_cluster_peers_init(peal_cluster_machine *machine, uint32_t seed) {
  peal_map_init(&machine->peers, machine->opts.mem, seed);
  peal_list_init(&machine->come);
  peal_list_init(&machine->gone);
}

static void free_peer(peal_cluster_machine *machine, peal_cluster_peer *peer) {
  peal_list_remove(&peer->at);
  peal_cluster_state_free(machine, peer, sizeof *peer);
}

void peal_cluster_peers_deinit(peal_cluster_machine *machine) {
  uint32_t cursor = 0;
  peal_cluster_peer *peer;
  peal_list *node;
  while ((peer = peal_cluster_peers_next(machine, &cursor))) {
    peal_cluster_presence_deinit(machine, &peer->presence);
    free_peer(machine, peer);
  }
  while ((node = peal_list_shift(&machine->gone)))
    free_peer(machine, PEAL_LIST_OF(node, peal_cluster_peer, at));
  peal_map_deinit(&machine->peers);
}

peal_cluster_peer *peal_cluster_peers_find(const peal_cluster_machine *machine,
                                           peal_slice name) {
  return peal_map_get(&machine->peers, name);
}

peal_cluster_peer *peal_cluster_peers_next(const peal_cluster_machine *machine,
                                           uint32_t *cursor) {
  return peal_map_next(&machine->peers, cursor);
}

static peal_err make(peal_cluster_machine *machine, peal_slice name,
                     peal_cluster_peer **out) {
  if (machine->peers.count >= machine->opts.max_nodes)
    return PEAL_ERR_LIMIT;
  peal_cluster_peer *peer = peal_cluster_state_alloc(machine, sizeof *peer);
  if (!peer)
    return PEAL_ERR_NOMEM;
  memcpy(peer->name, name.ptr, sizeof peer->name);
  if (peal_map_add(&machine->peers, peal_cluster_peers_name(peer), peer)) {
    peal_cluster_state_free(machine, peer, sizeof *peer);
    return PEAL_ERR_NOMEM;
  }
  peer->since_ms = peer->heard_ms = machine->now_ms;
  peal_cluster_presence_init(&peer->presence, machine->opts.mem,
                             (uint32_t)peal_cluster_state_roll(machine));
  peal_list_init(&peer->at);
  peal_list_push(&machine->come, &peer->at);
  *out = peer;
  return PEAL_OK;
}

/* -- what they say ---------------------------------------------------------------------- */

void peal_cluster_peers_heard(peal_cluster_machine *machine, peal_slice name) {
  peal_cluster_peer *peer = peal_cluster_peers_find(machine, name);
  if (peer)
    peer->heard_ms = machine->now_ms;
}

static uint64_t number_at(peal_args args, size_t index) {
  int64_t number = index < args.count ? peal_val_int(args.items[index], 0) : 0;
  return number > 0 ? (uint64_t)number : 0;
}

peal_err peal_cluster_peers_alive(peal_cluster_machine *machine,
                                  const peal_bus_msg *msg) {
  peal_cluster_peer *peer = peal_cluster_peers_find(machine, msg->from);
  peal_err err = PEAL_OK;
  if (!(peal_cluster_name_marks(msg->from, NULL)))
    return PEAL_ERR_SIO_PACKET;
  if (!peer)
    err = make(machine, msg->from, &peer);
  if (err)
    return err;
  uint64_t flags = number_at(msg->args, 0);
  peer->heard_ms = machine->now_ms;
  peer->can_relay = flags & PEAL_CLUSTER_PEERS_CAN_RELAY;
  peer->relays = flags & PEAL_CLUSTER_PEERS_RELAYS;
  if (flags & PEAL_CLUSTER_PEERS_IS_WRONG)
    peal_cluster_presence_doubt(&peer->presence);
  else
    peal_cluster_presence_compare(
        machine, &peer->presence, number_at(msg->args, 1),
        number_at(msg->args, 2), number_at(msg->args, 3));
  return PEAL_OK;
}

/* -- how they end ------------------------------------------------------------------------ */

static void drop(peal_cluster_machine *machine, peal_cluster_peer *peer) {
  peal_slice name = peal_cluster_peers_name(peer);
  peal_map_remove(&machine->peers, name);
  peal_cluster_presence_deinit(machine, &peer->presence);
  peal_cluster_request_lost(machine, name, peer->since_ms);
  peal_list_remove(&peer->at);
  if (peer->is_told)
    peal_list_push(&machine->gone, &peer->at);
  else
    free_peer(machine, peer);
}

void peal_cluster_peers_bye(peal_cluster_machine *machine, peal_slice name) {
  peal_cluster_peer *peer = peal_cluster_peers_find(machine, name);
  if (peer)
    drop(machine, peer);
}

void peal_cluster_peers_excuse(peal_cluster_machine *machine, bool doubt) {
  uint32_t cursor = 0;
  peal_cluster_peer *peer;
  while ((peer = peal_cluster_peers_next(machine, &cursor))) {
    peer->heard_ms = machine->now_ms;
    if (!doubt)
      continue;
    peer->relays = false;
    peal_cluster_presence_doubt(&peer->presence);
  }
}

static bool is_silent(const peal_cluster_machine *machine,
                      const peal_cluster_peer *peer) {
  return machine->now_ms >= peer->heard_ms + machine->opts.silence_ms;
}

void peal_cluster_peers_tick(peal_cluster_machine *machine) {
  uint32_t cursor = 0;
  peal_cluster_peer *peer;
  if (!peal_cluster_state_is_on(machine))
    return;
  while ((peer = peal_cluster_peers_next(machine, &cursor)))
    if (is_silent(machine, peer))
      drop(machine, peer);
}

uint64_t peal_cluster_peers_deadline(const peal_cluster_machine *machine) {
  uint32_t cursor = 0;
  uint64_t first = NEVER;
  const peal_cluster_peer *peer;
  while ((peer = peal_cluster_peers_next(machine, &cursor))) {
    uint64_t silent = peer->heard_ms + machine->opts.silence_ms;
    first = silent < first ? silent : first;
    first = peer->presence.ask_at_ms < first ? peer->presence.ask_at_ms : first;
  }
  return peal_cluster_state_is_on(machine) ? first : NEVER;
}

/* -- news --------------------------------------------------------------------------------- */

bool peal_cluster_peers_next_news(peal_cluster_machine *machine,
                                  peal_arena *arena,
                                  peal_cluster_event *event) {
  bool is_gone = !peal_list_is_empty(&machine->gone);
  peal_list *list = is_gone ? &machine->gone : &machine->come;
  if (peal_list_is_empty(list))
    return false;
  peal_cluster_peer *peer = PEAL_LIST_OF(list->next, peal_cluster_peer, at);
  char *name = peal_arena_str(arena, peal_cluster_peers_name(peer));
  if (!name)
    return false;
  peal_list_remove(&peer->at);
  *event = (peal_cluster_event){.type = is_gone ? PEAL_CLUSTER_IS_LEFT
                                                : PEAL_CLUSTER_IS_JOINED,
                                .dialect = PEAL_CLUSTER_OF_PEAL,
                                .from = {name, sizeof peer->name},
                                .since_ms = peer->since_ms,
                                .heard_ms = peer->heard_ms};
  peer->is_told = true;
  if (is_gone)
    free_peer(machine, peer);
  return true;
}

bool peal_cluster_peers_next_ask(peal_cluster_machine *machine,
                                 peal_bus_msg *out) {
  uint32_t cursor = 0;
  peal_cluster_peer *peer;
  while ((peer = peal_cluster_peers_next(machine, &cursor))) {
    if (!peal_cluster_presence_asks(machine, &peer->presence))
      continue;
    out->kind = PEAL_BUS_PRESENCE;
    out->to = peal_cluster_peers_name(peer);
    return true;
  }
  return false;
}

static uint64_t flags_of(const peal_cluster_machine *machine) {
  return (machine->opts.relay ? PEAL_CLUSTER_PEERS_CAN_RELAY : 0u) |
         (machine->relays ? PEAL_CLUSTER_PEERS_RELAYS : 0u) |
         (machine->rooms_are_wrong ? PEAL_CLUSTER_PEERS_IS_WRONG : 0u);
}

bool peal_cluster_peers_say(peal_cluster_machine *machine, peal_bus_kind kind,
                            peal_arena *arena, peal_bus_msg *out) {
  peal_val *items = peal_arena_alloc(arena, 4 * sizeof *items);
  if (!items)
    return false;
  items[0] = peal_int((int64_t)flags_of(machine));
  items[1] = peal_int((int64_t)machine->rooms_seq);
  items[2] = peal_int((int64_t)machine->rooms_told);
  items[3] = peal_int((int64_t)machine->rooms_sum);
  out->kind = (uint8_t)kind;
  out->args = (peal_args){items, 4};
  return true;
}

bool peal_cluster_peers_check(const peal_cluster_machine *machine) {
  uint32_t cursor = 0;
  const peal_cluster_peer *peer;
  while ((peer = peal_cluster_peers_next(machine, &cursor)))
    if (!peal_cluster_presence_check(&peer->presence) ||
        peer->presence.bytes > machine->opts.max_presence_bytes)
      return false;
  return machine->peers.count <= machine->opts.max_nodes;
}
