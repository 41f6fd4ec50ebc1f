/* SPDX-License-Identifier: MIT */
#include "halt.h"

#include <signal.h>
#include <time.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static volatile sig_atomic_t asked;
static int pipe_fds[2] = {-1, -1};

static void on_signal(int number) {
  (void)number;
  asked = 1;
  ssize_t written = write(pipe_fds[1], "", 1);
  (void)written;
}

bool halt_watch(void) {
  struct sigaction action = {.sa_handler = on_signal};
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0)
    return false;
  return sigaction(SIGTERM, &action, NULL) == 0 &&
         sigaction(SIGINT, &action, NULL) == 0 &&
         sigaction(SIGPIPE, &ignore, NULL) == 0;
}

bool halt_is_asked(void) {
  return asked != 0;
}

void halt_wait(int fd, int timeout_ms) {
  struct pollfd fds[] = {{.fd = pipe_fds[0], .events = POLLIN},
                         {.fd = fd, .events = POLLIN}};
  if (!asked)
    (void)poll(fds, fd >= 0 ? 2 : 1, timeout_ms);
}

int64_t halt_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
