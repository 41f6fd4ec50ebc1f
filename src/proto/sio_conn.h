/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_conn: the Socket.IO 5 side of one client connection, either role: which
 * namespaces it is in, packets and their attachments put together, order and
 * shape of everything that comes.
 * In the flow: proto/eio_session -> [sio_conn] -> server/ or client/.
 *
 *   feed(message)      lends one Engine.IO message
 *   while (next(&e))   what it means, one event at a time
 *     act on e         any verb is allowed here, _deinit and the end of any
 *                      namespace included
 *
 * It has no queue of its own: what is to be sent (CONNECT, DISCONNECT,
 * CONNECT_ERROR) is the answer of the verb that asks for it, and the owner
 * puts it into the session's queue; events and acknowledgements are encoded by
 * the owner (wire/sio_packet) once for all receivers.
 *
 * Events that arrive for a namespace before it has been accepted, or while it is
 * paused, are held, within limits, and told in order behind that.
 *
 * What crosses a DISCONNECT or a refusal on the wire is nobody's mistake: a
 * client drops packets for namespaces it is not in, a server those for the ones
 * it has sent the client away from lately. */
#include "base/account.h"
#include "base/arena.h"
#include "proto/message.h"
#include "proto/sio2.h"
#include "proto/sio_state.h"
#include "proto/sio_types.h"

/* `account` (borrowed for life; NULL: none) is charged for what is held and
 * for the namespaces. */
void peal_sio_conn_init(peal_sio_conn *conn, const peal_sio_conn_opts *opts,
                        peal_account *account, uint64_t now_ms);
/* Server, before anything else: its client speaks Socket.IO 2. */
void peal_sio_conn_speak_sio2(peal_sio_conn *conn);
/* Then, of one that is new: _next tells that it wants "/". */
void peal_sio_conn_owe_root(peal_sio_conn *conn);
bool peal_sio_conn_is_sio2(const peal_sio_conn *conn);
/* Nothing is told of links that are open: walk them first. */
void peal_sio_conn_deinit(peal_sio_conn *conn);

/* Lend an Engine.IO message: `data` stays valid until _next has said that
 * there is no more; text is valid UTF-8, which proto/ws_conn and
 * proto/eio_session have seen to. The last one must have been used up.
 * Returns: PEAL_OK; PEAL_ERR_USAGE (it was not; nothing has happened); what
 * was wrong, if the machine is dead. */
PEAL_MUST_CHECK peal_err peal_sio_conn_feed(peal_sio_conn *conn, bool binary,
                                            peal_slice data, uint64_t now_ms);
/* The next thing that happened; false: nothing more until _feed or _deliver.
 * Values lie in the arena, which the owner may reset between two events. */
bool peal_sio_conn_next(peal_sio_conn *conn, peal_arena *arena,
                        peal_sio_conn_event *event);

/* The verbs below put what is to be sent into *out (taken by the owner), or
 * NULL if that is nothing. A link that is over is PEAL_ERR_CLOSED, a link in
 * the wrong state or a verb of the other role PEAL_ERR_USAGE, and nothing
 * happens; a dead machine says what killed it. */

/* Client: ask to join; `auth` may be undefined.
 * Returns: PEAL_OK and *link; PEAL_ERR_USAGE (no name), PEAL_ERR_TOO_LONG,
 * PEAL_ERR_EXISTS (is joined or being joined), PEAL_ERR_LIMIT,
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_conn_join(peal_sio_conn *conn, peal_slice nsp,
                                            peal_val auth, void *user,
                                            peal_sio_link *link,
                                            peal_message **out);
/* Server: CONNECT with `data`; events are held until _deliver.
 * Returns: PEAL_OK; PEAL_ERR_NOMEM (not accepted). */
PEAL_MUST_CHECK peal_err peal_sio_conn_accept(peal_sio_conn *conn,
                                              peal_sio_link link, peal_val data,
                                              peal_message **out);
/* Server, behind _accept or _pause: what was held is told by _next, in order, and
 * everything from now on when it comes. */
PEAL_MUST_CHECK peal_err peal_sio_conn_deliver(peal_sio_conn *conn,
                                               peal_sio_link link);
/* Server: events for this namespace are held from now on, until _deliver, those
 * too that are ready; acknowledgements go on.
 */
PEAL_MUST_CHECK peal_err peal_sio_conn_pause(peal_sio_conn *conn,
                                             peal_sio_link link);
/* Server, instead of _accept: CONNECT_ERROR with `data`; the link is over, what
 * was held is dropped.
 * Returns: PEAL_OK; PEAL_ERR_NOMEM, PEAL_ERR_DEPTH (of the data): the peer would
 * wait for ever for the last word, so the machine is dead. */
PEAL_MUST_CHECK peal_err peal_sio_conn_refuse(peal_sio_conn *conn,
                                              peal_sio_link link, peal_val data,
                                              peal_message **out);
/* Leave a namespace: DISCONNECT; the link is over, what was held is dropped.
 * Returns: PEAL_OK; PEAL_ERR_NOMEM, the machine is dead. */
PEAL_MUST_CHECK peal_err peal_sio_conn_part(peal_sio_conn *conn,
                                            peal_sio_link link,
                                            peal_message **out);

/* PEAL_ERR_TIMEOUT at the deadlines (nothing joined in time, attachments that
 * do not come); what was wrong, if the machine is dead. */
PEAL_MUST_CHECK peal_err peal_sio_conn_tick(peal_sio_conn *conn,
                                            uint64_t now_ms);
/* 0: dead, and not told yet. UINT64_MAX: never. */
uint64_t peal_sio_conn_deadline(const peal_sio_conn *conn);

/* A walk over the links, in no order: the one behind `link` (0: the first),
 * or 0. Links may end on the way, also `link`. */
peal_sio_link peal_sio_link_next(const peal_sio_conn *conn, peal_sio_link link);
/* Of a link that is over: empty, false, NULL, nothing. */
peal_slice peal_sio_link_nsp(const peal_sio_conn *conn, peal_sio_link link);
bool peal_sio_link_is_connected(const peal_sio_conn *conn, peal_sio_link link);
void *peal_sio_link_user(const peal_sio_conn *conn, peal_sio_link link);
void peal_sio_link_set_user(peal_sio_conn *conn, peal_sio_link link,
                            void *user);

/* Do the invariants hold? For tests, after every step. */
bool peal_sio_conn_check(const peal_sio_conn *conn);
