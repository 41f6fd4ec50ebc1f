/* SPDX-License-Identifier: MIT */
#pragma once
/* account: memory that peers make us hold, charged before it is allocated: to
 * the client, by it to its worker, by that to the server.
 *
 *   peal_account (a client)  ->  peal_account_worker  ->  peal_account_server
 *   its own ceiling              no lock, no atomic       the sum's ceiling
 *
 * Ceilings compose: however many clients there are, what they hold together
 * stays below the server's. A worker draws on the server in steps of
 * PEAL_ACCOUNT_STEP_BYTES, so that a charge is an addition as a rule.
 *
 * An account counts; it does not allocate and knows no client. Whoever
 * charges remembers what it charged and releases exactly that. */
#include <stdatomic.h>

#include <peal/base.h>

/* What a worker draws and gives back at a time. */
#define PEAL_ACCOUNT_STEP_BYTES (256u << 10)

/* All workers together; Thread: any. */
typedef struct peal_account_server {
  atomic_size_t granted; /* bytes that the workers have drawn */
  size_t max;            /* bytes; 0: no ceiling */
} peal_account_server;

/* One worker's clients together; its own thread only. */
typedef struct peal_account_worker {
  peal_account_server *server; /* borrowed; NULL: no common ceiling */
  size_t used;                 /* bytes charged */
  size_t granted;              /* bytes drawn; used <= granted */
} peal_account_worker;

/* One client. {0} counts for itself alone, without a ceiling. */
typedef struct peal_account {
  peal_account_worker *worker; /* borrowed; NULL: nobody above */
  size_t used;                 /* bytes charged */
  size_t max;                  /* bytes; 0: no ceiling of its own */
} peal_account;

void peal_account_server_init(peal_account_server *server, size_t max);
void peal_account_worker_init(peal_account_worker *worker,
                              peal_account_server *server);
/* Gives back what was drawn; nothing may be charged any more. */
void peal_account_worker_deinit(peal_account_worker *worker);
void peal_account_init(peal_account *account, peal_account_worker *worker,
                       size_t max);

/* Charge `bytes` on every level, or on none.
 * Returns: PEAL_OK; PEAL_ERR_LIMIT: the client's own ceiling, it is the one to
 * be refused or closed; PEAL_ERR_NOMEM: the server's, whoever asks now is
 * refused. */
PEAL_MUST_CHECK peal_err peal_account_charge(peal_account *account,
                                             size_t bytes);
/* At most what has been charged. */
void peal_account_release(peal_account *account, size_t bytes);
/* Directly, for what travels between workers: its last holder may be on any of
 * them. Returns: PEAL_OK, PEAL_ERR_NOMEM. Thread: any. */
PEAL_MUST_CHECK peal_err peal_account_server_charge(peal_account_server *server,
                                                    size_t bytes);
/* Thread: any. */
void peal_account_server_release(peal_account_server *server, size_t bytes);
/* The same for what belongs to no client (yet): requests, sessions, messages
 * that many clients share. Returns: PEAL_OK, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_account_worker_charge(peal_account_worker *worker,
                                                    size_t bytes);
void peal_account_worker_release(peal_account_worker *worker, size_t bytes);
