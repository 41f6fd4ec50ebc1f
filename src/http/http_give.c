/* SPDX-License-Identifier: MIT */
#include "http/http_give.h"

#include <string.h>

#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

static peal_http_home *home_of(peal_http_server *server,
                               const peal_worker *worker) {
  return &server->homes[peal_worker_index(worker)];
}

/* -- places ---------------------------------------------------------------- */

static bool give_place(const peal_http_place *place, peal_http_give_place_fn fn,
                       void *user) {
  int fds[PEAL_LISTENER_SOCKETS];
  unsigned count =
      peal_listener_sockets(place->listener, fds, PEAL_LISTENER_SOCKETS);
  for (unsigned i = 0; i < count; i++)
    if (!fn(user, peal_slice_of(place->name), fds[i]))
      return false;
  return true;
}

bool peal_http_give_places(const peal_http_server *server,
                           peal_http_give_place_fn fn, void *user) {
  for (size_t i = 0; i < server->place_count; i++)
    if (!give_place(server->places[i], fn, user))
      return false;
  return true;
}

peal_err peal_http_give_take_place(peal_http_server *server, peal_slice name,
                                   int fd) {
  peal_http_handed *one = peal_mem_alloc(server->mem, sizeof *one + name.len);
  if (!one) {
    close(fd);
    return PEAL_ERR_NOMEM;
  }
  *one = (peal_http_handed){.fd = fd, .name_len = name.len};
  memcpy(one->name, name.ptr, name.len);
  peal_http_handed **end = &server->handed;
  while (*end)
    end = &(*end)->next;
  *end = one;
  return PEAL_OK;
}

void peal_http_give_own(peal_http_server *server) {
  for (size_t i = 0; i < server->place_count; i++)
    peal_listener_own(server->places[i]->listener);
}

void peal_http_give_leave(peal_http_server *server) {
  for (size_t i = 0; i < server->place_count; i++)
    peal_listener_leave(server->places[i]->listener);
}

static void rest(peal_http_server *server, const peal_worker *worker,
                 bool rests) {
  for (size_t i = 0; i < server->place_count; i++)
    peal_listener_rest(server->places[i]->listener, worker, rests);
}

/* -- connections ----------------------------------------------------------- */

size_t peal_http_give_links(peal_http_server *server, const peal_worker *worker,
                            peal_http_link_offer_fn fn, void *user) {
  rest(server, worker, true);
  return peal_http_link_offer_all(home_of(server, worker), fn, user);
}

void peal_http_give_resume(peal_http_server *server,
                           const peal_worker *worker) {
  home_of(server, worker)->parting = false;
  rest(server, worker, false);
}

/* Its account of the address; false: there are too many of it. */
static bool count(peal_http_home *home, const peal_address *peer,
                  uint32_t *tag) {
  peal_http_server *server = home->server;
  *tag = 0;
  if (peer->known && !peal_http_proxies_trust(&server->proxies, peer) &&
      peal_address_count_add(&server->addresses, peer->ip, tag) != PEAL_OK)
    return false;
  atomic_fetch_add(&server->open, 1);
  peal_worker_impl_count(&home->stats.connections_total, 1);
  return true;
}

void peal_http_give_take_link(peal_http_server *server,
                              const peal_worker *worker,
                              const peal_http_link_offer *offer) {
  peal_http_home *home = home_of(server, worker);
  peal_stream_parcel parcel = {.fd = offer->fd};
  if (count(home, &offer->address, &parcel.tag))
    peal_http_link_arrive(home, &parcel, offer);
  else
    close(offer->fd);
}

void peal_http_give_set_pass(peal_http_server *server, peal_http_pass_fn fn,
                             void *user) {
  server->pass = fn;
  server->pass_user = user;
}

/* -- streams --------------------------------------------------------------- */

void peal_http_give_stream(peal_http_server *server, peal_stream *stream) {
  peal_http_home *home = home_of(server, peal_stream_worker(stream));
  peal_stream_parcel parcel = peal_stream_detach(stream);
  close(parcel.fd);
  peal_http_home_forget(home, parcel.tag);
}

static peal_address peer_of(int fd) {
  struct sockaddr_storage from;
  socklen_t len = sizeof from;
  if (getpeername(fd, (struct sockaddr *)&from, &len) != 0)
    return (peal_address){.known = false};
  return peal_address_of((struct sockaddr *)&from);
}

peal_stream *peal_http_give_take_stream(peal_http_server *server,
                                        peal_worker *worker, int fd,
                                        const peal_stream_callbacks *callbacks,
                                        void *user) {
  peal_http_home *home = home_of(server, worker);
  peal_address peer = peer_of(fd);
  peal_stream_parcel parcel = {.fd = fd};
  if (!count(home, &peer, &parcel.tag)) {
    close(fd);
    return NULL;
  }
  peal_worker_impl_count(&home->stats.connections_open, 1);
  peal_stream *stream = peal_stream_adopt_parcel(
      worker, &parcel, &home->account, callbacks, user);
  if (!stream)
    peal_http_home_forget(home, parcel.tag);
  return stream;
}
