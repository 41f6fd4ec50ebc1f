/* SPDX-License-Identifier: MIT */
#include "net/mailbox.h"

#include <stddef.h>

/* A closed box holds this for ever. */
static peal_mail closed;

void peal_mailbox_init(peal_mailbox *box) {
  atomic_init(&box->newest, NULL);
}

peal_mailbox_result peal_mailbox_put(peal_mailbox *box, peal_mail *mail) {
  peal_mail *newest = atomic_load_explicit(&box->newest, memory_order_relaxed);
  do {
    if (newest == &closed) {
      atomic_thread_fence(memory_order_acquire);
      return PEAL_MAILBOX_CLOSED;
    }
    mail->next = newest;
  } while (!atomic_compare_exchange_weak_explicit(
      &box->newest, &newest, mail, memory_order_acq_rel, memory_order_acquire));
  return newest ? PEAL_MAILBOX_PUT : PEAL_MAILBOX_PUT_FIRST;
}

/* The chain comes newest first. */
static peal_mail *turn_round(peal_mail *newest) {
  peal_mail *oldest = NULL;
  while (newest) {
    peal_mail *next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  return oldest;
}

peal_mail *peal_mailbox_take(peal_mailbox *box) {
  if (peal_mailbox_is_closed(box))
    return NULL;
  return turn_round(
      atomic_exchange_explicit(&box->newest, NULL, memory_order_acq_rel));
}

peal_mail *peal_mailbox_close(peal_mailbox *box) {
  peal_mail *newest =
      atomic_exchange_explicit(&box->newest, &closed, memory_order_acq_rel);
  return newest == &closed ? NULL : turn_round(newest);
}

bool peal_mailbox_is_closed(const peal_mailbox *box) {
  return atomic_load_explicit(&box->newest, memory_order_acquire) == &closed;
}
