/* SPDX-License-Identifier: MIT */
#include "proto/cluster_machine.h"

#include <string.h>

#include "base/mem.h"
#include "proto/cluster_hear.h"
#include "proto/cluster_log.h"
#include "proto/cluster_peers.h"
#include "proto/cluster_places.h"
#include "proto/cluster_relay.h"
#include "proto/cluster_request.h"
#include "proto/cluster_rooms.h"
#include "proto/cluster_say.h"
#include "proto/cluster_senders.h"
#include "proto/cluster_tally.h"
#include "proto/proto_limits.h"

#define NEVER UINT64_MAX

/* -- life ---------------------------------------------------------------------------- */

static uint32_t or32(uint32_t value, uint32_t usual) {
  return value ? value : usual;
}

static size_t or_size(size_t value, size_t usual) {
  return value ? value : usual;
}

static void fill(peal_cluster_machine_opts *opts) {
  opts->mem = peal_mem_or_libc(opts->mem);
  opts->streams = opts->streams && opts->node;
  opts->streams_count = opts->streams ? or32(opts->streams_count, 1) : 0;
  opts->request_ms = or32(opts->request_ms, 5000);
  opts->heartbeat_ms = or32(opts->heartbeat_ms, 5000);
  opts->silence_ms = or32(opts->silence_ms, 10000);
  opts->presence_ms = or32(opts->presence_ms, 250);
  opts->max_requests = or32(opts->max_requests, 1024);
  opts->max_nodes = or32(opts->max_nodes, 1024);
  opts->max_presence_bytes = or_size(opts->max_presence_bytes, 16u << 20);
  opts->max_log_bytes = or_size(opts->max_log_bytes, 8u << 20);
}

static void set_names(peal_cluster_machine *machine, peal_slice uid) {
  unsigned marks = (machine->opts.node ? PEAL_CLUSTER_NAME_NODE : 0u) |
                   (machine->opts.python ? PEAL_CLUSTER_NAME_PYTHON : 0u);
  memcpy(machine->uid, uid.ptr, uid.len);
  machine->opts.uid = (peal_slice){machine->uid, sizeof machine->uid};
  /* Of no dialect but Peal's own: a name has a mark. */
  marks = marks ? marks : PEAL_CLUSTER_NAME_PEAL;
  unsigned relayed = marks | PEAL_CLUSTER_NAME_RELAY;
  peal_cluster_name_write(machine->name, uid, marks);
  peal_cluster_name_write(machine->relay_name, uid, relayed);
  peal_cluster_name_write_host(machine->host, uid, marks);
  peal_cluster_name_write_host(machine->relay_host, uid, relayed);
}

peal_err peal_cluster_machine_init(peal_cluster_machine *machine,
                                   const peal_cluster_machine_opts *opts,
                                   uint64_t seed, uint64_t now_ms) {
  if (opts->uid.len != PEAL_CLUSTER_NAME_UID ||
      opts->streams_count > PEAL_CLUSTER_STREAMS_MAX ||
      (opts->relay && !(opts->node && opts->python)))
    return PEAL_ERR_OPTION;
  *machine = (peal_cluster_machine){
      .opts = *opts, .now_ms = now_ms, .dice = seed, .alive_ms = NEVER};
  fill(&machine->opts);
  set_names(machine, opts->uid);
  uint32_t dice = (uint32_t)peal_cluster_state_roll(machine);
  peal_map_init(&machine->requests, machine->opts.mem, dice);
  peal_list_init(&machine->done);
  peal_list_init(&machine->nsps);
  peal_list_init(&machine->nsps_over);
  peal_cluster_peers_init(machine, dice);
  peal_cluster_senders_init(machine, dice);
  peal_cluster_rooms_init(machine, dice);
  peal_cluster_log_init(machine);
  machine->tells_channels[PEAL_CLUSTER_OF_PYTHON] = opts->python;
  machine->tells_channels[PEAL_CLUSTER_OF_PEAL] = true;
  return PEAL_OK;
}

static void let_go(peal_cluster_machine *machine) {
  peal_message_unref(machine->borrowed);
  machine->borrowed = NULL;
}

static void nsp_free(peal_cluster_machine *machine, peal_cluster_nsp *nsp) {
  peal_cluster_state_free(machine, nsp, sizeof *nsp + nsp->len);
}

void peal_cluster_machine_deinit(peal_cluster_machine *machine) {
  peal_list *node;
  let_go(machine);
  peal_cluster_request_deinit(machine);
  peal_cluster_peers_deinit(machine);
  peal_cluster_senders_deinit(machine);
  peal_cluster_rooms_deinit(machine);
  peal_cluster_log_deinit(machine);
  peal_list_move(&machine->nsps, &machine->nsps_over);
  while ((node = peal_list_shift(&machine->nsps)))
    nsp_free(machine, PEAL_LIST_OF(node, peal_cluster_nsp, at));
}

/* -- the connection's fate ------------------------------------------------------------- */

static void set_stage(peal_cluster_machine *machine, peal_cluster_stage stage) {
  machine->stage = stage;
  peal_cluster_relay_settle(machine);
}

void peal_cluster_machine_up(peal_cluster_machine *machine, uint64_t now_ms) {
  machine->now_ms = now_ms;
  if (machine->stage != PEAL_CLUSTER_AT_DOWN)
    return;
  peal_cluster_relay_wait(machine);
  machine->alive_ms = now_ms + machine->opts.heartbeat_ms;
  peal_cluster_peers_excuse(machine, true);
  peal_cluster_places_up(machine);
  set_stage(machine, machine->opts.streams ? PEAL_CLUSTER_AT_JOINING
                                           : PEAL_CLUSTER_AT_UP);
}

/* What would have been told has nobody to be told to. */
static void fall_silent(peal_cluster_machine *machine) {
  machine->says_hello = machine->says_alive = false;
  machine->alive_ms = NEVER;
  machine->shot_at = NULL;
  machine->shot_again = false;
  peal_cluster_peers_excuse(machine, true);
}

void peal_cluster_machine_down(peal_cluster_machine *machine, uint64_t now_ms) {
  machine->now_ms = now_ms;
  if (!peal_cluster_state_is_on(machine))
    return;
  set_stage(machine, PEAL_CLUSTER_AT_DOWN);
  fall_silent(machine);
  peal_cluster_request_end(machine, PEAL_ERR_CLOSED);
  peal_cluster_log_down(machine);
}

void peal_cluster_machine_leave(peal_cluster_machine *machine,
                                uint64_t now_ms) {
  machine->now_ms = now_ms;
  if (peal_cluster_state_is_over(machine))
    return;
  machine->says_bye = peal_cluster_state_is_on(machine);
  machine->says_closed = true;
  set_stage(machine, PEAL_CLUSTER_AT_LEAVING);
  fall_silent(machine);
  peal_cluster_request_end(machine, PEAL_ERR_CLOSED);
  peal_cluster_log_down(machine);
}

/* -- to the others ------------------------------------------------------------------------ */

peal_err peal_cluster_machine_nsp(peal_cluster_machine *machine,
                                  peal_slice name) {
  size_t count = 0;
  for (peal_list *at = machine->nsps.next; at != &machine->nsps;
       at = at->next, count++) {
    peal_cluster_nsp *nsp = PEAL_LIST_OF(at, peal_cluster_nsp, at);
    if (peal_slice_eq((peal_slice){nsp->name, nsp->len}, name))
      return PEAL_OK;
  }
  if (count >= PEAL_LIMIT_CLUSTER_NAMESPACES)
    return PEAL_ERR_LIMIT;
  peal_cluster_nsp *nsp =
      peal_cluster_state_alloc(machine, sizeof *nsp + name.len);
  if (!nsp)
    return PEAL_ERR_NOMEM;
  nsp->len = name.len;
  memcpy(nsp->name, name.ptr, name.len);
  peal_list_push(&machine->nsps, &nsp->at);
  machine->nsps_untold++;
  return PEAL_OK;
}

/* What is subscribed to for it alone is to be given up; where all is one channel
 * there is nothing such. */
void peal_cluster_machine_nsp_end(peal_cluster_machine *machine,
                                  peal_slice name) {
  for (peal_list *at = machine->nsps.next; at != &machine->nsps;
       at = at->next) {
    peal_cluster_nsp *nsp = PEAL_LIST_OF(at, peal_cluster_nsp, at);
    if (!peal_slice_eq((peal_slice){nsp->name, nsp->len}, name))
      continue;
    peal_list_remove(&nsp->at);
    machine->nsps_untold -= !nsp->is_told;
    if (nsp->is_told && machine->opts.node) {
      nsp->is_told = false;
      peal_list_push(&machine->nsps_over, &nsp->at);
    } else {
      nsp_free(machine, nsp);
    }
    return;
  }
}

static peal_err publish_stored(peal_cluster_machine *machine,
                               const peal_op *op) {
  return peal_cluster_log_add(machine, op, false);
}

peal_err peal_cluster_machine_publish(peal_cluster_machine *machine,
                                      const peal_op *op, uint64_t now_ms) {
  peal_bus_msg msg = {.kind = PEAL_BUS_OP, .nsp = op->nsp, .op = *op};
  machine->now_ms = now_ms;
  if (peal_cluster_state_is_over(machine))
    return PEAL_ERR_CLOSED;
  if (!peal_cluster_say_has_room(machine, 2))
    return PEAL_ERR_USAGE;
  peal_err err = machine->opts.streams ? publish_stored(machine, op) : PEAL_OK;
  if (err)
    return err;
  if (!machine->opts.streams)
    peal_cluster_say_op(machine,
                        machine->opts.node ? PEAL_CLUSTER_OF_NODE
                                           : PEAL_CLUSTER_OF_PEAL,
                        &msg, false);
  if (machine->opts.python)
    peal_cluster_say_op(machine, PEAL_CLUSTER_OF_PYTHON, &msg, false);
  return PEAL_OK;
}

peal_err peal_cluster_machine_ask(peal_cluster_machine *machine,
                                  const peal_bus_msg *question,
                                  uint32_t timeout_ms, void *user,
                                  uint64_t now_ms) {
  machine->now_ms = now_ms;
  if (peal_cluster_state_is_over(machine))
    return PEAL_ERR_CLOSED;
  return peal_cluster_request_ask(machine, question, timeout_ms, user);
}

peal_err peal_cluster_machine_call(peal_cluster_machine *machine,
                                   const peal_bus_msg *question,
                                   uint64_t now_ms) {
  peal_bus_msg msg = *question;
  machine->now_ms = now_ms;
  if (peal_cluster_state_is_over(machine))
    return PEAL_ERR_CLOSED;
  if (!peal_cluster_say_has_room(machine, 1))
    return PEAL_ERR_USAGE;
  msg.request = (peal_slice){0};
  peal_cluster_say_op(
      machine, machine->opts.node ? PEAL_CLUSTER_OF_NODE : PEAL_CLUSTER_OF_PEAL,
      &msg, false);
  return PEAL_OK;
}

peal_err peal_cluster_machine_answer(peal_cluster_machine *machine,
                                     peal_cluster_dialect dialect,
                                     const peal_bus_msg *answer,
                                     uint64_t now_ms) {
  machine->now_ms = now_ms;
  if (peal_cluster_state_is_over(machine))
    return PEAL_ERR_CLOSED;
  if (!peal_cluster_say_has_room(machine, 1))
    return PEAL_ERR_USAGE;
  peal_cluster_say_op(machine, dialect, answer, false);
  return PEAL_OK;
}

peal_err peal_cluster_machine_room(peal_cluster_machine *machine,
                                   peal_slice nsp, peal_slice room,
                                   size_t count, bool is_private,
                                   uint64_t now_ms) {
  machine->now_ms = now_ms;
  return peal_cluster_rooms_set(machine, nsp, room, count, is_private);
}

/* -- from the others ------------------------------------------------------------------------ */

static bool hears(peal_cluster_machine *machine, uint64_t now_ms) {
  bool is_on = peal_cluster_state_is_on(machine);
  machine->now_ms = now_ms;
  machine->figures.refused += !is_on;
  return is_on;
}

peal_err peal_cluster_machine_feed(peal_cluster_machine *machine,
                                   peal_cluster_dialect dialect,
                                   const peal_bus_msg *msg, uint64_t now_ms) {
  if (!hears(machine, now_ms))
    return PEAL_ERR_CLOSED;
  return peal_cluster_hear_take(machine, dialect, msg);
}

peal_err peal_cluster_machine_entry(peal_cluster_machine *machine,
                                    unsigned stream, peal_slice id,
                                    const peal_bus_msg *msg, uint64_t now_ms) {
  if (!hears(machine, now_ms))
    return PEAL_ERR_CLOSED;
  return peal_cluster_hear_take_entry(machine, stream, id, msg);
}

void peal_cluster_machine_current(peal_cluster_machine *machine,
                                  unsigned stream, peal_slice id,
                                  uint64_t now_ms) {
  machine->now_ms = now_ms;
  if (machine->stage != PEAL_CLUSTER_AT_JOINING ||
      !peal_cluster_places_current(machine, stream, id))
    return;
  set_stage(machine, PEAL_CLUSTER_AT_UP);
  peal_cluster_log_current(machine);
}

void peal_cluster_machine_trimmed(peal_cluster_machine *machine,
                                  unsigned stream, peal_slice id) {
  if (peal_cluster_places_trimmed(machine, stream, id))
    peal_cluster_log_trimmed(machine, stream);
}

void peal_cluster_machine_added(peal_cluster_machine *machine, uint64_t number,
                                peal_slice id, peal_err err, uint64_t now_ms) {
  machine->now_ms = now_ms;
  peal_cluster_log_added(machine, number, id, err);
}

void peal_cluster_machine_count(peal_cluster_machine *machine, uint64_t number,
                                uint64_t nodes, uint64_t now_ms) {
  machine->now_ms = now_ms;
  peal_cluster_request_count(machine, number, nodes);
}

/* -- time --------------------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t next_ms(const peal_cluster_machine *machine) {
  uint64_t at = peal_due_first_ms(&machine->due);
  if (!peal_cluster_state_is_on(machine))
    return at;
  at = earlier(at, machine->alive_ms);
  at = earlier(at, machine->rooms_at_ms);
  at = earlier(at, peal_cluster_peers_deadline(machine));
  if (machine->log_pause_ms > machine->now_ms)
    at = earlier(at, machine->log_pause_ms);
  if (machine->opts.relay && machine->relay_ms > machine->now_ms)
    at = earlier(at, machine->relay_ms);
  return at;
}

static bool has_channels(const peal_cluster_machine *machine) {
  return machine->tells_channels[PEAL_CLUSTER_OF_PYTHON] ||
         machine->tells_channels[PEAL_CLUSTER_OF_PEAL] ||
         machine->nsps_untold || !peal_list_is_empty(&machine->nsps_over);
}

static bool has_streams(const peal_cluster_machine *machine) {
  for (unsigned i = 0; i < machine->opts.streams_count; i++)
    if (machine->streams[i].reads || machine->streams[i].lost)
      return peal_cluster_state_is_on(machine);
  return false;
}

static bool has_news(const peal_cluster_machine *machine) {
  if (machine->said_count || peal_cluster_log_has_news(machine) ||
      !peal_list_is_empty(&machine->done) ||
      !peal_list_is_empty(&machine->come) ||
      !peal_list_is_empty(&machine->gone) || has_channels(machine) ||
      !peal_list_is_empty(&machine->rooms_subs) || machine->says_bye ||
      machine->says_closed || has_streams(machine))
    return true;
  return peal_cluster_state_is_on(machine) &&
         (machine->says_hello || machine->says_alive ||
          peal_cluster_rooms_has_news(machine));
}

uint64_t peal_cluster_machine_deadline(const peal_cluster_machine *machine) {
  uint64_t at = next_ms(machine);
  if (!has_news(machine))
    return at;
  return machine->starved_ms > machine->now_ms
             ? earlier(at, machine->starved_ms)
             : 0;
}

void peal_cluster_machine_tick(peal_cluster_machine *machine, uint64_t now_ms) {
  uint64_t due = next_ms(machine);
  machine->now_ms = now_ms;
  if (due != NEVER && now_ms > due + PEAL_LIMIT_CLUSTER_LATE_MS)
    peal_cluster_peers_excuse(machine, false);
  peal_cluster_request_tick(machine);
  peal_cluster_peers_tick(machine);
  if (!peal_cluster_state_is_on(machine))
    return;
  peal_cluster_rooms_tick(machine);
  peal_cluster_relay_settle(machine);
  if (machine->alive_ms <= now_ms)
    machine->says_alive = true;
}

/* -- what is to be done ----------------------------------------------------------------------- */

static bool next_channels(peal_cluster_machine *machine,
                          peal_cluster_event *event) {
  for (unsigned i = 0; i < PEAL_CLUSTER_DIALECTS; i++) {
    if (!machine->tells_channels[i])
      continue;
    machine->tells_channels[i] = false;
    *event = (peal_cluster_event){.type = PEAL_CLUSTER_DO_SUBSCRIBE,
                                  .dialect = (uint8_t)i};
    return true;
  }
  return false;
}

/* In front of those that have come: it may be the same name. One that was told
 * is needed until the next call. */
static bool next_nsp_over(peal_cluster_machine *machine,
                          peal_cluster_event *event) {
  while (!peal_list_is_empty(&machine->nsps_over)) {
    peal_cluster_nsp *nsp =
        PEAL_LIST_OF(machine->nsps_over.next, peal_cluster_nsp, at);
    if (nsp->is_told) {
      peal_list_remove(&nsp->at);
      nsp_free(machine, nsp);
      continue;
    }
    nsp->is_told = true;
    *event = (peal_cluster_event){.type = PEAL_CLUSTER_DO_UNSUBSCRIBE,
                                  .dialect = PEAL_CLUSTER_OF_NODE,
                                  .nsp = {nsp->name, nsp->len}};
    return true;
  }
  return false;
}

static bool next_nsp(peal_cluster_machine *machine, peal_cluster_event *event) {
  if (next_nsp_over(machine, event))
    return true;
  for (peal_list *at = machine->nsps.next;
       machine->nsps_untold && at != &machine->nsps; at = at->next) {
    peal_cluster_nsp *nsp = PEAL_LIST_OF(at, peal_cluster_nsp, at);
    if (nsp->is_told)
      continue;
    nsp->is_told = true;
    machine->nsps_untold--;
    *event = (peal_cluster_event){.type = PEAL_CLUSTER_DO_SUBSCRIBE,
                                  .dialect = machine->opts.node
                                                 ? PEAL_CLUSTER_OF_NODE
                                                 : PEAL_CLUSTER_OF_PEAL,
                                  .nsp = {nsp->name, nsp->len}};
    return true;
  }
  return false;
}

static bool next_of_peal(peal_cluster_machine *machine, peal_arena *arena,
                         peal_bus_msg *out) {
  bool *says =
      machine->says_hello ? &machine->says_hello : &machine->says_alive;
  if (*says && peal_cluster_peers_say(machine,
                                      machine->says_hello ? PEAL_BUS_HELLO
                                                          : PEAL_BUS_ALIVE,
                                      arena, out)) {
    *says = false;
    machine->said_alive_ms = machine->now_ms;
    machine->alive_ms = machine->now_ms + machine->opts.heartbeat_ms;
    return true;
  }
  return peal_cluster_peers_next_ask(machine, out) ||
         peal_cluster_rooms_next(machine, !machine->peers.count, arena, out);
}

static bool say_of_peal(peal_cluster_machine *machine, peal_arena *arena,
                        peal_cluster_event *event) {
  peal_bus_msg *out = &machine->out;
  *out = (peal_bus_msg){
      .from = peal_cluster_say_name(machine, PEAL_CLUSTER_OF_PEAL, false)};
  if (machine->says_bye) {
    machine->says_bye = false;
    out->kind = PEAL_BUS_BYE;
  } else if (!peal_cluster_state_is_on(machine) ||
             !next_of_peal(machine, arena, out)) {
    return false;
  }
  *event = (peal_cluster_event){.type = PEAL_CLUSTER_DO_SEND,
                                .dialect = PEAL_CLUSTER_OF_PEAL,
                                .msg = out};
  return true;
}

static bool next_closed(peal_cluster_machine *machine,
                        peal_cluster_event *event) {
  if (!machine->says_closed)
    return false;
  machine->says_closed = false;
  machine->stage = PEAL_CLUSTER_AT_CLOSED;
  *event = (peal_cluster_event){.type = PEAL_CLUSTER_IS_CLOSED};
  return true;
}

bool peal_cluster_machine_next(peal_cluster_machine *machine, peal_arena *arena,
                               peal_cluster_event *event) {
  let_go(machine);
  if (peal_cluster_log_next_run(machine, arena, event) ||
      peal_cluster_say_next(machine, event) ||
      peal_cluster_request_next(machine, event) ||
      peal_cluster_peers_next_news(machine, arena, event) ||
      next_channels(machine, event) || next_nsp(machine, event) ||
      peal_cluster_rooms_next_sub(machine, arena, event))
    return true;
  if (peal_cluster_state_is_on(machine) &&
      (peal_cluster_places_next(machine, event) ||
       peal_cluster_log_next_add(machine, arena, event)))
    return true;
  if (say_of_peal(machine, arena, event) || next_closed(machine, event))
    return true;
  if (has_news(machine))
    machine->starved_ms = machine->now_ms + PEAL_LIMIT_CLUSTER_STARVED_MS;
  return false;
}

/* -- what is known ----------------------------------------------------------------------------- */

peal_slice peal_cluster_machine_name(const peal_cluster_machine *machine,
                                     peal_cluster_dialect dialect) {
  return peal_cluster_say_name(machine, dialect, false);
}

void peal_cluster_machine_presence(const peal_cluster_machine *machine,
                                   peal_slice nsp, peal_slice room,
                                   peal_cluster_known *out) {
  char key[PEAL_LIMIT_CLUSTER_KEY_BYTES];
  size_t len = peal_cluster_tally_len(nsp, room);
  uint32_t cursor = 0;
  const peal_cluster_peer *peer;
  *out = (peal_cluster_known){0};
  if (len > sizeof key) {
    out->unknown = machine->peers.count;
    return;
  }
  peal_cluster_tally_write(key, nsp, room);
  while ((peer = peal_cluster_peers_next(machine, &cursor))) {
    if (!peer->presence.is_known) {
      out->unknown++;
      continue;
    }
    out->nodes++;
    out->count +=
        peal_cluster_presence_count(&peer->presence, (peal_slice){key, len});
  }
}

bool peal_cluster_machine_other(const peal_cluster_machine *machine,
                                uint32_t *cursor, peal_cluster_other *out) {
  const peal_cluster_peer *peer = peal_cluster_peers_next(machine, cursor);
  if (!peer)
    return false;
  *out = (peal_cluster_other){.uid = peal_cluster_peers_name(peer),
                              .since_ms = peer->since_ms,
                              .heard_ms = peer->heard_ms};
  return true;
}

uint64_t peal_cluster_machine_plain(const peal_cluster_machine *machine) {
  return machine->plain_ranks;
}

bool peal_cluster_machine_next_plain(const peal_cluster_machine *machine,
                                     unsigned *cursor, uint64_t *first,
                                     uint64_t *last, uint64_t *rank) {
  if (*cursor >= machine->plain_count)
    return false;
  const peal_cluster_range *it =
      &machine->plain[(machine->plain_first + (*cursor)++) %
                      PEAL_CLUSTER_PLAIN_MAX];
  *first = it->first;
  *last = it->last;
  *rank = it->rank;
  return true;
}

bool peal_cluster_machine_relays(const peal_cluster_machine *machine) {
  return machine->relays;
}

void peal_cluster_machine_figures(const peal_cluster_machine *machine,
                                  peal_cluster_figures *out) {
  *out = machine->figures;
  out->open = machine->open;
  out->others = machine->peers.count;
  out->log_bytes = machine->log_bytes;
}

bool peal_cluster_machine_check(const peal_cluster_machine *machine) {
  return peal_cluster_request_check(machine) &&
         peal_cluster_peers_check(machine) &&
         peal_cluster_rooms_check(machine) && peal_cluster_log_check(machine) &&
         machine->said_count <= PEAL_CLUSTER_SAID_MAX &&
         !(machine->relays && machine->stage != PEAL_CLUSTER_AT_UP);
}
