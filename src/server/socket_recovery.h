/* SPDX-License-Identifier: MIT */
#pragma once
/* socket_recovery: a socket's part in recovery: its secret word, how it comes
 * back, what is kept when its connection is lost. Without recovery in the
 * server none of this does anything. */
#include "server/candidate.h"
#include "server/live_sessions.h"
#include "server/recovery.h"
#include "server/recovery_store.h"

/* Hangs on the socket's extra. */
typedef struct peal_socket_recovery {
  peal_live_session live; /* of a store; first: peal_live_socket_changed */
  char pid[PEAL_RECOVERY_PID_BYTES];
  uint64_t own_after, after; /* as those of peal_recovery_session */
  /* As that of a session of a store. */
  char since[PEAL_RECOVERY_STORE_OFFSET];
  bool is_recovered;
  bool asks;       /* a store is to be asked */
  bool has_offset; /* `since` is what the client said, until then */
} peal_socket_recovery;

/* What it missed. */
typedef struct peal_socket_missed {
  peal_recovery_item *items;
  size_t count;
} peal_socket_missed;

static inline peal_recovery *peal_socket_recovery_server(
    const peal_socket *socket) {
  return socket->local->nsp->server->recovery;
}

static inline peal_recovery_store *peal_socket_recovery_store(
    const peal_socket *socket) {
  return socket->local->nsp->server->store;
}

static inline peal_socket_recovery *peal_socket_recovery_of(
    const peal_socket *socket) {
  return socket->extra ? socket->extra->recovery : NULL;
}

/* CONNECT has come with `auth`: if a session waits for it, the candidate has it
 * from now on, and the socket its id. Returns: PEAL_OK, PEAL_ERR_NOMEM,
 * PEAL_ERR_SYSTEM. */
PEAL_MUST_CHECK peal_err peal_socket_recovery_ask(peal_candidate *candidate,
                                                  peal_val auth);
/* Does it come back, and past the middleware? */
bool peal_socket_recovery_skips(const peal_candidate *candidate);
/* Ask a store, if there is one and the client named a session: `at_start` in
 * front of the middleware, or else behind it, as the options say. True: the
 * candidate waits, and `then` is called with it, unless its client goes
 * meanwhile. */
bool peal_socket_recovery_look(peal_candidate *candidate, bool at_start,
                               void (*then)(peal_candidate *candidate));
/* Its connect handlers are about to run: it is in its rooms.
 * Returns: as peal_join_n. */
PEAL_MUST_CHECK peal_err
peal_socket_recovery_begin(const peal_candidate *candidate);
/* It is about to be a member: what it missed (messages are referenced), if it
 * is still to be had; otherwise it does not come back, and has another word.
 * Returns: PEAL_OK, PEAL_ERR_SYSTEM. */
PEAL_MUST_CHECK peal_err peal_socket_recovery_finish(peal_candidate *candidate,
                                                     peal_socket_missed *out);
/* A socket of another process, which had this word, is about to be a member here:
 * it has got all that was emitted until now. Returns: PEAL_OK, PEAL_ERR_NOMEM,
 * PEAL_ERR_SYSTEM. */
PEAL_MUST_CHECK peal_err peal_socket_recovery_resume(peal_socket *socket,
                                                     peal_slice pid);
/* Was this message among them? */
bool peal_socket_recovery_has(const peal_socket_missed *missed,
                              const peal_message *message);
void peal_socket_recovery_release(peal_socket_missed *missed);
/* A socket is going: what was handed in before is done, and takes part in
 * what is kept. */
void peal_socket_recovery_settle(const peal_socket *socket);
/* It goes for this reason, and was connected until now (`was_in`), or leaving: keep
 * what it needs to come back, if it may. It is still in its rooms. */
void peal_socket_recovery_save(peal_socket *socket, peal_reason reason,
                               bool was_in);
/* It is a member, and connected. */
void peal_socket_recovery_live(peal_socket *socket);
/* To the store, while it is connected; of peal_live_sessions. */
void peal_socket_recovery_save_live(peal_socket *socket, bool first);
/* The candidate has gone before it was accepted: it may come again. */
void peal_socket_recovery_give_back(peal_candidate *candidate);
