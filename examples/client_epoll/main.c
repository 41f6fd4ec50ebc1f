/* SPDX-License-Identifier: MIT */
/* client_epoll: a client in a bare epoll loop: its descriptor beside a timer of
 * the program's own, which says the seconds since the start to a chat
 * (examples/chat), and beside SIGTERM, which ends the program. Its argument is
 * the URL. */
#include <signal.h>
#include <stdio.h>

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <peal/peal.h>

static int watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  return fd;
}

static int open_timer(void) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  const struct itimerspec each = {{1, 0}, {1, 0}};
  timerfd_settime(fd, 0, &each, NULL);
  return fd;
}

static int open_signal(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, NULL);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

static void say_tick(peal_client *client, int timer) {
  static int seconds;
  uint64_t ticks;
  char text[32];
  if (read(timer, &ticks, sizeof ticks) != sizeof ticks)
    return;
  snprintf(text, sizeof text, "tick %d", ++seconds);
  peal_client_emit(peal_client_of(client, NULL), "chat",
                   PEAL_ARGS(peal_str(text)));
}

static void loop(peal_client *client, peal_workers *workers) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int timer = watch(epoll, open_timer());
  int stop = watch(epoll, open_signal());
  watch(epoll, peal_workers_fd(workers));
  struct epoll_event event;
  do {
    int count = epoll_wait(epoll, &event, 1, peal_workers_timeout_ms(workers));
    if (count > 0 && event.data.fd == timer)
      say_tick(client, timer);
    if (count > 0 && event.data.fd == stop) {
      peal_client_stop(client); /* the steps go on until all has been sent */
      epoll_ctl(epoll, EPOLL_CTL_DEL, stop, NULL);
    }
  } while (peal_workers_step(workers, 0) == PEAL_OK);
  close(stop);
  close(timer);
  close(epoll);
}

int main(int argc, char **argv) {
  peal_client *client;
  peal_client_problem why;
  if (peal_client_new(
          &client, &(peal_client_opts){.url = argc > 1 ? argv[1] : NULL}, &why))
    return fprintf(stderr, "%s\n", why.text), 1;
  peal_workers *workers = peal_client_workers(client);
  if (peal_workers_begin(workers))
    return 1;
  loop(client, workers);
  int code = peal_workers_end(workers);
  peal_client_free(client);
  return code;
}
