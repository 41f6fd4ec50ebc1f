/* SPDX-License-Identifier: MIT */
#pragma once
/* client_op: something to be done with a client, here or on its way to its
 * worker: on the worker it is done inside the call, elsewhere it is copied and
 * posted, in the order of one thread's calls.
 * In the flow: any thread -> [client_op] -> proto/sio_client. */
#include "client/client_impl.h"

typedef struct peal_client_op peal_client_op;

/* On the worker, once. `is_here`: inside the call that asked for it. */
typedef peal_err (*peal_client_op_fn)(peal_client_op *op, bool is_here);

struct peal_client_op {
  peal_mail mail;
  peal_list node; /* of those that ask, on their way */
  peal_client *client;
  peal_client_nsp *nsp; /* NULL: it is about the client */
  peal_client_op_fn run;
  peal_hook *hook;  /* taken by `run`; freed if it does not run */
  peal_doc *doc;    /* freed behind `run` */
  size_t bytes;     /* of the document */
  peal_slice event; /* here only; otherwise the document's first item */
  peal_args args;   /* likewise the rest of them */
  peal_client_how how;
  peal_client_ack_fn ack; /* NULL: nobody asks */
  peal_client_auth_fn auth;
  void *user;
  bool removes; /* the hook */
  bool is_told; /* `ack`, by peal_client_op_end; under the lock */
};

/* Do it.
 * Returns: what `run` says, here; from another thread PEAL_OK, PEAL_ERR_NOMEM,
 * PEAL_ERR_CLOSED (the worker has ended): nothing happens then, `ack` is not
 * told, and what it carries is still the caller's. Thread: any. */
peal_err peal_client_op_do(peal_client_op *op);
/* The client is being freed: who waits for what is on its way is told so. */
void peal_client_op_end(peal_client *client);
