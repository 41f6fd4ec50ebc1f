/* SPDX-License-Identifier: MIT */
#include "proto/cluster_senders.h"

#include <string.h>

typedef struct sender {
  peal_list at; /* the one heard of last is the last */
  char name[PEAL_CLUSTER_NAME_LEN];

  struct {
    uint64_t last; /* the highest number */
    uint64_t seen; /* of the 64 up to it */
  } taken[PEAL_CLUSTER_STREAMS_MAX];
} sender;

void peal_cluster_senders_init(peal_cluster_machine *machine, uint32_t seed) {
  peal_map_init(&machine->senders, machine->opts.mem, seed);
  peal_list_init(&machine->senders_used);
}

static peal_slice name_of(const sender *it) {
  return (peal_slice){it->name, sizeof it->name};
}

static void drop(peal_cluster_machine *machine, sender *it) {
  peal_map_remove(&machine->senders, name_of(it));
  peal_list_remove(&it->at);
  peal_cluster_state_free(machine, it, sizeof *it);
}

void peal_cluster_senders_deinit(peal_cluster_machine *machine) {
  while (!peal_list_is_empty(&machine->senders_used))
    drop(machine, PEAL_LIST_OF(machine->senders_used.next, sender, at));
  peal_map_deinit(&machine->senders);
}

static sender *make(peal_cluster_machine *machine, peal_slice name) {
  if (machine->senders.count >= machine->opts.max_nodes)
    drop(machine, PEAL_LIST_OF(machine->senders_used.next, sender, at));
  sender *it = peal_cluster_state_alloc(machine, sizeof *it);
  if (!it)
    return NULL;
  memcpy(it->name, name.ptr, sizeof it->name);
  peal_list_init(&it->at);
  if (!peal_map_add(&machine->senders, name_of(it), it))
    return it;
  peal_cluster_state_free(machine, it, sizeof *it);
  return NULL;
}

static bool take(sender *it, unsigned stream, uint64_t number) {
  uint64_t *last = &it->taken[stream].last, *seen = &it->taken[stream].seen;
  if (number > *last) {
    uint64_t by = number - *last;
    *seen = (by < 64 ? *seen << by : 0) | 1;
    *last = number;
    return true;
  }
  uint64_t back = *last - number;
  if (back >= 64)
    return true;
  bool is_new = !(*seen >> back & 1);
  *seen |= UINT64_C(1) << back;
  return is_new;
}

bool peal_cluster_senders_take(peal_cluster_machine *machine, peal_slice name,
                               unsigned stream, uint64_t number) {
  sender *it = peal_map_get(&machine->senders, name);
  if (!number || !peal_cluster_name_marks(name, NULL))
    return true;
  it = it ? it : make(machine, name);
  if (!it)
    return true;
  peal_list_remove(&it->at);
  peal_list_push(&machine->senders_used, &it->at);
  return take(it, stream, number);
}
