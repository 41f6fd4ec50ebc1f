/* SPDX-License-Identifier: MIT */
#include "sim_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  BUFFER = 600, /* readings that wait; beyond it the oldest are lost */
  BATCH = 100,  /* of one event */
  ACK_MS = 10000,
  BEAT_STEPS = 15,     /* between two heartbeats */
  PRESSURE_STEPS = 10, /* between two measurements of pressure, temperature */
  AWAY_STEPS = 20,
  AGAIN_STEPS = 5, /* who was refused tries again */
};

typedef struct measured {
  int64_t ts;
  double value;
  sim_sign sign;
} measured;

struct sim_device {
  sim_world *world;
  peal_client *client;
  peal_client_nsp *nsp;
  peal_timer *timer;
  sim_body body;
  uint64_t steps, sent_at_ms;
  int away;    /* steps until it comes back */
  int beat_in; /* steps until the next heartbeat */
  measured items[BUFFER];
  size_t first, count;
  size_t sending; /* of them, under way; 0: none */
  bool is_open;
};

/* ---- the buffer ------------------------------------------------------------ */

static void push(sim_device *d, sim_sign sign, int64_t ts) {
  if (d->count == BUFFER) {
    if (d->sending > 0)
      d->sending--; // it may arrive; it is not waited for
    d->first = (d->first + 1) % BUFFER;
    d->count--;
    d->world->lost++;
  }
  d->items[(d->first + d->count) % BUFFER] =
      (measured){ts, sim_body_get(&d->body, sign), sign};
  d->count++;
  d->world->measured++;
}

static void measure(sim_device *d) {
  int64_t now_ms = peal_wall_ms();
  sim_body_step(&d->body);
  if (d->world->is_single) {
    push(d, (sim_sign)(d->steps % SIM_SIGNS), now_ms);
    return;
  }
  push(d, SIM_HEART_RATE, now_ms);
  push(d, SIM_SPO2, now_ms);
  push(d, SIM_RESPIRATION, now_ms);
  if (d->steps % PRESSURE_STEPS != 0)
    return;
  push(d, SIM_TEMPERATURE, now_ms);
  push(d, SIM_SYSTOLIC, now_ms);
  push(d, SIM_DIASTOLIC, now_ms);
}

/* ---- sending --------------------------------------------------------------- */

static void send_more(sim_device *d);

static void count_wait(sim_world *world, uint64_t ms) {
  size_t last = sizeof world->waits / sizeof *world->waits - 1;
  world->waits[ms < last ? ms : last]++;
}

static bool is_success(peal_args args) {
  return args.count > 0 &&
         peal_slice_is(peal_val_str(peal_val_get(args.items[0], "status")),
                       "success");
}

/* What was refused stays: another try, with the next step. */
static void on_ack(peal_client_nsp *nsp, peal_err err, peal_args args,
                   void *user) {
  sim_device *d = user;
  size_t sent = d->sending;
  d->sending = 0;
  if (nsp == NULL)
    return;
  if (err != PEAL_OK || !is_success(args)) {
    d->world->refused += err == PEAL_OK;
    return;
  }
  count_wait(d->world, peal_worker_now_ms(peal_worker_self()) - d->sent_at_ms);
  d->first = (d->first + sent) % BUFFER;
  d->count -= sent;
  d->world->acknowledged += sent;
  if (d->count >= BATCH)
    send_more(d);
}

static peal_val reading_val(peal_build *build, const measured *m) {
  return peal_build_keep(
      build, PEAL_OBJECT({"metric", peal_str(sim_body_name(m->sign))},
                         {"value", peal_double(m->value)},
                         {"unit", peal_str(sim_body_unit(m->sign))},
                         {"timestamp", peal_int(m->ts)}));
}

static void send_more(sim_device *d) {
  if (d->sending > 0 || d->count == 0 || !peal_client_is_connected(d->nsp))
    return;
  peal_build *build = peal_worker_build(peal_worker_self());
  peal_items *items = peal_items_new(build);
  size_t count = d->count < BATCH ? d->count : BATCH;
  for (size_t i = 0; i < count; i++)
    peal_items_add(items,
                   reading_val(build, &d->items[(d->first + i) % BUFFER]));
  peal_val all = peal_items_val(items);
  peal_val said = count == 1 ? peal_val_at(all, 0) : all;
  d->sending = count;
  d->sent_at_ms = peal_worker_now_ms(peal_worker_self());
  if (peal_client_emit_ack(d->nsp, &(peal_client_how){.timeout_ms = ACK_MS},
                           "vitals", PEAL_ARGS(said), on_ack, d) != PEAL_OK)
    d->sending = 0;
}

/* A device that is broken: nobody has such a heart. */
static void send_nonsense(sim_device *d) {
  (void)peal_client_emit(
      d->nsp, "vitals",
      PEAL_ARGS(PEAL_OBJECT({"metric", peal_str("heart_rate")},
                            {"value", peal_double(-40)},
                            {"unit", peal_str("bpm")})));
}

static void beat(sim_device *d) {
  d->beat_in = BEAT_STEPS;
  (void)peal_client_emit_with(
      d->nsp, &(peal_client_how){.is_volatile = true}, "heartbeat",
      PEAL_ARGS(PEAL_OBJECT({"battery", peal_int((int64_t)d->body.battery)})));
}

/* ---- a step ---------------------------------------------------------------- */

/* True: it is away, or has just come back. */
static bool is_away(sim_device *d) {
  if (d->away > 0) {
    if (--d->away == 0)
      (void)peal_client_open(d->client);
    return true;
  }
  if (!peal_kit_dice_is(&d->body.dice, d->world->fault_drop))
    return false;
  d->away = AWAY_STEPS;
  peal_client_close(d->client);
  return true;
}

static void on_step(peal_timer *timer, void *user) {
  sim_device *d = user;
  (void)timer;
  measure(d);
  d->steps++;
  if (is_away(d))
    return;
  if (!peal_client_is_active(d->nsp) && d->steps % AGAIN_STEPS == 0)
    (void)peal_client_connect(d->nsp);
  if (!peal_client_is_connected(d->nsp))
    return;
  if (peal_kit_dice_is(&d->body.dice, d->world->fault_bad))
    send_nonsense(d);
  if (d->beat_in-- == 0)
    beat(d);
  send_more(d);
}

/* ---- life ------------------------------------------------------------------ */

static void on_connect(peal_client_nsp *nsp, void *user) {
  sim_device *d = user;
  (void)nsp;
  d->world->connects++;
  d->world->open += !d->is_open;
  d->is_open = true;
  d->beat_in = 0;
}

static void on_disconnect(peal_client_nsp *nsp, peal_client_reason reason,
                          peal_err err, void *user) {
  sim_device *d = user;
  (void)nsp, (void)reason, (void)err;
  d->world->open -= d->is_open;
  d->is_open = false;
}

static bool connect(sim_device *d, peal_worker *worker, const char *id,
                    const char *key) {
  peal_client_opts opts = {.url = d->world->url,
                           .worker = worker,
                           .transports = PEAL_CLIENT_WEBSOCKET_ONLY,
                           .no_auto_connect = true,
                           .proxy = ""};
  peal_client_problem why;
  if (peal_client_new(&d->client, &opts, &why) != PEAL_OK) {
    fprintf(stderr, "peal-carechat-sim: %s\n", why.text);
    return false;
  }
  d->nsp = peal_client_of(d->client, "/");
  return d->nsp != NULL &&
         peal_client_set_auth(
             d->nsp, PEAL_OBJECT({"device_id", peal_str(id)},
                                 {"device_key", peal_str(key)})) == PEAL_OK &&
         peal_client_on_connect(d->nsp, on_connect, d) == PEAL_OK &&
         peal_client_on_disconnect(d->nsp, on_disconnect, d) == PEAL_OK;
}

sim_device *sim_device_new(sim_world *world, peal_worker *worker,
                           const char *id, const char *key, uint64_t seed) {
  sim_device *d = calloc(1, sizeof *d);
  if (d == NULL)
    return NULL;
  d->world = world;
  sim_body_init(&d->body, seed);
  d->timer = peal_timer_new(worker, on_step, d);
  if (d->timer != NULL && connect(d, worker, id, key))
    return d;
  sim_device_free(d);
  return NULL;
}

void sim_device_free(sim_device *device) {
  if (device == NULL)
    return;
  peal_timer_free(device->timer);
  peal_client_free(device->client);
  free(device);
}

void sim_device_start(sim_device *device, uint32_t delay_ms) {
  (void)peal_client_open(device->client);
  peal_timer_start(device->timer, delay_ms + 1, device->world->interval_ms);
}
