/* SPDX-License-Identifier: MIT */
#include "proto/cluster_presence.h"

#include "base/mem.h"
#include "proto/cluster_tally.h"
#include "proto/proto_limits.h"

#define NEVER UINT64_MAX

typedef struct tally {
  size_t count;
  uint32_t len;
  char key[];
} tally;

static size_t bytes_of(size_t len) {
  /* The record, and its slots in the map as that grows. */
  return sizeof(tally) + len + 2 * sizeof(peal_map_entry);
}

static peal_slice key_of(const tally *it) {
  return (peal_slice){it->key, it->len};
}

uint64_t peal_cluster_presence_hash(peal_slice key, size_t count) {
  uint64_t hash = peal_cluster_state_hash(key);
  hash = (hash ^ count) * 0xbf58476d1ce4e5b9u;
  hash ^= hash >> 29;
  return hash & PEAL_LIMIT_CLUSTER_INT;
}

static void add_to_sum(peal_cluster_presence_of *of, peal_slice key,
                       size_t count, bool more) {
  uint64_t hash = peal_cluster_presence_hash(key, count);
  of->sum = (more ? of->sum + hash : of->sum - hash) & PEAL_LIMIT_CLUSTER_INT;
}

void peal_cluster_presence_init(peal_cluster_presence_of *of,
                                const peal_mem *mem, uint32_t seed) {
  *of = (peal_cluster_presence_of){.ask_at_ms = NEVER};
  peal_map_init(&of->rooms, mem, seed);
}

static void free_tally(peal_cluster_machine *machine,
                       peal_cluster_presence_of *of, tally *it) {
  size_t bytes = bytes_of(it->len);
  add_to_sum(of, key_of(it), it->count, false);
  peal_map_remove(&of->rooms, key_of(it));
  of->bytes -= bytes;
  machine->figures.rooms--;
  peal_cluster_state_free(machine, it, bytes);
}

static void clear(peal_cluster_machine *machine, peal_cluster_presence_of *of) {
  uint32_t cursor = 0;
  tally *it;
  while ((it = peal_map_next(&of->rooms, &cursor)))
    free_tally(machine, of, it);
}

void peal_cluster_presence_deinit(peal_cluster_machine *machine,
                                  peal_cluster_presence_of *of) {
  clear(machine, of);
  peal_map_deinit(&of->rooms);
}

void peal_cluster_presence_doubt(peal_cluster_presence_of *of) {
  of->is_known = of->is_filling = false;
  of->ask_at_ms = NEVER;
}

/* -- one room ------------------------------------------------------------------------- */

static peal_err add(peal_cluster_machine *machine, peal_cluster_presence_of *of,
                    peal_slice nsp, peal_slice room, size_t count) {
  size_t len = peal_cluster_tally_len(nsp, room), bytes = bytes_of(len);
  if (of->bytes + bytes > machine->opts.max_presence_bytes)
    return PEAL_ERR_LIMIT;
  tally *it = peal_cluster_state_alloc(machine, bytes);
  if (!it)
    return PEAL_ERR_NOMEM;
  it->count = count;
  it->len = (uint32_t)len;
  peal_cluster_tally_write(it->key, nsp, room);
  if (peal_map_add(&of->rooms, key_of(it), it)) {
    peal_cluster_state_free(machine, it, bytes);
    return PEAL_ERR_NOMEM;
  }
  of->bytes += bytes;
  machine->figures.rooms++;
  add_to_sum(of, key_of(it), count, true);
  return PEAL_OK;
}

static peal_err set(peal_cluster_machine *machine, peal_cluster_presence_of *of,
                    peal_slice nsp, peal_slice room, size_t count) {
  char small[PEAL_LIMIT_CLUSTER_KEY_BYTES];
  size_t len = peal_cluster_tally_len(nsp, room);
  if (len > sizeof small)
    return PEAL_ERR_TOO_LONG;
  peal_cluster_tally_write(small, nsp, room);
  tally *it = peal_map_get(&of->rooms, (peal_slice){small, len});
  if (!it)
    return count ? add(machine, of, nsp, room, count) : PEAL_OK;
  if (!count) {
    free_tally(machine, of, it);
    return PEAL_OK;
  }
  add_to_sum(of, key_of(it), it->count, false);
  it->count = count;
  add_to_sum(of, key_of(it), count, true);
  return PEAL_OK;
}

/* -- messages -------------------------------------------------------------------------- */

static void begin_again(peal_cluster_machine *machine,
                        peal_cluster_presence_of *of) {
  of->is_known = of->is_filling = false;
  if (of->ask_at_ms == NEVER)
    of->ask_at_ms = machine->now_ms;
}

static peal_err take_rooms(peal_cluster_machine *machine,
                           peal_cluster_presence_of *of, peal_args args) {
  for (size_t i = 2; i + 3 <= args.count; i += 3) {
    peal_slice nsp = peal_val_str(args.items[i]);
    peal_slice room = {0};
    int64_t count = peal_val_int(args.items[i + 2], -1);
    if (peal_val_is(args.items[i + 1], PEAL_STRING)) {
      room = peal_val_str(args.items[i + 1]);
      room.ptr = room.ptr ? room.ptr : "";
    }
    if (!nsp.len || memchr(nsp.ptr, 0, nsp.len) || count < 0)
      return PEAL_ERR_SIO_PACKET;
    peal_err err = set(machine, of, nsp, room, (size_t)count);
    if (err)
      return err;
  }
  return PEAL_OK;
}

static void take_counts(peal_cluster_machine *machine,
                        peal_cluster_presence_of *of, peal_args args) {
  peal_err err = take_rooms(machine, of, args);
  if (!err)
    return;
  machine->figures.refused++;
  clear(machine, of);
  of->is_known = of->is_filling = false;
  of->is_too_much = err == PEAL_ERR_LIMIT;
  of->ask_at_ms = err == PEAL_ERR_LIMIT
                      ? NEVER
                      : machine->now_ms + PEAL_LIMIT_CLUSTER_ASK_AGAIN_MS;
}

static void take_changes(peal_cluster_machine *machine,
                         peal_cluster_presence_of *of, uint64_t seq,
                         peal_args args) {
  if ((!of->is_known && !of->is_filling) || seq <= of->seq)
    return;
  if (seq != of->seq + 1) {
    begin_again(machine, of);
    return;
  }
  of->seq = seq;
  take_counts(machine, of, args);
}

static void take_begin(peal_cluster_machine *machine,
                       peal_cluster_presence_of *of, uint64_t seq) {
  if (of->is_known || of->is_too_much)
    return;
  clear(machine, of);
  of->is_filling = true;
  of->seq = seq;
  of->piece = 1;
  of->ask_at_ms = machine->now_ms + PEAL_LIMIT_CLUSTER_ASK_AGAIN_MS;
}

static void take_piece(peal_cluster_machine *machine,
                       peal_cluster_presence_of *of, uint64_t number,
                       peal_args args, bool is_last) {
  if (!of->is_filling)
    return;
  if (number != of->piece++) {
    begin_again(machine, of);
    return;
  }
  of->ask_at_ms = machine->now_ms + PEAL_LIMIT_CLUSTER_ASK_AGAIN_MS;
  take_counts(machine, of, args);
  if (!is_last || !of->is_filling)
    return;
  of->is_filling = false;
  of->is_known = true;
  of->ask_at_ms = NEVER;
}

void peal_cluster_presence_take(peal_cluster_machine *machine,
                                peal_cluster_presence_of *of,
                                const peal_bus_msg *msg) {
  peal_args args = msg->args;
  if (args.count < 2)
    return;
  int64_t what = peal_val_int(args.items[0], -1);
  uint64_t number = (uint64_t)peal_val_int(args.items[1], 0);
  if (what == PEAL_CLUSTER_PRESENCE_CHANGES)
    take_changes(machine, of, number, args);
  else if (what == PEAL_CLUSTER_PRESENCE_BEGIN)
    take_begin(machine, of, number);
  else if (what == PEAL_CLUSTER_PRESENCE_PIECE)
    take_piece(machine, of, number, args, false);
  else if (what == PEAL_CLUSTER_PRESENCE_END)
    take_piece(machine, of, number, args, true);
}

/* What was too much is asked for again when it has become much less. */
static bool fits(const peal_cluster_machine *machine, uint64_t count) {
  return count < machine->opts.max_presence_bytes / (2 * bytes_of(32));
}

void peal_cluster_presence_compare(peal_cluster_machine *machine,
                                   peal_cluster_presence_of *of, uint64_t seq,
                                   uint64_t count, uint64_t sum) {
  if (of->is_filling)
    return;
  if (of->is_too_much && !fits(machine, count))
    return;
  of->is_too_much = false;
  of->is_known = seq == of->seq && count == of->rooms.count && sum == of->sum;
  if (of->is_known)
    of->ask_at_ms = NEVER;
  else
    begin_again(machine, of);
}

bool peal_cluster_presence_asks(peal_cluster_machine *machine,
                                peal_cluster_presence_of *of) {
  if (of->ask_at_ms > machine->now_ms)
    return false;
  of->is_filling = false;
  of->ask_at_ms = machine->now_ms + PEAL_LIMIT_CLUSTER_ASK_AGAIN_MS;
  return true;
}

size_t peal_cluster_presence_count(const peal_cluster_presence_of *of,
                                   peal_slice key) {
  const tally *it = peal_map_get(&of->rooms, key);
  return it ? it->count : 0;
}

bool peal_cluster_presence_check(const peal_cluster_presence_of *of) {
  uint32_t cursor = 0;
  uint64_t sum = 0;
  size_t bytes = 0;
  const tally *it;
  while ((it = peal_map_next(&of->rooms, &cursor))) {
    sum += peal_cluster_presence_hash(key_of(it), it->count);
    bytes += bytes_of(it->len);
    if (!it->count)
      return false;
  }
  return (sum & PEAL_LIMIT_CLUSTER_INT) == of->sum && bytes == of->bytes &&
         !(of->is_known && of->is_filling) &&
         !(of->is_known && of->is_too_much);
}
