/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_session: one Engine.IO session of version 4 or 3, either role, put
 * together from its parts: eio_hello (the handshake), eio_heartbeat (the clock), eio_probe (the
 * upgrade from polling to WebSocket), eio_queue (messages), eio_due (control
 * packets), and the close, which is here.
 * In the flow: proto/ws_conn, wire/eio_payload -> [eio_session] ->
 * proto/sio_conn, and back by proto/eio_out.
 *
 *   client: OPENING --OPEN--> OPEN --CLOSE--> CLOSING ----> CLOSED
 *   server:                   OPEN --CLOSE--> CLOSING ----> CLOSED
 *                               \------------CLOSE-----------^
 *   CLOSING: what is queued and the farewell still leave.
 *
 * The session knows two ways (`via`): polling and a WebSocket. One of them is
 * current; while a polling session upgrades, the WebSocket is the probe.
 *
 * In version 3 the client pings, binary has a type, and a body is packed in
 * another way; the rest is the same.
 *
 * It answers and never calls: after any verb the owner takes what happened by
 * _next until there is nothing, packets by eio_out for each way that has some,
 * and re-arms _deadline. Between two events it may do anything, _deinit
 * included. */
#include "proto/eio_types.h"

/* Server role: a session that begins on `via`, with an `open` packet before
 * all else. `sid` has PEAL_EIO_SID_LEN characters (copied). Client role: `sid`
 * is NULL, it comes with the handshake.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM (nothing to give back). */
PEAL_MUST_CHECK peal_err peal_eio_session_init(
    peal_eio_session *session, const peal_eio_session_opts *opts,
    const char *sid, peal_eio_via via, uint64_t now_ms);
/* Server, before anything else: its client speaks version 3. */
void peal_eio_session_speak_eio3(peal_eio_session *session);
void peal_eio_session_deinit(peal_eio_session *session);

/* Lend a polling body: POST (server), answer to GET (client). Its packets are
 * looked at by _next, one after the other, until one closes the session; the
 * body is given back when _next has returned false.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED if the session is closed (a `1` still ends
 * one that closes); PEAL_ERR_SIO_STATE if the WebSocket is current: the body
 * is dropped, as the rest of a way that was left (reference 3.3). */
PEAL_MUST_CHECK peal_err peal_eio_session_feed_payload(
    peal_eio_session *session, peal_slice body, uint64_t now_ms);
/* The same for a binary body, which only version 3 has. */
PEAL_MUST_CHECK peal_err peal_eio_session_feed_octets(peal_eio_session *session,
                                                      peal_slice body,
                                                      uint64_t now_ms);
/* Lend a WebSocket message, in the same manner.
 * Returns as above; PEAL_ERR_SIO_STATE if there is no probe, or it broke the
 * upgrade: close that WebSocket, the session lives on polling. */
PEAL_MUST_CHECK peal_err peal_eio_session_feed_frame(peal_eio_session *session,
                                                     bool binary,
                                                     peal_slice data,
                                                     uint64_t now_ms);
/* The next thing that has happened; false if there is none. Base64 goes to the
 * arena. */
bool peal_eio_session_next(peal_eio_session *session, peal_arena *arena,
                           uint64_t now_ms, peal_eio_event *event);

/* Server: a WebSocket came with this session's id. Client: it is open, the
 * probe may begin. It ends without an answer if it takes too long: then
 * _is_upgrading is false after a _tick, and the owner closes the WebSocket.
 * Returns: PEAL_OK, PEAL_ERR_SIO_STATE (there is one already, none was offered,
 * or the session is closing), PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_eio_session_attach(peal_eio_session *session,
                                                 uint64_t now_ms);
/* This way is gone. The probe's end leaves the session on polling; the
 * current way's end closes it with `reason`. */
void peal_eio_session_detach(peal_eio_session *session, peal_eio_via via,
                             peal_eio_reason reason, peal_err err);
/* Client: the probe was answered and polling has come to rest: send `upgrade`
 * and make the WebSocket current. Returns: PEAL_OK, PEAL_ERR_SIO_STATE (no
 * answered probe). */
PEAL_MUST_CHECK peal_err peal_eio_session_switch(peal_eio_session *session);
/* Client, before the handshake: by this way instead. What is queued stays. */
void peal_eio_session_choose(peal_eio_session *session, peal_eio_via via);
/* Client: has a ping come since this was last asked? Look again when _next has
 * returned. */
bool peal_eio_session_took_ping(peal_eio_session *session);
/* Server: the client has used its id; its session is no trial any more. */
void peal_eio_session_confirm(peal_eio_session *session);
/* The peer lives, as is known otherwise (it takes bytes, a message of its is
 * coming): a pong that is awaited has its whole time from then on. */
void peal_eio_session_spare(peal_eio_session *session, uint64_t seen_at_ms);

/* Queue a message (one more reference is held). One that replaces another of
 * the same key is charged with the difference only; any message fits into an
 * empty queue.
 * Returns: PEAL_OK; PEAL_ERR_CLOSED; PEAL_ERR_NOMEM; PEAL_ERR_QUEUE_FULL: not
 * queued. */
PEAL_MUST_CHECK peal_err peal_eio_session_send(peal_eio_session *session,
                                               const peal_eio_item *item);
/* Drop the oldest messages that may go until this one fits.
 * Returns: PEAL_OK, PEAL_ERR_QUEUE_FULL: it cannot; nothing was dropped. */
PEAL_MUST_CHECK peal_err peal_eio_session_make_room(peal_eio_session *session,
                                                    const peal_eio_item *item);
/* Send what is queued, then a close packet, then end; the CLOSE event has
 * PEAL_EIO_FORCED_CLOSE and `err`. `discard`: drop the queue. */
void peal_eio_session_close(peal_eio_session *session, bool discard,
                            peal_err err, uint64_t now_ms);
/* End at once: what waits is dropped, a waiting GET is released with `1`. */
void peal_eio_session_kill(peal_eio_session *session, peal_eio_reason reason,
                           peal_err err);

/* Server, polling: a GET waits, or no longer. */
void peal_eio_session_poll_waits(peal_eio_session *session, bool waits,
                                 uint64_t now_ms);
/* Can the session take a message without making it wait long? Decides over
 * volatile messages together with the soft ceiling. */
bool peal_eio_session_is_writable(const peal_eio_session *session);

/* UINT64_MAX: never. */
uint64_t peal_eio_session_deadline(const peal_eio_session *session);
void peal_eio_session_tick(peal_eio_session *session, uint64_t now_ms);

/* Terminated; "" before a client's handshake. */
const char *peal_eio_session_sid(const peal_eio_session *session);
/* Client, after the handshake: does the server offer a WebSocket, and how many
 * bytes may a polling body have? */
bool peal_eio_session_can_upgrade(const peal_eio_session *session);
size_t peal_eio_session_peer_max_payload(const peal_eio_session *session);
peal_eio_via peal_eio_session_current(const peal_eio_session *session);
bool peal_eio_session_is_open(const peal_eio_session *session);
bool peal_eio_session_is_eio3(const peal_eio_session *session);
/* A pong is awaited, and since when. */
bool peal_eio_session_is_pinged(const peal_eio_session *session);
uint64_t peal_eio_session_pinged_at(const peal_eio_session *session);
/* How long a pong may take, in milliseconds. */
uint32_t peal_eio_session_ping_timeout(const peal_eio_session *session);
/* _next has something to tell. */
bool peal_eio_session_has_news(const peal_eio_session *session);
/* Closed, everything told, and nothing is left to be sent. */
bool peal_eio_session_is_done(const peal_eio_session *session);
bool peal_eio_session_is_upgrading(const peal_eio_session *session);
size_t peal_eio_session_queued_bytes(const peal_eio_session *session);
/* Another ceiling than the options' (up to 4 GiB); 0: the options'. */
void peal_eio_session_set_max_queue(peal_eio_session *session,
                                    size_t max_bytes);
/* Asserts what holds between two calls. */
void peal_eio_session_check(const peal_eio_session *session);
