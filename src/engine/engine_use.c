/* SPDX-License-Identifier: MIT */
#include "engine/engine_use.h"

#include "engine/engine_chain.h"
#include "engine/incoming.h"
#include "engine/refusal.h"
#include "net/on_worker.h"

enum {
  SAID_NOTHING, /* yet */
  SAID_OK,
  SAID_NO /* it is answered */
};

peal_err peal_engine_use_add(peal_engine *engine, peal_engine_use_fn fn,
                             void *user) {
  if (!fn)
    return PEAL_ERR_USAGE;
  return peal_engine_chain_add(engine, &engine->uses,
                               &(peal_engine_hook){.fn.use = fn, .user = user});
}

/* -- in front of every request --------------------------------------------- */

static peal_ticket_pool *pool_of(const peal_incoming *incoming) {
  return &peal_engine_local_of(incoming->engine,
                               peal_http_req_worker(incoming->req))
              ->nexts;
}

/* What it says on the stack is looked at here; what comes later goes on by
 * itself. */
static int ask(const peal_incoming *incoming, const peal_engine_hook *hook,
               void (*then)(const peal_incoming *incoming)) {
  int said = SAID_NOTHING;
  peal_engine_next *next = peal_ticket_pool_open(pool_of(incoming));
  if (!next) {
    peal_refusal_unavailable(incoming);
    return SAID_NO;
  }
  next->req = incoming->req;
  next->engine = incoming->engine;
  next->hook = hook;
  next->then = then;
  next->is_upgrade = incoming->is_upgrade;
  next->said = &said;
  hook->fn.use(incoming->req, next, hook->user);
  /* Used tickets are kept beyond this turn. */
  next->said = NULL;
  return said;
}

/* From `hook` on. */
static void run(const peal_incoming *incoming, const peal_engine_hook *hook,
                void (*then)(const peal_incoming *incoming)) {
  for (; hook; hook = hook->next)
    if (ask(incoming, hook, then) != SAID_OK)
      return;
  if (peal_http_req_is_aborted(incoming->req))
    peal_refusal_unavailable(incoming); /* only given back */
  else
    then(incoming);
}

void peal_engine_use_run(const peal_incoming *incoming,
                         void (*then)(const peal_incoming *incoming)) {
  if (incoming->engine->uses) {
    peal_http_defer(incoming->req);
    run(incoming, incoming->engine->uses, then);
  } else {
    then(incoming);
  }
}

/* False if it has been answered before. */
static bool take_answer(peal_engine_next *next, peal_incoming *incoming) {
  if (!next || !next->req)
    return false;
  *incoming = (peal_incoming){
      .engine = next->engine, .req = next->req, .is_upgrade = next->is_upgrade};
  next->req = NULL;
  peal_ticket_pool_close(pool_of(incoming), &next->ticket);
  return true;
}

#define ON_NEXT(next)                                                          \
  PEAL_ON_WORKER((next) && (next)->req ? peal_http_req_worker((next)->req)     \
                                       : NULL,                                 \
                 "peal_worker_post")

void peal_engine_next_ok(peal_engine_next *next) {
  ON_NEXT(next);
  peal_incoming incoming;
  if (!take_answer(next, &incoming))
    return;
  if (next->said)
    *next->said = SAID_OK;
  else
    run(&incoming, next->hook->next, next->then);
}

void peal_engine_next_refuse(peal_engine_next *next, unsigned status,
                             const char *message) {
  ON_NEXT(next);
  peal_incoming incoming;
  if (!take_answer(next, &incoming))
    return;
  if (next->said)
    *next->said = SAID_NO;
  if (status < 400 || status > 599)
    status = 400;
  incoming.why = "MIDDLEWARE_FAILURE";
  peal_refusal_with(&incoming, PEAL_INCOMING_BAD_REQUEST, status, message);
}
