/* SPDX-License-Identifier: MIT */
#include "server/nsp_ask.h"

#include "server/accept.h"
#include "server/middleware.h"
#include "server/next.h"
#include "server/nsp_table.h"

static const char invalid[] = "Invalid namespace"; /* reference 1.6 */

static const char *words_of(peal_err err) {
  return err == PEAL_ERR_LIMIT ? "too many namespaces" : peal_err_message(err);
}

static void refuse(peal_candidate *candidate, const char *message) {
  peal_pair pair;
  peal_accept_refuse(candidate, peal_accept_words(message, &pair));
}

/* -- with a socket that waits ------------------------------------------------------- */

/* It was in the parent's; the child's use is taken over. */
static void move_to(peal_socket *socket, peal_nsp *nsp) {
  peal_nsp_local *local = peal_nsp_local_of(nsp, socket->local->worker);
  peal_list_remove(&socket->node);
  peal_list_push(&local->pending, &socket->node);
  socket->local = local;
}

static void go_in(peal_candidate *candidate, peal_parent *parent) {
  const peal_candidate_ask *ask = candidate->ask;
  peal_nsp *nsp;
  peal_err err = peal_nsp_table_child(
      parent, (peal_slice){ask->name, ask->name_len}, &nsp);
  if (err) {
    refuse(candidate, words_of(err));
    return;
  }
  peal_candidate_asked(candidate);
  candidate->looping = false;
  move_to(candidate->socket, nsp);
  peal_middleware_start(candidate, peal_socket_auth(candidate->socket));
}

static void ask_one(peal_candidate *candidate, const peal_parent *parent) {
  peal_next *next = peal_next_open(candidate);
  if (next)
    parent->fn(candidate->ask->name, peal_socket_auth(candidate->socket), next,
               parent->user);
  else
    refuse(candidate, peal_err_message(PEAL_ERR_NOMEM));
}

/* One after the other; those that answer at once do not nest. */
static void ask_all(peal_candidate *candidate) {
  peal_candidate_ask *ask = candidate->ask;
  peal_server *server = candidate->socket->local->nsp->server;
  candidate->looping = true;
  while (!candidate->asked && candidate->socket->state == PEAL_SOCKET_PENDING) {
    if (!ask->allowed)
      ask->parent = peal_parent_next(
          server, ask->parent, (peal_slice){ask->name, ask->name_len}, false);
    if (!ask->parent) {
      refuse(candidate, invalid);
      return;
    }
    if (ask->allowed || ask->parent->has_pattern) {
      go_in(candidate, ask->parent);
      return;
    }
    ask_one(candidate, ask->parent);
  }
  candidate->looping = false;
}

/* -- the beginning -------------------------------------------------------------------- */

static void go_straight_in(peal_server_client *client, peal_parent *parent,
                           peal_sio_link link, peal_slice name, peal_val auth) {
  peal_nsp *nsp;
  peal_err err = peal_nsp_table_child(parent, name, &nsp);
  if (err)
    peal_middleware_refuse_link(client, link, words_of(err));
  else
    peal_middleware_begin(client, nsp, link, auth);
}

void peal_nsp_ask_begin(peal_server_client *client, peal_server *server,
                        peal_sio_link link, peal_slice name, peal_val auth) {
  peal_parent *parent = peal_parent_next(server, NULL, name, false);
  if (!parent) {
    peal_middleware_refuse_link(client, link, invalid);
    return;
  }
  if (parent->has_pattern) {
    go_straight_in(client, parent, link, name, auth);
    return;
  }
  peal_candidate *candidate =
      peal_middleware_candidate(client, parent->nsp, link, auth, name);
  if (!candidate)
    return;
  candidate->go_on = ask_all;
  ask_all(candidate); /* the first one once more */
}
