/* SPDX-License-Identifier: MIT */
#pragma once
/* client_impl: the objects of a client and who owns them.
 *
 *   peal_client ── proto/sio_client (its machine, inside of it)
 *        ├── peal_client_nsp (one per name, for life): handlers, auth
 *        ├── peal_client_link (one per connection) ── client/client_engine
 *        └── workers, if they are its own
 *
 * All but the names of the namespaces is touched on the worker alone. Whatever
 * is on its way there (client_op), and whoever has a handler on the stack,
 * holds a reference: the memory stays until they are through, however early the
 * client was freed. */
#include <stdatomic.h>

#include <pthread.h>

#include <peal/client.h>

#include "base/account.h"
#include "base/ticket_pool.h"
#include "client/client_engine.h"
#include "client/client_limits.h"
#include "client/client_opts.h"
#include "events/hook.h"
#include "net/on_worker.h"
#include "net/worker_impl.h"
#include "proto/cookie_jar.h"
#include "proto/sio_client.h"
#include "proto/sio_client_types.h"

struct peal_client_nsp {
  peal_client *client;
  _Atomic(peal_client_nsp *) next; /* in the order of their making */
  peal_sio_client_nsp *state;      /* in the machine; NULL: not yet */
  peal_hooks hooks;
  peal_doc *auth;              /* what it is connected with; NULL: nothing */
  peal_client_auth_fn auth_fn; /* NULL: `auth` is the answer */
  void *auth_user;
  char *id; /* the server's for it, terminated; NULL: it is not connected */
  bool was_left; /* before the client has begun: it does not begin with it */
  /* For all threads, as of the last time the machine was asked. */
  atomic_bool is_connected, is_active, is_recovered;
  char name[]; /* with its slash, terminated */
};

/* A connection: what its engine knows of it. */
typedef struct peal_client_link {
  peal_list node; /* of the client's links */
  peal_client *client;
  peal_client_engine *engine;
  bool is_open;
} peal_client_link;

/* How far it has come; only forwards. */
typedef enum peal_client_phase {
  PEAL_CLIENT_SET_UP, /* nothing connects by itself yet */
  PEAL_CLIENT_BEGUN,
  PEAL_CLIENT_STOPPING, /* the last connection is closing */
  PEAL_CLIENT_OVER      /* the machine is gone */
} peal_client_phase;

/* Of workers of its own, by peal_client_run or peal_client_start. */
typedef enum peal_client_run_state {
  PEAL_CLIENT_RUNS_NOT,
  PEAL_CLIENT_RUNS,
  PEAL_CLIENT_HAS_RUN
} peal_client_run_state;

struct peal_client {
  const peal_mem *mem; /* any thread */
  peal_arena strings;  /* of the options, which the next fields point into */
  const char *url_nsp; /* the namespace of the URL */
  size_t max_queue_bytes;
  bool no_auto_connect, remember_upgrade;
  struct peal_tls_client *tls; /* NULL: the URL is of no TLS */
  peal_workers *workers;
  peal_worker *worker; /* of them */
  bool owns_workers;
  atomic_uint refs;
  uv_mutex_t lock; /* for those who append to nsps, and for `asking` */
  _Atomic(peal_client_nsp *) nsps;
  peal_list asking; /* operations on their way that somebody waits for */

  /* The worker's. */
  peal_sio_client machine;
  peal_sio_client_opts machine_opts;
  peal_client_engine_opts engine_opts;
  peal_account_worker account_worker;
  peal_account account;
  peal_cookie_jar cookies;
  peal_client_link *link; /* the one that the machine knows of; or NULL */
  peal_list links;        /* it, and those that are closing */
  char *why;              /* what the last connection ended with, in words */
  peal_hooks hooks;       /* notices */
  peal_flush sweep;       /* handlers that were removed */
  peal_flush pump;        /* the machine has something */
  peal_wheel_timer timer; /* its deadline */
  peal_ticket_pool asks, replies;
  peal_mail last;   /* behind all answers that were on their way: it is freed */
  uint8_t phase;    /* one of peal_client_phase */
  bool is_pumping;  /* on the stack */
  bool has_machine; /* to be freed, also behind PEAL_CLIENT_OVER */
  bool is_left;     /* nothing is connected because nothing should be */
  bool has_websocket; /* one has worked */
  bool is_freed;      /* nobody is told anything any more */

  /* All threads'. */
  _Atomic(const char *) transport;
  atomic_size_t queued; /* bytes, as of the last pump */
  atomic_size_t posted; /* bytes on their way to the worker */
  atomic_bool was_connected, has_given_up;
  /* Its run, if it is its own. */
  pthread_t thread;
  atomic_bool has_thread; /* peal_client_start */
  atomic_bool runs_alone; /* peal_client_run or _start: its end is the run's */
  atomic_bool is_stopped; /* peal_client_stop */
  uv_cond_t run_changed;
  uint8_t run_state; /* one of peal_client_run_state; under the lock */
};

/* At the beginning of a public function of `Thread: worker`. */
#define PEAL_ON_CLIENT(client, instead)                                        \
  PEAL_ON_WORKER((client) ? (client)->worker : NULL, instead)

/* Is this thread its worker at the moment? */
static inline bool peal_client_impl_is_here(const peal_client *client) {
  return peal_worker_self() == client->worker;
}

/* The machine was told something: it is asked what follows, by whoever is doing
 * so already or at the end of the turn. On the worker. */
static inline void peal_client_impl_react(peal_client *client) {
  if (!client->is_pumping && client->phase != PEAL_CLIENT_OVER)
    peal_turn_flush_later(client->worker, &client->pump);
}

/* Thread: any. */
peal_client *peal_client_impl_ref(peal_client *client);
/* The last one frees what all threads may touch. Thread: any. */
void peal_client_impl_unref(peal_client *client);
