/* SPDX-License-Identifier: MIT */
#pragma once
/* ws_conn: one WebSocket connection after its opening handshake, either role
 * (RFC6455): frames to messages and messages to frames, control frames,
 * the close handshake.
 * In the flow: net/stream -> [ws_conn] -> proto/eio_session, and back by pull.
 *
 *   feed(bytes) ; while (next(&event)) act    what comes in
 *   pull, pull_message..., write, sent, keep  what goes out
 *   deadline, tick ; while (next(&event)) act what does not come
 *
 * Between two events the owner may do anything to it: send, close, free.
 * Messages wait in the queue of the owner, and become frames at the pull; here
 * wait only the answer to the opening handshake, control frames, and a message
 * that has left in part. A client's messages are masked into a copy, which
 * waits here. An idle connection owns no buffers, but what it was agreed to
 * remember of its messages (RFC7692 7.1.1). */
#include <peal/base.h>

#include "base/iovs.h"
#include "proto/message.h"
#include "proto/ws_conn_types.h"
#include "proto/ws_deflate.h"
#include "wire/deflate_terms.h"
#include "wire/ws_frame.h"

/* `opts` (NULL: defaults) and `account` (NULL: not counted) are borrowed for
 * life. `head` (copied; may be empty) is sent before the first frame: the
 * answer to the opening handshake. Returns NULL if memory is out. */
PEAL_MUST_CHECK peal_ws_conn *peal_ws_conn_new(const peal_ws_conn_opts *opts,
                                               peal_account *account,
                                               peal_slice head);
void peal_ws_conn_free(peal_ws_conn *conn);
/* What was agreed on in the opening handshake; before anything else. With
 * takeover of what this side sends, all messages go by _send, which deflates
 * each once and in order. Terms that are not on: nothing. */
void peal_ws_conn_agree(peal_ws_conn *conn, const peal_deflate_terms *terms);

/* Bytes of the stream, lent until _next has returned false (until then no
 * other feed), and WRITTEN TO: payloads are unmasked in place. Behind the end
 * they are dropped. */
void peal_ws_conn_feed(peal_ws_conn *conn, char *data, size_t len,
                       uint64_t now_ms);
/* What happened next; false: all that was fed has been used.
 *
 * A message that lies whole in the input is delivered without a copy. The size
 * limit is applied to the announced length before any buffering; what is
 * buffered is charged to the account first. A violation (1002, 1007), a limit
 * (1008, 1009) and a lack of memory (1011) queue the close frame with their
 * code and are told by a close event.
 *
 * Behind a close event bytes may still wait to be pulled (our close frame):
 * write them, then close the stream. No event comes after it. */
bool peal_ws_conn_next(peal_ws_conn *conn, peal_ws_event *event);

/* Queue a message here (copied): what a client sends, and what a server sends
 * of bytes that are in no message. The owner bounds it by _queued.
 * Returns: PEAL_OK, PEAL_ERR_CLOSED, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_ws_conn_send(peal_ws_conn *conn,
                                           peal_ws_opcode opcode, char prefix,
                                           peal_slice data);
/* The same, as it is, where `may_deflate` is false; _send deflates what is
 * agreed to be, long enough and shorter for it. */
PEAL_MUST_CHECK peal_err peal_ws_conn_send_with(peal_ws_conn *conn,
                                                peal_ws_opcode opcode,
                                                char prefix, peal_slice data,
                                                bool may_deflate);
/* Queue a ping (copied).
 * Returns: PEAL_OK, PEAL_ERR_USAGE (above 125 bytes), PEAL_ERR_CLOSED,
 * PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_ws_conn_ping(peal_ws_conn *conn,
                                           peal_slice payload);
/* Begin the close handshake, behind all that was queued here: the owner's own
 * queue must be sent or dropped. Code 0, or one that must not be sent: a close
 * frame without code. A no-op once closing. */
void peal_ws_conn_close(peal_ws_conn *conn, unsigned code, peal_slice reason,
                        uint64_t now_ms);

/* Bytes to write (see base/iovs.h): what waits here, in order; it changes
 * nothing. A pong may overtake messages, never cuts into a frame. */
void peal_ws_conn_pull(peal_ws_conn *conn, peal_iovs *out);

/* Are messages deflated here; and must they go by _send for it? */
bool peal_ws_conn_deflates(const peal_ws_conn *conn);
bool peal_ws_conn_takes_over(const peal_ws_conn *conn);
/* Let `shape`, that of a part of this message, be the deflated one, if there is
 * one or `make`: for a pull; what the pull has shown is found without. */
void peal_ws_conn_deflate(peal_ws_conn *conn, peal_ws_shape *shape,
                          peal_message *message, size_t part, bool make);
/* Behind what waits here, a message of the owner's queue: `prefix` (0: none)
 * and `body` (borrowed until written; up to 512 bytes copied) in one frame;
 * `opcode` as in a shape. Server only.
 * False: it is not in the pull, neither in part: no room, or closing. A pull
 * that is still empty has room if its scratch has 16 bytes. */
bool peal_ws_conn_pull_message(peal_ws_conn *conn, peal_iovs *out,
                               uint8_t opcode, char prefix, peal_slice body);
/* With `messages_first`: the close frame, when the owner has no message to pull
 * (any more). */
void peal_ws_conn_pull_close(peal_ws_conn *conn, peal_iovs *out);
/* Its bytes on the wire. */
size_t peal_ws_conn_message_len(const peal_ws_conn *conn, char prefix,
                                size_t body_len);
/* `len` bytes of the last pull have left. Returns how many of them belong to
 * messages of the owner's queue, from the first one pulled on. */
size_t peal_ws_conn_sent(peal_ws_conn *conn, size_t len);
/* A part of `message`, shown by _pull_message with these, has left by `sent`
 * bytes only: its rest goes first at the next pull. A reference is taken. Once
 * behind each _sent at most.
 * Returns: PEAL_OK; PEAL_ERR_NOMEM: the stream can only be closed. */
PEAL_MUST_CHECK peal_err peal_ws_conn_keep(peal_ws_conn *conn, uint8_t opcode,
                                           char prefix, peal_message *message,
                                           peal_slice body, size_t sent);
/* Bytes that wait here. */
size_t peal_ws_conn_queued(const peal_ws_conn *conn);

/* A message has come in part. */
bool peal_ws_conn_is_receiving(const peal_ws_conn *conn);

/* Nothing has come or is waiting in part, and no close has begun: the bytes on
 * the wire are at the end of one message, and at the beginning of another. */
bool peal_ws_conn_is_at_rest(const peal_ws_conn *conn);
/* A server's, of one at rest, for another process: what was agreed on, and what
 * the peer's next messages may refer to (borrowed). What we send there begins
 * anew. */
peal_deflate_terms peal_ws_conn_terms(const peal_ws_conn *conn);
peal_slice peal_ws_conn_window(const peal_ws_conn *conn);
/* There, behind _agree. Returns: PEAL_OK, PEAL_ERR_NOMEM, what the account
 * answered. */
PEAL_MUST_CHECK peal_err peal_ws_conn_remember(peal_ws_conn *conn,
                                               peal_slice window);

/* When _tick wants to be called; UINT64_MAX: never. Nothing is waited for
 * unless it is closing, or a message or a frame has come in part. */
uint64_t peal_ws_conn_deadline(const peal_ws_conn *conn);
/* Past the deadline _next tells the close (PEAL_ERR_TIMEOUT), if it had not:
 * the peer has not answered our close, and all that waits is dropped; or what
 * is unfinished came too slowly, and our close frame (1008) is queued. */
void peal_ws_conn_tick(peal_ws_conn *conn, uint64_t now_ms);
/* The close event was given and nothing is left to pull: the stream can be
 * closed. */
bool peal_ws_conn_is_done(const peal_ws_conn *conn);
/* Do the invariants hold? For tests. */
bool peal_ws_conn_check(const peal_ws_conn *conn);
