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
#include "net/system.h"

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
  bool rests;       /* nothing is accepted until somebody says so */
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
  atomic_uint open; /* sockets that have not stopped */
  unsigned count;   /* one for each worker, or more that were given */
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
                      peal_system_error(number));
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
  if (one->stopped || one->watched || one->rests)
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
  if (one->stopped || one->rests) /* by an event told before this one */
    return;
  for (int i = 0; i < ACCEPTS_PER_TURN; i++)
    if (!accept_one(one))
      break;
}

/* -- starting and stopping ------------------------------------------------- */

static void start_on(peal_worker *worker, void *user) {
  peal_listener *listener = user;
  for (unsigned i = worker->index; i < listener->count;
       i += listener->group->count)
    watch(&listener->slots[i]);
}

static void close_slot(slot *one) {
  if (one->fd >= 0)
    close(one->fd);
  if (one->spare >= 0)
    close(one->spare);
  one->fd = one->spare = -1;
}

static void stop_slot(slot *one) {
  peal_listener *listener = one->listener;
  if (one->stopped)
    return;
  one->stopped = true;
  peal_wheel_stop(&one->worker->wheel, &one->pause);
  if (one->watched)
    peal_poller_forget(one->worker->poller, one->fd);
  /* The last one: who comes now learns from the file that nobody is here. */
  if (atomic_fetch_sub(&listener->open, 1) == 1)
    peal_listen_spec_remove(&listener->place);
  close_slot(one);
}

static void stop_on(peal_worker *worker, void *user) {
  peal_listener *listener = user;
  for (unsigned i = worker->index; i < listener->count;
       i += listener->group->count)
    stop_slot(&listener->slots[i]);
}

static void on_stop_mail(peal_worker *worker, peal_mail *mail) {
  (void)worker;
  stop_slot(PEAL_LIST_OF(mail, slot, stop_mail));
}

static void rest_slot(slot *one, bool rests) {
  one->rests = rests;
  if (!rests) {
    watch(one);
    return;
  }
  peal_wheel_stop(&one->worker->wheel, &one->pause);
  if (one->watched)
    peal_poller_forget(one->worker->poller, one->fd);
  one->watched = false;
}

void peal_listener_rest(peal_listener *listener, const peal_worker *worker,
                        bool rests) {
  for (unsigned i = worker->index; i < listener->count;
       i += listener->group->count)
    if (!listener->slots[i].stopped)
      rest_slot(&listener->slots[i], rests);
}

unsigned peal_listener_sockets(const peal_listener *listener, int *fds,
                               unsigned cap) {
  unsigned count = 0;
  for (unsigned i = 0; i < listener->count && count < cap; i++)
    if (listener->slots[i].fd >= 0)
      fds[count++] = listener->slots[i].fd;
  return count;
}

void peal_listener_own(peal_listener *listener) {
  peal_listen_spec_own(&listener->place);
}

void peal_listener_leave(peal_listener *listener) {
  peal_listen_spec_leave(&listener->place);
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
  one->worker =
      peal_workers_get(listener->group, index % listener->group->count);
  one->fd = one->spare = -1;
  one->stop_mail.fn = on_stop_mail;
  peal_wheel_timer_init(&one->pause, on_pause_over);
}

static peal_listener *make(peal_workers *workers, unsigned given,
                           peal_listener_fn fn, void *user) {
  unsigned count = peal_workers_count(workers);
  if (count < given)
    count = given;
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
  int fds[PEAL_LISTENER_SOCKETS];
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
  if (spec->given_count > PEAL_LISTENER_SOCKETS)
    return PEAL_ERR_LIMIT;
  peal_listener *listener = make(workers, spec->given_count, fn, user);
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
  /* The caller's, as before. */
  if (spec->fd > 0 && !spec->given_count)
    listener->slots[0].fd = -1;
  for (unsigned i = 0; i < spec->given_count; i++)
    listener->slots[i].fd = -1;
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
