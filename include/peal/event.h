/* SPDX-License-Identifier: MIT */
#pragma once
/* event: an event that has come, to a server (<peal/server.h>) or to a client
 * (<peal/client.h>): its name, its arguments, its acknowledgement.
 *
 * Unless it says otherwise, a function runs on the worker of its event, inside
 * of its handler. */
#include <peal/base.h>
#include <peal/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An event that came in; borrowed by the handler. */
typedef struct peal_event peal_event;

/* All that an event holds is borrowed until its handlers have returned; what
 * is to be kept is copied: by peal_doc_new for values. */

/* Its name, as the other end sent it: any text that is not reserved. One that is
 * a number is that number's text: 7 is "7". */
PEAL_API peal_slice peal_event_name(const peal_event *event);
/* What stands behind the name, as the other end sent it: any number of values of
 * any types. */
PEAL_API peal_args peal_event_args(const peal_event *event);
/* Argument `index`; undefined if there are fewer. */
PEAL_API peal_val peal_event_arg(const peal_event *event, size_t index);
/* Argument `index` as a terminated string (borrowed); NULL if it is no
 * string, holds a NUL byte, or memory is out. */
PEAL_API const char *peal_event_str(const peal_event *event, size_t index);
/* Does the other end wait for an acknowledgement? Also after it was given. */
PEAL_API bool peal_event_wants_ack(const peal_event *event);
/* Acknowledge: the arguments are encoded at once. The first call counts, later
 * ones and those for events that want none are no-ops (PEAL_OK). It is kept
 * in a full queue where events are dropped.
 * Returns: PEAL_OK, PEAL_ERR_CLOSED, PEAL_ERR_NOMEM, PEAL_ERR_QUEUE_FULL,
 * PEAL_ERR_DEPTH. */
PEAL_API peal_err peal_ack(const peal_event *event, peal_args args);

/* An acknowledgement that is given after the handler has returned; it outlives
 * event and socket, and ends with the server or client: no function takes it
 * after peal_server_free or peal_client_free. */
typedef struct peal_reply peal_reply;
/* NULL if the event wants none, has been acknowledged, or memory is out. To be
 * given back by peal_reply_send or peal_reply_drop, once; peal_ack has no
 * effect any more. */
PEAL_API peal_reply *peal_ack_later(const peal_event *event);
/* Takes `reply` (NULL: PEAL_OK, nobody has asked); the arguments are encoded or
 * copied at once. A socket that
 * has gone is no error, and neither is the end of the run. A second answer is
 * none at all, also from another thread, for five minutes behind the first or
 * 65536 other replies of its worker (4096 of its client).
 * Returns: as peal_ack; from another thread PEAL_OK or PEAL_ERR_NOMEM.
 * Thread: any. */
PEAL_API peal_err peal_reply_send(peal_reply *reply, peal_args args);
/* Takes `reply`: the other end is left without an answer. Thread: any. */
PEAL_API void peal_reply_drop(peal_reply *reply);

#ifdef __cplusplus
}
#endif
