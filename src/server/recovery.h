/* SPDX-License-Identifier: MIT */
#pragma once
/* recovery: connection state recovery (reference 1.8): a client whose
 * connection broke comes back as the socket that it was, and is sent what it
 * missed.
 *
 *   emit ── number ──> recovery_log, lanes of all workers (one lock)
 *   socket_end ──────> recovery_sessions        socket_recovery: a socket's part
 *   CONNECT {pid} ──<── session, missed events
 *
 * A number is an event's place in one order for all workers, and each worker
 * delivers in it: so whoever has got one has got all before it. As the offset
 * of the wire it has 8 characters of base64 (RFC4648 5). */
#include <peal/server.h>

#include "server/lanes.h"
#include "server/recovery_log.h"
#include "server/recovery_sessions.h"
#include "server/server_impl.h"

#define PEAL_RECOVERY_OFFSET_BYTES 8u

typedef struct peal_recovery {
  peal_lanes lanes; /* its lock guards all here */
  peal_recovery_log log;
  peal_recovery_sessions sessions;
  bool run_middlewares;
  size_t max_missed_bytes; /* what is sent to one who comes back */
  peal_worker *home;       /* where it is swept */
  uint64_t sweep_ms;
  bool is_sweeping; /* `start` is on its way, or `timer` is set */
  peal_mail start;
  peal_wheel_timer timer; /* home's */
} peal_recovery;

/* NULL in *out if it is not asked for. Returns: PEAL_OK, PEAL_ERR_NOMEM,
 * PEAL_ERR_SYSTEM. */
PEAL_MUST_CHECK peal_err peal_recovery_new(peal_recovery **out,
                                           peal_server *server);
void peal_recovery_free(peal_recovery *recovery, const peal_mem *mem);
/* The number of the newest event. Another process that goes on with the same
 * clients numbers from far behind it: an offset of theirs is then never taken for
 * one of its own. Thread: any. */
uint64_t peal_recovery_counted(peal_recovery *recovery);
void peal_recovery_count_on(peal_recovery *recovery, uint64_t counted);
/* Milliseconds of the clock that all workers share. */
uint64_t peal_recovery_now_ms(void);

/* -- emitting -------------------------------------------------------------------- */

/* Is an event to these kept? Never without recovery. */
static inline bool peal_recovery_keeps(const peal_server *server,
                                       const peal_to *to) {
  return server->recovery && !(to && to->is_volatile);
}

/* Make the text of an event (of the default parser) one that has an offset as
 * its last argument, which is filled in by _number. */
void peal_recovery_make_place(peal_buf *text);
/* The same of a message: a copy, that may cross. NULL if memory is out, or it
 * is no event. */
PEAL_MUST_CHECK peal_message *peal_recovery_copy(const peal_nsp *nsp,
                                                 peal_message *message);
/* Between lanes_begin and lanes_end: the event's number, into its message (of
 * which nobody else has seen the bytes) and into the log. `key`, `also`: as
 * peal_recovery_log_add. */
void peal_recovery_number(peal_recovery *recovery, const peal_nsp *nsp,
                          const peal_op *op, uint64_t key, const char *also);

/* -- offsets --------------------------------------------------------------------- */

void peal_recovery_offset_put(char out[PEAL_RECOVERY_OFFSET_BYTES],
                              uint64_t number);
/* False: it is none of ours. */
bool peal_recovery_offset_get(peal_slice text, uint64_t *number);
/* Behind lanes_begin and something that was added: the sweep is wanted. */
void peal_recovery_sweep_later(peal_recovery *recovery);
