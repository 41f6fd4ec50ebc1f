/* SPDX-License-Identifier: MIT */
#include "server/middleware.h"

#include "server/accept.h"
#include "server/auth.h"
#include "server/handlers.h"
#include "server/next.h"
#include "server/nsp_life.h"
#include "server/server_client_send.h"
#include "server/socket.h"
#include "server/socket_recovery.h"
#include "server/tracing.h"

peal_err peal_use(peal_nsp *nsp, peal_use_fn fn, void *user) {
  if (!nsp || !fn)
    return PEAL_ERR_USAGE;
  const peal_hook like = {.kind = PEAL_HOOK_USE, .fn.use = fn, .user = user};
  return peal_handlers_add(nsp, &like, (peal_slice){0});
}

/* -- the chain ------------------------------------------------------------------------- */

static void refuse(peal_candidate *candidate, const char *message,
                   peal_val data) {
  peal_pair pairs[2];
  peal_accept_refuse(candidate, peal_accept_refusal(candidate->socket->client,
                                                    message, data, pairs));
}

static void ask(peal_candidate *candidate, const peal_hook *hook) {
  peal_next *next = peal_next_open(candidate);
  if (next)
    hook->fn.use(candidate->socket, next, hook->user);
  else
    refuse(candidate, peal_err_message(PEAL_ERR_NOMEM), peal_undefined());
}

/* One function after the other; those that answer at once do not nest. */
static void run_chain(peal_candidate *candidate) {
  peal_socket *socket = candidate->socket;
  candidate->go_on = run_chain;
  candidate->looping = true;
  while (!candidate->asked && socket->state == PEAL_SOCKET_PENDING) {
    const peal_hook *hook = candidate->hook;
    candidate->hook = hook =
        hook ? hook->next : socket->local->hooks.chains[PEAL_HOOK_USE];
    if (!hook) {
      if (!peal_socket_recovery_look(candidate, false, peal_accept_run))
        peal_accept_run(candidate);
      return;
    }
    ask(candidate, hook);
  }
  candidate->looping = false;
}

/* -- the answer ------------------------------------------------------------------------ */

/* The candidate, for the first answer. If the client has gone meanwhile, the socket has
 * waited for it and ends here. */
static peal_candidate *take_answer(peal_next *next) {
  peal_candidate *candidate = next ? peal_next_answer(next) : NULL;
  if (!candidate || candidate->socket->client)
    return candidate;
  peal_candidate_bury(candidate);
  return NULL;
}

void peal_next_ok(peal_next *next) {
  PEAL_ON_NEXT(next, "peal_worker_post");
  peal_candidate *candidate = take_answer(next);
  if (!candidate)
    return;
  if (candidate->ask)
    candidate->ask->allowed = true;
  if (!candidate->looping)
    candidate->go_on(candidate);
}

void peal_next_refuse(peal_next *next, const char *message, peal_val data) {
  PEAL_ON_NEXT(next, "peal_worker_post");
  peal_candidate *candidate = take_answer(next);
  if (candidate && !candidate->ask)
    refuse(candidate, message ? message : "refused", data);
  else if (candidate && !candidate->looping)
    candidate->go_on(candidate);
}

/* -- the beginning ---------------------------------------------------------------------- */

/* Whose session was looked for in front of the middleware. */
static void enter(peal_candidate *candidate) {
  if (peal_socket_recovery_skips(candidate))
    peal_accept_run(candidate);
  else
    run_chain(candidate);
}

/* Into a namespace that is being set up nobody goes yet. */
static void start(peal_candidate *candidate) {
  candidate->waits = !candidate->socket->local->is_open;
  if (!candidate->waits && !peal_socket_recovery_look(candidate, true, enter))
    enter(candidate);
}

void peal_middleware_open(peal_nsp_local *local) {
  peal_list *node, all;
  peal_list_init(&all);
  peal_list_move(&all, &local->pending);
  while ((node = peal_list_shift(&all))) {
    peal_socket *socket = PEAL_LIST_OF(node, peal_socket, node);
    peal_candidate *candidate = socket->extra->candidate;
    peal_list_push(&local->pending, node);
    if (!candidate->waits)
      continue;
    candidate->waits = false;
    if (socket->client)
      start(candidate);
    else
      peal_candidate_bury(candidate);
  }
}

void peal_middleware_refuse_link(peal_server_client *client, peal_sio_link link,
                                 const char *message) {
  peal_pair pair;
  peal_server_client_send_refusal(client, link,
                                  peal_accept_words(message, &pair));
}

static void refuse_for(peal_server_client *client, peal_sio_link link,
                       peal_err err) {
  peal_middleware_refuse_link(client, link,
                              err == PEAL_ERR_LIMIT
                                  ? "auth is too large"
                                  : peal_err_message(PEAL_ERR_NOMEM));
}

peal_candidate *peal_middleware_candidate(peal_server_client *client,
                                          peal_nsp *nsp, peal_sio_link link,
                                          peal_val auth, peal_slice name) {
  peal_socket *socket = peal_socket_new(client, nsp);
  if (!socket)
    peal_nsp_life_leave(nsp);
  peal_err err = socket ? peal_auth_keep(socket, auth) : PEAL_ERR_NOMEM;
  peal_candidate *candidate =
      err ? NULL : peal_candidate_new(socket, link, name);
  if (!candidate) {
    if (socket)
      peal_socket_free(socket);
    refuse_for(client, link, err);
    return NULL;
  }
  peal_sio_link_set_user(&client->sio, link, socket);
  return candidate;
}

void peal_middleware_start(peal_candidate *candidate, peal_val auth) {
  bool is_out = peal_socket_recovery_ask(candidate, auth) != PEAL_OK;
  peal_tracing_link(candidate->socket, PEAL_TRACE_IN, PEAL_TRACE_CONNECT);
  if (is_out)
    refuse(candidate, peal_err_message(PEAL_ERR_NOMEM), peal_undefined());
  else
    start(candidate);
}

void peal_middleware_begin(peal_server_client *client, peal_nsp *nsp,
                           peal_sio_link link, peal_val auth) {
  peal_candidate *candidate =
      peal_middleware_candidate(client, nsp, link, auth, (peal_slice){0});
  if (candidate)
    peal_middleware_start(candidate, auth);
}
