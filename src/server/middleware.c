/* SPDX-License-Identifier: MIT */
#include "server/middleware.h"

#include "server/accept.h"
#include "server/auth.h"
#include "server/client_send.h"
#include "server/handlers.h"
#include "server/socket.h"

peal_err peal_use(peal_nsp *nsp, peal_use_fn fn, void *user) {
  if (!peal_handlers_is_open(nsp) || !fn)
    return PEAL_ERR_USAGE;
  return peal_handlers_add(nsp, &nsp->use,
                           &(peal_hook){.fn.use = fn, .user = user});
}

/* -- the chain ------------------------------------------------------------------------- */

/* One function after the other; those that answer at once do not nest. */
static void run_chain(peal_next *next) {
  peal_socket *socket = next->socket;
  next->looping = true;
  while (next->called && socket->state == PEAL_SOCKET_PENDING) {
    next->hook = next->hook ? next->hook->next : socket->local->nsp->use;
    if (!next->hook) {
      peal_accept_run(next);
      return;
    }
    next->called = false;
    next->hook->fn.use(socket, next, next->hook->user);
  }
  next->looping = false;
}

/* -- the answer ------------------------------------------------------------------------ */

/* The first answer counts. If the client has gone meanwhile, the socket has
 * waited for it and ends here. */
static bool takes_answer(peal_next *next) {
  if (!next || next->called)
    return false;
  next->called = true;
  if (next->socket->client)
    return true;
  peal_next_bury(next);
  return false;
}

void peal_next_ok(peal_next *next) {
  if (takes_answer(next) && !next->looping)
    run_chain(next);
}

void peal_next_refuse(peal_next *next, const char *message, peal_val data) {
  peal_pair pairs[2];
  if (takes_answer(next))
    peal_accept_refuse(
        next, peal_accept_refusal(message ? message : "refused", data, pairs));
}

/* -- the beginning ---------------------------------------------------------------------- */

static void refuse_link(peal_client *client, peal_sio_link link,
                        const char *message) {
  peal_pair pairs[2];
  peal_client_send_refusal(
      client, link, peal_accept_refusal(message, peal_undefined(), pairs));
}

void peal_middleware_begin(peal_client *client, peal_nsp *nsp,
                           peal_sio_link link, peal_val auth) {
  peal_socket *socket = peal_socket_new(client, nsp);
  peal_err err = socket ? peal_auth_keep(socket, auth) : PEAL_ERR_NOMEM;
  peal_next *next = err ? NULL : peal_next_new(socket, link);
  if (!next) {
    if (socket)
      peal_socket_free(socket);
    refuse_link(client, link,
                err == PEAL_ERR_LIMIT ? "auth is too large"
                                      : peal_err_message(PEAL_ERR_NOMEM));
    return;
  }
  peal_sio_link_set_user(&client->sio, link, socket);
  run_chain(next);
}
