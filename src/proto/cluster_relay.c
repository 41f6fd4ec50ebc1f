/* SPDX-License-Identifier: MIT */
#include "proto/cluster_relay.h"

#include <string.h>

#include "proto/cluster_log.h"
#include "proto/cluster_peers.h"
#include "proto/cluster_say.h"
#include "proto/cluster_senders.h"
#include "proto/proto_limits.h"

/* -- who ------------------------------------------------------------------------------ */

static bool is_lower(const peal_cluster_machine *machine,
                     const peal_cluster_peer *peer) {
  return memcmp(peer->name, machine->name, sizeof peer->name) < 0;
}

/* Others take a node's place when it has been silent for silence_ms: whoever has
 * said nothing for almost as long, because it stood still, holds it no more. */
static bool has_lapsed(const peal_cluster_machine *machine) {
  return machine->now_ms >= machine->said_alive_ms + machine->opts.silence_ms -
                                machine->opts.silence_ms / 4;
}

static bool should(const peal_cluster_machine *machine) {
  uint32_t cursor = 0;
  const peal_cluster_peer *peer;
  if (!machine->opts.relay || machine->stage != PEAL_CLUSTER_AT_UP)
    return false;
  if (!machine->relays && machine->now_ms < machine->relay_ms)
    return false;
  while ((peer = peal_cluster_peers_next(machine, &cursor))) {
    bool before = is_lower(machine, peer);
    if (machine->relays ? peer->relays && before
                        : peer->relays || (peer->can_relay && before))
      return false;
  }
  return true;
}

void peal_cluster_relay_wait(peal_cluster_machine *machine) {
  machine->relays = false;
  machine->relay_ms = UINT64_MAX;
  machine->says_hello = true;
}

void peal_cluster_relay_greeted(peal_cluster_machine *machine) {
  if (machine->relay_ms == UINT64_MAX)
    machine->relay_ms = machine->now_ms + PEAL_LIMIT_CLUSTER_RELAY_MS;
}

static bool holds(peal_cluster_machine *machine) {
  if (machine->opts.relay && machine->relay_ms != UINT64_MAX &&
      has_lapsed(machine))
    peal_cluster_relay_wait(machine);
  return machine->relays;
}

void peal_cluster_relay_settle(peal_cluster_machine *machine) {
  if (peal_cluster_state_is_on(machine))
    (void)holds(machine);
  bool relays = should(machine);
  if (relays == machine->relays)
    return;
  machine->relays = relays;
  machine->says_alive = true;
}

/* -- what ------------------------------------------------------------------------------ */

static void run(peal_cluster_machine *machine, peal_cluster_dialect dialect,
                const peal_bus_msg *msg, peal_slice offset) {
  peal_cluster_say_add(machine, PEAL_CLUSTER_DO_RUN, dialect, msg)->offset =
      offset;
}

static void relay(peal_cluster_machine *machine, peal_cluster_dialect to,
                  const peal_bus_msg *msg) {
  machine->figures.relayed++;
  peal_cluster_say_op(machine, to, msg, true);
}

/* Stored operations are taken from where they are stored. */
static bool takes_stored(const peal_cluster_machine *machine) {
  return machine->opts.streams && machine->opts.relay;
}

bool peal_cluster_relay_is_double(const peal_cluster_machine *machine,
                                  peal_cluster_dialect dialect,
                                  peal_slice from) {
  unsigned marks = peal_cluster_name_marks(from, NULL);
  if (dialect == PEAL_CLUSTER_OF_NODE)
    return (marks & PEAL_CLUSTER_NAME_RELAY) && machine->opts.python &&
           !takes_stored(machine);
  if (dialect == PEAL_CLUSTER_OF_PEAL)
    return false;
  marks = peal_cluster_name_host_marks(from, NULL);
  return marks && (machine->opts.node || !(marks & PEAL_CLUSTER_NAME_NODE));
}

static void take_node(peal_cluster_machine *machine, const peal_bus_msg *msg,
                      peal_slice offset) {
  run(machine, PEAL_CLUSTER_OF_NODE, msg, offset);
  if (holds(machine) &&
      !(peal_cluster_name_marks(msg->from, NULL) & PEAL_CLUSTER_NAME_PYTHON))
    relay(machine, PEAL_CLUSTER_OF_PYTHON, msg);
}

static peal_err take_other(peal_cluster_machine *machine,
                           peal_cluster_dialect dialect,
                           const peal_bus_msg *msg) {
  if (!takes_stored(machine)) {
    run(machine, dialect, msg, (peal_slice){0});
    if (holds(machine))
      relay(machine, PEAL_CLUSTER_OF_NODE, msg);
    return PEAL_OK;
  }
  if (!holds(machine))
    return PEAL_OK;
  machine->figures.relayed++;
  return peal_cluster_log_add(machine, &msg->op, true);
}

peal_err peal_cluster_relay_take(peal_cluster_machine *machine,
                                 peal_cluster_dialect dialect,
                                 const peal_bus_msg *msg) {
  if (dialect != PEAL_CLUSTER_OF_NODE)
    return take_other(machine, dialect, msg);
  take_node(machine, msg, (peal_slice){0});
  return PEAL_OK;
}

peal_err peal_cluster_relay_take_entry(peal_cluster_machine *machine,
                                       unsigned stream, const peal_bus_msg *msg,
                                       peal_slice offset) {
  if (!peal_cluster_senders_take(machine, msg->from, stream, msg->number))
    return PEAL_ERR_EXISTS;
  if (peal_cluster_relay_is_double(machine, PEAL_CLUSTER_OF_NODE, msg->from))
    return PEAL_ERR_EXISTS;
  take_node(machine, msg, offset);
  return PEAL_OK;
}
