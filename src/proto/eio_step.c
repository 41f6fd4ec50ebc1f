/* SPDX-License-Identifier: MIT */
#include "proto/eio_step.h"

#include "proto/eio_rules.h"

void peal_eio_step_drop_probe(peal_eio_session *session) {
  peal_eio_probe_free(peal_eio_rules_probe(session));
  session->probe = NULL;
  session->probed = 0;
  session->due &= (uint8_t)~PEAL_EIO_DUE_PROBE;
}

static void tell_close(peal_eio_session *session, peal_eio_reason reason,
                       peal_err err) {
  session->closed = 1;
  session->reason = reason & 7;
  session->err = (int16_t)err;
  session->opened = 0;
  session->probed = 0;
}

void peal_eio_step_end(peal_eio_session *session, peal_eio_reason reason,
                       peal_err err, uint8_t last) {
  if (session->state < PEAL_EIO_STATE_CLOSING)
    tell_close(session, reason, err);
  session->state = PEAL_EIO_STATE_CLOSED;
  session->input_kind = 0;
  session->unconfirmed = 0;
  peal_eio_heartbeat_stop(&session->clock);
  peal_eio_step_drop_probe(session);
  peal_eio_queue_clear(&session->queue);
  session->due = 0;
  if (session->poll_waits && session->current == PEAL_EIO_POLLING)
    session->due = last;
}

/* Nothing is left for a probe but its end. */
static void hurry_probe(peal_eio_session *session, uint64_t now_ms) {
  if (session->state == PEAL_EIO_STATE_CLOSING &&
      peal_eio_rules_probe(session) && !peal_eio_queue_count(&session->queue))
    peal_eio_probe_hurry(session->probe, now_ms);
}

/* What still has to be said when the session closes in order. A WebSocket is
 * closed by its own handshake; a client puts `1` behind its last messages. */
static void arm_farewell(peal_eio_session *session) {
  session->due &= PEAL_EIO_DUE_OPEN | PEAL_EIO_DUE_UPGRADE | PEAL_EIO_DUE_PROBE;
  session->farewell_armed = peal_eio_rules_is_client(session) ||
                            !peal_eio_queue_count(&session->queue);
  if (session->current == PEAL_EIO_WEBSOCKET)
    return;
  session->due |= PEAL_EIO_DUE_CLOSE;
  /* reference 3.1: a waiting GET gets `1`, a later one `6` and `1`. */
  if (!peal_eio_rules_is_client(session) &&
      !(session->farewell_armed && session->poll_waits))
    session->due |= PEAL_EIO_DUE_NOOP;
}

/* A server's probe lives on: what waits goes over it if its `5` comes, for
 * then no GET will. */
void peal_eio_step_begin_close(peal_eio_session *session, bool discard,
                               peal_err err, uint64_t now_ms) {
  if (discard)
    peal_eio_queue_clear(&session->queue);
  if (peal_eio_rules_is_client(session))
    peal_eio_step_drop_probe(session);
  tell_close(session, PEAL_EIO_FORCED_CLOSE, err);
  session->state = PEAL_EIO_STATE_CLOSING;
  session->unconfirmed = 0;
  peal_eio_heartbeat_start(&session->clock,
                           now_ms + peal_eio_rules_close_timeout(session));
  arm_farewell(session);
  hurry_probe(session, now_ms);
}

void peal_eio_step_to_websocket(peal_eio_session *session) {
  bool has_pong = session->due & PEAL_EIO_DUE_PROBE_PONG;
  peal_eio_step_drop_probe(session);
  session->current = PEAL_EIO_WEBSOCKET;
  session->poll_waits = 0;
  session->due &= (uint8_t)~PEAL_EIO_DUE_NOOP;
  if (session->state ==
      PEAL_EIO_STATE_CLOSING) /* closed by its own handshake now */
    session->due &= PEAL_EIO_DUE_OPEN | PEAL_EIO_DUE_UPGRADE;
  else
    session->upgraded = 1;
  if (has_pong)
    session->due |= PEAL_EIO_DUE_PROBE_PONG;
}
