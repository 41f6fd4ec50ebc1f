/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1
#include "load_idle.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load_sys.h"

enum { CHURN = 100000, MAX_ANSWER = 1024 };

static const double settle_s = 0.4;

static load_sys_memory settled_memory(load_run *run) {
  pid_t pid = run->opts->pid;
  load_sys_memory memory = {0};
  for (int tries = 0; tries < 10; tries++) {
    if (run->opts->collect && kill(pid, SIGUSR2) != 0)
      load_sys_die("kill: %s", strerror(errno));
    load_run_rest(run, settle_s);
    load_sys_memory now = load_sys_memory_get(pid);
    if (tries > 0 && now.private_dirty >= memory.private_dirty)
      return memory;
    memory = now;
  }
  return memory;
}

static double each(const load_run *run, uint64_t before, uint64_t after) {
  return ((double)after - (double)before) / run->count;
}

void load_idle_drive(load_run *run) {
  if (run->opts->pid == 0)
    load_sys_die("idle needs --pid");
  /* One client first: what the server allocates once is not the clients'. */
  load_run_open(run, 0, 1);
  load_client_close(run, &run->clients[0]);
  load_sys_memory before = settled_memory(run);
  load_run_open(run, 0, run->count);
  load_sys_memory after = settled_memory(run);
  run->result.messages = run->ready;
  run->result.bytes_each = each(run, before.private_dirty, after.private_dirty);
  run->result.anonymous_each = each(run, before.anonymous, after.anonymous);
}

/* -- churn --------------------------------------------------------------------- */

void load_idle_churn(load_run *run) {
  if (run->opts->pid == 0)
    load_sys_die("churn needs --pid");
  uint64_t count = run->opts->messages != 0 ? run->opts->messages : CHURN;
  /* All places once: what the server keeps for these few is not counted. */
  load_run_open(run, 0, run->count);
  for (uint32_t i = 0; i < run->count; i++)
    load_client_close(run, &run->clients[i]);
  load_sys_memory before = settled_memory(run);
  run->left = count;
  run->stage = LOAD_STAGE_WINDOW;
  uint64_t start_ns = load_sys_now_ns();
  while (run->left > 0 || run->opening > 0)
    load_run_step(run);
  run->stage = LOAD_STAGE_QUIET;
  run->result.ns = load_sys_now_ns() - start_ns;
  load_sys_memory after = settled_memory(run);
  run->result.left_bytes =
      (double)after.private_dirty - (double)before.private_dirty;
}

/* -- turns ---------------------------------------------------------------------- */

static int server_connect(const load_run *run) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons(run->opts->port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
    load_sys_die("connect: %s", strerror(errno));
  return fd;
}

/* A body of digits, up to the end of the connection. */
static uint64_t server_turns(const load_run *run) {
  static const char request[] = "GET /turns HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                "Connection: close\r\n\r\n";
  char in[MAX_ANSWER + 1];
  size_t len = 0;
  int fd = server_connect(run);
  if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0)
    load_sys_die("send: %s", strerror(errno));
  for (ssize_t got; (got = recv(fd, in + len, MAX_ANSWER - len, 0)) > 0;)
    len += (size_t)got;
  close(fd);
  in[len] = '\0';
  const char *body = strstr(in, "\r\n\r\n");
  if (strncmp(in, "HTTP/1.1 200", 12) != 0 || body == NULL)
    load_sys_die("expected the number of turns, got \"%.40s\"", in);
  return strtoull(body + 4, NULL, 10);
}

void load_idle_turns(load_run *run) {
  load_run_open(run, 0, run->count);
  load_run_rest(run, run->opts->warmup);
  uint64_t turns = server_turns(run);
  uint64_t cpu_ns = load_sys_cpu_ns(run->opts->pid);
  uint64_t start_ns = load_sys_now_ns();
  load_run_rest(run, run->opts->seconds);
  run->result.ns = load_sys_now_ns() - start_ns;
  run->result.cpu_ns = load_sys_cpu_ns(run->opts->pid) - cpu_ns;
  run->result.messages = run->ready;
  run->result.turns = server_turns(run) - turns;
}
