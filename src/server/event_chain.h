/* SPDX-License-Identifier: MIT */
#pragma once
/* event_chain: an event on its way through the middleware (event_use): what has
 * been asked, and the event itself while it waits. */
#include <peal/events.h>

#include "events/event.h"
#include "server/belongings.h"
#include "server/server_limits.h"

/* All have let it pass. */
typedef void (*peal_event_use_fn)(peal_socket *socket, const peal_event *event);

typedef struct peal_event_chain peal_event_chain;

/* Of one socket alone. */
typedef struct peal_event_own_use {
  struct peal_event_own_use *next; /* in order of registration */
  peal_use_event_fn fn;
  void *user;
} peal_event_own_use;

struct peal_event_next {
  peal_ticket ticket; /* first */
  peal_worker *worker;
  peal_ticket_pool *pool;
  peal_event_chain *chain; /* NULL: answered, or its socket has gone */
};

/* An event on its way: on the stack, and on the heap while it waits. */
struct peal_event_chain {
  peal_socket *socket;
  peal_sio_link link;
  peal_event_use_fn then, later;
  peal_event event;
  uint64_t age;                  /* of the hooks, when it came */
  peal_hook *hook;               /* the one that was asked; NULL: none yet */
  const peal_event_own_use *own; /* the same behind the hooks */
  peal_event_next *asked;        /* NULL: it has answered */
  bool refused;                  /* with this message */
  char message[PEAL_LIMIT_REFUSAL_BYTES];
  /* While it waits. */
  peal_flush flush;
  peal_doc *doc; /* name and arguments */
  size_t charged;
  bool acked;
  peal_event_fate fate;
  bool hooks_done;
};

/* Ask the next one. NULL if memory is out. */
PEAL_MUST_CHECK peal_event_next *peal_event_chain_ask(peal_event_chain *chain);
/* Nobody asks any more; the question stays until it is answered. */
void peal_event_chain_forget(peal_event_chain *chain);
/* The same, and it needs no answer. */
void peal_event_chain_close(peal_event_chain *chain);
/* One that waits is over. */
void peal_event_chain_release(peal_event_chain *chain);
/* The socket ends, and with it its middleware, and the event that waits. */
void peal_event_chain_end(peal_socket *socket);
/* The questions of a worker come from this pool. */
void peal_event_chain_pool_init(peal_ticket_pool *pool,
                                const peal_ticket_pool_opts *opts);
