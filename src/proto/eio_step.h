/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_step: the steps by which a session changes its state: a probe ends, the
 * WebSocket takes over, it begins to close, it is over. For the files of
 * eio_session alone. */
#include "proto/eio_types.h"

/* The WebSocket that was tried is forgotten. */
void peal_eio_step_drop_probe(peal_eio_session *session);
/* `5` has come, or leaves. */
void peal_eio_step_to_websocket(peal_eio_session *session);
/* What is queued and a farewell still leave. */
void peal_eio_step_begin_close(peal_eio_session *session, bool discard,
                               peal_err err, uint64_t now_ms);
/* No orderly farewell. A waiting GET is released with `last`: a close, or a
 * no-op if the peer itself closed. */
void peal_eio_step_end(peal_eio_session *session, peal_eio_reason reason,
                       peal_err err, uint8_t last);
