/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "load_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/epoll.h>
#include <unistd.h>

#include "load_sys.h"

enum {
  BATCH = 256,  /* sockets served per wake-up */
  OPENING = 64, /* handshakes at a time: accept queues stay short */
  WAIT_MS = 5   /* how late the end of a window may be noticed */
};

static uint64_t seconds_ns(double seconds) {
  return (uint64_t)(seconds * 1e9);
}

void load_run_init(load_run *run, const load_opts *opts) {
  const load_mode *mode = load_mode_find(opts->mode);
  *run = (load_run){
      .opts = opts,
      .mode = mode,
      .epoll = epoll_create1(EPOLL_CLOEXEC),
      .count = opts->clients != 0 ? opts->clients : mode->clients,
      .left = opts->messages != 0 ? opts->messages : UINT64_MAX,
      .in = load_sys_alloc(LOAD_RUN_IN),
      .now_ns = load_sys_now_ns(),
  };
  if (run->epoll < 0)
    load_sys_die("epoll_create1: %s", strerror(errno));
  run->fanout = mode->kind == LOAD_MSG_BROADCAST ? run->count : 1;
  run->progress_ns = run->now_ns;
  run->clients = load_sys_alloc(run->count * sizeof *run->clients);
  for (uint32_t i = 0; i < run->count; i++)
    run->clients[i] = (load_client){
        .fd = -1,
        .index = i,
        .sent_ns = load_sys_alloc(opts->inflight * sizeof(uint64_t)),
    };
  bool framed = mode->transport == &load_transport_websocket;
  if (opts->msgpack && (!framed || mode->kind == LOAD_MSG_ACK))
    load_sys_die("--msgpack is for echo and broadcast");
  if (opts->offsets && (opts->msgpack || mode->kind == LOAD_MSG_ACK))
    load_sys_die("--offsets is for events in JSON");
  if (opts->msgpack)
    load_msg_init_packed(&run->msg, mode->kind, opts->bytes);
  else
    load_msg_init(&run->msg, mode->kind, opts->bytes, framed);
  run->msg.offsets = opts->offsets;
  load_sys_raise_files(run->count + 64);
}

void load_run_deinit(load_run *run) {
  for (uint32_t i = 0; i < run->count; i++) {
    load_client_close(run, &run->clients[i]);
    free(run->clients[i].sent_ns);
  }
  free(run->clients);
  free(run->in);
  load_buf_deinit(&run->turn);
  load_msg_deinit(&run->msg);
  close(run->epoll);
}

static void stall_check(const load_run *run) {
  bool owed = run->opening > 0 || run->unanswered > 0;
  uint64_t silent_ns = run->now_ns - run->progress_ns;
  if (owed && silent_ns > seconds_ns(run->opts->stall))
    load_sys_die("no answer for %.1f s: %u clients opening, %ju replies owed",
                 run->opts->stall, run->opening, (uintmax_t)run->unanswered);
}

void load_run_step(load_run *run) {
  struct epoll_event events[BATCH];
  int wait_ms =
      run->mode->paced && run->stage != LOAD_STAGE_QUIET ? 0 : WAIT_MS;
  int count = epoll_wait(run->epoll, events, BATCH, wait_ms);
  if (count < 0 && errno != EINTR)
    load_sys_die("epoll_wait: %s", strerror(errno));
  run->now_ns = load_sys_now_ns();
  if (count > 0 || (run->opening == 0 && run->unanswered == 0))
    run->progress_ns = run->now_ns;
  for (int i = 0; i < count; i++)
    load_client_event(run, events[i].data.ptr, events[i].events);
  if (run->mode->batch != NULL && load_run_may_send(run))
    run->mode->batch(run);
  stall_check(run);
}

void load_run_open(load_run *run, uint32_t first, uint32_t last) {
  while (first < last || run->opening > 0) {
    while (first < last && run->opening < OPENING)
      load_client_open(run, &run->clients[first++]);
    load_run_step(run);
  }
}

void load_run_rest(load_run *run, double seconds) {
  uint64_t until = run->now_ns + seconds_ns(seconds);
  while (run->now_ns < until)
    load_run_step(run);
}

bool load_run_may_send(const load_run *run) {
  return run->stage != LOAD_STAGE_QUIET && run->left > 0;
}

void load_run_count(load_run *run, uint64_t sent_ns) {
  if (run->stage != LOAD_STAGE_WINDOW || sent_ns < run->count_from_ns)
    return;
  run->result.messages++;
  load_hist_add(&run->hist, run->now_ns - sent_ns);
}

static bool busy(const load_run *run) {
  return run->opening > 0 || run->unanswered > 0;
}

void load_run_measure(load_run *run) {
  run->stage = LOAD_STAGE_WARMUP;
  if (run->opts->warmup > 0) {
    run->mode->start(run);
    load_run_rest(run, run->opts->warmup);
  }
  uint64_t cpu_ns = load_sys_cpu_ns(run->opts->pid);
  uint64_t start_ns = load_sys_now_ns();
  uint64_t end_ns = start_ns + seconds_ns(run->opts->seconds);
  run->stage = LOAD_STAGE_WINDOW;
  run->now_ns = start_ns;
  if (run->opts->warmup <= 0)
    run->mode->start(run);
  while (run->now_ns < end_ns && (run->left > 0 || busy(run)))
    load_run_step(run);
  run->result.cpu_ns = load_sys_cpu_ns(run->opts->pid) - cpu_ns;
  run->result.ns = load_sys_now_ns() - start_ns;
  run->stage = LOAD_STAGE_QUIET;
  while (busy(run))
    load_run_step(run);
}
