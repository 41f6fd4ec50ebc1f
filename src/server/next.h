/* SPDX-License-Identifier: MIT */
#pragma once
/* next: what a socket needs only until it is accepted or refused.
 *
 * The application holds a pointer to it and may answer late or twice, so it
 * lives until the end of the turn in which it was answered; with it the memory
 * of a socket that was refused, whose middleware may still be on the stack. */
#include "net/worker_impl.h"
#include "server/hold.h"
#include "server/server_impl.h"

struct peal_next {
  peal_socket *socket; /* NULL: accepted; its life is its own */
  peal_worker *worker;
  peal_sio_link link;
  const peal_hook *hook; /* the middleware that has been called */
  peal_hold hold;        /* what is sent behind CONNECT */
  peal_doc *refusal;     /* of a connect handler */
  peal_flush flush;      /* its end */
  bool called;           /* it has answered */
  bool looping;          /* the chain is on the stack */
};

/* Hangs itself on the socket. NULL if memory is out. */
PEAL_MUST_CHECK peal_next *peal_next_new(peal_socket *socket,
                                         peal_sio_link link);
/* The socket is accepted: what was held is gone, `next` ends with the turn. */
void peal_next_release(peal_next *next);
/* The socket is not accepted: it ends with the turn, together with `next`. */
void peal_next_bury(peal_next *next);
/* Its client has gone while the middleware runs: both wait for the answer, and
 * hold nothing. */
void peal_next_orphan(peal_next *next);
/* Both at once: nobody is left who could answer. */
void peal_next_free(peal_next *next);
