/* SPDX-License-Identifier: MIT */
#include "proto/eio_session.h"

#include <assert.h>
#include <string.h>

#include "base/err_site.h"
#include "base/mem.h"
#include "proto/eio_hello.h"
#include "proto/eio_rules.h"
#include "proto/eio_step.h"

#define CHECKED_ENTRIES 16u

/* -- life ------------------------------------------------------------------- */

static peal_message *open_message(const peal_eio_session *session) {
  peal_eio_hello hello = {
      .sid = {session->sid, PEAL_EIO_SID_LEN},
      .ping_interval_ms = peal_eio_rules_ping_interval(session),
      .ping_timeout_ms = peal_eio_rules_ping_timeout(session),
      .max_payload = peal_eio_rules_max_payload(session),
      .upgrade_websocket =
          session->current == PEAL_EIO_POLLING && !session->opts->no_upgrades};
  peal_buf buf;
  peal_buf_init(&buf, session->opts->mem, 0);
  peal_eio_hello_encode(&buf, &hello);
  peal_message *message = NULL;
  if (!buf.err)
    message =
        peal_message_new(peal_buf_slice(&buf), NULL, 0, session->opts->mem);
  peal_buf_deinit(&buf);
  return message;
}

static peal_err begin_server(peal_eio_session *session, const char *sid,
                             uint64_t now_ms) {
  assert(strlen(sid) == PEAL_EIO_SID_LEN);
  memcpy(session->sid, sid, PEAL_EIO_SID_LEN);
  session->hello.open = open_message(session);
  session->due = PEAL_EIO_DUE_OPEN;
  session->state = PEAL_EIO_STATE_OPEN;
  session->unconfirmed = session->opts->confirm_timeout_ms != 0 &&
                         session->current == PEAL_EIO_POLLING;
  peal_eio_heartbeat_start(&session->clock,
                           now_ms + peal_eio_rules_ping_interval(session));
  return session->hello.open ? PEAL_OK : PEAL_FAIL(PEAL_ERR_NOMEM);
}

peal_err peal_eio_session_init(peal_eio_session *session,
                               const peal_eio_session_opts *opts,
                               const char *sid, peal_eio_via via,
                               uint64_t now_ms) {
  *session =
      (peal_eio_session){.opts = opts,
                         .current = via & 1,
                         .eio3 = PEAL_ROLE_IS_CLIENT(opts) && opts->eio3};
  peal_eio_heartbeat_stop(&session->clock);
  return PEAL_ROLE_IS_CLIENT(opts) ? PEAL_OK
                                   : begin_server(session, sid, now_ms);
}

void peal_eio_session_speak_eio3(peal_eio_session *session) {
  assert(!peal_eio_rules_is_client(session));
  session->eio3 = 1;
}

void peal_eio_session_deinit(peal_eio_session *session) {
  peal_eio_queue_clear(&session->queue);
  peal_eio_probe_free(peal_eio_rules_probe(session));
  session->probe = NULL;
  if (peal_eio_rules_is_client(session))
    peal_mem_free(peal_mem_or_libc(session->opts->mem), session->hello.peer);
  else
    peal_message_unref(session->hello.open);
  session->hello.open = NULL;
}

void peal_eio_session_check(const peal_eio_session *session) {
  bool client = peal_eio_rules_is_client(session);
  bool is_still = peal_eio_heartbeat_deadline(&session->clock) == UINT64_MAX;
  uint8_t due = session->due;
  assert(session->state != PEAL_EIO_STATE_OPENING || client);
  assert(!session->probe ||
         (session->state == PEAL_EIO_STATE_OPEN ||
          (session->state == PEAL_EIO_STATE_CLOSING && !client)));
  assert(!session->probe || session->current == PEAL_EIO_POLLING);
  assert(!session->probed || session->probe);
  assert(is_still == (session->state == PEAL_EIO_STATE_OPENING ||
                      session->state == PEAL_EIO_STATE_CLOSED));
  assert(!session->closed || session->state >= PEAL_EIO_STATE_CLOSING);
  assert(session->state != PEAL_EIO_STATE_CLOSED ||
         (!peal_eio_queue_count(&session->queue) && !session->input_kind));
  assert(!(due & PEAL_EIO_DUE_OPEN) || session->hello.open);
  assert(!client || !(due & (PEAL_EIO_DUE_OPEN | PEAL_EIO_DUE_NOOP |
                             PEAL_EIO_DUE_PROBE_PONG)));
  assert(client || !(due & (PEAL_EIO_DUE_UPGRADE | PEAL_EIO_DUE_PROBE_PING)));
  assert(peal_eio_rules_pings(session) || !(due & PEAL_EIO_DUE_PING));
  assert(!peal_eio_rules_pings(session) || !(due & PEAL_EIO_DUE_PONG));
  assert(client || !(session->opened || session->probed));
  if (peal_eio_queue_count(&session->queue) <= CHECKED_ENTRIES)
    peal_eio_queue_check(&session->queue);
  (void)client, (void)is_still, (void)due;
}

/* At the end of each verb, in builds with assertions. */
static void check(const peal_eio_session *session) {
#ifndef NDEBUG
  peal_eio_session_check(session);
#else
  (void)session;
#endif
}

/* -- closing ---------------------------------------------------------------- */

void peal_eio_session_close(peal_eio_session *session, bool discard,
                            peal_err err, uint64_t now_ms) {
  if (session->state >= PEAL_EIO_STATE_CLOSING)
    return;
  if (session->state ==
      PEAL_EIO_STATE_OPENING) /* nobody is there for a farewell */
    peal_eio_step_end(session, PEAL_EIO_FORCED_CLOSE, err, 0);
  else
    peal_eio_step_begin_close(session, discard, err, now_ms);
  check(session);
}

void peal_eio_session_kill(peal_eio_session *session, peal_eio_reason reason,
                           peal_err err) {
  peal_eio_step_end(session, reason, err, PEAL_EIO_DUE_CLOSE);
  check(session);
}

/* -- ways -------------------------------------------------------------------- */

peal_err peal_eio_session_attach(peal_eio_session *session, uint64_t now_ms) {
  if (session->state != PEAL_EIO_STATE_OPEN || session->probe ||
      session->current == PEAL_EIO_WEBSOCKET ||
      (!peal_eio_rules_is_client(session) && session->opts->no_upgrades))
    return PEAL_FAIL(PEAL_ERR_SIO_STATE);
  session->probe =
      peal_eio_probe_new(session->opts->mem, peal_eio_rules_is_client(session),
                         now_ms + peal_eio_rules_upgrade_timeout(session));
  if (!session->probe)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  if (peal_eio_rules_is_client(session))
    session->due |= PEAL_EIO_DUE_PROBE_PING;
  check(session);
  return PEAL_OK;
}

peal_err peal_eio_session_switch(peal_eio_session *session) {
  if (session->state != PEAL_EIO_STATE_OPEN ||
      !peal_eio_rules_is_client(session) || !session->probe ||
      !session->probe->is_answered)
    return PEAL_FAIL(PEAL_ERR_SIO_STATE);
  session->due |= PEAL_EIO_DUE_UPGRADE;
  peal_eio_step_to_websocket(session);
  check(session);
  return PEAL_OK;
}

void peal_eio_session_detach(peal_eio_session *session, peal_eio_via via,
                             peal_eio_reason reason, peal_err err) {
  if (via == (peal_eio_via)session->current) {
    session->poll_waits = 0;
    peal_eio_step_end(session, reason, err, 0);
  } else if (via == PEAL_EIO_WEBSOCKET) {
    peal_eio_step_drop_probe(session);
  }
  check(session);
}

void peal_eio_session_choose(peal_eio_session *session, peal_eio_via via) {
  if (session->state == PEAL_EIO_STATE_OPENING)
    session->current = via & 1;
}

bool peal_eio_session_took_ping(peal_eio_session *session) {
  bool took = session->got_ping;
  session->got_ping = 0;
  return took;
}

void peal_eio_session_confirm(peal_eio_session *session) {
  session->unconfirmed = 0;
}

void peal_eio_session_spare(peal_eio_session *session, uint64_t seen_at_ms) {
  if (session->state == PEAL_EIO_STATE_OPEN)
    peal_eio_heartbeat_spare(&session->clock,
                             seen_at_ms + peal_eio_rules_ping_timeout(session));
}

/* -- queueing ---------------------------------------------------------------- */

peal_err peal_eio_session_send(peal_eio_session *session,
                               const peal_eio_item *item) {
  if (session->state >= PEAL_EIO_STATE_CLOSING)
    return PEAL_ERR_CLOSED;
  if (!peal_eio_queue_has_room(&session->queue, item,
                               peal_eio_rules_max_queue(session))) {
    session->drain = 1;
    return PEAL_FAIL(PEAL_ERR_QUEUE_FULL);
  }
  peal_err err = peal_eio_queue_add(&session->queue, item, session->opts->mem,
                                    session->opts->account);
  if (!err && peal_eio_queue_bytes(&session->queue) >
                  peal_eio_rules_max_queue_soft(session))
    session->drain = 1;
  return err;
}

peal_err peal_eio_session_make_room(peal_eio_session *session,
                                    const peal_eio_item *item) {
  peal_err err = peal_eio_queue_make_room(&session->queue, item,
                                          peal_eio_rules_max_queue(session));
  check(session);
  return err;
}

/* -- polling ---------------------------------------------------------------- */

void peal_eio_session_poll_waits(peal_eio_session *session, bool waits,
                                 uint64_t now_ms) {
  if (peal_eio_rules_is_client(session))
    return;
  session->poll_waits = waits && session->current == PEAL_EIO_POLLING;
  if (!waits &&
      session->state == PEAL_EIO_STATE_CLOSED) /* nobody takes the last word */
    session->due = 0;
  if (waits && session->state == PEAL_EIO_STATE_CLOSING &&
      !peal_eio_queue_count(&session->queue))
    session->farewell_armed = 1;
  if (waits && session->probe)
    peal_eio_probe_get(session->probe, now_ms);
  check(session);
}

bool peal_eio_session_is_writable(const peal_eio_session *session) {
  return session->state == PEAL_EIO_STATE_OPEN &&
         (session->current == PEAL_EIO_WEBSOCKET || session->poll_waits ||
          peal_eio_rules_is_client(session)) &&
         peal_eio_queue_bytes(&session->queue) <=
             peal_eio_rules_max_queue_soft(session);
}

/* -- time -------------------------------------------------------------------- */

static uint64_t earliest(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* Until it has used its id, a client of polling has less time. */
static uint64_t confirm_at(const peal_eio_session *session) {
  if (!session->unconfirmed || session->clock.is_pinged)
    return UINT64_MAX;
  return session->clock.at_ms - peal_eio_rules_ping_interval(session) +
         session->opts->confirm_timeout_ms;
}

uint64_t peal_eio_session_deadline(const peal_eio_session *session) {
  uint64_t at = earliest(peal_eio_heartbeat_deadline(&session->clock),
                         confirm_at(session));
  return peal_eio_rules_probe(session)
             ? earliest(at, peal_eio_probe_deadline(session->probe))
             : at;
}

static void tick_clock(peal_eio_session *session, uint64_t now_ms) {
  if (now_ms >= confirm_at(session)) {
    peal_eio_step_end(session, PEAL_EIO_PING_TIMEOUT,
                      PEAL_FAIL(PEAL_ERR_TIMEOUT), PEAL_EIO_DUE_CLOSE);
    return;
  }
  if (now_ms < peal_eio_heartbeat_deadline(&session->clock))
    return;
  if (session->state == PEAL_EIO_STATE_CLOSING) {
    peal_eio_step_end(session, PEAL_EIO_FORCED_CLOSE,
                      PEAL_FAIL(PEAL_ERR_TIMEOUT), PEAL_EIO_DUE_CLOSE);
    return;
  }
  /* Who waits for pings of version 3 begins to miss one at the same time at
   * which its peer sends it. */
  if ((!peal_eio_rules_is_client(session) || PEAL_ROLE_IS_EIO3(session)) &&
      peal_eio_heartbeat_tick(&session->clock, now_ms,
                              peal_eio_rules_ping_timeout(session)) ==
          PEAL_EIO_HEARTBEAT_PING) {
    if (peal_eio_rules_pings(session))
      session->due |= PEAL_EIO_DUE_PING;
    return;
  }
  peal_eio_step_end(session, PEAL_EIO_PING_TIMEOUT, PEAL_FAIL(PEAL_ERR_TIMEOUT),
                    PEAL_EIO_DUE_CLOSE);
}

static void tick_probe(peal_eio_session *session, uint64_t now_ms) {
  if (peal_eio_probe_is_late(session->probe, now_ms))
    peal_eio_step_drop_probe(session);
  else if (peal_eio_probe_tick(session->probe, session->poll_waits, now_ms))
    session->due |= PEAL_EIO_DUE_NOOP;
}

void peal_eio_session_tick(peal_eio_session *session, uint64_t now_ms) {
  if (peal_eio_rules_probe(session))
    tick_probe(session, now_ms);
  tick_clock(session, now_ms);
  check(session);
}

/* -- getters ----------------------------------------------------------------- */

const char *peal_eio_session_sid(const peal_eio_session *session) {
  if (!peal_eio_rules_is_client(session))
    return session->sid;
  return session->hello.peer ? session->hello.peer->sid : "";
}

bool peal_eio_session_can_upgrade(const peal_eio_session *session) {
  return session->can_upgrade;
}

size_t peal_eio_session_peer_max_payload(const peal_eio_session *session) {
  return session->hello.peer ? session->hello.peer->max_payload : 0;
}

peal_eio_via peal_eio_session_current(const peal_eio_session *session) {
  return (peal_eio_via)session->current;
}

bool peal_eio_session_is_open(const peal_eio_session *session) {
  return session->state == PEAL_EIO_STATE_OPEN;
}

bool peal_eio_session_is_eio3(const peal_eio_session *session) {
  return PEAL_ROLE_IS_EIO3(session);
}

bool peal_eio_session_is_pinged(const peal_eio_session *session) {
  return session->state == PEAL_EIO_STATE_OPEN && session->clock.is_pinged;
}

uint32_t peal_eio_session_ping_timeout(const peal_eio_session *session) {
  return peal_eio_rules_ping_timeout(session);
}

uint64_t peal_eio_session_pinged_at(const peal_eio_session *session) {
  return session->clock.at_ms - peal_eio_rules_ping_timeout(session);
}

bool peal_eio_session_is_done(const peal_eio_session *session) {
  return session->state >= PEAL_EIO_STATE_CLOSING && !session->closed &&
         !session->due && !peal_eio_queue_count(&session->queue);
}

bool peal_eio_session_is_upgrading(const peal_eio_session *session) {
  return session->probe != NULL;
}

size_t peal_eio_session_queued_bytes(const peal_eio_session *session) {
  return peal_eio_queue_bytes(&session->queue);
}

void peal_eio_session_set_max_queue(peal_eio_session *session,
                                    size_t max_bytes) {
  session->max_queue_bytes =
      max_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)max_bytes;
}
