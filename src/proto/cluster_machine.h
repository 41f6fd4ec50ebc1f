/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_machine: one process's part in a cluster, without its Redis: what is
 * told to the other nodes, what is to be run of what they tell, questions and
 * their answers, who is there, and how many sit where.
 * In the flow: cluster/redis -> a codec -> [cluster_machine] -> server/op_round.
 *
 *   a verb, _feed, _entry, _tick   changes what it is told
 *   while (next(&e))               what is to be done and what has happened, one
 *     act on e                     at a time; any verb is allowed here
 *
 * Nothing is called and nothing waits inside: behind each call _next has to be
 * asked until it says false. What a verb is given it borrows until then. It
 * knows messages and no bytes: which channel a message goes to, its kind and
 * dialect say, and a codec knows it by name.
 *
 *            _up            the streams are read up to now
 *   down ───────────> joining ───────> up
 *    ^  ^               │  │           │ _down
 *    │  └───── _down ───┘  └──_leave─┐ │
 *    └─────────────────────────────────┘
 *   any ── _leave ──> leaving ── told ──> closed
 *
 * Without streams joining is over at once. What holds in each state:
 *
 *                 down             joining, up       leaving, closed
 *   _publish      Pub/Sub: sent    sent; streams:    PEAL_ERR_CLOSED
 *                 (the owner keeps added, when joining
 *                 or drops it);    is over
 *                 streams: runs
 *                 here at once
 *   _ask          DONE, CLOSED     asked             PEAL_ERR_CLOSED
 *   _answer       sent as above    sent              PEAL_ERR_CLOSED
 *   _room, _nsp   remembered       told              remembered
 *   _feed, _entry refused          taken             refused
 *   _count …      nothing          taken             nothing
 *
 * Nothing runs twice. What this node has said itself is known by its uid. A
 * message that two dialects carry is taken from one of them: a node of Peal has
 * a name in each that tells what it is (proto/cluster_name), and of those that
 * relay, one does. An entry of a stream is known by its id, and one that was
 * stored twice by its sender's number.
 *
 * With streams everybody runs what is stored in the order in which it is stored,
 * its sender too: so what a client has had is all that stands before its offset.
 * Then the owner runs no operation by itself: it gives it to _publish, and RUN
 * says when. While Redis is away RUN comes at once and without an offset.
 *
 * Presence: each node of Peal tells the others the counts of its rooms, changes
 * of `presence_ms` together, each message with a number that follows the last.
 * Who finds a number missing, or a heartbeat's sum that is not his own, asks for
 * all of it, which comes in pieces. So a count is right after presence_ms and the
 * way; where a message was lost, after heartbeat_ms more and the time that all
 * pieces take. A node that died is counted for silence_ms. While Redis is away
 * all others are unknown. */
#include "proto/cluster_state.h"

/* -- life ------------------------------------------------------------------------ */

/* It does not move afterwards. `seed`: random. Returns: PEAL_OK, PEAL_ERR_NOMEM,
 * PEAL_ERR_OPTION (no uid, too many streams). */
PEAL_MUST_CHECK peal_err peal_cluster_machine_init(
    peal_cluster_machine *machine, const peal_cluster_machine_opts *opts,
    uint64_t seed, uint64_t now_ms);
/* At any point; nothing more is told, and what _ask was given is the owner's. */
void peal_cluster_machine_deinit(peal_cluster_machine *machine);
/* The next thing; false: nothing more until something is told. What it points to
 * lies in the arena, which the owner may reset between two events, or in what
 * was lent. */
bool peal_cluster_machine_next(peal_cluster_machine *machine, peal_arena *arena,
                               peal_cluster_event *event);
/* Time has come. */
void peal_cluster_machine_tick(peal_cluster_machine *machine, uint64_t now_ms);
/* When _tick is wanted. 0: _next has something; UINT64_MAX: never. */
uint64_t peal_cluster_machine_deadline(const peal_cluster_machine *machine);

/* -- the connection's fate --------------------------------------------------------- */

/* Connected, and all that was subscribed to is again. */
void peal_cluster_machine_up(peal_cluster_machine *machine, uint64_t now_ms);
void peal_cluster_machine_down(peal_cluster_machine *machine, uint64_t now_ms);
/* Tell the others, end all questions; IS_CLOSED follows. */
void peal_cluster_machine_leave(peal_cluster_machine *machine, uint64_t now_ms);

/* -- to the others ------------------------------------------------------------------ */

/* There is a namespace of this name: it is subscribed to. Once for each.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM, PEAL_ERR_LIMIT. */
PEAL_MUST_CHECK peal_err peal_cluster_machine_nsp(peal_cluster_machine *machine,
                                                  peal_slice nsp);
/* There is none any more; no error if there was none. */
void peal_cluster_machine_nsp_end(peal_cluster_machine *machine,
                                  peal_slice nsp);
/* EMIT, JOIN, LEAVE or DISCONNECT of this node. Returns: PEAL_OK;
 * PEAL_ERR_CLOSED, PEAL_ERR_NOMEM, PEAL_ERR_USAGE (_next was not asked): nobody
 * is told, and with streams it does not run. */
PEAL_MUST_CHECK peal_err peal_cluster_machine_publish(
    peal_cluster_machine *machine, const peal_op *op, uint64_t now_ms);
/* ASK, FETCH, IDS, ROOMS, CALL or COUNT: nsp, op, args. ASK's `count`: clients
 * that are asked on this node. COUNT is for nodes of Peal.
 * DONE comes once, unless it returns an error: PEAL_ERR_CLOSED,
 * PEAL_ERR_LIMIT (max_requests), PEAL_ERR_NOMEM, PEAL_ERR_USAGE. */
PEAL_MUST_CHECK peal_err peal_cluster_machine_ask(peal_cluster_machine *machine,
                                                  const peal_bus_msg *question,
                                                  uint32_t timeout_ms,
                                                  void *user, uint64_t now_ms);
/* CALL, and nobody waits for answers. Returns: as _publish. */
PEAL_MUST_CHECK peal_err
peal_cluster_machine_call(peal_cluster_machine *machine,
                          const peal_bus_msg *question, uint64_t now_ms);
/* The answer to a QUERY of which the owner has kept dialect, nsp, from, request,
 * and for Python room and number: `answer` repeats them, its `to` is whom it came
 * from. ASKED once and ACKED for each client, in any order; all others once: the
 * owner sees to that. Returns: PEAL_OK, PEAL_ERR_CLOSED, PEAL_ERR_USAGE. */
PEAL_MUST_CHECK peal_err peal_cluster_machine_answer(
    peal_cluster_machine *machine, peal_cluster_dialect dialect,
    const peal_bus_msg *answer, uint64_t now_ms);
/* So many sockets of this node are in a room now; room.ptr NULL: in the
 * namespace. `is_private`: it is a socket's id. Returns: PEAL_OK, PEAL_ERR_NOMEM
 * (remembered as unknown: others are not told wrong figures). */
PEAL_MUST_CHECK peal_err peal_cluster_machine_room(
    peal_cluster_machine *machine, peal_slice nsp, peal_slice room,
    size_t count, bool is_private, uint64_t now_ms);

/* -- from the others ----------------------------------------------------------------- */

/* A message of a channel; lent. Its op.message stays the caller's.
 * Returns: PEAL_OK; PEAL_ERR_USAGE: _next was not asked; PEAL_ERR_CLOSED: not in
 * this state; PEAL_ERR_LIMIT: beyond a bound, it is dropped; PEAL_ERR_NOMEM. */
peal_err peal_cluster_machine_feed(peal_cluster_machine *machine,
                                   peal_cluster_dialect dialect,
                                   const peal_bus_msg *msg, uint64_t now_ms);
/* An entry of a stream, of `id` "ms-n"; `msg` NULL: of no form that is known.
 * Returns: as _feed; PEAL_ERR_EXISTS: it is not behind the last one. */
peal_err peal_cluster_machine_entry(peal_cluster_machine *machine,
                                    unsigned stream, peal_slice id,
                                    const peal_bus_msg *msg, uint64_t now_ms);
/* A stream has been read up to its end since _up: `id` is where that was, its
 * newest entry's, "0-0" if there was none. Reading goes on behind it after an
 * outage. */
void peal_cluster_machine_current(peal_cluster_machine *machine,
                                  unsigned stream, peal_slice id,
                                  uint64_t now_ms);
/* Entries up to `id` exist no more (XINFO STREAM: max-deleted-entry-id). Before
 * the first entry that is read behind an outage. */
void peal_cluster_machine_trimmed(peal_cluster_machine *machine,
                                  unsigned stream, peal_slice id);
/* ADD of this number: its entry's id, or why there is none: PEAL_ERR_CLOSED: it
 * may have been stored; any other: it was not. Those of one namespace in their
 * order. */
void peal_cluster_machine_added(peal_cluster_machine *machine, uint64_t number,
                                peal_slice id, peal_err err, uint64_t now_ms);
/* COUNT of this number: so many hear it, this node among them; UINT64_MAX: it
 * could not be found out. */
void peal_cluster_machine_count(peal_cluster_machine *machine, uint64_t number,
                                uint64_t nodes, uint64_t now_ms);

/* -- what is known ----------------------------------------------------------------- */

/* This node's name in a dialect: what `from` is, and its own channel. */
peal_slice peal_cluster_machine_name(const peal_cluster_machine *machine,
                                     peal_cluster_dialect dialect);
/* On the other nodes of Peal; room.ptr NULL: in the namespace. */
void peal_cluster_machine_presence(const peal_cluster_machine *machine,
                                   peal_slice nsp, peal_slice room,
                                   peal_cluster_known *out);
/* The others: start with *cursor = 0; false at the end. */
bool peal_cluster_machine_other(const peal_cluster_machine *machine,
                                uint32_t *cursor, peal_cluster_other *out);
/* Streams: own operations that have run here without an offset, "plain": so many
 * since the beginning, each has its rank. */
uint64_t peal_cluster_machine_plain(const peal_cluster_machine *machine);
/* Which: the numbers first to last, of these ranks on, oldest first, from
 * *cursor = 0 on; false at the end.
 * They may stand in the stream all the same, or will. So what is kept of a
 * session repeats them, with this node's name: all, if it was new here; those of
 * higher rank than when it was recovered here, and what it had repeated then. Of
 * what stands in the stream it is not given these, neither replayed nor when
 * they come: it has had them, or was not there. And IS_STORED is for sessions
 * that were recovered here after that rank, unless they repeat it: they were
 * owed it, and it was not in the stream yet. (What was given to a client without
 * an offset, and was lost with its connection, is not found out about; nor, where
 * Redis keeps nothing through a restart and opts.keep is set, that a client had
 * what was stored again after it.) */
bool peal_cluster_machine_next_plain(const peal_cluster_machine *machine,
                                     unsigned *cursor, uint64_t *first,
                                     uint64_t *last, uint64_t *rank);
/* Is it this node that relays? */
bool peal_cluster_machine_relays(const peal_cluster_machine *machine);
void peal_cluster_machine_figures(const peal_cluster_machine *machine,
                                  peal_cluster_figures *out);
/* Do the invariants hold? For tests, after every step. */
bool peal_cluster_machine_check(const peal_cluster_machine *machine);
