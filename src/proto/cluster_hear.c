/* SPDX-License-Identifier: MIT */
#include "proto/cluster_hear.h"

#include "proto/cluster_log.h"
#include "proto/cluster_peers.h"
#include "proto/cluster_places.h"
#include "proto/cluster_relay.h"
#include "proto/cluster_request.h"
#include "proto/cluster_rooms.h"
#include "proto/cluster_say.h"
#include "proto/proto_limits.h"

/* What one message leaves to be told, at most. */
#define SAID 2u

void peal_cluster_hear_want_alive(peal_cluster_machine *machine) {
  uint64_t at = machine->said_alive_ms + PEAL_LIMIT_CLUSTER_ALIVE_MS;
  if (at <= machine->now_ms)
    machine->says_alive = true;
  else if (at < machine->alive_ms)
    machine->alive_ms = at;
}

/* -- nodes of Peal ------------------------------------------------------------------- */

static peal_err take_alive(peal_cluster_machine *machine,
                           const peal_bus_msg *msg) {
  peal_err err = peal_cluster_peers_alive(machine, msg);
  if (!err && msg->kind == PEAL_BUS_HELLO)
    peal_cluster_hear_want_alive(machine);
  peal_cluster_relay_settle(machine);
  return err;
}

static void take_presence(peal_cluster_machine *machine,
                          const peal_bus_msg *msg) {
  peal_cluster_peer *peer = peal_cluster_peers_find(machine, msg->from);
  if (!msg->args.count && msg->to.len)
    peal_cluster_rooms_asked(machine, msg->from);
  else if (peer)
    peal_cluster_presence_take(machine, &peer->presence, msg);
}

static peal_err take_of_peal(peal_cluster_machine *machine,
                             const peal_bus_msg *msg) {
  switch (msg->kind) {
  case PEAL_BUS_HELLO:
  case PEAL_BUS_ALIVE:
    return take_alive(machine, msg);
  case PEAL_BUS_BYE:
    peal_cluster_peers_bye(machine, msg->from);
    peal_cluster_relay_settle(machine);
    return PEAL_OK;
  case PEAL_BUS_PRESENCE:
    take_presence(machine, msg);
    return PEAL_OK;
  default:
    return PEAL_ERR_NOT_FOUND;
  }
}

/* -- everybody ------------------------------------------------------------------------- */

/* Has it all that it needs? A codec sees to that; this is not the place where
 * one is believed. */
static bool is_whole(const peal_op *op) {
  switch ((peal_op_kind)op->kind) {
  case PEAL_OP_EMIT:
    return op->message;
  case PEAL_OP_JOIN:
  case PEAL_OP_LEAVE:
    return op->room.ptr;
  case PEAL_OP_DISCONNECT:
    return true;
  case PEAL_OP_ASK:
  case PEAL_OP_COUNT:
  case PEAL_OP_MEMBERS:
  case PEAL_OP_FETCH:
  case PEAL_OP_ROOMS:
  case PEAL_OP_SEATS:
    break;
  }
  return false;
}

static peal_err take_op(peal_cluster_machine *machine,
                        peal_cluster_dialect dialect, const peal_bus_msg *msg) {
  if (!is_whole(&msg->op))
    return PEAL_ERR_NOT_FOUND;
  return peal_cluster_relay_take(machine, dialect, msg);
}

static peal_err take_query(peal_cluster_machine *machine,
                           peal_cluster_dialect dialect,
                           const peal_bus_msg *msg) {
  bool can_wait = msg->kind == PEAL_BUS_CALL;
  if (!msg->request.len && !can_wait)
    return PEAL_ERR_NOT_FOUND;
  peal_cluster_say_add(machine, PEAL_CLUSTER_DO_QUERY, dialect, msg);
  return PEAL_OK;
}

static peal_err take_kind(peal_cluster_machine *machine,
                          peal_cluster_dialect dialect,
                          const peal_bus_msg *msg) {
  switch (msg->kind) {
  case PEAL_BUS_OP:
    return take_op(machine, dialect, msg);
  case PEAL_BUS_ASK:
  case PEAL_BUS_FETCH:
  case PEAL_BUS_IDS:
  case PEAL_BUS_ROOMS:
  case PEAL_BUS_CALL:
  case PEAL_BUS_COUNT:
    return take_query(machine, dialect, msg);
  case PEAL_BUS_ASKED:
  case PEAL_BUS_ACKED:
  case PEAL_BUS_FETCHED:
  case PEAL_BUS_IDS_ARE:
  case PEAL_BUS_ROOMS_ARE:
  case PEAL_BUS_RETURN:
  case PEAL_BUS_CALLBACK:
  case PEAL_BUS_COUNTED:
    return peal_cluster_request_answer(machine, dialect, msg);
  default:
    return dialect == PEAL_CLUSTER_OF_PEAL ? take_of_peal(machine, msg)
                                           : PEAL_ERR_NOT_FOUND;
  }
}

static bool speaks(const peal_cluster_machine *machine,
                   peal_cluster_dialect dialect) {
  switch (dialect) {
  case PEAL_CLUSTER_OF_NODE:
    return machine->opts.node;
  case PEAL_CLUSTER_OF_PYTHON:
    return machine->opts.python;
  case PEAL_CLUSTER_OF_PEAL:
    break;
  }
  return dialect == PEAL_CLUSTER_OF_PEAL;
}

static peal_err take(peal_cluster_machine *machine,
                     peal_cluster_dialect dialect, const peal_bus_msg *msg) {
  if (peal_cluster_say_is_own(machine, msg->from)) {
    machine->figures.echoes++;
    if (msg->kind == PEAL_BUS_HELLO)
      peal_cluster_relay_greeted(machine);
    return PEAL_OK;
  }
  if (msg->to.len && !peal_cluster_say_is_own(machine, msg->to))
    return PEAL_OK;
  if (peal_cluster_relay_is_double(machine, dialect, msg->from)) {
    machine->figures.doubles++;
    return PEAL_OK;
  }
  if (dialect != PEAL_CLUSTER_OF_PYTHON)
    peal_cluster_peers_heard(machine, msg->from);
  return take_kind(machine, dialect, msg);
}

/* What is not for this node, or no longer, is no error. */
static peal_err tell(peal_cluster_machine *machine, peal_err err) {
  if (err == PEAL_ERR_EXISTS || err == PEAL_ERR_NOT_FOUND)
    err = PEAL_OK;
  else
    machine->figures.refused += err != PEAL_OK;
  return err;
}

peal_err peal_cluster_hear_take(peal_cluster_machine *machine,
                                peal_cluster_dialect dialect,
                                const peal_bus_msg *msg) {
  if (!peal_cluster_say_has_room(machine, SAID))
    return PEAL_ERR_USAGE;
  if (!speaks(machine, dialect))
    return PEAL_ERR_CLOSED;
  return tell(machine, take(machine, dialect, msg));
}

/* -- streams --------------------------------------------------------------------------- */

static peal_err take_stored(peal_cluster_machine *machine, unsigned stream,
                            const peal_bus_msg *msg, peal_slice id) {
  if (msg->kind != PEAL_BUS_OP || !is_whole(&msg->op))
    return take(machine, PEAL_CLUSTER_OF_NODE, msg);
  if (peal_cluster_say_is_own(machine, msg->from)) {
    if (!peal_cluster_log_echo(machine, msg, id))
      machine->figures.echoes++;
    return PEAL_OK;
  }
  peal_err err = peal_cluster_relay_take_entry(machine, stream, msg, id);
  machine->figures.doubles += err == PEAL_ERR_EXISTS;
  return err;
}

peal_err peal_cluster_hear_take_entry(peal_cluster_machine *machine,
                                      unsigned stream, peal_slice id,
                                      const peal_bus_msg *msg) {
  if (!peal_cluster_say_has_room(machine, SAID))
    return PEAL_ERR_USAGE;
  peal_err err = peal_cluster_places_pass(machine, stream, id);
  if (err) {
    machine->figures.doubles += err == PEAL_ERR_EXISTS;
    return err;
  }
  if (!msg) {
    machine->figures.refused++;
    peal_cluster_log_passed(machine, stream);
    return PEAL_OK;
  }
  return tell(machine, take_stored(machine, stream, msg, id));
}
