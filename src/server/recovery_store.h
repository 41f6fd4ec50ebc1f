/* SPDX-License-Identifier: MIT */
#pragma once
/* recovery_store: recovery whose events and sessions are kept elsewhere: by a
 * cluster in Redis, so that a client comes back on any node. It stands in the
 * place of server/recovery, and does what that does:
 *
 *   emit ──> adapter.publish (it orders) ──> RUN: the event with its offset
 *   socket_end ──── save ──>                       a session, for a while
 *   CONNECT {pid} ── take ──> session, missed events ──> done */
#include "server/recovery_log.h"
#include "server/recovery_sessions.h"
#include "server/server_impl.h"

typedef struct peal_recovery_store peal_recovery_store;

/* What was found. */
typedef struct peal_recovery_found {
  peal_recovery_session *session; /* the asker's; NULL: none */
  peal_recovery_item *items;      /* missed, in order; borrowed, but for their
                                     messages, which are the asker's */
  size_t count;
} peal_recovery_found;

/* Who asks; embedded in what the asker keeps, which is `done`'s to free. */
typedef struct peal_recovery_asker {
  /* Exactly once, on `home`, in a turn of its own: behind all that had come up
   * to there, and before all that comes then. */
  void (*done)(struct peal_recovery_asker *asker,
               const peal_recovery_found *found);
  peal_worker *home;
} peal_recovery_asker;

typedef struct peal_recovery_store_verbs {
  /* Keep a session (taken), or forget it (is_over). Thread: any. */
  void (*save)(peal_recovery_store *store, peal_recovery_session *session);
  /* The session of this word, once, with all that was missed behind `offset`;
   * NULL ptr: behind what the session says. Both are borrowed.
   * Returns: PEAL_OK; PEAL_ERR_NOMEM: `done` does not come. Thread: any. */
  peal_err (*take)(peal_recovery_store *store, const peal_nsp *nsp,
                   peal_slice pid, peal_slice offset,
                   peal_recovery_asker *asker);
} peal_recovery_store_verbs;

struct peal_recovery_store {
  const peal_recovery_store_verbs *verbs;
  peal_recovery_sessions sessions; /* makes and frees them, on any thread; what
                                      is in it is the store's own matter */
  bool run_middlewares;
  uint64_t live_ms; /* how often sessions of connected sockets are saved */
  size_t max_missed_bytes;
};

/* Bytes of an offset, the terminator included. */
#define PEAL_RECOVERY_STORE_OFFSET 44u

/* The offset that is the last argument of this event's text. */
peal_slice peal_recovery_store_offset(const peal_message *message);
/* A copy of the event with `offset` as its last argument, which may cross. NULL
 * if memory is out, or it is no event. */
PEAL_MUST_CHECK peal_message *peal_recovery_store_stamp(
    const peal_server *server, peal_message *message, peal_slice offset);
