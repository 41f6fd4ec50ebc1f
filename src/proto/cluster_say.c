/* SPDX-License-Identifier: MIT */
#include "proto/cluster_say.h"

#include <assert.h>

bool peal_cluster_say_has_room(const peal_cluster_machine *machine,
                               unsigned count) {
  return machine->said_count + count <= PEAL_CLUSTER_SAID_MAX;
}

peal_cluster_event *peal_cluster_say_add(peal_cluster_machine *machine,
                                         peal_cluster_event_type type,
                                         peal_cluster_dialect dialect,
                                         const peal_bus_msg *msg) {
  assert(peal_cluster_say_has_room(machine, 1));
  unsigned at =
      (machine->said_first + machine->said_count++) % PEAL_CLUSTER_SAID_MAX;
  peal_cluster_said *said = &machine->said[at];
  *said = (peal_cluster_said){
      .event = {.type = (uint8_t)type, .dialect = (uint8_t)dialect}};
  if (msg) {
    said->msg = *msg;
    said->event.msg = &said->msg;
    said->event.nsp = msg->nsp;
  }
  return &said->event;
}

void peal_cluster_say_op(peal_cluster_machine *machine,
                         peal_cluster_dialect dialect, const peal_bus_msg *msg,
                         bool relayed) {
  peal_bus_msg out = *msg;
  out.from = peal_cluster_say_name(machine, dialect, relayed);
  peal_cluster_say_add(machine, PEAL_CLUSTER_DO_SEND, dialect, &out);
}

bool peal_cluster_say_next(peal_cluster_machine *machine,
                           peal_cluster_event *event) {
  if (!machine->said_count)
    return false;
  const peal_cluster_said *said = &machine->said[machine->said_first];
  *event = said->event;
  if (said->event.msg) {
    machine->out = said->msg;
    event->msg = &machine->out;
  }
  machine->said_first = (machine->said_first + 1) % PEAL_CLUSTER_SAID_MAX;
  machine->said_count--;
  return true;
}

peal_slice peal_cluster_say_name(const peal_cluster_machine *machine,
                                 peal_cluster_dialect dialect, bool relayed) {
  if (dialect == PEAL_CLUSTER_OF_PYTHON)
    return (peal_slice){relayed ? machine->relay_host : machine->host,
                        sizeof machine->host};
  return (peal_slice){relayed ? machine->relay_name : machine->name,
                      sizeof machine->name};
}

bool peal_cluster_say_is_own(const peal_cluster_machine *machine,
                             peal_slice name) {
  peal_slice uid;
  return (peal_cluster_name_marks(name, &uid) ||
          peal_cluster_name_host_marks(name, &uid)) &&
         peal_slice_eq(uid, machine->opts.uid);
}
