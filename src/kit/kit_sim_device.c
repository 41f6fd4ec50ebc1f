/* SPDX-License-Identifier: MIT */
#include "kit/kit_sim_device.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/kit_sim_socket.h"

enum {
  BACKOFF_FIRST_MS = 500,
  BACKOFF_LAST_MS = 30000,
  BEGIN_MS = 3000, /* within which all are switched on */
};

struct peal_kit_sim_device {
  peal_kit_sim_world *world;
  peal_kit_sim_line *line;
  peal_kit_sim_socket *socket; /* NULL: no kind is an event */
  char id[16];
  uint32_t number;
  peal_kit_dice dice;
  uint64_t period_ms[PEAL_KIT_SIM_KINDS]; /* 0: never */
  uint64_t due_ms[PEAL_KIT_SIM_KINDS];
  peal_kit_sim_job job; /* under way, or kept to be sent again */
  bool has_job;
  bool is_sending;
  bool is_stepping; /* the owner has it at hand */
  bool is_away;
  uint32_t failures; /* in a row */
  uint64_t retry_ms; /* not before this */
  max_align_t more[];
};

static peal_kit_sim_who who_of(peal_kit_sim_device *d) {
  const peal_kit_sim_world *world = d->world;
  double speed = world->opts->speed > 0 ? world->opts->speed : 1;
  return (peal_kit_sim_who){
      .id = d->id,
      .number = d->number,
      .dice = &d->dice,
      .now_ms = world->now_ms,
      .wall_ms = world->began_wall_ms +
                 (int64_t)((double)(world->now_ms - world->began_ms) * speed),
      .more = d->more,
      .user = world->opts->user};
}

/* Devices are not switched on at the same moment; the first of each kind comes
 * soon, so that a page has something to show. */
static void set_periods(peal_kit_sim_device *d) {
  const peal_kit_sim_opts *opts = d->world->opts;
  for (size_t i = 0; i < opts->kind_count; i++) {
    double period_ms = opts->kinds[i].period_s * 1000;
    d->period_ms[i] = period_ms <= 0  ? 0
                      : period_ms < 1 ? 1
                                      : (uint64_t)period_ms;
    uint64_t span = d->period_ms[i] < BEGIN_MS ? d->period_ms[i] : BEGIN_MS;
    d->due_ms[i] = d->world->now_ms +
                   (uint64_t)(peal_kit_dice_share(&d->dice) * (double)span);
  }
}

static void on_done(void *user, const peal_kit_sim_answer *answer);

static bool make_lines(peal_kit_sim_device *d) {
  peal_kit_sim_net *net = d->world->net;
  const peal_kit_sim_opts *opts = d->world->opts;
  d->line = peal_kit_sim_net_line_new(net, d->id, on_done, d);
  if (d->line == NULL)
    return false;
  if (!opts->has_events)
    return true;
  d->socket = peal_kit_sim_socket_new(opts, peal_kit_sim_net_worker(net), d->id,
                                      on_done, d);
  return d->socket != NULL;
}

peal_kit_sim_device *peal_kit_sim_device_new(peal_kit_sim_world *world,
                                             uint32_t number) {
  peal_kit_sim_device *d = calloc(1, sizeof *d + world->opts->more_bytes);
  if (d == NULL)
    return NULL;
  d->world = world;
  d->number = number;
  snprintf(d->id, sizeof d->id, "SIM-%02u", (unsigned)number);
  peal_kit_dice_init(&d->dice, world->opts->seed, number);
  set_periods(d);
  if (!make_lines(d)) {
    peal_kit_sim_device_free(d);
    return NULL;
  }
  if (world->opts->on_begin != NULL) {
    peal_kit_sim_who who = who_of(d);
    world->opts->on_begin(&who);
  }
  return d;
}

static void drop_job(peal_kit_sim_device *d) {
  free(d->job.body);
  d->job = (peal_kit_sim_job){.kind = 0};
  d->has_job = false;
}

void peal_kit_sim_device_free(peal_kit_sim_device *device) {
  if (device == NULL)
    return;
  peal_kit_sim_net_line_free(device->line);
  peal_kit_sim_socket_free(device->socket);
  drop_job(device);
  free(device);
}

/* ---- what is due ---------------------------------------------------- */

/* The kind that has waited longest, or -1. */
static int most_due(const peal_kit_sim_device *d) {
  int best = -1;
  for (int i = 0; i < (int)d->world->opts->kind_count; i++)
    if (d->period_ms[i] > 0 && (best < 0 || d->due_ms[i] < d->due_ms[best]))
      best = i;
  return best;
}

/* The next moment of this kind; moments that passed meanwhile are skipped, as
 * a device that was busy has not measured them. */
static void plan_next(peal_kit_sim_device *d, size_t kind) {
  uint64_t now = d->world->now_ms, period = d->period_ms[kind];
  d->due_ms[kind] += period;
  if (d->due_ms[kind] > now)
    return;
  uint64_t missed = (now - d->due_ms[kind]) / period + 1;
  d->due_ms[kind] += missed * period;
  d->world->stats.skipped += missed;
}

uint64_t peal_kit_sim_device_wake_ms(const peal_kit_sim_device *d) {
  if (d->is_sending)
    return UINT64_MAX;
  int kind = most_due(d);
  uint64_t due = d->has_job ? 0 : kind < 0 ? UINT64_MAX : d->due_ms[kind];
  return due > d->retry_ms ? due : d->retry_ms;
}

static peal_kit_sim_fault choose_fault(peal_kit_sim_device *d, size_t kind) {
  const peal_kit_sim_opts *opts = d->world->opts;
  if (peal_kit_dice_is(&d->dice, opts->fault_bad))
    return PEAL_KIT_SIM_BAD;
  if (opts->kinds[kind].is_poll)
    return PEAL_KIT_SIM_NO_FAULT;
  if (peal_kit_dice_is(&d->dice, opts->fault_drop))
    return PEAL_KIT_SIM_DROP;
  return peal_kit_dice_is(&d->dice, opts->fault_slow) ? PEAL_KIT_SIM_SLOW
                                                      : PEAL_KIT_SIM_NO_FAULT;
}

static bool build_job(peal_kit_sim_device *d) {
  int kind = most_due(d);
  if (kind < 0 || d->due_ms[kind] > d->world->now_ms)
    return false;
  plan_next(d, (size_t)kind);
  peal_kit_sim_who who = who_of(d);
  d->job = (peal_kit_sim_job){.kind = (size_t)kind,
                              .fault = choose_fault(d, (size_t)kind)};
  d->has_job = d->world->opts->make(&d->job, &who);
  if (!d->has_job)
    drop_job(d);
  return d->has_job;
}

/* ---- when the server is away ---------------------------------------- */

/* 0.5 s doubling to 30 s, of which a share is left to chance so that devices
 * do not come back all at once. */
static void back_off(peal_kit_sim_device *d, uint32_t wanted_ms) {
  uint64_t wait = BACKOFF_FIRST_MS;
  for (uint32_t i = 0; i < d->failures && wait < BACKOFF_LAST_MS; i++)
    wait *= 2;
  wait = wait < BACKOFF_LAST_MS ? wait : BACKOFF_LAST_MS;
  wait = wait > wanted_ms ? wait : wanted_ms;
  wait = (uint64_t)((double)wait * peal_kit_dice_between(&d->dice, 0.5, 1));
  d->failures++;
  d->retry_ms = d->world->now_ms + wait;
}

static void set_away(peal_kit_sim_device *d, bool is_away, const char *reason) {
  peal_kit_sim_world *world = d->world;
  if (d->is_away == is_away)
    return;
  d->is_away = is_away;
  world->away += is_away ? 1 : (uint32_t)-1;
  if (is_away && !world->was_told) {
    fprintf(stderr, "%s: %s does not answer (%s), trying again\n",
            world->opts->program, world->opts->url, reason);
    world->was_told = true;
  } else if (world->away == 0 && world->was_told) {
    fprintf(stderr, "%s: %s answers again\n", world->opts->program,
            world->opts->url);
    world->was_told = false;
  }
}

/* ---- answers -------------------------------------------------------- */

static peal_kit_sim_outcome outcome_of(const peal_kit_sim_job *job,
                                       const peal_kit_sim_answer *answer) {
  int status = answer->status;
  if (job->fault == PEAL_KIT_SIM_DROP)
    return PEAL_KIT_SIM_DROPPED;
  if (status == 0)
    return PEAL_KIT_SIM_AWAY;
  if (status == 429 || status == 503)
    return PEAL_KIT_SIM_BUSY;
  if (job->fault == PEAL_KIT_SIM_BAD)
    return status >= 400 && status < 500 ? PEAL_KIT_SIM_BAD_REFUSED
                                         : PEAL_KIT_SIM_BAD_ACCEPTED;
  if (status >= 500)
    return PEAL_KIT_SIM_SERVER_ERROR;
  return status >= 200 && status < 300 ? PEAL_KIT_SIM_OK : PEAL_KIT_SIM_REFUSED;
}

static void complain(const peal_kit_sim_device *d,
                     const peal_kit_sim_answer *answer) {
  fprintf(stderr, "%s: %s %s%s got %d: %.120s\n", d->world->opts->program,
          d->id, d->job.fault == PEAL_KIT_SIM_BAD ? "broken " : "",
          d->job.event != NULL ? d->job.event : d->job.path, answer->status,
          answer->text);
}

static void on_done(void *user, const peal_kit_sim_answer *answer) {
  peal_kit_sim_device *d = user;
  d->is_sending = false;
  if (!d->is_stepping)
    d->world->finished[d->world->finished_count++] = d;
  peal_kit_sim_outcome outcome = outcome_of(&d->job, answer);
  peal_kit_sim_stats_add(
      &d->world->stats, d->job.kind, outcome,
      d->job.fault == PEAL_KIT_SIM_NO_FAULT ? answer->latency_us : 0);
  // the first ones tell what is wrong, a thousand more tell nothing
  if ((outcome == PEAL_KIT_SIM_REFUSED ||
       outcome == PEAL_KIT_SIM_BAD_ACCEPTED ||
       outcome == PEAL_KIT_SIM_SERVER_ERROR) &&
      peal_kit_sim_stats_total(&d->world->stats, outcome) <= 5)
    complain(d, answer);
  if (answer->status != 0)
    set_away(d, false, "");
  if (outcome == PEAL_KIT_SIM_AWAY || outcome == PEAL_KIT_SIM_BUSY ||
      outcome == PEAL_KIT_SIM_SERVER_ERROR) {
    if (outcome == PEAL_KIT_SIM_AWAY)
      set_away(d, true, answer->error);
    back_off(d, answer->retry_ms); // and keep the job
    return;
  }
  if (outcome == PEAL_KIT_SIM_OK && d->world->opts->on_done != NULL) {
    peal_kit_sim_who who = who_of(d);
    d->world->opts->on_done(&d->job, answer->text, &who);
  }
  d->failures = 0;
  drop_job(d);
}

static bool send(peal_kit_sim_device *d) {
  return d->job.event == NULL
             ? peal_kit_sim_net_line_send(d->line, &d->job)
             : d->socket != NULL &&
                   peal_kit_sim_socket_send(d->socket, &d->job);
}

void peal_kit_sim_device_step(peal_kit_sim_device *d) {
  if (d->is_sending || d->world->now_ms < d->retry_ms)
    return;
  if (!d->has_job && !build_job(d))
    return;
  d->is_sending = true; // the answer may come inside
  d->is_stepping = true;
  bool is_sent = send(d);
  d->is_stepping = false;
  if (is_sent)
    return;
  d->is_sending = false;
  back_off(d, 0);
}
