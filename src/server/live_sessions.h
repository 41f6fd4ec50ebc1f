/* SPDX-License-Identifier: MIT */
#pragma once
/* live_sessions: what a store of recovery has of sockets that are connected, so
 * that they come back elsewhere if this server dies: each is saved when it is
 * accepted, when its rooms or its data change (once in a turn), and again before
 * the store forgets it. Nothing without a store. */
#include "base/list.h"
#include "net/worker_impl.h"

struct peal_socket;

/* A socket's place; {0}, then _begin. */
typedef struct peal_live_session {
  peal_list node; /* of one list or the other */
  struct peal_socket *socket;
  uint64_t saved_ms; /* 0: never, or in vain */
} peal_live_session;

/* On each worker. */
typedef struct peal_live_sessions {
  peal_worker *worker;
  peal_list unsaved;
  peal_list saved; /* by time */
  peal_flush flush;
  peal_wheel_timer timer;
  uint64_t period_ms;
  /* Give it to the store; `first`: it is not there yet. */
  void (*save)(struct peal_socket *socket, bool first);
} peal_live_sessions;

void peal_live_sessions_init(peal_live_sessions *all, peal_worker *worker,
                             void (*save)(struct peal_socket *socket,
                                          bool first));
/* Behind the run. */
void peal_live_sessions_deinit(peal_live_sessions *all);
/* It is accepted; `period_ms`: how often it is to be saved. */
void peal_live_sessions_begin(peal_live_sessions *all, peal_live_session *one,
                              struct peal_socket *socket, uint64_t period_ms);
/* Something about it has changed. Nothing if it has not begun. */
void peal_live_sessions_touch(peal_live_sessions *all, peal_live_session *one);
/* What was saved may be lost: all of them once more, soon. Thread: any. */
void peal_live_sessions_again(peal_live_sessions *all);
/* It goes. Nothing if it has not begun. */
void peal_live_sessions_end(peal_live_session *one);
