/* SPDX-License-Identifier: MIT */
#include "server/middleware.h"

#include "server/accept.h"
#include "server/auth.h"
#include "server/handlers.h"
#include "server/next.h"
#include "server/server_client_send.h"
#include "server/socket.h"
#include "server/socket_recovery.h"

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
  if (candidate && !candidate->looping)
    run_chain(candidate);
}

void peal_next_refuse(peal_next *next, const char *message, peal_val data) {
  PEAL_ON_NEXT(next, "peal_worker_post");
  peal_candidate *candidate = take_answer(next);
  if (candidate)
    refuse(candidate, message ? message : "refused", data);
}

/* -- the beginning ---------------------------------------------------------------------- */

/* Whose session was looked for in front of the middleware. */
static void enter(peal_candidate *candidate) {
  if (peal_socket_recovery_skips(candidate))
    peal_accept_run(candidate);
  else
    run_chain(candidate);
}

static void refuse_link(peal_server_client *client, peal_sio_link link,
                        const char *message) {
  peal_pair pairs[2];
  peal_server_client_send_refusal(
      client, link,
      peal_accept_refusal(client, message, peal_undefined(), pairs));
}

void peal_middleware_begin(peal_server_client *client, peal_nsp *nsp,
                           peal_sio_link link, peal_val auth) {
  peal_socket *socket = peal_socket_new(client, nsp);
  peal_err err = socket ? peal_auth_keep(socket, auth) : PEAL_ERR_NOMEM;
  peal_candidate *candidate = err ? NULL : peal_candidate_new(socket, link);
  if (candidate && peal_socket_recovery_ask(candidate, auth)) {
    peal_candidate_free(candidate);
    candidate = NULL;
    socket = NULL;
  }
  if (!candidate) {
    if (socket)
      peal_socket_free(socket);
    refuse_link(client, link,
                err == PEAL_ERR_LIMIT ? "auth is too large"
                                      : peal_err_message(PEAL_ERR_NOMEM));
    return;
  }
  peal_sio_link_set_user(&client->sio, link, socket);
  if (!peal_socket_recovery_look(candidate, true, enter))
    enter(candidate);
}
