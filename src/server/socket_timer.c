/* SPDX-License-Identifier: MIT */
#include "server/socket_timer.h"

#include <peal/handle.h>

#include "net/timer.h"

typedef struct peal_socket_timer {
  struct peal_socket_timer *next;
  peal_socket *socket;
  peal_timer *timer;
  peal_socket_fn fn;
  void *user;
  bool repeats;
} peal_socket_timer;

/* Two blocks: this one, and the worker's timer. */
static size_t bytes_of_one(void) {
  return sizeof(peal_socket_timer) + peal_timer_bytes();
}

/* The link that leads to it, or to the end. */
static peal_socket_timer **find(peal_belongings *own, peal_socket_fn fn,
                                const void *user) {
  peal_socket_timer **at = &own->timers;
  while (*at && ((*at)->fn != fn || (*at)->user != user))
    at = &(*at)->next;
  return at;
}

static void take_out(peal_socket *socket, peal_socket_timer **at) {
  peal_socket_timer *it = *at;
  *at = it->next;
  peal_timer_free(it->timer);
  peal_belongings_release(socket, it, bytes_of_one());
}

static bool is_alive(const peal_socket *socket) {
  return socket->client && socket->state != PEAL_SOCKET_LEAVING &&
         socket->state != PEAL_SOCKET_GONE;
}

/* Nothing is touched behind the call: it may have stopped, started or ended
 * everything. One that comes once is gone before it. */
static void on_due(peal_timer *timer, void *user) {
  peal_socket_timer *it = user;
  peal_socket *socket = it->socket;
  peal_socket_fn fn = it->fn;
  void *given = it->user;
  (void)timer;
  if (!is_alive(socket))
    return;
  if (!it->repeats)
    take_out(socket, find(peal_belongings_of(socket), fn, given));
  fn(socket, given);
}

static peal_err add(peal_socket *socket, peal_socket_fn fn, void *user,
                    peal_socket_timer **out) {
  void *block;
  peal_err err = peal_belongings_alloc(socket, sizeof(peal_socket_timer),
                                       peal_timer_bytes(), &block);
  if (err)
    return err;
  peal_socket_timer *it = *out = block;
  *it = (peal_socket_timer){.socket = socket, .fn = fn, .user = user};
  it->timer = peal_timer_new(socket->local->worker, on_due, it);
  if (!it->timer) {
    peal_belongings_release(socket, it, bytes_of_one());
    return PEAL_ERR_NOMEM;
  }
  peal_belongings *own = peal_belongings_of(socket);
  it->next = own->timers;
  own->timers = it;
  return PEAL_OK;
}

peal_err peal_socket_timer_start(peal_socket *socket, uint64_t delay_ms,
                                 uint64_t repeat_ms, peal_socket_fn fn,
                                 void *user) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket || !fn)
    return PEAL_ERR_USAGE;
  if (!is_alive(socket))
    return PEAL_ERR_CLOSED;
  peal_belongings *own = peal_belongings_of(socket);
  peal_socket_timer *it = own ? *find(own, fn, user) : NULL;
  peal_err err = it ? PEAL_OK : add(socket, fn, user, &it);
  if (err)
    return err;
  it->repeats = repeat_ms != 0;
  peal_timer_start(it->timer, delay_ms, repeat_ms);
  return PEAL_OK;
}

void peal_socket_timer_stop(peal_socket *socket, peal_socket_fn fn,
                            void *user) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket)
    return;
  peal_belongings *own = peal_belongings_of(socket);
  peal_socket_timer **at = own ? find(own, fn, user) : NULL;
  if (at && *at)
    take_out(socket, at);
}

void peal_socket_timer_end(peal_socket *socket) {
  peal_belongings *own = peal_belongings_of(socket);
  while (own && own->timers)
    take_out(socket, &own->timers);
}
