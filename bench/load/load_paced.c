/* SPDX-License-Identifier: MIT */
#include "load_paced.h"

#include "load_sys.h"

static uint64_t due_ns(const load_run *run) {
  return run->start_ns +
         (uint64_t)((double)run->scheduled * 1e9 / run->opts->rate);
}

/* Clients take turns. One that has no place for another unanswered message
 * holds the schedule up; what is late because of that counts as late. */
void load_paced_batch(load_run *run) {
  for (;;) {
    uint64_t due = due_ns(run);
    load_client *client = &run->clients[run->scheduled % run->count];
    if (due > run->now_ns || due >= run->end_ns ||
        client->sent - client->received >= run->opts->inflight)
      return;
    client->credits = 1;
    load_client_send(run, client, 1, due);
    run->scheduled++;
    load_client_turn(run, client);
  }
}

void load_paced_reply(load_run *run, load_client *client, const uint8_t *packet,
                      size_t len) {
  load_client_check(run, client, client, packet, len);
}

static uint64_t seconds_ns(double seconds) {
  return (uint64_t)(seconds * 1e9);
}

void load_paced_drive(load_run *run) {
  load_run_open(run, 0, run->count);
  run->start_ns = run->now_ns = load_sys_now_ns();
  run->count_from_ns = run->start_ns + seconds_ns(run->opts->warmup);
  run->end_ns = run->count_from_ns + seconds_ns(run->opts->seconds);
  run->stage = LOAD_STAGE_WINDOW;
  while (run->now_ns < run->count_from_ns)
    load_run_step(run);
  uint64_t cpu_ns = load_sys_cpu_ns(run->opts->pid);
  while (run->now_ns < run->end_ns)
    load_run_step(run);
  run->result.cpu_ns = load_sys_cpu_ns(run->opts->pid) - cpu_ns;
  run->result.ns = run->end_ns - run->count_from_ns;
  /* What was due in the window is sent and answered, however late. */
  while (due_ns(run) < run->end_ns || run->unanswered > 0)
    load_run_step(run);
  run->stage = LOAD_STAGE_QUIET;
}
