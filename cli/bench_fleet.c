/* SPDX-License-Identifier: MIT */
#include "bench_fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/resource.h>

#include "cli_client_opts.h"
#include "cli_command.h"
#include "cli_say.h"
#include "cli_value.h"

enum {
  TICK_MS = 1,
  DRAIN_MS = 5000,
  RING = 1024,    /* --echo: events of one client that wait for theirs */
  BURST = 100000, /* with a rate: what one tick makes up for */
};

#define SECOND_NS UINT64_C(1000000000)

struct bench_client {
  bench_fleet *fleet;
  peal_client *client;
  peal_client_nsp *nsp;
  uint64_t opened_ns;
  bool is_joined, was_joined, has_failed;
  uint32_t unanswered;
  uint64_t *ring; /* --echo: when they were due, oldest first */
  uint32_t ring_at;
};

struct bench_ask {
  bench_client *client;
  uint64_t due_ns;
  bench_ask *next;
};

uint64_t bench_fleet_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void measure(bench_times *times, uint64_t ns) {
  load_hist_add(&times->hist, ns);
  if (ns > times->max_ns)
    times->max_ns = ns;
}

/* ---- asking and being answered ------------------------------------------- */

static void answered(bench_client *client, uint64_t due_ns) {
  bench_fleet *fleet = client->fleet;
  client->unanswered--;
  fleet->asked--;
  // what was due before the window is of the warm-up
  if (fleet->window_from_ns == 0 || due_ns < fleet->window_from_ns)
    return;
  fleet->answered++;
  measure(&fleet->answers, bench_fleet_now_ns() - due_ns);
}

static bool is_talking(const bench_fleet *fleet) {
  return fleet->stage == BENCH_WARMUP || fleet->stage == BENCH_WINDOW;
}

static void speak(bench_client *client, uint64_t due_ns);

/* Without a rate: an answer is followed by the next question. */
static void go_on(bench_client *client) {
  bench_fleet *fleet = client->fleet;
  while (is_talking(fleet) && fleet->opts->rate == 0 && client->is_joined &&
         client->unanswered < fleet->opts->inflight) {
    uint32_t before = client->unanswered;
    speak(client, bench_fleet_now_ns());
    if (client->unanswered == before)
      return; // it was not taken
  }
}

static void on_ack(peal_client_nsp *nsp, peal_err err, peal_args args,
                   void *user) {
  (void)args;
  bench_ask *ask = user;
  bench_client *client = ask->client;
  bench_fleet *fleet = client->fleet;
  uint64_t due_ns = ask->due_ns;
  ask->next = fleet->idle;
  fleet->idle = ask;
  if (err == PEAL_OK && nsp != NULL) {
    answered(client, due_ns);
    go_on(client);
    return;
  }
  client->unanswered--;
  fleet->asked--;
  fleet->errors += fleet->stage != BENCH_OVER;
}

/* --echo: the oldest that waits. */
static void on_echo(peal_client_nsp *nsp, const peal_event *event, void *user) {
  (void)nsp;
  (void)event;
  bench_client *client = user;
  if (client->unanswered == 0)
    return; // nobody asked for it: another's, or a broadcast
  uint64_t due_ns = client->ring[client->ring_at];
  client->ring_at = (client->ring_at + 1) % RING;
  answered(client, due_ns);
  go_on(client);
}

static bench_ask *take_ask(bench_fleet *fleet) {
  bench_ask *ask = fleet->idle;
  if (ask != NULL)
    fleet->idle = ask->next;
  return ask != NULL ? ask : malloc(sizeof *ask);
}

static peal_err ask_ack(bench_client *client, uint64_t due_ns) {
  bench_fleet *fleet = client->fleet;
  bench_ask *ask = take_ask(fleet);
  if (ask == NULL)
    return PEAL_ERR_NOMEM;
  *ask = (bench_ask){client, due_ns, NULL};
  peal_err err = peal_client_emit_ack(client->nsp, NULL, fleet->event,
                                      fleet->args, on_ack, ask);
  if (err == PEAL_OK)
    return PEAL_OK;
  ask->next = fleet->idle;
  fleet->idle = ask;
  return err;
}

static peal_err ask_echo(bench_client *client, uint64_t due_ns) {
  if (client->unanswered == RING)
    return PEAL_ERR_QUEUE_FULL;
  client->ring[(client->ring_at + client->unanswered) % RING] = due_ns;
  return peal_client_emit(client->nsp, client->fleet->event,
                          client->fleet->args);
}

static void speak(bench_client *client, uint64_t due_ns) {
  bench_fleet *fleet = client->fleet;
  const cli_opts *opts = fleet->opts;
  peal_err err = opts->no_answer
                     ? peal_client_emit(client->nsp, fleet->event, fleet->args)
                 : opts->echo ? ask_echo(client, due_ns)
                              : ask_ack(client, due_ns);
  if (err != PEAL_OK) {
    fleet->errors++;
    return;
  }
  fleet->sent += fleet->stage == BENCH_WINDOW;
  if (opts->no_answer)
    return;
  client->unanswered++;
  fleet->asked++;
}

/* With a rate: who is next among those that are there. */
static bench_client *next_client(bench_fleet *fleet) {
  for (uint32_t i = 0; i < fleet->count; i++) {
    bench_client *client = &fleet->clients[fleet->next];
    fleet->next = (fleet->next + 1) % fleet->count;
    if (client->is_joined)
      return client;
  }
  return NULL;
}

static void keep_rate(bench_fleet *fleet, uint64_t now_ns) {
  double rate = fleet->opts->rate;
  uint64_t since = now_ns - fleet->stage_ns;
  uint64_t due = (uint64_t)((double)since / 1e9 * rate);
  for (uint32_t i = 0; fleet->due < due && i < BURST; i++) {
    bench_client *client = next_client(fleet);
    if (client == NULL)
      return;
    uint64_t at = (uint64_t)((double)fleet->due / rate * 1e9);
    fleet->due++;
    speak(client, fleet->stage_ns + at);
  }
}

/* ---- stages ------------------------------------------------------------------ */

static void enter(bench_fleet *fleet, bench_stage stage, uint64_t now_ns) {
  if (fleet->stage == BENCH_WINDOW)
    fleet->window_ns = now_ns - fleet->stage_ns;
  if (fleet->stage == BENCH_DRAIN)
    fleet->unanswered = fleet->asked;
  if (stage == BENCH_WINDOW)
    fleet->window_from_ns = now_ns;
  fleet->stage = stage;
  fleet->stage_ns = now_ns;
  fleet->due = 0;
  if (stage == BENCH_WARMUP || stage == BENCH_WINDOW)
    for (uint32_t i = 0; i < fleet->count; i++)
      go_on(&fleet->clients[i]);
  if (stage == BENCH_OVER)
    peal_workers_stop(fleet->workers, 0);
}

static void open_due(bench_fleet *fleet, uint64_t now_ns) {
  double due = (double)(now_ns - fleet->start_ns) / 1e9 * fleet->opts->ramp + 1;
  while (fleet->opened < fleet->count && (double)fleet->opened < due) {
    bench_client *client = &fleet->clients[fleet->opened++];
    client->opened_ns = now_ns;
    if (peal_client_open(client->client) != PEAL_OK) {
      client->has_failed = true;
      fleet->failed++;
    }
  }
}

static bool is_for(uint64_t now_ns, const bench_fleet *fleet, uint32_t ms) {
  return now_ns - fleet->stage_ns >= (uint64_t)ms * 1000000;
}

/* However late this tick is: what was due in the window is sent, no more. */
static void end_window(bench_fleet *fleet, uint64_t now_ns) {
  uint64_t end_ns =
      fleet->stage_ns + (uint64_t)fleet->opts->duration_ms * 1000000;
  if (fleet->opts->rate > 0)
    keep_rate(fleet, now_ns < end_ns ? now_ns : end_ns);
  enter(fleet, BENCH_DRAIN, now_ns);
}

static void tick(bench_fleet *fleet, uint64_t now_ns) {
  const cli_opts *opts = fleet->opts;
  switch (fleet->stage) {
  case BENCH_RAMP:
    open_due(fleet, now_ns);
    if (fleet->joined + fleet->failed + fleet->lost >= fleet->count)
      enter(fleet, fleet->joined == 0 ? BENCH_OVER : BENCH_WARMUP, now_ns);
    break;
  case BENCH_WARMUP:
    if (is_for(now_ns, fleet, opts->warmup_ms))
      enter(fleet, BENCH_WINDOW, now_ns);
    break;
  case BENCH_WINDOW:
    if (is_for(now_ns, fleet, opts->duration_ms) || fleet->joined == 0)
      end_window(fleet, now_ns);
    break;
  case BENCH_DRAIN:
    if (fleet->asked == 0 || is_for(now_ns, fleet, DRAIN_MS))
      enter(fleet, BENCH_OVER, now_ns);
    break;
  case BENCH_OVER:
    break;
  }
  if (is_talking(fleet) && opts->rate > 0)
    keep_rate(fleet, now_ns);
}

static void on_tick(peal_timer *timer, void *user) {
  (void)timer;
  bench_fleet *fleet = user;
  uint64_t now_ns = bench_fleet_now_ns();
  tick(fleet, now_ns);
  if (fleet->on_progress == NULL || now_ns - fleet->progress_ns < SECOND_NS)
    return;
  fleet->progress_ns = now_ns;
  fleet->on_progress(fleet);
}

/* ---- connections ----------------------------------------------------------------- */

static void on_connect(peal_client_nsp *nsp, void *user) {
  (void)nsp;
  bench_client *client = user;
  bench_fleet *fleet = client->fleet;
  client->is_joined = client->was_joined = true;
  fleet->joined++;
  measure(&fleet->connects, bench_fleet_now_ns() - client->opened_ns);
  go_on(client);
}

static void on_connect_error(peal_client_nsp *nsp,
                             const peal_client_problem *problem, void *user) {
  (void)nsp;
  bench_client *client = user;
  bench_fleet *fleet = client->fleet;
  if (client->has_failed || client->was_joined)
    return;
  client->has_failed = true;
  fleet->failed++;
  // there is a connection: it was no lack of one
  fleet->refused += *peal_client_transport(client->client) != '\0';
  if (fleet->problem[0] == '\0')
    snprintf(fleet->problem, sizeof fleet->problem, "%s",
             problem->text[0] != '\0' ? problem->text
                                      : peal_err_message(problem->err));
}

static void on_disconnect(peal_client_nsp *nsp, peal_client_reason reason,
                          peal_err err, void *user) {
  (void)nsp;
  (void)err;
  bench_client *client = user;
  bench_fleet *fleet = client->fleet;
  client->is_joined = false;
  // only a signal makes clients leave before it is over: none was lost
  if (reason == PEAL_CLIENT_LEFT && fleet->stage != BENCH_OVER)
    enter(fleet, BENCH_OVER, bench_fleet_now_ns());
  if (fleet->stage == BENCH_OVER)
    return;
  fleet->joined--;
  fleet->lost++;
  // echoes do not come any more; acknowledgements are ended by the library
  if (fleet->opts->echo) {
    fleet->errors += client->unanswered;
    fleet->asked -= client->unanswered;
    client->unanswered = 0;
  }
  if (fleet->problem[0] == '\0')
    snprintf(fleet->problem, sizeof fleet->problem, "%s",
             peal_client_reason_text(reason));
}

static peal_err watch(bench_client *client) {
  bench_fleet *fleet = client->fleet;
  peal_err err = peal_client_on_connect(client->nsp, on_connect, client);
  if (err == PEAL_OK)
    err = peal_client_on_connect_error(client->nsp, on_connect_error, client);
  if (err == PEAL_OK)
    err = peal_client_on_disconnect(client->nsp, on_disconnect, client);
  if (err != PEAL_OK || !fleet->opts->echo)
    return err;
  client->ring = calloc(RING, sizeof *client->ring);
  return client->ring == NULL
             ? PEAL_ERR_NOMEM
             : peal_client_on(client->nsp, fleet->event, on_echo, client);
}

static peal_err make_client(bench_client *client, const cli_client_opts *made,
                            peal_val auth, peal_client_problem *why) {
  const cli_opts *opts = client->fleet->opts;
  peal_err err = peal_client_new(&client->client, &made->opts, why);
  if (err != PEAL_OK)
    return err;
  client->nsp = peal_client_of(client->client, opts->nsp);
  err = client->nsp == NULL ? PEAL_ERR_USAGE : watch(client);
  return err == PEAL_OK && opts->auth != NULL
             ? peal_client_set_auth(client->nsp, auth)
             : err;
}

/* ---- life ------------------------------------------------------------------------- */

static void raise_files(uint32_t wanted) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
    return;
  limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static cli_exit say(const char *words) {
  cli_say("bench", "%s", words);
  return CLI_FAILED;
}

static cli_exit read_words(bench_fleet *fleet, peal_build *build,
                           peal_val *auth) {
  const cli_opts *opts = fleet->opts;
  cli_value_rules rules = {.command = "bench"};
  peal_items *items = peal_items_new(build);
  cli_exit code = CLI_OK;
  fleet->event = opts->word_count > 1 ? opts->words[1] : "echo";
  for (size_t i = 2; i < opts->word_count && code == CLI_OK; i++) {
    peal_val value = peal_undefined();
    code = cli_value_read(build, &rules, opts->words[i], &value);
    peal_items_add(items, value);
  }
  if (opts->word_count == 1)
    peal_items_add(items, peal_str("hello from peal bench"));
  fleet->args = peal_items_args(items);
  if (code == CLI_OK && opts->auth != NULL)
    code = cli_value_option(build, &rules, "--auth", opts->auth, auth);
  return code;
}

static cli_exit make_clients(bench_fleet *fleet, peal_val auth) {
  cli_client_opts made;
  cli_exit code = cli_client_opts_init(&made, fleet->opts);
  made.opts.worker = peal_workers_get(fleet->workers, 0);
  made.opts.no_auto_connect = true;
  made.opts.no_reconnection = true;
  made.opts.no_first_retry = true;
  for (uint32_t i = 0; i < fleet->opts->connections && code == CLI_OK; i++) {
    bench_client *client = &fleet->clients[fleet->count++];
    peal_client_problem why = {.err = PEAL_OK};
    client->fleet = fleet;
    peal_err err = make_client(client, &made, auth, &why);
    if (err != PEAL_OK) {
      code = err == PEAL_ERR_TLS ? CLI_FILE : CLI_USAGE;
      say(why.text[0] != '\0' ? why.text : peal_err_message(err));
    }
  }
  cli_client_opts_deinit(&made);
  return code;
}

cli_exit bench_fleet_init(bench_fleet *fleet, const cli_opts *opts,
                          peal_build *build) {
  *fleet = (bench_fleet){.opts = opts};
  peal_val auth = peal_undefined();
  cli_exit code = read_words(fleet, build, &auth);
  if (code != CLI_OK)
    return code;
  raise_files(opts->connections + 64);
  fleet->workers = peal_workers_new(&(peal_workers_opts){
      .lag_warn_ms = UINT32_MAX, .log.level = PEAL_LOG_ERROR});
  fleet->clients = calloc(opts->connections, sizeof *fleet->clients);
  fleet->timer =
      peal_timer_new(peal_workers_get(fleet->workers, 0), on_tick, fleet);
  if (fleet->workers == NULL || fleet->clients == NULL || fleet->timer == NULL)
    return say("out of memory");
  return make_clients(fleet, auth);
}

void bench_fleet_deinit(bench_fleet *fleet) {
  fleet->stage = BENCH_OVER;
  for (uint32_t i = 0; i < fleet->count; i++) {
    peal_client_free(fleet->clients[i].client);
    free(fleet->clients[i].ring);
  }
  for (bench_ask *ask = fleet->idle, *next; ask != NULL; ask = next) {
    next = ask->next;
    free(ask);
  }
  free(fleet->clients);
  peal_timer_free(fleet->timer);
  peal_workers_free(fleet->workers);
}

void bench_fleet_run(bench_fleet *fleet) {
  fleet->start_ns = fleet->stage_ns = fleet->progress_ns = bench_fleet_now_ns();
  peal_timer_start(fleet->timer, TICK_MS, TICK_MS);
  peal_workers_stop_on_signals(fleet->workers, 0);
  if (peal_workers_run(fleet->workers) != 0)
    fleet->errors++;
  if (fleet->stage == BENCH_WINDOW) // a signal came
    fleet->window_ns = bench_fleet_now_ns() - fleet->stage_ns;
}
