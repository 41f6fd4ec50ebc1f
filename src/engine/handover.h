/* SPDX-License-Identifier: MIT */
#pragma once
/* handover: a process of a server takes over from the one before it, and gives
 * way to the next one, at a Unix socket (net/handover_socket) whose path both
 * know.
 *
 *   the next one                       the one that runs
 *     HELLO      which records I read ──>
 *                <── PLACE, for each socket at which it listens
 *                <── WELCOME           which records I write
 *     READY      I run and accept ──>
 *                all workers stop accepting; connections between two requests
 *                <── LINK; then they meet, so that nothing is emitted, and
 *                <── SESSION           all that may leave
 *                <── BATCH             that was all at once
 *                what is under way goes on here, until it may leave
 *                <── SESSION
 *                <── DONE              the rest is told to come back
 *     TAKEN      it may stop ──>
 *
 * A request whose session is with the other one goes there with its connection
 * (LINK), each way: so that what a session waits for reaches it.
 *
 * Until TAKEN the one that runs can go on as if nothing had been, with what it
 * still has: it does when the other goes away. A session has been given when its
 * record has been sent, and is nobody's if the other then dies: its client's
 * connection dies with it. */
#include "engine/handover_types.h"

/* Ask who is at `path` (copied), if anybody: his listening sockets go to `http`
 * (borrowed), for peal_http_listen.
 * Returns: PEAL_OK, also if nobody is there; PEAL_ERR_NOMEM; PEAL_ERR_OPTION:
 * the path is too long. */
PEAL_MUST_CHECK peal_err peal_handover_new(peal_handover **out,
                                           const char *path,
                                           peal_http_server *http);
/* Before the run, behind all others: of this engine, whose sessions have
 * `limit_ms` to come to rest; the others are told by a stop of `grace_ms`.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM, PEAL_ERR_SYSTEM. */
PEAL_MUST_CHECK peal_err peal_handover_begin(peal_handover *handover,
                                             peal_engine *engine,
                                             uint32_t limit_ms,
                                             uint32_t grace_ms);
/* After the run, before the engine is freed. */
void peal_handover_free(peal_handover *handover);
const peal_handover_figures *peal_handover_figures_of(
    const peal_handover *handover);
/* Did this process take over from another? Thread: any, behind _new. */
bool peal_handover_has_taken(const peal_handover *handover);
