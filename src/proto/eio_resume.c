/* SPDX-License-Identifier: MIT */
#include "proto/eio_resume.h"

#include <assert.h>
#include <string.h>

#include "proto/eio_rules.h"
#include "proto/eio_step.h"

bool peal_eio_resume_may(const peal_eio_session *session) {
  return session->state == PEAL_EIO_STATE_OPEN && !session->probe &&
         !session->input_kind && !(session->due & ~PEAL_EIO_DUE_PING) &&
         !peal_eio_rules_is_client(session) && !session->upgraded;
}

peal_eio_resume peal_eio_resume_of(const peal_eio_session *session,
                                   uint64_t now_ms) {
  uint64_t at_ms = peal_eio_heartbeat_deadline(&session->clock);
  uint64_t left = at_ms > now_ms ? at_ms - now_ms : 0;
  /* A ping that has not left is sent anew. */
  bool is_unsent = session->due & PEAL_EIO_DUE_PING;
  return (peal_eio_resume){.sid = session->sid,
                           .via = (peal_eio_via)session->current,
                           .is_eio3 = peal_eio_session_is_eio3(session),
                           .is_pinged = session->clock.is_pinged && !is_unsent,
                           .beat_ms = is_unsent           ? 0
                                      : left > UINT32_MAX ? UINT32_MAX
                                                          : (uint32_t)left,
                           .max_queue_bytes = session->max_queue_bytes};
}

void peal_eio_resume_begin(peal_eio_session *session,
                           const peal_eio_session_opts *opts,
                           const peal_eio_resume *how, uint64_t now_ms) {
  assert(!opts->client);
  *session = (peal_eio_session){.opts = opts,
                                .current = how->via & 1,
                                .state = PEAL_EIO_STATE_OPEN,
                                .eio3 = how->is_eio3,
                                .max_queue_bytes = how->max_queue_bytes};
  memcpy(session->sid, how->sid, PEAL_EIO_SID_LEN);
  peal_eio_heartbeat_start(&session->clock, now_ms + how->beat_ms);
  session->clock.is_pinged = how->is_pinged;
#ifndef NDEBUG
  peal_eio_session_check(session);
#endif
}

void peal_eio_resume_end(peal_eio_session *session) {
  peal_eio_step_end(session, PEAL_EIO_FORCED_CLOSE, PEAL_OK, 0);
  session->closed = 0; /* nobody is told */
  session->drain = 0;
}

void peal_eio_resume_release(peal_eio_session *session) {
  if (session->poll_waits)
    session->due |= PEAL_EIO_DUE_NOOP;
}
