/* SPDX-License-Identifier: MIT */
#pragma once
/* mailbox: many threads put, one takes; no lock, and one atomic exchange per
 * mail. Order is kept per sender, and between senders as they came. */
#include <stdatomic.h>
#include <stdbool.h>

#include <peal/worker.h>

/* A message between threads, embedded in what it carries. */
typedef struct peal_mail {
  struct peal_mail *next;
  /* Runs on the receiving worker, exactly once; frees what it carries. When
   * the worker is ending it is called all the same (peal_worker_is_ending). */
  void (*fn)(peal_worker *worker, struct peal_mail *mail);
} peal_mail;

typedef struct peal_mailbox {
  _Atomic(peal_mail *) newest;
} peal_mailbox;

typedef enum peal_mailbox_result {
  PEAL_MAILBOX_PUT,
  PEAL_MAILBOX_PUT_FIRST, /* it was empty: wake the receiver */
  PEAL_MAILBOX_CLOSED     /* not put */
} peal_mailbox_result;

void peal_mailbox_init(peal_mailbox *box);
/* The mail belongs to the box until it is taken. Thread: any. */
peal_mailbox_result peal_mailbox_put(peal_mailbox *box, peal_mail *mail);
/* Everything there, oldest first, chained by `next`; NULL if empty. Receiver
 * only. */
peal_mail *peal_mailbox_take(peal_mailbox *box);
/* Take everything and refuse what comes from now on. Receiver only. */
peal_mail *peal_mailbox_close(peal_mailbox *box);
bool peal_mailbox_is_closed(const peal_mailbox *box);
