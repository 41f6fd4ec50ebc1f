/* SPDX-License-Identifier: MIT */
/* sim_redis: Redis, and the links to it. What is published to somebody who does
 * not subscribe is gone; a stream is trimmed, and outlives a restart or not; a
 * link keeps its order, and when it breaks nobody knows what was still done. */
#include "sim.h"

static uint64_t later(uint64_t at_ms, uint64_t last_ms) {
  return at_ms > last_ms ? at_ms : last_ms;
}

static void push(sim_packet **list, sim_packet *packet) {
  while (*list)
    list = &(*list)->next;
  *list = packet;
}

static void free_packet(sim_packet *packet) {
  free(packet->data);
  free(packet);
}

static void clear(sim_packet **list) {
  while (*list) {
    sim_packet *packet = *list;
    *list = packet->next;
    free_packet(packet);
  }
}

sim_packet *sim_packet_new(sim_kind kind) {
  sim_packet *packet = calloc(1, sizeof *packet);
  packet->kind = kind;
  return packet;
}

void sim_redis_send(unsigned link, sim_packet *packet) {
  sim_link *it = &w.links[link];
  if (!it->is_up) {
    free_packet(packet);
    return;
  }
  packet->at_ms = it->out_ms =
      later(w.now_ms + sim_roll(sim_chance(5) ? 300 : 5), it->out_ms);
  push(&it->out, packet);
}

static void reply(unsigned link, sim_packet *packet) {
  sim_link *it = &w.links[link];
  if (!it->is_up) {
    free_packet(packet);
    return;
  }
  packet->at_ms = it->in_ms =
      later(w.now_ms + sim_roll(sim_chance(5) ? 300 : 5), it->in_ms);
  push(&it->in, packet);
}

/* -- Pub/Sub ------------------------------------------------------------------------- */

static bool hears(const sim_link *it, const char *channel) {
  for (unsigned i = 0; i < it->channel_count; i++)
    if (!strcmp(it->channels[i], channel))
      return true;
  return false;
}

static void subscribe(sim_link *it, const char *channel) {
  if (hears(it, channel) || it->channel_count == 256)
    return;
  it->channels[it->channel_count++] = strdup(channel);
}

static void unsubscribe(sim_link *it, const char *channel) {
  for (unsigned i = 0; i < it->channel_count; i++) {
    if (strcmp(it->channels[i], channel) != 0)
      continue;
    free(it->channels[i]);
    it->channels[i] = it->channels[--it->channel_count];
    return;
  }
}

static void publish(const sim_packet *from) {
  for (unsigned i = 0; i < SIM_LINKS; i++) {
    if (!w.links[i].is_up || !hears(&w.links[i], from->channel))
      continue;
    sim_packet *to = sim_packet_new(SIM_MESSAGE);
    memcpy(to->channel, from->channel, sizeof to->channel);
    to->data = malloc(from->len + 1);
    memcpy(to->data, from->data, from->len);
    to->len = from->len;
    reply(i, to);
  }
}

static void count(unsigned link, const sim_packet *from) {
  sim_packet *to = sim_packet_new(SIM_COUNTED);
  uint64_t nodes = 0;
  for (unsigned i = 0; i < SIM_LINKS; i++)
    nodes += w.links[i].is_up && hears(&w.links[i], from->channel);
  to->number = from->number;
  to->place.n = nodes;
  reply(link, to);
}

/* -- streams --------------------------------------------------------------------------- */

static void free_entry(sim_entry *it) {
  free(it->uid);
  free(it->nsp);
  free(it->type);
  free(it->data);
}

static void tell_entry(unsigned link, size_t at) {
  sim_packet *to = sim_packet_new(SIM_ENTRY);
  to->first = at;
  reply(link, to);
}

static void trim(void) {
  while (w.entry_count - w.entry_first > w.config.max_len) {
    w.deleted = w.entries[w.entry_first++].place;
    w.has_deleted = true;
  }
}

/* Its fields come as five texts, each behind the last. */
static void append(const sim_packet *from) {
  if (w.entry_count == w.entry_cap) {
    w.entry_cap = w.entry_cap ? w.entry_cap * 2 : 256;
    w.entries = realloc(w.entries, w.entry_cap * sizeof *w.entries);
  }
  sim_entry *it = &w.entries[w.entry_count++];
  const char *text = from->data;
  char **fields[] = {&it->uid, &it->nsp, &it->type, &it->data};
  for (unsigned i = 0; i < 4; i++, text += strlen(text) + 1)
    *fields[i] = strdup(text);
  it->number = from->number;
  w.events[from->client].stored++;
  w.last_place =
      w.now_ms > w.last_place.ms
          ? (peal_cluster_place){w.now_ms, 0}
          : (peal_cluster_place){w.last_place.ms, w.last_place.n + 1};
  it->place = w.last_place;
}

static void add(unsigned link, const sim_packet *from) {
  sim_packet *to = sim_packet_new(SIM_ADDED);
  to->number = from->number;
  if (w.redis_is_full) {
    to->err = PEAL_ERR_REFUSED;
    w.events[from->client].refused = true;
    reply(link, to);
    return;
  }
  append(from);
  to->place = w.last_place;
  to->client = from->client;
  for (unsigned i = 0; i < SIM_LINKS; i++)
    if (w.links[i].is_up && w.links[i].reads)
      tell_entry(i, w.entry_count - 1);
  reply(link, to);
  trim();
}

static void read_on(unsigned link, const sim_packet *from) {
  sim_link *it = &w.links[link];
  if (w.has_deleted) {
    sim_packet *to = sim_packet_new(SIM_TRIMMED);
    to->place = w.deleted;
    reply(link, to);
  }
  for (size_t i = w.entry_first; from->has_place && i < w.entry_count; i++)
    if (peal_cluster_places_compare(w.entries[i].place, from->place) > 0)
      tell_entry(link, i);
  it->reads = true;
  sim_packet *current = sim_packet_new(SIM_CURRENT);
  current->place = w.last_place;
  reply(link, current);
}

/* GETDEL and XRANGE in one transaction. */
static void restore(unsigned link, const sim_packet *from) {
  sim_packet *to = sim_packet_new(SIM_RESTORED);
  sim_session *session = &w.sessions[from->client];
  to->client = from->client;
  to->generation = from->generation;
  bool exists = false;
  for (size_t i = w.entry_first; i < w.entry_count; i++)
    exists = exists ||
             peal_cluster_places_compare(w.entries[i].place, from->place) == 0;
  to->ok = session->is_there && session->of == from->of && exists;
  to->first = w.entry_first;
  to->end = w.entry_count;
  to->place = from->place;
  if (to->ok) {
    to->data = malloc(sizeof *session);
    memcpy(to->data, session, sizeof *session);
  }
  if (session->of == from->of)
    session->is_there = false;
  reply(link, to);
}

/* -- commands -------------------------------------------------------------------------- */

static void run(unsigned link, const sim_packet *packet) {
  sim_link *it = &w.links[link];
  if (packet->kind == SIM_PUBLISH)
    publish(packet);
  else if (packet->kind == SIM_SUBSCRIBE)
    subscribe(it, packet->channel);
  else if (packet->kind == SIM_UNSUBSCRIBE)
    unsubscribe(it, packet->channel);
  else if (packet->kind == SIM_ADD)
    add(link, packet);
  else if (packet->kind == SIM_READ)
    read_on(link, packet);
  else if (packet->kind == SIM_NUMSUB)
    count(link, packet);
  else if (packet->kind == SIM_RESTORE)
    restore(link, packet);
  else if (packet->kind == SIM_SAVE)
    memcpy(&w.sessions[packet->client], packet->data, sizeof(sim_session));
}

/* -- links ------------------------------------------------------------------------------- */

void sim_redis_cut(unsigned link) {
  sim_link *it = &w.links[link];
  if (!it->is_up)
    return;
  unsigned done = w.redis_is_up ? sim_roll(4) : 0;
  sim_trace("cut %u, %u still done", link, done);
  for (; done && it->out; done--) {
    sim_packet *packet = it->out;
    it->out = packet->next;
    run(link, packet);
    free_packet(packet);
  }
  it->is_up = it->reads = false;
  clear(&it->out);
  clear(&it->in);
  while (it->channel_count)
    free(it->channels[--it->channel_count]);
}

void sim_redis_connect(unsigned link) {
  w.links[link].is_up = true;
  w.links[link].out_ms = w.links[link].in_ms = w.now_ms;
}

void sim_redis_stop(uint64_t back_ms) {
  sim_trace("redis stops");
  w.redis_is_up = false;
  w.redis_back_ms = back_ms;
  for (unsigned i = 0; i < SIM_LINKS; i++)
    sim_redis_cut(i);
}

void sim_redis_start(void) {
  sim_trace("redis starts");
  w.redis_is_up = true;
  w.redis_slow_ms = w.now_ms;
  if (w.config.persists)
    return;
  w.entry_first = w.entry_count;
  w.has_deleted = false;
  for (unsigned i = 0; i < SIM_CLIENTS; i++)
    w.sessions[i].is_there = false;
}

static bool is_awake(unsigned link) {
  return link >= SIM_NODES ||
         (w.nodes[link].is_alive && w.nodes[link].frozen_ms <= w.now_ms);
}

uint64_t sim_redis_next_ms(unsigned *link, bool *inward) {
  uint64_t first = SIM_NEVER;
  for (unsigned i = 0; i < SIM_LINKS; i++) {
    const sim_link *it = &w.links[i];
    uint64_t out = it->out ? later(it->out->at_ms, w.redis_slow_ms) : SIM_NEVER;
    uint64_t in = it->in ? it->in->at_ms : SIM_NEVER;
    if (i < SIM_NODES && it->in)
      in = later(in, w.nodes[i].frozen_ms);
    if (out < first) {
      first = out;
      *link = i;
      *inward = false;
    }
    if (in < first) {
      first = in;
      *link = i;
      *inward = true;
    }
  }
  return first;
}

void sim_redis_step(unsigned link, bool inward) {
  sim_packet **list = inward ? &w.links[link].in : &w.links[link].out;
  sim_packet *packet = *list;
  *list = packet->next;
  if (inward && is_awake(link))
    sim_node_take(link, packet);
  else if (!inward)
    run(link, packet);
  free_packet(packet);
}

void sim_redis_deinit(void) {
  for (unsigned i = 0; i < SIM_LINKS; i++)
    sim_redis_cut(i);
  for (size_t i = 0; i < w.entry_count; i++)
    free_entry(&w.entries[i]);
  free(w.entries);
}
