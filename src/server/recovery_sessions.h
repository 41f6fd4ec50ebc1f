/* SPDX-License-Identifier: MIT */
#pragma once
/* recovery_sessions: sockets that have lost their connection, by their secret
 * word, until they come back or their time is over. No lock: it is
 * server/recovery's. */
#include "base/account.h"
#include "base/list.h"
#include "base/map.h"

/* 128 bits in the alphabet of URLs, terminated; 64 is room for those of other
 * nodes. */
#define PEAL_RECOVERY_PID_BYTES 64u

/* One block with its rooms and what they name. */
typedef struct peal_recovery_session {
  peal_list node;    /* in the order of leaving */
  const void *scope; /* its namespace, which it uses; NULL: none yet */
  uint64_t left_ms;
  uint64_t
      own_after;  /* numbers of the log: what went to its id before is not */
  uint64_t after; /* its; what went to rooms before is not */
  size_t bytes;   /* charged */
  bool is_live;   /* of a store: its socket is connected */
  bool is_first;  /* then: nothing of it is there yet */
  bool is_over;   /* of a store: it is to be forgotten */
  char pid[PEAL_RECOVERY_PID_BYTES];
  char sid[21];
  char since[44];  /* of a store: the offset behind which it missed all, if the
                     client knows none; or empty */
  peal_slice data; /* the application's value, as JSON; NULL ptr: none */
  void *values;    /* the client's (session), or NULL; in `bytes` */
  void (*values_free)(void *values);
  size_t room_count;
  peal_slice rooms[]; /* sorted (peal_recovery_log_compare), without its own */
} peal_recovery_session;

typedef struct peal_recovery_sessions {
  const peal_mem *mem;
  peal_account_server *account;
  peal_map by_pid;
  peal_list oldest;
  size_t bytes, max;
  uint64_t window_ms;
  /* One with this scope is no more; or NULL. Calls back nothing. */
  void (*let_go)(const void *scope);
} peal_recovery_sessions;

void peal_recovery_sessions_init(peal_recovery_sessions *sessions,
                                 const peal_mem *mem,
                                 peal_account_server *account, size_t max,
                                 uint64_t window_ms, uint32_t seed);
void peal_recovery_sessions_deinit(peal_recovery_sessions *sessions);
/* A session with room for so many names of so many bytes, and `data`, which is
 * copied. The caller's. NULL: no memory, or more than all may have. */
PEAL_MUST_CHECK peal_recovery_session *peal_recovery_sessions_new(
    peal_recovery_sessions *sessions, size_t rooms, size_t name_bytes,
    peal_slice data);
/* Where the names go: name_bytes of them. */
char *peal_recovery_sessions_names(peal_recovery_session *session);
/* Keep it (taken); the oldest go if there is no room. */
void peal_recovery_sessions_save(peal_recovery_sessions *sessions,
                                 peal_recovery_session *session);
/* The one of this word in this namespace whose time is not over; it stays where
 * it is. NULL: none. */
peal_recovery_session *peal_recovery_sessions_find(
    const peal_recovery_sessions *sessions, const void *scope, peal_slice pid,
    uint64_t now_ms);
/* It is the caller's from now on. */
void peal_recovery_sessions_take(peal_recovery_sessions *sessions,
                                 peal_recovery_session *session);
/* One that is the caller's; NULL is a no-op. */
void peal_recovery_sessions_drop(peal_recovery_sessions *sessions,
                                 peal_recovery_session *session);
/* Drop at most `max` whose time is over. True: there may be more. */
bool peal_recovery_sessions_sweep(peal_recovery_sessions *sessions,
                                  uint64_t now_ms, unsigned max);
