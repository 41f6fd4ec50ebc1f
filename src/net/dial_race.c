/* SPDX-License-Identifier: MIT */
#include "net/dial_race.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

static void advance(peal_dial_race *race);

/* -- the end --------------------------------------------------------------- */

static void forget(peal_dial_attempt *one) {
  peal_poller_forget(one->race->worker->poller, one->fd);
  one->fd = -1;
  one->race->open--;
}

static void drop(peal_dial_attempt *one) {
  int fd = one->fd;
  forget(one);
  close(fd);
}

void peal_dial_race_stop(peal_dial_race *race) {
  race->over = true;
  peal_wheel_stop(&race->worker->wheel, &race->stagger);
  for (unsigned i = 0; i < race->next; i++)
    if (race->attempts[i].fd >= 0)
      drop(&race->attempts[i]);
}

static void end(peal_dial_race *race, int fd, int error) {
  peal_dial_race_stop(race);
  race->fn(race, fd, error);
}

/* Of several errors that of a host which has answered says more than "there is
 * no way": often one family has none. */
static bool says_little(int error) {
  return error == 0 || error == ENETUNREACH || error == EHOSTUNREACH ||
         error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

static void note_error(peal_dial_race *race, int error) {
  if (says_little(race->error))
    race->error = error;
}

/* -- one attempt ----------------------------------------------------------- */

static void on_connected(peal_polled *item, unsigned events) {
  peal_dial_attempt *one = PEAL_LIST_OF(item, peal_dial_attempt, item);
  peal_dial_race *race = one->race;
  int error = 0;
  socklen_t len = sizeof(error);
  (void)events;
  if (race->over || one->fd < 0) /* by an event told before this one */
    return;
  if (getsockopt(one->fd, SOL_SOCKET, SO_ERROR, &error, &len))
    error = errno;
  int fd = one->fd;
  if (error) {
    drop(one);
    note_error(race, error);
    advance(race);
    return;
  }
  forget(one);
  end(race, fd, 0);
}

static int open_socket(const peal_dial_address *to) {
  int fd =
      socket(to->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0 && to->at.ss_family != AF_UNIX)
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

static bool watch(peal_dial_attempt *one) {
  return peal_poller_watch(one->race->worker->poller, one->fd, PEAL_POLL_OUT,
                           &one->item, false);
}

/* Returns false if it has failed at once (EAGAIN: the backlog of a Unix socket
 * is full, and nobody tells when it is not). */
static bool attempt(peal_dial_race *race) {
  unsigned index = race->next++;
  const peal_dial_address *to = &race->addresses[index];
  peal_dial_attempt *one = &race->attempts[index];
  one->fd = open_socket(to);
  int done = one->fd < 0
                 ? -1
                 : connect(one->fd, (const struct sockaddr *)&to->at, to->len);
  if (done < 0 && (one->fd < 0 || (errno != EINPROGRESS && errno != EINTR))) {
    note_error(race, errno);
  } else if (watch(one)) {
    race->open++;
    return true;
  } else {
    note_error(race, ENOMEM);
  }
  if (one->fd >= 0)
    close(one->fd);
  one->fd = -1;
  return false;
}

/* -- all of them ----------------------------------------------------------- */

/* One more attempt; the end if there is none and nothing is open. */
static void advance(peal_dial_race *race) {
  while (race->next < race->count)
    if (attempt(race)) {
      if (race->next < race->count)
        peal_wheel_set(&race->worker->wheel, &race->stagger,
                       race->worker->now_ms + PEAL_DIAL_RACE_STAGGER_MS);
      return;
    }
  if (!race->open)
    end(race, -1, race->error ? race->error : EADDRNOTAVAIL);
}

static void on_stagger(peal_wheel_timer *timer, uint64_t now_ms) {
  (void)now_ms;
  advance(PEAL_LIST_OF(timer, peal_dial_race, stagger));
}

void peal_dial_race_init(peal_dial_race *race, peal_worker *worker,
                         peal_dial_race_fn fn) {
  static const peal_polled_kind kind = {on_connected, NULL};
  race->worker = worker;
  race->fn = fn;
  race->count = race->next = race->open = 0;
  race->error = 0;
  race->over = false;
  peal_wheel_timer_init(&race->stagger, on_stagger);
  for (unsigned i = 0; i < PEAL_DIAL_RACE_MAX; i++)
    race->attempts[i] =
        (peal_dial_attempt){.item.kind = &kind, .race = race, .fd = -1};
}

void peal_dial_race_add(peal_dial_race *race, const struct sockaddr *at,
                        socklen_t len) {
  if (race->count == PEAL_DIAL_RACE_MAX || len > sizeof(race->addresses[0].at))
    return;
  peal_dial_address *to = &race->addresses[race->count++];
  memcpy(&to->at, at, len);
  to->len = len;
}

/* The next of a list that is of this family, or is not. */
static const struct addrinfo *next_of(const struct addrinfo *from, int family,
                                      bool same) {
  while (from && ((from->ai_family == family) != same ||
                  (from->ai_family != AF_INET && from->ai_family != AF_INET6)))
    from = from->ai_next;
  return from;
}

void peal_dial_race_list(peal_dial_race *race, const struct addrinfo *list) {
  int family = list ? list->ai_family : AF_UNSPEC;
  const struct addrinfo *mine = next_of(list, family, true);
  const struct addrinfo *other = next_of(list, family, false);
  while (mine || other) {
    if (mine) {
      peal_dial_race_add(race, mine->ai_addr, mine->ai_addrlen);
      mine = next_of(mine->ai_next, family, true);
    }
    if (other) {
      peal_dial_race_add(race, other->ai_addr, other->ai_addrlen);
      other = next_of(other->ai_next, family, false);
    }
  }
}

void peal_dial_race_start(peal_dial_race *race) {
  advance(race);
}
