/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_client: a Socket.IO client without its socket: when to connect and to
 * connect again, its namespaces, what waits for a connection, for its turn and
 * for an acknowledgement.
 * In the flow: an Engine.IO connection -> proto/sio_conn -> [sio_client] ->
 * client/.
 *
 *   a verb, _feed,         changes what it is told
 *   _opened, _closed, _tick
 *   while (next(&e))       what is to be done and what has happened, one at a
 *     act on e             time; any verb is allowed here, _deinit included
 *
 * Nothing is called and nothing waits inside: behind each call _next has to be
 * asked until it says false. Packets to be sent come before all else, the rest
 * in the order in which it happened.
 *
 * The connection is the owner's. It is made when DIAL says so, and its fate is
 * reported: _opened, then _feed, then once _closed; or _closed alone. HANGUP
 * ends it: nothing more is reported of it, what was sent before leaves first.
 * There is never more than one: between two DIALs stands a _closed or a HANGUP.
 *
 *   idle --open--> dialling --_opened--> open
 *     ^               |  ^                |
 *     |       _closed |  | _tick          | _closed
 *     |               v  |                |
 *     +--- given up --- waiting <---------+
 *
 * Each acknowledgement that was asked for is told exactly once.
 *
 * Where it goes beyond the reference client: events that come in the middle of
 * a CONNECT are told before it as there, but what is emitted meanwhile keeps
 * its place behind the buffer; an event is sent again under its first id, so
 * that a late acknowledgement counts; a session that was not recovered begins
 * without an offset; what waits has a ceiling. */
#include "base/account.h"
#include "base/arena.h"
#include "proto/sio_client_nsp.h"
#include "proto/sio_client_state.h"
#include "proto/sio_client_types.h"

/* -- life ------------------------------------------------------------------------ */

/* It does not move afterwards. `account` (borrowed for life; NULL: none) is
 * charged for namespaces and for what waits. `seed`: random, the dice of the
 * delays. */
void peal_sio_client_init(peal_sio_client *client,
                          const peal_sio_client_opts *opts,
                          peal_account *account, uint32_t seed,
                          uint64_t now_ms);
/* At any point; nothing more is told. To tell the acknowledgements first:
 * _end. */
void peal_sio_client_deinit(peal_sio_client *client);
/* It is over: as _close, and all that waits is dropped, its acknowledgements
 * told (PEAL_ERR_CLOSED). Verbs say PEAL_ERR_CLOSED from now on. */
void peal_sio_client_end(peal_sio_client *client);
/* What the last event has borrowed stays until _deinit, whatever _next says: for
 * an owner who ends it while somebody looks at an event. */
void peal_sio_client_lend(peal_sio_client *client);

/* The next thing to be done or that has happened; false: nothing more until
 * something is told. Values lie in the arena, which the owner may reset between
 * two events. */
bool peal_sio_client_next(peal_sio_client *client, peal_arena *arena,
                          peal_sio_client_event *event);
/* Time has come. */
void peal_sio_client_tick(peal_sio_client *client, uint64_t now_ms);
/* When _tick is wanted. 0: _next has something; UINT64_MAX: never. */
uint64_t peal_sio_client_deadline(const peal_sio_client *client);

/* -- the connection's fate --------------------------------------------------------- */

/* What was not asked for by a DIAL that was told, or comes behind its end, does
 * nothing (PEAL_ERR_USAGE). */

/* Socket.IO 2, before _opened: the id of Engine.IO's session. The namespaces'
 * are made of it, as the server's are. Returns: PEAL_OK, PEAL_ERR_TOO_LONG,
 * PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_client_set_session(peal_sio_client *client,
                                                     peal_slice id);
/* Engine.IO's handshake is done. */
peal_err peal_sio_client_opened(peal_sio_client *client, uint64_t now_ms);
/* Lend one Engine.IO message, as peal_sio_conn_feed: valid until _next says
 * false. PEAL_ERR_USAGE also if the last was not used up. */
PEAL_MUST_CHECK peal_err peal_sio_client_feed(peal_sio_client *client,
                                              bool binary, peal_slice data,
                                              uint64_t now_ms);
/* It could not be made, or has gone. `err`: not PEAL_OK if it could not be
 * made. In words it is the owner's to remember. What _next has not told to be
 * sent by then waits for the next connection. */
peal_err peal_sio_client_closed(peal_sio_client *client,
                                peal_client_reason reason, peal_err err,
                                uint64_t now_ms);

/* -- connecting ------------------------------------------------------------------------ */

/* Connect; while it waits to do so again, at once. Nothing if there is a
 * connection or one is being made. PEAL_ERR_CLOSED behind _end. */
peal_err peal_sio_client_open(peal_sio_client *client, uint64_t now_ms);
/* Leave all namespaces and hang up; nothing reconnects. */
void peal_sio_client_close(peal_sio_client *client, uint64_t now_ms);
/* Is there a connection, or will there be one by itself? */
bool peal_sio_client_is_active(const peal_sio_client *client);
bool peal_sio_client_is_open(const peal_sio_client *client);

/* The namespace of this name (copied), made if new; it joins nothing yet.
 * Returns NULL for what is no name, behind _end, or if memory is out. */
peal_sio_client_nsp *peal_sio_client_of(peal_sio_client *client,
                                        peal_slice name);
/* Join it, as soon as there is a connection, and again with each connection;
 * opens one if there is none. Nothing if it is joined or being joined. */
peal_err peal_sio_client_connect(peal_sio_client_nsp *nsp, uint64_t now_ms);
/* Leave it. What waits in it stays for the next time; acknowledgements that
 * were to come are told (PEAL_ERR_CLOSED). If no other is wanted the connection
 * goes, too. */
void peal_sio_client_leave(peal_sio_client_nsp *nsp, uint64_t now_ms);
/* The answer to ASK_AUTH: an object, or undefined.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED: too late, which harms nothing;
 * PEAL_ERR_USAGE, PEAL_ERR_DEPTH: not such a value, the question stands;
 * PEAL_ERR_LIMIT: too many namespaces, as if refused; PEAL_ERR_NOMEM: the
 * connection is given up, another is tried later. */
peal_err peal_sio_client_auth(peal_sio_client_nsp *nsp, uint32_t ask,
                              peal_val auth, uint64_t now_ms);

/* -- emitting -------------------------------------------------------------------------- */

/* Send it, or let it wait; encoded before it returns.
 * Returns: PEAL_OK; PEAL_ERR_RESERVED, PEAL_ERR_DEPTH, PEAL_ERR_LIMIT (more than
 * 65535 binaries, or the account's), PEAL_ERR_NOMEM, PEAL_ERR_QUEUE_FULL,
 * PEAL_ERR_CLOSED (behind _end): it was not, and `fn` is not told. */
PEAL_MUST_CHECK peal_err peal_sio_client_send(peal_sio_client_nsp *nsp,
                                              const peal_sio_client_emit *emit,
                                              uint64_t now_ms);
/* Acknowledge an event: `link` and packet.id of it.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED (the membership that it came by is over),
 * PEAL_ERR_DEPTH, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_client_ack(peal_sio_client_nsp *nsp,
                                             peal_sio_link link, uint64_t id,
                                             peal_args args);

/* Bytes that wait for a connection or for their turn, and SENDs that _next has
 * not told. */
size_t peal_sio_client_buffered_bytes(const peal_sio_client *client);
size_t peal_sio_client_sending_bytes(const peal_sio_client *client);

/* Do the invariants hold? For tests, after every step. */
bool peal_sio_client_check(const peal_sio_client *client);
