/* SPDX-License-Identifier: MIT */
#pragma once
/* net_fixture: a group of workers running in a thread of its own, and blocking
 * sockets on the other side. Included by the tests of net/ and http/. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <peal/worker.h>

typedef struct net_fixture {
  peal_workers *workers;
  uv_thread_t thread;
  int result;
} net_fixture;

static inline void net_fixture_main(void *user) {
  net_fixture *fixture = user;
  fixture->result = peal_workers_run(fixture->workers);
}

static inline void net_fixture_run(net_fixture *fixture) {
  assert_int_equal(
      uv_thread_create(&fixture->thread, net_fixture_main, fixture), 0);
}

static inline void net_fixture_join(net_fixture *fixture) {
  uv_thread_join(&fixture->thread);
  assert_int_equal(fixture->result, 0);
}

/* Nothing of a log in the test's output. */
static inline void net_fixture_quiet(const peal_log_record *record,
                                     void *user) {
  (void)record;
  (void)user;
}

#define NET_QUIET ((peal_log_opts){.fn = net_fixture_quiet})

/* Some machines have none. */
static inline bool net_has_ipv6(void) {
  struct sockaddr_in6 at = {.sin6_family = AF_INET6,
                            .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  bool has = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
  if (fd >= 0)
    close(fd);
  return has;
}

/* -- the other side --------------------------------------------------------- */

static inline int net_connect(unsigned port) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
  return fd;
}

static inline void net_send(int fd, const void *data, size_t len) {
  const char *from = data;
  while (len > 0) {
    ssize_t sent = send(fd, from, len, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR)
      continue;
    assert_true(sent > 0);
    from += sent;
    len -= (size_t)sent;
  }
}

static inline void net_send_str(int fd, const char *text) {
  net_send(fd, text, strlen(text));
}

/* Wait up to `ms` for something to read. */
static inline bool net_readable(int fd, int ms) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  return poll(&one, 1, ms) > 0;
}

/* Read until `len` bytes are there, or the end, an error or 5 s of silence.
 * Returns how many came. */
static inline size_t net_read(int fd, char *out, size_t len) {
  size_t have = 0;
  while (have < len && net_readable(fd, 30000)) {
    ssize_t got = recv(fd, out + have, len - have, 0);
    if (got <= 0)
      break;
    have += (size_t)got;
  }
  return have;
}

/* True if the peer has closed, within `ms`. */
static inline bool net_closed(int fd, int ms) {
  char byte;
  return net_readable(fd, ms) && recv(fd, &byte, 1, 0) <= 0;
}

/* Wait until the counter has reached `value`, at most 5 s. */
static inline bool net_wait(atomic_int *counter, int value) {
  for (int i = 0; i < 30000; i++) {
    if (atomic_load(counter) >= value)
      return true;
    uv_sleep(1);
  }
  return false;
}

/* Two ends of a TCP connection: [0] ours, non-blocking, [1] the peer's. */
static inline void net_pair(int fds[2]) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof(at);
  int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof(at)), 0);
  assert_int_equal(listen(listening, 1), 0);
  assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &len), 0);
  fds[1] = net_connect(ntohs(at.sin_port));
  fds[0] = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  assert_true(fds[0] >= 0);
  const int one = 1;
  setsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  close(listening);
}

/* -- on the worker ---------------------------------------------------------- */

typedef struct net_call {
  peal_post_fn fn;
  void *user;
  uv_sem_t done;
} net_call;

static inline void net_call_run(peal_worker *worker, void *user) {
  net_call *call = user;
  call->fn(worker, call->user);
  uv_sem_post(&call->done);
}

/* Call `fn` on the worker's thread and wait until it has returned. */
static inline void net_on_worker(peal_worker *worker, peal_post_fn fn,
                                 void *user) {
  net_call call = {.fn = fn, .user = user};
  uv_sem_init(&call.done, 0);
  assert_int_equal(peal_worker_post(worker, net_call_run, &call), PEAL_OK);
  uv_sem_wait(&call.done);
  uv_sem_destroy(&call.done);
}

static inline void net_nothing(peal_worker *worker, void *user) {
  (void)worker;
  (void)user;
}

/* What we wrote the worker sees, and what it wrote we see. */
static inline void net_sync(peal_worker *worker) {
  net_on_worker(worker, net_nothing, NULL);
}

static inline uint64_t net_turns(peal_worker *worker) {
  peal_worker_stats stats;
  peal_worker_stats_get(worker, &stats);
  return stats.turns;
}

/* True if the worker comes to rest, within 10 s: no turn in `ms`. */
static inline bool net_rests(peal_worker *worker, unsigned ms) {
  for (uint64_t waited = 0; waited < 10000; waited += ms) {
    uint64_t before = net_turns(worker);
    uv_sleep(ms);
    if (net_turns(worker) == before)
      return true;
  }
  return false;
}
