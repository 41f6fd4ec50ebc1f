/* SPDX-License-Identifier: MIT */
#include "net/listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/worker_priv.h"

/* Peers accepted or refused in one wake-up. */
#define ACCEPTS_PER_TURN 64
#define REFUSALS_PER_TURN 16
/* Accepting rests this long when descriptors are out. */
#define PAUSE_MS 100u

/* One worker's share. */
typedef struct slot {
  peal_listener *listener;
  peal_worker *worker;
  uv_poll_t poll;
  peal_wheel_timer pause;
  peal_mail stop_mail;
  int fd;
  int spare;    /* closed to have a descriptor for a refusal */
  bool started; /* the poll handle is in the loop */
  bool stopped;
  bool starved; /* descriptors are out; the log has it */
} slot;

struct peal_listener {
  peal_workers *group;
  const peal_mem *mem;
  peal_listener_fn fn;
  void *user;
  atomic_bool stop_sent;
  unsigned count;
  slot slots[];
};

/* -- sockets --------------------------------------------------------------- */

static int set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value));
}

/* A bound socket, or -1 with errno. */
static int bind_socket(const struct addrinfo *info, uint16_t port,
                       bool shared) {
  int fd =
      socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  struct sockaddr_storage at;
  memcpy(&at, info->ai_addr, info->ai_addrlen);
  if (info->ai_family == AF_INET6)
    ((struct sockaddr_in6 *)&at)->sin6_port = htons(port);
  else
    ((struct sockaddr_in *)&at)->sin_port = htons(port);
  /* Accepted sockets inherit TCP_NODELAY (tcp(7) on Linux). */
  bool ok = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) == 0 &&
            set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) == 0 &&
            (!shared || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0);
  if (ok && info->ai_family == AF_INET6)
    ok = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) == 0;
  if (ok && bind(fd, (struct sockaddr *)&at, info->ai_addrlen) == 0)
    return fd;
  int saved = errno;
  close(fd);
  errno = saved;
  return -1;
}

static uint16_t port_of(int fd) {
  struct sockaddr_storage at;
  socklen_t len = sizeof(at);
  if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
    return 0;
  return peal_address_of((struct sockaddr *)&at).port;
}

/* Sockets for all workers on one address. Several can share a port only if
 * all say so, and then they would share it with a stranger, too: the port is
 * tried alone first. */
static bool bind_all(peal_listener *listener, const struct addrinfo *info,
                     uint16_t *port, int backlog) {
  bool shared = listener->count > 1;
  if (shared && *port) {
    int probe = bind_socket(info, *port, false);
    if (probe < 0)
      return false;
    close(probe);
  }
  for (unsigned i = 0; i < listener->count; i++) {
    int fd = bind_socket(info, *port, shared);
    listener->slots[i].fd = fd;
    if (fd < 0 || listen(fd, backlog) != 0)
      return false;
    if (*port == 0)
      *port = port_of(fd);
  }
  return true;
}

static void close_all(peal_listener *listener) {
  for (unsigned i = 0; i < listener->count; i++) {
    slot *one = &listener->slots[i];
    if (one->fd >= 0)
      close(one->fd);
    if (one->spare >= 0)
      close(one->spare);
    one->fd = one->spare = -1;
  }
}

static int spare_open(void) {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Try the addresses of a host in order. On failure errno says why. */
static bool bind_host(peal_listener *listener, const char *host, uint16_t *port,
                      int backlog, const char **why) {
  const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                 .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  int failed = getaddrinfo(host, "0", &hints, &found);
  if (failed) {
    *why = gai_strerror(failed);
    errno = 0;
    return false;
  }
  uint16_t asked = *port;
  bool ok = false;
  errno = 0;
  for (struct addrinfo *info = found; info && !ok; info = info->ai_next) {
    if (info->ai_family != AF_INET && info->ai_family != AF_INET6)
      continue;
    *port = asked;
    ok = bind_all(listener, info, port, backlog);
    int saved = errno;
    if (!ok)
      close_all(listener);
    errno = saved;
  }
  int saved = errno;
  freeaddrinfo(found);
  errno = saved;
  return ok;
}

/* All addresses: IPv6 with IPv4 mapped into it where there is IPv6. */
static bool bind_any(peal_listener *listener, const char *host, uint16_t *port,
                     int backlog, const char **why) {
  if (host)
    return bind_host(listener, host, port, backlog, why);
  uint16_t asked = *port;
  if (bind_host(listener, "::", port, backlog, why))
    return true;
  if (errno == EADDRINUSE || errno == EACCES || errno == EMFILE)
    return false;
  *port = asked;
  return bind_host(listener, "0.0.0.0", port, backlog, why);
}

/* -- accepting ------------------------------------------------------------- */

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void start_polling(slot *one) {
  if (!one->stopped)
    uv_poll_start(&one->poll, UV_READABLE, on_acceptable);
}

static void on_pause_over(peal_wheel_timer *timer, uint64_t now_ms) {
  (void)now_ms;
  start_polling(PEAL_LIST_OF(timer, slot, pause));
}

/* Descriptors are out: the peers that wait are refused with the spare one,
 * so that they learn it now, and accepting rests for a moment. */
static void refuse_waiting(slot *one, int number) {
  peal_worker *worker = one->worker;
  const peal_slice none = {NULL, 0};
  if (!one->starved)
    peal_logger_write(worker->log, PEAL_LOG_ERROR, "listener", none, none,
                      "connections are refused: %s", strerror(number));
  one->starved = true;
  for (int i = 0; i < REFUSALS_PER_TURN && one->spare >= 0; i++) {
    close(one->spare);
    int fd = accept4(one->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
      close(fd);
    one->spare = spare_open();
    if (fd < 0)
      break;
  }
  uv_poll_stop(&one->poll);
  peal_wheel_set(&worker->wheel, &one->pause, worker->now_ms + PAUSE_MS);
}

/* Returns false if that was all for now. */
static bool accept_one(slot *one) {
  struct sockaddr_storage from;
  socklen_t len = sizeof(from);
  int fd = accept4(one->fd, (struct sockaddr *)&from, &len,
                   SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    one->starved = false;
    if (one->spare < 0)
      one->spare = spare_open();
    peal_address peer = peal_address_of((struct sockaddr *)&from);
    one->listener->fn(one->worker, fd, &peer, one->listener->user);
    return !one->stopped;
  }
  switch (errno) {
  case EAGAIN:
    return false;
  case EMFILE:
  case ENFILE:
  case ENOMEM:
  case ENOBUFS:
    refuse_waiting(one, errno);
    return false;
  default: /* ECONNABORTED, EINTR, errors of that peer's network: accept(2) */
    return true;
  }
}

static void on_acceptable(uv_poll_t *poll, int status, int events) {
  slot *one = poll->data;
  (void)events;
  peal_worker_priv_wake(one->worker);
  if (status < 0)
    return;
  for (int i = 0; i < ACCEPTS_PER_TURN; i++)
    if (!accept_one(one))
      break;
}

/* -- life ------------------------------------------------------------------ */

static void start_on(peal_worker *worker, void *user) {
  peal_listener *listener = user;
  slot *one = &listener->slots[worker->index];
  if (one->stopped || one->started)
    return;
  if (uv_poll_init(&worker->loop, &one->poll, one->fd)) {
    const peal_slice none = {NULL, 0};
    peal_logger_write(worker->log, PEAL_LOG_ERROR, "listener", none, none,
                      "worker %u cannot watch its socket", worker->index);
    return;
  }
  one->started = true;
  one->poll.data = one;
  start_polling(one);
}

static void stop_on(peal_worker *worker, void *user) {
  peal_listener *listener = user;
  slot *one = &listener->slots[worker->index];
  if (one->stopped)
    return;
  one->stopped = true;
  peal_wheel_stop(&worker->wheel, &one->pause);
  if (one->started)
    uv_close((uv_handle_t *)&one->poll, NULL);
  if (one->fd >= 0)
    close(one->fd);
  if (one->spare >= 0)
    close(one->spare);
  one->fd = one->spare = -1;
}

static void on_stop_mail(peal_worker *worker, peal_mail *mail) {
  stop_on(worker, PEAL_LIST_OF(mail, slot, stop_mail)->listener);
}

void peal_listener_stop(peal_listener *listener) {
  if (atomic_exchange(&listener->stop_sent, true))
    return;
  for (unsigned i = 0; i < listener->count; i++)
    peal_worker_impl_send(listener->slots[i].worker,
                          &listener->slots[i].stop_mail);
}

static peal_listener *make(peal_workers *workers, peal_listener_fn fn,
                           void *user) {
  unsigned count = peal_workers_count(workers);
  peal_listener *listener =
      peal_mem_zalloc(workers->mem, sizeof(*listener) + count * sizeof(slot));
  if (!listener)
    return NULL;
  listener->group = workers;
  listener->mem = workers->mem;
  listener->fn = fn;
  listener->user = user;
  listener->count = count;
  for (unsigned i = 0; i < count; i++) {
    slot *one = &listener->slots[i];
    one->listener = listener;
    one->worker = peal_workers_get(workers, i);
    one->fd = one->spare = -1;
    one->stop_mail.fn = on_stop_mail;
    peal_wheel_timer_init(&one->pause, on_pause_over);
  }
  return listener;
}

static void drop(peal_listener *listener) {
  peal_worker_impl_forget(listener->group, listener);
  close_all(listener);
  peal_mem_free(listener->mem, listener);
}

peal_err peal_listener_open(peal_listener **out, peal_workers *workers,
                            const char *host, uint16_t *port, int backlog,
                            peal_listener_fn fn, void *user, const char **why) {
  const char *reason = NULL;
  *out = NULL;
  peal_listener *listener = make(workers, fn, user);
  if (!listener)
    return PEAL_ERR_NOMEM;
  if (!bind_any(listener, host, port, backlog, &reason)) {
    peal_err err = errno == EADDRINUSE ? PEAL_ERR_PORT_IN_USE : PEAL_ERR_SYSTEM;
    if (why)
      *why = reason ? reason : strerrordesc_np(errno);
    drop(listener);
    return err;
  }
  for (unsigned i = 0; i < listener->count; i++)
    listener->slots[i].spare = spare_open();
  if (peal_workers_on_stop(workers, stop_on, listener) ||
      peal_workers_on_start(workers, start_on, listener)) {
    drop(listener);
    return PEAL_ERR_NOMEM;
  }
  *out = listener;
  return PEAL_OK;
}

void peal_listener_free(peal_listener *listener) {
  if (listener)
    drop(listener);
}
