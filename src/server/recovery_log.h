/* SPDX-License-Identifier: MIT */
#pragma once
/* recovery_log: what has been emitted lately, numbered in one order, for those
 * who come back. Each name has a chain of what was emitted to it, newest first:
 * looking for what somebody missed takes as long as he missed much.
 *
 *   ring      [ 41 | 42 | 43 | 44 ]
 *   "a"         .    42 <------ 44
 *   "b"         41 <----- 43 <- 44
 *   everyone      (a chain, too)
 *
 * Oldest entries go first: after their time, or when there is no room. No lock:
 * it is server/recovery's. */
#include "base/arena.h"
#include "base/map.h"
#include "proto/op.h"

typedef struct peal_recovery_entry peal_recovery_entry;
typedef struct peal_recovery_room peal_recovery_room;

typedef struct peal_recovery_log {
  const peal_mem *mem;
  peal_account_server *account; /* what entries take beside their messages */
  peal_recovery_entry **ring;   /* by number modulo cap; NULL: not kept */
  size_t cap;                   /* a power of two, or 0 */
  uint64_t first, next;         /* numbers of the oldest and of the next one */
  uint64_t lost; /* the highest number that went before its time; 0: none */
  size_t bytes;  /* of all, their messages included */
  size_t max;    /* bytes */
  uint64_t keep_ms;
  peal_map rooms; /* name -> peal_recovery_room */
  peal_recovery_room *everyone;
} peal_recovery_log;

/* What is missed. */
typedef struct peal_recovery_item {
  peal_message *message; /* one reference */
  uint64_t key;          /* conflation's; 0: none */
  uint64_t number;
  bool no_compress;
} peal_recovery_item;

/* Who has missed something. */
typedef struct peal_recovery_who {
  const void *scope; /* a namespace */
  peal_slice sid;
  const peal_slice *rooms; /* in the order of peal_recovery_log_compare */
  size_t room_count;
  uint64_t after;     /* of what went to rooms: only what is newer */
  uint64_t own_after; /* of what went to the id alone */
} peal_recovery_who;

/* `max` bytes, of which no entry is older than keep_ms for long. */
void peal_recovery_log_init(peal_recovery_log *log, const peal_mem *mem,
                            peal_account_server *account, size_t max,
                            uint64_t keep_ms, uint32_t seed);
void peal_recovery_log_deinit(peal_recovery_log *log);
/* The number of the newest; 0: there was none. */
uint64_t peal_recovery_log_head(const peal_recovery_log *log);
/* Go on behind `number`, unless that is behind us; what was kept is dropped. */
void peal_recovery_log_skip(peal_recovery_log *log, uint64_t number);
/* Keep `op` (EMIT, borrowed; the message is referenced and may cross) with its
 * key as the next number. `also`: a name to which it goes beside those of
 * op->to, or NULL. If there is no memory for it, nothing is kept of what was
 * before either: then nobody comes back to less than all. */
void peal_recovery_log_add(peal_recovery_log *log, const void *scope,
                           const peal_op *op, uint64_t key, const char *also,
                           uint64_t now_ms);
/* The entry of this number, if it is still there and went to nobody (an empty
 * list of rooms), went to `name`. */
void peal_recovery_log_address(peal_recovery_log *log, uint64_t number,
                               peal_slice name);
/* Is everything there that was emitted behind this number? */
bool peal_recovery_log_reaches(const peal_recovery_log *log, uint64_t number);
/* What `who` missed, oldest first, in the arena; the messages are referenced.
 * Returns: PEAL_OK; PEAL_ERR_LIMIT: more than max_bytes; PEAL_ERR_NOMEM: none is
 * referenced. */
PEAL_MUST_CHECK peal_err peal_recovery_log_missed(const peal_recovery_log *log,
                                                  const peal_recovery_who *who,
                                                  size_t max_bytes,
                                                  peal_arena *arena,
                                                  peal_recovery_item **out,
                                                  size_t *count);
/* Drop at most `max` entries whose time is over. True: there may be more. */
bool peal_recovery_log_sweep(peal_recovery_log *log, uint64_t now_ms,
                             unsigned max);
/* The order of names: by length, then by bytes. */
int peal_recovery_log_compare(const void *a, const void *b);
