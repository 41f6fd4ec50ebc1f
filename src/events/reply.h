/* SPDX-License-Identifier: MIT */
#pragma once
/* reply: an acknowledgement that is given after the handler has returned, from
 * any thread. The receiver of the event finds out by a verb whom it is for, who
 * may have gone; a second answer finds a ticket that was used. */
#include <stdatomic.h>

#include "base/ticket_pool.h"
#include "events/event.h"
#include "net/worker_impl.h"

typedef struct peal_reply_verbs {
  /* Send it; whoever has gone is no error. On the worker. */
  peal_err (*answer)(const peal_reply *reply, peal_args args);
  /* Where its ticket came from. On the worker. */
  peal_ticket_pool *(*pool)(const peal_reply *reply);
} peal_reply_verbs;

/* The first member of what a receiver's pool hands out. */
struct peal_reply {
  peal_ticket ticket; /* in its worker's pool, which that alone touches */
  peal_mail mail;
  const peal_reply_verbs *verbs;
  peal_worker *worker;
  peal_doc *doc; /* the arguments, when they cross threads */
  uint64_t id;
  atomic_bool answered;
};

/* A fresh one; its tickets are at least a peal_reply large. NULL: memory is
 * out. */
PEAL_MUST_CHECK peal_reply *peal_reply_open(peal_ticket_pool *pool,
                                            const peal_event *event,
                                            const peal_reply_verbs *verbs);
