/* SPDX-License-Identifier: MIT */
#include "server/event_use.h"

#include <stdio.h>
#include <string.h>

#include "server/event_chain.h"
#include "server/event_error.h"
#include "server/handlers.h"
#include "server/server_client_turn.h"
#include "server/server_limits.h"
#include "wire/doc.h"

/* -- registering ------------------------------------------------------------------- */

peal_err peal_use_event(peal_nsp *nsp, peal_use_event_fn fn, void *user) {
  return peal_handlers_change(nsp, false,
                              &(peal_hook){.kind = PEAL_HOOK_USE_EVENT,
                                           .fn.use_event = fn,
                                           .user = user});
}

peal_err peal_socket_use(peal_socket *socket, peal_use_event_fn fn,
                         void *user) {
  PEAL_ON_SOCKET(socket, "peal_ref_post");
  if (!socket || !fn)
    return PEAL_ERR_USAGE;
  if (socket->state == PEAL_SOCKET_LEAVING || socket->state == PEAL_SOCKET_GONE)
    return PEAL_ERR_CLOSED;
  void *block;
  peal_err err =
      peal_belongings_alloc(socket, sizeof(peal_event_own_use), 0, &block);
  if (err)
    return err;
  peal_event_own_use *use = block, **end = &peal_belongings_of(socket)->uses;
  use->fn = fn;
  use->user = user;
  while (*end)
    end = &(*end)->next;
  *end = use;
  return PEAL_OK;
}

/* -- one function after the other ---------------------------------------------------- */

/* The next one to be asked, NULL behind the last. */
static peal_use_event_fn next_fn(peal_event_chain *chain, void **user) {
  const peal_hooks *hooks = &chain->socket->local->hooks;
  const peal_belongings *own = peal_belongings_of(chain->socket);
  if (!chain->hooks_done) {
    chain->hook = peal_hook_live(
        chain->hook ? chain->hook->next : hooks->chains[PEAL_HOOK_USE_EVENT],
        chain->age);
    if (chain->hook) {
      *user = chain->hook->user;
      return chain->hook->fn.use_event;
    }
    chain->hooks_done = true;
    chain->own = own ? own->uses : NULL;
  } else {
    chain->own = chain->own->next;
  }
  if (!chain->own)
    return NULL;
  *user = chain->own->user;
  return chain->own->fn;
}

static void fail(peal_event_chain *chain, peal_err err, const char *message) {
  (void)peal_event_error_tell(chain->socket, &chain->event, err, message);
}

/* False: one of them answers later. */
static bool run(peal_event_chain *chain) {
  peal_socket *socket = chain->socket;
  void *user = NULL;
  while (socket->state == PEAL_SOCKET_CONNECTED) {
    peal_use_event_fn fn = next_fn(chain, &user);
    if (!fn) {
      chain->then(socket, &chain->event);
      return true;
    }
    peal_event_next *next = peal_event_chain_ask(chain);
    if (!next) {
      fail(chain, PEAL_ERR_NOMEM, peal_err_message(PEAL_ERR_NOMEM));
      return true;
    }
    fn(socket, &chain->event, next, user);
    if (chain->asked && !chain->event.fate->failed)
      return false;
    peal_event_chain_close(chain); /* it called peal_event_fail */
    if (chain->event.fate->failed)
      return true;
    if (chain->refused) {
      fail(chain, PEAL_ERR_REFUSED, chain->message);
      return true;
    }
  }
  return true;
}

/* -- waiting ----------------------------------------------------------------------- */

static void resume_link(peal_socket *socket, peal_sio_link link) {
  peal_server_client *client = socket->client;
  peal_err err = peal_sio_conn_deliver(&client->sio, link);
  if (err && err != PEAL_ERR_CLOSED)
    peal_server_client_turn_fail(client, err);
  else
    peal_server_client_turn_read(client);
}

/* Answered: at the end of the turn, when no handler is on the stack. */
static void on_flush(peal_flush *flush) {
  peal_event_chain *chain = PEAL_LIST_OF(flush, peal_event_chain, flush);
  peal_socket *socket = chain->socket;
  if (chain->refused)
    fail(chain, PEAL_ERR_REFUSED, chain->message);
  else if (!run(chain))
    return; /* the next one answers later, too */
  peal_sio_link link = chain->link;
  peal_belongings_of(socket)->waits = NULL;
  peal_event_chain_release(chain);
  resume_link(socket, link);
}

static peal_doc *copy_event(const peal_event *event, peal_arena *arena) {
  size_t count = event->args.count;
  peal_val *items = peal_arena_alloc(arena, (count + 1) * sizeof *items);
  if (!items)
    return NULL;
  items[0] = peal_str_slice(event->name);
  if (count)
    memcpy(items + 1, event->args.items, count * sizeof *items);
  return peal_doc_new(peal_array(items, count + 1));
}

/* What the event points to is the document's from now on. */
static void settle(peal_event_chain *kept, const peal_event_chain *like,
                   peal_doc *doc, size_t charged) {
  peal_val all = peal_doc_val(doc);
  *kept = *like;
  kept->then = kept->later;
  kept->doc = doc;
  kept->charged = charged;
  kept->acked = *like->event.acked;
  kept->event.acked = &kept->acked;
  kept->event.fate = &kept->fate;
  kept->event.name = peal_val_str(all.as.items[0]);
  kept->event.args = (peal_args){all.as.items + 1, all.len - 1};
  kept->flush.fn = on_flush;
  peal_list_init(&kept->flush.node);
  kept->asked->chain = kept;
}

static peal_err keep(const peal_event_chain *chain) {
  peal_socket *socket = chain->socket;
  peal_doc *doc = copy_event(&chain->event, &socket->local->worker->turn);
  if (!doc)
    return PEAL_ERR_NOMEM;
  void *block = NULL;
  size_t also = peal_doc_bytes(doc);
  peal_err err = peal_belongings_alloc(socket, sizeof *chain, also, &block);
  if (!err) {
    settle(block, chain, doc, sizeof *chain + also);
    err = peal_sio_conn_pause(&socket->client->sio, chain->link);
    if (!err) {
      peal_belongings_of(socket)->waits = block;
      return PEAL_OK;
    }
    doc = NULL;
    peal_event_chain_release(block);
  }
  peal_doc_free(doc);
  return err;
}

void peal_event_use_run(peal_socket *socket, peal_sio_link link,
                        const peal_event *event, peal_event_use_fn then,
                        peal_event_use_fn later) {
  peal_event_chain chain = {.socket = socket,
                            .link = link,
                            .then = then,
                            .later = later,
                            .event = *event,
                            .age = socket->local->hooks.age};
  if (run(&chain))
    return;
  peal_err err = keep(&chain);
  event->fate->waits = !err;
  if (!err)
    return;
  peal_event_chain_forget(&chain);
  fail(&chain, err, peal_err_message(err));
}

/* -- answering --------------------------------------------------------------------- */

/* The chain, for the first answer. */
static peal_event_chain *take_answer(peal_event_next *next) {
  PEAL_ON_WORKER(next ? next->worker : NULL, "peal_worker_post");
  if (!next)
    return NULL;
  peal_event_chain *chain = next->chain;
  next->chain = NULL;
  if (next->pool)
    peal_ticket_pool_close(next->pool, &next->ticket);
  next->pool = NULL;
  if (!chain)
    return NULL;
  chain->asked = NULL;
  if (chain->doc)
    peal_worker_impl_flush_later(next->worker, &chain->flush);
  return chain;
}

void peal_event_next_ok(peal_event_next *next) {
  (void)take_answer(next);
}

void peal_event_next_refuse(peal_event_next *next, const char *message) {
  peal_event_chain *chain = take_answer(next);
  if (!chain)
    return;
  chain->refused = true;
  (void)snprintf(chain->message, sizeof chain->message, "%s",
                 message ? message : "refused");
}
