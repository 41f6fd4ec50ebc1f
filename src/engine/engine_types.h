/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_types: what an engine is made with, what it tells, and its figures. */
#include <stdatomic.h>

#include <peal/engine.h>
#include <peal/http.h>

#include "net/logger.h"
#include "proto/eio_session.h"

struct peal_handover_record;

typedef struct peal_engine peal_engine;
typedef struct peal_engine_conn peal_engine_conn;

/* Told on the conn's worker, never from inside a call of the owner's but in
 * on_message, on_drain, on_flush, on_deadline and on_close themselves. */
typedef struct peal_engine_callbacks {
  /* Of what the owner keeps with each conn (peal_engine_conn_user): it is in
   * the conn's block, zero at first. */
  size_t user_bytes;
  /* A session is open; false refuses it (out of memory). */
  bool (*on_open)(peal_engine_conn *conn, void *user);
  void (*on_message)(peal_engine_conn *conn, bool binary, peal_slice data,
                     void *user);
  /* It has left polling for a WebSocket; NULL: not wanted. */
  void (*on_upgrade)(peal_engine_conn *conn, void *user);
  void (*on_drain)(peal_engine_conn *conn, void *user);
  /* The time set by peal_engine_conn_set_deadline has come. */
  void (*on_deadline)(peal_engine_conn *conn, void *user);
  /* Exactly once and last, if on_open returned true. */
  void (*on_close)(peal_engine_conn *conn, peal_eio_reason reason, peal_err err,
                   void *user);
  /* The end of a turn in which peal_engine_conn_flush_later was called. */
  void (*on_flush)(peal_engine_conn *conn, void *user);
  /* Another process may take sessions (engine/handover); NULL, all of them, if
   * the owner cannot. On all workers, before some are looked at. */
  void (*on_look)(peal_worker *worker, void *user);
  /* May this one leave? */
  bool (*may_leave)(peal_engine_conn *conn, void *user);
  /* It may: the last chance to change something. */
  void (*on_leaving)(peal_engine_conn *conn, void *user);
  /* Its sockets into the record, which borrows from the arena and from them.
   * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
  peal_err (*save)(peal_engine_conn *conn, struct peal_handover_record *record,
                   peal_arena *arena, void *user);
  /* Another process has it: instead of on_close. */
  void (*on_left)(peal_engine_conn *conn, void *user);
  /* Instead of on_open: what another process had. On errors nothing is left of
   * it. */
  peal_err (*restore)(peal_engine_conn *conn,
                      const struct peal_handover_record *record, void *user);
  /* It is served from now on. */
  void (*on_arrived)(peal_engine_conn *conn, void *user);
  /* How far the owner has counted what the next process must not count again;
   * and it goes on there. */
  uint64_t (*counted)(void *user);
  void (*count_on)(uint64_t counted, void *user);
  /* The run of this worker ends: every session is about to be closed. */
  void (*on_stop)(peal_worker *worker, void *user);
} peal_engine_callbacks;

/* Figures of one worker; its own thread writes, others may read. */
typedef struct peal_engine_stats {
  _Atomic uint64_t clients, clients_polling, sessions_total, errors_peer;
  /* Of full queues (overflow). */
  _Atomic uint64_t closed_full, dropped_newest, dropped_oldest, conflated;
} peal_engine_stats;
