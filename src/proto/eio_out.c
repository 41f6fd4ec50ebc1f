/* SPDX-License-Identifier: MIT */
#include "proto/eio_out.h"

#include "proto/eio_rules.h"
#include "proto/eio_session.h"

/* Control packets for this way, before and behind the messages. */
static uint8_t due_on(const peal_eio_session *session, peal_eio_via via) {
  uint8_t due = 0;
  if (!session->due) /* as a rule */
    return 0;
  if (via == PEAL_EIO_WEBSOCKET)
    due |= session->due & PEAL_EIO_DUE_PROBE;
  /* EIO4: nothing is said before the handshake has come. */
  if (via != (peal_eio_via)session->current ||
      session->state == PEAL_EIO_STATE_OPENING)
    return due;
  due |= session->due & PEAL_EIO_DUE_FIRST;
  if (session->state != PEAL_EIO_STATE_CLOSING || session->farewell_armed)
    due |= session->due & PEAL_EIO_DUE_LAST;
  return due;
}

static bool sends_messages(const peal_eio_session *session, peal_eio_via via) {
  return via == (peal_eio_via)session->current &&
         session->state != PEAL_EIO_STATE_OPENING;
}

bool peal_eio_out_wants(const peal_eio_session *session, peal_eio_via via) {
  return due_on(session, via) || (sends_messages(session, via) &&
                                  peal_eio_queue_count(&session->queue));
}

static bool show_control(const peal_eio_session *session, uint8_t due,
                         peal_eio_cursor *cursor, peal_eio_out *out) {
  uint8_t bit = peal_eio_due_first(due & (uint8_t)~cursor->shown);
  if (!bit)
    return false;
  cursor->shown |= bit;
  *out = (peal_eio_out){.type = (uint8_t)peal_eio_due_type(bit)};
  if (bit & PEAL_EIO_DUE_PROBE)
    out->data = PEAL_S("probe");
  if (bit == PEAL_EIO_DUE_OPEN) {
    out->message = session->hello.open;
    out->data = peal_message_part(out->message, 0);
  }
  return true;
}

static bool show_message(const peal_eio_session *session, peal_eio_via via,
                         peal_eio_cursor *cursor, peal_eio_out *out) {
  peal_eio_part part;
  if (!sends_messages(session, via) ||
      !peal_eio_queue_walk(&session->queue, &cursor->queue, &part))
    return false;
  *out =
      (peal_eio_out){.type = PEAL_EIO_MESSAGE,
                     .binary = peal_message_is_binary(part.message, part.part),
                     .no_compress = part.no_compress,
                     .message = part.message,
                     .part = part.part,
                     .data = peal_message_part(part.message, part.part)};
  return true;
}

static bool show_in_order(const peal_eio_session *session, peal_eio_via via,
                          peal_eio_cursor *cursor, peal_eio_out *out) {
  uint8_t due = due_on(session, via);
  if (!due)
    return show_message(session, via, cursor, out);
  return show_control(session, due & (uint8_t)~PEAL_EIO_DUE_LAST, cursor,
                      out) ||
         show_message(session, via, cursor, out) ||
         show_control(session, due, cursor, out);
}

bool peal_eio_out_peek(const peal_eio_session *session, peal_eio_via via,
                       peal_eio_cursor *cursor, peal_eio_out *out) {
  return session->due ? show_in_order(session, via, cursor, out)
                      : show_message(session, via, cursor, out);
}

static void pop_control(peal_eio_session *session, uint8_t bit) {
  session->due &= (uint8_t)~bit;
  if (bit != PEAL_EIO_DUE_OPEN)
    return;
  peal_message_unref(session->hello.open);
  session->hello.open = NULL;
}

static void pop_message(peal_eio_session *session, uint64_t now_ms) {
  peal_eio_queue_pop(&session->queue);
  if (session->state == PEAL_EIO_STATE_CLOSING &&
      peal_eio_rules_probe(session) && !peal_eio_queue_count(&session->queue))
    peal_eio_probe_hurry(session->probe, now_ms);
}

void peal_eio_out_pop(peal_eio_session *session, peal_eio_via via,
                      uint64_t now_ms) {
  uint8_t due = due_on(session, via);
  uint8_t first = peal_eio_due_first(due & (uint8_t)~PEAL_EIO_DUE_LAST);
  if (first)
    pop_control(session, first);
  else if (sends_messages(session, via) &&
           peal_eio_queue_count(&session->queue))
    pop_message(session, now_ms);
  else
    pop_control(session, peal_eio_due_first(due));
#ifndef NDEBUG
  peal_eio_session_check(session);
#endif
}
