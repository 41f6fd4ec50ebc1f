/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_client: one Engine.IO 4 connection as its client sees it: what to ask
 * next, by which way, and when to give it up. An eio_session in client role,
 * and around it the requests of polling (one GET, one POST at a time), the
 * WebSocket, the upgrade from one to the other, the orderly close.
 * In the flow: client/client_http, client/client_ws -> [eio_client] ->
 * client/client_engine.
 *
 *   GET ---200---> open --probe answered--> GET and POST rest --> switched
 *     \  or not                             no new ones begin        |
 *      +--> next way, or closed                                      |
 *   WebSocket --101, hello--> open <---------------------------------+
 *
 * It answers and never calls: after any verb the owner asks _next until it
 * returns false, does what it says, sends what peal_eio_out has for an open
 * WebSocket, and comes back at _deadline. Between two events it may do
 * anything, _deinit included. */
#include "base/buf.h"
#include "proto/eio_client_answer.h"
#include "proto/eio_client_types.h"
#include "proto/eio_out.h"

/* Cannot fail. */
void peal_eio_client_init(peal_eio_client *client,
                          const peal_eio_client_opts *opts,
                          bool prefer_websocket, uint64_t now_ms);
void peal_eio_client_deinit(peal_eio_client *client);

/* -- from below ------------------------------------------------------------ */

/* The GET has been answered, or will not be (answer->err). The body is lent
 * until _next has returned false. */
void peal_eio_client_got(peal_eio_client *client,
                         const peal_eio_client_answer *answer, uint64_t now_ms);
/* The same for the POST. */
void peal_eio_client_posted(peal_eio_client *client,
                            const peal_eio_client_answer *answer,
                            uint64_t now_ms);
/* The WebSocket is open, as the way of the handshake or as a probe. */
void peal_eio_client_ws_opened(peal_eio_client *client, uint64_t now_ms);
/* A message of it, lent until _next has returned false. */
void peal_eio_client_ws_fed(peal_eio_client *client, bool binary,
                            peal_slice data, uint64_t now_ms);
/* It is gone, or could not be opened: `answer` says why (status 0: no answer
 * came; PEAL_OK: it was closed in order). */
void peal_eio_client_ws_closed(peal_eio_client *client,
                               const peal_eio_client_answer *answer,
                               uint64_t now_ms);

/* What happened, or is to be done; false if there is nothing. Base64 goes to
 * the arena. */
bool peal_eio_client_next(peal_eio_client *client, peal_arena *arena,
                          uint64_t now_ms, peal_eio_client_event *event);
/* The body of the POST that was just asked for: packets that wait, up to what
 * the server takes at a time (its maxPayload; the first one in any case). They
 * are the machine's no longer.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM: tell it by _posted. */
PEAL_MUST_CHECK peal_err peal_eio_client_fill(peal_eio_client *client,
                                              peal_buf *body, uint64_t now_ms);
/* UINT64_MAX: never. */
uint64_t peal_eio_client_deadline(const peal_eio_client *client);
void peal_eio_client_tick(peal_eio_client *client, uint64_t now_ms);

/* -- from above ------------------------------------------------------------ */

/* As peal_eio_session_send; before the handshake it waits. */
PEAL_MUST_CHECK peal_err peal_eio_client_send(peal_eio_client *client,
                                              const peal_eio_item *item);
/* An upgrade that is under way comes to its end, then what is queued leaves
 * (`discard`: it is dropped), then a close packet (polling) or SHUT, then
 * CLOSED. Before the handshake: CLOSED. */
void peal_eio_client_close(peal_eio_client *client, bool discard,
                           uint64_t now_ms);
/* CLOSED comes at once. `text` (copied) may be NULL. */
void peal_eio_client_kill(peal_eio_client *client, peal_eio_reason reason,
                          peal_err err, const char *text);

/* Would a message leave now? A POST under way, an upgrade that comes to its
 * end and a queue above the soft ceiling say no. */
bool peal_eio_client_is_writable(const peal_eio_client *client);
/* Is the server's ping overdue? */
bool peal_eio_client_has_ping_expired(const peal_eio_client *client,
                                      uint64_t now_ms);
bool peal_eio_client_is_open(const peal_eio_client *client);
/* By which way it is, or is tried. */
peal_eio_via peal_eio_client_via(const peal_eio_client *client);
void peal_eio_client_check(const peal_eio_client *client);

static inline const char *peal_eio_client_sid(const peal_eio_client *client) {
  return peal_eio_session_sid(&client->session);
}
