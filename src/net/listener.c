/* SPDX-License-Identifier: MIT */
#include "net/listener.h"

#include <errno.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/group.h"
#include "net/hooks.h"
#include "net/mail.h"
#include "net/net_limits.h"

/* Peers accepted or refused in one wake-up, and errors of single peers. */
#define ACCEPTS_PER_TURN 64
#define REFUSALS_PER_TURN 16
/* Accepting rests this long when it fails. */
#define PAUSE_MS 100u

/* One worker's share. */
typedef struct slot {
  peal_polled item;
  peal_listener *listener;
  peal_worker *worker;
  peal_wheel_timer pause;
  peal_mail stop_mail;
  int fd;
  int spare; /* closed to have a descriptor for a refusal */
  bool watched;
  bool stopped;
  uint64_t refused; /* since accepting began to fail */
  bool failing;     /* the log has it */
  char apart[PEAL_CACHE_LINE_BYTES];
} slot;

struct peal_listener {
  peal_workers *group;
  const peal_mem *mem;
  peal_listener_fn fn;
  void *user;
  peal_listen_place place;
  int nothing;         /* what takes the place of a refused peer */
  uv_mutex_t refusing; /* while the spare descriptor is free */
  atomic_bool stop_sent;
  atomic_uint open; /* workers that have not stopped */
  unsigned count;
  slot slots[];
};

static const peal_slice none = {NULL, 0};

static int spare_open(void) {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* -- accepting ------------------------------------------------------------- */

static void rest(slot *one) {
  if (one->watched)
    peal_poller_forget(one->worker->poller, one->fd);
  one->watched = false;
  peal_wheel_set(&one->worker->wheel, &one->pause,
                 one->worker->now_ms + PAUSE_MS);
}

static void tell_failing(slot *one, int number) {
  if (!one->failing)
    peal_logger_write(one->worker->log, PEAL_LOG_ERROR, "listener", none, none,
                      "connections are not accepted: %s",
                      strerrordesc_np(number));
  one->failing = true;
}

static void tell_recovered(slot *one) {
  peal_logger_write(one->worker->log, PEAL_LOG_WARN, "listener", none, none,
                    "connections are accepted again, %llu were refused",
                    (unsigned long long)one->refused);
  one->failing = false;
  one->refused = 0;
}

static void watch(slot *one) {
  if (one->stopped || one->watched)
    return;
  one->watched =
      peal_poller_watch(one->worker->poller, one->fd,
                        PEAL_POLL_IN | PEAL_POLL_SHARED, &one->item, false);
  if (one->watched)
    return;
  tell_failing(one, errno);
  rest(one);
}

static void on_pause_over(peal_wheel_timer *timer, uint64_t now_ms) {
  slot *one = PEAL_LIST_OF(timer, slot, pause);
  (void)now_ms;
  if (one->spare < 0)
    one->spare = spare_open();
  watch(one);
}

static bool has_peer(const slot *one) {
  struct pollfd waiting = {.fd = one->fd, .events = POLLIN};
  return poll(&waiting, 1, 0) > 0;
}

/* Descriptors are out: the peers that wait are refused with the spare one, so
 * that they learn it now. It is free only between two calls, and the workers
 * take turns, or they would take it from each other. */
static void refuse_waiting(slot *one) {
  for (int i = 0; i < REFUSALS_PER_TURN && one->spare >= 0; i++) {
    if (!has_peer(one))
      return;
    close(one->spare);
    one->spare = accept4(one->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (one->spare < 0)
      one->spare = spare_open();
    else /* in its place: the peer is closed, nobody gets the descriptor */
      one->refused += dup3(one->listener->nothing, one->spare, O_CLOEXEC) >= 0;
  }
}

/* Errors of the peer that was to be accepted, not of accepting: accept(2). */
static bool is_of_the_peer(int number) {
  switch (number) {
  case EINTR:
  case ECONNABORTED:
  case EPROTO:
  case ENETDOWN:
  case ENOPROTOOPT:
  case EHOSTDOWN:
  case ENONET:
  case EHOSTUNREACH:
  case EOPNOTSUPP:
  case ENETUNREACH:
  case EPERM:
  case ETIMEDOUT:
    return true;
  default:
    return false;
  }
}

static void take(slot *one, int fd, const struct sockaddr_storage *from) {
  if (one->failing)
    tell_recovered(one);
  if (one->spare < 0)
    one->spare = spare_open();
  peal_address peer = peal_address_of((const struct sockaddr *)from);
  one->listener->fn(one->worker, fd, &peer, one->listener->user);
}

/* Returns a descriptor, or a negative errno. */
static int accept_or_refuse(slot *one, struct sockaddr_storage *from) {
  socklen_t len = sizeof(*from);
  bool careful = one->failing;
  if (careful)
    uv_mutex_lock(&one->listener->refusing);
  int fd = accept4(one->fd, (struct sockaddr *)from, &len,
                   SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0)
    fd = -errno;
  if (careful && (fd == -EMFILE || fd == -ENFILE))
    refuse_waiting(one);
  if (careful)
    uv_mutex_unlock(&one->listener->refusing);
  return fd;
}

/* Returns false if that was all for now. */
static bool accept_one(slot *one) {
  struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
  int fd = accept_or_refuse(one, &from);
  if (fd >= 0) {
    take(one, fd, &from);
    return !one->stopped;
  }
  if (fd == -EAGAIN)
    return false;
  if (is_of_the_peer(-fd))
    return true;
  if (!one->failing) { /* once more, carefully */
    tell_failing(one, -fd);
    return true;
  }
  rest(one);
  return false;
}

static void on_acceptable(peal_polled *item, unsigned events) {
  slot *one = PEAL_LIST_OF(item, slot, item);
  (void)events;
  if (one->stopped) /* by an event told before this one */
    return;
  for (int i = 0; i < ACCEPTS_PER_TURN; i++)
    if (!accept_one(one))
      break;
}

/* -- starting and stopping ------------------------------------------------- */

static void start_on(peal_worker *worker, void *user) {
  peal_listener *listener = user;
  watch(&listener->slots[worker->index]);
}

static void close_slot(slot *one) {
  if (one->fd >= 0)
    close(one->fd);
  if (one->spare >= 0)
    close(one->spare);
  one->fd = one->spare = -1;
}

static void stop_on(peal_worker *worker, void *user) {
  peal_listener *listener = user;
  slot *one = &listener->slots[worker->index];
  if (one->stopped)
    return;
  one->stopped = true;
  peal_wheel_stop(&worker->wheel, &one->pause);
  if (one->watched)
    peal_poller_forget(worker->poller, one->fd);
  /* The last one: who comes now learns from the file that nobody is here. */
  if (atomic_fetch_sub(&listener->open, 1) == 1)
    peal_listen_spec_remove(&listener->place);
  close_slot(one);
}

static void on_stop_mail(peal_worker *worker, peal_mail *mail) {
  stop_on(worker, PEAL_LIST_OF(mail, slot, stop_mail)->listener);
}

void peal_listener_stop(peal_listener *listener) {
  if (!listener || atomic_exchange(&listener->stop_sent, true))
    return;
  for (unsigned i = 0; i < listener->count; i++)
    peal_mail_send(listener->slots[i].worker, &listener->slots[i].stop_mail);
}

/* -- life ------------------------------------------------------------------ */

static void init_slot(slot *one, peal_listener *listener, unsigned index) {
  static const peal_polled_kind kind = {on_acceptable, NULL};
  one->item.kind = &kind;
  one->listener = listener;
  one->worker = peal_workers_get(listener->group, index);
  one->fd = one->spare = -1;
  one->stop_mail.fn = on_stop_mail;
  peal_wheel_timer_init(&one->pause, on_pause_over);
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
  if (uv_mutex_init(&listener->refusing)) {
    peal_mem_free(workers->mem, listener);
    return NULL;
  }
  listener->nothing = spare_open();
  atomic_init(&listener->open, count);
  for (unsigned i = 0; i < count; i++)
    init_slot(&listener->slots[i], listener, i);
  return listener;
}

void peal_listener_free(peal_listener *listener) {
  if (!listener)
    return;
  peal_hooks_forget(listener->group, listener);
  peal_listen_spec_remove(&listener->place);
  for (unsigned i = 0; i < listener->count; i++)
    close_slot(&listener->slots[i]);
  if (listener->nothing >= 0)
    close(listener->nothing);
  uv_mutex_destroy(&listener->refusing);
  peal_mem_free(listener->mem, listener);
}

static peal_err open_place(peal_listener *listener,
                           const peal_listen_spec *spec, const char **why) {
  int fds[PEAL_LIMIT_WORKERS];
  peal_err err =
      peal_listen_spec_open(spec, fds, listener->count, &listener->place, why);
  for (unsigned i = 0; !err && i < listener->count; i++) {
    listener->slots[i].fd = fds[i];
    listener->slots[i].spare = spare_open();
  }
  return err;
}

peal_err peal_listener_listen(peal_listener **out, peal_workers *workers,
                              const peal_listen_spec *spec, peal_listener_fn fn,
                              void *user, const char **why) {
  const char *unused = NULL;
  *out = NULL;
  peal_listener *listener = make(workers, fn, user);
  if (!listener)
    return PEAL_ERR_NOMEM;
  peal_err err = open_place(listener, spec, why ? why : &unused);
  if (!err)
    err = peal_workers_on_stop(workers, stop_on, listener);
  if (!err)
    err = peal_workers_on_start(workers, start_on, listener);
  if (!err) {
    *out = listener;
    return PEAL_OK;
  }
  if (spec->fd > 0) /* the caller's, as before */
    listener->slots[0].fd = -1;
  peal_listener_free(listener);
  return err;
}

peal_err peal_listener_open(peal_listener **out, peal_workers *workers,
                            const char *host, uint16_t *port, int backlog,
                            peal_listener_fn fn, void *user, const char **why) {
  const peal_listen_spec spec = {
      .host = host, .port = *port, .backlog = backlog};
  peal_err err = peal_listener_listen(out, workers, &spec, fn, user, why);
  if (!err)
    *port = (*out)->place.port;
  return err;
}

uint16_t peal_listener_port(const peal_listener *listener) {
  return listener->place.port;
}

bool peal_listener_address(const peal_listener *listener, peal_address *out,
                           bool *both) {
  return peal_listen_name_address(listener->slots[0].fd, out, both);
}

void peal_listener_name(const peal_listener *listener, const char *scheme,
                        char out[PEAL_LISTEN_NAME_MAX]) {
  peal_listen_name_of(listener->slots[0].fd, scheme, out);
}
