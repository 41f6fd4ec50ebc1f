/* SPDX-License-Identifier: MIT */
#pragma once
/* engine_conn: one client's session on its worker, for those who stand on it.
 *
 * Nothing ends inside a call: closing asks for the end of the turn, where
 * on_close is told, and a conn lives at least as long as the turn in which it
 * was closed. */
#include "base/account.h"
#include "engine/engine_handshake.h"
#include "engine/engine_types.h"

/* Queue a message (references are taken), sent at the end of the turn. What a
 * full queue does is in engine/overflow. */
PEAL_MUST_CHECK peal_err peal_engine_conn_send(peal_engine_conn *conn,
                                               const peal_eio_item *item);
/* Another ceiling and policy for the send queue; 0: the server's. */
void peal_engine_conn_set_queue(peal_engine_conn *conn, size_t max_bytes,
                                peal_queue_policy policy);
/* A send to it is near: fetch its memory. */
void peal_engine_conn_prefetch(const peal_engine_conn *conn);
/* on_flush is wanted at the end of the turn. */
void peal_engine_conn_flush_later(peal_engine_conn *conn);
/* May a volatile message be sent now? */
bool peal_engine_conn_is_writable(const peal_engine_conn *conn);
/* Close: `discard` drops what is queued. on_close comes later in this turn,
 * with PEAL_EIO_FORCED_CLOSE and `err`. */
void peal_engine_conn_close(peal_engine_conn *conn, bool discard, peal_err err);
/* The peer broke the protocol above Engine.IO: logged, counted, closed. */
void peal_engine_conn_violation(peal_engine_conn *conn, peal_err err);
/* When on_deadline is wanted; UINT64_MAX: never. */
void peal_engine_conn_set_deadline(peal_engine_conn *conn, uint64_t at_ms);
/* When it is wanted at present. */
uint64_t peal_engine_conn_deadline(const peal_engine_conn *conn);
/* What the owner keeps with it: callbacks.user_bytes. */
void *peal_engine_conn_user(peal_engine_conn *conn);
/* Who owns it: `user` of peal_engine_new. */
void *peal_engine_conn_owner(const peal_engine_conn *conn);
/* The session's id, terminated. */
const char *peal_engine_conn_id(const peal_engine_conn *conn);
/* The session of this id on a worker, which is the calling one; NULL if there
 * is none, or on_close has been told. */
peal_engine_conn *peal_engine_conn_get(const peal_engine *engine,
                                       const peal_worker *worker,
                                       const char *id);
peal_worker *peal_engine_conn_worker(const peal_engine_conn *conn);
/* on_close has been told. */
bool peal_engine_conn_is_closed(const peal_engine_conn *conn);
/* Bytes that wait for this client. */
size_t peal_engine_conn_queued_bytes(const peal_engine_conn *conn);
/* What this client makes us hold is charged here, before it is allocated. */
peal_account *peal_engine_conn_account(peal_engine_conn *conn);
/* The request that began the session. */
peal_engine_handshake *peal_engine_conn_handshake(const peal_engine_conn *conn);
/* It speaks version 3. */
bool peal_engine_conn_is_eio3(const peal_engine_conn *conn);
/* "polling" or "websocket". */
const char *peal_engine_conn_transport(const peal_engine_conn *conn);
