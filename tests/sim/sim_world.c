/* SPDX-License-Identifier: MIT */
/* sim_world: what happens when, by the dice of a seed; then calm, in which all
 * comes back; then what has to hold. */
#include "sim.h"

sim_world w;

unsigned sim_roll(unsigned sides) {
  w.dice = w.dice * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(w.dice >> 33) % sides;
}

bool sim_chance(unsigned percent) {
  return sim_roll(100) < percent;
}

static void add_to_hash(const char *text) {
  for (; *text; text++)
    w.hash = (w.hash ^ (unsigned char)*text) * 1099511628211u;
}

void sim_trace(const char *format, ...) {
  char text[300];
  va_list args;
  va_start(args, format);
  int len = snprintf(text, sizeof text, "%8llu ", (unsigned long long)w.now_ms);
  vsnprintf(text + len, sizeof text - (size_t)len, format, args);
  va_end(args);
  add_to_hash(text);
  if (w.opts.trace)
    puts(text);
}

void sim_fail(const char *format, ...) {
  va_list args;
  if (w.failure[0])
    return;
  va_start(args, format);
  int len = snprintf(w.failure, sizeof w.failure,
                     "at %llu ms: ", (unsigned long long)w.now_ms);
  vsnprintf(w.failure + len, sizeof w.failure - (size_t)len, format, args);
  va_end(args);
  sim_trace("FAILED %s", w.failure);
}

/* -- what happens ------------------------------------------------------------------------ */

static unsigned any_alive(void) {
  unsigned node = sim_roll(w.config.nodes);
  for (unsigned i = 0; i < w.config.nodes && !w.nodes[node].is_alive; i++)
    node = (node + 1) % w.config.nodes;
  return node;
}

static bool is_frozen(unsigned node) {
  return w.nodes[node].frozen_ms > w.now_ms;
}

static void program(void) {
  unsigned node = any_alive(), what = sim_roll(100);
  if (!w.nodes[node].is_alive || is_frozen(node))
    return;
  if (what < 70)
    sim_node_emit(node);
  else if (what < 80)
    sim_node_ask(node);
  else if (what < 85)
    sim_node_move(node, sim_chance(60));
  else if (what < 93)
    sim_foreign_emit(SIM_PYTHON);
  else
    sim_foreign_emit(SIM_NODE);
}

static void client(void) {
  unsigned which = sim_roll(w.config.clients);
  sim_client *it = &w.clients[which];
  unsigned node = any_alive();
  if (it->node >= 0) {
    if (!is_frozen((unsigned)it->node) && sim_chance(15))
      sim_client_drop(which, true);
    return;
  }
  if (w.nodes[node].is_alive && !is_frozen(node))
    sim_client_connect(which, node);
}

static void break_link(unsigned node, uint64_t for_ms) {
  sim_node *it = &w.nodes[node];
  if (!it->is_alive || !w.links[node].is_up)
    return;
  w.totals.cuts++;
  sim_redis_cut(node);
  it->cut_ms = w.now_ms + for_ms;
  it->detects_ms = w.now_ms + sim_roll(2000);
  it->trouble_ms = w.now_ms;
}

static void stop_redis(void) {
  w.totals.restarts++;
  sim_redis_stop(w.now_ms + 200 + sim_roll(20000));
  for (unsigned i = 0; i < w.config.nodes; i++) {
    w.nodes[i].detects_ms = w.now_ms + sim_roll(500);
    w.nodes[i].trouble_ms = w.now_ms;
  }
}

static void freeze(unsigned node) {
  w.totals.freezes++;
  w.nodes[node].frozen_ms = w.now_ms + sim_roll(25000);
  w.nodes[node].trouble_ms = w.nodes[node].frozen_ms;
  sim_trace("node %u frozen", node);
}

static void trouble(void) {
  unsigned what = sim_roll(100), node = sim_roll(w.config.nodes);
  sim_node *it = &w.nodes[node];
  if (!w.config.faults)
    return;
  if (what < 35) {
    break_link(node, sim_roll(5000));
  } else if (what < 50 && it->is_alive && !is_frozen(node)) {
    freeze(node);
  } else if (what < 60 && it->is_alive) {
    w.totals.crashes++;
    if (sim_chance(50) || is_frozen(node))
      sim_node_crash(node);
    else
      sim_node_leave(node);
  } else if (what < 75 && !it->is_alive) {
    sim_node_start(node);
  } else if (what < 85 && w.redis_is_up) {
    stop_redis();
  } else if (what < 93) {
    w.redis_slow_ms = w.now_ms + sim_roll(3000);
    for (unsigned i = 0; i < w.config.nodes; i++)
      w.nodes[i].trouble_ms = w.redis_slow_ms + 700;
  } else if (w.config.streams) {
    w.redis_is_full = true;
    w.full_ms = w.now_ms + sim_roll(3000);
  }
}

static void happen(void) {
  unsigned what = sim_roll(1000);
  if (what < 700)
    program();
  else if (what < 990)
    client();
  else
    trouble();
  for (unsigned i = 0; i < w.config.clients; i++)
    if (sim_chance(60))
      sim_client_read(i);
}

/* -- time ------------------------------------------------------------------------------------ */

static void end_faults(void) {
  if (!w.redis_is_up && w.redis_back_ms <= w.now_ms) {
    sim_redis_start();
    sim_foreign_start(SIM_PYTHON);
    sim_foreign_start(SIM_NODE);
  }
  if (w.redis_is_full && w.full_ms <= w.now_ms)
    w.redis_is_full = false;
}

/* All that comes by itself before `until`. */
static void pass(uint64_t until_ms) {
  unsigned link = 0, node = 0, turns = 0;
  bool inward = false;
  while (!w.failure[0]) {
    uint64_t packet_ms = sim_redis_next_ms(&link, &inward);
    uint64_t node_ms = sim_node_next_ms(&node);
    uint64_t at_ms = packet_ms < node_ms ? packet_ms : node_ms;
    if (at_ms > until_ms)
      break;
    if (at_ms > w.now_ms) {
      w.now_ms = at_ms;
      turns = 0;
    } else if (++turns > 200000) {
      sim_fail("time stands still");
    }
    end_faults();
    if (packet_ms <= node_ms)
      sim_redis_step(link, inward);
    else
      sim_node_step(node);
  }
  w.now_ms = until_ms;
  end_faults();
}

/* -- a life ------------------------------------------------------------------------------------- */

static void choose(void) {
  sim_config *it = &w.config;
  it->nodes = 2 + sim_roll(SIM_NODES - 1);
  it->clients = 3 + sim_roll(SIM_CLIENTS - 2);
  it->streams = sim_chance(60);
  it->python = sim_chance(50);
  it->relay = it->python && sim_chance(70);
  it->keep = sim_chance(50);
  it->persists = sim_chance(80);
  it->dynamic = !it->streams && sim_chance(50);
  it->faults = sim_chance(85);
  it->max_len = sim_chance(80) ? 1000000 : 40;
  sim_trace(
      "nodes %u clients %u streams %d python %d relay %d keep %d persists "
      "%d dynamic %d faults %d max_len %u",
      it->nodes, it->clients, it->streams, it->python, it->relay, it->keep,
      it->persists, it->dynamic, it->faults, it->max_len);
}

static void begin(const sim_opts *opts) {
  memset(&w, 0, sizeof w);
  w.opts = *opts;
  w.dice = opts->seed * 0x9e3779b97f4a7c15u + 1;
  w.hash = 14695981039346656037u;
  w.now_ms = SIM_BEGIN_MS;
  w.redis_is_up = true;
  choose();
  for (unsigned i = 0; i < SIM_CLIENTS; i++)
    w.clients[i].node = -1;
  sim_foreign_start(SIM_PYTHON);
  sim_foreign_start(SIM_NODE);
  for (unsigned i = 0; i < w.config.nodes; i++)
    sim_node_start(i);
}

/* Everybody comes back, and stays. */
static void calm(void) {
  sim_trace("calm");
  w.is_calm = true;
  w.calm_ms = w.now_ms;
  w.redis_back_ms = w.full_ms = w.redis_slow_ms = w.now_ms;
  end_faults();
  for (unsigned i = 0; i < w.config.nodes; i++) {
    w.nodes[i].cut_ms = w.nodes[i].frozen_ms = w.now_ms;
    if (!w.nodes[i].is_alive)
      sim_node_start(i);
  }
  pass(w.now_ms + 10000);
  for (unsigned i = 0; i < w.config.clients; i++)
    if (w.clients[i].node < 0)
      sim_client_connect(i, any_alive());
  pass(w.now_ms + 3000);
  for (unsigned i = 0; i < 20 && !w.failure[0]; i++) {
    sim_node_ask(any_alive());
    sim_node_emit(any_alive());
    pass(w.now_ms + 500);
  }
  pass(w.now_ms + 20000);
}

static void check_relay(void) {
  unsigned relays = 0;
  for (unsigned i = 0; i < w.config.nodes; i++)
    relays += peal_cluster_machine_relays(&w.nodes[i].machine);
  if (relays != w.config.relay)
    sim_fail("%u nodes relay", relays);
  for (unsigned i = 1; i < w.event_count && w.config.relay; i++) {
    const sim_event *it = &w.events[i];
    if (it->at_ms < w.calm_ms + 13000 || (it->rooms & (1u << SIM_MOVED)))
      continue;
    if (!it->foreign[0] && it->origin != SIM_PYTHON)
      sim_fail("python never has event %u", i);
  }
}

static void check_trimmed(void) {
  for (unsigned i = 0; i < w.config.nodes; i++)
    if (w.nodes[i].has_lost && w.config.max_len > 100000)
      sim_fail("node %u: lost, though nothing was trimmed", i);
}

/* What was to be kept has been stored by now, if its node lives. */
static void check_kept(void) {
  for (unsigned i = 1; i < w.event_count; i++) {
    const sim_event *it = &w.events[i];
    if (it->origin < SIM_NODES && it->has_run && !it->refused && !it->stored &&
        it->life == w.nodes[it->origin].life)
      sim_fail("event %u of %u was not kept", i, it->origin);
  }
}

static void check(void) {
  bool is_trimmed = w.config.max_len < 100000 || !w.config.persists;
  for (unsigned i = 0; i < w.config.nodes; i++)
    sim_node_check(i);
  check_relay();
  check_trimmed();
  if (w.config.streams && w.config.keep && !is_trimmed)
    check_kept();
  if (!is_trimmed || !w.config.streams)
    sim_client_check_all();
}

bool sim_world_run(const sim_opts *opts) {
  begin(opts);
  for (unsigned i = 0; i < opts->steps && !w.failure[0]; i++) {
    pass(w.now_ms + sim_roll(sim_chance(5) ? 2000 : 60));
    happen();
  }
  if (!w.failure[0])
    calm();
  if (!w.failure[0])
    check();
  for (unsigned i = 0; i < w.config.nodes; i++)
    if (w.nodes[i].is_alive && !w.failure[0])
      sim_node_leave(i);
  sim_redis_deinit();
  return !w.failure[0];
}
