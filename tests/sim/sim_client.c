/* SPDX-License-Identifier: MIT */
/* sim_client: clients: which rooms they sit in, what they get, and what is owed
 * to one that comes back with its offset. What it was given but had not read
 * when its connection broke is lost with that. */
#include "base/arena.h"
#include "proto/names.h"
#include "sim.h"

/* -- whom an operation names ---------------------------------------------------------- */

static unsigned mask_of(peal_names_walk names, const sim_client *client,
                        bool *is_self) {
  unsigned mask = 0;
  for (peal_slice name; peal_names_next(&names, &name);) {
    if (name.len == 2 && name.ptr[0] == 'r')
      mask |= 1u << (unsigned)(name.ptr[1] - '0');
    else if (peal_slice_is(name, client->id))
      *is_self = true;
  }
  return mask;
}

bool sim_client_names(const peal_op *op, const sim_client *client) {
  peal_names_walk rooms = peal_names_rooms(&op->to);
  peal_names_walk except = peal_names_except(&op->to);
  bool in = false, out = false;
  unsigned mask = mask_of(rooms, client, &in);
  unsigned none = mask_of(except, client, &out);
  if (out || (none & client->rooms))
    return false;
  return !peal_names_are_given(&rooms) || !peal_names_count(rooms) || in ||
         (mask & client->rooms);
}

unsigned sim_client_count(unsigned node, const peal_op *op) {
  unsigned count = 0;
  for (unsigned i = 0; i < SIM_CLIENTS; i++)
    count +=
        w.clients[i].node == (int)node && sim_client_names(op, &w.clients[i]);
  return count;
}

void sim_client_move(unsigned node, const peal_op *op) {
  if (op->room.len != 2)
    return;
  unsigned room = 1u << (unsigned)(op->room.ptr[1] - '0');
  for (unsigned i = 0; i < SIM_CLIENTS; i++) {
    sim_client *it = &w.clients[i];
    if (it->node != (int)node || !sim_client_names(op, it))
      continue;
    it->rooms = op->kind == PEAL_OP_JOIN ? it->rooms | room : it->rooms & ~room;
  }
  sim_node_tell_rooms(node);
}

/* -- what they get ----------------------------------------------------------------------- */

static void deliver(sim_client *it, sim_delivery what) {
  const sim_event *event = &w.events[what.event];
  if ((event->rooms && !(event->rooms & it->rooms)) ||
      (event->except & it->rooms))
    sim_fail("client %td is no member for event %u", it - w.clients,
             what.event);
  if (it->inbox_end == SIM_EVENTS) {
    unsigned count = it->inbox_end - it->inbox_first;
    memmove(it->inbox, it->inbox + it->inbox_first, count * sizeof *it->inbox);
    it->inbox_first = 0;
    it->inbox_end = count;
  }
  if (it->inbox_end < SIM_EVENTS)
    it->inbox[it->inbox_end++] = what;
}

/* What may come behind a later one of the same sender. */
static bool is_ordered(const sim_event *event) {
  if (event->refused || (event->rooms & (1u << SIM_MOVED)))
    return false;
  return event->origin < SIM_NODES || !w.config.streams;
}

void sim_client_read(unsigned client) {
  sim_client *it = &w.clients[client];
  if (it->inbox_first == it->inbox_end)
    return;
  sim_delivery what = it->inbox[it->inbox_first++];
  const sim_event *event = &w.events[what.event];
  sim_trace("client %u has %u at %llu-%llu", client, what.event,
            (unsigned long long)what.place.ms,
            (unsigned long long)what.place.n);
  w.totals.delivered++;
  /* What Redis has lost is stored again; and who comes back is given it. */
  bool is_again = !w.config.persists && event->stored > 1;
  if (it->received[what.event]++ && !is_again)
    sim_fail("client %u has event %u twice", client, what.event);
  if (is_ordered(event) && !what.is_late && !is_again) {
    if (what.event <= it->last_from[event->origin])
      sim_fail("client %u has event %u of %u behind %u", client, what.event,
               event->origin, it->last_from[event->origin]);
    it->last_from[event->origin] = what.event;
  }
  if (what.has_place) {
    it->offset = what.place;
    it->has_offset = true;
  }
}

static void read_all(unsigned client) {
  while (w.clients[client].inbox_first < w.clients[client].inbox_end)
    sim_client_read(client);
}

static bool was_replayed(const sim_client *it, sim_delivery what) {
  return it->was_recovered && what.has_place &&
         peal_cluster_places_compare(what.place, it->replayed) <= 0;
}

static void give(sim_client *it, sim_delivery what) {
  if (it->is_recovering) {
    if (what.has_place && it->later_count < SIM_EVENTS)
      it->later[it->later_count++] = what;
  } else if (!was_replayed(it, what)) {
    deliver(it, what);
  }
}

static bool has_had(const sim_client *it, unsigned node, unsigned life,
                    uint64_t number) {
  for (unsigned i = 0; i < it->had_count; i++)
    if (it->had[i].node == node && it->had[i].life == life &&
        it->had[i].first <= number && number <= it->had[i].last)
      return true;
  return false;
}

/* The number that a node of Peal gave it; a node's life is part of its name. */
static bool had_of(const sim_client *it, peal_slice from, uint64_t number) {
  unsigned node, life;
  peal_slice uid;
  return number && peal_cluster_name_marks(from, &uid) &&
         sscanf(uid.ptr, "%8x%8x", &node, &life) == 2 &&
         has_had(it, node, life, number);
}

static void copy_name(sim_delivery *to, peal_slice from) {
  if (from.len == sizeof to->from)
    memcpy(to->from, from.ptr, from.len);
}

void sim_client_run(unsigned node, unsigned event, const peal_bus_msg *msg,
                    peal_slice offset) {
  const peal_op *op = &msg->op;
  sim_delivery what = {.event = event, .number = msg->number};
  copy_name(&what, msg->from);
  what.has_place = peal_cluster_places_parse(&what.place, offset);
  for (unsigned i = 0; i < SIM_CLIENTS; i++)
    if (w.clients[i].node == (int)node &&
        (w.clients[i].is_recovering || sim_client_names(op, &w.clients[i])) &&
        !had_of(&w.clients[i], msg->from, msg->number))
      give(&w.clients[i], what);
}

static bool is_for(const sim_client *it, unsigned event) {
  const sim_event *what = &w.events[event];
  return (!what->rooms || (what->rooms & it->rooms)) &&
         !(what->except & it->rooms);
}

void sim_client_stored(unsigned node, unsigned event, uint64_t number,
                       uint64_t rank, peal_slice offset) {
  sim_delivery what = {.event = event, .number = number, .is_late = true};
  copy_name(&what, peal_cluster_machine_name(&w.nodes[node].machine,
                                             PEAL_CLUSTER_OF_NODE));
  what.has_place = peal_cluster_places_parse(&what.place, offset);
  for (unsigned i = 0; i < SIM_CLIENTS; i++) {
    sim_client *it = &w.clients[i];
    if (it->node != (int)node)
      continue;
    if (it->is_recovering)
      give(it, what);
    else if (it->was_recovered && rank <= it->start && is_for(it, event) &&
             !has_had(it, node, w.nodes[node].life, number))
      give(it, what);
  }
}

/* -- they come and go ---------------------------------------------------------------------- */

static void begin_session(unsigned client) {
  sim_client *it = &w.clients[client];
  it->generation++;
  it->is_recovering = it->was_recovered = it->has_offset = false;
  it->rooms = sim_roll(1u << SIM_ROOMS) & ~(1u << SIM_MOVED);
  it->session_ms = it->since_ms = w.now_ms;
  it->had_count = it->later_count = 0;
  it->inbox_first = it->inbox_end = 0;
  it->start = 0;
  memset(it->received, 0, sizeof it->received);
  memset(it->lost_plain, 0, sizeof it->lost_plain);
  memset(it->last_from, 0, sizeof it->last_from);
  snprintf(it->id, sizeof it->id, "c%02ug%016u", client, it->generation);
  w.totals.fresh++;
  sim_trace("client %u new at %d, rooms %x", client, it->node, it->rooms);
  sim_node_tell_rooms((unsigned)it->node);
}

static void ask_for_session(unsigned client) {
  sim_client *it = &w.clients[client];
  sim_packet *packet = sim_packet_new(SIM_RESTORE);
  packet->client = client;
  packet->generation = ++it->counts[0];
  packet->of = it->generation;
  packet->place = it->offset;
  it->is_recovering = true;
  it->later_count = 0;
  sim_redis_send((unsigned)it->node, packet);
}

void sim_client_connect(unsigned client, unsigned node) {
  sim_client *it = &w.clients[client];
  it->node = (int)node;
  if (w.config.streams && it->has_offset && w.nodes[node].is_up)
    ask_for_session(client);
  else
    begin_session(client);
}

static void add_had(sim_session *to, sim_had had) {
  if (to->had_count == SIM_HAD) {
    memmove(to->had, to->had + 1, (SIM_HAD - 1) * sizeof *to->had);
    to->had_count--;
  }
  to->had[to->had_count++] = had;
}

/* What it has had of those that may stand in the stream once more. */
static void fill(sim_session *to, const sim_client *it) {
  const sim_node *node = &w.nodes[it->node];
  unsigned cursor = 0;
  uint64_t first, last, rank;
  *to =
      (sim_session){.is_there = true, .of = it->generation, .rooms = it->rooms};
  for (unsigned i = 0; i < it->had_count; i++)
    add_had(to, it->had[i]);
  while (peal_cluster_machine_next_plain(&node->machine, &cursor, &first, &last,
                                         &rank)) {
    if (rank + (last - first) <= it->start)
      continue;
    first += rank > it->start ? 0 : it->start + 1 - rank;
    add_had(to, (sim_had){(unsigned)it->node, node->life, first, last});
  }
}

void sim_client_drop(unsigned client, bool saves) {
  sim_client *it = &w.clients[client];
  if (it->node < 0)
    return;
  unsigned node = (unsigned)it->node;
  sim_trace("client %u drops from %u, %u unread", client, node,
            it->inbox_end - it->inbox_first);
  if (saves && !it->is_recovering && w.config.streams) {
    sim_packet *packet = sim_packet_new(SIM_SAVE);
    sim_session session;
    fill(&session, it);
    packet->client = client;
    packet->data = malloc(sizeof session);
    memcpy(packet->data, &session, sizeof session);
    sim_redis_send(node, packet);
  }
  for (unsigned i = it->inbox_first; i < it->inbox_end; i++)
    if (!it->inbox[i].has_place)
      it->lost_plain[it->inbox[i].event] = true;
  it->inbox_first = it->inbox_end = 0;
  it->node = -1;
  it->is_recovering = false;
  sim_node_tell_rooms(node);
}

/* -- coming back ----------------------------------------------------------------------------- */

static void replay(sim_client *it, const sim_packet *packet) {
  for (size_t i = packet->first; i < packet->end; i++) {
    const sim_entry *entry = &w.entries[i];
    if (peal_cluster_places_compare(entry->place, packet->place) <= 0)
      continue;
    it->replayed = entry->place;
    if (!had_of(it, peal_slice_of(entry->uid), entry->number))
      sim_node_replay(it, entry);
  }
}

static void give_later(sim_client *it) {
  for (unsigned i = 0; i < it->later_count; i++) {
    sim_delivery what = it->later[i];
    if (was_replayed(it, what) || !is_for(it, what.event) ||
        had_of(it, (peal_slice){what.from, sizeof what.from}, what.number))
      continue;
    deliver(it, what);
  }
  it->later_count = 0;
}

void sim_client_restored(unsigned client, const sim_packet *packet) {
  sim_client *it = &w.clients[client];
  if (it->node < 0 || !it->is_recovering || packet->generation != it->counts[0])
    return;
  if (!packet->ok) {
    begin_session(client);
    return;
  }
  const sim_session *session = (const sim_session *)(void *)packet->data;
  it->is_recovering = false;
  it->was_recovered = true;
  it->replayed = packet->place;
  it->since_ms = w.now_ms;
  it->rooms = session->rooms;
  it->had_count = session->had_count;
  memcpy(it->had, session->had, sizeof it->had);
  it->start = peal_cluster_machine_plain(&w.nodes[it->node].machine);
  w.totals.recovered++;
  sim_trace("client %u recovered at %d from %llu-%llu", client, it->node,
            (unsigned long long)packet->place.ms,
            (unsigned long long)packet->place.n);
  replay(it, packet);
  give_later(it);
  sim_node_tell_rooms((unsigned)it->node);
}

void sim_client_renew(unsigned client) {
  begin_session(client);
}

void sim_client_missed(sim_client *it, unsigned event,
                       peal_cluster_place place) {
  if (is_for(it, event))
    deliver(it,
            (sim_delivery){.event = event, .place = place, .has_place = true});
}

/* -- in the end -------------------------------------------------------------------------------- */

/* Was it owed? Stored and acknowledged: to each session of a member that was
 * there when it was emitted. Run here: to whoever was connected here all the
 * time. */
static bool is_owed(const sim_client *it, unsigned number) {
  const sim_event *event = &w.events[number];
  bool lasts = event->at_ms > it->session_ms + 1;
  /* A room's channel has to be subscribed to first. */
  bool stays = event->at_ms > it->since_ms + (w.config.dynamic ? 700 : 1);
  /* Without an offset nobody can tell whether it was read. */
  if (it->lost_plain[number])
    return false;
  if (!is_for(it, number) || (event->rooms & (1u << SIM_MOVED)) || !lasts)
    return false;
  if (w.config.streams && w.config.persists && event->acked &&
      event->origin < SIM_NODES)
    return true;
  if (stays && event->origin < SIM_NODES && event->origin == (unsigned)it->node)
    return event->has_run;
  if (w.config.streams || event->origin >= SIM_NODES || !stays)
    return false;
  uint64_t here = w.nodes[it->node].trouble_ms;
  uint64_t there = w.nodes[event->origin].trouble_ms;
  return event->at_ms > here && event->at_ms > there;
}

void sim_client_check_all(void) {
  for (unsigned i = 0; i < SIM_CLIENTS; i++) {
    sim_client *it = &w.clients[i];
    if (it->node < 0)
      continue;
    read_all(i);
    for (unsigned j = 1; j < w.event_count; j++)
      if (is_owed(it, j) && !it->received[j])
        sim_fail("client %u never had event %u of %u", i, j,
                 w.events[j].origin);
  }
}
