/* SPDX-License-Identifier: MIT */
#pragma once
/* candidate: what a socket needs only until it is accepted or refused.
 * It
 * lives until the end of the turn in which that is decided, and with it the
 * memory of a socket that was refused, whose middleware may still be on the
 * stack. */
#include "net/worker_impl.h"
#include "server/hold.h"
#include "server/recovery_held.h"
#include "server/server_impl.h"

/* Which namespace it is to be in is not known yet: parents are asked. */
typedef struct peal_candidate_ask {
  struct peal_parent *parent; /* who is asked */
  bool allowed;               /* and has said yes */
  size_t name_len;
  char name[]; /* that the client gave, terminated */
} peal_candidate_ask;

typedef struct peal_candidate {
  peal_socket *socket; /* NULL: accepted; its life is its own */
  peal_worker *worker;
  peal_sio_link link;
  peal_candidate_ask *ask; /* NULL: its namespace is the socket's */
  /* What goes on when the question has been answered. */
  void (*go_on)(struct peal_candidate *candidate);
  const peal_hook *hook;   /* the middleware that has been called */
  peal_next *asked;        /* its question; NULL: it has answered */
  peal_hold hold;          /* what is sent behind CONNECT */
  peal_doc *refusal;       /* of a connect handler */
  peal_flush flush;        /* its end */
  bool looping;            /* the chain is on the stack */
  bool waits;              /* for its namespace to be opened (nsp_open) */
  peal_recovery_held held; /* if it comes back */
} peal_candidate;

/* Hangs itself on the socket. `name`: of a namespace that is not known yet; NULL
 * ptr: it is the socket's. NULL if memory is out. */
PEAL_MUST_CHECK peal_candidate *peal_candidate_new(peal_socket *socket,
                                                   peal_sio_link link,
                                                   peal_slice name);
/* Its namespace is known. */
void peal_candidate_asked(peal_candidate *candidate);
/* The socket is accepted: what was held is gone, `candidate` ends with the turn. */
void peal_candidate_release(peal_candidate *candidate);
/* The socket is not accepted: it ends with the turn, together with `candidate`. */
void peal_candidate_bury(peal_candidate *candidate);
/* Its client has gone while the middleware runs: both wait for the answer, and
 * hold nothing. */
void peal_candidate_orphan(peal_candidate *candidate);
/* Both at once: nobody is left who could answer. */
void peal_candidate_free(peal_candidate *candidate);
